"""The one connection to a copy in, a further one to the same database out, as long as nobody can tell the difference.

What is in memory belongs to its connection, so that a script's second one is the first one, lent: while that has no
transaction open and does nothing but read, it sees and does what a connection of its own would. Where it has changed
rows alone, another one is not in its way (https://www.sqlite.org/lockingv3.html, RESERVED), and sees the same schema.
"""

from __future__ import annotations

import re
import sqlite3
from typing import Any

from alembic_contracts.dialects.sqlite.telling import OnCursors, WatchedConnection, WatchedCursor
from alembic_contracts.patterns import pattern

__all__ = ["Beside", "Lent", "lent"]

_SESSION = {"foreign_keys": 0, "legacy_alter_table": 0, "ignore_check_constraints": 0, "recursive_triggers": 0}
"""Pragmas that each connection has of its own, and what they are in a new one."""

_IN_USE = "there is one connection to this database"


def lent(owner: WatchedConnection, *, may_be_beside: bool) -> Lent | Beside:
    """Return a further connection.

    Args:
        owner: the one that there is.
        may_be_beside: whether the real one would be another one than the first, even while that is in a transaction.

    Raises:
        sqlite3.OperationalError: it is in use, or has what another one would not.
    """
    if may_be_beside and owner.in_transaction and owner.lets_others_read and owner.borrower is None:
        return Beside(owner)
    return Lent(owner)


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
                raise sqlite3.OperationalError(_IN_USE)
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


class Beside(OnCursors):
    """A connection that looks at the schema, while another one has changed rows and has not committed that."""

    isolation_level: str | None = ""

    def __init__(self, owner: WatchedConnection) -> None:
        """Look at what a connection has.

        Raises:
            sqlite3.OperationalError: it has what another one would not.
        """
        with owner.aside() as cursor:
            if cursor.execute("SELECT 1 FROM sqlite_temp_master LIMIT 1").fetchone() is not None:
                raise sqlite3.OperationalError(_IN_USE)
        self._owner = owner
        owner.borrower = self

    def __getattr__(self, name: str) -> Any:
        return getattr(self._owner, name)

    def cursor(self, *_arguments: Any) -> Any:
        """PEP 249."""
        cursor = self._owner.cursor(_SchemaCursor)
        cursor.borrower = self
        return cursor

    def commit(self) -> None:
        """PEP 249; it has changed nothing."""

    def rollback(self) -> None:
        """PEP 249; it has changed nothing."""

    def close(self) -> None:
        """Look no more."""
        if self._owner.borrower is self:
            self._owner.borrower = None


_OF_SESSION = pattern(
    r"\s*(?:BEGIN(?:\s+DEFERRED)?(?:\s+TRANSACTION)?"
    r"|PRAGMA\s+(?:foreign_keys|recursive_triggers|legacy_alter_table|busy_timeout|synchronous|cache_size|temp_store"
    r"|mmap_size)\s*=\s*[\w'-]+)\s*;?\s*$",
    re.IGNORECASE,
)
"""What engines' listeners do to each connection; a look at the schema does not go by it."""
_LOOKS = pattern(
    r"\s*(?:SELECT\b|PRAGMA\s+(?:(?:\w+|\"[^\"]+\")\.)?"
    r"(?:table_info|table_xinfo|index_list|index_info|index_xinfo|foreign_key_list)\s*\()",
    re.IGNORECASE,
)
_SCHEMA = frozenset({("main", "sqlite_master"), ("temp", "sqlite_temp_master"), ("main", "sqlite_temp_master")})


class _SchemaCursor(WatchedCursor):
    """A cursor for looks at the schema; all else would have to be known of both connections."""

    is_beside = True

    def execute(self, sql: str, parameters: Any = (), /) -> Any:
        """PEP 249."""
        if _OF_SESSION.match(sql):
            return self
        self._must_be(_LOOKS.match(sql) is not None)
        super().execute(sql, parameters)
        self._must_be(self.connection.read_by(sql) <= _SCHEMA)
        return self

    def executemany(self, _sql: str, _parameters: Any, /) -> Any:
        """PEP 249."""
        self._must_be(False)

    def executescript(self, _script: str, /) -> Any:
        """As the driver has it."""
        self._must_be(False)

    def _must_be(self, is_known: bool) -> None:
        if not is_known:
            self.connection.in_use()
            raise sqlite3.OperationalError(_IN_USE)


def _set(cursor: sqlite3.Cursor, pragmas: dict[str, int]) -> None:
    for name, value in pragmas.items():
        cursor.execute(f"PRAGMA {name} = {value}")
