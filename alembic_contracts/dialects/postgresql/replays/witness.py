"""A connection to a scratch server in, the parse trees of all that it executes out, nested statements included.

The server sends them as messages: ``debug_print_parse`` is a setting that anybody may change. Nothing else shows what a
block or a function does inside, SQL that it puts together included.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from alembic_contracts.errors import CannotCheck

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["Witness"]

_ON = "SET client_min_messages = log; SET debug_pretty_print = off; SET debug_print_parse = on"
# Plans from before would be used again without being printed.
_AFRESH = f"DISCARD PLANS; {_ON}"
_OFF = "SET debug_print_parse = off; SET client_min_messages = warning"
_FAILED = 3
"""libpq's ``PQTRANS_INERROR``."""
_MARK = "parse tree:"


class Witness:
    """Listens to one connection while it executes what is of interest."""

    def __init__(self, connection: Connection) -> None:
        """Begin to listen.

        Raises:
            CannotCheck: the connection's driver does not hand messages on.
        """
        driver: Any = connection.connection.dbapi_connection
        self._driver = driver
        self._heard: list[str] = []
        self._options: dict[str, Any] = {}
        if hasattr(self._driver, "add_notice_handler"):  # psycopg
            self._driver.add_notice_handler(lambda message: self._hear(message.message_primary, message.message_detail))
            self._options["prepare"] = False  # several statements at once cannot be
        elif connection.dialect.driver == "psycopg2":
            self._driver.notices = self
        else:
            raise CannotCheck(f"The driver {connection.dialect.driver} does not show what statements do inside.")

    def append(self, notice: str) -> None:
        """Take a message as psycopg2 hands it on."""
        primary, _, detail = notice.partition("DETAIL:")
        self._hear(primary.partition(":")[2], detail)

    def _hear(self, primary: str | None, detail: str | None) -> None:
        if primary is not None and primary.strip() == _MARK and detail:
            self._heard.append(detail)

    def begin(self) -> None:
        """Have everything printed from here on, what was planned before included."""
        self._execute(_AFRESH)
        self._heard.clear()

    def go_on(self) -> None:
        """Have everything printed from here on but what was printed since ``begin()`` and has its plan still."""
        self._execute(_ON)
        self._heard.clear()

    def end(self) -> list[str]:
        """Return the trees since ``begin()``, and have no more printed."""
        heard, self._heard = self._heard, []
        self._execute(_OFF)
        return heard

    @property
    def has_heard(self) -> bool:
        """Whether anything was printed since ``begin()``."""
        return bool(self._heard)

    @property
    def is_answered(self) -> bool:
        """Whether the connection answers queries: it does not in a transaction that has failed."""
        return int(self._driver.info.transaction_status) != _FAILED

    def _execute(self, statements: str) -> None:
        with _in_any_state(), self._driver.cursor() as cursor:
            cursor.execute(statements, **self._options)


@contextmanager
def _in_any_state() -> Iterator[None]:
    """Pass over an error: in a transaction that has failed, nothing else can be executed either."""
    try:
        yield
    except Exception as error:  # either driver's, told apart by its code
        if getattr(error, "sqlstate", None) != "25P02" and getattr(error, "pgcode", None) != "25P02":
            raise
