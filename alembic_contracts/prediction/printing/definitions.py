"""A constraint or an index in, its definition out as ``pg_get_constraintdef`` and ``pg_get_indexdef`` print it.

None where it was not shown to be exact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_contracts.dialects.postgresql.names import quote, quote_name
from alembic_contracts.prediction.catalog.state import TEMPORARY
from alembic_contracts.prediction.printing import texts
from alembic_contracts.schemas.remarks import Method, Printed

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.schemas.schema import Constraint, Index, Name, Table

__all__ = ["index_definition", "is_match_full", "key_definition", "table_constraint"]


def table_constraint(state: State, table: Table, constraint: Constraint, *, pretty: bool = False) -> str | None:
    """Return a constraint's definition."""
    columns = _columns(constraint.columns)
    text: str | None = None
    if constraint.kind == "check":
        show = texts.pretty if pretty else texts.shown
        printed = show(state, constraint.expression or "", table.columns)
        text = None if printed is None else f"CHECK ({printed})"
    elif constraint.kind in {"primary key", "unique"}:
        text = _key(table, constraint)
    elif constraint.kind == "not null":
        text = f"NOT NULL {quote(constraint.columns[0])}"
    elif constraint.kind == "foreign key" and constraint.references is not None:
        text = _foreign_key(state, constraint, columns)
    if text is None:
        return None
    text += " NO INHERIT" if constraint.no_inherit and constraint.kind in {"check", "not null"} else ""
    text += " DEFERRABLE" if constraint.deferrable else ""
    text += " INITIALLY DEFERRED" if constraint.initially_deferred else ""
    return text + ("" if constraint.valid else " NOT VALID")


def _key(table: Table, constraint: Constraint) -> str | None:
    index = next((index for index in table.indexes if index.constraint == constraint.name), None)
    if index is None or index.method != "btree":
        return None
    words = "PRIMARY KEY" if constraint.kind == "primary key" else "UNIQUE"
    words += " NULLS NOT DISTINCT" if constraint.nulls_not_distinct else ""
    return f"{words} {_columns(constraint.columns)}" + (f" INCLUDE {_columns(index.include)}" if index.include else "")


def _foreign_key(state: State, constraint: Constraint, columns: str) -> str | None:
    target = constraint.references
    if target is None:
        return None
    shown = _relation(state, target)
    text = f"FOREIGN KEY {columns} REFERENCES {shown}({', '.join(map(quote, constraint.referenced_columns))})"
    for event, action in (("UPDATE", constraint.on_update), ("DELETE", constraint.on_delete)):
        written = action.printed if isinstance(action, Printed) else action.upper()
        if written is None:
            return None
        text += f" ON {event} {written}" if written not in {"", "NO ACTION"} else ""
    return None if shown is None else text


def is_match_full(constraint: Constraint) -> bool:
    """Whether a foreign key was made with MATCH FULL."""
    return isinstance(constraint.on_delete, Printed) and constraint.on_delete.printed is None


def _columns(names: tuple[str, ...]) -> str:
    return "(" + ", ".join(map(quote, names)) + ")"


def _relation(state: State, name: Name) -> str | None:
    """``generate_relation_name``: with its schema where the search path does not find it."""
    if name.schema == TEMPORARY:
        return None
    found = state.find_relation(name.name)
    if found is not None and found[0] == name:
        return quote(name.name)
    if name.schema in state.search_path and not state.complete_tables:
        return None
    return quote_name(name)


def index_definition(state: State, table: Table, name: str, *, pretty: bool = False) -> str | None:
    """Return the definition of a whole index."""
    index = next(index for index in table.indexes if index.name == name)
    if not isinstance(index.method, Method) or table.name.schema == TEMPORARY:
        return None
    options = index.method.options
    keys = [_key_text(state, table, index, number, pretty=pretty) for number in range(len(index.columns))]
    if None in keys or len(options) != len(keys):
        return None
    shown = _relation(state, table.name) if pretty else quote_name(table.name)
    if shown is None:
        return None
    joined = ", ".join(f"{key}{option}" for key, option in zip(keys, options, strict=True))
    only = "ONLY " if table.kind == "partitioned table" else ""
    text = f"CREATE {'UNIQUE ' if index.unique else ''}INDEX {quote(name)} ON {only}{shown}"
    text += f" USING {index.method} ({joined})"
    text += f" INCLUDE {_columns(index.include)}" if index.include else ""
    text += " NULLS NOT DISTINCT" if index.nulls_not_distinct else ""
    if index.predicate is None:
        return text
    show = texts.pretty if pretty else texts.shown
    predicate = show(state, index.predicate, table.columns)
    return None if predicate is None else f"{text} WHERE {predicate}"


def key_definition(state: State, table: Table, name: str, number: int, *, pretty: bool = False) -> str | None:
    """Return the definition of one key of an index, which are counted from 1."""
    index = next(index for index in table.indexes if index.name == name)
    if 0 < number <= len(index.columns):
        return _key_text(state, table, index, number - 1, pretty=pretty)
    included = number - len(index.columns) - 1
    return quote(index.include[included]) if 0 <= included < len(index.include) else None


def _key_text(state: State, table: Table, index: Index, number: int, *, pretty: bool) -> str | None:
    column = index.columns[number]
    if column is not None:
        return quote(column)
    position = index.columns[:number].count(None)
    if position >= len(index.expressions):
        return None
    return texts.shown_key(state, index.expressions[position], table.columns, is_pretty=pretty)
