"""What the guard costs on SQLite: one upgrade of many revisions, and a test suite that upgrades a fresh file per test.

``python -m benchmarks.sqlite``: each figure is a ratio to the same run without the guard, in turn with it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks import measure, projects

_SUITE = """\
import os, sys
from alembic import command
from alembic.config import Config

config = Config(toml_file="pyproject.toml")
for number in range(int(sys.argv[1])):
    os.environ["DATABASE_URL"] = f"sqlite:///{os.environ['FOLDER']}/{number}.db"
    command.upgrade(config, "head")
"""
"""Upgrades fresh databases in one process, as a fixture of a test suite does."""


def main() -> None:
    """Measure both, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sqlite", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, each once")
    parser.add_argument("--revisions", type=int, default=50)
    parser.add_argument("--tests", type=int, default=200)
    parser.add_argument("--output", type=Path, help="not used: nothing is written")
    options = parser.parse_args()
    times, tests = (1, 10) if options.quick else (5, options.tests)
    print("| on SQLite | not guarded: CPU, wall | guarded | ratio of CPU | of wall |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder, "project")
        projects.write(project, projects.Size(revisions=options.revisions))
        (project / "suite.py").write_text(_SUITE)
        upgrade = [sys.executable, "-m", "alembic", "upgrade", "head"]
        what = f"`upgrade` of {options.revisions} revisions, whole process"
        _row(what, project, upgrade, times)
        _row(f"{what}, scripts that no process has run before", project, upgrade, times, is_first=True)
        suite = [sys.executable, "suite.py", str(tests)]
        what = f"{tests} upgrades of fresh files in one process"
        _row(what, project, suite, times if options.quick else 3)
        _use_own_types(project)
        _row(f"{what}, scripts with types of the project's", project, suite, times if options.quick else 3)


def _use_own_types(project: Path) -> None:
    """Have the project's scripts import a module of its own, as most do that are not made up."""
    (project / "own_types.py").write_text("import sqlalchemy as sa\n\n\nclass Label(sa.String):\n    pass\n")
    for script in (project / "migrations" / "versions").glob("*.py"):
        text = script.read_text().replace("sa.String(50)", "Label(50)")
        script.write_text(f"import uuid\n\nfrom own_types import Label\n\n{text}\n\nIDENTIFIER = uuid.uuid4()\n")


def _row(what: str, project: Path, command: list[str], times: int, *, is_first: bool = False) -> None:
    """Print a line; ``is_first``: what earlier processes have left is forgotten before each run."""

    def usage(guard: str) -> measure.Usage:
        if is_first:
            projects.forget_runs(project)
        with tempfile.TemporaryDirectory() as fresh:
            environment = {"DATABASE_URL": f"sqlite:///{fresh}/test.db", "FOLDER": fresh, "GUARD": guard}
            environment |= projects.OWN_CACHE
            return measure.run(command, project, environment)

    usage("off"), usage("on")  # compiles what is not compiled yet
    plain, guarded = measure.in_turn(lambda: usage("off"), lambda: usage("on"), times)
    print(
        f"| {what} | {plain.cpu:.2f} s, {plain.wall:.2f} s | {guarded.cpu:.2f} s, {guarded.wall:.2f} s | "
        f"{guarded.cpu / plain.cpu:.2f} | {guarded.wall / plain.wall:.2f} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
