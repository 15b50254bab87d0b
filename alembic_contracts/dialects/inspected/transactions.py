"""A connection in, the transaction that its statements are in out, as far as that can be known without the server."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from alembic_contracts.dialects import Fate, Transaction

if TYPE_CHECKING:
    from sqlalchemy import Connection, RootTransaction

__all__ = ["fate", "transaction"]

_numbers: WeakKeyDictionary[RootTransaction, int] = WeakKeyDictionary()
_next = count(1)


def transaction(connection: Connection, known: Transaction | None = None) -> Transaction | None:
    """Return SQLAlchemy's transaction, None where there is none or the driver commits each statement.

    Args:
        connection: to the database.
        known: the one that it was in, of which no end was seen: where SQLAlchemy has none, it was kept from committing.
    """
    block = connection.get_transaction()
    if block is None and known is not None:
        return known
    if block is None or connection._is_autocommit_isolation():  # noqa: SLF001 - knows of the engine's setting as well
        return None
    if block not in _numbers:
        _numbers[block] = next(_next)
    return Transaction(_numbers[block])


def fate(connection: Connection, transaction_: Transaction) -> Fate | None:
    """Return that a transaction is still open, None for what has become of another one."""
    return "open" if transaction(connection) == transaction_ else None
