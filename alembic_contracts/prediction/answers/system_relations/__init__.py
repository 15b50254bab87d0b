"""A system relation's name goes in, its rows over the in-memory catalog come out: one module a schema or kind.

A module of this package gives the function of each relation a name by ``relation``; it is found by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

from alembic_contracts.prediction.answers.bindings import Relation
from alembic_contracts.prediction.answers.casts import name_text
from alembic_contracts.prediction.answers.values import UnanswerableError

if TYPE_CHECKING:
    from alembic_contracts.prediction.answers.bindings import World

__all__ = ["relation", "system_relation"]

Rows = Callable[["World"], Iterator[dict[str, Any]]]

_RELATIONS: dict[tuple[str, str], Rows] = {}


def relation(schema: str, *names: str) -> Callable[[Rows], Rows]:
    """Make a function answer for one or more relations of a schema."""

    def register(function: Rows) -> Rows:
        for name in names:
            _RELATIONS[schema, name] = function
        return function

    return register


def system_relation(schema: str, name: str, world: World) -> Relation:
    """Return a relation of ``pg_catalog`` or ``information_schema``.

    Raises:
        UnanswerableError: it is not one of those that can be answered.
    """
    _load()
    rows = _RELATIONS.get((schema, name))
    if rows is None:
        raise UnanswerableError(f"{schema}.{name}")
    found = [{column: name_text(value) for column, value in row.items()} for row in rows(world)]
    columns = tuple(found[0]) if found else ()  # of an empty relation no row is ever looked at
    return Relation(columns, found)


@cache
def _load() -> None:
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
