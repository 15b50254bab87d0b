"""Scripts that end at a statement which PostgreSQL may execute after all: what they would do then is not known."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.project import Project

CONTRACT = {
    "spec-version": "1.0.0",
    "name": "c",
    "namespace": "n",
    "owner": {"name": "o"},
    "schema": {
        "table_schema": "public",
        "table_name": "a",
        "properties": {"id": {}, "t": {"constraints": {"data_type": "two"}}},
    },
}
TABLES = """
op.execute("CREATE TYPE two AS ENUM ('a', 'b')")
op.execute("CREATE TABLE a (id int PRIMARY KEY, t two NOT NULL DEFAULT 'a', c int)")
"""
RENEWS = """
op.execute("ALTER TYPE two RENAME TO two_old")
op.execute("CREATE TYPE two AS ENUM ('a', 'b', 'c')")
if op.get_bind().execute(sa.text("SELECT pg_relation_size('a') >= 0")).scalar() is True:
    op.execute("ALTER TABLE a ALTER COLUMN t DROP DEFAULT")
op.execute("ALTER TABLE a ALTER COLUMN t TYPE two USING t::text::two")
"""


@pytest.mark.parametrize("more", ["", 'op.execute("ALTER TABLE a DROP COLUMN c")'])
def test_what_is_half_done_then_is_no_break(more: str, project: Project) -> None:
    project.contract("c", CONTRACT)
    project.revision("r1", TABLES)
    project.revision("r2", f"{RENEWS}{more}")
    done = project.alembic("check-contracts", "--offline", "--format", "json")
    assert json.loads(done.stdout)["status"] == "unproven", done.stdout
    upgraded = project.alembic("upgrade", "head")
    assert upgraded.returncode == 0, upgraded.stderr
    assert project.alembic("check-contracts").returncode == 0


def test_what_an_earlier_script_has_broken_is_one(project: Project) -> None:
    project.contract("c", CONTRACT)
    project.revision("r1", TABLES)
    project.revision("r2", 'op.execute("ALTER TABLE a DROP COLUMN id")')
    project.revision("r3", RENEWS)
    done = project.alembic("check-contracts", "--offline", "--format", "json")
    assert json.loads(done.stdout)["status"] == "broken", done.stdout


def test_what_is_committed_before_is_one(project: Project) -> None:
    project.contract("c", CONTRACT)
    project.revision("r1", TABLES)
    assert project.alembic("upgrade", "head").returncode == 0
    commits = 'with op.get_context().autocommit_block():\n    op.execute("ALTER TABLE a DROP COLUMN id")'
    project.revision("r2", f"{commits}\n{RENEWS}")
    done = project.alembic("check-contracts", "--format", "json")
    assert json.loads(done.stdout)["status"] == "broken", done.stdout
