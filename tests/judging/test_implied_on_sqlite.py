"""What contracts of writers rely on without a word, held against what SQLite itself says to their statements."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from alembic_contracts.dialects import sqlite
from alembic_contracts.schemas.steps import Operation
from tests.support.advised import Broken, contracts, violations

if TYPE_CHECKING:
    from pathlib import Path

NEW, REQUIRED = "new-constraint", "required-column"


@dataclass(frozen=True)
class Case:
    given: str
    """What makes the table or view ``t`` with a column ``c``; statements end with a line's end."""
    change: str
    use: str
    """What a writer runs, before and after."""
    refused: str = ""
    """What SQLite says to it after the change; empty: nothing."""
    rule: str = ""
    """The rule that says so; empty: none does."""
    actual: str = ""
    states: str = ""
    """What the contract states of the table, as JSON."""
    columns: str = '{"c": {}}'
    """What it states of columns, as JSON."""


REFERS = "CREATE TABLE p (id INTEGER PRIMARY KEY, a TEXT UNIQUE, b TEXT UNIQUE)\nINSERT INTO p VALUES (1, 'x', 'y')\n"
TO_A = REFERS + "CREATE TABLE t (c TEXT REFERENCES p (a))"
STATED = '{"foreign_keys": [{"columns": ["c"], "references": {"table_name": "p", "columns": ["a"]}}]}'
UNIQUE = '{"unique": [["c"]]}'
INSERT = "INSERT INTO t (c) VALUES ('x')"
VIEW = (
    "CREATE TABLE s (c TEXT)\nCREATE VIEW t AS SELECT c FROM s\n"
    "CREATE TRIGGER i INSTEAD OF INSERT ON t BEGIN INSERT INTO s VALUES (NEW.c); END\n"
    "CREATE TRIGGER d INSTEAD OF DELETE ON t BEGIN DELETE FROM s WHERE c = OLD.c; END"
)
TWICE = "INSERT INTO t (c) VALUES ('r1'), ('R1')"

CASES = [
    Case(
        TO_A, "DROP TABLE t\nCREATE TABLE t (c TEXT REFERENCES p (b))", INSERT,
        "FOREIGN KEY constraint failed", NEW, "a new foreign key (c)", states=STATED,
    ),
    Case(
        REFERS + "CREATE TABLE t (c TEXT)", "DROP TABLE t\nCREATE TABLE t (c TEXT REFERENCES p (a))", INSERT,
        states=STATED,
    ),
    Case(
        "CREATE TABLE p (a TEXT)\nCREATE UNIQUE INDEX u ON p (a)\nCREATE TABLE t (c TEXT REFERENCES p (a))",
        "DROP INDEX u", "INSERT INTO t (c) VALUES (NULL)", "foreign key mismatch",
        NEW, "a foreign key (c) that finds no key in main.p", states=STATED,
    ),
    Case(
        "CREATE TABLE t (c TEXT, k TEXT)\nCREATE UNIQUE INDEX u ON t (k COLLATE NOCASE)\n"
        "CREATE TABLE s (c TEXT, k TEXT AS (lower(c)) NOT NULL)",
        "ALTER TABLE t ADD COLUMN n TEXT", INSERT,
    ),
    Case(TO_A, "DROP TABLE p", "INSERT INTO t (c) VALUES (NULL)", "no such table", NEW),
    Case(
        "CREATE TABLE t (c TEXT)", "CREATE TABLE n (c TEXT, k TEXT REFERENCES gone (a))\nDROP TABLE t\n"
        "ALTER TABLE n RENAME TO t", INSERT, "no such table", NEW,
        "a foreign key (k) that finds no key in main.gone",
    ),
    Case(
        "CREATE TABLE t (c TEXT)\nCREATE UNIQUE INDEX u ON t (c)",
        "DROP INDEX u\nCREATE UNIQUE INDEX u ON t (c COLLATE NOCASE)",
        TWICE, "UNIQUE constraint failed", NEW, "a new unique u", states=UNIQUE,
    ),
    Case(
        "CREATE TABLE t (c TEXT)\nCREATE UNIQUE INDEX u ON t (c COLLATE NOCASE)",
        "DROP INDEX u\nCREATE UNIQUE INDEX u ON t (c)", "INSERT INTO t (c) VALUES ('r1'), ('r2')", states=UNIQUE,
    ),
    Case(
        "CREATE TABLE t (c TEXT UNIQUE)", "DROP TABLE t\nCREATE TABLE t (c TEXT UNIQUE COLLATE NOCASE)",
        TWICE, "UNIQUE constraint failed", NEW, "a new unique (c)", states=UNIQUE,
    ),
    Case(
        "CREATE TABLE t (c TEXT UNIQUE COLLATE NOCASE)", "DROP TABLE t\nCREATE TABLE t (c TEXT UNIQUE)",
        "INSERT INTO t (c) VALUES ('r1'), ('r2')",
    ),
    Case(
        "CREATE TABLE t (c INTEGER NOT NULL PRIMARY KEY, n TEXT)",
        "DROP TABLE t\nCREATE TABLE t (c BIGINT NOT NULL PRIMARY KEY, n TEXT)", "INSERT INTO t (n) VALUES ('x')",
        "NOT NULL constraint failed: t.c", REQUIRED, "newly required column c",
    ),
    Case(
        "CREATE TABLE t (c INTEGER NOT NULL PRIMARY KEY, n TEXT)",
        "DROP TABLE t\nCREATE TABLE t (c INTEGER NOT NULL, n TEXT, PRIMARY KEY (c)) WITHOUT ROWID",
        "INSERT INTO t (n) VALUES ('x')", "NOT NULL constraint failed: t.c", REQUIRED,
    ),
    Case(
        "CREATE TABLE t (c INTEGER NOT NULL PRIMARY KEY, n TEXT)",
        "DROP TABLE t\nCREATE TABLE t (c INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, n TEXT)",
        "INSERT INTO t (n) VALUES ('x')",
    ),
    Case(
        "CREATE TABLE t (c TEXT)", "ALTER TABLE t ADD COLUMN k TEXT GENERATED ALWAYS AS (lower(c)) VIRTUAL NOT NULL",
        "INSERT INTO t (c) VALUES (NULL)", "NOT NULL constraint failed: t.k", NEW,
        "a new generated column k that is NOT NULL, from (c)",
    ),
    Case(
        "CREATE TABLE t (c TEXT NOT NULL)", "ALTER TABLE t ADD COLUMN k TEXT AS (lower(c)) NOT NULL", INSERT,
    ),
    Case(
        "CREATE TABLE t (c TEXT)", "ALTER TABLE t ADD COLUMN k TEXT AS (coalesce(c, 'c')) NOT NULL",
        "INSERT INTO t (c) VALUES (NULL)",
    ),
    Case(
        "CREATE TABLE t (c TEXT)", "ALTER TABLE t ADD COLUMN n INTEGER DEFAULT 1\n"
        "ALTER TABLE t ADD COLUMN k INTEGER AS (n + 1) NOT NULL", INSERT,
    ),
    Case(
        "CREATE TABLE t (c TEXT)", "ALTER TABLE t ADD COLUMN n INTEGER\n"
        "ALTER TABLE t ADD COLUMN k INTEGER AS (n + 1) NOT NULL", INSERT, "NOT NULL constraint failed: t.k", NEW,
    ),
    Case(
        "CREATE TABLE t (c TEXT NOT NULL, k TEXT AS (lower(c)) NOT NULL)",
        "DROP TABLE t\nCREATE TABLE t (c TEXT, k TEXT AS (lower(c)) NOT NULL)", INSERT,
    ),
    Case(VIEW, "DROP TRIGGER i", INSERT, "cannot modify t because it is a view", NEW,
         "nothing that takes INSERT any more"),
    Case(VIEW, "DROP TRIGGER d", "DELETE FROM t", "cannot modify t because it is a view", NEW),
    Case(VIEW, "DROP TRIGGER d\nCREATE TRIGGER e INSTEAD OF DELETE ON t BEGIN SELECT 1; END", "DELETE FROM t"),
    Case(
        "CREATE TABLE t (c TEXT UNIQUE, n INTEGER)", "CREATE UNIQUE INDEX u ON t (n, c) WHERE n IS NULL",
        "INSERT INTO t (c) VALUES ('a'), ('b'), (NULL), (NULL)",
    ),
    Case(
        "CREATE TABLE t (c TEXT UNIQUE, n INTEGER)", "CREATE UNIQUE INDEX u ON t (n, c COLLATE NOCASE)",
        "INSERT INTO t (n, c) VALUES (1, 'r'), (1, 'R')", "UNIQUE constraint failed", NEW,
    ),
    Case(
        REFERS + "CREATE TABLE t (c TEXT REFERENCES p (a) DEFERRABLE INITIALLY DEFERRED)",
        "DROP TABLE t\nCREATE TABLE t (c TEXT REFERENCES p (a))", "INSERT INTO t (c) VALUES ('later')",
        "FOREIGN KEY constraint failed", NEW, states=STATED,
    ),
    Case(
        "CREATE TABLE t (c TEXT)", "DROP TABLE t\nCREATE TABLE t (c TEXT CHECK (length(c) > 3))", INSERT,
        "CHECK constraint failed", NEW, "a new check (length(c) > 3)",
    ),
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


@contextmanager
def opened() -> Iterator[sa.Connection]:
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA foreign_keys = ON")
        yield connection
    engine.dispose()


def run(connection: sa.Connection, statements: str) -> None:
    for statement in statements.splitlines():
        connection.exec_driver_sql(statement)


def said_to(connection: sa.Connection, statement: str) -> str:
    """Return what SQLite says to a statement that leaves nothing behind."""
    connection.exec_driver_sql("SAVEPOINT use")
    try:
        connection.exec_driver_sql(statement)
    except sa.exc.DBAPIError as error:
        return str(error.orig)
    else:
        return ""
    finally:
        connection.exec_driver_sql("ROLLBACK TO use")
        connection.exec_driver_sql("RELEASE use")


@pytest.mark.parametrize("compatibility", ["writer", "full"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.given[-40:]}: {case.change[:60]}")
def test_what_writers_rely_on(case: Case, compatibility: str, tmp_path: Path) -> None:
    table: dict[str, Any] = json.loads(case.states or "{}")
    stated = contracts(Broken("", (), "", json.loads(case.columns), table, compatibility), tmp_path, "sqlite")
    with opened() as connection:
        run(connection, case.given)
        before = sqlite.observe(connection, None)
        assert said_to(connection, case.use) == "", "works before"
        run(connection, case.change)
        said = said_to(connection, case.use)
        assert bool(said) == bool(case.refused)
        assert case.refused in said
        after = sqlite.observe(connection, None)
    implied = [
        each for each in violations(stated, before, [Operation(None, "", after)]) if each.rule in (NEW, REQUIRED)
    ]
    assert [(each.rule, each.severity) for each in implied] == ([(case.rule, "error")] if case.rule else [])
    if case.actual:
        assert implied[0].actual == case.actual


@pytest.mark.parametrize(("rule", "compatibility"), [(NEW, "writer"), ("foreign-key", "exact")])
def test_where_a_foreign_key_finds_no_key_the_advice_is_about_that_key(
    rule: str, compatibility: str, tmp_path: Path
) -> None:
    stated = contracts(Broken("", (), "", {"c": {}}, json.loads(STATED), compatibility), tmp_path, "sqlite")
    key = "CREATE UNIQUE INDEX u ON p (a)"
    with opened() as connection:
        run(connection, f"CREATE TABLE p (a TEXT)\n{key}\nCREATE TABLE t (c TEXT REFERENCES p (a))")
        before = sqlite.observe(connection, None)
        run(connection, "DROP INDEX u")
        broken = sqlite.observe(connection, None)
        run(connection, key)
        mended = sqlite.observe(connection, None)
    [found] = [each for each in violations(stated, before, [Operation(None, "", broken)]) if each.rule == rule]
    assert "create_foreign_key" not in found.remedy
    assert re.search(r"Keep the table\b.*key", found.remedy)
    assert violations(stated, before, [Operation(None, "", broken), Operation(None, "", mended)]) == []


@pytest.mark.parametrize(
    "mended", ["CREATE UNIQUE INDEX u ON p (a)", "DROP TABLE t\nCREATE TABLE t (c TEXT REFERENCES q (a))"]
)
def test_a_foreign_key_that_found_no_key_is_none_that_is_new(mended: str, tmp_path: Path) -> None:
    stated = contracts(Broken("", (), "", {"c": {}}, {}, "writer"), tmp_path, "sqlite")
    with opened() as connection:
        run(
            connection,
            "CREATE TABLE p (a TEXT)\nCREATE TABLE q (a TEXT UNIQUE)\nCREATE TABLE t (c TEXT REFERENCES p (a))",
        )
        before = sqlite.observe(connection, None)
        assert said_to(connection, INSERT)
        run(connection, mended)
        after = sqlite.observe(connection, None)
    assert violations(stated, before, [Operation(None, "", after)]) == []


@pytest.mark.parametrize(
    ("there", "is_kept"),
    [("REFERENCES p (id)", True), ("REFERENCES p", True), ("REFERENCES p (n)", False), ("REFERENCES P (ID)", True)],
)
def test_a_foreign_key_without_columns_is_one_to_the_primary_key(there: str, is_kept: bool, tmp_path: Path) -> None:
    keys = {"foreign_keys": [{"columns": ["c"], "references": {"table_name": "p"}}]}
    stated = contracts(Broken("", (), "", {"c": {}}, keys, "exact"), tmp_path, "sqlite")
    with opened() as connection:
        run(connection, "CREATE TABLE p (id INTEGER PRIMARY KEY, n INTEGER UNIQUE)")
        run(connection, "CREATE TABLE t (c INTEGER REFERENCES p (id))")
        before = sqlite.observe(connection, None)
        run(connection, f"DROP TABLE t\nCREATE TABLE t (c INTEGER {there})")
        after = sqlite.observe(connection, None)
    found = violations(stated, before, [Operation(None, "", after)])
    assert [each.rule for each in found] == ([] if is_kept else ["foreign-key"])


@pytest.mark.parametrize("compatibility", ["writer", "reader", "exact"])
@pytest.mark.parametrize(
    ("columns", "table"),
    [
        ({"Name": {}}, {"unique": [["name"]]}),
        ({"NAME": {}, "id": {}}, {"unique": [["Name"]]}),
        ({"P": {}}, {"foreign_keys": [{"columns": ["p"], "references": {"table_name": "O", "columns": ["ID"]}}]}),
        ({"p": {}}, {"foreign_keys": [{"columns": ["P"], "references": {"table_name": "T", "columns": ["Id"]}}]}),
    ],
)
def test_one_contract_may_write_a_name_in_two_ways(
    columns: dict[str, Any], table: dict[str, Any], compatibility: str, tmp_path: Path
) -> None:
    to = "t" if "T" in str(table) else "o"
    given = (
        "CREATE TABLE o (id INTEGER PRIMARY KEY)\n"
        f"CREATE TABLE t (Id INTEGER PRIMARY KEY, nAme TEXT UNIQUE, p INTEGER REFERENCES {to} (id))"
    )
    stated = contracts(Broken("", (), "", columns, table, compatibility), tmp_path, "sqlite")
    with opened() as connection:
        run(connection, given)
        before = sqlite.observe(connection, None)
        run(connection, "ALTER TABLE t ADD COLUMN further TEXT")
        kept = sqlite.observe(connection, None)
        run(connection, "CREATE TABLE n (id INTEGER, name TEXT, p INTEGER)\nDROP TABLE t\nALTER TABLE n RENAME TO t")
        broken = sqlite.observe(connection, None)
    assert violations(stated, before, [Operation(None, "", kept)]) == []
    if compatibility != "writer":
        assert violations(stated, before, [Operation(None, "", broken)])


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
