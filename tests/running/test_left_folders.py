"""Programs that leave the working directory in which Alembic has read its configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.aftermath import at_r1, holds

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project

DROP = 'op.drop_column("object_images", "primary_image")'
LEAVES = 'import os; os.chdir("migrations")'
INI = """
[alembic]
script_location = %(here)s/migrations
{more}
"""


def env_py_leaves(project: Project) -> None:
    file = project.path / "migrations/env.py"
    file.write_text(f"{LEAVES}\n{file.read_text()}")


def script_leaves(project: Project) -> None:
    project.revision("r2", DROP, prelude=LEAVES, down="r1")


def program_leaves(project: Project) -> None:
    project.write(
        "elsewhere.py",
        "from alembic import command, config\n"
        "made = config.Config(toml_file='pyproject.toml', ini_section='alembic')\n"
        f"made.get_alembic_option('script_location')\n{LEAVES}\ncommand.upgrade(made, 'head')\n",
    )


def nothing_but_toml(_project: Project) -> None:
    pass


def an_ini_file(project: Project) -> None:
    (project.path / "pyproject.toml").unlink()
    project.write("alembic.ini", INI.format(more="[alembic_contracts]\ncontracts = contracts"))


def an_ini_file_of_alembic_alone(project: Project) -> None:
    project.write("pyproject.toml", '[tool.alembic_contracts]\ncontracts = ["contracts"]\n')
    project.write("alembic.ini", INI.format(more=""))


def a_variable(project: Project) -> None:
    (project.path / "contracts").rename(project.path / "agreed")
    project.environment["ALEMBIC_CONTRACTS_CONTRACTS"] = "agreed"


@pytest.mark.parametrize("kept_in", [nothing_but_toml, an_ini_file, an_ini_file_of_alembic_alone, a_variable])
@pytest.mark.parametrize("leaves", [env_py_leaves, script_leaves])
def test_a_break_is_refused(
    project: Project, leaves: Callable[[Project], None], kept_in: Callable[[Project], None]
) -> None:
    before = at_r1(project)
    project.revision("r2", DROP)
    kept_in(project)
    leaves(project)
    assert project.alembic("check-contracts").returncode == 1
    holds(project, before, project.alembic("upgrade", "head"))


def test_a_program_that_goes_on_elsewhere_is_held_to_what_it_began_with(project: Project) -> None:
    at_r1(project)
    project.revision("r2", DROP)
    program_leaves(project)
    done = project.run("elsewhere.py")
    assert done.returncode != 0
    assert "object_images.primary_image" in done.stderr
    assert project.sql("SELECT version_num FROM alembic_version") == [("r1",)]


def test_files_that_are_named_with_folders(project: Project) -> None:
    at_r1(project)
    project.revision("r2", DROP)
    env_py_leaves(project)
    project.write("settings/alembic.ini", INI.format(more="").replace("%(here)s", "%(here)s/.."))
    project.write("settings/inside/.keep", "")
    done = project.alembic("-c", "settings/inside/../alembic.ini", "upgrade", "head")
    assert "object_images.primary_image" in done.stdout + done.stderr
    assert project.sql("SELECT version_num FROM alembic_version") == [("r1",)]
