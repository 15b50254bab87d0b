"""A system relation's name goes in, its rows over the in-memory catalog come out: one module a schema or kind.

A module of this package gives the function of each relation a name by ``relation``; it is found by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

from alembic_contracts.prediction.answers.casts import name_text
from alembic_contracts.prediction.answers.oids import oid
from alembic_contracts.prediction.answers.values import NameText, UnanswerableError, Unknown

if TYPE_CHECKING:
    from alembic_contracts.prediction.answers.bindings import Relation, Row, World

__all__ = ["relation", "relation_by_name", "system_relation"]

Rows = Callable[["World"], Iterator[dict[str, Any]]]
RowsNamed = Callable[["World", str | None], Iterator[dict[str, Any]]]

_RELATIONS: dict[tuple[str, str], tuple[str, RowsNamed]] = {}
"""By schema and name: the column with the name that rows can be asked for by ("": none), and what tells them."""


def relation(schema: str, *names: str) -> Callable[[Rows], Rows]:
    """Make a function answer for one or more relations of a schema."""

    def register(function: Rows) -> Rows:
        for name in names:
            _RELATIONS[schema, name] = "", lambda world, _only: function(world)
        return function

    return register


def relation_by_name(schema: str, name: str, column: str) -> Callable[[RowsNamed], RowsNamed]:
    """Make a function answer for a relation of a schema: with the rows of a name, or with all (None).

    Args:
        schema: the relation's.
        name: its own name.
        column: which of its columns has the name that rows are asked for by.
    """

    def register(function: RowsNamed) -> RowsNamed:
        _RELATIONS[schema, name] = column, function
        return function

    return register


def system_relation(schema: str, name: str, world: World, asked: Mapping[str, str]) -> Relation:
    """Return a relation of ``pg_catalog`` or ``information_schema``.

    Args:
        schema: the relation's.
        name: its name.
        world: what it is about.
        asked: by column, the only name that rows which matter can have in it; others may be left out.

    Raises:
        UnanswerableError: it is not one of those that can be answered.
    """
    from alembic_contracts.prediction.answers.bindings import MANY, Relation

    _load()
    if (schema, name) not in _RELATIONS:
        raise UnanswerableError(f"{schema}.{name}")
    by, rows = _RELATIONS[schema, name]
    told = dict.fromkeys(next(rows(world, None), ()))
    found = [{column: name_text(value) for column, value in row.items()} for row in rows(world, asked.get(by))]
    if any(told.keys() - row.keys() for row in found):
        untold = dict.fromkeys(told, Unknown(f"more of a row of {schema}.{name}"))
        found = [{**untold, **row} for row in found]
    others = list(_of_the_server(schema, name, told))
    columns = tuple(column for column in told or next(iter(others), {}) if column != MANY)
    return Relation(columns, [*found, *others])


_OWN = {
    "pg_attrdef": ("adrelid",),
    "pg_attribute": ("attrelid",),
    "pg_class": ("relname", "oid", "reltype"),
    "pg_constraint": ("conname", "oid", "conrelid", "confrelid", "conindid"),
    "pg_description": ("objoid",),
    "pg_index": ("indexrelid", "indrelid"),
    "pg_tables": ("tablename",),
    "pg_type": ("typname", "oid", "typrelid"),
    "pg_views": ("viewname",),
    "pg_indexes": ("tablename", "indexname"),
    "check_constraints": ("constraint_name",),
    "columns": ("table_name",),
    "constraint_column_usage": ("table_name", "constraint_name"),
    "constraint_table_usage": ("table_name", "constraint_name"),
    "key_column_usage": ("table_name", "constraint_name"),
    "table_constraints": ("table_name", "constraint_name"),
    "tables": ("table_name",),
    "views": ("table_name",),
    "domains": ("domain_name",),
}
"""Relations that have rows about the server's own objects, and the columns that name or number these."""
_SCHEMAS = {
    "pg_class": "relnamespace",
    "pg_constraint": "connamespace",
    "pg_type": "typnamespace",
    "pg_tables": "schemaname",
    "pg_views": "schemaname",
    "pg_indexes": "schemaname",
    "check_constraints": "constraint_schema",
    "constraint_column_usage": "table_schema",
    "constraint_table_usage": "table_schema",
    "domains": "domain_schema",
}
"""Columns for their schema, where it is not ``table_schema``."""


def _of_the_server(schema: str, name: str, columns: Mapping[str, None]) -> Iterator[Row]:
    """Yield a row for each schema of the server's own that stands for all rows about the objects in it."""
    from alembic_contracts.prediction.answers.bindings import MANY
    from alembic_contracts.prediction.answers.elsewhere import Elsewhere

    if name not in _OWN:
        return
    what = f"the server's own rows of {schema}.{name}"
    place = _SCHEMAS.get(name, "table_schema" if schema == "information_schema" else None)
    schemas = ["pg_catalog"]
    schemas += ["information_schema"] if place is not None else []
    schemas += ["pg_toast"] if name == "pg_class" else []
    for each in schemas:
        row: Row = {
            **dict.fromkeys(columns, Unknown(what)),
            **dict.fromkeys(_OWN[name], Elsewhere(what, nullable=False)),
        }
        row[MANY] = Unknown(what)
        if place is not None:
            row[place] = oid("namespace", each) if place.endswith("namespace") else NameText(each)
        yield row


@cache
def _load() -> None:
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
