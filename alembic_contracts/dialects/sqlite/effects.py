"""What a statement did, as the connection that executed it tells (``telling``)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Protocol

from msgspec import Struct

from alembic_contracts.patterns import pattern

__all__ = ["CHANGES_ROWS", "Effect", "Listener", "Rows"]

Rows = frozenset[tuple[str, str]]
"""Schemas and tables, in lower case."""
CHANGES_ROWS = pattern(r"\s*(?:INSERT|UPDATE|DELETE|REPLACE|WITH)\b", re.IGNORECASE)


class Effect(Struct, frozen=True):
    """What a statement did."""

    sql: str
    parameters: Any = ()
    reads: Rows = frozenset()
    """Of which tables it read columns or counted rows."""
    writes: Rows = frozenset()
    """The rows of which tables it changed, or which tables it altered."""
    returns: bool = False
    """Whether it returned rows, were they none."""
    changes: bool = False
    """Whether the schema is another one."""
    commits: bool = False
    """Whether all that was done before it is committed now."""
    is_beside: bool = False
    """Whether it came from a further connection, while the first one has changed rows and not committed that."""


class Listener(Protocol):
    """Who is told."""

    def done(self, effect: Effect) -> Callable[[], None] | None:
        """Hear what a statement did; returns what to call once somebody fetches its rows, if anything."""

    def failed(self, effect: Effect) -> None:
        """Hear of a statement that a row has hindered."""

    def counted(self, count: int) -> int:
        """Hear that the last statement changed so many rows; returns what the script is to see of that."""

    def numbered(self, rowid: int) -> int:
        """Hear the number of the row that it inserted last; returns what the script is to see of that."""

    def attaches(self, file: str, name: str) -> None:
        """Hear that a database in a file was to be attached; an empty one in memory is, in its place."""
