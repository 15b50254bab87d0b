"""``alembic-contracts plan``: what each pending revision changes, whom it touches, and the verdict."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from alembic_contracts import dialects
from alembic_contracts.dialects import postgresql
from alembic_contracts.prediction.catalog.catalog import Catalog
from alembic_contracts.prediction.statements import execute
from alembic_contracts.reviews.changes import changes
from alembic_contracts.schemas.steps import Operation
from tests.support.object_images import museum

if TYPE_CHECKING:
    from tests.support.project import Project

TABLES = """
CREATE TABLE t (a int PRIMARY KEY, b text NOT NULL DEFAULT 'x', c varchar(20));
CREATE TABLE other (a int REFERENCES t);
CREATE VIEW v AS SELECT a FROM t;
CREATE TYPE mood AS ENUM ('a')
"""

CHANGES = {
    "ALTER TABLE t ADD d bigint NOT NULL": ["column public.t.d bigint NOT NULL added"],
    "ALTER TABLE t DROP c": ["column public.t.c dropped"],
    "ALTER TABLE t RENAME c TO d": ["column public.t.c renamed to d"],
    "ALTER TABLE t RENAME a TO d": ["column public.t.a renamed to d"],
    "ALTER TABLE t DROP c, ADD d varchar(20)": [
        "column public.t.d character varying(20) added",
        "column public.t.c dropped",
    ],
    "ALTER TABLE t ALTER c TYPE text": ["public.t.c retyped from character varying(20) to text"],
    "ALTER TABLE t ALTER b DROP NOT NULL, ALTER b DROP DEFAULT": [
        "public.t.b may be NULL from now on",
        "public.t.b default: 'x'::text to none",
    ],
    "ALTER TABLE t RENAME TO u": ["table public.t renamed to public.u"],
    "ALTER TABLE t RENAME TO u; ALTER TABLE u RENAME a TO z; ALTER TABLE u ALTER c TYPE text": [
        "table public.t renamed to public.u",
        "column public.u.a renamed to z",
        "public.u.c retyped from character varying(20) to text",
    ],
    "ALTER TABLE t RENAME TO u; ALTER TABLE u RENAME TO t": [],
    "ALTER TABLE t ADD UNIQUE (c); CREATE INDEX ON t (b) WHERE a > 1": [
        "unique (c) added on public.t",
        "index (b) where a > 1 added on public.t",
    ],
    "ALTER TABLE other DROP CONSTRAINT other_a_fkey": ["foreign key (a) to public.t dropped on public.other"],
    "ALTER TABLE t ADD CHECK (a > 0)": ["check a > 0 added on public.t"],
    "DROP TABLE other; DROP VIEW v": ["table public.other dropped", "view public.v dropped"],
    "CREATE OR REPLACE VIEW v AS SELECT a + 0 AS a FROM t": ["query of public.v changed"],
    "ALTER TYPE mood ADD VALUE 'b'": ["labels of public.mood: a to a, b"],
    "GRANT SELECT ON t TO PUBLIC": ["grant of SELECT to PUBLIC added on public.t"],
    "ALTER TABLE t ENABLE ROW LEVEL SECURITY": ["row-level security of public.t: none to enabled"],
    "CREATE TABLE n (x int)": ["table public.n added (1 column)"],
}


@pytest.mark.parametrize("sql", CHANGES)
def test_net_changes_by_prediction(sql: str, connection: sa.Connection) -> None:
    connection.execute(sa.text(TABLES))
    catalog = Catalog(postgresql.observe(connection, None), complete=False)
    before, operations = catalog.schema(), []
    for statement in sql.split("; "):
        execute(catalog, statement)
        operations.append(Operation(None, statement, catalog.schema()))
    found = [change.text for change in changes(before, operations, dialects.load("postgresql"))]
    about_views = [text for text in found if "of public.v" in text and "REPLACE VIEW" not in sql]
    assert [text for text in found if text not in about_views] == CHANGES[sql]


@pytest.fixture
def pending(project: Project) -> Project:
    museum(project)
    project.revision(
        "r2", 'op.add_column("object_images", sa.Column("more", sa.Text))\nop.execute("CREATE TABLE n (id int)")'
    )
    project.revision("r3", 'op.alter_column("object_images", "primary_image", new_column_name="image")')
    project.revision("r4", "pass")
    return project


def test_as_text(pending: Project) -> None:
    done = pending.cli("plan")
    assert done.returncode == 1, done.stderr
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert lines[0] == "3 pending revisions"
    assert "+ column public.object_images.more text added" in lines
    assert "+ table public.n added (1 column)" in lines
    assert "~ column public.object_images.primary_image renamed to image" in lines
    touched = "touches met-museum-data/object-images-contract-spec, Data Engineering Team <data-eng@museum.org>"
    assert lines.count(touched) == 1, "nobody relies on the new column"
    assert any(line.startswith("error[column-exists]: public.object_images.primary_image no longer") for line in lines)
    assert "changes nothing of the schema" in lines
    assert lines[-1] == "Verdict: broken."
    assert pending.sql("SELECT version_num FROM alembic_version") == [("r1",)]


def test_as_json_of_a_range_without_a_database(pending: Project) -> None:
    done = pending.cli("plan", "--offline", "--from", "r1", "--to", "r2", "--format", "json")
    assert done.returncode == 0, done.stderr
    [database] = json.loads(done.stdout)["databases"]
    assert database["status"] == "kept"
    [revision] = database["revisions"]
    assert (revision["revision"], revision["message"], revision["status"]) == ("r2", "r2", "kept")
    assert revision["file"] == "migrations/versions/r2.py"
    assert revision["changes"][-1] == {
        "kind": "column added",
        "table": "public.object_images",
        "column": "more",
        "text": "column public.object_images.more text added",
        "was": None,
        "contracts": [],
    }


def test_as_markdown_into_a_file(pending: Project) -> None:
    done = pending.cli("plan", "--format", "markdown", "--output", "plan.md")
    assert (done.returncode, done.stdout) == (1, "")
    text = (pending.path / "plan.md").read_text()
    assert text.startswith("## Migration plan: broken\n")
    assert "| ~ column public.object\\_images.primary\\_image renamed to image | `met-museum-data/" in text
    assert "- **error** `column-exists`" in text


def test_nothing_pending(project: Project) -> None:
    museum(project)
    done = project.cli("plan")
    assert (done.returncode, done.stdout) == (0, "Nothing is pending.\n\nVerdict: kept.\n")


def test_doubts_about_tables_without_a_contract_do_not_count(project: Project) -> None:
    museum(project)
    project.sql("CREATE TABLE notes (id int)")
    project.revision(
        "r2", "op.execute(\"DO $$ BEGIN EXECUTE 'ALTER TABLE notes ADD ' || current_setting('a.b'); END $$\")"
    )
    assert project.cli("plan").returncode == project.cli("check").returncode
