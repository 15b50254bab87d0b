"""Observation of real SQLite databases."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import create_async_engine

from alembic_contracts.dialects import Asked, Locked, is_known, load, sqlite
from alembic_contracts.errors import CannotCheck
from alembic_contracts.judging import rules
from alembic_contracts.schemas.schema import Column, Constraint, Index, Name, Schema, Table
from tests.support.sqlite_database import connected

STRICT = sqlite3.sqlite_version_info >= (3, 37)
SHOP = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE COLLATE NOCASE, name VARCHAR(50));
CREATE TABLE Orders (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    customer INT NOT NULL CONSTRAINT placed_by REFERENCES Customers ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    total DECIMAL(10, 2) DEFAULT 0 CHECK (total >= 0),
    cents INT AS (total * 100) STORED,
    CONSTRAINT sane CHECK (total < 1000000 AND customer <> 0)
);
CREATE UNIQUE INDEX big ON orders (customer, abs(total) DESC) WHERE total > 100;
CREATE TABLE items (
    "order" INT, position INT, "article no" TEXT, PRIMARY KEY (position, "order")
) WITHOUT ROWID;
CREATE VIEW spent AS SELECT customer, sum(total) AS total FROM orders GROUP BY customer;
CREATE VIEW named (number, called) AS SELECT id, name FROM customers;
CREATE TRIGGER rename_customer INSTEAD OF UPDATE OF Called ON named
BEGIN UPDATE customers SET name = new.called WHERE id = new.number; END;
"""
ORDERS, ITEMS, NAMED = Name("main", "Orders"), Name("main", "items"), Name("main", "named")


def main(name: str) -> Name:
    return Name("main", name)


def run(connection: sa.Connection, script: str) -> None:
    connection.connection.driver_connection.executescript(script)


def _typed(name: str, type_: str, **facts: Any) -> Column:
    return Column(name=name, type=sqlite.parse_type(type_), **facts)


@pytest.fixture
def shop(connection: sa.Connection) -> Schema:
    run(connection, SHOP)
    return sqlite.observe(connection, None)


def test_it_is_a_dialect() -> None:
    assert is_known("sqlite")
    assert load("sqlite") is sqlite
    assert [name for name in sqlite.__all__ if not name.isupper() and not callable(getattr(sqlite, name))] == []
    assert not hasattr(sqlite, "no_such_thing")
    assert rules.load().keys() >= sqlite.NOT_EXPRESSED


# -- what is read ------------------------------------------------------------------------------------------------------


def test_tables(shop: Schema) -> None:
    assert list(shop.tables) == [ORDERS, main("customers"), ITEMS, NAMED, main("spent")]
    assert {table.kind for table in shop.tables.values()} == {"table", "view"}
    assert all(table.complete for table in shop.tables.values())
    assert shop.namespaces == {"main"}


def test_columns(shop: Schema) -> None:
    assert shop.tables[ORDERS].columns == (
        _typed("id", "INTEGER", not_null=True, identity="by default"),
        _typed("customer", "INT", not_null=True),
        _typed("total", "DECIMAL(10, 2)", default="0"),
        _typed("cents", "INT", generated="stored", expression="total * 100"),
    )
    assert shop.tables[main("customers")].columns[1] == _typed("email", "TEXT", not_null=True, collation="NOCASE")
    assert [(c.name, c.not_null) for c in shop.tables[ITEMS].columns] == [
        ("order", True),
        ("position", True),
        ("article no", False),
    ]


def test_constraints(shop: Schema) -> None:
    assert shop.tables[ORDERS].constraints == (
        Constraint(name="", kind="primary key", columns=("id",)),
        Constraint(name="", kind="check", columns=("total",), expression="total >= 0"),
        Constraint(
            name="sane", kind="check", columns=("customer", "total"), expression="total < 1000000 AND customer <> 0"
        ),
        Constraint(
            name="placed_by",
            kind="foreign key",
            columns=("customer",),
            references=main("customers"),
            referenced_columns=("id",),
            on_delete="CASCADE",
            deferrable=True,
            initially_deferred=True,
        ),
    )
    assert shop.tables[ITEMS].primary_key == ("position", "order")


def test_indexes(shop: Schema) -> None:
    assert shop.tables[ORDERS].indexes == (
        Index(
            name="big", columns=("customer", None), unique=True, predicate="total > 100", expressions=("abs(total)",)
        ),
    )
    assert shop.tables[main("customers")].indexes == (
        Index(name="sqlite_autoindex_customers_1", columns=("email",), unique=True, constraint=""),
    )


def test_views(shop: Schema) -> None:
    assert shop.tables[NAMED].definition == "SELECT id, name FROM customers"
    assert shop.tables[NAMED].columns == (
        _typed("number", "INTEGER", updatable=False),
        _typed("called", "VARCHAR(50)", updatable=True),
    )
    assert [column.updatable for column in shop.tables[main("spent")].columns] == [False, False]


def test_what_an_index_compares_otherwise_than_its_column_is_no_index_of_it(connection: sa.Connection) -> None:
    run(
        connection,
        """
        CREATE TABLE t (a TEXT COLLATE NOCASE, b TEXT, UNIQUE (a, b), UNIQUE (b, a COLLATE BINARY));
        CREATE UNIQUE INDEX finer ON t (a COLLATE BINARY);
        CREATE UNIQUE INDEX coarser ON t (b COLLATE NOCASE);
        CREATE UNIQUE INDEX same ON t (a);
        """,
    )
    table = sqlite.observe(connection, None).tables[main("t")]
    assert {index.name: (index.columns, index.constraint) for index in table.indexes} == {
        "sqlite_autoindex_t_1": (("a", "b"), ""),
        "sqlite_autoindex_t_2": (("b", None), None),
        "finer": ((None,), None),
        "coarser": (("b",), None),
        "same": (("a",), None),
    }
    assert [constraint.columns for constraint in table.constraints] == [("a", "b")]


@pytest.mark.skipif(not STRICT, reason="STRICT is there since SQLite 3.37")
def test_strict_tables(connection: sa.Connection) -> None:
    run(connection, "CREATE TABLE t (a INT PRIMARY KEY, b ANY, c TEXT NOT NULL) STRICT")
    assert sqlite.observe(connection, None).tables[main("t")].columns == (
        _typed("a", "INT", not_null=True),
        _typed("b", "ANY"),
        _typed("c", "TEXT", not_null=True),
    )


@pytest.mark.parametrize("reference", ["nowhere", "wide", "keyless", "v"])
def test_a_foreign_key_that_can_refer_to_nothing_is_not_valid(connection: sa.Connection, reference: str) -> None:
    run(
        connection,
        f"""
        CREATE TABLE wide (a, b, PRIMARY KEY (a, b));
        CREATE TABLE keyless (a);
        CREATE VIEW v AS SELECT 1 AS a;
        CREATE TABLE t (a REFERENCES {reference}, b REFERENCES good);
        CREATE TABLE good (id TEXT PRIMARY KEY);
        """,
    )
    bad, good = sqlite.observe(connection, {main("t")}).tables[main("t")].constraints
    assert (bad.valid, bad.references) == (False, main(reference))
    assert (good.valid, good.referenced_columns) == (True, ("id",))


def test_virtual_tables_without_what_they_keep_beside(connection: sa.Connection) -> None:
    run(
        connection,
        """
        CREATE VIRTUAL TABLE words USING fts5 (title, body);
        CREATE VIRTUAL TABLE old USING fts4 (title);
        CREATE VIRTUAL TABLE boxes USING rtree (id, low, high);
        CREATE TABLE words_of_mine (a);
        """,
    )
    schema = sqlite.observe(connection, None)
    assert {name.name: [column.name for column in table.columns] for name, table in schema.tables.items()} == {
        "boxes": ["id", "low", "high"],
        "old": ["title"],
        "words": ["title", "body"],
        "words_of_mine": ["a"],
    }
    assert {column.updatable for column in schema.tables[main("words")].columns} == {None}
    assert list(sqlite.observe(connection, {main("words_data")}).tables) == [main("words_data")]


def test_tables_of_sqlite_are_none(shop: Schema, connection: sa.Connection) -> None:
    run(connection, "ANALYZE")
    assert sqlite.observe(connection, None) == shop
    assert sqlite.observe(connection, {main("sqlite_sequence"), main("sqlite_master")}).tables == {}


# -- broken views ------------------------------------------------------------------------------------------------------


def test_a_broken_view_is_not_in_the_way_of_others(shop: Schema, connection: sa.Connection) -> None:
    run(
        connection,
        """
        CREATE VIEW gone AS SELECT * FROM nowhere;
        CREATE VIEW lost AS SELECT id, missing FROM customers;
        CREATE VIEW odd (a, b) AS SELECT 1;
        CREATE VIEW odder AS SELECT a FROM odd;
        CREATE VIEW unsure AS SELECT id FROM customers, orders;
        CREATE VIEW uneven AS SELECT 1 UNION SELECT 1, 2;
        CREATE VIEW unindexed AS SELECT * FROM customers INDEXED BY nowhere;
        CREATE VIEW endless AS SELECT * FROM endless;
        CREATE VIEW strange AS SELECT their_function(id) AS x FROM customers;
        """,
    )
    schema = sqlite.observe(connection, None)
    for name, table in shop.tables.items():
        assert schema.tables[name] == table
    broken = {name.name: table.complete for name, table in schema.tables.items() if not table.columns}
    # Whoever reads it fails; but a connection that has the function reads the last one.
    names = ("gone", "lost", "odd", "odder", "unsure", "uneven", "unindexed", "endless")
    assert broken == {**dict.fromkeys(names, True), "strange": False}
    only = sqlite.observe(connection, {main("gone"), NAMED})
    assert only.tables == {name: schema.tables[name] for name in (main("gone"), NAMED)}


# -- names -------------------------------------------------------------------------------------------------------------


def test_names_are_found_in_any_case(shop: Schema, connection: sa.Connection) -> None:
    names = {main("ORDERS"), Name("MAIN", "orders"), main("customers"), main("nowhere"), Name("other", "orders")}
    schema = sqlite.observe(connection, names)
    assert set(schema.tables) == names - {main("nowhere"), Name("other", "orders")}
    assert schema.tables[main("ORDERS")].name == main("ORDERS")
    assert schema.tables[main("ORDERS")].columns == shop.tables[ORDERS].columns
    assert schema.tables[main("ORDERS")].constraints[-1].references == main("customers")


def test_columns_in_the_names_that_are_asked_for(shop: Schema) -> None:
    names = {main("orders"): ("ID", "Customer", "missing"), main("CUSTOMERS"): ["Id"]}
    orders = sqlite.spelled(shop, names).tables[main("orders")]
    assert [column.name for column in orders.columns] == ["ID", "Customer", "total", "cents"]
    assert orders.primary_key == ("ID",)
    key = orders.constraints[-1]
    assert (key.columns, key.references, key.referenced_columns) == (("Customer",), main("CUSTOMERS"), ("Id",))
    assert orders.constraints[2].columns == ("Customer", "total")
    assert orders.indexes[0].columns == ("Customer", None)
    assert sqlite.spelled(shop, {ORDERS: ("id",)}) == shop
    assert main("items") in sqlite.spelled(shop, names).tables


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=8)


@given(NAMES, NAMES, NAMES)
def test_any_name(table: str, column: str, index: str) -> None:
    with connected() as connection:
        if table.lower().startswith("sqlite_") or index.lower().startswith("sqlite_"):
            return
        run(
            connection,
            f"CREATE TABLE {sqlite.quote(table)} ({sqlite.quote(column)} INT CHECK ({sqlite.quote(column)} > 0))",
        )
        if sqlite.quote(index).lower() != sqlite.quote(table).lower():
            run(connection, f"CREATE INDEX {sqlite.quote(index)} ON {sqlite.quote(table)} ({sqlite.quote(column)})")
        schema = sqlite.observe(connection, {main(table)})
        assert schema == sqlite.observe(connection, None)
    found = schema.tables[main(table)]
    assert found.complete
    assert [each.name for each in found.columns] == [column]
    assert [each.columns for each in found.constraints] == [(column,)]
    assert [each.columns for each in found.indexes] in ([], [(column,)])


def test_no_name_at_all(connection: sa.Connection) -> None:
    run(connection, 'CREATE TABLE "" ("" INT); CREATE TABLE t (a)')
    assert [column.name for column in sqlite.observe(connection, {main("")}).tables[main("")].columns] == [""]
    assert sqlite.observe(connection, {main("t\0"), main("it's")}).tables == {}
    assert sqlite.observe(connection, set()).tables == {}


# -- attached databases ------------------------------------------------------------------------------------------------


def test_attached_databases(connection: sa.Connection, tmp_path: Path) -> None:
    run(
        connection,
        f"""
        ATTACH '{tmp_path / "one.db"}' AS "My Archive";
        CREATE TABLE t (a INT);
        CREATE TABLE "My Archive".t (b INT PRIMARY KEY, c REFERENCES u);
        CREATE TABLE "My Archive".u (id INTEGER PRIMARY KEY);
        CREATE TEMP TABLE t (d TEXT);
        CREATE TEMP VIEW v AS SELECT * FROM main.t;
        """,
    )
    schema = sqlite.observe(connection, None)
    assert {name: [column.name for column in table.columns] for name, table in schema.tables.items()} == {
        Name("My Archive", "t"): ["b", "c"],
        Name("My Archive", "u"): ["id"],
        main("t"): ["a"],
        Name("temp", "t"): ["d"],
        Name("temp", "v"): ["a"],
    }
    assert schema.namespaces == {"main", "temp", "My Archive"}
    assert schema.tables[Name("temp", "t")].persistence == "temporary"
    key = schema.tables[Name("My Archive", "t")].constraints[-1]
    assert (key.references, key.referenced_columns, key.valid) == (Name("My Archive", "u"), ("id",), True)
    archived = Name("my archive", "T")
    assert list(sqlite.observe(connection, {archived}).tables) == [archived]


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
