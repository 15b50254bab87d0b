"""An object of the catalog in, what PostgreSQL's ``pg_get_...`` functions say of it out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alembic_contracts.prediction.answers.casts import shown_type
from alembic_contracts.prediction.answers.deferred import Deferred, Stored, lost_columns
from alembic_contracts.prediction.answers.oids import oid
from alembic_contracts.prediction.answers.type_modifiers import modifiers_of
from alembic_contracts.prediction.answers.values import Number, UnanswerableError
from alembic_contracts.prediction.printing import texts
from alembic_contracts.prediction.printing.definitions import index_definition, key_definition, table_constraint
from alembic_contracts.schemas.schema import Type

if TYPE_CHECKING:
    from collections.abc import Callable

    from alembic_contracts.prediction.answers.bindings import World
    from alembic_contracts.prediction.catalog.catalog import Catalog
    from alembic_contracts.schemas.schema import Constraint, Table, TypeDefinition

__all__ = [
    "column_comment",
    "comment",
    "constraint",
    "domain_default",
    "expression",
    "format_type",
    "index",
    "index_text",
    "text",
    "view",
    "view_text",
]


def expression(world: World, stored: Any, _table: Any = None, pretty: Any = False) -> str | None:
    """Return ``pg_get_expr``.

    Raises:
        UnanswerableError: how PostgreSQL prints it is not known.
    """
    if stored is None:
        return None
    if not isinstance(stored, Stored):
        raise UnanswerableError("pg_get_expr of what is no stored expression")
    show = texts.pretty if pretty else texts.shown
    return _known(show(world.catalog.state, stored.text, stored.table.columns), stored.text)


def text(catalog: Catalog, written: str | None, table: Table | None = None) -> Deferred | None:
    """Return what PostgreSQL prints for a text that is stored, to be worked out when somebody looks at it."""
    if written is None:
        return None
    columns = () if table is None else table.columns
    return Deferred(lambda: _known(texts.shown(catalog.state, written, columns), written))


def domain_default(definition: TypeDefinition) -> Deferred | None:
    """Return ``typdefault``, which is a text from when it was set: names in it are not followed."""
    written = definition.default
    return None if written is None else Deferred(lambda: _known(texts.without_names(written), written))


def _known(printed: str | None, what: str) -> str:
    if printed is None:
        raise UnanswerableError(f"how PostgreSQL prints {what[:60]}")
    return printed


def _table(world: World, number: Any) -> Table:
    found = oid.object(int(number)) if number is not None else None
    table = world.catalog.table(found[1]) if found is not None and found[0] == "class" else None
    if table is None:
        raise UnanswerableError("an object identifier that is no table's")
    return table


def format_type(world: World, number: int, modifier: int | None = None) -> str | None:
    """Return ``format_type`` of a type's number; a modifier is a number as ``atttypmod`` has it."""
    if number is None:
        return None
    found = oid.object(number)
    if found is None or found[0] not in {"type", "array"}:
        raise UnanswerableError("the type of a number")
    name, is_array = found[1], found[0] == "array"
    return shown_type(Type(name, modifiers_of(name, modifier), int(is_array)), world.catalog)


def constraint(world: World, number: int, pretty: Any = False) -> str | None:
    """Return ``pg_get_constraintdef``.

    Raises:
        UnanswerableError: how PostgreSQL prints it is not known.
    """
    found = oid.object(number)
    if found is None or found[0] != "constraint":
        raise UnanswerableError("a constraint by a number")
    table, name = found[1]
    known = world.catalog.table(table)
    match: Constraint | None = None
    if known is not None:
        match = next((c for c in known.constraints if c.name == name), None)
    if known is None or match is None:
        raise UnanswerableError("a constraint that is no table's")
    return _known(table_constraint(world.catalog.state, known, match, pretty=bool(pretty)), f"constraint {name}")


def index(world: World, number: int, column: int = 0, pretty: Any = False) -> str | None:
    """Return ``pg_get_indexdef``.

    Raises:
        UnanswerableError: how PostgreSQL prints it is not known.
    """
    found = oid.object(number)
    if found is None or found[0] != "class":
        raise UnanswerableError("an index by a number")
    owner = world.catalog.index_table(found[1])
    table = None if owner is None else world.catalog.table(owner)
    if table is None:
        return None
    state, name = world.catalog.state, found[1].name
    if column:
        return _known(key_definition(state, table, name, column, pretty=bool(pretty)), f"index {name}")
    return _known(index_definition(state, table, name, pretty=bool(pretty)), f"index {name}")


def index_text(catalog: Catalog, table: Table, name: str) -> Deferred:
    """Return an index's definition as ``pg_get_indexdef`` writes it, to be worked out when somebody looks at it."""
    compute: Callable[[], str] = lambda: _known(index_definition(catalog.state, table, name), f"index {name}")  # noqa: E731
    return Deferred(compute)


def view(world: World, number: int, *pretty: Any) -> str | None:
    """Return ``pg_get_viewdef``.

    Raises:
        UnanswerableError: how PostgreSQL prints the view is not known.
    """
    table = _table(world, number)
    if table.definition is not None and any(pretty):
        raise UnanswerableError("a view's definition in pretty form", instead=str(table.definition))
    return None if table.definition is None else view_text(world.catalog, table)


def view_text(catalog: Catalog, table: Table) -> str:
    """Return a view's query as PostgreSQL prints it.

    Raises:
        UnanswerableError: it is not known how.
    """
    written = table.definition or ""
    printed = texts.shown(catalog.state, written)
    if printed is None:
        raise UnanswerableError(f"how PostgreSQL prints the view {table.name}"[:60], instead=written)
    return printed


def comment(world: World, number: int, *_: Any) -> str | None:
    """Return ``obj_description`` of a table."""
    return _table(world, number).comment


def column_comment(world: World, number: int, position: int) -> str | None:
    """Return ``col_description``."""
    table = _table(world, number)
    if lost_columns(world.catalog, table) and not isinstance(position, Number):
        raise UnanswerableError("a column by its number")
    columns = table.columns
    return columns[position - 1].comment if 0 < position <= len(columns) else None
