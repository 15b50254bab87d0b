"""Batch mode on SQLite that is stopped at a commit: its copy of the table was committed before, and is in its way."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.project import Project

if TYPE_CHECKING:
    from pathlib import Path

CONTRACT: dict[str, Any] = {
    "spec-version": "1.0.0",
    "name": "users",
    "namespace": "shop",
    "dataAssetResourceName": "sqlite:///shop",
    "owner": {"name": "Sales"},
    "schema": {"properties": {"name": {}}},
}
CREATE = """
op.execute('CREATE TABLE "{table}" (id INTEGER PRIMARY KEY, name VARCHAR(20))')
op.execute("INSERT INTO \\"{table}\\" VALUES (1, 'special')")
"""
DROPS = """
if op.get_bind().execute(sa.text("SELECT 1 FROM \\"{table}\\" WHERE name = 'special'")).first():
    with op.batch_alter_table("{table}") as batch:
        batch.drop_column("name")
"""


@pytest.mark.parametrize(
    ("table", "statement"),
    [("users", "DROP TABLE _alembic_tmp_users"), ("our users", 'DROP TABLE "_alembic_tmp_our users"')],
)
def test_a_copy_that_stays_is_named_with_the_way_to_be_rid_of_it(table: str, statement: str, tmp_path: Path) -> None:
    project = Project.create(tmp_path / "shop", f"sqlite:///{tmp_path}/shop.db")
    project.contract("users", CONTRACT | {"schema": CONTRACT["schema"] | {"table_name": table}})
    project.revision("create", CREATE.format(table=table))
    assert project.alembic("upgrade", "head").returncode == 0
    project.revision("drop", DROPS.format(table=table))
    refused = project.alembic("upgrade", "head", env={"ALEMBIC_CONTRACTS_UNPROVEN": "warn"})
    assert refused.returncode != 0
    said = " ".join(refused.stderr.split())
    statements = re.findall(r"`(DROP TABLE [^`]+)` before the next upgrade", said)
    assert statements == [statement], said
    assert "are as before" in said
    project.sql(*statements)
    passed = project.alembic(
        "upgrade", "head", env={"ALEMBIC_CONTRACTS_UNPROVEN": "warn", "ALEMBIC_CONTRACTS_ENFORCE": "report"}
    )
    assert passed.returncode == 0, passed.stderr


FAILS_HALF_WAY = """
op.drop_column("users", "name")
op.add_column("users", sa.Column("since", sa.Integer, nullable=False))
op.add_column("users", sa.Column("name", sa.String(20)))
"""


def test_what_a_script_had_done_when_it_failed_is_put_down_to_it(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "shop", f"sqlite:///{tmp_path}/shop.db")
    project.contract("users", CONTRACT | {"schema": CONTRACT["schema"] | {"table_name": "users"}})
    project.revision("create", CREATE.format(table="users"))
    assert project.alembic("upgrade", "head").returncode == 0
    project.revision("fails", FAILS_HALF_WAY)
    refused = project.alembic("upgrade", "head")
    assert refused.returncode != 0
    said = " ".join(refused.stderr.split())
    assert "Revision fails failed by itself: Cannot add a NOT NULL column" in said
    assert "--> migrations/versions/fails.py:" in said
    assert "another session" not in said
