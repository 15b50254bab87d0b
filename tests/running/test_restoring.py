"""A replay starts from what the database has, whatever its history makes: restored by PostgreSQL's own programs."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from tests.support.hidden_sql import DROP, ELSEWHERE, assert_unproven, checked, hidden, unseen
from tests.support.object_images import CONTRACT, CREATE, UNSEEN, museum

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.database import Databases
    from tests.support.project import Project

DECIDE = f"CREATE FUNCTION decide() RETURNS void LANGUAGE plpgsql AS $f$ BEGIN EXECUTE {hidden(DROP)}; END $f$;"
DATABASE = f"""
{DECIDE}
CREATE EXTENSION citext;
CREATE TYPE mood AS ENUM ('a', 'b');
CREATE DOMAIN email AS citext CHECK (VALUE ~ '@');
CREATE TABLE legacy (id int GENERATED ALWAYS AS IDENTITY, m mood DEFAULT 'a', e email, CHECK (id > 0))
PARTITION BY RANGE (id);
CREATE TABLE legacy_1 PARTITION OF legacy FOR VALUES FROM (0) TO (10);
CREATE VIEW shown AS SELECT object_id, lower(primary_image) AS image FROM object_images WHERE object_id > 5;
CREATE FUNCTION touched() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER touch BEFORE UPDATE OF primary_image ON object_images FOR EACH ROW EXECUTE FUNCTION touched();
CREATE INDEX by_image ON object_images (lower(primary_image)) WHERE object_id > 3;
ALTER TABLE object_images ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON object_images USING (object_id > 0);
CREATE PUBLICATION everything FOR TABLE object_images;
COMMENT ON TABLE legacy IS 'It''s old';
CREATE SCHEMA "Odd one"; CREATE SEQUENCE "Odd one"."S 1";
"""
"""What is not in any history."""


@pytest.mark.parametrize(
    "by_hand",
    [
        "ALTER TABLE object_images ADD extra int",
        "CREATE TABLE legacy (id int)",
        "CREATE TYPE mood AS ENUM ('a')",
        "CREATE FUNCTION decode(text, text) RETURNS bytea LANGUAGE sql AS 'SELECT pg_catalog.decode($1, $2)'",
        "CREATE EXTENSION citext",
        "GRANT SELECT ON object_images TO PUBLIC",
        DATABASE,
    ],
    ids=lambda sql: " ".join(sql.split()[:3]),
)
def test_a_database_that_differs_from_its_history(settling: Project, by_hand: str) -> None:
    museum(settling)
    settling.sql(by_hand)
    settling.revision("r2", ELSEWHERE)
    code, report, notices = checked(settling)
    assert (code, report["unproven"]) == (0, []), notices
    assert "Settled by a replay on PostgreSQL" in notices


def test_code_that_only_the_database_has(settling: Project) -> None:
    museum(settling)
    settling.sql(DECIDE)
    settling.revision("r2", "op.execute('SELECT decide()')")
    code, report, notices = checked(settling)
    assert (code, report["unproven"]) == (1, []), notices
    assert [(each["column"], each["location"]["file"]) for each in report["violations"]] == [
        ("primary_image", "migrations/versions/r2.py")
    ]
    refused = settling.alembic("upgrade", "head")
    assert refused.returncode != 0, "the upgrade comes to the same"


@pytest.mark.parametrize("driver", ["psycopg2", "pg8000"])
def test_each_driver_says_how_to_connect(settling: Project, driver: str) -> None:
    url = sa.make_url(settling.database)
    if driver == "pg8000":  # which takes the socket itself where libpq takes its folder
        port = url.port or url.query.get("port", 5432)
        socket = str(url.query.get("host", ""))
        query = {"unix_sock": f"{socket}/.s.PGSQL.{port}"} if socket.startswith("/") else {}
        url = url.set(query=query)
    museum(settling)
    settling.sql("CREATE TABLE legacy (id int)")
    settling.revision("r2", ELSEWHERE)
    code, report, notices = checked(
        settling, DATABASE_URL=url.set(drivername=f"postgresql+{driver}").render_as_string(hide_password=False)
    )
    assert (code, report["unproven"]) == (0, []), notices


@pytest.fixture
def other_owner(settling: Project, databases: Databases) -> Iterator[str]:
    """A role that has nothing yet and is gone with all that it has afterwards."""
    with databases.role("LOGIN") as role:
        yield role
        settling.sql(f"DROP OWNED BY {role} CASCADE")


def test_a_role_that_may_not_look(settling: Project, other_owner: str) -> None:
    settling.sql(f"GRANT ALL ON SCHEMA public TO {other_owner}; CREATE TABLE legacy (id int)")
    own = sa.make_url(settling.database).set(username=other_owner).render_as_string(hide_password=False)
    settling.environment["DATABASE_URL"] = own
    museum(settling)
    settling.revision("r2", ELSEWHERE)
    why = r"public\.legacy, which the history does not make \(it could not be restored: pg_dump: error: .*denied"
    code, report, notices = checked(settling)
    assert (code, report["status"]) == (3, "unproven")
    assert re.search(why, notices), notices
    settling.sql(f"GRANT SELECT ON legacy TO {other_owner}")
    code, report, notices = checked(settling)
    assert (code, report["unproven"]) == (0, []), notices


CHECK_OF_TEXT = "ALTER TABLE object_images ADD status varchar(9) CONSTRAINT known CHECK (status IN ('on', 'off'))"
"""PostgreSQL prints it otherwise once it is restored from what it prints."""


def test_expressions_that_a_restore_prints_otherwise(settling: Project) -> None:
    museum(settling)
    settling.sql(CHECK_OF_TEXT)
    [(printed,)] = settling.sql("SELECT pg_get_expr(conbin, conrelid) FROM pg_constraint WHERE conname = 'known'")
    document = json.loads(CONTRACT)
    document["schema"]["checks"] = [printed]
    settling.contract("object_images", document)
    assert checked(settling)[0] == 0
    settling.revision("r2", ELSEWHERE)
    code, report, notices = checked(settling)
    assert (code, report["unproven"]) == (0, []), (notices, report["violations"])
    assert "Settled by a replay" in notices
    settling.revision("r3", unseen("ALTER TABLE object_images DROP CONSTRAINT known"))
    code, report, notices = checked(settling)
    assert (code, report["unproven"]) == (1, []), notices
    assert [each["rule"] for each in report["violations"]] == ["check"]


READERS = {
    "pg_get_constraintdef()": unseen("DO $a$ BEGIN IF (SELECT pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE conname = 'known') ~ 'ARRAY\\[\\(' THEN CREATE TABLE by_text (); END IF; END $a$"),
    "pg_constraint.conbin": unseen("DO $a$ BEGIN IF (SELECT length(conbin::text) FROM pg_constraint "
        "WHERE conname = 'known') > 9 THEN CREATE TABLE by_text (); END IF; END $a$"),
    "check_constraints.check_clause": unseen("DO $a$ BEGIN IF (SELECT check_clause FROM "
        "information_schema.check_constraints WHERE constraint_name = 'known') = 'x' THEN CREATE TABLE by_text (); "
        "END IF; END $a$"),
}  # fmt: skip


@pytest.mark.parametrize("what", READERS)
def test_scripts_that_read_such_an_expression(settling: Project, what: str) -> None:
    museum(settling)
    settling.sql(CHECK_OF_TEXT)
    settling.revision("r2", READERS[what])
    assert_unproven(settling, f"revision r2 goes by {what}, which may be otherwise")


# -- roles -------------------------------------------------------------------------------------------------------------


def reads(role: str) -> str:
    document = json.loads(CONTRACT)
    document["schema"]["privileges"] = [{"role": role, "privileges": ["SELECT"]}]
    return json.dumps(document)


def own_server(settling: Project) -> None:
    """Replay on a server of one's own, to which roles can be restored; the same version as that under test."""
    with sa.create_engine(settling.database, poolclass=sa.NullPool).connect() as connection:
        version = connection.dialect.server_version_info
    if version is None or version[0] != 18:
        pytest.skip("the embedded server has another version than the one under test")
    settling.environment["ALEMBIC_CONTRACTS_SHADOW_URL"] = ""


@pytest.mark.xdist_group("roles")
def test_owners_and_default_privileges_are_those_of_whoever_migrates(
    settling: Project, databases: Databases, other_owner: str
) -> None:
    own_server(settling)
    with databases.role() as reader:
        settling.sql(f"GRANT ALL ON SCHEMA public TO {other_owner}; GRANT USAGE ON SCHEMA public TO {reader}")
        settling.environment["DATABASE_URL"] = (
            sa.make_url(settling.database).set(username=other_owner).render_as_string(hide_password=False)
        )
        museum(settling)
        settling.sql(
            f"ALTER DEFAULT PRIVILEGES FOR ROLE {other_owner} GRANT SELECT ON TABLES TO {reader};"
            f"GRANT SELECT ON object_images TO {reader}"
        )
        settling.contract("object_images", reads(reader))
        settling.revision("r2", unseen("DROP TABLE object_images") + CREATE)
        code, report, notices = checked(settling)
        assert (code, report["unproven"]) == (0, []), (notices, report["violations"])
        settling.sql(f"ALTER DEFAULT PRIVILEGES FOR ROLE {other_owner} REVOKE SELECT ON TABLES FROM {reader}")
        code, report, notices = checked(settling)
        assert (code, report["unproven"]) == (1, []), notices
        assert [each["rule"] for each in report["violations"]] == ["privileges"]
        settling.contract("object_images", reads(other_owner))
        code, report, notices = checked(settling)
        assert (code, report["unproven"]) == (0, []), "the owner needs no grant"
        settling.sql(f"DROP OWNED BY {reader}")


@pytest.mark.xdist_group("roles")
def test_roles_that_scripts_grant_to(settling: Project) -> None:
    own_server(settling)
    settling.contract("object_images", reads("settling_reader"))
    grant = "GRANT {} ON object_images TO settling_reader"
    settling.revision("r1", f"{CREATE}op.execute('{grant.format('SELECT')}, \"Another One\"')")
    settling.revision("r2", ELSEWHERE)
    code, report, notices = checked(settling, "--offline")
    assert (code, report["unproven"]) == (0, []), notices
    settling.revision("r3", unseen("REVOKE SELECT ON object_images FROM settling_reader"))
    code, report, notices = checked(settling, "--offline")
    assert (code, report["unproven"]) == (1, []), notices
    assert settling.alembic("check-contracts", "--shadow").returncode == 1


def test_roles_that_no_script_names_stay_unknown(settling: Project, postgres_url: str) -> None:
    settling.contract("object_images", reads("settling_unheard_of"))
    settling.revision("r1", CREATE + ELSEWHERE)
    for shadow in (postgres_url, ""):
        code, report, notices = checked(settling, "--offline", ALEMBIC_CONTRACTS_SHADOW_URL=shadow)
        assert (code, report["violations"]) == (3, []), notices
        [unproven] = report["unproven"]
        assert "what the role settling_unheard_of may do with public.object_images is not known" in unproven["reason"]
        assert "Settled" not in notices
    shadowed = settling.alembic("check-contracts", "--shadow", "--format", "json")
    assert (shadowed.returncode, json.loads(shadowed.stdout)["violations"]) == (3, [])


def test_nothing_is_replayed_for_what_no_script_says(settling: Project) -> None:
    settling.contract("object_images", reads("settling_unheard_of"))
    settling.revision("r1", CREATE)
    assert_unproven(settling, "", "--offline")
    _, _, notices = checked(settling, "--offline")
    assert "replay" not in notices


def test_only_the_column_that_went_is_told(settling: Project) -> None:
    museum(settling)
    settling.sql("CREATE TABLE legacy (id int)")
    settling.revision("r2", UNSEEN)
    code, report, _ = checked(settling)
    assert (code, [each["column"] for each in report["violations"]]) == (1, ["primary_image"])
