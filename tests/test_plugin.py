"""The plugin loads in every Alembic command of every user: it must be tiny, lazy and never raise."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.project import Project

COMMANDS = [["--help"], ["history"], ["heads"], ["current"], ["upgrade", "head"], ["check"], ["branches"]]


def test_the_command_is_listed_and_helps(project: Project) -> None:
    assert "check-contracts" in project.alembic("--help").stdout
    shown = project.alembic("check-contracts", "--help")
    assert shown.returncode == 0
    for word in ("--offline", "--from", "--to", "--format", "--output", "Exit codes", "examples"):
        assert word in shown.stdout


def test_no_module_of_ours_but_the_plugin_is_imported_by_other_commands(project: Project) -> None:
    code = (
        "import sys; from alembic.config import main\n"
        "try: main(['history'])\n"
        "except SystemExit: pass\n"
        "print(sorted(name for name in sys.modules if name.startswith('alembic_contracts')))\n"
        "print([name for name in ('click', 'jsonschema', 'postgast', 'psycopg') if name in sys.modules])\n"
    )
    lines = project.run("-c", code).stdout.splitlines()
    assert lines[-2:] == [
        (
            "['alembic_contracts', 'alembic_contracts.plugin', 'alembic_contracts.running',"
            " 'alembic_contracts.running.guard', 'alembic_contracts.running.options']"
        ),
        "[]",
    ]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("broken", ["click", "jsonschema", "alembic_contracts.running.options"])
def test_a_broken_installation_breaks_no_other_command(project: Project, broken: str, command: list[str]) -> None:
    (project.path / "contracts").rmdir()
    project.write("pyproject.toml", (project.path / "pyproject.toml").read_text().split("[tool.alembic_contracts]")[0])
    project.revision("one", "op.create_table('t', sa.Column('id', sa.Integer, primary_key=True))")
    # A module that is None in sys.modules raises ImportError when it is imported.
    code = f"import sys; sys.modules[{broken!r}] = None; from alembic.config import main; main({command!r})"
    without = _without_plugin(project, command)
    with_broken = project.run("-c", code)
    assert with_broken.returncode == without.returncode, with_broken.stderr
    shown = [line for line in with_broken.stdout.splitlines() if "check-contracts" not in line]
    assert shown[-3:] == without.stdout.splitlines()[-3:]


def _without_plugin(project: Project, command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a command as it is where the package is not installed, on an environment of its own."""
    code = (
        "import importlib.metadata as m; real = m.entry_points\n"
        "m.entry_points = lambda **kw: () if kw.get('group') == 'alembic.plugins' else real(**kw)\n"
        f"from alembic.config import main; main({command!r})"
    )
    return project.run("-c", code)


def test_the_import_hook_is_used_once_and_leaves_nothing_behind(tmp_path: Path) -> None:
    code = (
        "import sys, alembic\n"
        "armed = [f for f in sys.meta_path if 'alembic_contracts' in type(f).__module__]\n"
        "import alembic.config\n"
        "left = [f for f in sys.meta_path if 'alembic_contracts' in type(f).__module__]\n"
        "print(len(armed), len(left), type(alembic.config.__spec__.loader).__module__)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.split()[:2] == ["1", "0"]
    assert "alembic_contracts" not in done.stdout.split()[2]


def test_the_guard_is_callable_however_the_package_was_imported() -> None:
    code = "import alembic_contracts.running.guard, alembic_contracts; assert callable(alembic_contracts.guard)"
    subprocess.run([sys.executable, "-c", code], check=True)
