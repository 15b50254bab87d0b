"""What PostgreSQL refuses on the database as it is: types, casts and labels that are there already."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support import object_images

if TYPE_CHECKING:
    from tests.support.project import Project

SETUP = "CREATE TYPE one AS ENUM ('a'); CREATE TYPE two AS ENUM ('a'); CREATE TABLE t (e one)"
CASES = [
    (SETUP, ["ALTER TYPE one ADD VALUE 'b'", "UPDATE t SET e = 'b'"], 'unsafe use of new value "b" of enum type one'),
    (SETUP, ["ALTER TABLE t ALTER e TYPE two USING e::two"], "cannot cast type one to two"),
    (f"{SETUP}; CREATE CAST (one AS two) WITH INOUT", ["ALTER TABLE t ALTER e TYPE two USING e::two"], None),
    ("CREATE TABLE t (a json)", ["CREATE INDEX i ON t (a)"], "data type json has no default operator class"),
    ("CREATE TABLE t (a uuid, b text)", ["DELETE FROM t WHERE a = b"], "operator does not exist: uuid = text"),
]


@pytest.mark.parametrize(("before", "statements", "message"), CASES)
def test_refusals_are_foreseen_and_happen(project: Project, before: str, statements: list[str], message: str | None):
    object_images.museum(project)
    project.sql(before)
    project.revision("r2", "\n".join(f"op.execute({statement!r})" for statement in statements))
    report = json.loads(project.alembic("check-contracts", "--format", "json").stdout)
    upgraded = project.alembic("upgrade", "head")
    if message is None:
        assert report["status"] == "kept"
        assert upgraded.returncode == 0, upgraded.stderr
        return
    assert report["status"] == "unproven"
    assert message in report["unproven"][0]["reason"]
    assert upgraded.returncode != 0
    assert message in upgraded.stderr


@pytest.mark.parametrize("source", ["database", "snapshot"])
def test_a_search_path_that_leads_nowhere(project: Project, source: str):
    object_images.museum(project)
    project.revision("r2", 'op.execute("CREATE TABLE public.extra (a int)")')
    options = ["--format", "json"]
    if source == "snapshot":
        assert project.cli("snapshot").returncode == 0
        file = project.path / "schema_snapshot.json"
        snapshot = json.loads(file.read_text())
        file.write_text(json.dumps({**snapshot, "search_path": ["nowhere"]}))
        options.append("--offline")
    [(database,)] = project.sql("SELECT current_database()::text")
    project.sql(f"ALTER DATABASE {database} SET search_path TO nowhere")
    done = project.alembic("check-contracts", *options)
    report = json.loads(done.stdout)
    assert (done.returncode, report["status"]) == (3, "unproven"), done.stdout
    said = (
        "PostgreSQL would refuse this migration: no schema has been selected to create in, where Alembic makes its "
        'version table (search_path is "nowhere")'
    )
    assert said in [each["reason"] for each in report["unproven"]]
    upgraded = project.alembic("upgrade", "head")
    assert upgraded.returncode != 0
    assert "no schema has been selected to create in" in upgraded.stderr
