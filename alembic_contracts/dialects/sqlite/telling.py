"""A connection of Python's ``sqlite3`` that tells what each statement did, whichever way the statement came.

SQLAlchemy's cursors, those of the driver and ``executescript`` are the same to it. What a statement read is SQLite's
own answer (``set_authorizer``), and so is whether it changed a schema (``PRAGMA schema_version``).
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Protocol

from alembic_contracts.dialects.sqlite.beside_schema import COUNTS, depends_on
from alembic_contracts.dialects.sqlite.effects import CHANGES_ROWS, Effect, Listener, Rows
from alembic_contracts.dialects.sqlite.fingerprints import schemas, version_of
from alembic_contracts.dialects.sqlite.names import fold
from alembic_contracts.dialects.sqlite.tokens import apart
from alembic_contracts.patterns import pattern

__all__ = ["OnCursors", "WatchedConnection", "WatchedCursor"]

_LEAVES_SCHEMA = pattern(r"\s*(?:SELECT|INSERT|UPDATE|DELETE|REPLACE|VALUES|EXPLAIN|BEGIN|PRAGMA)\b", re.IGNORECASE)
"""Statements that cannot change a schema, unless SQLite's own table of it may be written to."""
_ROLLS_BACK = pattern(r"\s*ROLLBACK\b", re.IGNORECASE)
_LOCKS = pattern(r"\s*BEGIN\s+EXCLUSIVE\b", re.IGNORECASE)
_WRITES_SCHEMA = pattern(r"writable_schema\s*[=(]?\s*(?P<reset>reset)?", re.IGNORECASE)
_ATTACHES = pattern(
    r"""\s*ATTACH\s+(?:DATABASE\s+)?(?P<file>.*?)\s+AS\s+(?P<name>[\w$]+|"[^"]+"|'[^']+')\s*;?\s*$""",
    re.IGNORECASE | re.DOTALL,
)
_IN_MEMORY = ("", ":memory:")
_READ, _INDEX, _INSERT, _UPDATE, _DELETE, _ATTACH, _ALTER = (
    sqlite3.SQLITE_READ,
    sqlite3.SQLITE_CREATE_INDEX,
    sqlite3.SQLITE_INSERT,
    sqlite3.SQLITE_UPDATE,
    sqlite3.SQLITE_DELETE,
    sqlite3.SQLITE_ATTACH,
    sqlite3.SQLITE_ALTER_TABLE,
)


class _HasCursors(Protocol):
    def cursor(self) -> Any:
        """PEP 249."""


class OnCursors:
    """What a connection of Python's ``sqlite3`` executes itself, executed on a new cursor of its own."""

    def execute(self: _HasCursors, *arguments: Any) -> Any:
        """Execute on a new cursor."""
        return self.cursor().execute(*arguments)

    def executemany(self: _HasCursors, *arguments: Any) -> Any:
        """Execute on a new cursor."""
        return self.cursor().executemany(*arguments)

    def executescript(self: _HasCursors, script: str, /) -> Any:
        """Execute on a new cursor."""
        return self.cursor().executescript(script)


class WatchedConnection(OnCursors, sqlite3.Connection):
    """A connection that tells; silent until it has a listener."""

    listener: Listener | None = None
    is_copy = True
    """Whether there is a database that it is a copy of."""
    borrower: object | None = None
    """Who uses it as a connection of its own (``lending``)."""
    in_use: Callable[[], None] = staticmethod(lambda: None)
    """Called where it is used by both at once."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._silent = False
        self._reads: set[tuple[str, str]] = set()
        self._writes: set[tuple[str, str]] = set()
        self._known: dict[str, tuple[Rows, Rows]] = {}
        """By text, what statements read and wrote when they were prepared; the driver keeps them prepared."""
        self.writes_schema = False
        """Whether SQLite's own table of the schema may be written to, and has not been read again since."""
        self._versions: tuple[tuple[str, int], ...] = ()
        self._keeps_to_itself = False
        """Whether the transaction has changed the schema, or let nobody else read."""
        self.set_authorizer(self._allow)

    # -- the driver's own functions ----------------------------------------------------------------------------------

    def cursor(self, factory: Any = None) -> Any:
        """PEP 249."""
        return super().cursor(WatchedCursor if factory is None else factory)

    def commit(self) -> None:
        """PEP 249; also where nothing is open, which says that what was done by itself is meant to stay."""
        self._is_ours(None, uses=self.in_transaction)
        self.end(commits=True)

    def rollback(self) -> None:
        """PEP 249."""
        self._is_ours(None, uses=self.in_transaction)
        self.end(commits=False)

    @property
    def lets_others_read(self) -> bool:
        """Whether another connection sees the same schema, while this one is in a transaction."""
        begins = self.isolation_level or ""
        return not self._keeps_to_itself and begins.upper() != "EXCLUSIVE"

    def read_by(self, sql: str) -> Rows:
        """Return what a statement that was executed has read."""
        return self._known.get(sql, (frozenset(), frozenset()))[0]

    def end(self, *, commits: bool) -> None:
        """End what is open, whoever began it."""
        self._keeps_to_itself = False
        if commits:
            super().commit()
            self._tell(Effect("COMMIT", commits=True))
            return
        super().rollback()
        if self.is_watched:
            self._tell(Effect("ROLLBACK", changes=self._has_changed()))

    def _is_ours(self, user: object | None, *, uses: bool) -> None:
        """Say so where the connection is used by one while another one has borrowed it."""
        if uses and self.borrower is not user and self.is_watched:
            self.in_use()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Any:
        if kind is None:
            self.commit()
        else:
            self.rollback()
        return False

    def backup(self, *arguments: Any, **options: Any) -> None:
        """Copy the database, rows and all."""
        self._show_rows("BACKUP")
        super().backup(*arguments, **options)

    def serialize(self, *arguments: Any, **options: Any) -> bytes:
        """Return the database, rows and all."""
        self._show_rows("SERIALIZE")
        return super().serialize(*arguments, **options)

    @property
    def total_changes(self) -> int:
        """How many rows were changed so far."""
        self._show_rows("total_changes")
        count: int = sqlite3.Connection.total_changes.__get__(self)
        return count

    # -- what is told ------------------------------------------------------------------------------------------------

    def _show_rows(self, how: str) -> None:
        """Tell that a script is shown what depends on all rows."""
        look = self._tell(Effect(how, reads=frozenset({COUNTS}), returns=True))
        if look is not None:
            look()

    @property
    def is_watched(self) -> bool:
        """Whether anybody listens."""
        return self.listener is not None and not self._silent

    def listen(self, listener: Listener) -> None:
        """Tell from here on."""
        self._versions = self._versions_now()
        self.listener = listener

    @contextmanager
    def aside(self) -> Iterator[sqlite3.Cursor]:
        """Hand out a cursor of which nothing is told."""
        before, self._silent = self._silent, True
        try:
            yield sqlite3.Cursor(self)
        finally:
            self._silent = before

    def asked(self, question: str) -> list[Any]:
        """Return the rows that answer a question of which nothing is told."""
        with self.aside() as cursor:
            return cursor.execute(question).fetchall()

    def _tell(self, effect: Effect) -> Callable[[], None] | None:
        return self.listener.done(effect) if self.listener is not None and not self._silent else None

    def _allow(self, action: int, one: str | None, two: str | None, schema: str | None, _by: str | None) -> int:
        """Take note of what a statement that is being prepared is about; let it attach no file."""
        if self._silent:
            return sqlite3.SQLITE_OK
        beside = depends_on(action, one, two, is_copy=self.is_copy)
        if beside is not None:
            self._reads.add(beside)
        if action == _READ and one is not None:
            self._reads.add((fold(schema or "main"), fold(one)))
        elif action == _INDEX and two is not None:
            self._writes.add((fold(schema or "main"), fold(two)))
        elif action in (_INSERT, _UPDATE, _DELETE) and one is not None:
            self._writes.add((fold(schema or "main"), fold(one)))
        elif action == _ALTER and two is not None:
            self._writes.add((fold(one or "main"), fold(two)))
        elif action == _ATTACH and one not in _IN_MEMORY:
            if self.listener is not None:
                self.listener.attaches(one or "", "")
            return sqlite3.SQLITE_DENY
        return sqlite3.SQLITE_OK

    def perform(self, cursor: WatchedCursor, sql: str, parameters: Any, execute: Callable[[], object]) -> None:
        """Let a cursor execute a statement, and tell what came of it."""
        if not self.is_watched:
            execute()
            return
        was_open = self.in_transaction
        self._keeps_to_itself = (was_open and self._keeps_to_itself) or _LOCKS.match(sql) is not None
        self._reads.clear()
        self._writes.clear()
        cursor.shown_count = cursor.look = None
        try:
            execute()
        except BaseException as error:
            if was_open and not self.in_transaction:  # as INSERT OR ROLLBACK does
                self._tell(Effect("ROLLBACK", changes=self._has_changed()))
            if isinstance(error, sqlite3.IntegrityError) and self.listener is not None:
                self.listener.failed(Effect(sql, parameters, *self._tables_of(sql)))
            raise
        reads, writes = self._tables_of(sql)
        self._is_ours(cursor.borrower, uses=was_open or self.in_transaction or bool(writes))
        effect = Effect(
            sql,
            parameters,
            reads,
            writes,
            returns=cursor.description is not None,
            changes=self._may_have_changed(sql) and (self._has_changed() or self._is_about_writing(sql)),
            commits=was_open and not self.in_transaction and not _ROLLS_BACK.match(sql),
            is_beside=cursor.is_beside,
        )
        self._keeps_to_itself = self._keeps_to_itself or (effect.changes and self.in_transaction)
        if self.listener is not None:
            cursor.look = self.listener.done(effect)
            if writes and CHANGES_ROWS.match(sql):
                cursor.shown_count = self.listener.counted(sqlite3.Cursor.rowcount.__get__(cursor))
                rowid: int | None = sqlite3.Cursor.lastrowid.__get__(cursor)
                cursor.shown_rowid = None if rowid is None else self.listener.numbered(rowid)

    def _tables_of(self, sql: str) -> tuple[Rows, Rows]:
        """Return what a statement reads and writes, which is told when it is prepared: once."""
        if self._reads or self._writes:
            self._known[sql] = (frozenset(self._reads), frozenset(self._writes))
        return self._known.get(sql, (frozenset(), frozenset()))

    def _may_have_changed(self, sql: str) -> bool:
        found = _WRITES_SCHEMA.search(sql)
        if found is not None:
            self.writes_schema = found["reset"] is None
            return True
        return self.writes_schema or not _LEAVES_SCHEMA.match(sql)

    def _is_about_writing(self, sql: str) -> bool:
        return self.writes_schema or _WRITES_SCHEMA.search(sql) is not None

    def _has_changed(self) -> bool:
        before, self._versions = self._versions, self._versions_now()
        return self._versions != before

    def _versions_now(self) -> tuple[tuple[str, int], ...]:
        found = [(schema, self.asked(version_of(schema))[0][0]) for schema in schemas(self.asked)]
        return tuple([each for each in found if each != ("temp", 0)])  # it is listed once somebody looked into it


class WatchedCursor(sqlite3.Cursor):
    """A cursor of such a connection."""

    connection: WatchedConnection
    borrower: object | None = None
    """As it is of its connection, while it is this one's."""
    is_beside = False
    """Whether it belongs to a connection beside the one that has a transaction open."""
    shown_count: int | None = None
    shown_rowid: int | None = None
    """Of the last change of rows: the driver keeps it beyond other statements."""
    look: Callable[[], None] | None = None
    """What is to be called once somebody fetches rows."""

    def execute(self, sql: str, parameters: Any = (), /) -> Any:
        """PEP 249."""
        found = _ATTACHES.match(sql)
        if found is not None:
            sql, parameters = self._in_memory(sql, found, parameters)
        run = super().execute
        self.connection.perform(self, sql, parameters, lambda: run(sql, parameters))
        return self

    def executemany(self, sql: str, parameters: Any, /) -> Any:
        """PEP 249."""
        run = super().executemany
        self.connection.perform(self, sql, parameters, lambda: run(sql, parameters))
        return self

    def fetchone(self) -> Any:
        """PEP 249."""
        self._show()
        return super().fetchone()

    def fetchmany(self, *arguments: Any, **options: Any) -> Any:
        """PEP 249."""
        self._show()
        return super().fetchmany(*arguments, **options)

    def fetchall(self) -> Any:
        """PEP 249."""
        self._show()
        return super().fetchall()

    def __next__(self) -> Any:
        self._show()
        return super().__next__()

    async def _async_soft_close(self) -> None:
        """Do nothing: what an async driver's cursor closes is here already."""

    def _show(self) -> None:
        """Tell, once, that somebody looks at the rows."""
        look, self.look = self.look, None
        if look is not None:
            look()

    def executescript(self, script: str, /) -> Any:
        """Execute what may be several statements, one after the other, as the driver does."""
        connection = self.connection
        if not connection.is_watched:
            return super().executescript(script)
        if getattr(connection, "autocommit", -1) != -1:  # new in 3.12: then nothing is committed or begun here
            self._each(script)
            return self
        if connection.in_transaction:
            connection.commit()
        begins = connection.isolation_level
        connection.isolation_level = None
        try:
            self._each(script)
        finally:
            connection.isolation_level = begins
        return self

    def _each(self, script: str) -> None:
        for statement in apart(script):
            self.execute(statement)
            self.look = None  # nobody gets the rows
            self.fetchall()

    def _in_memory(self, sql: str, attaches: re.Match[str], parameters: Any) -> tuple[str, Any]:
        """Return what attaches an empty database in the place of one in a file."""
        file = attaches["file"].strip()
        if file.startswith(("'", '"')):
            name = file[1:-1]
        else:
            values = list(parameters.values()) if isinstance(parameters, dict) else list(parameters)
            name = str(values[0]) if values else file
        if name in _IN_MEMORY:
            return sql, parameters
        if self.connection.listener is not None:
            self.connection.listener.attaches(name, attaches["name"].strip("\"'"))
        return f"ATTACH ':memory:' AS {attaches['name']}", ()

    @property
    def rowcount(self) -> int:
        """PEP 249."""
        count: int = sqlite3.Cursor.rowcount.__get__(self)
        return count if self.shown_count is None else self.shown_count

    @property
    def lastrowid(self) -> int | None:
        """PEP 249."""
        rowid: int | None = sqlite3.Cursor.lastrowid.__get__(self)
        return rowid if self.shown_rowid is None else self.shown_rowid
