"""Observation of real SQLite databases."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from alembic_contracts.dialects import is_known, load, sqlite
from alembic_contracts.judging import rules
from alembic_contracts.schemas.schema import Column, Constraint, Index, Name, Schema
from tests.support.sqlite_database import ITEMS, NAMED, ORDERS, connected, main, run

STRICT = sqlite3.sqlite_version_info >= (3, 37)


def _typed(name: str, type_: str, **facts: Any) -> Column:
    return Column(name=name, type=sqlite.parse_type(type_), **facts)


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
            to_primary_key=True,
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


@pytest.mark.parametrize("broken", ["DROP TABLE t", "ALTER TABLE t DROP COLUMN b", None])
def test_a_view_that_was_seen_before_is_seen_as_it_is_by_now(broken: str | None) -> None:
    """A driver keeps statements prepared, and SQLite does not prepare an EXPLAIN anew."""
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE t (a INTEGER, b TEXT)")
        connection.exec_driver_sql("CREATE VIEW v (x) AS SELECT a FROM t ORDER BY b")
        assert sqlite.observe(connection, [main("v")]).tables[main("v")].columns
        if broken is None:
            connection.exec_driver_sql("DROP VIEW v")
            connection.exec_driver_sql('CREATE VIEW v (x) AS SELECT a FROM t ORDER BY b COLLATE "de_DE"')
        else:
            connection.exec_driver_sql("PRAGMA legacy_alter_table = ON")
            connection.exec_driver_sql(broken)
        with pytest.raises(sa.exc.OperationalError):
            connection.exec_driver_sql("SELECT x FROM v")
        seen = sqlite.observe(connection, [main("v")]).tables[main("v")]
    assert seen.columns == ()
    assert seen.complete == (broken is not None)
    engine.dispose()
