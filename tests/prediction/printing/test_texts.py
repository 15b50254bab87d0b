"""Prediction prints stored expressions as a real PostgreSQL does, or says that it does not know."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from alembic_contracts.prediction.catalog.catalog import Catalog
from alembic_contracts.prediction.printing.texts import shown
from alembic_contracts.prediction.statements import execute
from tests.support.printed_texts import Both
from tests.support.stored_expressions import BEFORE, CHECKS, COLUMNS, DEFAULTS, KEYS


@pytest.fixture
def both(database: str) -> Iterator[Both]:
    engine = sa.create_engine(database, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        both = Both(connection)
        for statement in BEFORE:
            assert both.run(statement)
        yield both


def _store_everything(both: Both) -> None:
    tables = [f"(id int, x {type_} DEFAULT {text})" for type_, texts in DEFAULTS.items() for text in texts]
    tables += [f"({COLUMNS}, CONSTRAINT k CHECK ({check}))" for check in CHECKS]
    for number, table in enumerate(tables):
        both.run(f"CREATE TABLE t{number} {table}")
    for number, index in enumerate([*(f"(a) WHERE {check}" for check in CHECKS), *(f"({key})" for key in KEYS)]):
        both.run(f"CREATE TABLE i{number} ({COLUMNS})")
        both.run(f"CREATE INDEX x{number} ON i{number} {index}")


def _tables(both: Both) -> list[str]:
    return [str(name) for name in both.catalog.tables]


def test_what_scripts_store_is_printed_exactly_or_unknown(both: Both, record_property) -> None:
    _store_everything(both)
    shares = [both.compare("as stored")]
    for statement in (
        "SET search_path = o, public",
        "SET search_path = o",
        "SET search_path = public",
        "ALTER TYPE mood RENAME TO moods",
        "ALTER SEQUENCE s RENAME TO ss",
        "ALTER TYPE o.size SET SCHEMA public",
        "ALTER SCHEMA o RENAME TO oo",
        'ALTER TYPE "Odd Type" RENAME TO even',
        "ALTER DOMAIN dom RENAME TO doms",
        "SET search_path = ''",
    ):
        both.run(statement)
        shares.append(both.compare(statement))
    both.run("SET search_path = public")
    for table in _tables(both):
        for old, new in (("a", "aa"), ("c", "User"), ("m", "end"), ("x", "y x")):
            both.run(f'ALTER TABLE {table} RENAME {old} TO "{new}"')
    shares.append(both.compare("columns renamed"))
    for table in _tables(both):
        both.run(f'ALTER TABLE {table} RENAME TO "{table.partition(".")[2]} new"')
    shares.append(both.compare("tables renamed"))
    record_property("unknown", max(shares))
    print(f"unknown: {max(shares):.1%} of {both.compared} texts")  # noqa: T201 - seen with -s
    assert max(shares) < 0.05


def test_a_column_of_another_type_prints_anew(both: Both) -> None:
    _store_everything(both)
    for table in _tables(both):
        for column in (
            "c TYPE text", "d TYPE varchar(30)", "a TYPE bigint", "e TYPE numeric(12, 4)", "h TYPE timestamptz",
            "f TYPE double precision", "q TYPE integer", "s TYPE varchar(50)", "x TYPE text", "x TYPE varchar(30)",
        ):  # fmt: skip
            both.run(f"ALTER TABLE {table} ALTER {column}")
    assert both.compare("retyped") < 0.05


def test_what_was_observed_is_printed_as_it_was_until_a_name_in_it_changes(both: Both) -> None:
    _store_everything(both)
    both.run("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    both.run("CREATE TABLE g (x int DEFAULT f())")
    both.run("CREATE VIEW v AS SELECT a, c FROM i1 WHERE m = 'sad'")
    both.observe()
    assert both.compare("observed") < 0.04
    both.run("SET search_path = o, public")
    both.compare("another path")
    both.run("ALTER TYPE mood RENAME TO moods")
    both.run("ALTER SEQUENCE s RENAME TO ss")
    both.run("ALTER SCHEMA o RENAME TO oo")
    both.run("ALTER FUNCTION f RENAME TO ff")
    both.run("SET search_path = public")
    for table in _tables(both):
        both.run(f'ALTER TABLE {table} RENAME c TO "User"')
    both.run("ALTER TABLE i2 ALTER a TYPE bigint")
    assert both.compare("renamed") < 0.05


def test_generated_columns(both: Both) -> None:
    both.run("CREATE TABLE g (a int, c varchar(5), b bigint GENERATED ALWAYS AS (a * 2) STORED)")
    both.run("ALTER TABLE g ADD COLUMN d text GENERATED ALWAYS AS (lower(c) || 'x') STORED")
    assert both.compare("generated") == 0


def test_a_default_that_is_null_is_none() -> None:
    catalog = Catalog()
    execute(catalog, "CREATE TABLE t (a int DEFAULT NULL::int, b text DEFAULT NULL, c varchar(3) DEFAULT NULL)")
    (table,) = catalog.tables.values()
    assert [column.default is None for column in table.columns] == [True, True, False]


def test_a_user_function_of_the_same_name_makes_it_unknown() -> None:
    catalog = Catalog()
    execute(catalog, "CREATE FUNCTION lower(varchar) RETURNS text LANGUAGE sql AS 'SELECT $1'")
    execute(catalog, "CREATE TABLE t (c varchar, CHECK (lower(c) = 'x'))")
    (table,) = catalog.tables.values()
    assert shown(catalog.state, table.constraints[0].expression or "", table.columns) is None


def test_a_cast_that_users_made_makes_it_unknown() -> None:
    catalog = Catalog()
    execute(catalog, "CREATE TYPE s AS ENUM ('A')")
    execute(catalog, "CREATE CAST (varchar AS s) WITH INOUT AS IMPLICIT")
    execute(catalog, "CREATE TABLE t (v varchar, c s DEFAULT 'A'::varchar)")
    (table,) = catalog.tables.values()
    assert shown(catalog.state, table.columns[1].default or "", table.columns) is None
