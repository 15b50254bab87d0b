"""Some tables have rows and others have none, in which no world is: what scripts do then is not known beforehand."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import pytest

from tests.support.backfills import CONTRACT, column
from tests.support.mixed_rows import MIXED, MIXED_HERE
from tests.support.rehearsing import History, columns, reasons

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.project import Project

TABLES = """
for name in ("t", "u"):
    op.create_table(
        name, sa.Column("id", sa.Integer, primary_key=True), sa.Column("k", sa.Text), sa.Column("n", sa.Text)
    )
"""


def checked(project: Project, upgrade: str) -> tuple[int, str]:
    """The exit code of a check without a database, of a project with a contract about ``t.n``, and what it says."""
    contract = copy.deepcopy(CONTRACT)
    contract["schema"]["properties"] = {"n": column("text")}
    project.contract("t", contract)
    project.revision("r1", TABLES)
    project.revision("r2", upgrade)
    done = project.alembic("check-contracts", "--offline")
    return done.returncode, done.stdout


@pytest.mark.parametrize("name", MIXED)
def test_what_is_seen_in_no_world_is_unproven(name: str, project: Project) -> None:
    code, said = checked(project, MIXED[name])
    assert (code, "r2.py" in said) == (3, True), said
    assert project.alembic("upgrade", "r1").returncode == 0
    project.sql("INSERT INTO t VALUES (1, 'a', 'x')")
    assert project.alembic("upgrade", "head", env={"ALEMBIC_CONTRACTS_ENFORCE": "report"}).returncode == 0
    gone = "SELECT count(*) FROM information_schema.columns WHERE table_name = 't' AND column_name = 'n'"
    assert project.sql(gone) == [(0,)]


@pytest.mark.parametrize("name", MIXED_HERE)
def test_what_needs_no_world_is_known(name: str, project: Project) -> None:
    code, said = checked(project, MIXED_HERE[name])
    assert code == 0, said


# -- on SQLite, by a copy of the database ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MIXED)
def test_what_is_seen_in_no_world_of_a_copy_is_unproven(name: str, tmp_path: Path) -> None:
    history = History(tmp_path, [TABLES, MIXED[name]])
    history.upgrade("r0")
    assert any(reasons(each) or "n" not in columns(each.after) for each in history.predicted())


@pytest.mark.parametrize("name", MIXED_HERE)
def test_what_needs_no_world_is_known_of_a_copy(name: str, tmp_path: Path) -> None:
    history = History(tmp_path, [TABLES, MIXED_HERE[name]])
    history.upgrade("r0")
    assert [reasons(each) for each in history.predicted()] == [[]] * len(history.predicted())
