"""A connection in, whether SQLAlchemy's Inspector can read its kind of database out, tried where failing does no harm.

What fails in a transaction can leave all of it lost (DuckDB), and not every database has savepoints that would keep the
rest: then the scripts of a run would be lost to our own look. So it is tried beforehand, on a connection of its own.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection
from contextlib import suppress
from threading import Thread
from typing import TYPE_CHECKING, Any, NamedTuple

from alembic_contracts.dialects.servers import server

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from alembic_contracts.schemas.schema import Name

__all__ = ["Trial", "is_tried", "reason_of", "trial"]

_TRIALS = "alembic_contracts.trials"
"""In ``Connection.info``, which goes with the driver's connection."""
_SECONDS = 10
"""Another connection can have to wait for what the run itself has not committed yet."""


class Trial(NamedTuple):
    """What came of it."""

    reason: str
    """Why the Inspector cannot read it; empty: it can."""
    savepoints: bool
    """Whether what fails inside of a savepoint leaves the rest of the transaction as it was."""


def trial(connection: Connection, tables: Collection[Name] | None, read: Callable[[Connection, bool], None]) -> Trial:
    """Return what came of reading a database of a kind of which that is not known; it is tried once.

    Args:
        connection: to the database; nothing is executed on it.
        tables: which tables are read.
        read: asks the Inspector of a connection all that an observation of them asks; told whether it has savepoints.
    """
    found: dict[frozenset[Name], Trial] = connection.info.setdefault(_TRIALS, {})
    which = frozenset(tables or ())
    if which not in found:
        found[which] = _tried_in_time(connection, read)
    return found[which]


def _tried_in_time(connection: Connection, read: Callable[[Connection, bool], None]) -> Trial:
    from sqlalchemy import Engine

    known = connection.engine
    engine = Engine(known.pool.recreate(), known.dialect, known.url)
    ours = connection.connection.driver_connection
    found = []

    def attempt() -> None:
        try:
            found.append(_tried(engine, ours, read))
        except Exception as error:  # noqa: BLE001 - a dialect that nobody here knows may raise anything
            found.append(Trial(reason_of(error), savepoints=False))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what a dialect does not know, which is then not seen
        if known.dialect.is_async:  # drivers that are awaited answer this thread alone
            attempt()
        else:
            thread = Thread(target=attempt, daemon=True)
            thread.start()
            thread.join(_SECONDS)
    return found[0] if found else Trial(f"a second connection got no answer within {_SECONDS} seconds", False)


def _tried(engine: Engine, ours: Any, read: Callable[[Connection, bool], None]) -> Trial:
    connection = engine.connect()
    if connection.connection.driver_connection is ours:
        connection.connection.detach()  # so that nobody rolls back or closes what is the run's
        return Trial("there is no second connection to try it on", False)
    with connection:
        savepoints = _has_savepoints(connection)
        connection.rollback()
        read(connection, savepoints)
    return Trial("", savepoints)


def _has_savepoints(connection: Connection) -> bool:
    with suppress(Exception):
        connection.begin()
        connection.begin_nested().rollback()
        return True
    return False


def reason_of(error: Exception) -> str:
    """Return why the Inspector failed."""
    if isinstance(error, NotImplementedError):
        return "SQLAlchemy's dialect for it does not tell"
    text = str(getattr(error, "orig", None) or error).strip()
    return text.splitlines()[0].rstrip(".!") if text else type(error).__name__


def is_tried(kind: str) -> bool:
    """Whether it has to be tried what the Inspector can read of a kind of database."""
    return not server(kind).is_readable
