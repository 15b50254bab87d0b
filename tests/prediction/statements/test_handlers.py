"""Statements that are wrong in many ways, in a block whose handler drops a table, which is never said to stay then."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
import sqlalchemy as sa

from alembic_contracts.prediction.catalog.catalog import Catalog
from alembic_contracts.prediction.sql.sqlstate import PostgresError
from alembic_contracts.prediction.statements import execute

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.database import Databases

STATEMENTS = [
    line.removesuffix(";")
    for line in (Path(__file__).parents[2] / "fixtures/statements_in_handlers.sql").read_text("utf-8").splitlines()
    if not line.startswith("--")
]
SETUP = (
    "CREATE TABLE kept (id int)",
    "CREATE TABLE t (id int PRIMARY KEY, n text, j jsonb, d date, a int[], b boolean)",
    "CREATE TABLE u (id int REFERENCES t, n text)",
    "CREATE VIEW v AS SELECT id, n FROM t",
    "CREATE TYPE e AS ENUM ('a')",
    "CREATE TYPE c AS (x int)",
    "CREATE DOMAIN dm AS int CHECK (VALUE > 0)",
    "CREATE SEQUENCE sq",
    "CREATE FUNCTION f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'",
)
BLOCK = "DO $x$ BEGIN {}; EXCEPTION WHEN {} THEN DROP TABLE kept; END $x$"
PLAIN = (
    "ALTER TABLE t DROP COLUMN n CASCADE",
    "ALTER TABLE u RENAME COLUMN n TO m",
    "ALTER TABLE u DROP CONSTRAINT u_id_fkey",
    "ALTER TYPE e ADD VALUE 'b'",
    "CREATE TYPE e2 AS ENUM ('a', 'b')",
    "CREATE TABLE x (id serial PRIMARY KEY, n text NOT NULL, at timestamptz DEFAULT CURRENT_TIMESTAMP)",
    "CREATE INDEX i ON t (n)",
    "CREATE VIEW w AS SELECT t.id, u.n FROM t JOIN u ON u.id = t.id WHERE t.n IS NOT NULL",
    "DROP TABLE u",
    "DROP VIEW v",
    "COMMENT ON TABLE t IS 'x'",
    "SET lock_timeout = '5s'",
)
"""Nothing can be wrong with these that is not looked at."""
BY_ROWS = (
    "ALTER TABLE t ADD COLUMN z int NOT NULL DEFAULT 0",
    "ALTER TABLE t ADD COLUMN z varchar(20) DEFAULT 'x'",
    "ALTER TABLE t ADD COLUMN z timestamptz DEFAULT now()",
    "CREATE POLICY x ON t USING (id > 0)",
    "CREATE VIEW w AS SELECT lower(n) AS n FROM t",
)
"""With these it can, but not for names."""


@pytest.fixture(scope="module")
def server(databases: Databases) -> Iterator[psycopg.Connection]:
    with databases.new() as url:
        plain = sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain) as connection:
            yield connection


def stays(server: psycopg.Connection, block: str) -> bool:
    """Whether PostgreSQL still has the table after the block."""
    try:
        for statement in SETUP:
            server.execute(statement.encode())
        with suppress(psycopg.errors.SyntaxError):
            server.execute(block.encode())
        found = server.execute("SELECT to_regclass('kept') IS NOT NULL").fetchone()
        return found is not None and bool(found[0])
    finally:
        server.rollback()


def predicted(server: psycopg.Connection, block: str) -> tuple[bool, bool]:
    """Whether the table is still there in the prediction, and whether that is certain."""
    catalog = Catalog(server_version=server.info.server_version)
    for statement in ("BEGIN", *SETUP):
        execute(catalog, statement)
    try:
        effects = execute(catalog, block)
    except PostgresError:  # it does not parse
        return True, False
    return any(name.name == "kept" for name in catalog.tables), not effects[0].doubts


@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_handler_that_may_run_is_not_forgotten(statement: str, server: psycopg.Connection) -> None:
    block = BLOCK.format(statement, "OTHERS")
    there, certain = predicted(server, block)
    assert not certain or there == stays(server, block)


@pytest.mark.parametrize(
    ("statement", "condition"),
    [
        *((statement, "OTHERS") for statement in PLAIN),
        *((each, condition) for each in (*PLAIN, *BY_ROWS) for condition in ("duplicate_object", "undefined_table")),
    ],
)
def test_what_is_plain_is_certain(statement: str, condition: str, server: psycopg.Connection) -> None:
    block = BLOCK.format(statement, condition)
    assert predicted(server, block) == (True, True)
    assert stays(server, block)
