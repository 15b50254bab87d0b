"""Parts of a table as SQLAlchemy's reflection describes them (``sqlalchemy.engine.interfaces``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy

if TYPE_CHECKING:
    from alembic_contracts.schemas.schema import Column, Constraint, Index, Table

__all__ = ["check", "constraints", "identity", "included", "indexes", "table_options", "without_parentheses"]

_SQLALCHEMY_2_0 = sqlalchemy.__version__.startswith("2.0.")
_IDENTITY_MAXIMUM = {"int2": 2**15 - 1, "int4": 2**31 - 1}


def constraints(table: Table, kind: str) -> list[Constraint]:
    """Return the constraints of one kind by name."""
    return sorted((c for c in table.constraints if c.kind == kind), key=lambda constraint: constraint.name)


def included(table: Table, constraint: Constraint) -> list[str]:
    """Return the columns that the index behind a constraint includes."""
    index = next((index for index in table.indexes if index.constraint == constraint.name), None)
    return [] if index is None else list(index.include)


def check(constraint: Constraint) -> dict[str, Any]:
    """Return a check constraint."""
    entry: dict[str, Any] = {
        "name": constraint.name,
        "sqltext": without_parentheses(constraint.expression or ""),
        "comment": constraint.comment,
    }
    flags = {"not_valid": not constraint.valid, "no_inherit": constraint.no_inherit}
    if any(flags.values()):
        entry["dialect_options"] = {name: True for name, given in flags.items() if given}
    return entry


def indexes(table: Table) -> list[Any]:
    """Return the indexes by name, without that of the primary key."""
    key = next((c.name for c in table.constraints if c.kind == "primary key"), None)
    by_name = sorted(table.indexes, key=lambda index: index.name)
    return [_index(index) for index in by_name if index.constraint is None or index.constraint != key]


def _index(index: Index) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": index.name, "unique": index.unique, "column_names": list(index.columns)}
    if None in index.columns:
        expressions = iter(index.expressions)
        entry["expressions"] = [next(expressions, "") if name is None else name for name in index.columns]
    if index.constraint is not None:
        entry["duplicates_constraint"] = index.name
    options: dict[str, Any] = {}
    if index.method != "btree":
        options["postgresql_using"] = index.method
    if index.predicate:
        options["postgresql_where"] = index.predicate
    options["postgresql_include"] = list(index.include)
    if index.nulls_not_distinct:
        options["postgresql_nulls_not_distinct"] = True
    if not index.valid:
        options["postgresql_invalid"] = True
    entry["dialect_options"] = options
    if _SQLALCHEMY_2_0:
        entry["include_columns"] = list(index.include)
    return entry


def identity(column: Column) -> dict[str, Any]:
    """Return the options of an identity column's sequence, which are the default ones as far as is known."""
    type_name = column.type.name.name if column.type is not None else ""
    return {
        "always": column.identity == "always",
        "start": 1,
        "increment": 1,
        "minvalue": 1,
        "maxvalue": _IDENTITY_MAXIMUM.get(type_name, 2**63 - 1),
        "cycle": False,
        "cache": 1,
    }


def table_options(table: Table) -> dict[str, Any]:
    """Return what a table inherits from."""
    if not table.parents:
        return {}
    return {"postgresql_inherits": tuple(parent.name for parent in table.parents)}


def without_parentheses(text: str) -> str:
    """Return an expression without the parentheses around the whole of it."""
    text = text.strip()
    while text.startswith("(") and text.endswith(")") and _closes_at_end(text):
        text = text[1:-1].strip()
    return text


def _closes_at_end(text: str) -> bool:
    depth = 0
    for position, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0:
            return position == len(text) - 1
    return False
