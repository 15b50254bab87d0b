"""Some tables have rows and others have none, in which no world is: what scripts do then is not known beforehand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.mixed_rows import MIXED, MIXED_HERE

if TYPE_CHECKING:
    from tests.support.project import Project

TABLES = """
for name in ("t", "u"):
    op.create_table(
        name, sa.Column("id", sa.Integer, primary_key=True), sa.Column("k", sa.Text), sa.Column("n", sa.Text)
    )
"""
CONTRACT = {
    "spec-version": "1.0.0",
    "name": "t",
    "namespace": "team",
    "owner": {"name": "Team", "email": "team@example.org"},
    "schema": {
        "table_schema": "public",
        "table_name": "t",
        "properties": {"n": {"constraints": {"data_type": "text", "is_nullable": True}}},
    },
}


@pytest.mark.parametrize("name", MIXED)
def test_what_is_seen_in_no_world_is_unproven(name: str, project: Project) -> None:
    project.contract("t", CONTRACT)
    project.revision("r1", TABLES)
    project.revision("r2", MIXED[name])
    done = project.alembic("check-contracts", "--offline")
    assert (done.returncode, "r2.py" in done.stdout) == (3, True), done.stdout
    assert project.alembic("upgrade", "r1").returncode == 0
    project.sql("INSERT INTO t VALUES (1, 'a', 'x')")
    assert project.alembic("upgrade", "head", env={"ALEMBIC_CONTRACTS_ENFORCE": "report"}).returncode == 0
    gone = "SELECT count(*) FROM information_schema.columns WHERE table_name = 't' AND column_name = 'n'"
    assert project.sql(gone) == [(0,)]


@pytest.mark.parametrize("name", MIXED_HERE)
def test_what_needs_no_world_is_known(name: str, project: Project) -> None:
    project.contract("t", CONTRACT)
    project.revision("r1", TABLES)
    project.revision("r2", MIXED_HERE[name])
    done = project.alembic("check-contracts", "--offline")
    assert done.returncode == 0, done.stdout
