"""Which database answers: by what its server says of itself."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from alembic_contracts import dialects
from alembic_contracts.dialects import postgresql
from alembic_contracts.dialects.inspected import Inspected
from alembic_contracts.errors import CannotCheck
from tests.support.posing import posing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.database import Databases

DRIVERS = ("psycopg", "psycopg2", "pg8000", "asyncpg")
OLDER = {"in_hot_standby": None}
"""What PostgreSQL 13 and other databases do not report."""
VERSIONS = {
    "PostgreSQL 13.4 on x86_64-pc-linux-musl, compiled by gcc (Alpine 10.3.1) 10.3.1, 64-bit": "postgresql",
    "CockroachDB CCL v24.1.0 (x86_64-pc-linux-gnu, built 2024/05/15 21:28:29, go1.22.2)": "cockroachdb",
    "PostgreSQL 11.2-YB-2.25.1.0-b0 on x86_64-pc-linux-gnu, compiled by clang version 17.0.6, 64-bit": "yugabytedb",
    "PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2 20041017, Redshift 1.0.63269": "redshift",
    "PostgreSQL 9.4.26 (Greenplum Database 6.26.4 build commit:abc) on x86_64-unknown-linux-gnu": "greenplum",
}


@pytest.fixture
def folder() -> Iterator[Path]:
    """A path that is short enough for a socket."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.fixture
def versioned(databases: Databases) -> Iterator[str]:
    """URL of a database in which ``version()`` is a function of its users', which says what a setting says."""
    with databases.new() as url:
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE SCHEMA mine")
            connection.exec_driver_sql(
                "CREATE FUNCTION mine.version() RETURNS text LANGUAGE sql AS"
                " $$ SELECT pg_catalog.current_setting('test.version') $$"
            )
            name = sa.make_url(url).database
            connection.exec_driver_sql(f"ALTER DATABASE {name} SET search_path = mine, pg_catalog, public")
        yield url


def found(driver: str, url: str) -> tuple[str, list[str]]:
    """The kind of database that is found through a driver, and the statements that were sent for that."""
    statements: list[str] = []

    def look(connection: sa.Connection) -> str:
        connection.exec_driver_sql("SELECT 1")  # and all that SQLAlchemy asks at its first connection
        connection.rollback()
        sa.event.listen(connection, "before_cursor_execute", lambda *given: statements.append(given[2]))
        kind = dialects.of("postgresql", connection).KIND
        assert not connection.in_transaction()
        return kind

    async def look_later(url: sa.URL) -> str:
        engine = create_async_engine(url, poolclass=sa.NullPool)
        async with engine.connect() as connection:
            return await connection.run_sync(look)

    there = sa.make_url(url).set(drivername=f"postgresql+{driver}")
    if driver == "asyncpg":
        return asyncio.run(look_later(there)), statements
    arguments = {}
    if driver == "pg8000":
        arguments = {"unix_sock": f"{there.query['host']}/.s.PGSQL.5432"}
        there = there.set(query={})
    with sa.create_engine(there, poolclass=sa.NullPool, connect_args=arguments).connect() as connection:
        return look(connection), statements


@pytest.mark.parametrize("driver", DRIVERS)
def test_postgresql_is_known_without_a_question(driver: str, database: str) -> None:
    assert found(driver, database) == ("postgresql", [])


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ({"crdb_version": "CockroachDB CCL v24.1.0"}, "cockroachdb"),
        ({"server_version": "15.12-YB-2025.1.0.1-b3"}, "yugabytedb"),
        ({"padb_version": "1.0.63269"}, "redshift"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_others_that_say_who_they_are_are_asked_nothing(
    driver: str, told: dict[str, str | None], kind: str, database: str, folder: Path
) -> None:
    with posing(database, folder, {**OLDER, **told}) as url:
        assert found(driver, url) == (kind, [])


@pytest.mark.parametrize("driver", DRIVERS)
def test_of_what_says_nothing_a_query_finds_it_out(driver: str, database: str, folder: Path) -> None:
    with posing(database, folder, OLDER) as url:
        assert found(driver, url) == ("postgresql", ["SELECT version()"])


@pytest.mark.parametrize(("version", "kind"), VERSIONS.items(), ids=list(VERSIONS.values()))
def test_the_text_of_version_tells(version: str, kind: str, versioned: str, databases: Databases, folder: Path) -> None:
    name = sa.make_url(versioned).database
    databases.run(f"ALTER DATABASE {name} SET test.version = '{version}'")
    with posing(versioned, folder, OLDER) as url:
        assert found("psycopg", url) == (kind, ["SELECT version()"])


def test_a_transaction_stays_open(database: str, folder: Path) -> None:
    with posing(database, folder, OLDER) as url:
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE t (id integer)")
            assert dialects.of("postgresql", connection) is postgresql
            assert connection.in_transaction()
        with engine.connect() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM t").scalar_one() == 0


def test_a_server_that_does_not_answer_is_said(database: str, databases: Databases, folder: Path) -> None:
    with posing(database, folder, OLDER) as url:
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        with engine.connect() as connection:
            number = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
            connection.rollback()
            databases.run(f"SELECT pg_terminate_backend({number}, 5000)")
            with pytest.raises(CannotCheck, match=r"^The database does not say what it is: "):
                dialects.of("postgresql", connection)


def test_without_a_connection_a_name_is_enough() -> None:
    assert dialects.of("postgresql", None) is postgresql
    found = {name: dialects.of(name, None) for name in ("mysql", "mssql", "oracle", "cockroachdb", "exotic")}
    assert {name: (dialect.KIND, dialect.NAME, dialect.DEFAULT_SCHEMA) for name, dialect in found.items()} == {
        "mysql": ("mysql", "MySQL", ""),
        "mssql": ("mssql", "SQL Server", "dbo"),
        "oracle": ("oracle", "Oracle", ""),
        "cockroachdb": ("cockroachdb", "CockroachDB", "public"),
        "exotic": ("exotic", "exotic", ""),
    }


@pytest.mark.parametrize("kind", ["cockroachdb", "yugabytedb", "redshift", "greenplum"])
def test_what_differs_is_said_of_those_that_are_taken_for_postgresql(kind: str) -> None:
    dialect = Inspected(kind)
    assert dialect.DIFFERS.startswith(f"This is {dialect.NAME}, which speaks PostgreSQL's protocol")
    assert Inspected("mysql").DIFFERS == Inspected("mssql").DIFFERS == ""


def test_what_is_only_declared_is_no_guarantee() -> None:
    """Redshift has unique constraints and lets duplicates in."""
    keys = {"primary-key", "unique", "foreign-key"}
    assert keys <= Inspected("redshift").NOT_EXPRESSED
    assert not keys & Inspected("mysql").NOT_EXPRESSED
