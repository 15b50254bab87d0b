"""A DBAPI (PEP 249) that sends nothing: SQL reaches its cursors, a session gives the answers."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import SimpleNamespace, TracebackType
from typing import Any, Literal, Protocol, Self

from alembic_contracts.prediction.answers.answer import Answer
from alembic_contracts.prediction.driver import failures
from alembic_contracts.prediction.driver.failures import *  # noqa: F403 - PEP 249 wants the error classes here
from alembic_contracts.prediction.driver.literals import literal, substitute
from alembic_contracts.prediction.driver.manners import PSYCOPG, Manners

__all__ = ["RecordingConnection", "RecordingCursor", "Session", "apilevel", "paramstyle", "threadsafety"]

apilevel = "2.0"
threadsafety = 1
paramstyle = "pyformat"

Parameters = Mapping[str, Any] | Sequence[Any] | None


Status = Literal["idle", "open", "failed"]
"""Of a transaction."""


class Session(Protocol):
    """What the cursors talk to."""

    def execute(self, connection: RecordingConnection, sql: str, *, single: bool = False) -> Answer:
        """Apply a text of statements, or one statement that must be ``single``."""

    def repeat(self, connection: RecordingConnection, statements: Iterable[str]) -> int:
        """Apply statements that differ only in their values, the first of which was executed; returns their number."""

    def status(self, connection: RecordingConnection) -> Status:
        """Return what the server says of the connection's transaction."""

    def commit(self, connection: RecordingConnection) -> None:
        """End the transaction, if there is one."""

    def rollback(self, connection: RecordingConnection) -> None:
        """Undo the transaction, if there is one."""


class RecordingConnection:
    """A DBAPI connection; ``autocommit`` and ``isolation_level`` are attributes, as in psycopg.

    When it begins a transaction, and what its COMMIT does, is as the driver does it that it stands in for.
    """

    Error = failures.Error
    encoding = "UTF8"
    broken = False

    def __init__(self, session: Session | None, manners: Manners = PSYCOPG) -> None:
        self.session = session
        """None once it is cut off: what happens to it then has no effect."""
        self.manners = manners
        self._autocommit = False
        self._began = False
        """Whether it has begun a transaction that it has not ended, whatever SQL said since."""
        self.isolation_level = "READ COMMITTED"
        self.readonly = False
        self.deferrable = False
        self.closed = False
        self.notices: list[str] = []
        self.info = SimpleNamespace(encoding="utf-8", dbname="", server_version=0)

    @property
    def autocommit(self) -> bool:
        """Whether no transaction is begun."""
        return self._autocommit

    @autocommit.setter
    def autocommit(self, value: bool) -> None:
        is_open = self._status() != "idle" if self.manners.asks_server else self._began
        if self.manners.keeps_autocommit and is_open and value != self._autocommit:
            raise failures.ProgrammingError("autocommit cannot be changed while a transaction is open")
        self._autocommit = value

    def _status(self) -> Status:
        return "idle" if self.session is None else self.session.status(self)

    def begins(self) -> bool:
        """Whether the driver sends BEGIN before the next statement; that it does is remembered."""
        if self._autocommit:
            return False
        if self.manners.asks_server:
            return self._status() == "idle"
        before, self._began = self._began, True
        return not before

    def cursor(self, *_: object, **__: object) -> RecordingCursor:
        """Return a cursor; a name (server-side cursors) and factories make no difference."""
        return RecordingCursor(self)

    def execute(self, sql: Any, parameters: Parameters = None) -> RecordingCursor:
        """Execute on a new cursor, as psycopg 3's connections do."""
        return self.cursor().execute(sql, parameters)

    def commit(self) -> None:
        """PEP 249."""
        if self._has_to_end():
            failed = self._status() == "failed" and not self.manners.commits_failed
            assert self.session is not None, "it would have nothing to end"  # noqa: S101
            if failed:
                raise failures.InterfaceError("in failed transaction block")
            self.session.commit(self)

    def rollback(self) -> None:
        """PEP 249."""
        if self._has_to_end() and self.session is not None:
            self.session.rollback(self)

    def _has_to_end(self) -> bool:
        """Whether COMMIT and ROLLBACK reach the server; from here on no transaction of the driver's own is open."""
        before, self._began = self._began, False
        return self.session is not None and (self.manners.asks_server or before)

    def close(self) -> None:
        """Close; an open transaction is rolled back, whoever began it."""
        if not self.closed:
            self.rollback()
            if self.session is not None and self._status() != "idle":
                self.session.rollback(self)
            self.closed = True

    def set_session(self, *, autocommit: bool | None = None, **_: object) -> None:
        """psycopg2's way to set ``autocommit``."""
        if autocommit is not None:
            self.autocommit = autocommit

    def set_isolation_level(self, level: int | None) -> None:
        """psycopg2's way: level 0 is autocommit."""
        self.autocommit = level == 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        if kind is None:
            self.commit()
        else:
            self.rollback()


class RecordingCursor:
    """A DBAPI cursor with what psycopg's cursors have beyond PEP 249 and scripts use."""

    itersize = 2000

    def __init__(self, connection: RecordingConnection) -> None:
        self.connection = connection
        self.arraysize = 1
        self.rowcount = -1
        self.description: list[tuple[Any, ...]] | None = None
        self.statusmessage: str | None = None
        self.query: bytes | None = None
        self.closed = False
        self._rows: deque[tuple[Any, ...]] = deque()
        self._on_fetch: Callable[[], None] | None = None

    def execute(self, sql: Any, parameters: Parameters = None, **_: object) -> Self:
        """Apply one text of one or more statements; the last one's rows can be fetched.

        Raises:
            RefusalError: PostgreSQL would refuse it.
            InterfaceError: the driver does, as it takes nothing but ROLLBACK for a way out of a failed transaction.
        """
        if self.connection.session is None:
            raise failures.InterfaceError("the connection is closed")
        manners = self.connection.manners
        statement = _with_values(_text(sql), parameters, manners)
        self.query = statement.encode()
        single = manners.single == "always" or (manners.single == "with values" and bool(parameters))
        refuses = not manners.commits_failed and self.connection.session.status(self.connection) == "failed"
        self._take(self.connection.session.execute(self.connection, statement, single=single))
        if refuses and statement.split()[0].rstrip(";").upper() != "ROLLBACK":
            raise failures.InterfaceError("in failed transaction block")
        return self

    def executemany(self, sql: Any, parameters: Iterable[Parameters], **_: object) -> Self:
        """Apply a statement once for each set of parameters."""
        text, sets = _text(sql), iter(parameters)
        for first in sets:
            self.execute(text, first)
            break
        else:
            return self
        if self.connection.session is not None:
            rest = (_with_values(text, values, self.connection.manners) for values in sets)
            more = self.connection.session.repeat(self.connection, rest)
            is_known = self.rowcount >= 0 and self.connection.manners.counts_many
            self.rowcount = self.rowcount + more if is_known else -1
        return self

    def _take(self, answer: Answer) -> None:
        self.rowcount = answer.rowcount
        self._on_fetch = answer.on_fetch
        self._rows = deque(answer.rows)
        self.description = None
        if answer.columns is not None:
            self.description = [(name, None, None, None, None, None, None) for name in answer.columns]

    def fetchone(self) -> tuple[Any, ...] | None:
        """PEP 249."""
        self._must_have_result()
        return self._rows.popleft() if self._rows else None

    def fetchmany(self, size: int | None = None) -> list[tuple[Any, ...]]:
        """PEP 249."""
        self._must_have_result()
        return [self._rows.popleft() for _ in range(min(size or self.arraysize, len(self._rows)))]

    def fetchall(self) -> list[tuple[Any, ...]]:
        """PEP 249."""
        self._must_have_result()
        rows = list(self._rows)
        self._rows.clear()
        return rows

    def _must_have_result(self) -> None:
        if self.description is None:
            raise failures.ProgrammingError("the last operation didn't produce records")
        if self._on_fetch is not None:
            look, self._on_fetch = self._on_fetch, None
            look()

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        self._must_have_result()
        while self._rows:
            yield self._rows.popleft()

    def mogrify(self, sql: Any, parameters: Parameters = None) -> bytes:
        """Return the statement with its values, as psycopg2 does."""
        return _with_values(_text(sql), parameters, self.connection.manners).encode()

    def callproc(self, name: str, parameters: Sequence[Any] = ()) -> None:
        """Call a function."""
        self.execute(f"SELECT * FROM {name}({', '.join(map(literal, parameters))})")  # noqa: S608 - it is sent nowhere

    def copy_expert(self, sql: Any, *_: object, **__: object) -> None:
        """COPY as psycopg2 has it; the data is neither read nor written."""
        self.execute(sql)

    def copy_from(self, _file: object, table: str, *_: object, **__: object) -> None:
        """COPY FROM as psycopg2 has it; the data is not read."""
        self.execute(f"COPY {table} FROM STDIN")

    def copy_to(self, _file: object, table: str, *_: object, **__: object) -> None:
        """COPY TO as psycopg2 has it; nothing is written."""
        self.execute(f"COPY {table} TO STDOUT")

    @contextmanager
    def copy(self, sql: Any, parameters: Parameters = None) -> Iterator[_Copy]:
        """COPY as psycopg 3 has it; the data is neither read nor written."""
        self.execute(sql, parameters)
        yield _Copy()

    def nextset(self) -> None:
        """Only the last statement's rows are kept."""

    def setinputsizes(self, *_: object) -> None:
        """PEP 249: nothing to do."""

    def setoutputsize(self, *_: object) -> None:
        """PEP 249: nothing to do."""

    def close(self) -> None:
        """PEP 249."""
        self.closed = True
        self._rows.clear()
        if self.connection.manners.forgets_count:
            self.rowcount = -1

    async def _async_soft_close(self) -> None:
        """Called by SQLAlchemy's asyncio extension on a cursor that has rows left: they are here already."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Copy:
    """psycopg 3's copy object."""

    def write(self, _data: object) -> None:
        """Take data, which goes nowhere."""

    def write_row(self, _row: object) -> None:
        """Take a row, which goes nowhere."""

    def set_types(self, _types: object) -> None:
        """Nothing to do."""

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Yield nothing."""
        return iter(())

    def read(self) -> bytes:
        """Return the end of the data."""
        return b""

    def __iter__(self) -> Iterator[bytes]:
        return iter(())


def _with_values(text: str, parameters: Parameters, manners: Manners) -> str:
    try:
        return substitute(text, parameters, manners)
    except (LookupError, TypeError) as error:
        raise failures.ProgrammingError(f"the parameters do not fit the statement: {error}") from None


def _text(sql: Any) -> str:
    if isinstance(sql, bytes):
        return sql.decode()
    if isinstance(sql, str):
        return sql
    as_string: Callable[[None], str] | None = getattr(sql, "as_string", None)  # psycopg.sql.Composable
    return as_string(None) if as_string is not None else str(sql)


def connect(session: Session, manners: Manners = PSYCOPG) -> RecordingConnection:
    """Return a new connection to a session, by a driver of these manners."""
    return RecordingConnection(session, manners)
