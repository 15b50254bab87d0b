"""A table has at most 1,600 columns: refused as PostgreSQL refuses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from alembic_contracts.prediction.catalog.catalog import Catalog
from alembic_contracts.prediction.sql.sqlstate import PostgresError
from alembic_contracts.prediction.statements import execute

if TYPE_CHECKING:
    from tests.support.database import Databases


def columns(count: int) -> str:
    return ", ".join(f"c{number} integer" for number in range(count))


MOST = f"CREATE TABLE t ({columns(1600)})"
CASES = {
    "as many as can be": [MOST],
    "one too many": [f"CREATE TABLE t ({columns(1601)})"],
    "added": [MOST, "ALTER TABLE t ADD COLUMN x integer"],
    "added twice at once": [f"CREATE TABLE t ({columns(1599)})", "ALTER TABLE t ADD x integer, ADD y integer"],
    "inherited": [MOST, "CREATE TABLE u (x integer) INHERITS (t)"],
    "like": [MOST, "CREATE TABLE u (LIKE t, x integer)"],
    "of another name": [MOST, f"CREATE TABLE t ({columns(1601)})"],
}


@pytest.mark.parametrize("statements", CASES.values(), ids=CASES)
def test_it_is_refused_as_the_server_refuses_it(statements: list[str], databases: Databases) -> None:
    catalog = Catalog()
    with databases.new() as url, psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        for statement in statements:
            assert predicted(catalog, statement) == real(connection, statement)


def predicted(catalog: Catalog, statement: str) -> tuple[str, str] | None:
    try:
        execute(catalog, statement)
    except PostgresError as error:
        return error.sqlstate, str(error)
    return None


def real(connection: psycopg.Connection, statement: str) -> tuple[str | None, str | None] | None:
    try:
        connection.execute(statement)
    except psycopg.Error as error:
        return error.sqlstate, error.diag.message_primary
    return None
