"""The system relations that can be answered, by name; each is a function that yields its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Any

from alembic_contracts.prediction.answers.values import UnanswerableError

if TYPE_CHECKING:
    from alembic_contracts.prediction.answers.bindings import Relation, World

__all__ = ["relation", "system_relation"]

Rows = Callable[["World"], Iterator[dict[str, Any]]]

_RELATIONS: dict[tuple[str, str], Rows] = {}
_CACHE_SIZE = 64


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
    from alembic_contracts.prediction.answers.bindings import Relation

    for module in ("information_schema", "pg_catalog", "pg_catalog_views"):
        import_module(f"{__package__}.{module}")
    rows = _RELATIONS.get((schema, name))
    if rows is None:
        raise UnanswerableError(f"{schema}.{name}")
    found = list(rows(world))
    columns = tuple(found[0]) if found else _COLUMNS_WITHOUT_ROWS
    return Relation(columns, found)


_COLUMNS_WITHOUT_ROWS: tuple[str, ...] = ()
"""An empty relation's columns are not needed: no row is ever looked at."""
