"""A connection in, the transaction that it is in out; a transaction in, what has become of it out, where that is known.

SQLite numbers no transactions, so they are numbered here, and forgets them once they have ended: of one that is over,
nothing can be asked.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from alembic_contracts.dialects import Fate, Transaction
from alembic_contracts.dialects.sqlite.asking import in_block

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["fate", "look_up_as", "lookup", "transaction"]

_NUMBERS = count(1)
_CURRENT = "alembic_contracts.transaction"
"""In ``Connection.info``, which goes with the driver's connection: the number of what it was last seen in."""


def transaction(connection: Connection, known: Transaction | None = None) -> Transaction | None:
    """Return the block that the connection's statements are in, None where each is a transaction of its own.

    Whether there is a block is SQLite's answer: pysqlite begins none before DDL unless it is told to, whatever
    SQLAlchemy believes. One that has ended and was followed by another one between two looks is not told from that.

    Args:
        connection: in whatever state.
        known: the one that it was in before.
    """
    if not in_block(connection):
        connection.info.pop(_CURRENT, None)
        return None
    if known is not None and connection.info.get(_CURRENT) == known.number:
        return known
    number = connection.info[_CURRENT] = next(_NUMBERS)
    return Transaction(number)


def fate(connection: Connection, transaction: Transaction) -> Fate | None:
    """Return "open" while the connection is in a transaction, None afterwards: SQLite does not remember its end."""
    return "open" if in_block(connection) and connection.info.get(_CURRENT) == transaction.number else None


def lookup(connection: Connection) -> str:
    """Return nothing: unqualified names always lead to ``temp``, ``main`` and attached databases, in this order."""
    del connection
    return ""


def look_up_as(connection: Connection, lookup: str) -> None:
    """Do nothing: where unqualified names lead cannot be changed."""
    del connection, lookup
