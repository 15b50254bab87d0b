"""Which foreign keys find the key that they refer to: as the observation has it, and as SQLite itself does."""

from __future__ import annotations

import sqlite3

import pytest
import sqlalchemy as sa

from alembic_contracts.dialects import sqlite
from alembic_contracts.schemas.schema import Name
from tests.support.sqlite_database import main

PARENTS = {
    "nothing": "",
    "a view": "CREATE TABLE base (a INTEGER PRIMARY KEY, b); CREATE VIEW p AS SELECT a, b FROM base",
    "no key": "CREATE TABLE p (a INT, b INT)",
    "the rowid": "CREATE TABLE p (a INTEGER PRIMARY KEY, b INT)",
    "the rowid of a text": "CREATE TABLE p (a INTEGER PRIMARY KEY, b TEXT COLLATE NOCASE UNIQUE)",
    "a text for a key": "CREATE TABLE p (a TEXT PRIMARY KEY, b TEXT)",
    "a key that counts down": "CREATE TABLE p (a INTEGER PRIMARY KEY DESC, b INT)",
    "no rowid": "CREATE TABLE p (a INT PRIMARY KEY, b INT) WITHOUT ROWID",
    "a key of two": "CREATE TABLE p (a INT, b INT, PRIMARY KEY (b, a))",
    "a key of two without rowid": "CREATE TABLE p (a INT, b INT, PRIMARY KEY (b, a)) WITHOUT ROWID",
    "unique": "CREATE TABLE p (a INT UNIQUE, b INT)",
    "unique in both": "CREATE TABLE p (a INT, b INT, UNIQUE (a, b))",
    "an index": "CREATE TABLE p (a INT, b INT); CREATE INDEX i ON p (a); CREATE INDEX j ON p (a, b)",
    "a unique index": "CREATE TABLE p (a INT, b INT); CREATE UNIQUE INDEX i ON p (a)",
    "a unique index of other case": "CREATE TABLE p (A INT, B INT); CREATE UNIQUE INDEX i ON p (a)",
    "a partial index": "CREATE TABLE p (a INT, b INT); CREATE UNIQUE INDEX i ON p (a) WHERE b > 0",
    "an index of an expression": "CREATE TABLE p (a INT, b INT); CREATE UNIQUE INDEX i ON p (a + 0)",
    "an index that ignores case": "CREATE TABLE p (a TEXT, b INT); CREATE UNIQUE INDEX i ON p (a COLLATE NOCASE)",
    "a column that ignores case": "CREATE TABLE p (a TEXT COLLATE NOCASE, b INT); CREATE UNIQUE INDEX i ON p (a)",
    "an index that minds case": (
        "CREATE TABLE p (a TEXT COLLATE NOCASE, b INT); CREATE UNIQUE INDEX i ON p (a COLLATE BINARY)"
    ),
    "a key that ignores case": "CREATE TABLE p (a TEXT, b INT, PRIMARY KEY (a COLLATE NOCASE))",
    "no such column": "CREATE TABLE p (c INTEGER PRIMARY KEY, d INT)",
}
KEYS = [
    "x REFERENCES p (a), y",
    "x REFERENCES p, y",
    "x REFERENCES P (A), y",
    "x, y REFERENCES p (b)",
    "x, y, FOREIGN KEY (x, y) REFERENCES p (a, b)",
    "x, y, FOREIGN KEY (x, y) REFERENCES p (b, a)",
    "x, y, FOREIGN KEY (x, y) REFERENCES p",
]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("parent", PARENTS)
@pytest.mark.parametrize("all_tables", [True, False])
def test_a_foreign_key_is_valid_where_sqlite_takes_rows_by_it(parent: str, key: str, all_tables: bool) -> None:
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        raw.executescript(f"PRAGMA foreign_keys = ON; {PARENTS[parent]}; CREATE TABLE t ({key});")
        schema = sqlite.observe(connection, None if all_tables else [Name("main", "t")])
        with pytest.raises(sqlite3.Error, match=r"FOREIGN KEY constraint failed|mismatch|no such table") as refused:
            raw.execute("INSERT INTO t VALUES (1, 1)")
    engine.dispose()
    [constraint] = [each for each in schema.tables[main("t")].constraints if each.kind == "foreign key"]
    assert constraint.valid == (refused.type is sqlite3.IntegrityError)
