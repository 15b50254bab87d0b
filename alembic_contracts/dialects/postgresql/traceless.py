"""A connection in, a look at its database out of which nothing stays: no lock, no setting, no transaction.

SQLAlchemy is imported by what connects alone: contracts are read and linted without it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from alembic_contracts.errors import CannotCheck

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["answer", "passing", "put_aside", "said_in_block", "sqlstate", "told", "told_as_sqlalchemy_would"]

_SAVEPOINT = "alembic_contracts"
_UNCOMPILED = "SET LOCAL jit = off"
"""What reads a large catalog is not compiled first, as PostgreSQL would have it: that takes longer than to read it."""
_NO_TRANSACTION = "25P01"
_IDLE = 0
"""libpq's ``PQTRANS_IDLE``."""


@contextmanager
def passing(connection: Connection) -> Iterator[None]:
    """Take back all that the body's queries leave behind in a session: locks, and settings where they fail.

    A transaction that is open stays open, with what it has done and locked itself, and stays one without an id where it
    has none; where there is none, there is none afterwards.

    Raises:
        CannotCheck: the connection was lost in its transaction.
    """
    if connection.invalidated and connection.in_transaction():
        raise CannotCheck("The connection to the database was lost.")
    if not connection.in_transaction():
        try:
            if not connection._is_autocommit_isolation():  # noqa: SLF001 - knows of the engine's setting as well
                connection.exec_driver_sql(_UNCOMPILED)
            yield
        finally:
            connection.rollback()
    elif _in_block(connection):
        with put_aside(connection):
            told(connection, _UNCOMPILED)
            yield
    else:
        yield


@contextmanager
def put_aside(connection: Connection) -> Iterator[None]:
    """Take back what the body does in a transaction block, by a savepoint; where there is no block, nothing."""
    if not told(connection, f"SAVEPOINT {_SAVEPOINT}"):
        yield
        return
    try:
        yield
    finally:
        told(connection, f"ROLLBACK TO SAVEPOINT {_SAVEPOINT}", f"RELEASE SAVEPOINT {_SAVEPOINT}")


def sqlstate(error: BaseException) -> str | None:
    """Return PostgreSQL's code for an error, whichever driver tells it; None where it is another one's."""
    original: Any = getattr(error, "orig", None) or error
    for name in ("sqlstate", "pgcode"):
        if isinstance(code := getattr(original, name, None), str):
            return code
    told = original.args[0] if original.args else None  # pg8000
    return told.get("C") if isinstance(told, dict) else None


def _in_block(connection: Connection) -> bool:
    """Whether statements are in a transaction block, as they are even in autocommit mode after a script's own BEGIN."""
    if not connection._is_autocommit_isolation():  # noqa: SLF001 - knows of the engine's setting as well
        return True
    return bool(said_in_block(connection))


def said_in_block(connection: Connection) -> bool | None:
    """Return whether a block was open when the server last answered, as it says at the end of each answer.

    Returns:
        None where the driver does not pass it on.
    """
    driver: Any = connection.connection.dbapi_connection
    info: Any = getattr(driver, "info", None)
    if hasattr(info, "transaction_status"):  # psycopg, psycopg2
        return int(info.transaction_status) != _IDLE
    there: Any = getattr(driver, "driver_connection", None)
    if hasattr(there, "is_in_transaction"):  # asyncpg
        return bool(there.is_in_transaction())
    status = getattr(driver, "_transaction_status", None)  # pg8000
    return None if status is None else status not in (b"I", ord("I"))


def answer(connection: Connection, question: str) -> Any:
    """Return the one value that the server answers, asked past SQLAlchemy where that would send it as it is.

    That takes a quarter of the time, and it is asked at every line of a script.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: it does not answer.
    """
    nested = connection.get_nested_transaction()
    if not connection.in_transaction() or not (nested is None or nested.is_active):
        return connection.exec_driver_sql(question).scalar_one()
    with told_as_sqlalchemy_would(connection, question), closing(connection.connection.cursor()) as cursor:
        cursor.execute(question)
        row: Any = cursor.fetchone()
        return row[0]


def told(connection: Connection, *statements: str) -> bool:
    """Run statements past SQLAlchemy, whose events are about what scripts do; returns False where no block is open."""
    from sqlalchemy.exc import DBAPIError

    if connection.invalidated:
        return False
    try:
        with told_as_sqlalchemy_would(connection, statements[0]), closing(connection.connection.cursor()) as cursor:
            for statement in statements:
                cursor.execute(statement)
    except DBAPIError as error:
        if sqlstate(error) == _NO_TRANSACTION:
            return False
        raise
    return True


@contextmanager
def told_as_sqlalchemy_would(connection: Connection, statement: str) -> Iterator[None]:
    """Have what the driver raises told as SQLAlchemy tells it."""
    from sqlalchemy.exc import DBAPIError

    driver, base = connection.connection, connection.dialect.loaded_dbapi.Error
    try:
        yield
    except base as error:
        lost = connection.dialect.is_disconnect(error, driver, None)
        if lost:  # else its rollback would be tried, and fail in other words
            connection.invalidate(error)
        raise DBAPIError.instance(
            statement, None, error, base, connection_invalidated=lost, dialect=connection.dialect
        ) from error
