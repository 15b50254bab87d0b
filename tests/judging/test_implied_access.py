"""What contracts rely on without a word: publications, and who may do what with a table."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.facts import judged, run
from tests.support.implied import Case, contract_of, is_told

if TYPE_CHECKING:
    from pathlib import Path

    import sqlalchemy as sa

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
    Case(
        "CREATE TABLE t (c integer PRIMARY KEY, d integer); CREATE PUBLICATION p FOR TABLE t",
        "ALTER PUBLICATION p SET TABLE t (c)",
        "SELECT 1 / (array_length(attnames, 1) - 1) FROM pg_publication_tables",
        NOT_SENT,
        "lost-publication",
        "cdc",
        "in publication p without d",
        states='{"publications": [{"name": "p", "row_filter": ""}]}',
        version=15,
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
FILTERED, LISTED = "55000", "42P10"
KEYED = "CREATE TABLE t (c integer PRIMARY KEY, d integer)"


def unkeyed(given: str, change: str, refused: str | None, actual: str = "", **more: Any) -> Case:
    """A table that is published in a way in which its key does not tell rows apart, or does."""
    rule = "published-key" if refused else None
    return Case(given, change, "UPDATE t SET d = 2", refused, rule, actual=actual, **more)


KEYS = [
    unkeyed(
        KEYED,
        "CREATE PUBLICATION p FOR TABLE t (d)",
        LISTED,
        "published by columns, and its replica identity has other columns",
    ),
    unkeyed(KEYED, "CREATE PUBLICATION p FOR TABLE t (d) WITH (publish = 'insert')", None),
    unkeyed(KEYED, "CREATE PUBLICATION p FOR TABLE t (c)", None),
    unkeyed(
        KEYED,
        "CREATE PUBLICATION p FOR TABLE t WHERE (d > 5)",
        LISTED,
        "published by a row filter, and its replica identity has other columns",
    ),
    unkeyed(KEYED, "CREATE PUBLICATION p FOR TABLE t WHERE (c > 5)", None),
    unkeyed(f"{KEYED}; ALTER TABLE t REPLICA IDENTITY FULL", "CREATE PUBLICATION p FOR TABLE t WHERE (d > 5)", None),
    unkeyed(f"{KEYED}; ALTER TABLE t REPLICA IDENTITY FULL", "CREATE PUBLICATION p FOR TABLE t (c)", LISTED),
    unkeyed(
        "CREATE TABLE t (c integer, d integer NOT NULL); CREATE UNIQUE INDEX i ON t (d); "
        "ALTER TABLE t REPLICA IDENTITY USING INDEX i",
        "CREATE PUBLICATION p FOR TABLE t WHERE (c > 5)",
        LISTED,
    ),
    unkeyed(
        "CREATE TABLE t (c integer, d integer) PARTITION BY LIST (c); "
        "CREATE TABLE one PARTITION OF t FOR VALUES IN (1)",
        "CREATE PUBLICATION p FOR TABLE one",
        FILTERED,
        "written to public.one, which is published without a replica identity",
        at_commit=False,
    ),
]


ROLES = (
    "CREATE ROLE implied_one; CREATE ROLE implied_group; GRANT USAGE ON SCHEMA public TO PUBLIC; "
    "CREATE TABLE t (c integer)"
)
READ = "SET LOCAL ROLE implied_one; SELECT c FROM t"
INSERT = "SET LOCAL ROLE implied_one; INSERT INTO t (c) VALUES (1)"
DENIED = "42501"


def denied(
    given: str, change: str, actual: str = "", *, side: str = "reader", foreseen: bool = True, version: int = 0
) -> Case:
    """A reader or writer that is shut out."""
    use = READ if side == "reader" else INSERT
    return Case(f"{ROLES}; {given}", change, use, DENIED, "lost-privileges", side, actual, foreseen, version=version)


WITHOUT = "GRANT implied_group TO implied_one WITH INHERIT FALSE"
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
    denied(MEMBER, WITHOUT, version=16),
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

ROLE_ALONE = "GRANT SELECT ON t TO implied_one; REVOKE USAGE ON SCHEMA public FROM PUBLIC"


def locked_out(given: str, change: str, actual: str = "", *, side: str = "reader") -> Case:
    """A reader or writer who names the schema, in which there is nothing for them any more."""
    case = denied(given, change, actual, side=side)
    return replace(case, use=case.use.replace(" t", " public.t"))


SCHEMAS = [
    locked_out("GRANT SELECT ON t TO implied_one", "REVOKE USAGE ON SCHEMA public FROM PUBLIC"),
    locked_out(
        f"{ROLE_ALONE}; GRANT USAGE ON SCHEMA public TO implied_one",
        "REVOKE ALL ON SCHEMA public FROM implied_one",
        "no longer allows SELECT by implied_one",
    ),
    locked_out(
        f"{ROLE_ALONE}; GRANT USAGE ON SCHEMA public TO implied_group; GRANT implied_group TO implied_one",
        "REVOKE implied_group FROM implied_one",
        "no longer allows SELECT by implied_one",
    ),
    locked_out(
        "GRANT SELECT ON t TO PUBLIC", "REVOKE USAGE ON SCHEMA public FROM PUBLIC", "no longer allows SELECT by PUBLIC"
    ),
    locked_out("GRANT INSERT ON t TO implied_one", "REVOKE USAGE ON SCHEMA public FROM PUBLIC", side="writer"),
    Case(
        f"{ROLES}; GRANT SELECT ON t TO implied_one",
        "GRANT USAGE ON SCHEMA public TO implied_one; REVOKE USAGE ON SCHEMA public FROM PUBLIC",
        READ,
        side="reader",
    ),
    Case(
        f"{ROLES}; GRANT SELECT ON t TO implied_one",
        "CREATE SCHEMA inside; REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        READ,
        side="reader",
    ),
    Case(
        f"{ROLES}; GRANT INSERT ON t TO implied_one",
        "REVOKE USAGE ON SCHEMA public FROM PUBLIC",
        "SELECT c FROM t",
        side="reader",
    ),
]

STATED = '{"privileges": [{"role": "implied_one", "privileges": ["SELECT"]}]}'
HANDED_ON = (
    f"{ROLES}; GRANT SELECT ON t TO implied_group WITH GRANT OPTION; SET LOCAL ROLE implied_group; "
    "GRANT SELECT ON t TO implied_one; RESET ROLE"
)
STATES_GROUP = STATED.replace("implied_one", "implied_group")
MEMBERS = [
    Case(f"{ROLES}; {MEMBER}", change, READ, DENIED, "lost-privileges", "reader", states=STATES_GROUP, version=version)
    for change, version in (("REVOKE implied_group FROM implied_one", 0), (WITHOUT, 16))
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
COLUMNS = [
    Case(
        f"{ROLES}; GRANT SELECT (c), INSERT ON t TO implied_one",
        "REVOKE SELECT (c) ON t FROM implied_one",
        READ,
        DENIED,
        "lost-privileges",
        "reader",
        "no longer grants SELECT (c) to implied_one",
        states=STATED.replace("SELECT", "INSERT"),
    ),
    Case(
        f"{ROLES}; GRANT SELECT (c), INSERT ON t TO implied_one",
        "GRANT SELECT ON t TO implied_one; REVOKE INSERT (c) ON t FROM implied_one",
        READ,
        side="reader",
        states=STATED.replace("SELECT", "INSERT"),
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


@pytest.mark.parametrize(
    "case", [*PUBLICATIONS, *KEYS, *PRIVILEGES, *SCHEMAS, *MEMBERS, *COLUMNS, *CASCADES], ids=lambda case: case.change
)
def test_who_is_refused_is_told(case: Case, connection: sa.Connection, tmp_path: Path) -> None:
    is_told(case, connection, tmp_path)


def test_a_member_that_gets_no_more_into_the_schema_is_told(connection: sa.Connection, tmp_path: Path) -> None:
    given = f"{ROLES}; {MEMBER}; REVOKE USAGE ON SCHEMA public FROM PUBLIC; GRANT USAGE ON SCHEMA public TO implied_one"
    before, observed, _ = run(connection, given, "REVOKE USAGE ON SCHEMA public FROM implied_one")
    report = judged(contract_of(Case(given, "", "", side="reader"), tmp_path), before, observed)
    assert [(each.rule, each.severity, each.actual) for each in report.violations] == [
        ("lost-privileges", "warning", "no longer allows SELECT by implied_one")
    ]
