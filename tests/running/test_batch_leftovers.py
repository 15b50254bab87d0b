"""Batch mode on SQLite that is stopped at a commit: its copy of the table was committed before, and is in its way."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.support.project import Project

if TYPE_CHECKING:
    from pathlib import Path

CONTRACT = {
    "spec-version": "1.0.0",
    "name": "users",
    "namespace": "shop",
    "dataAssetResourceName": "sqlite:///shop.users",
    "owner": {"name": "Sales"},
    "schema": {"table_name": "users", "properties": {"name": {}}},
}
CREATE = """
op.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(20))")
op.execute("INSERT INTO users VALUES (1, 'special')")
"""
DROPS = """
if op.get_bind().execute(sa.text("SELECT 1 FROM users WHERE name = 'special'")).first():
    with op.batch_alter_table("users") as batch:
        batch.drop_column("name")
"""


def test_a_copy_that_stays_is_named_with_the_way_to_be_rid_of_it(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "shop", f"sqlite:///{tmp_path}/shop.db")
    project.contract("users", CONTRACT)
    project.revision("create", CREATE)
    assert project.alembic("upgrade", "head").returncode == 0
    project.revision("drop", DROPS)
    refused = project.alembic("upgrade", "head", env={"ALEMBIC_CONTRACTS_UNPROVEN": "warn"})
    assert refused.returncode != 0
    said = " ".join(refused.stderr.split())
    statements = re.findall(r"`(DROP TABLE [^`]+)` before the next upgrade", said)
    assert statements == ['DROP TABLE "_alembic_tmp_users"'], said
    assert "are as before" in said
    project.sql(*statements)
    passed = project.alembic(
        "upgrade", "head", env={"ALEMBIC_CONTRACTS_UNPROVEN": "warn", "ALEMBIC_CONTRACTS_ENFORCE": "report"}
    )
    assert passed.returncode == 0, passed.stderr
