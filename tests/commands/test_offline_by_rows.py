"""Commands that show one schema say so where scripts go by rows and lead to another one where there are some."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.maria import contract
from tests.support.project import Project

if TYPE_CHECKING:
    from pathlib import Path

BY_ROWS = """
rows = op.get_bind().execute(sa.text("SELECT id FROM t")).fetchall()
if rows:
    op.add_column("t", sa.Column("legacy", sa.Integer))
    op.drop_column("t", "a")
"""
SAME = """
for row in op.get_bind().execute(sa.text("SELECT id FROM t")).fetchall():
    op.execute(sa.text("UPDATE t SET a = 1 WHERE id = :id").bindparams(id=row.id))
op.drop_column("t", "a")
"""
COMMANDS = {
    "generate": ("generate", "--offline", "--stdout", "t"),
    "coverage": ("coverage", "--offline"),
    "docs": ("docs", "--offline", "--output", "site"),
}

URLS = {"sqlite": "sqlite://", "postgresql": "postgresql+psycopg://nobody@localhost/none"}


def made(folder: Path, kind: str) -> Project:
    project = Project.create(folder / "project", URLS[kind])
    created = 'op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.Integer))'
    project.revision("r1", created)
    project.contract("t", contract("t", "id", about=kind))
    return project


@pytest.fixture(params=URLS)
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Project:
    return made(tmp_path, request.param)


@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_otherwise_where_there_are_rows_is_said(command: str, project: Project) -> None:
    project.revision("r2", BY_ROWS)
    done = project.cli(*COMMANDS[command])
    assert done.returncode == 3, done.stdout + done.stderr
    assert "r2.py:" in done.stderr if command == "docs" else "it depends on rows" in done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_the_same_with_rows_and_without_is_whole(command: str, project: Project) -> None:
    project.revision("r2", SAME)
    done = project.cli(*COMMANDS[command])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "rows" not in done.stderr


@pytest.mark.parametrize(("script", "code"), [(BY_ROWS, 3), (SAME, 0)])
def test_a_snapshot_is_of_what_all_rows_lead_to(script: str, code: int, tmp_path: Path) -> None:
    project = made(tmp_path, "postgresql")
    project.revision("r2", script)
    done = project.cli("snapshot", "--offline")
    assert done.returncode == code, done.stdout + done.stderr
    assert ("it depends on rows" in done.stderr) == bool(code)
