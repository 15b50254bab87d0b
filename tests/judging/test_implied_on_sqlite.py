"""What contracts of writers rely on without a word of keys, foreign keys and views, held against SQLite itself."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from alembic_contracts.dialects import sqlite
from alembic_contracts.schemas.steps import Operation
from tests.support.advised import Broken, contracts, violations
from tests.support.implied_on_sqlite import INSERT, NEW, REQUIRED, UNIQUE, Case, is_told, opened, run, said_to

if TYPE_CHECKING:
    from pathlib import Path

REFERS = "CREATE TABLE p (id INTEGER PRIMARY KEY, a TEXT UNIQUE, b TEXT UNIQUE)\nINSERT INTO p VALUES (1, 'x', 'y')\n"
TO_A = REFERS + "CREATE TABLE t (c TEXT REFERENCES p (a))"
STATED = '{"foreign_keys": [{"columns": ["c"], "references": {"table_name": "p", "columns": ["a"]}}]}'
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
]  # fmt: skip


@pytest.mark.parametrize("compatibility", ["writer", "full"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.given[-40:]}: {case.change[:60]}")
def test_what_writers_rely_on(case: Case, compatibility: str, tmp_path: Path) -> None:
    is_told(case, compatibility, tmp_path)


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
