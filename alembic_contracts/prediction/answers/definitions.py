"""An object of the catalog in, what PostgreSQL's ``pg_get_...`` functions say of it out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alembic_contracts.dialects.postgresql import format_type as spelled
from alembic_contracts.dialects.postgresql.names import quote
from alembic_contracts.prediction.answers.oids import oid
from alembic_contracts.prediction.answers.values import UnanswerableError
from alembic_contracts.schemas.schema import Type

if TYPE_CHECKING:
    from alembic_contracts.prediction.answers.bindings import World
    from alembic_contracts.schemas.schema import Constraint, Name, Table

__all__ = ["column_comment", "comment", "constraint", "constraint_text", "format_type", "index", "json_type", "view"]


def json_type(value: Any) -> str:
    """Return ``jsonb_typeof``."""
    kinds = {dict: "object", list: "array", str: "string", bool: "boolean", type(None): "null"}
    return kinds.get(type(value), "number")


def _table(world: World, number: Any) -> Table:
    found = oid.object(int(number)) if number is not None else None
    table = world.catalog.table(found[1]) if found is not None and found[0] == "class" else None
    if table is None:
        raise UnanswerableError("an object identifier that is no table's")
    return table


def format_type(world: World, number: int, modifier: int | None = None) -> str | None:
    """Return ``format_type`` of a type's number; the modifier must be one that a column here was shown with."""
    if number is None:
        return None
    found = oid.object(number)
    if found is None or found[0] not in {"type", "array"}:
        raise UnanswerableError("the type of a number")
    modified = oid.object(modifier) if modifier is not None and modifier >= 0 else None
    name: Name = found[1]
    type_ = Type(name, modified[1] if modified is not None else (), 1 if found[0] == "array" else 0)
    return shown_type(world, type_, spelled(type_))


def shown_type(world: World, type_: Type, spelled: str) -> str:
    """Return a type's spelling without its schema where the search path finds it."""
    if type_.name.schema != "pg_catalog" and world.catalog.resolve_type(type_.name.name) == type_.name:
        return spelled.partition(".")[2]
    return spelled


def constraint(world: World, number: int, *_: Any) -> str | None:
    """Return ``pg_get_constraintdef``."""
    found = oid.object(number)
    if found is None or found[0] != "constraint":
        return None
    table, name = found[1]
    known = world.catalog.table(table)
    match = next((c for c in known.constraints if c.name == name), None) if known is not None else None
    return None if match is None else constraint_text(match, world)


def constraint_text(constraint: Constraint, world: World) -> str:
    """Return a constraint's definition as ``pg_get_constraintdef`` writes it.

    Raises:
        UnanswerableError: it is of a kind that is not kept in enough detail.
    """
    columns = "(" + ", ".join(map(quote, constraint.columns)) + ")"
    if constraint.kind == "primary key":
        text = f"PRIMARY KEY {columns}"
    elif constraint.kind == "unique":
        text = f"UNIQUE {'NULLS NOT DISTINCT ' if constraint.nulls_not_distinct else ''}{columns}"
    elif constraint.kind == "check":
        text = f"CHECK (({(constraint.expression or '').removeprefix('(').removesuffix(')')}))"
    elif constraint.kind == "foreign key" and constraint.references is not None:
        target = constraint.references
        visible = world.catalog.resolve(target.name) == target
        shown = quote(target.name) if visible else f"{quote(target.schema)}.{quote(target.name)}"
        text = f"FOREIGN KEY {columns} REFERENCES {shown}({', '.join(map(quote, constraint.referenced_columns))})"
        for event, action in (("UPDATE", constraint.on_update), ("DELETE", constraint.on_delete)):
            text += f" ON {event} {action.upper()}" if action and action.upper() != "NO ACTION" else ""
    else:
        raise UnanswerableError(f"the definition of a {constraint.kind} constraint")
    text += " DEFERRABLE" if constraint.deferrable else ""
    text += " INITIALLY DEFERRED" if constraint.initially_deferred else ""
    return text + ("" if constraint.valid else " NOT VALID")


def index(world: World, number: int, *_: Any) -> str | None:
    """Return ``pg_get_indexdef`` of a whole index."""
    found = oid.object(number)
    if found is None or found[0] != "class":
        return None
    name: Name = found[1]
    for table in world.catalog.tables.values():
        for candidate in table.indexes:
            if candidate.name == name.name and table.name.schema == name.schema:
                return index_text(table, candidate.name)
    return None


def index_text(table: Table, name: str) -> str:
    """Return an index's definition as ``pg_get_indexdef`` writes it."""
    found = next(index for index in table.indexes if index.name == name)
    expressions = iter(found.expressions)
    keys = ", ".join(next(expressions, "") if column is None else quote(column) for column in found.columns)
    text = f"CREATE {'UNIQUE ' if found.unique else ''}INDEX {quote(name)} ON "
    text += f"{quote(table.name.schema)}.{quote(table.name.name)} USING {found.method} ({keys})"
    text += f" INCLUDE ({', '.join(map(quote, found.include))})" if found.include else ""
    text += " NULLS NOT DISTINCT" if found.nulls_not_distinct else ""
    return text + (f" WHERE {found.predicate}" if found.predicate else "")


def view(world: World, number: int, *_: Any) -> str | None:
    """Return ``pg_get_viewdef``."""
    return _table(world, number).definition


def comment(world: World, number: int, *_: Any) -> str | None:
    """Return ``obj_description`` of a table."""
    return _table(world, number).comment


def column_comment(world: World, number: int, position: int) -> str | None:
    """Return ``col_description``."""
    columns = _table(world, number).columns
    return columns[position - 1].comment if 0 < position <= len(columns) else None
