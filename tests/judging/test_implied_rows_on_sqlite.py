"""What contracts of writers rely on without a word of single rows and their numbers, held against SQLite itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from alembic_contracts.dialects import sqlite
from alembic_contracts.schemas.steps import Operation
from tests.support.advised import Broken, contracts, violations
from tests.support.implied_on_sqlite import INSERT, NEW, REQUIRED, UNIQUE, Case, is_told, opened, run, said_to

if TYPE_CHECKING:
    from pathlib import Path

CASES = [
    Case(
        "CREATE TABLE t (c INTEGER, n TEXT)", "DROP TABLE t\nCREATE TABLE t (c INTEGER, n TEXT) STRICT", INSERT,
        "cannot store TEXT value in INTEGER column t.c", NEW,
        "a new check of the table (STRICT)",
    ),
    Case(
        "CREATE TABLE t (c INTEGER) STRICT", "DROP TABLE t\nCREATE TABLE t (c INTEGER, n ANY) STRICT",
        "INSERT INTO t (c) VALUES (1)",
    ),
    Case(
        "CREATE TABLE t (c INTEGER)", "DROP TABLE t\nCREATE TABLE t (c INTEGER) STRICT",
        "INSERT INTO t (c) VALUES (1)", columns='{"c": {"data_type": "INTEGER"}}',
    ),
    Case(
        "CREATE TABLE t (c TEXT)", "DROP TABLE t\nCREATE TABLE t (c ANY) STRICT", INSERT,
    ),
    Case(
        "CREATE TABLE t (c TEXT UNIQUE ON CONFLICT REPLACE)", "DROP TABLE t\nCREATE TABLE t (c TEXT UNIQUE)",
        "INSERT INTO t (c) VALUES ('x'), ('x')", "UNIQUE constraint failed: t.c", NEW,
        "a unique (c) without ON CONFLICT REPLACE", states=UNIQUE,
    ),
    Case(
        "CREATE TABLE t (c TEXT, UNIQUE (c) ON CONFLICT IGNORE)", "DROP TABLE t\nCREATE TABLE t (c TEXT PRIMARY KEY)",
        "INSERT INTO t (c) VALUES ('x'), ('x')", "UNIQUE constraint failed: t.c", NEW,
        "a primary key (c) without ON CONFLICT IGNORE",
    ),
    Case(
        "CREATE TABLE t (c TEXT UNIQUE ON CONFLICT FAIL)", "DROP TABLE t\nCREATE TABLE t (c TEXT UNIQUE)",
        INSERT, states=UNIQUE,
    ),
    Case(
        "CREATE TABLE t (c TEXT, CHECK (c <> '') ON CONFLICT IGNORE)",
        "DROP TABLE t\nCREATE TABLE t (c TEXT, CHECK (c <> ''))", INSERT,
    ),
    Case(
        "CREATE TABLE t (c INTEGER, b INTEGER, CHECK (c > 0 AND b > 0))",
        "DROP TABLE t\nCREATE TABLE t (c INTEGER, b INTEGER, CHECK (b > 0), CHECK (c > 0))",
        "INSERT INTO t VALUES (1, 1)",
    ),
    Case(
        "CREATE TABLE t (c INTEGER, b INTEGER, CHECK (b > 0), CHECK (c > 0))",
        "DROP TABLE t\nCREATE TABLE t (c INTEGER, b INTEGER, CHECK (c > 0 AND b >= 0))",
        "INSERT INTO t VALUES (1, 1)",
    ),
    Case(
        "CREATE TABLE t (c INTEGER, b INTEGER, CHECK (b > 0), CHECK (c > 0))",
        "DROP TABLE t\nCREATE TABLE t (c INTEGER, b INTEGER, CHECK (c > 0 AND b > 1))",
        "INSERT INTO t VALUES (1, 1)", "CHECK constraint failed", NEW, "a new check (c > 0 AND b > 1)",
    ),
    Case(
        "CREATE TABLE t (z INTEGER, c INTEGER)",
        "ALTER TABLE t DROP COLUMN c\nALTER TABLE t ADD COLUMN c INTEGER AS (z)",
        "INSERT INTO t (c) VALUES (1)", "cannot INSERT into generated column", NEW,
        "a value of c that the database computes",
    ),
    Case(
        "CREATE TABLE t (z INTEGER, c INTEGER AS (z))",
        "ALTER TABLE t DROP COLUMN c\nALTER TABLE t ADD COLUMN c INTEGER AS (z + 1)",
        "INSERT INTO t (z) VALUES (1)",
    ),
    Case(
        "CREATE TABLE t (z INTEGER, c INTEGER)", "ALTER TABLE t ADD COLUMN d INTEGER AS (z)",
        "INSERT INTO t (c) VALUES (1)",
    ),
    Case(
        "CREATE TABLE t (c TEXT NOT NULL ON CONFLICT REPLACE DEFAULT 'd')",
        "DROP TABLE t\nCREATE TABLE t (c TEXT NOT NULL DEFAULT 'd')", "INSERT INTO t (c) VALUES (NULL)",
        "NOT NULL constraint failed: t.c", NEW, "a NOT NULL of c without ON CONFLICT",
    ),
    Case(
        "CREATE TABLE t (c TEXT NOT NULL ON CONFLICT IGNORE)", "DROP TABLE t\nCREATE TABLE t (c TEXT)",
        "INSERT INTO t (c) VALUES (NULL)",
    ),
    Case(
        "CREATE TABLE t (c TEXT)", "ALTER TABLE t ADD COLUMN k TEXT NOT NULL AS (C || 'x')",
        "INSERT INTO t (c) VALUES (NULL)", "NOT NULL constraint failed: t.k", NEW,
        "a new generated column k that is NOT NULL, from (c)",
    ),
    Case(
        'CREATE TABLE t (c TEXT, "full name" TEXT)',
        "ALTER TABLE t ADD COLUMN k TEXT NOT NULL AS ([Full Name] || 'is' || \"FULL NAME\")", INSERT,
        "NOT NULL constraint failed: t.k", NEW, "a new generated column k that is NOT NULL, from (full name)",
        columns='{"c": {}, "full name": {}}',
    ),
    *(
        Case(
            "CREATE TABLE t (c TEXT)", f"ALTER TABLE t ADD COLUMN k TEXT NOT NULL AS ({made})",
            "INSERT INTO t (c) VALUES (NULL)", "NOT NULL constraint failed: t.k", NEW,
        )
        for made in (
            "abs(c)", "CAST(c AS VARCHAR (9))", "c COLLATE NOCASE", "c ->> '$.a'", "date(c)", "datetime(c, '+1 day')",
            "instr(c, 'x')", "json(c)", "json_array_length(c)", "json_extract(c, '$.a')",
            "json_extract(c, '$.a', '$.b')",
            "julianday(c)", "length(c)", "ltrim(c)", "replace(c, 'x', 'y')", "round(c)", "rtrim(c, 'x')", "sign(c)",
            "strftime('%s', c)", "substr(c, 1)", "substring(c, 1, 2)", "time(c)", "trim(c)", "unicode(c)",
            "unixepoch(c)", "upper(c)", "-c", "c > 'is null'", "nullif(c, '')", "ifnull(c, NULL)", "likely(c)",
            "max(c, 'x')", "c || ifnull(c, '')", "c IN ('x')", "c BETWEEN 'a' AND 'z'", "c AND 1", "c OR 0",
            "iif(c = 'x', 1, NULL)", "CASE WHEN c = 'x' THEN 1 ELSE NULL END",
        )
    ),
    *(
        Case(
            "CREATE TABLE t (c TEXT)", f"ALTER TABLE t ADD COLUMN k TEXT NOT NULL AS ({made})",
            "INSERT INTO t (c) VALUES (NULL)",
        )
        for made in (
            "coalesce(c, '')", "iif(c IS NULL, 0, 1)", "c OR 1", "c IS NULL", "ifnull(c, 1)", "hex(c)", "quote(c)",
            "typeof(c)", "c ISNULL",
        )
    ),
    Case(
        "CREATE TABLE t (c TEXT NOT NULL, n TEXT)", "ALTER TABLE t ADD COLUMN k TEXT NOT NULL AS (coalesce(n, c))",
        INSERT,
    ),
    Case(
        "CREATE TABLE t (c TEXT, n TEXT)", "ALTER TABLE t ADD COLUMN k TEXT NOT NULL AS (coalesce(n, c))",
        "INSERT INTO t (c) VALUES (NULL)", "NOT NULL constraint failed: t.k", NEW,
    ),
    Case(
        "CREATE TABLE t (c INTEGER PRIMARY KEY, n TEXT)",
        "DROP TABLE t\nCREATE TABLE t (c BIGINT PRIMARY KEY, n TEXT)",
        "INSERT INTO t (n) VALUES ('x')", rule=REQUIRED,
        actual="column c, which is not numbered any more",
    ),
    Case(
        "CREATE TABLE t (c INTEGER PRIMARY KEY, n TEXT)",
        "DROP TABLE t\nCREATE TABLE t (c INTEGER PRIMARY KEY DESC, n TEXT)", "INSERT INTO t (n) VALUES ('x')",
        rule=REQUIRED,
    ),
    Case(
        "CREATE TABLE t (c VARCHAR(20) NOT NULL PRIMARY KEY)",
        "DROP TABLE t\nCREATE TABLE t (c INTEGER NOT NULL PRIMARY KEY)", INSERT, "datatype mismatch", NEW,
        "a new limit of c, INTEGER in place of VARCHAR(20)",
    ),
    Case(
        "CREATE TABLE t (c TEXT)", "DROP TABLE t\nCREATE TABLE t (c TEXT, n INTEGER PRIMARY KEY)", INSERT,
    ),
    Case(
        "CREATE TABLE t (c TEXT)", "ALTER TABLE t ADD COLUMN n INTEGER CHECK (n NOTNULL)", INSERT,
        "CHECK constraint failed: n NOTNULL", NEW,
    ),
    *(
        Case("CREATE TABLE t (c TEXT)", f"ALTER TABLE t ADD COLUMN {column}", INSERT)
        for column in (
            "n INTEGER NOT NULL DEFAULT 0 CHECK (n >= 0)", "n TEXT NOT NULL DEFAULT 'new' CHECK (n IN ('new', 'old'))",
            "n INTEGER CHECK (length(n) > 0)", "n INTEGER CHECK (n IS NULL OR n > 0)",
            "n INTEGER CHECK (typeof(n) IN ('integer', 'null'))", "n INTEGER DEFAULT (1 + 1) CHECK (n = 2)",
            "n TEXT DEFAULT 12 CHECK (typeof(n) = 'text')", "n INTEGER CHECK (n == c)", 'n TEXT CHECK (n <> "c" || n)',
        )
    ),
    *(
        Case(
            "CREATE TABLE t (c TEXT)", f"DROP TABLE t\nCREATE TABLE t (c TEXT, {column})", INSERT,
            "CHECK constraint failed", NEW,
        )
        for column in (
            "n INTEGER NOT NULL DEFAULT 0 CHECK (n > 0)", "n TEXT DEFAULT 'NEW' CHECK (n IN ('new', 'old'))",
            "n INTEGER CHECK (typeof(n) <> 'null')", "n INTEGER DEFAULT 1 CHECK (n > 0 AND c <> 'x')",
        )
    ),
    Case(
        "CREATE TABLE t (c TEXT)",
        "DROP TABLE t\nCREATE TABLE t (c TEXT, n INTEGER DEFAULT 1 CHECK (n IN (1, length(c))))",
        INSERT, rule=NEW,
    ),
    Case(
        "CREATE TABLE t (c TEXT, CONSTRAINT ck CHECK (c IN ('x','b')))",
        "DROP TABLE t\nCREATE TABLE t (c TEXT, CONSTRAINT ck CHECK (c IN ('x', 'b', 'z')))", INSERT,
    ),
    Case(
        "CREATE TABLE t (c TEXT, CONSTRAINT ck CHECK (c IN ('x', 'b', 'z')))",
        "DROP TABLE t\nCREATE TABLE t (c TEXT, CONSTRAINT ck CHECK (c IN ('b', 'z')))", INSERT,
        "CHECK constraint failed: ck", NEW, "a new check ck",
    ),
    Case(
        "CREATE TABLE t (c TEXT, n INT)\nCREATE UNIQUE INDEX u ON t (c)",
        "DROP INDEX u\nCREATE UNIQUE INDEX u2 ON t (c, n)\nCREATE UNIQUE INDEX u3 ON t (n, c) WHERE n > 1", INSERT,
    ),
    Case(
        "CREATE TABLE t (c TEXT, n INT)\nCREATE UNIQUE INDEX u ON t (c, n)",
        "DROP INDEX u\nCREATE UNIQUE INDEX u ON t (c)",
        "INSERT INTO t (c, n) VALUES ('x', 1), ('x', 2)", "UNIQUE constraint failed", NEW,
    ),
    Case(
        "CREATE TABLE t (c TEXT, n INT)\nCREATE UNIQUE INDEX u ON t (c)",
        "DROP INDEX u\nCREATE UNIQUE INDEX u ON t (c COLLATE NOCASE, n)",
        "INSERT INTO t (c, n) VALUES ('x', 1), ('X', 1)", "UNIQUE constraint failed", NEW,
    ),
    Case(
        "CREATE TABLE t (c TEXT, n INT)\nCREATE UNIQUE INDEX u ON t (c) WHERE n > 1",
        "DROP INDEX u\nCREATE UNIQUE INDEX u ON t (c, n)",
        "INSERT INTO t (c, n) VALUES ('x', 1), ('x', 1)", "UNIQUE constraint failed", NEW,
    ),
    *(
        Case(
            "CREATE TABLE t (c TEXT, n TEXT) STRICT", change,
            "INSERT INTO t (c) VALUES ('x')",
        )
        for change in (
            "ALTER TABLE t ADD COLUMN z TEXT", "ALTER TABLE t DROP COLUMN n", "ALTER TABLE t RENAME COLUMN n TO m",
            "DROP TABLE t\nCREATE TABLE t (c ANY, n INTEGER) STRICT",
        )
    ),
    Case(
        "CREATE TABLE t (c TEXT) STRICT", "DROP TABLE t\nCREATE TABLE t (c INTEGER) STRICT", INSERT,
        "cannot store TEXT value in INTEGER column t.c", NEW, "a new limit of c, INTEGER in place of TEXT",
    ),
    Case(
        "CREATE TABLE t (c INTEGER) STRICT", "DROP TABLE t\nCREATE TABLE t (c TEXT) STRICT",
        "INSERT INTO t (c) VALUES (1)",
    ),
    Case(
        "CREATE TABLE t (c TEXT, n INTEGER DEFAULT 'no')",
        "DROP TABLE t\nCREATE TABLE t (c TEXT, n INTEGER DEFAULT 'no') STRICT", INSERT,
        "cannot store TEXT value in INTEGER column t.n", NEW, columns='{"c": {"data_type": "TEXT"}}',
    ),
    Case(
        "CREATE TABLE t (c INT PRIMARY KEY)", "DROP TABLE t\nCREATE TABLE t (c INTEGER PRIMARY KEY)", INSERT,
        "datatype mismatch", NEW,
    ),
    Case(
        "CREATE TABLE t (c TEXT)", "ALTER TABLE t ADD COLUMN n INTEGER DEFAULT 1 CHECK (n >= rowid)",
        "INSERT INTO t (c) VALUES ('x'), ('y')", "CHECK constraint failed", NEW,
    ),
    *(
        Case(
            f"CREATE TABLE t (c {of}, CHECK (c {before}))", f"DROP TABLE t\nCREATE TABLE t (c {of}, CHECK (c {after}))",
            f"INSERT INTO t (c) VALUES ({use})", "CHECK constraint failed", NEW,
        )
        for of, before, after, use in (
            ("VARCHAR(9)", ">= 1000", ">= 500", "'1234'"), ("TEXT", "> 10", "> 9", "5"), ("TEXT", "<= 5", "<= 10", "4"),
        )
    ),
    *(
        Case(
            f"CREATE TABLE t (c {of}, CHECK (c {before}))", f"DROP TABLE t\nCREATE TABLE t (c {of}, CHECK (c {after}))",
            f"INSERT INTO t (c) VALUES ({use})",
        )
        for of, before, after, use in (
            ("INTEGER", ">= 1000", ">= 500", "1234"), ("NUMERIC", "<= 5", "<= 10", "4"), ("BLOB", "<= 5", "<= 10", "4"),
            ("TEXT", "<= 10", "<= 100", "'1'"),
        )
    ),
]  # fmt: skip


@pytest.mark.parametrize("compatibility", ["writer", "full"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.given[-40:]}: {case.change[:60]}")
def test_what_writers_rely_on(case: Case, compatibility: str, tmp_path: Path) -> None:
    is_told(case, compatibility, tmp_path)


NUMBERED = "CREATE TABLE t (c INTEGER NOT NULL PRIMARY KEY, n TEXT)"


@pytest.mark.parametrize(
    "key", ["c BIGINT NOT NULL PRIMARY KEY", "c BIGINT NOT NULL, n TEXT NOT NULL, PRIMARY KEY (c, n)"]
)
@pytest.mark.parametrize("columns", [{"c": {"data_type": "integer"}}, {"n": {}}])
def test_a_contract_about_another_database_relies_on_no_number_of_sqlites(
    key: str, columns: dict[str, Any], tmp_path: Path
) -> None:
    found = {}
    for kind in ("postgresql", "sqlite"):
        folder = tmp_path / kind
        folder.mkdir()
        stated = contracts(
            Broken("", (), "", columns if kind == "postgresql" else {"n": {}}, {}, "writer"), folder, kind
        )
        with opened() as connection:
            run(connection, NUMBERED.replace("n TEXT", "n TEXT NOT NULL"))
            before = sqlite.observe(connection, None)
            run(connection, f"DROP TABLE t\nCREATE TABLE t ({key}{'' if 'n TEXT' in key else ', n TEXT NOT NULL'})")
            after = sqlite.observe(connection, None)
        found[kind] = {each.rule for each in violations(stated, before, [Operation(None, "", after)])}
    assert REQUIRED not in found["postgresql"]
    assert REQUIRED in found["sqlite"]


@pytest.mark.parametrize("compatibility", ["reader", "exact"])
def test_a_key_that_takes_null_by_now_is_told_to_readers(compatibility: str, tmp_path: Path) -> None:
    stated = contracts(Broken("", (), "", {"c": {"primaryKey": True}}, {}, compatibility), tmp_path, "sqlite")
    with opened() as connection:
        run(connection, "CREATE TABLE t (c INTEGER PRIMARY KEY)")
        before = sqlite.observe(connection, None)
        run(connection, "DROP TABLE t\nCREATE TABLE t (c INTEGER PRIMARY KEY DESC)")
        after = sqlite.observe(connection, None)
        assert said_to(connection, "INSERT INTO t VALUES (NULL), (NULL)") == ""
    found = [each for each in violations(stated, before, [Operation(None, "", after)]) if each.rule == "primary-key"]
    assert [each.actual for each in found] == ["PRIMARY KEY (c) that takes NULL in c"]
    assert violations(stated, after, [Operation(None, "", after)]) == []
