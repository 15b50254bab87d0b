"""A collation that is the usual one is the stated one, by its own name and as `default`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.project import Project

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("declared", "stated", "code"),
    [("", "BINARY", 0), ("", "default", 0), ("", "NOCASE", 1), (", collation='NOCASE'", "BINARY", 1)],
)
def test_on_sqlite(declared: str, stated: str, code: int, tmp_path: Path) -> None:
    project = Project.create(tmp_path, f"sqlite:///{tmp_path / 'test.db'}")
    contract: dict[str, Any] = {
        "spec-version": "1.0.0",
        "name": "t",
        "namespace": "n",
        "dataAssetResourceName": "sqlite:///test.db",
        "owner": {"name": "Owner"},
        "schema": {"table_name": "t", "properties": {"a": {"constraints": {"collation_name": stated}}}},
    }
    project.contract("t", contract)
    project.revision("r1", f'op.create_table("t", sa.Column("a", sa.String(length=5{declared})))')
    done = project.alembic("check-contracts", "--offline")
    assert done.returncode == code, done.stdout + done.stderr
