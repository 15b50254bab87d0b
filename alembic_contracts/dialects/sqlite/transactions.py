"""A connection in, the transaction that it is in out; a transaction in, what has become of it out, where that is known.

SQLite numbers no transactions, so they are numbered here, and forgets them once they have ended: of one that is over,
nothing can be asked.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from itertools import count
from typing import TYPE_CHECKING
from weakref import ref

from alembic_contracts.dialects import Fate, Transaction
from alembic_contracts.dialects.sqlite.asking import in_block

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["answering", "at_commit", "exchanges", "fate", "look_up_as", "lookup", "transaction"]

_NUMBERS = count(1)
_CURRENT = "alembic_contracts.transaction"
"""In ``Connection.info``, which goes with the driver's connection: the number of its last transaction, and SQLAlchemy's
own of that time."""


def transaction(connection: Connection, known: Transaction | None = None) -> Transaction | None:
    """Return the block that the connection's statements are in, None where each is a transaction of its own.

    Whether there is a block is SQLite's answer: pysqlite begins none before DDL unless it is told to, whatever
    SQLAlchemy believes. One that has ended and was followed by another one between two looks is told from that only
    where SQLAlchemy ended it.

    Args:
        connection: in whatever state.
        known: the one that it was in before.
    """
    if not in_block(connection):
        if known is not None:
            connection.info.pop(_CURRENT, None)
        return None
    if known is not None and _is_in(connection, known):
        return known
    number, root = next(_NUMBERS), connection.get_transaction()
    connection.info[_CURRENT] = number, None if root is None else ref(root)
    return Transaction(number)


def fate(connection: Connection, transaction: Transaction) -> Fate | None:
    """Return "open" while the connection is in a transaction, None afterwards: SQLite does not remember its end."""
    return "open" if in_block(connection) and _is_in(connection, transaction) else None


def _is_in(connection: Connection, transaction: Transaction) -> bool:
    """Whether a block that a connection is in can be one that it was in before: SQLAlchemy has begun none since.

    Where it believes to be in none, it was kept from committing: what it had begun is still open.
    """
    number, root = connection.info.get(_CURRENT, (0, None))
    now = connection.get_transaction()
    return number == transaction.number and (root is None or now is None or root() is now)


def exchanges(connection: Connection) -> AbstractContextManager[None]:
    """Yield nothing: that a transaction is open is asked of the driver, which costs next to nothing."""
    del connection
    return nullcontext()


def at_commit(connection: Connection, *, goes_on: bool) -> AbstractContextManager[None]:
    """Do nothing: deferred foreign keys are checked at the commit, and change nothing."""
    del connection, goes_on
    return nullcontext()


def answering(connection: Connection) -> AbstractContextManager[None]:
    """Do nothing: no setting of a session cuts its answers short."""
    del connection
    return nullcontext()


def lookup(connection: Connection) -> str:
    """Return nothing: unqualified names always lead to ``temp``, ``main`` and attached databases, in this order."""
    del connection
    return ""


def look_up_as(connection: Connection, lookup: str) -> None:
    """Do nothing: where unqualified names lead cannot be changed."""
    del connection, lookup
