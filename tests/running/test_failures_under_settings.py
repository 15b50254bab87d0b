"""A script that fails by itself fails as without the guard, where the settings refuse nothing or it broke nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.maria import contract
from tests.support.project import Project

if TYPE_CHECKING:
    from pathlib import Path

FAILS = 'op.get_bind()\nraise LookupError("no such thing")'


@pytest.fixture(params=["sqlite", "mariadb"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Project:
    kind = str(request.param)
    url = f"sqlite:///{tmp_path}/shop.db" if kind == "sqlite" else request.getfixturevalue("mariadb")
    project = Project.create(tmp_path / "project", url)
    project.revision(
        "r1", 'op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.Text))'
    )
    assert project.alembic("upgrade", "head").returncode == 0
    project.contract("t", contract("t", "id", "a", about=kind))
    return project


def test_where_nothing_is_refused_an_error_is_its_own(project: Project) -> None:
    project.revision("r2", 'op.drop_column("t", "a")')
    project.revision("r3", FAILS)
    done = project.alembic("upgrade", "head", env={"ALEMBIC_CONTRACTS_ENFORCE": "report"})
    assert (done.returncode, done.stderr.strip().splitlines()[-1]) == (1, "LookupError: no such thing")
    assert "Refused" not in done.stderr
    assert "revision r3)" not in done.stderr.partition("error[column-exists]")[2].partition("unproven")[0]


def test_what_an_error_leaves_broken_is_said_where_nothing_is_refused(project: Project) -> None:
    commits = "op.get_bind().connection.driver_connection.commit()"
    project.revision("r2", f'op.execute("ALTER TABLE t DROP COLUMN " + "a")\n{commits}\n{FAILS}')
    done = project.alembic("upgrade", "head", env={"ALEMBIC_CONTRACTS_ENFORCE": "report"})
    assert (done.returncode, done.stderr.strip().splitlines()[-1]) == (1, "LookupError: no such thing")
    assert "error[column-exists]: " in done.stderr
    assert "Refused" not in done.stderr


def test_what_was_broken_before_is_no_refusal_of_a_script_that_did_nothing(project: Project) -> None:
    project.contract("t", contract("t", "id", "a", "b", about="sqlite" if "sqlite" in project.database else "mariadb"))
    project.revision("r2", FAILS)
    done = project.alembic(
        "upgrade", "head", env={"ALEMBIC_CONTRACTS_ENFORCE": "strict", "ALEMBIC_CONTRACTS_UNPROVEN": "warn"}
    )
    assert (done.returncode, done.stderr.strip().splitlines()[-1]) == (1, "LookupError: no such thing")
    assert "for good" not in done.stderr
