"""Tables of all shapes, read and beside what SQLAlchemy's Inspector says: the same, but for what differs on purpose."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
import sqlalchemy as sa

from alembic_contracts.dialects import sqlite
from alembic_contracts.dialects.families import family_of
from alembic_contracts.schemas.schema import Name, Table
from tests.support.sqlite_database import connected

T = Name("main", "t")
OTHERS = (
    "CREATE TABLE p (id INTEGER PRIMARY KEY)",
    "CREATE TABLE q (id INTEGER PRIMARY KEY)",
    "CREATE TABLE p2 (x INT, y INT, PRIMARY KEY (x, y))",
    'CREATE TABLE "p p" ("i d" INT PRIMARY KEY)',
)

SAME = (
    "t (a)",
    "t (a INTEGER, b TEXT, c REAL, d BLOB, e NUMERIC, f UNSIGNED BIG INT, g CHARACTER VARYING(5))",
    "t (a INT NOT NULL, b VARCHAR(50) NOT NULL DEFAULT 'x')",
    "t (a INTEGER NOT NULL PRIMARY KEY)",
    "t (a INTEGER PRIMARY KEY DESC)",
    "t (a INT PRIMARY KEY)",
    "t (a TEXT PRIMARY KEY)",
    "t (a TEXT PRIMARY KEY) WITHOUT ROWID",
    "t (a INTEGER PRIMARY KEY, b) WITHOUT ROWID",
    "t (b INT, a INT, PRIMARY KEY (a, b))",
    "t (b INT, a INT, CONSTRAINT pk_t PRIMARY KEY (a, b)) WITHOUT ROWID",
    "t (a DOUBLE PRECISION, b DECIMAL(10, 2), c DECIMAL( 10 ), d NUMERIC(5,+2))",
    "t (a TIMESTAMP, b DATETIME, c DATE, d TIME, e BOOLEAN, f JSON, g BIGINT, h SMALLINT, i FLOAT, j NVARCHAR(3))",
    "t (a DEFAULT 'it''s', b DEFAULT \"dq\", c DEFAULT x'00ff', d DEFAULT TRUE)",
    "t (a DEFAULT CURRENT_TIMESTAMP, b DEFAULT (datetime('now', '+1 day')), c DEFAULT ( 1 + 1 ))",
    "t (a TEXT DEFAULT 'a,b)(', b TEXT DEFAULT '-- no comment', c)",
    "t (a INT NOT NULL ON CONFLICT ABORT DEFAULT 3, b INT DEFAULT 4 NOT NULL)",
    "t (a, b, UNIQUE (a, b))",
    "t (a, b, CONSTRAINT u1 UNIQUE (b, a), CONSTRAINT u2 UNIQUE (a))",
    "t (a, b, UNIQUE (a) UNIQUE (b))",
    "t (a UNIQUE, UNIQUE (a))",
    't ("a""b" INT, "c,d" INT, "e)f" INT)',
    't ("select" INT, "Größe" TEXT, naïve INT, 日本 TEXT)',
    "t (a INT CHECK (a > 0))",
    "t (a INT CONSTRAINT positive CHECK (a > 0), b INT, CHECK (a < b))",
    't (a INT, CONSTRAINT c1 CHECK (a IN (1, 2, 3)), CONSTRAINT "c 2" CHECK (a <> 5))',
    "t (a TEXT, CHECK (a <> ')' AND a <> '('))",
    "t (a INT CHECK (a > 0) CHECK (a < 10) NOT NULL)",
    "t (a INT, CHECK ((a > 0) AND\n    (a < 10)))",
    "t (a INT COLLATE NOCASE, b TEXT COLLATE BINARY UNIQUE)",
    "t (a INT, b INT AS (a + 1), c TEXT GENERATED ALWAYS AS (a || 'x') STORED, d AS (a) VIRTUAL)",
    "t (a INT, b TEXT GENERATED ALWAYS AS (replace('(', ')', a)) VIRTUAL NOT NULL)",
    "t (a INT REFERENCES p (id))",
    "t (a INT REFERENCES p)",
    "t (a INT, b INT, FOREIGN KEY (a, b) REFERENCES p2 (x, y))",
    "t (a INT REFERENCES p, b INT REFERENCES p (id) ON DELETE NO ACTION, FOREIGN KEY (b) REFERENCES q (id) DEFERRABLE)",
    "t (a INT REFERENCES nowhere)",
    "t (a INT REFERENCES t (a), b INT UNIQUE)",
    't ("from" INT REFERENCES "p p" ("i d"))',
    "t AS SELECT 1 AS a, 'x' AS \"b c\", id FROM p",
    "t (a CONSTRAINT only_a_name, b INT, CONSTRAINT also)",
    (
        "t (\n\ta INTEGER NOT NULL,\n\tb VARCHAR(30),\n\tPRIMARY KEY (a),\n\tCONSTRAINT uq UNIQUE (b),\n"
        "\tFOREIGN KEY(a) REFERENCES p (id) ON DELETE CASCADE\n)"
    ),
    "IF NOT EXISTS t (a int primary key not null, b int default 0)",
    "main.t (a INT)",
)

DIFFERENT = {
    # A rowid is never NULL, whatever was declared.
    "t (a INTEGER PRIMARY KEY)": {"columns"},
    "t (a INTEGER PRIMARY KEY AUTOINCREMENT, b)": {"columns"},
    "t (a INTEGER, PRIMARY KEY (a))": {"columns"},
    "t (a INTEGER CONSTRAINT pk PRIMARY KEY ON CONFLICT IGNORE)": {"columns"},
    "t (a INTEGER UNIQUE PRIMARY KEY)": {"columns"},
    # SQLAlchemy takes a name that says nothing for a number.
    "t (a UUID, b STRING, c INTERVAL, d TIMESTAMP WITH TIME ZONE, e JSONB)": {"columns"},
    "t (a \"double precision\", b 'my type', c [x y](3))": {"columns"},
    # NULL for a default is none.
    "t (a DEFAULT NULL, b DEFAULT (NULL), c DEFAULT 1, d DEFAULT -1, e DEFAULT +1.5e3)": {"columns"},
    # SQLAlchemy looks for constraints by regular expressions: some it does not find, some are none.
    "t (a UNIQUE, b UNIQUE ON CONFLICT REPLACE)": {"unique"},
    't ("a b" INT, [c d] INT, `e f` INT, UNIQUE ("a b", [c d]))': {"unique"},
    "t (A INT, UNIQUE (a))": {"unique"},
    "t (a TEXT, CHECK (a <> 'x, CHECK (b)'))": {"check"},
    "t (a INT -- the CHECK (a > 1)\n, b INT /* UNIQUE (a), */)": {"check"},
    "t (a INT REFERENCES P ON DELETE CASCADE ON UPDATE SET NULL MATCH FULL)": {"foreign key"},
    "t (a INT CONSTRAINT fk1 REFERENCES p (id) DEFERRABLE INITIALLY DEFERRED, b INT NOT DEFERRABLE)": {"foreign key"},
    "t (a INT, b INT, CONSTRAINT fk2 FOREIGN KEY (a, b) REFERENCES p2 ON DELETE RESTRICT)": {"foreign key"},
    # SQLite has one index for both, which is the key's.
    "t (a TEXT UNIQUE PRIMARY KEY)": {"unique"},
}
STRICT = {
    # ANY can hold anything.
    "t (a INT PRIMARY KEY, b ANY) STRICT": {"columns"},
    "t (a INTEGER PRIMARY KEY, b TEXT NOT NULL) STRICT, WITHOUT ROWID": set(),
}
"""Since SQLite 3.37."""
INDEXES = (
    "CREATE INDEX i ON t (b, a)",
    "CREATE UNIQUE INDEX i ON t (a)",
    "CREATE UNIQUE INDEX i ON t (a) WHERE b IS NOT NULL",
    'CREATE INDEX "i i" ON t (b DESC)',
)


def _ours(table: Table) -> dict[str, Any]:
    of = {kind: [c for c in table.constraints if c.kind == kind] for kind in ("unique", "foreign key", "check")}
    key = next((c.name or None for c in table.constraints if c.kind == "primary key"), None)
    return {
        "columns": [(c.name, sqlite.family(c.type, {}), not c.not_null, c.default, c.generated) for c in table.columns],
        "primary key": (table.primary_key, key),
        "unique": {(c.columns, c.name or None) for c in of["unique"]},
        "foreign key": {
            (
                c.columns,
                c.references.name,
                c.referenced_columns,
                c.name or None,
                c.on_delete,
                c.on_update,
                c.deferrable,
                c.initially_deferred,
            )
            for c in of["foreign key"]
        },
        "check": {(c.expression, c.name or None) for c in of["check"]},
        "index": {(i.name, i.columns, i.unique) for i in table.indexes if i.constraint is None},
    }


def _generated(column: dict[str, Any]) -> str:
    if "computed" not in column:
        return ""
    return "stored" if column["computed"]["persisted"] else "virtual"


def _theirs(connection: sa.Connection) -> dict[str, Any]:
    inspector = sa.inspect(connection)
    key = inspector.get_pk_constraint("t")
    return {
        "columns": [
            (c["name"], family_of(c["type"]), c["nullable"], None if "computed" in c else c["default"], _generated(c))
            for c in inspector.get_columns("t")
        ],
        "primary key": (tuple(key["constrained_columns"]), key["name"]),
        "unique": {(tuple(u["column_names"]), u["name"]) for u in inspector.get_unique_constraints("t")},
        "foreign key": {
            (
                tuple(f["constrained_columns"]),
                f["referred_table"],
                tuple(f["referred_columns"]),
                f["name"],
                f["options"].get("ondelete", ""),
                f["options"].get("onupdate", ""),
                bool(f["options"].get("deferrable")),
                f["options"].get("initially") == "DEFERRED",
            )
            for f in inspector.get_foreign_keys("t")
        },
        "check": {(c["sqltext"], c["name"]) for c in inspector.get_check_constraints("t")},
        "index": {(i["name"], tuple(i["column_names"]), bool(i["unique"])) for i in inspector.get_indexes("t")},
    }


def _both(text: str, *more: str) -> tuple[dict[str, Any], dict[str, Any]]:
    with connected() as connection:
        for statement in (*OTHERS, f"CREATE TABLE {text}", *more):
            connection.exec_driver_sql(statement)
        table = sqlite.observe(connection, {T}).tables[T]
        assert table.complete
        assert table == sqlite.observe(connection, None).tables[T]
        return _ours(table), _theirs(connection)


@pytest.mark.parametrize("text", SAME)
def test_read_as_by_the_inspector(text: str) -> None:
    ours, theirs = _both(text)
    assert ours == theirs


@pytest.mark.parametrize(
    ("text", "parts"), [*DIFFERENT.items(), *(STRICT.items() if sqlite3.sqlite_version_info >= (3, 37) else ())]
)
def test_read_otherwise_on_purpose(text: str, parts: set[str]) -> None:
    ours, theirs = _both(text)
    assert {part for part in ours if ours[part] != theirs[part]} == parts


@pytest.mark.parametrize("index", INDEXES)
def test_indexes_read_as_by_the_inspector(index: str) -> None:
    ours, theirs = _both("t (a INT UNIQUE, b INT)", index)
    assert ours == theirs
