"""Functions that the database has already, and that run without being called by a pending statement."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support import object_images
from tests.support.project import ENV

if TYPE_CHECKING:
    from tests.support.project import Project

DROPS = (
    "CREATE FUNCTION f() RETURNS {} LANGUAGE plpgsql AS $$BEGIN ALTER TABLE object_images DROP primary_image; {} END$$"
)
TRIGGER = DROPS.format("trigger", "RETURN NEW;")
VALUE = DROPS.format("integer", "RETURN 1;")
AUDITS = (
    "CREATE TABLE audit (a integer); "
    "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN INSERT INTO audit VALUES (1); RETURN NEW; END$$"
)


def online(project: Project, before: str, statement: str) -> tuple[str, str]:
    """Status of ``check-contracts`` for a pending statement, and the reasons it gives, where ``before`` was run."""
    object_images.museum(project)
    project.sql(f"CREATE TABLE queue (a integer); INSERT INTO queue VALUES (1); {before}")
    project.revision("r2", f"op.execute({statement!r})")
    done = project.alembic("check-contracts", "--format", "json")
    return json.loads(done.stdout)["status"], done.stdout


@pytest.mark.parametrize(
    ("before", "statement"),
    [
        (
            f"{TRIGGER}; CREATE TRIGGER t BEFORE INSERT ON queue FOR EACH ROW EXECUTE FUNCTION f()",
            "INSERT INTO queue VALUES (2)",
        ),
        (f"{VALUE}; ALTER TABLE queue ALTER a SET DEFAULT f()", "INSERT INTO queue DEFAULT VALUES"),
        (f"{VALUE}; CREATE VIEW v AS SELECT f() AS a", "SELECT * FROM v"),
        (
            f"{VALUE}; CREATE VIEW v AS SELECT f() AS a; CREATE VIEW w AS SELECT * FROM v",
            "CREATE TABLE c AS SELECT * FROM w",
        ),
        (f"{VALUE}; CREATE RULE r AS ON INSERT TO queue DO ALSO SELECT f()", "INSERT INTO queue VALUES (2)"),
        (f"{VALUE}; CREATE DOMAIN d AS integer CHECK (f() = VALUE)", "INSERT INTO queue VALUES (1::d)"),
        (
            (
                f"{DROPS.format('event_trigger', '')}; CREATE EVENT TRIGGER e ON ddl_command_end "
                "WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION f()"
            ),
            "CREATE TABLE c (a integer)",
        ),
    ],
)
def test_what_a_function_may_change_where_it_runs_by_itself_is_not_kept(
    project: Project, before: str, statement: str
) -> None:
    status, report = online(project, before, statement)
    assert status == "unproven"
    assert "f()" in report
    assert project.alembic("upgrade", "head").returncode != 0  # the schema that results is judged before it commits
    assert project.sql("SELECT primary_image FROM object_images") == []


@pytest.mark.parametrize(
    ("before", "statement"),
    [
        (
            f"{AUDITS}; CREATE TRIGGER t BEFORE INSERT ON queue FOR EACH ROW EXECUTE FUNCTION f()",
            "INSERT INTO queue VALUES (2)",
        ),
        (
            (
                f"{TRIGGER}; CREATE TABLE other (a integer); "
                "CREATE TRIGGER t BEFORE INSERT ON other FOR EACH ROW EXECUTE FUNCTION f()"
            ),
            "INSERT INTO queue VALUES (2)",
        ),
        (
            f"{TRIGGER}; CREATE TRIGGER t BEFORE INSERT ON queue FOR EACH ROW EXECUTE FUNCTION f()",
            "ALTER TABLE queue ADD b integer",
        ),
    ],
    ids=["an audit", "another table", "no rows"],
)
def test_functions_that_change_no_table_or_do_not_run_are_no_matter(
    project: Project, before: str, statement: str
) -> None:
    assert online(project, before, statement)[0] == "kept"


DEFERRED = "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION f()"


@pytest.mark.parametrize(
    ("trigger", "statement"),
    [
        (f"CREATE CONSTRAINT TRIGGER t AFTER INSERT ON queue {DEFERRED}", "INSERT INTO queue VALUES (2)"),
        (
            f"CREATE CONSTRAINT TRIGGER t AFTER INSERT ON queue {DEFERRED.replace('DEFERRED FOR', 'IMMEDIATE FOR')}",
            "SET CONSTRAINTS ALL DEFERRED; INSERT INTO queue VALUES (2)",
        ),
        (f"CREATE CONSTRAINT TRIGGER t AFTER UPDATE ON alembic_version {DEFERRED}", "CREATE TABLE c (a integer)"),
        (
            "CREATE TRIGGER t BEFORE UPDATE ON alembic_version FOR EACH ROW EXECUTE FUNCTION f()",
            "CREATE TABLE c (a integer)",
        ),
    ],
    ids=["deferred", "put off", "deferred, of the version table", "of the version table"],
)
@pytest.mark.parametrize(
    ("line", "instead"),
    [
        ("", ""),
        ("target_metadata=target_metadata)", "target_metadata=target_metadata, transaction_per_migration=True)"),
        ("engine.connect()", "engine.begin()"),
    ],
    ids=["one transaction", "one a revision", "the caller's"],
)
def test_what_triggers_do_at_the_commit_is_judged_before(
    project: Project, trigger: str, statement: str, line: str, instead: str
) -> None:
    project.write("migrations/env.py", ENV.replace(line, instead) if line else ENV)
    status, _ = online(project, f"{TRIGGER}; {trigger}", statement)
    assert status == "unproven"
    shown = project.alembic("check-contracts", env={"ALEMBIC_CONTRACTS_SETTLE": ""})
    assert shown.returncode == 1, shown.stdout  # a replay fires them, too
    done = project.alembic("upgrade", "head")
    assert done.returncode != 0
    assert "object_images.primary_image" in done.stderr
    assert project.sql("SELECT primary_image FROM object_images") == []


def test_a_constraint_that_fails_at_the_commit_fails_as_it_does_there(project: Project) -> None:
    object_images.museum(project)
    project.sql("CREATE TABLE p (id integer PRIMARY KEY)")
    project.sql("CREATE TABLE k (p integer REFERENCES p DEFERRABLE INITIALLY DEFERRED)")
    project.revision("r2", "op.execute('INSERT INTO k VALUES (1)')")
    done = project.alembic("upgrade", "head")
    assert done.returncode == 1
    assert "violates foreign key constraint" in done.stderr
    assert project.sql("SELECT * FROM k") == []
    project.revision("r2", "op.execute('INSERT INTO k VALUES (1); INSERT INTO p VALUES (1)')", down="r1")
    assert project.alembic("upgrade", "head").returncode == 0
    assert project.sql("SELECT * FROM k") == [(1,)]
