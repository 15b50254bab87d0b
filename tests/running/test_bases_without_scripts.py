"""``--base`` where the base forbids to run version scripts: a branch does not get round it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.object_images import CONTRACT, CREATE
from tests.support.repository import commit, git

if TYPE_CHECKING:
    from tests.support.project import Project


def test_scripts_that_the_base_forbids_to_run_are_not_run(project: Project) -> None:
    project.contract("object_images", CONTRACT)
    settings = (project.path / "pyproject.toml").read_text()
    project.write("pyproject.toml", settings + 'exec = "never"\n')
    project.revision("r1", CREATE)
    git(project, "init", "-q", "-b", "main")
    commit(project)
    project.write("pyproject.toml", settings)
    project.revision("r2", "[op.execute('SELECT 1') for _ in range(2)]")
    assert project.cli("check", "--offline").returncode == 0
    done = project.cli("check", "--offline", "--base", "main")
    assert done.returncode == 3, done.stderr
    assert "is not run (--no-exec)" in done.stdout
    assert project.cli("check", "--shadow", "--base", "main").returncode == 2
