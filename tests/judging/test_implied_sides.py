"""What contracts of writers rely on without a word: what rows meet in a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.implied import Case, is_told

if TYPE_CHECKING:
    from pathlib import Path

    import sqlalchemy as sa

REQUIRED = [
    Case(
        "CREATE DOMAIN d AS integer NOT NULL; CREATE TABLE t (c integer)",
        "ALTER TABLE t ADD z d DEFAULT 1; ALTER TABLE t ALTER z DROP DEFAULT",
        "INSERT INTO t (c) VALUES (1)",
        "23502",
        "required-column",
        actual="newly required column z",
    ),
    Case(
        "CREATE DOMAIN d AS integer NOT NULL; CREATE DOMAIN e AS d; CREATE TABLE t (c integer)",
        "ALTER TABLE t ADD z e",
        "INSERT INTO t (c) VALUES (1)",
        "23502",
        "required-column",
    ),
    Case(
        "CREATE DOMAIN d AS integer DEFAULT 1 NOT NULL; CREATE TABLE t (c integer, z d)",
        "ALTER DOMAIN d DROP DEFAULT",
        "INSERT INTO t (c) VALUES (1)",
        "23502",
        "required-column",
    ),
    Case(
        "CREATE DOMAIN d AS integer DEFAULT 1 NOT NULL; CREATE TABLE t (c d, z integer)",
        "ALTER DOMAIN d DROP DEFAULT; ",
        "INSERT INTO t (z) VALUES (1)",
        "23502",
        "required-column",
    ),
    Case(
        "CREATE DOMAIN d AS integer; CREATE TABLE t (c integer, z d)",
        "ALTER DOMAIN d SET NOT NULL",
        "INSERT INTO t (c) VALUES (1)",
        "23502",
        "required-column",
    ),
    Case(
        "CREATE DOMAIN d AS integer DEFAULT 1; CREATE TABLE t (c integer, z d NOT NULL)",
        "ALTER DOMAIN d DROP DEFAULT",
        "INSERT INTO t (c) VALUES (1)",
        "23502",
        "required-column",
    ),
    Case(
        "CREATE DOMAIN d AS integer DEFAULT 1; CREATE TABLE t (c integer, z d NOT NULL)",
        "ALTER TABLE t ALTER z SET DEFAULT NULL",
        "INSERT INTO t (c) VALUES (1)",
        "23502",
        "required-column",
    ),
    Case(
        "CREATE DOMAIN d AS integer DEFAULT 1 NOT NULL; CREATE TABLE t (c integer)",
        "ALTER TABLE t ADD z d",
        "INSERT INTO t (c) VALUES (1)",
    ),
    Case(
        "CREATE DOMAIN d AS integer DEFAULT 1; CREATE DOMAIN e AS d NOT NULL; CREATE TABLE t (c integer)",
        "ALTER TABLE t ADD z e NOT NULL",
        "INSERT INTO t (c) VALUES (1)",
    ),
    Case(
        "CREATE TABLE t (c integer)",
        "CREATE DOMAIN d AS integer DEFAULT 1; CREATE DOMAIN e AS d NOT NULL; ALTER TABLE t ADD z e",
        "INSERT INTO t (c) VALUES (1)",
    ),
    Case(
        "CREATE TABLE t (c integer)",
        "CREATE DOMAIN d AS integer DEFAULT 1; CREATE DOMAIN e AS d DEFAULT NULL NOT NULL; ALTER TABLE t ADD z e",
        "INSERT INTO t (c) VALUES (1)",
        "23502",
        "required-column",
    ),
    Case(
        "CREATE DOMAIN d AS integer NOT NULL; CREATE TABLE t (c integer)",
        "ALTER TABLE t ADD z d[]",
        "INSERT INTO t (c) VALUES (1)",
    ),
    Case(
        "CREATE DOMAIN d AS integer NOT NULL; CREATE TABLE t (c integer)",
        "ALTER TABLE t ADD z d GENERATED ALWAYS AS (c + 1) STORED",
        "INSERT INTO t (c) VALUES (1)",
    ),
]

CHECK, FOREIGN = "23514", "23503"
CONSTRAINTS = [
    Case(
        "CREATE DOMAIN d AS integer; CREATE TABLE t (c d)",
        "ALTER DOMAIN d ADD CONSTRAINT q CHECK (VALUE > 5)",
        "INSERT INTO t VALUES (1)",
        CHECK,
        "new-constraint",
        actual="a new check q of the domain public.d",
    ),
    Case(
        "CREATE DOMAIN d AS integer; CREATE TABLE t (c d)",
        "ALTER DOMAIN d ADD CHECK (VALUE > 5) NOT VALID",
        "INSERT INTO t VALUES (1)",
        CHECK,
        "new-constraint",
    ),
    Case(
        "CREATE DOMAIN d AS integer; CREATE DOMAIN e AS d; CREATE TABLE t (c e)",
        "ALTER DOMAIN d ADD CHECK (VALUE > 5)",
        "INSERT INTO t VALUES (1)",
        CHECK,
        "new-constraint",
    ),
    Case(
        "CREATE DOMAIN d AS integer; CREATE TABLE t (c d[])",
        "ALTER DOMAIN d ADD CHECK (VALUE > 5) NOT VALID",
        "INSERT INTO t VALUES (ARRAY[1])",
        CHECK,
        "new-constraint",
    ),
    Case(
        "CREATE DOMAIN d AS integer CHECK (VALUE > 5); CREATE TABLE t (c integer)",
        "ALTER TABLE t ALTER c TYPE d",
        "INSERT INTO t VALUES (1)",
        CHECK,
        "new-constraint",
    ),
    Case(
        "CREATE DOMAIN d AS integer CHECK (VALUE IS NOT NULL); CREATE TABLE t (c integer)",
        "ALTER TABLE t ADD z d",
        "INSERT INTO t (c) VALUES (1)",
        CHECK,
        "new-constraint",
    ),
    Case(
        "CREATE DOMAIN d AS integer DEFAULT 1; CREATE TABLE t (c integer)",
        "ALTER TABLE t ADD z d; ALTER TABLE t ADD CHECK (z > 1) NOT VALID",
        "INSERT INTO t (c) VALUES (1)",
        CHECK,
        "new-constraint",
    ),
    Case(
        "CREATE DOMAIN d AS integer CHECK (VALUE > 5); CREATE TABLE t (c integer)",
        "ALTER TABLE t ADD z d",
        "INSERT INTO t (c) VALUES (1)",
    ),
    Case(
        "CREATE DOMAIN d AS integer CHECK (VALUE > 5); CREATE DOMAIN e AS integer CHECK (VALUE > 5); "
        "CREATE TABLE t (c d)",
        "ALTER TABLE t ALTER c TYPE e",
        "INSERT INTO t VALUES (6)",
    ),
    Case(
        "CREATE DOMAIN d AS integer CHECK (VALUE > 5); CREATE TABLE t (c integer CHECK (c > 5))",
        "ALTER TABLE t DROP CONSTRAINT t_c_check; ALTER TABLE t ALTER c TYPE d",
        "INSERT INTO t VALUES (6)",
    ),
    Case(
        "CREATE DOMAIN d AS integer CHECK (VALUE > 5); CREATE TABLE t (c d)",
        "ALTER TABLE t ALTER c TYPE integer; ALTER TABLE t ADD CHECK (c > 5)",
        "INSERT INTO t VALUES (6)",
    ),
    Case(
        "CREATE TABLE o (id integer PRIMARY KEY); CREATE TABLE t (c integer CONSTRAINT q REFERENCES o NOT ENFORCED)",
        "ALTER TABLE t ALTER CONSTRAINT q ENFORCED",
        "INSERT INTO t VALUES (1)",
        FOREIGN,
        "new-constraint",
        version=18,
    ),
    Case(
        "CREATE TABLE t (c integer CONSTRAINT q CHECK (c > 5) NOT ENFORCED)",
        "ALTER TABLE t DROP CONSTRAINT q; ALTER TABLE t ADD CONSTRAINT q CHECK (c > 5)",
        "INSERT INTO t VALUES (1)",
        CHECK,
        "new-constraint",
        version=18,
    ),
    Case(
        "CREATE TABLE t (c integer)",
        "ALTER TABLE t ADD CONSTRAINT q CHECK (c > 5) NOT ENFORCED",
        "INSERT INTO t VALUES (1)",
        version=18,
    ),
    Case(
        "CREATE TABLE o (id integer PRIMARY KEY); CREATE TABLE t (c integer)",
        "ALTER TABLE t ADD CONSTRAINT q FOREIGN KEY (c) REFERENCES o NOT ENFORCED",
        "INSERT INTO t VALUES (1)",
        version=18,
    ),
    Case(
        "CREATE TABLE o (id integer PRIMARY KEY); CREATE TABLE t (c integer CONSTRAINT q REFERENCES o)",
        "ALTER TABLE t ALTER CONSTRAINT q NOT ENFORCED; ALTER TABLE t ALTER CONSTRAINT q ENFORCED",
        "INSERT INTO t VALUES (NULL)",
        version=18,
    ),
    Case(
        "CREATE TABLE t (c integer)",
        "ALTER TABLE t ADD z uuid NOT NULL DEFAULT gen_random_uuid(); ALTER TABLE t ADD UNIQUE (z)",
        "INSERT INTO t (c) VALUES (1), (1)",
    ),
    Case(
        "CREATE TABLE t (c integer)",
        "ALTER TABLE t ADD z integer GENERATED ALWAYS AS IDENTITY UNIQUE",
        "INSERT INTO t (c) VALUES (1), (1)",
    ),
    Case(
        "CREATE TABLE t (c integer)",
        "ALTER TABLE t ADD z serial PRIMARY KEY",
        "INSERT INTO t (c) VALUES (1), (1)",
    ),
    Case(
        "CREATE TABLE t (c integer)",
        "ALTER TABLE t ADD z serial; ALTER TABLE t ADD PRIMARY KEY (c, z)",
        "INSERT INTO t (c) VALUES (NULL)",
        "23502",
        "new-constraint",
    ),
    Case(
        "CREATE TABLE t (c integer, z uuid DEFAULT gen_random_uuid())",
        "ALTER TABLE t ADD UNIQUE (z)",
        "INSERT INTO t VALUES (1, '4c4e4a9e-8f3b-4c0e-9d3b-111111111111'), (1, '4c4e4a9e-8f3b-4c0e-9d3b-111111111111')",
        "23505",
        "new-constraint",
    ),
    Case(
        "CREATE TABLE t (c integer)",
        "ALTER TABLE t ADD z integer NOT NULL DEFAULT 7; ALTER TABLE t ADD UNIQUE (z)",
        "INSERT INTO t (c) VALUES (1), (1)",
        "23505",
        "new-constraint",
    ),
    Case(
        "CREATE TABLE p (a integer UNIQUE, b integer UNIQUE); INSERT INTO p VALUES (1, 2); "
        "CREATE TABLE t (c integer CONSTRAINT f REFERENCES p (a))",
        "ALTER TABLE t DROP CONSTRAINT f; ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (c) REFERENCES p (b)",
        "INSERT INTO t VALUES (1)",
        "23503",
        "new-constraint",
        states='{"foreign_keys": [{"columns": ["c"], "references": {"table_name": "p", "columns": ["a"]}}]}',
    ),
    Case(
        "CREATE TABLE p (a integer UNIQUE); "
        "CREATE TABLE t (c integer CONSTRAINT f REFERENCES p (a) DEFERRABLE INITIALLY DEFERRED)",
        "ALTER TABLE t ALTER CONSTRAINT f INITIALLY IMMEDIATE",
        "INSERT INTO t VALUES (1)",
        "23503",
        "new-constraint",
        states='{"foreign_keys": [{"columns": ["c"], "references": {"table_name": "p", "columns": ["a"]}}]}',
    ),
    Case(
        "CREATE TABLE t (c text)",
        "ALTER TABLE t ADD z text GENERATED ALWAYS AS (lower(c)) STORED NOT NULL",
        "INSERT INTO t VALUES (NULL)",
        "23502",
        "new-constraint",
        actual="a new generated column z that is NOT NULL, from (c)",
    ),
    Case(
        "CREATE TABLE t (c text)",
        "ALTER TABLE t ADD z text GENERATED ALWAYS AS (coalesce(c, '')) STORED NOT NULL",
        "INSERT INTO t VALUES (NULL)",
    ),
    Case(
        "CREATE TABLE t (c integer[])",
        "ALTER TABLE t ADD z integer[] GENERATED ALWAYS AS (c || 1) STORED NOT NULL",
        "INSERT INTO t VALUES (NULL)",
    ),
    Case(
        "CREATE TABLE t (c text NOT NULL)",
        "ALTER TABLE t ADD z text GENERATED ALWAYS AS (c || '!') STORED NOT NULL",
        "INSERT INTO t VALUES ('a')",
    ),
    Case(
        "CREATE TABLE t (c integer UNIQUE, z integer)",
        "CREATE UNIQUE INDEX u ON t (z, c) WHERE z IS NULL",
        "INSERT INTO t (c) VALUES (1), (2), (NULL), (NULL)",
    ),
]

PARTS = "CREATE TABLE m (c integer) PARTITION BY LIST (c); CREATE TABLE t (c integer)"
ROOT = (
    "CREATE TABLE t (c integer) PARTITION BY LIST (c); CREATE TABLE one PARTITION OF t FOR VALUES IN (1); "
    "CREATE TABLE rest PARTITION OF t DEFAULT"
)
REST = (
    "CREATE TABLE m (c integer) PARTITION BY LIST (c); CREATE TABLE two PARTITION OF m FOR VALUES IN (2); "
    "CREATE TABLE t PARTITION OF m DEFAULT"
)
PARTITIONS = [
    Case(
        PARTS,
        "ALTER TABLE m ATTACH PARTITION t FOR VALUES IN (1)",
        "INSERT INTO t VALUES (2)",
        CHECK,
        "new-constraint",
        actual="a new check of a partition (FOR VALUES IN (1))",
    ),
    Case(
        "CREATE TABLE m (c integer, d date) PARTITION BY RANGE (d); CREATE TABLE t (c integer, d date)",
        "ALTER TABLE m ATTACH PARTITION t FOR VALUES FROM (MINVALUE) TO ('2030-01-01')",
        "INSERT INTO t VALUES (1, '2031-01-01')",
        CHECK,
        "new-constraint",
        actual="a new check of a partition (FOR VALUES FROM (MINVALUE) TO ('2030-01-01'))",
    ),
    Case(
        "CREATE TABLE m (c integer) PARTITION BY HASH (c); CREATE TABLE t (c integer)",
        "ALTER TABLE m ATTACH PARTITION t FOR VALUES WITH (MODULUS 2, REMAINDER 0)",
        "INSERT INTO t VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9)",
        CHECK,
        "new-constraint",
        actual="a new check of a partition (FOR VALUES WITH (modulus 2, remainder 0))",
    ),
    Case(
        "CREATE TABLE m (c integer) PARTITION BY LIST (c); CREATE TABLE n (c integer) PARTITION BY LIST (c);"
        "CREATE TABLE t PARTITION OF n DEFAULT",
        "ALTER TABLE m ATTACH PARTITION n FOR VALUES IN (1)",
        "INSERT INTO t VALUES (2)",
        CHECK,
        "new-constraint",
    ),
    Case(
        "CREATE TABLE m (c integer) PARTITION BY LIST (c); CREATE TABLE t PARTITION OF m FOR VALUES IN (1, 2)",
        "ALTER TABLE m DETACH PARTITION t; ALTER TABLE m ATTACH PARTITION t FOR VALUES IN (1)",
        "INSERT INTO t VALUES (2)",
        CHECK,
        "new-constraint",
        foreseen=False,
    ),
    Case(
        REST,
        "CREATE TABLE one PARTITION OF m FOR VALUES IN (1)",
        "INSERT INTO t VALUES (1)",
        CHECK,
        "new-constraint",
        foreseen=False,
    ),
    Case(PARTS, "ALTER TABLE m ATTACH PARTITION t DEFAULT", "INSERT INTO t VALUES (2)"),
    Case(
        "CREATE TABLE m (c integer) PARTITION BY LIST (c); CREATE TABLE t PARTITION OF m FOR VALUES IN (1)",
        "ALTER TABLE m RENAME TO n; ALTER TABLE n RENAME c TO k; ALTER TABLE n RENAME k TO c; "
        "ALTER TABLE n DETACH PARTITION t",
        "INSERT INTO t VALUES (1)",
    ),
    Case(REST, "DROP TABLE two", "INSERT INTO t VALUES (3)"),
    Case(
        ROOT,
        "DROP TABLE rest",
        "INSERT INTO t VALUES (2)",
        CHECK,
        "new-constraint",
        actual="no default partition any more",
    ),
    Case(ROOT, "ALTER TABLE t DETACH PARTITION rest", "INSERT INTO t VALUES (2)", CHECK, "new-constraint"),
    Case(
        ROOT,
        "ALTER TABLE t DETACH PARTITION rest; ALTER TABLE rest RENAME TO old; "
        "CREATE TABLE other PARTITION OF t DEFAULT",
        "INSERT INTO t VALUES (2)",
    ),
    Case(ROOT, "ALTER TABLE rest RENAME TO other; DROP TABLE one", "INSERT INTO t VALUES (2)"),
]


@pytest.mark.parametrize("case", [*REQUIRED, *CONSTRAINTS, *PARTITIONS], ids=lambda case: case.change)
def test_who_is_refused_is_told(case: Case, connection: sa.Connection, tmp_path: Path) -> None:
    is_told(case, connection, tmp_path)
