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

_SESSION = {
    "foreign_keys": 0,
    "legacy_alter_table": 0,
    "ignore_check_constraints": 0,
    "recursive_triggers": 0,
    "defer_foreign_keys": 0,
    "query_only": 0,
    "reverse_unordered_selects": 0,
}
"""Pragmas that each connection has of its own, and what they are in a new one."""
_NEW: dict[str, Any] = {"isolation_level": "", "row_factory": None, "text_factory": str}
"""The same of the driver's attributes."""

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
    """A connection of Python's ``sqlite3``, in another one's place while it is in use: from a statement to an end."""

    def __init__(self, owner: WatchedConnection) -> None:
        """Borrow a connection.

        Raises:
            sqlite3.OperationalError: it is in use, or has what another one would not.
        """
        self.__dict__.update(_owner=owner, _pragmas=_SESSION, _own=_NEW)
        self._take()

    def __getattr__(self, name: str) -> Any:
        return self._own[name] if name in _NEW and self._owner.borrower is not self else getattr(self._owner, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _NEW and self._owner.borrower is not self:
            self.__dict__["_own"] = {**self._own, name: value}
        else:
            setattr(self._owner, name, value)

    def cursor(self, *arguments: Any) -> Any:
        """PEP 249."""
        _again(self)
        cursor = self._owner.cursor(*arguments)
        cursor.borrower = self
        return cursor

    def commit(self) -> None:
        """PEP 249."""
        self._end(commits=True)

    def rollback(self) -> None:
        """PEP 249; pools call it, and keep the connection."""
        self._end(commits=False)

    def close(self) -> None:
        """Give it back."""
        if self._owner.in_transaction:
            self._end(commits=False)
        self._give_back()

    def _end(self, *, commits: bool) -> None:
        if self._owner.borrower is self:
            self._owner.end(commits=commits)
            self._give_back()

    def _take(self) -> None:
        owner = self._owner
        with owner.aside() as cursor:
            if _has_more(cursor) or owner.in_transaction or owner.borrower is not None:
                raise sqlite3.OperationalError(_IN_USE)
            before = _session(cursor)
            _set(cursor, self._pragmas)
        self.__dict__.update(_before=before, _theirs={name: getattr(owner, name) for name in _NEW})
        for name, value in self._own.items():
            setattr(owner, name, value)
        owner.borrower = self

    def _give_back(self) -> None:
        """Leave the connection as it was lent; what this one has set for itself it has again when it is used again."""
        owner = self._owner
        if owner.borrower is not self:
            return
        with owner.aside() as cursor:
            self.__dict__.update(_pragmas=_session(cursor), _own={name: getattr(owner, name) for name in _NEW})
            owner.borrower = None
            for name, value in self._theirs.items():
                setattr(owner, name, value)
            _set(cursor, self._before)


class Beside(OnCursors):
    """A connection that looks at the schema, while another one has changed rows and has not committed that."""

    isolation_level: str | None = ""

    def __init__(self, owner: WatchedConnection) -> None:
        """Look at what a connection has.

        Raises:
            sqlite3.OperationalError: it has what another one would not.
        """
        self._owner = owner
        self._take()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._owner, name)

    def cursor(self, *_arguments: Any) -> Any:
        """PEP 249."""
        _again(self)
        cursor = self._owner.cursor(_SchemaCursor)
        cursor.borrower = self
        return cursor

    def commit(self) -> None:
        """PEP 249; it has changed nothing."""
        self.close()

    def rollback(self) -> None:
        """PEP 249; it has changed nothing."""
        self.close()

    def close(self) -> None:
        """Look no more."""
        if self._owner.borrower is self:
            self._owner.borrower = None

    def _take(self) -> None:
        with self._owner.aside() as cursor:
            has_more = _has_more(cursor)
        if has_more or self._owner.borrower is not None or not self._owner.lets_others_read:
            raise sqlite3.OperationalError(_IN_USE)
        self._owner.borrower = self


_OF_SESSION = pattern(
    r"\s*(?:BEGIN(?:\s+DEFERRED)?(?:\s+TRANSACTION)?"
    r"|PRAGMA\s+(?:foreign_keys|recursive_triggers|legacy_alter_table|busy_timeout|synchronous|cache_size|temp_store"
    r"|mmap_size)\s*=\s*[\w'-]+)\s*;?\s*$",
    re.IGNORECASE,
)
"""What engines' listeners do to each connection; a look at the schema does not go by it."""
_LOOKS = pattern(
    r"\s*(?:SELECT\b|PRAGMA\s+read_uncommitted\s*$|PRAGMA\s+(?:(?:\w+|\"[^\"]+\")\.)?"
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


def _again(connection: Lent | Beside) -> None:
    """Borrow again what was given back; where that is not possible the real run would go on, so that it is told."""
    owner = connection._owner  # noqa: SLF001 - its own
    if owner.borrower is connection:
        return
    try:
        connection._take()  # noqa: SLF001
    except sqlite3.OperationalError:
        owner.in_use()
        raise


def _has_more(cursor: sqlite3.Cursor) -> bool:
    """Whether a connection has what no other one has: temporary tables, or attached databases."""
    attached = any(row[1] not in ("main", "temp") for row in cursor.execute("PRAGMA database_list").fetchall())
    return attached or cursor.execute("SELECT 1 FROM sqlite_temp_master LIMIT 1").fetchone() is not None


def _session(cursor: sqlite3.Cursor) -> dict[str, int]:
    return {name: cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in _SESSION}


def _set(cursor: sqlite3.Cursor, pragmas: dict[str, int]) -> None:
    for name, value in pragmas.items():
        cursor.execute(f"PRAGMA {name} = {value}")
