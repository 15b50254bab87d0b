"""A connection in, the transaction that it is in out; a transaction in, what has become of it out.

Nothing here reads a table or takes a lock. Transactions have PostgreSQL's 64-bit numbers, which never come again.

SQLAlchemy is imported by what connects alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, cast

from alembic_contracts.dialects import Fate, Transaction
from alembic_contracts.dialects.postgresql.traceless import answer, put_aside, said_in_block, told

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["answering", "at_commit", "changes", "fate", "fingerprint", "look_up_as", "lookup", "transaction"]

_NUMBER = "SELECT CAST(CAST(pg_catalog.pg_current_xact_id() AS text) AS bigint)"
"""Gives the transaction its number, as its first change would."""
_FATES: dict[str | None, Fate] = {"committed": "committed", "aborted": "rolled back", "in progress": "open"}


def transaction(connection: Connection, known: Transaction | None = None) -> Transaction | None:
    """Return the block that the connection's statements are in, None where each is a transaction of its own.

    Whether there is a block is the server's answer, whatever SQLAlchemy and the driver believe: it says so after each
    statement, and where the driver does not pass that on, two statements in one have the same number.

    Args:
        connection: in whatever state.
        known: the one that it was in before; where it still is, one question is enough.
    """
    number = answer(connection, _NUMBER)
    if known is not None and known.number == number:
        return known
    is_in_block = said_in_block(connection)
    if is_in_block is None:
        is_in_block = answer(connection, _NUMBER) == number
    return Transaction(number) if is_in_block else None


@contextmanager
def at_commit(connection: Connection, *, goes_on: bool) -> Iterator[None]:
    """Let deferred constraint triggers fire before the body.

    Args:
        connection: in a transaction block.
        goes_on: whether the transaction goes on afterwards as it was; otherwise nothing but its commit follows.

    Raises:
        sqlalchemy.exc.DBAPIError: as the commit would, for a constraint that is checked then.
    """
    with put_aside(connection) if goes_on else nullcontext():
        told(connection, "SET CONSTRAINTS ALL IMMEDIATE")
        yield


def fate(connection: Connection, transaction: Transaction) -> Fate | None:
    """Return what has become of a transaction; None: the server has forgotten it."""
    question = f"SELECT pg_catalog.pg_xact_status(CAST('{transaction.number}' AS pg_catalog.xid8))"
    return _FATES.get(connection.exec_driver_sql(question).scalar_one())


def fingerprint(connection: Connection) -> str:
    """Return nothing: a look costs no more than anything by which two states could be told to be the same."""
    del connection
    return ""


def changes(connection: Connection) -> None:
    """Return nothing: PostgreSQL does not count them."""
    del connection


def answering(connection: Connection) -> AbstractContextManager[None]:
    """Do nothing: drivers follow the encoding of a session, and what takes too long fails."""
    del connection
    return nullcontext()


def lookup(connection: Connection) -> str:
    """Return where unqualified names lead, as ``look_up_as`` takes it."""
    return cast("str", connection.exec_driver_sql("SELECT pg_catalog.current_setting('search_path')").scalar_one())


def look_up_as(connection: Connection, lookup: str) -> None:
    """Have unqualified names lead elsewhere until the transaction ends."""
    from sqlalchemy import text

    connection.execute(text("SELECT pg_catalog.set_config('search_path', :lookup, true)"), {"lookup": lookup})
