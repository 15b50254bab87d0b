"""What contracts of writers rely on in tables that no contract names: partitions, and what is under a view."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.support.facts import judged, run
from tests.support.implied import Case, contract_of, is_told

if TYPE_CHECKING:
    from pathlib import Path

    import sqlalchemy as sa

Hidden = partial(Case, at_commit=False)

ROOT = (
    "CREATE TABLE t (c integer, d integer DEFAULT 1, e integer) PARTITION BY LIST (c); "
    "CREATE TABLE one PARTITION OF t FOR VALUES IN (1) PARTITION BY LIST (d); "
    "CREATE TABLE one_one PARTITION OF one FOR VALUES IN (1); CREATE TABLE two PARTITION OF t FOR VALUES IN (2)"
)
REST = f"{ROOT}; CREATE TABLE rest PARTITION OF t DEFAULT"
TWO, ONE, THREE = "INSERT INTO t (c) VALUES (2)", "INSERT INTO t (c) VALUES (1)", "INSERT INTO t (c) VALUES (3)"
PARTITIONS = [
    Hidden(
        ROOT,
        "ALTER TABLE two ADD CONSTRAINT q CHECK (d > 5)",
        TWO,
        "23514",
        "new-constraint",
        actual="a new check q of public.two",
    ),
    Hidden(ROOT, "ALTER TABLE one_one ADD CONSTRAINT q CHECK (d > 5)", ONE, "23514", "new-constraint"),
    Hidden(ROOT, "CREATE UNIQUE INDEX u ON two (d)", f"{TWO}; {TWO}", "23505", "new-constraint"),
    Hidden(
        ROOT,
        "ALTER TABLE two ALTER e SET NOT NULL",
        TWO,
        "23502",
        "required-column",
        actual="newly required column e of public.two",
    ),
    Hidden(ROOT, "ALTER TABLE two ALTER d SET NOT NULL, ALTER d DROP DEFAULT", TWO),
    Hidden(
        "CREATE TABLE t (c integer, d integer) PARTITION BY LIST (c); "
        "CREATE TABLE two PARTITION OF t FOR VALUES IN (2)",
        "ALTER TABLE two ALTER d SET DEFAULT 1, ALTER d SET NOT NULL",
        TWO,
        "23502",
        "required-column",
    ),
    Hidden(
        ROOT,
        "CREATE TABLE k (d integer PRIMARY KEY); ALTER TABLE two ADD FOREIGN KEY (d) REFERENCES k",
        TWO,
        "23503",
        "new-constraint",
    ),
    Hidden(
        REST,
        "CREATE TABLE three (c integer, d integer CHECK (d > 5), e integer); "
        "ALTER TABLE t ATTACH PARTITION three FOR VALUES IN (3)",
        THREE,
        "23514",
        "new-constraint",
    ),
    Case(REST, "CREATE TABLE three PARTITION OF t FOR VALUES IN (3)", THREE),
    Case(
        ROOT,
        "CREATE TABLE three (c integer, d integer CHECK (d > 5), e integer); "
        "ALTER TABLE t ATTACH PARTITION three FOR VALUES IN (3)",
        TWO,
    ),
    Case(ROOT, "ALTER TABLE two RENAME TO other; ALTER TABLE one_one RENAME TO one_other", TWO),
    Case(ROOT, "ALTER TABLE t ADD f integer CHECK (f > 1)", TWO),
    Case(ROOT, "ALTER TABLE t ADD f integer DEFAULT 3; ALTER TABLE two ALTER f SET NOT NULL", TWO),
    Case(ROOT, "ALTER TABLE t ADD CONSTRAINT q CHECK (d > 5)", TWO, "23514", "new-constraint"),
    Case(
        f"{ROOT}; ALTER TABLE two ADD CONSTRAINT q CHECK (d > 0)",
        "ALTER TABLE two DROP CONSTRAINT q; ALTER TABLE two ADD CONSTRAINT r CHECK (d > 0)",
        TWO,
    ),
    Hidden(
        f"{ROOT}; ALTER TABLE one ADD CONSTRAINT q CHECK (e > 0)",
        "ALTER TABLE two ADD CONSTRAINT q CHECK (e > 0)",
        "INSERT INTO t (c, e) VALUES (2, 0)",
        "23514",
        "new-constraint",
    ),
]

NULLABLE = '{"properties": {"c": {}, "e": {"constraints": {"is_nullable": true}}}}'
NAMED = [
    Hidden(
        ROOT,
        "ALTER TABLE two ALTER e SET NOT NULL",
        TWO,
        "23502",
        "required-column",
        actual="newly required column e of public.two",
        states=NULLABLE,
    ),
    Case(
        ROOT,
        "ALTER TABLE two ALTER e SET NOT NULL",
        "INSERT INTO t (c, e) VALUES (2, 1)",
        states='{"properties": {"c": {}, "e": {}}}',
    ),
    Hidden(
        "CREATE TABLE b (c integer, e integer); CREATE VIEW t AS SELECT c, e FROM b",
        "ALTER TABLE b ALTER e SET NOT NULL",
        "INSERT INTO t (c) VALUES (1)",
        "23502",
        "required-column",
        states=NULLABLE,
    ),
    Hidden(
        "CREATE TABLE b (c integer, e serial PRIMARY KEY); CREATE VIEW t AS SELECT c, e FROM b",
        "ALTER TABLE b ALTER e DROP DEFAULT",
        "INSERT INTO t (c) VALUES (1)",
        "23502",
        "required-column",
        states='{"properties": {"c": {}, "e": {}}}',
    ),
    Case(
        "CREATE TABLE b (c integer, e serial PRIMARY KEY); CREATE VIEW t AS SELECT c, e FROM b",
        "ALTER TABLE b ALTER e DROP DEFAULT; ALTER VIEW t ALTER e SET DEFAULT 7",
        "INSERT INTO t (c) VALUES (1)",
        states='{"properties": {"c": {}, "e": {}}}',
    ),
]

VIEW = "CREATE TABLE b (c integer, d integer, k text DEFAULT 'x'); CREATE VIEW t AS SELECT c, d FROM b"
INSERT = "INSERT INTO t (c) VALUES (1)"
VIEWS = [
    Hidden(
        VIEW,
        "ALTER TABLE b ADD CONSTRAINT q CHECK (c > 5)",
        INSERT,
        "23514",
        "new-constraint",
        actual="a new check q of public.b",
    ),
    Hidden(
        VIEW,
        "ALTER TABLE b ADD z integer NOT NULL",
        INSERT,
        "23502",
        "required-column",
        actual="newly required column z of public.b",
    ),
    Hidden(VIEW, "ALTER TABLE b ALTER d SET NOT NULL", INSERT, "23502", "required-column"),
    Hidden(
        "CREATE TABLE b (c integer, k text NOT NULL DEFAULT 'x'); CREATE VIEW t AS SELECT c FROM b",
        "ALTER TABLE b ALTER k DROP DEFAULT",
        INSERT,
        "23502",
        "required-column",
    ),
    Hidden(VIEW, "CREATE UNIQUE INDEX u ON b (c)", f"{INSERT}; {INSERT}", "23505", "new-constraint"),
    Hidden(
        f"{VIEW} WHERE c > 0; CREATE VIEW v AS SELECT d, c FROM t",
        "ALTER TABLE b ADD CONSTRAINT q CHECK (c > 5)",
        INSERT,
        "23514",
        "new-constraint",
    ),
    Hidden(
        "CREATE TABLE b (c integer, d integer); CREATE VIEW v AS SELECT c, d FROM b; CREATE VIEW t AS SELECT c FROM v",
        "ALTER TABLE b ADD CONSTRAINT q CHECK (c > 5)",
        INSERT,
        "23514",
        "new-constraint",
    ),
    Hidden(
        "CREATE TABLE b (c integer, d integer); CREATE VIEW v AS SELECT c, d FROM b WHERE c > 5; "
        "CREATE VIEW t AS SELECT c FROM v",
        "ALTER VIEW v SET (check_option = local)",
        INSERT,
        "44000",
        "new-constraint",
    ),
    Hidden(
        "CREATE TABLE b (c integer, d integer) PARTITION BY LIST (c); "
        "CREATE TABLE one PARTITION OF b FOR VALUES IN (1); CREATE VIEW t AS SELECT c, d FROM b",
        "ALTER TABLE one ADD CONSTRAINT q CHECK (d IS NOT NULL)",
        INSERT,
        "23514",
        "new-constraint",
    ),
    Hidden(
        "CREATE TABLE o (c integer); CREATE TABLE b (c integer, d integer); "
        "CREATE VIEW t AS SELECT c, d FROM b WHERE NOT EXISTS (SELECT FROM o WHERE o.c = b.c)",
        "ALTER TABLE b ADD CONSTRAINT q CHECK (c > 5)",
        INSERT,
        "23514",
        "new-constraint",
    ),
    Case(
        "CREATE TABLE o (c integer); CREATE TABLE b (c integer, d integer); "
        "CREATE VIEW t AS SELECT c, d FROM b WHERE NOT EXISTS (SELECT FROM o WHERE o.c = b.c)",
        "ALTER TABLE o ADD CONSTRAINT q CHECK (c > 5)",
        INSERT,
    ),
    Case(VIEW, "ALTER TABLE b ADD z integer NOT NULL DEFAULT 1", INSERT),
    Case(VIEW, "ALTER TABLE b ADD z integer CHECK (z > 1)", INSERT),
    Case(VIEW, "ALTER VIEW t ALTER d SET DEFAULT 1; ALTER TABLE b ALTER d SET NOT NULL", INSERT),
    Case(VIEW, "ALTER TABLE b RENAME d TO f; ALTER TABLE b RENAME TO a", INSERT),
    Case(
        "CREATE TABLE b (c integer, d integer NOT NULL); CREATE VIEW t AS SELECT c FROM b",
        "ALTER TABLE b RENAME TO a; CREATE VIEW b AS SELECT * FROM a",
        "SELECT * FROM t",
    ),
    Hidden(
        "CREATE TABLE b (c integer, d integer); CREATE VIEW t AS SELECT c FROM b",
        "ALTER TABLE b RENAME TO a; ALTER TABLE a ALTER d SET NOT NULL",
        INSERT,
        "23502",
        "required-column",
    ),
    Case(
        "CREATE TABLE b (c integer CHECK (c > 0) PRIMARY KEY, d integer NOT NULL UNIQUE); "
        "CREATE VIEW t AS SELECT c, d FROM b",
        "ALTER TABLE b RENAME d TO f; ALTER TABLE b RENAME c TO e; ALTER TABLE b RENAME TO a",
        "INSERT INTO t VALUES (1, 2)",
    ),
    Case(
        "CREATE TABLE b (c integer CHECK (c > 0)); CREATE VIEW t AS SELECT c FROM b",
        "ALTER TABLE b DROP CONSTRAINT b_c_check; ALTER TABLE b ADD CHECK (c > -1)",
        INSERT,
    ),
    Case(
        "CREATE TABLE t (c integer CHECK (c > 0), d integer NOT NULL DEFAULT 1)",
        "ALTER TABLE t RENAME TO b; CREATE VIEW t AS SELECT * FROM b",
        INSERT,
    ),
    Case(
        "CREATE TABLE b (c integer, d integer NOT NULL); CREATE VIEW t AS SELECT c FROM b WHERE c > 0",
        "ALTER TABLE b ALTER d SET DEFAULT 1",
        "SELECT * FROM t",
    ),
    Case(
        "CREATE TABLE b (c integer, d integer NOT NULL); CREATE VIEW t AS SELECT c, count(*) AS d FROM b GROUP BY c",
        "ALTER TABLE b ADD CONSTRAINT q CHECK (c > 5)",
        "SELECT * FROM t",
    ),
]


@pytest.mark.parametrize("case", [*PARTITIONS, *NAMED, *VIEWS], ids=lambda case: case.change)
def test_who_is_refused_behind_a_table_is_told(case: Case, connection: sa.Connection, tmp_path: Path) -> None:
    is_told(case, connection, tmp_path)


def test_views_that_read_each_other_are_no_endless_way(connection: sa.Connection, tmp_path: Path) -> None:
    case = Case(
        "CREATE TABLE b (c integer); CREATE VIEW t AS SELECT c FROM b",
        "CREATE VIEW v AS SELECT c FROM t; CREATE OR REPLACE VIEW t AS SELECT c FROM v",
        "INSERT INTO t VALUES (1)",
        "42P17",
        "new-constraint",
        actual="nothing that takes INSERT or UPDATE any more",
    )
    is_told(case, connection, tmp_path)


def test_a_key_under_a_view_of_other_names_may_be_the_one_that_was_there(
    connection: sa.Connection, tmp_path: Path
) -> None:
    case = Case(
        "CREATE TABLE t (c integer PRIMARY KEY)",
        "CREATE TABLE b (x integer PRIMARY KEY); DROP TABLE t; CREATE VIEW t AS SELECT x AS c FROM b",
        "INSERT INTO t VALUES (1)",
    )
    before, observed, _ = run(connection, case.given, case.change)
    report = judged(contract_of(case, tmp_path), before, observed)
    assert report.violations == ()
    assert [each.reason for each in report.unproven] == [
        "whether the primary key b_pkey of public.b is new could not be worked out"
    ]


def test_a_key_under_a_view_is_new_where_there_was_none(connection: sa.Connection, tmp_path: Path) -> None:
    case = Hidden(
        "CREATE TABLE t (c integer)",
        "CREATE TABLE b (x integer PRIMARY KEY); DROP TABLE t; CREATE VIEW t AS SELECT x AS c FROM b",
        f"{INSERT}; {INSERT}",
        "23505",
        "new-constraint",
        actual="a new primary key b_pkey of public.b",
    )
    is_told(case, connection, tmp_path)
