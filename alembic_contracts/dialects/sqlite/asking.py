"""A connection in, answers about its database out, of which nothing stays: no transaction, no lock.

Questions go past SQLAlchemy, whose events are about what scripts do, and where SQLAlchemy has begun nothing nothing is
begun. SQLAlchemy is imported by what connects alone: contracts are read and linted without it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from alembic_contracts.dialects import Locked
from alembic_contracts.errors import CannotCheck

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["Refused", "at_once", "in_block", "rows"]

_BUSY, _LOCKED = 5, 6
"""``SQLITE_BUSY`` and ``SQLITE_LOCKED``."""


class Refused(CannotCheck):
    """SQLite does not answer; ``reason`` is what it says."""

    def __init__(self, reason: str) -> None:
        """Keep what it says."""
        super().__init__(f"The schema of the database cannot be read: {reason}")
        self.reason = reason


def in_block(connection: Connection) -> bool | None:
    """Return whether statements are in a transaction, as SQLite itself has it; None: the driver does not tell."""
    pooled: Any = connection.connection
    try:
        return bool(pooled.dbapi_connection.in_transaction)
    except AttributeError:  # an adapter of an asynchronous driver's
        found = getattr(pooled.driver_connection, "in_transaction", None)
    return None if found is None else bool(found)


@contextmanager
def at_once(connection: Connection) -> Iterator[None]:
    """Have all questions of the body answered about one moment.

    A transaction that is open stays open. It then keeps the database from being written by others no more than one of
    its own reads would: SQLite gives no such lock back before its end.
    """
    if connection.invalidated and connection.in_transaction():
        raise CannotCheck("The connection to the database was lost.")
    if in_block(connection) is not False:
        try:
            yield
        finally:
            if not connection.in_transaction() and _is_always_in_one(connection):
                connection.connection.rollback()
        return
    _execute(connection, "BEGIN")
    try:
        yield
    finally:
        if in_block(connection):
            _execute(connection, "COMMIT")  # of nothing; ROLLBACK would end other cursors' reading as well


def _is_always_in_one(connection: Connection) -> bool:
    """Whether the driver begins a transaction as soon as one has ended (``autocommit=False``, since Python 3.12)."""
    return getattr(connection.connection.driver_connection, "autocommit", None) is False


def rows(connection: Connection, question: str) -> list[tuple[Any, ...]]:
    """Return the rows that answer a question.

    Raises:
        Locked: another connection keeps the database to itself for longer than the driver waits.
        Refused: SQLite does not answer.
    """
    return _execute(connection, question)


def _execute(connection: Connection, statement: str) -> list[tuple[Any, ...]]:
    base = connection.dialect.loaded_dbapi.Error
    try:
        with closing(connection.connection.cursor()) as cursor:
            cursor.execute(statement)
            return [tuple(row) for row in cursor.fetchall()]
    except base as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (_BUSY, _LOCKED) or "is locked" in str(error):
            raise Locked(
                f"The schema of the database cannot be read: {error} (by another connection).", frozenset(), None
            ) from error
        raise Refused(str(error)) from error
