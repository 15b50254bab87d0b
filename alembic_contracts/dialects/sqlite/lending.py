"""The one connection to a copy in, a further one to the same database out, as long as nobody can tell the difference.

What is in memory belongs to its connection, so that a script's second one is the first one, lent: while that has no
transaction open and does nothing but read, it sees and does what a connection of its own would.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from alembic_contracts.dialects.sqlite.telling import OnCursors, WatchedConnection

__all__ = ["Lent"]

_SESSION = {"foreign_keys": 0, "legacy_alter_table": 0, "ignore_check_constraints": 0, "recursive_triggers": 0}
"""Pragmas that each connection has of its own, and what they are in a new one."""


class Lent(OnCursors):
    """A connection of Python's ``sqlite3``, in another one's place until it is closed."""

    def __init__(self, owner: WatchedConnection) -> None:
        """Borrow a connection.

        Raises:
            sqlite3.OperationalError: it is in use, or has what another one would not.
        """
        with owner.aside() as cursor:
            has_own = cursor.execute("SELECT 1 FROM sqlite_temp_master LIMIT 1").fetchone() is not None
            if has_own or owner.in_transaction or owner.borrower is not None:
                raise sqlite3.OperationalError("there is one connection to this database")
            before = {name: cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in _SESSION}
            _set(cursor, _SESSION)
        self.__dict__.update(_owner=owner, _before=before, _level=owner.isolation_level)
        owner.isolation_level = ""  # type: ignore[assignment] # the driver's default
        owner.borrower = self

    def __getattr__(self, name: str) -> Any:
        return getattr(self._owner, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._owner, name, value)

    def cursor(self, *arguments: Any) -> Any:
        """PEP 249."""
        cursor = self._owner.cursor(*arguments)
        cursor.borrower = self
        return cursor

    def commit(self) -> None:
        """PEP 249."""
        if self._owner.borrower is self:
            self._owner.end(commits=True)

    def rollback(self) -> None:
        """PEP 249."""
        if self._owner.borrower is self:
            self._owner.end(commits=False)

    def close(self) -> None:
        """Give it back."""
        owner = self._owner
        if owner.borrower is not self:
            return
        if owner.in_transaction:
            owner.end(commits=False)
        owner.borrower = None
        owner.isolation_level = self._level
        with owner.aside() as cursor:
            _set(cursor, self._before)


def _set(cursor: sqlite3.Cursor, pragmas: dict[str, int]) -> None:
    for name, value in pragmas.items():
        cursor.execute(f"PRAGMA {name} = {value}")
