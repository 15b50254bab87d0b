"""A connection in, how often its driver asks the server something out, be it through SQLAlchemy or past it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["exchanges"]

_IN_TRANSACTION = 2
"""libpq's ``PQTRANS_INTRANS``: in a block that has not failed, by the server's last answer."""


@contextmanager
def exchanges(connection: Connection) -> Iterator[Callable[[], tuple[int, bool]] | None]:
    """Yield what tells how often the server was asked something, and whether a block is open that has not failed.

    psycopg's cursors, transactions and pipelines all wait for answers in one method, which takes our place for the time
    of the body. What speaks to libpq itself (``pgconn``) is not counted.

    Yields:
        None where the driver is another one: one in C, or an asynchronous one.
    """
    driver: Any = connection.connection.dbapi_connection
    attributes = getattr(driver, "__dict__", None)
    if attributes is None or "wait" in attributes or not (hasattr(driver, "wait") and hasattr(driver, "pgconn")):
        yield None
        return
    wait, count = driver.wait, 0

    def counted(*arguments: Any, **keywords: Any) -> Any:
        nonlocal count
        count += 1
        return wait(*arguments, **keywords)

    attributes["wait"] = counted
    try:
        yield lambda: (count, driver.pgconn.transaction_status == _IN_TRANSACTION)
    finally:
        attributes.pop("wait", None)
