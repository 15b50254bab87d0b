"""What a replay shows: what a statement reads that another server may have otherwise, and the tables after it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from alembic_contracts.dialects import postgresql
from alembic_contracts.schemas.schema import Name

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import IsolationLevel

OBJECTS = """
    CREATE TABLE book (id integer PRIMARY KEY, title text);
    CREATE VIEW titles AS SELECT title FROM book;
    CREATE SEQUENCE numbers;
    CREATE FUNCTION clock() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN now() IS NULL; END $$;
    CREATE FUNCTION chance() RETURNS float LANGUAGE sql AS 'SELECT random()';
    CREATE FUNCTION one() RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 1';
    CREATE FUNCTION has(name text) RETURNS boolean LANGUAGE plpgsql AS
        $$ BEGIN RETURN EXISTS (SELECT FROM pg_class WHERE relname = name); END $$;
    CREATE FUNCTION quiet() RETURNS boolean LANGUAGE plpgsql SET client_min_messages = error AS
        $$ BEGIN RETURN now() IS NULL; END $$;
    CREATE FUNCTION at_insert() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN IF random() < 0 THEN DROP TABLE book; END IF; RETURN NEW; END $$;
    CREATE TABLE log (id integer);
    CREATE TRIGGER t BEFORE INSERT ON log FOR EACH ROW EXECUTE FUNCTION at_insert();
"""


def found(connection: sa.Connection, *statements: str, driver: str = "psycopg") -> set[str]:
    """Run statements as one revision and return what they rely on; rows are marked."""
    engine = sa.create_engine(connection.engine.url.set(drivername=f"postgresql+{driver}"), poolclass=sa.NullPool)
    with engine.connect() as own:
        witness = postgresql.witness(own)
        own.exec_driver_sql(OBJECTS)
        own.exec_driver_sql("SELECT clock(), has('x')")  # plans that are kept are printed all the same
        seen = postgresql.statements(own, same_texts=True)
        for statement in statements:
            witness.begin()
            own.exec_driver_sql(statement)
            seen.add(own, statement, witness.end())
        return {("rows: " if each.rows else "") + each.what for each in seen.reliances()}


CONDITIONS = [
    ("EXISTS (SELECT FROM book WHERE id > 5)", "rows: the rows of public.book"),
    ("EXISTS (SELECT FROM titles)", "rows: the rows of public.titles"),
    ("(SELECT is_called FROM numbers)", "rows: the rows of public.numbers"),
    ("current_setting('server_version_num')::int < 140000", "current_setting()"),
    ("now() > '2031-01-01'", "now()"),
    ("clock()", "now()"),
    ("quiet()", "public.quiet()"),
    ("chance() > 1", "public.chance()"),
    ("('no' || 'w')::date > '2031-01-01'", "a day or time made from text"),
    ("date 'today' > '2031-01-01'", "a day or time made from text"),
    ("random() > 1", "random()"),
    ("gen_random_uuid() IS NULL", "gen_random_uuid()"),
    ("CURRENT_USER = 'app'", "the clock, the role or the database"),
    ("current_database() = 'production'", "current_database()"),
    ("EXISTS (SELECT FROM pg_roles WHERE rolname = 'app')", "pg_roles"),
    ("EXISTS (SELECT FROM pg_settings)", "pg_settings"),
    ("EXISTS (SELECT FROM pg_available_extensions WHERE name = 'x')", "pg_available_extensions"),
    ("EXISTS (SELECT FROM information_schema.role_table_grants)", "role_table_grants"),
    ("pg_relation_size('book') > 0", "pg_relation_size()"),
    ("(SELECT reltuples FROM pg_class WHERE relname = 'book') > 0", "pg_class.reltuples"),
    ("(SELECT relowner FROM pg_class WHERE relname = 'book') IS NULL", "pg_class.relowner"),
    ("has_table_privilege('book', 'SELECT')", "has_table_privilege()"),
    ("nextval('numbers') > 5", "nextval()"),
    ("EXISTS (SELECT FROM pg_sequences)", "pg_sequences"),
]

BY_THE_SCHEMA = [
    "to_regclass('book') IS NULL",
    "EXISTS (SELECT * FROM pg_class WHERE relname = 'book')",
    "EXISTS (SELECT 1 FROM information_schema.columns WHERE table_name = 'book' AND column_name = 'x')",
    "(SELECT count(*) FROM pg_constraint WHERE conrelid = 'book'::regclass AND contype = 'u') > 0",
    "has('book') AND one() > 1",
    "format('%%I.%%s', 'a', 1) = 'b'",
    "CURRENT_SCHEMA = 'public'",
]


@pytest.mark.parametrize(("condition", "reliance"), CONDITIONS)
def test_a_block_that_goes_by_something_else_than_the_schema(
    connection: sa.Connection, condition: str, reliance: str
) -> None:
    assert reliance in found(connection, f"DO $$ BEGIN IF {condition} THEN NULL; END IF; END $$")
    parts = " || ".join(f"$x${condition[i : i + 3]}$x$" for i in range(0, len(condition), 3))
    hidden = f"DO $$ DECLARE b bool; BEGIN EXECUTE 'SELECT ' || {parts} INTO b; END $$"
    assert reliance in found(connection, hidden)
    assert reliance in found(connection, f"SELECT {condition}")


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_what_follows_from_the_schema_alone(connection: sa.Connection, driver: str) -> None:
    if driver == "psycopg2":
        pytest.importorskip("psycopg2")
    blocks = [f"DO $$ BEGIN IF {condition} THEN NULL; END IF; END $$" for condition in BY_THE_SCHEMA]
    assert found(connection, *blocks, driver=driver) == set()
    assert found(connection, "DO $$ BEGIN PERFORM now(); END $$", driver=driver) == {"now()"}


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO book VALUES (1, now()::text) RETURNING id",
        "UPDATE book SET title = current_user",
        "CREATE TABLE copy AS SELECT *, now() AS at FROM book",
        "ALTER TABLE book ADD at timestamptz DEFAULT now()",
        "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS 'BEGIN EXCEPTION WHEN OTHERS THEN NULL; END'",
        "DO $$ BEGIN UPDATE book SET title = now(); EXECUTE 'ALTER TABLE book ADD x int'; END $$",
        "DO $$ BEGIN CREATE TYPE x AS ENUM (); EXCEPTION WHEN duplicate_object THEN NULL; END $$",
        "CREATE TABLE fresh (id int); INSERT INTO fresh VALUES (1); SELECT id FROM fresh",
    ],
)
def test_changes_of_rows_and_definitions_do_not_count(connection: sa.Connection, statement: str) -> None:
    assert found(connection, statement) == set()


@pytest.mark.parametrize(
    ("statement", "reliance"),
    [
        ("DELETE FROM book RETURNING title", "rows: the rows of public.book"),
        ("DO $$ BEGIN DELETE FROM book; IF FOUND THEN NULL; END IF; END $$", "rows: the rows of public.book"),
        (
            "DO $$ BEGIN ALTER TABLE book ADD CHECK (id > 1); EXCEPTION WHEN OTHERS THEN NULL; END $$",
            "rows: an error that rows can cause, which it catches",
        ),
        ("INSERT INTO log VALUES (1)", "random()"),
        (
            "CREATE TABLE copy AS SELECT * FROM book; SELECT id FROM copy",
            "rows: the rows of public.copy",
        ),
        (
            "DO $$ BEGIN CREATE TEMP TABLE x AS SELECT id FROM book; PERFORM id FROM x; DROP TABLE x; END $$",
            "rows: the rows of a table that it drops",
        ),
        ("DO $$ DECLARE d date := 'today'; BEGIN IF d IS NULL THEN NULL; END IF; END $$", "'today'"),
        (
            "DO $$ BEGIN SET LOCAL client_min_messages = error; PERFORM now(); END $$",
            "the setting client_min_messages, which it changes",
        ),
    ],
)
def test_what_code_sees_of_rows_counts(connection: sa.Connection, statement: str, reliance: str) -> None:
    assert found(connection, statement) == {reliance}


def test_what_is_printed_once_is_printed_again_for_the_next_revision(connection: sa.Connection) -> None:
    witness = postgresql.witness(connection)
    connection.exec_driver_sql(OBJECTS)

    def hears_clock(begin: Callable[[], None]) -> bool:
        begin()
        connection.exec_driver_sql("SELECT clock()")
        seen = postgresql.statements(connection, same_texts=True)
        seen.add(connection, "SELECT clock()", witness.end())
        return "now()" in {each.what for each in seen.reliances()}

    assert hears_clock(witness.begin)
    assert not hears_clock(witness.go_on)  # it is planned still, and was printed
    assert hears_clock(witness.begin)
    connection.exec_driver_sql("DISCARD PLANS")
    assert hears_clock(witness.go_on)


NAMES = [
    Name("public", "book"),
    Name("public", "log"),
    Name("public", 'it\'s $$ :new \\ "x"'),
    Name("public", "absent"),
]
CHANGES = [
    "ALTER TABLE book ADD COLUMN note varchar(20)",
    'CREATE TABLE "it\'s $$ :new \\ ""x""" (id integer)',
    "DROP TABLE log",
    "DEALLOCATE ALL",
    "SET search_path = pg_temp",
    "SET standard_conforming_strings = off",
    "CREATE TYPE public.mood AS ENUM ('sad')",
    "ALTER TABLE public.book ALTER note TYPE public.mood USING NULL",
    "CREATE TABLE public.log (id integer UNIQUE)",
]


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
@pytest.mark.parametrize("isolation", ["READ COMMITTED", "AUTOCOMMIT"])
def test_looks_that_are_planned_once_show_what_any_look_does(
    connection: sa.Connection, driver: str, isolation: IsolationLevel
) -> None:
    url = connection.engine.url.set(drivername=f"postgresql+{driver}")
    engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level=isolation)
    with engine.connect() as own:
        own.exec_driver_sql(OBJECTS)
        own.commit()
        looks = postgresql.looks(own, NAMES)
        for change in [*CHANGES, *(["DISCARD ALL"] if isolation == "AUTOCOMMIT" else [])]:
            own.exec_driver_sql(change)
            assert looks() == postgresql.observe(own, NAMES), change
        assert set(looks().tables) == set(NAMES[:3])


def test_looks_are_planned_once(connection: sa.Connection) -> None:
    connection.exec_driver_sql(OBJECTS)
    looks, times = postgresql.looks(connection, NAMES), 9
    for number in range(times):
        for _ in range(6):  # a driver that prepares statements by itself begins with the sixth
            connection.exec_driver_sql("SELECT 1")
        connection.exec_driver_sql(f"CREATE TABLE t{number} ()")
        connection.exec_driver_sql(f"DROP TABLE t{number}")
        looks()
    [kept] = connection.exec_driver_sql("SELECT generic_plans, custom_plans FROM pg_prepared_statements").all()
    assert tuple(kept) == (times, 0)
