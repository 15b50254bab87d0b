"""A session of MySQL's or MariaDB's in, its answers as its driver reads them out, whatever scripts have set it to.

``SET NAMES latin1`` at the head of a dump has the server answer in letters that the driver takes for others, and limits
on rows and time cut answers short.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["ALL", "as_connected", "read_as_text", "uninterpreted"]

_ROWS, _MOST = "sql_select_limit", 2**64 - 1
ALL = f"LIMIT {_MOST}"
"""Without it, a script's ``sql_select_limit`` holds."""
_LARGE = "sql_big_selects"
"""Without it, a script's ``max_join_size`` holds."""
_LETTERS = ("character_set_client", "character_set_results", "collation_connection")
_LIMITS = {True: "max_statement_time", False: "max_execution_time"}
"""How long a statement may take, by whether it is MariaDB's; 0: as long as it takes."""
_SINCE = (5, 7, 8)
"""Which MySQL has that."""


@contextmanager
def as_connected(connection: Connection) -> Iterator[str | None]:
    """Have the server answer in full, in the driver's letters, while the body runs; then the session is as before.

    Yields:
        The database that ``USE`` has chosen.

    Raises:
        sqlalchemy.exc.DBAPIError: it does not answer.
    """
    dialect = connection.dialect
    mariadb, version = bool(getattr(dialect, "is_mariadb", False)), dialect.server_version_info or _SINCE
    limits = (_LIMITS[mariadb],) if mariadb or version >= _SINCE else ()
    names = [*_LETTERS, _ROWS, _LARGE, *limits]
    asked = ", ".join(f"@@SESSION.{name}" for name in names)
    # As bytes, since the letters in which it would be told are not known yet.
    row = connection.exec_driver_sql(f"SELECT CAST(DATABASE() AS BINARY), {asked} {ALL}").one()
    chosen, *values = map(read_as_text, row)
    before = dict(zip(names, values, strict=True))
    wanted = _as_it_was(connection, before) | {_ROWS: _MOST, _LARGE: 1} | dict.fromkeys(limits, 0)
    changed = {name: value for name, value in wanted.items() if value != before[name]}
    if changed:
        connection.exec_driver_sql(_set(changed))
    try:
        yield chosen
    finally:
        if changed and not connection.invalidated:
            connection.exec_driver_sql(_set({name: before[name] for name in changed}))


@contextmanager
def uninterpreted(connection: Connection) -> Iterator[None]:
    """Have the driver give bytes while the body runs, which is within ``as_connected``.

    Raises:
        sqlalchemy.exc.DBAPIError: the server does not answer.
    """
    letters: str | None = getattr(connection.dialect, "_connection_charset", None)
    if letters is None:
        yield
        return
    connection.exec_driver_sql(_set({"character_set_results": "binary"}))
    try:
        yield
    finally:
        if not connection.invalidated:
            connection.exec_driver_sql(_set({"character_set_results": letters}))


def _as_it_was(connection: Connection, now: dict[str, Any]) -> dict[str, Any]:
    """Return the letters that the driver reads, as SQLAlchemy asked it for them; none of them where it does not say."""
    letters: str | None = getattr(connection.dialect, "_connection_charset", None)
    if letters is None:
        return {}
    collation = now["collation_connection"]
    fits = isinstance(collation, str) and collation.partition("_")[0] == letters
    return {
        "character_set_client": letters,
        "character_set_results": letters,
        "collation_connection": collation if fits else f"{letters}_bin",
    }


def _set(values: dict[str, Any]) -> str:
    settings = (f"SESSION {name} = {'NULL' if value is None else value}" for name, value in values.items())
    return f"SET {', '.join(settings)}"


def read_as_text(value: Any) -> Any:
    """Return a value of the server's: a text also where a session or a driver has bytes (``SET NAMES binary``)."""
    return bytes(value).decode() if isinstance(value, (bytes, bytearray)) else value
