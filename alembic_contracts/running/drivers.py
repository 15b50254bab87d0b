"""A connection in, what its driver does beside SQLAlchemy out: its own ``commit()``, and questions that nobody saw."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from alembic_contracts.dialects import Dialect

__all__ = ["Hearing", "commits_asked"]


@contextmanager
def commits_asked(connection: Connection, before: Callable[[], None]) -> Iterator[None]:
    """Have something called before the driver's ``commit()`` while the body runs, where its connections take that.

    Args:
        connection: whose driver it is.
        before: prevents the commit by raising.
    """
    driver = connection.connection.dbapi_connection
    attributes = getattr(driver, "__dict__", None)
    if driver is None or attributes is None or "commit" in attributes:
        yield
        return
    commit = driver.commit

    def ask_and_commit() -> None:
        before()
        commit()

    attributes["commit"] = ask_and_commit
    try:
        yield
    finally:
        attributes.pop("commit", None)


class Hearing:
    """Tells whether a connection was used for anything else than what was seen, as far as the driver counts that."""

    def __init__(self) -> None:
        """Begin deaf."""
        self._exchanges: Callable[[], tuple[int, bool]] | None = None
        self._seen = self._begun = -1
        """How many questions were seen; how many there had been when the one began that is being asked."""

    @contextmanager
    def opened(self, connection: Connection, dialect: Dialect) -> Iterator[None]:
        """Count while the body runs."""
        with dialect.exchanges(connection) as count:
            self._exchanges = count
            try:
                yield
            finally:
                self._exchanges = None

    def begins(self) -> None:
        """Take note that SQLAlchemy is about to execute a statement."""
        self._begun = self._count()[0]

    def ends(self) -> None:
        """Take note that it has; what took the driver more than one question counts as not seen."""
        if self._count()[0] == self._begun + 1:
            self._seen += 1

    @contextmanager
    def caught_up(self) -> Iterator[None]:
        """Take all for seen that there was up to the end of the body, which asks the server where it stands."""
        before = self._count()[0]
        yield
        after = self._count()[0]
        self._seen = after if after > before else -1  # else the driver asks in a way that is not heard

    def all_seen(self) -> bool:
        """Whether a transaction block is open, and nothing was asked that was not seen."""
        return self._count() == (self._seen, True)

    def _count(self) -> tuple[int, bool]:
        return (-2, False) if self._exchanges is None else self._exchanges()
