"""What contracts of readers, writers and change data capture rely on without a word: changes, and who is refused.

A case is a table ``t``, a change, and what a consumer runs: the server itself must refuse that after the change (by
SQLSTATE) though not before, or go on with it. The verdict has to be the same before and at the commit.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from alembic_contracts.contracts import formats
from alembic_contracts.dialects import postgresql
from alembic_contracts.prediction.catalog.catalog import Catalog
from alembic_contracts.prediction.statements import execute
from tests.support.facts import judged, seen_at_a_commit

if TYPE_CHECKING:
    from alembic_contracts.judging.violations import Report
    from alembic_contracts.schemas.schema import Schema


@dataclass(frozen=True)
class Case:
    given: str
    """What makes the table or view ``t`` with a column ``c``."""
    change: str
    use: str
    """What a consumer runs, before and after."""
    refused: str | None = None
    """The SQLSTATE that it gets after the change; None: none."""
    rule: str | None = None
    """The rule that says so; None: none does."""
    side: str = "writer"
    actual: str = ""
    """What it says is there, where that is worth a look."""
    foreseen: bool = True
    """Whether it is known before the scripts run; otherwise it is unproven."""
    states: str = ""
    """What the contract states of the table, as JSON."""
    version: int = 0
    """The first version of PostgreSQL that knows it."""


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
]

PARTS = "CREATE TABLE m (c integer) PARTITION BY LIST (c); CREATE TABLE t (c integer)"
VIEW = "CREATE TABLE b (c integer); CREATE VIEW t AS SELECT c FROM b WHERE c > 5"
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
VIEWS = [
    Case(
        VIEW,
        "ALTER VIEW t SET (check_option=local)",
        "INSERT INTO t VALUES (1)",
        "44000",
        "new-constraint",
        actual="a new check option of the view (WITH LOCAL CHECK OPTION)",
    ),
    Case(
        VIEW,
        "CREATE OR REPLACE VIEW t WITH (check_option = 'CASCADED') AS SELECT c FROM b WHERE c > 5",
        "INSERT INTO t VALUES (1)",
        "44000",
        "new-constraint",
    ),
    Case(
        VIEW,
        "CREATE OR REPLACE VIEW t AS SELECT c FROM b WHERE c > 5 WITH CHECK OPTION",
        "INSERT INTO t VALUES (1)",
        "44000",
        "new-constraint",
    ),
    Case(
        f"{VIEW} WITH CHECK OPTION",
        "ALTER VIEW t SET (check_option=local); ALTER VIEW t RESET (check_option)",
        "INSERT INTO t VALUES (6)",
    ),
    Case(f"{VIEW} WITH CHECK OPTION", "ALTER VIEW t SET (check_option='LOCAL')", "INSERT INTO t VALUES (6)"),
]


def loosened(before: str, after: str, *, use: str, refused: str | None = None) -> Case:
    """A CHECK of ``t`` that becomes another one."""
    return Case(
        f"CREATE TABLE t (c integer, b text, CONSTRAINT q CHECK ({before}))",
        f"ALTER TABLE t DROP CONSTRAINT q; ALTER TABLE t ADD CONSTRAINT q CHECK ({after})",
        f"INSERT INTO t VALUES {use}",
        refused,
        "new-constraint" if refused else None,
    )


LOOSENED = [
    loosened("b IN ('x', 'y')", "b IN ('x', 'z', 'y')", use="(1, 'x'), (1, 'y')"),
    loosened("b = 'x'", "b IN ('x', 'y')", use="(1, 'x')"),
    loosened("b IN ('x', 'y')", "b IN ('x', 'z')", use="(1, 'y')", refused=CHECK),
    loosened("b NOT IN ('x', 'y')", "b NOT IN ('x', 'y', 'z')", use="(1, 'z')", refused=CHECK),
    loosened("c > 0", "c > -1", use="(1, 'x')"),
    loosened("c > 0", "c >= 0", use="(1, 'x')"),
    loosened("c >= 0", "c > 0", use="(0, 'x')", refused=CHECK),
    loosened("c < 5", "c < 4", use="(4, 'x')", refused=CHECK),
    loosened("c <> 0", "c <> 1", use="(1, 'x')", refused=CHECK),
    loosened("c > 0 AND c < 5", "c > 0 AND c < 10", use="(4, 'x')"),
    loosened("c BETWEEN 1 AND 5", "c BETWEEN 0 AND 6", use="(1, 'x'), (5, 'x')"),
    loosened("c > 0 OR c < -5", "c > 0", use="(-6, 'x')", refused=CHECK),
    loosened("c > 5", "c > 0 OR c < -5", use="(6, 'x')"),
]


PUBLISHED = "CREATE TABLE t (c integer PRIMARY KEY); CREATE PUBLICATION p FOR TABLE t"
SENT = "SELECT 1 / count(*) FROM pg_publication_tables WHERE pubname = 'p' AND tablename = 't'"
SENDS_UPDATES = "SELECT 1 / pubupdate::integer FROM pg_publication"
UPDATE = "UPDATE t SET c = 1"
NOT_SENT = "22012"
ROOTS = (
    "CREATE TABLE t (c integer) PARTITION BY LIST (c); CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1); "
    "CREATE PUBLICATION p FOR TABLE t WITH (publish_via_partition_root = true)"
)
PART = (
    "CREATE TABLE m (c integer) PARTITION BY LIST (c); CREATE TABLE t PARTITION OF m FOR VALUES IN (1); "
    "CREATE PUBLICATION p FOR TABLE m"
)


def unsent(given: str, change: str, use: str = SENT, actual: str = "", version: int = 0) -> Case:
    """What of the table is no longer published."""
    return Case(given, change, use, NOT_SENT, "lost-publication", "cdc", actual, version=version)


PUBLICATIONS = [
    unsent(
        PUBLISHED,
        "ALTER PUBLICATION p SET (publish = 'insert')",
        SENDS_UPDATES,
        "in publication p without delete and truncate and update",
    ),
    Case(
        PUBLISHED,
        "ALTER PUBLICATION p SET (publish = 'insert'); "
        "ALTER PUBLICATION p SET (publish = ' insert, update,DELETE,truncate')",
        SENDS_UPDATES,
        side="cdc",
    ),
    unsent(ROOTS, "ALTER PUBLICATION p SET (publish_via_partition_root = off)"),
    unsent(PART, "ALTER PUBLICATION p SET (publish_via_partition_root)"),
    unsent(PART, "ALTER TABLE m DETACH PARTITION t", actual="no longer in publication p"),
    unsent(PART, "CREATE TABLE o (c integer); ALTER PUBLICATION p SET TABLE o"),
    unsent(PART, "DROP PUBLICATION p"),
    Case(PART, "ALTER TABLE m DETACH PARTITION t; ALTER PUBLICATION p ADD TABLE t", SENT, side="cdc"),
    Case(PART, "ALTER PUBLICATION p ADD TABLE t; ALTER PUBLICATION p DROP TABLE m", SENT, side="cdc"),
    Case(PART, "ALTER PUBLICATION p RENAME TO q; ALTER PUBLICATION q RENAME TO p", SENT, side="cdc"),
    unsent(
        "CREATE TABLE t (c integer PRIMARY KEY, g integer GENERATED ALWAYS AS (c + 1) STORED); "
        "CREATE PUBLICATION p FOR TABLE t WITH (publish_generated_columns = stored)",
        "ALTER PUBLICATION p SET (publish_generated_columns = none)",
        "SELECT 1 / (array_length(attnames, 1) - 1) FROM pg_publication_tables",
        "in publication p without g",
        version=18,
    ),
    Case(
        "CREATE TABLE t (c integer CONSTRAINT k PRIMARY KEY); CREATE PUBLICATION p FOR TABLE t",
        "ALTER TABLE t DROP CONSTRAINT k; ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY (c) DEFERRABLE",
        UPDATE,
        "55000",
        "published-key",
        "cdc",
    ),
    Case(
        "CREATE TABLE t (c integer); CREATE PUBLICATION p FOR TABLE t WITH (publish = 'insert')",
        "ALTER PUBLICATION p SET (publish = 'insert, update')",
        UPDATE,
        "55000",
        "published-key",
        "cdc",
    ),
    Case(
        "CREATE TABLE t (c integer CONSTRAINT k PRIMARY KEY); "
        "CREATE PUBLICATION p FOR TABLE t WITH (publish = 'insert')",
        "ALTER TABLE t DROP CONSTRAINT k",
        UPDATE,
    ),
    Case(
        "CREATE TABLE m (c integer) PARTITION BY LIST (c); CREATE TABLE t PARTITION OF m FOR VALUES IN (1)",
        "CREATE PUBLICATION p FOR TABLE m",
        UPDATE,
        "55000",
        "published-key",
        "cdc",
    ),
]


ROLES = (
    "CREATE ROLE implied_one; CREATE ROLE implied_group; GRANT USAGE ON SCHEMA public TO PUBLIC; "
    "CREATE TABLE t (c integer)"
)
READ = "SET LOCAL ROLE implied_one; SELECT c FROM t"
INSERT = "SET LOCAL ROLE implied_one; INSERT INTO t (c) VALUES (1)"
DENIED = "42501"


def denied(given: str, change: str, actual: str = "", *, side: str = "reader", foreseen: bool = True) -> Case:
    """A reader or writer that is shut out."""
    use = READ if side == "reader" else INSERT
    return Case(f"{ROLES}; {given}", change, use, DENIED, "lost-privileges", side, actual, foreseen)


MEMBER = "GRANT SELECT ON t TO implied_group; GRANT implied_group TO implied_one"
OPEN = (
    "ALTER TABLE t RENAME TO b; CREATE VIEW t WITH (security_invoker = false) AS SELECT c FROM b; "
    "GRANT SELECT ON t TO implied_one"
)
SERIAL = (
    "ALTER TABLE t ADD id serial; GRANT INSERT ON t TO implied_one; GRANT USAGE ON SEQUENCE t_id_seq TO implied_one"
)
PRIVILEGES = [
    denied(OPEN, "ALTER VIEW t SET (security_invoker = on)", "no longer allows SELECT by implied_one", foreseen=False),
    denied(OPEN, "ALTER VIEW t SET (security_invoker)", foreseen=False),
    denied(
        f"{OPEN}; GRANT SELECT ON b TO implied_one; ALTER VIEW t SET (security_invoker = yes)",
        "REVOKE SELECT ON b FROM implied_one",
        foreseen=False,
    ),
    denied(OPEN, "CREATE OR REPLACE VIEW t WITH (security_invoker) AS SELECT c FROM b", foreseen=False),
    Case(
        f"{ROLES}; {OPEN}; GRANT SELECT ON b TO implied_one",
        "ALTER VIEW t RESET (security_invoker)",
        READ,
        side="reader",
    ),
    denied(MEMBER, "REVOKE implied_group FROM implied_one", "no longer allows SELECT by implied_one"),
    denied(MEMBER, "GRANT implied_group TO implied_one WITH INHERIT FALSE"),
    denied("GRANT pg_read_all_data TO implied_one", "REVOKE pg_read_all_data FROM implied_one"),
    denied("ALTER TABLE t OWNER TO implied_one", "ALTER TABLE t OWNER TO CURRENT_USER"),
    denied("ALTER ROLE implied_one SUPERUSER", "ALTER ROLE implied_one NOSUPERUSER"),
    Case(
        f"{ROLES}; {MEMBER}",
        "GRANT SELECT ON t TO implied_one; REVOKE implied_group FROM implied_one",
        READ,
        side="reader",
    ),
    Case(
        f"{ROLES}; ALTER TABLE t OWNER TO implied_one",
        "ALTER TABLE t OWNER TO CURRENT_USER; GRANT SELECT ON t TO implied_one",
        READ,
        side="reader",
    ),
    denied(
        SERIAL,
        "REVOKE USAGE ON SEQUENCE t_id_seq FROM implied_one",
        "no longer allows INSERT by implied_one",
        side="writer",
        foreseen=False,
    ),
    denied(SERIAL, "REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM implied_one", side="writer", foreseen=False),
    denied(
        SERIAL,
        "ALTER TABLE t ALTER id DROP DEFAULT; DROP SEQUENCE t_id_seq; CREATE SEQUENCE t_id_seq; "
        "ALTER TABLE t ALTER id SET DEFAULT nextval('t_id_seq')",
        side="writer",
        foreseen=False,
    ),
    denied("GRANT INSERT ON t TO implied_one", "ALTER TABLE t ADD id serial", side="writer", foreseen=False),
    Case(
        f"{ROLES}; GRANT INSERT ON t TO implied_one",
        "ALTER TABLE t ADD id integer GENERATED ALWAYS AS IDENTITY",
        INSERT,
    ),
]

STATED = '{"privileges": [{"role": "implied_one", "privileges": ["SELECT"]}]}'
HANDED_ON = (
    f"{ROLES}; GRANT SELECT ON t TO implied_group WITH GRANT OPTION; SET LOCAL ROLE implied_group; "
    "GRANT SELECT ON t TO implied_one; RESET ROLE"
)
STATES_GROUP = STATED.replace("implied_one", "implied_group")
MEMBERS = [
    Case(f"{ROLES}; {MEMBER}", change, READ, DENIED, "lost-privileges", "reader", states=STATES_GROUP)
    for change in ("REVOKE implied_group FROM implied_one", "GRANT implied_group TO implied_one WITH INHERIT FALSE")
] + [
    Case(
        f"{ROLES}; {OPEN}",
        "ALTER VIEW t SET (security_invoker = 1)",
        READ,
        DENIED,
        "privileges",
        "reader",
        "SELECT for implied_one, of no use: what t uses is closed to that role or its owner",
        foreseen=False,
        states=STATED,
    ),
    Case(
        f"{ROLES}; {OPEN}; GRANT SELECT ON b TO implied_one",
        "ALTER VIEW t RESET (security_invoker)",
        READ,
        side="reader",
        states=STATED,
    ),
]
CASCADES = [
    Case(
        HANDED_ON,
        f"REVOKE {what} ON t FROM implied_group CASCADE",
        READ,
        DENIED,
        "privileges",
        "reader",
        foreseen=False,
        states=STATED,
    )
    for what in ("GRANT OPTION FOR SELECT", "SELECT")
] + [
    Case(
        f"{ROLES}; GRANT SELECT ON t TO implied_group; CREATE ROLE implied_admin; "
        "GRANT implied_group TO implied_admin WITH ADMIN OPTION; SET LOCAL ROLE implied_admin; "
        "GRANT implied_group TO implied_one; RESET ROLE",
        "REVOKE ADMIN OPTION FOR implied_group FROM implied_admin CASCADE",
        READ,
        DENIED,
        "privileges",
        "reader",
        foreseen=False,
        states=STATED,
        version=16,
    )
]


def contract(case: Case, folder: Path) -> Any:
    document = {
        "spec-version": "1.0.0",
        "name": "t",
        "namespace": "test",
        "owner": {"name": "Team"},
        "compatibility": case.side,
        "schema": {"table_name": "t", "properties": {"c": {}}, **json.loads(case.states or "{}")},
    }
    (folder / "t.json").write_text(json.dumps(document), encoding="utf-8")
    return formats.load([Path("t.json")], root=folder)


def state_of(connection: sa.Connection, sql: str) -> str | None:
    """Return the SQLSTATE that statements fail with, None where they work; they leave nothing behind."""
    point = connection.begin_nested()
    try:
        connection.execute(sa.text(sql))
    except sa.exc.DBAPIError as error:
        return str(error.orig.sqlstate)  # type: ignore[union-attr]
    finally:
        point.rollback()
    return None


def ran(connection: sa.Connection, case: Case) -> tuple[Schema, Schema]:
    """Return what was there before, and what is predicted of the change; afterwards it is made."""
    version = connection.dialect.server_version_info[0]  # type: ignore[index]
    if version < case.version:
        pytest.skip(f"PostgreSQL {version} does not know it")
    connection.execute(sa.text(case.given))
    assert state_of(connection, case.use) is None, "works before"
    before = postgresql.observe(connection, None)
    number = int(connection.scalar(sa.text("SHOW server_version_num")) or 0)
    catalog = Catalog(before, server_version=number, complete=False, observed=True)
    for effect in execute(catalog, case.change):
        assert effect.doubts == ()
    connection.execute(sa.text(case.change))
    assert state_of(connection, case.use) == case.refused, "what becomes of the consumer"
    return before, catalog.schema()


def said(report: Report) -> list[tuple[str, str, str]]:
    assert report.unproven == ()
    return [(each.rule, each.severity, each.actual) for each in report.violations]


CASES = [*REQUIRED, *CONSTRAINTS, *PARTITIONS, *VIEWS, *LOOSENED, *PUBLICATIONS, *PRIVILEGES, *MEMBERS, *CASCADES]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.change)
def test_who_is_refused_is_told(case: Case, connection: sa.Connection, tmp_path: Path) -> None:
    before, predicted = ran(connection, case)
    contracts = contract(case, tmp_path)
    at_commit = said(judged(contracts, before, seen_at_a_commit(connection, contracts)))
    assert [(rule, severity) for rule, severity, _ in at_commit] == ([(case.rule, "error")] if case.rule else [])
    assert said(judged(contracts, before, postgresql.observe(connection, None))) == at_commit
    if case.actual:
        assert at_commit[0][2] == case.actual
    foreseen = judged(contracts, before, predicted)
    if case.foreseen:
        assert said(foreseen) == at_commit
    else:
        assert foreseen.violations == ()
        assert foreseen.unproven
