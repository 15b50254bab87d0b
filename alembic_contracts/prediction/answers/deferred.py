"""A value that is worked out when a query looks at it: texts of the catalog, and numbers of columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from alembic_contracts.prediction.answers.values import Int2, Number, UnanswerableError, Unknown
from alembic_contracts.prediction.catalog.removal import DROPPED

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.catalog import Catalog
    from alembic_contracts.schemas.schema import Table

__all__ = ["Deferred", "Stored", "has_index", "lost_columns", "number", "numbers_of", "resolved", "told"]


class Stored(Struct, frozen=True, eq=False):
    """An expression as the catalog keeps it (``pg_node_tree``), whose own text nobody could tell."""

    text: str
    """As it was written."""
    table: Table
    """Whose columns it may use."""


class Deferred(Struct, frozen=True, eq=False):
    """Stands in a row for a value."""

    compute: Callable[[], Any]
    """May raise ``UnanswerableError``."""


def resolved(value: Any) -> Any:
    """Return a value, worked out where it was put off; unknown where that cannot be done."""
    if not isinstance(value, Deferred):
        return value
    try:
        return value.compute()
    except UnanswerableError as error:
        return Unknown(str(error), nullable=error.instead is not None, instead=error.instead)


def told(value: Any) -> Any:
    """Return a value as it leaves a query: unknown where only the server could write it out."""
    if isinstance(value, Number) or (isinstance(value, list) and any(isinstance(item, Number) for item in value)):
        return Unknown("the number of a column of a table that may have lost columns", nullable=False)
    return Unknown("an expression in its internal form", nullable=False) if isinstance(value, Stored) else value


def lost_columns(catalog: Catalog, table: Table) -> bool:
    """Return whether columns of a table may have been dropped, so that numbers are left out."""
    return not catalog.complete or (DROPPED, str(table.name)) in catalog.state.traits


def number(catalog: Catalog, table: Table, position: int) -> Int2:
    """Return ``attnum`` of the column at a position among those that are there."""
    return Number(position, table.name) if lost_columns(catalog, table) else Int2(position)


def numbers_of(catalog: Catalog, table: Table) -> dict[str, Int2]:
    """Return ``attnum`` of each column by its name."""
    lost = lost_columns(catalog, table)
    places = enumerate(table.columns, 1)
    return {column.name: Number(place, table.name) if lost else Int2(place) for place, column in places}


def has_index(table: Table) -> bool | Unknown:
    """Return ``relhasindex``, which stays true for a while after the last index was dropped."""
    return True if table.indexes else Unknown(f"whether {table.name} counts as having an index", nullable=False)
