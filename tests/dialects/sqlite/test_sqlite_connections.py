"""What looking at a SQLite database costs, what it leaves in a connection, and which transaction that is in."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from alembic_contracts.dialects import Asked, Locked, sqlite
from alembic_contracts.errors import CannotCheck
from alembic_contracts.schemas.schema import Name, Schema, Table
from tests.support.sqlite_database import ITEMS, NAMED, ORDERS, SHOP, connected, main, run

# -- what it costs, and what it leaves ---------------------------------------------------------------------------------


def _statements(connection: sa.Connection, tables: set[Name] | None) -> int:
    seen: list[str] = []
    driver = connection.connection.driver_connection
    driver.set_trace_callback(seen.append)
    sqlite.observe(connection, tables)
    driver.set_trace_callback(None)
    # What the pragmas of one statement do inside is traced as well, as a comment.
    return sum(not text.startswith(("--", "PRAGMA")) for text in seen)


def test_as_many_statements_for_many_tables(connection: sa.Connection) -> None:
    counts = []
    for number in (10, 490):
        for at in range(number):
            run(
                connection,
                f"""
                CREATE TABLE t{number}_{at} (a INTEGER PRIMARY KEY, b UNIQUE, c REFERENCES t{number}_0, CHECK (b > 0));
                CREATE INDEX i{number}_{at} ON t{number}_{at} (b);
                CREATE VIEW v{number}_{at} AS SELECT * FROM t{number}_{at};
                """,
            )
        tables = set(sqlite.observe(connection, None).tables)
        counts.append((_statements(connection, None), _statements(connection, tables)))
    assert len(tables) == 1000
    assert counts[0] == counts[1]
    assert max(counts[1]) <= 10


def test_what_is_not_asked_for(shop: Schema, connection: sa.Connection) -> None:
    bare = sqlite.observe(connection, None, asked=Asked(frozenset(), frozenset()))
    assert {table.indexes for table in bare.tables.values()} == {()}
    assert bare.tables[NAMED].definition is None
    assert bare.tables[ORDERS].constraints == shop.tables[ORDERS].constraints
    full = sqlite.observe(connection, None, asked=Asked(frozenset({"indexes", "rest", "grants"}), frozenset()))
    assert full == shop


def test_a_sight_is_all_there_is(shop: Schema, connection: sa.Connection) -> None:
    sight = sqlite.sight(connection, None, [ORDERS, main("nowhere")])
    assert (sight.schema, sight.unread) == (shop, frozenset())
    assert set(sight.fingerprints) == {ORDERS}
    assert sqlite.completed(connection, sight, sight.schema) == shop


def _file(tmp_path: Path) -> str:
    with closing(sqlite3.connect(tmp_path / "shop.db")) as driver:
        driver.executescript(SHOP)
    return f"sqlite:///{tmp_path / 'shop.db'}"


WAYS = {
    "plain": {},
    "AUTOCOMMIT": {"isolation_level": "AUTOCOMMIT"},
    "recipe": {"recipe": True},
    "always in a transaction": {"connect_args": {"autocommit": False}},
}
"""How SQLAlchemy and pysqlite share the transactions out; the last one since Python 3.12."""
HERE = [way for way in WAYS if way != "always in a transaction" or sys.version_info >= (3, 12)]


@pytest.mark.parametrize("way", HERE)
def test_nothing_stays(tmp_path: Path, way: str) -> None:
    with connected(_file(tmp_path), **WAYS[way]) as connection:
        seen: list[str] = []
        sa.event.listen(connection, "before_cursor_execute", lambda *event: seen.append(event[2]))
        schema = sqlite.observe(connection, None)
        assert not connection.in_transaction()
        assert connection.connection.driver_connection.in_transaction == (way == "always in a transaction")
        assert seen == []
        with closing(sqlite3.connect(tmp_path / "shop.db", timeout=0)) as other:
            other.executescript("BEGIN EXCLUSIVE; CREATE TABLE more (a); COMMIT")
        assert main("more") in sqlite.observe(connection, None).tables.keys() - schema.tables.keys()


@pytest.mark.parametrize("way", [*HERE, "script"])
def test_a_transaction_stays_as_it_is(tmp_path: Path, way: str) -> None:
    with connected(_file(tmp_path), **WAYS.get(way, {})) as connection:
        if way in ("script", "AUTOCOMMIT"):
            connection.exec_driver_sql("BEGIN")
        connection.exec_driver_sql("INSERT INTO customers (email) VALUES ('a@example.org')")
        connection.exec_driver_sql("ALTER TABLE items RENAME TO lines")
        connection.exec_driver_sql("SAVEPOINT mine")
        assert main("lines") in sqlite.observe(connection, None).tables
        assert connection.connection.driver_connection.in_transaction
        connection.exec_driver_sql("ROLLBACK TO mine")
        connection.rollback()
        assert ITEMS in sqlite.observe(connection, None).tables
        assert connection.exec_driver_sql("SELECT count(*) FROM customers").scalar_one() == 0


def test_what_another_cursor_is_reading_goes_on(tmp_path: Path) -> None:
    with connected(_file(tmp_path)) as connection:
        driver = connection.connection.driver_connection
        cursor = driver.execute(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n LIMIT 9"
        )
        assert cursor.fetchone() == (1,)
        sqlite.observe(connection, None)
        assert len(cursor.fetchall()) == 8


def test_a_locked_database(tmp_path: Path) -> None:
    url = _file(tmp_path)
    with (
        closing(sqlite3.connect(tmp_path / "shop.db")) as other,
        connected(url, connect_args={"timeout": 0}) as connection,
    ):
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(Locked, match="database is locked"):
            sqlite.observe(connection, None)
        assert not connection.connection.driver_connection.in_transaction
        other.rollback()
        assert ORDERS in sqlite.observe(connection, None).tables


def test_what_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "no.db").write_bytes(b"no database at all" * 100)
    with connected(f"sqlite:///{tmp_path / 'no.db'}") as connection:
        with pytest.raises(CannotCheck, match="cannot be read: file is not a database"):
            sqlite.observe(connection, None)
        with pytest.raises(CannotCheck, match="file is not a database"):
            sqlite.session(connection)


def test_aiosqlite(tmp_path: Path) -> None:
    def look(connection: sa.Connection) -> tuple[Schema, Any, Any]:
        schema = sqlite.observe(connection, None)
        connection.exec_driver_sql("INSERT INTO customers (email) VALUES ('a@example.org')")
        inside = sqlite.transaction(connection)
        assert sqlite.observe(connection, None) == schema
        return schema, inside, sqlite.transaction(connection, inside)

    async def run_look() -> tuple[Schema, Any, Any]:
        engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path / 'shop.db'}")
        async with engine.connect() as connection:
            found = await connection.run_sync(look)
        await engine.dispose()
        return found

    url = _file(tmp_path)
    schema, inside, again = asyncio.run(run_look())
    with connected(url) as connection:
        assert schema == sqlite.observe(connection, None)
    assert inside is not None
    assert inside == again


def test_a_text_that_is_new_to_us_is_not_guessed_at(connection: sa.Connection) -> None:
    """Written past SQLite's own checks, as a later version might."""
    run(
        connection,
        """
        CREATE TABLE t (a INTEGER PRIMARY KEY, b INT NOT NULL, UNIQUE (b), CHECK (b > 0));
        PRAGMA writable_schema = ON;
        UPDATE sqlite_master SET sql = replace(sql, 'CREATE TABLE', 'CREATE NEW TABLE') WHERE name = 't';
        """,
    )
    table: Table = sqlite.observe(connection, None).tables[main("t")]
    assert not table.complete
    assert [column.name for column in table.columns] == ["a", "b"]
    assert [(each.kind, each.columns) for each in table.constraints] == [("primary key", ("a",)), ("unique", ("b",))]


# -- sessions and transactions -----------------------------------------------------------------------------------------


def test_session(connection: sa.Connection, tmp_path: Path) -> None:
    major, minor, patch = sqlite3.sqlite_version_info
    session = sqlite.session(connection)
    assert (session.database, session.user, session.search_path) == (":memory:", "", ("main",))
    assert session.server_version == major * 10_000 + minor * 100 + patch
    with connected(_file(tmp_path)) as other:
        assert sqlite.session(other).database == str(tmp_path / "shop.db")
        assert not other.in_transaction()
        lookup = sqlite.lookup(other)
        sqlite.look_up_as(other, lookup)
        assert lookup == ""


def test_pysqlite_begins_no_transaction_before_ddl(connection: sa.Connection) -> None:
    connection.exec_driver_sql("CREATE TABLE t (a)")
    assert connection.in_transaction()
    assert sqlite.transaction(connection) is None


@pytest.mark.parametrize("end", ["commit", "rollback"])
@pytest.mark.parametrize("way", [way for way in HERE if way not in ("plain", "AUTOCOMMIT")])
def test_a_transaction_is_known_until_its_end(tmp_path: Path, way: str, end: str) -> None:
    with connected(_file(tmp_path), **WAYS[way]) as connection:
        connection.exec_driver_sql("CREATE TABLE t (a)")
        first = sqlite.transaction(connection)
        assert first is not None
        assert sqlite.transaction(connection, first) == first
        assert sqlite.fate(connection, first) == "open"
        getattr(connection, end)()
        assert sqlite.fate(connection, first) is None
        assert sqlite.transaction(connection, first) != first
        connection.exec_driver_sql("CREATE TABLE u (a)")
        second = sqlite.transaction(connection, None)
        assert second is not None
        assert second != first
        assert sqlite.fate(connection, first) is None
        assert sqlite.fate(connection, second) == "open"
