"""What of a SQLite database makes its schema in, an empty database in memory out that behaves like it.

Rows are not copied, but those of Alembic's version table: where the database is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import Struct
from sqlalchemy import URL, NullPool, QueuePool, create_engine, event

from alembic_contracts.dialects.listeners import EVENTS, is_users, listen
from alembic_contracts.dialects.sqlite.lending import Beside, Lent, lent
from alembic_contracts.dialects.sqlite.names import quote, stored_in
from alembic_contracts.dialects.sqlite.telling import WatchedConnection
from alembic_contracts.patterns import pattern
from alembic_contracts.support.greenlets import wait_for_nothing

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Dialect, Engine

__all__ = [
    "Copy",
    "Part",
    "copied",
    "engine_of",
    "made",
]

_SESSION = (
    "foreign_keys",
    "legacy_alter_table",
    "ignore_check_constraints",
    "recursive_triggers",
    "defer_foreign_keys",
    "trusted_schema",
    "writable_schema",
)
"""Pragmas of a connection that have a say in what statements do."""
_OF_SCHEMA = ("user_version", "application_id")
_CREATE = pattern(r"CREATE (?:UNIQUE |VIRTUAL )?(?:TABLE|INDEX|VIEW|TRIGGER) ")
"""How SQLite stores each; it leaves out what else stood there."""
_ORDER = "CASE type WHEN 'table' THEN 1 WHEN 'view' THEN 2 WHEN 'index' THEN 3 ELSE 4 END"


class Part(Struct, frozen=True):
    """One schema: ``main``, ``temp``, or an attached database by its name."""

    name: str
    statements: tuple[str, ...] = ()
    """What makes it, in an order that works, as SQLite stores it."""
    numbers: tuple[int, ...] = (0, 0)
    """``user_version`` and ``application_id``."""


class Copy(Struct, frozen=True, kw_only=True):
    """What makes the schema of a database, and how a connection to it behaves."""

    parts: tuple[Part, ...] = (Part("main"),)
    encoding: str = "UTF-8"
    session: tuple[tuple[str, int], ...] = ()
    """Pragmas, and what they were set to."""
    heads: tuple[str, ...] = ()
    """What is in the version table."""
    isolation_level: str | None = ""
    """The driver's: None where it begins no transaction by itself."""


def copied(connection: Connection, version_table: str, version_schema: str | None) -> Copy:
    """Read what makes the schema of a database, through its driver alone: no transaction is begun.

    Args:
        connection: to the database.
        version_table: Alembic's table.
        version_schema: where it is; None: ``main``.
    """
    raw = connection.connection.dbapi_connection
    assert raw is not None  # noqa: S101 - it is connected
    cursor = raw.cursor()

    def asked(sql: str) -> list[Any]:
        cursor.execute(sql)
        return list(cursor.fetchall())

    try:
        names = [row[1] for row in asked("PRAGMA database_list")]
        session = [(name, asked(f"PRAGMA {name}")) for name in _SESSION]
        return Copy(
            # SQLAlchemy looks into `temp`, which makes it, and nothing in it.
            parts=tuple(part for part in (_part(asked, name) for name in names) if part != Part("temp")),
            encoding=asked("PRAGMA encoding")[0][0],
            session=tuple((name, rows[0][0]) for name, rows in session if rows),
            heads=_heads(asked, version_table, version_schema or "main"),
            isolation_level=getattr(raw, "isolation_level", ""),
        )
    finally:
        cursor.close()


def _part(asked: Callable[[str], list[Any]], schema: str) -> Part:
    shadows = _shadows(asked, schema)
    rows = asked(f"SELECT name, sql FROM {stored_in(schema)} WHERE sql IS NOT NULL ORDER BY {_ORDER}, rowid")  # noqa: S608 - its own names
    return Part(
        schema,
        (
            *(sql for name, _ in rows if name in _OWN for sql in _OWN[name](quote(schema))),
            *(sql for name, sql in rows if not name.lower().startswith("sqlite_") and name not in shadows),
        ),
        tuple(asked(f"PRAGMA {quote(schema)}.{name}")[0][0] for name in _OF_SCHEMA),
    )


_OWN: dict[str, Callable[[str], tuple[str, ...]]] = {
    "sqlite_sequence": lambda schema: (
        "CREATE TABLE alembic_contracts_own (id INTEGER PRIMARY KEY AUTOINCREMENT)",
        f"DROP TABLE {schema}.alembic_contracts_own",
    ),
    "sqlite_stat1": lambda schema: (f"ANALYZE {schema}.sqlite_master",),
}
"""What makes SQLite's own tables, which stay when what they were made for is gone, and scripts write."""


def _shadows(asked: Callable[[str], list[Any]], schema: str) -> frozenset[str]:
    """Return the tables that virtual tables make for themselves."""
    virtual = asked(f"SELECT name FROM {stored_in(schema)} WHERE sql LIKE 'CREATE VIRTUAL%'")  # noqa: S608 - its own names
    if not virtual:
        return frozenset()
    if sqlite3.sqlite_version_info >= (3, 37):
        return frozenset(row[1] for row in asked(f"PRAGMA {quote(schema)}.table_list") if row[2] == "shadow")
    names = tuple(f"{row[0]}_" for row in virtual)
    tables = asked(f"SELECT name FROM {stored_in(schema)} WHERE type = 'table'")  # noqa: S608 - its own names
    return frozenset(row[0] for row in tables if row[0].startswith(names))


def _heads(asked: Callable[[str], list[Any]], table: str, schema: str) -> tuple[str, ...]:
    try:
        rows = asked(f"SELECT version_num FROM {quote(schema)}.{quote(table)}")  # noqa: S608 - Alembic's own table
    except sqlite3.Error:  # there is none yet
        return ()
    return tuple(sorted(row[0] for row in rows))


_SECOND = "the script uses a second connection to the database beside the first one"


# -- the copy ----------------------------------------------------------------------------------------------------------


class CopyEngine(NamedTuple):
    """An engine that connects to a copy of a database."""

    engine: Engine
    lends: Callable[..., Lent | Beside | sqlite3.Connection | None]
    """Returns a connection for another engine to the same database, by its dialect and what it connects with; None: it
    is an engine to another one."""


def engine_of(
    copy: Copy, engine: Engine | None, like: Dialect, told: Callable[[str], None], configured: URL | None = None
) -> CopyEngine:
    """Return an engine with one connection: to an empty database, in the way that the user's engine connects.

    Args:
        copy: what the database is to be like.
        engine: the user's, whose listeners count: they decide what transactions and foreign keys are.
        like: its dialect, or the one that there would be.
        told: what of that does not work here.
        configured: where the project's configuration says that the database is, for want of an engine.
    """
    place = configured if engine is None else engine.url
    options: dict[str, Any] = {"isolation_level": getattr(like, "_on_connect_isolation_level", None)}
    for name in ("json_serializer", "json_deserializer"):
        options[name] = getattr(like, f"_{name}", None)
    first: WatchedConnection | None = None
    factory = _factory(like)

    may_be_beside = engine is None or (isinstance(engine.pool, QueuePool | NullPool) and _is_file(engine.url))

    def connect() -> sqlite3.Connection | Lent | Beside:
        nonlocal first
        if first is not None:
            try:
                return lent(first, may_be_beside=may_be_beside)
            except sqlite3.OperationalError:
                told(_SECOND)
                raise
        first = sqlite3.connect(":memory:", factory=factory, check_same_thread=False)
        first.execute(f"PRAGMA encoding = '{copy.encoding}'")
        first.in_use = lambda: told(_SECOND)
        return first

    url = URL.create("sqlite", database=None if engine is None else engine.url.database)
    made_ = create_engine(
        url,
        creator=connect,
        poolclass=NullPool,
        native_datetime=getattr(like, "native_datetime", False),
        **{name: value for name, value in options.items() if value is not None},
    )
    event.listen(made_, "before_cursor_execute", _wait_if_async)
    _have_streams(made_.dialect)
    if like.is_async:
        vars(made_.dialect)["get_driver_connection"] = lambda connection: connection.driver_connection
    if engine is not None:
        _take_over(engine, made_, told)
    return CopyEngine(made_, lambda *its: connect() if first is not None and _is_to_the_same(place, *its) else None)


def _is_to_the_same(
    place: URL | None, dialect: Dialect, positional: Sequence[object], named: Mapping[str, object]
) -> bool:
    """Whether an engine of a script's own connects to the file that a URL is of, as a new engine does."""
    own = None if place is None or not _is_file(place) else place.database
    is_plain = (dialect.name, dialect.is_async) == ("sqlite", False) and named.keys() <= _HARMLESS
    if own is None or not is_plain or len(positional) != 1 or not isinstance(positional[0], str):
        return False
    return Path(positional[0]).absolute() == Path(own).absolute()


_HARMLESS = {"check_same_thread", "timeout"}
"""Arguments of the driver's ``connect`` that change nothing of what its connection sees and does."""


def _factory(like: Dialect) -> type[WatchedConnection]:
    """Return what a connection is made as: with what the driver's have."""
    if not like.is_async:
        return WatchedConnection
    from alembic_contracts.dialects.sqlite.awaited import AsyncConnection

    return AsyncConnection


def _have_streams(dialect: Dialect) -> None:
    """Have rows asked for one by one where a script does so, as it can with an asynchronous driver."""
    dialect.supports_server_side_cursors = True
    own = {"create_server_side_cursor": lambda context: context._dbapi_connection.cursor()}  # noqa: SLF001 - as others do
    dialect.execution_ctx_cls = type("Streaming", (dialect.execution_ctx_cls,), own)


def _wait_if_async(connection: Connection, *_: object) -> None:
    if connection.dialect.is_async:
        wait_for_nothing()


def _is_file(url: URL) -> bool:
    """Whether all connections to it are to one database, each with transactions of its own."""
    return not (url.database or ":memory:").startswith((":memory:", "file:"))


def _take_over(engine: Engine, copy: Engine, told: Callable[[str], None]) -> None:
    """Have the listeners of an engine listen to its copy; those of all engines do so already."""

    def guarded(listener: Callable[..., Any]) -> Callable[..., Any]:
        def listen(*arguments: Any) -> Any:
            try:
                return listener(*arguments)
            except Exception as error:  # noqa: BLE001 - theirs
                name = getattr(listener, "__name__", "a listener")
                said = " ".join(f"{type(error).__name__}: {error}".split())
                told(f"the engine's listener {name} does not work on an empty copy: {said}")

        return listen

    for name in ("connect", "checkout"):
        for listener in tuple(getattr(engine.pool.dispatch, name).listeners):
            if is_users(listener):
                event.listen(copy.pool, name, guarded(listener))
    for name in EVENTS:
        for listener in tuple(getattr(engine.dispatch, name).listeners):
            listen(copy, name, listener)


def made(raw: WatchedConnection, copy: Copy, version_table: str) -> list[str]:
    """Make an empty database what another one is; returns what cannot be made here.

    Args:
        raw: the connection, which has done nothing yet but what listeners did.
        copy: what there is to be.
        version_table: Alembic's table, with its schema if it has one, as SQL names it.
    """
    missing: list[str] = []
    with raw.aside() as cursor:
        there = {row[1] for row in cursor.execute("PRAGMA database_list").fetchall()}
        cursor.execute("PRAGMA foreign_keys = OFF")  # until everything is there
        for part in copy.parts:
            if part.name not in there and part.name != "temp":
                cursor.execute(f"ATTACH ':memory:' AS {quote(part.name)}")
            missing.extend(_make(cursor, part))
        if copy.heads:
            insert = f"INSERT INTO {version_table} (version_num) VALUES (?)"  # noqa: S608 - Alembic's own table
            cursor.executemany(insert, [(head,) for head in copy.heads])
        if raw.in_transaction:
            sqlite3.Connection.commit(raw)
        for name, value in copy.session:
            cursor.execute(f"PRAGMA {name} = {value}")
    if raw.isolation_level != copy.isolation_level:
        raw.isolation_level = copy.isolation_level  # type: ignore[assignment] # it was the driver's own
    return missing


def _make(cursor: sqlite3.Cursor, part: Part) -> Iterator[str]:
    """Make a schema; yields what cannot be made."""
    for statement in part.statements:
        try:
            cursor.execute(_in_schema(statement, part.name))
        except sqlite3.Error as error:
            yield f"{' '.join(statement.split())[:80]}: {error}"
    for name, number in zip(_OF_SCHEMA, part.numbers, strict=True):
        if number:
            cursor.execute(f"PRAGMA {quote(part.name)}.{name} = {number}")


def _in_schema(statement: str, schema: str) -> str:
    """Return a statement as SQLite stores it, for a schema."""
    found = _CREATE.match(statement)
    if schema == "main" or found is None:
        return statement
    return f"{found[0]}{quote(schema)}.{statement[found.end() :]}"
