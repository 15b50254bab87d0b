"""What the guard costs: the same Alembic commands with and without it, side by side in one run.

    python -m benchmarks.overhead [--revisions 100] [--tables 50] [--repeat 5]

Makes a project of its own on a scratch embedded PostgreSQL and prints medians and ratios:

* ``alembic history``, ``current``: with the plugin installed, and hidden;
* ``alembic upgrade head`` of one pending revision on a schema of many tables: guarded, and with the guard off;
* ``alembic check-contracts --offline`` of the whole history beside ``alembic upgrade head --sql``;
* observing one contracted table, and all tables, beside SQLAlchemy's reflection of the same ones;
* the baseline of a migration that names one of 1,000 tables, beside reading all of them.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from alembic_contracts import embedded
from alembic_contracts.dialects import load
from alembic_contracts.schemas.schema import Name
from benchmarks import projects

HIDDEN = (
    "import importlib.metadata as m; real = m.entry_points\n"
    "m.entry_points = lambda **kw: () if kw.get('group') == 'alembic.plugins' else real(**kw)\n"
    "from alembic.config import main; main({arguments!r})"
)


class Project:
    """A project of many tables and revisions, one of which is under contract."""

    def __init__(self, path: Path, url: str, revisions: int, tables: int) -> None:
        self.path, self.url = path, url
        projects.write(path, projects.Size(tables=tables, columns=2, revisions=revisions))

    def alembic(self, *arguments: str, guard: bool = True, plugin: bool = True) -> None:
        program = ["-m", "alembic", *arguments] if plugin else ["-c", HIDDEN.format(arguments=list(arguments))]
        environment = {**os.environ, "DATABASE_URL": self.url, "GUARD": "on" if guard else "off"}
        done = subprocess.run(
            [sys.executable, *program], cwd=self.path, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"alembic {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")


def seconds(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def compare(what: str, ours: Callable[[], object], theirs: Callable[[], object], repeat: int) -> None:
    """Print the medians of both, taken in turn so that a busy machine slows both down."""
    pairs = [(seconds(ours), seconds(theirs)) for _ in range(repeat)]
    one, other = (statistics.median(times) for times in zip(*pairs, strict=True))
    print(f"{what:58} {one * 1000:9.1f} ms {other * 1000:9.1f} ms   x {one / other:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--revisions", type=int, default=100)
    parser.add_argument("--tables", type=int, default=50)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    repeat = options.repeat
    with tempfile.TemporaryDirectory() as folder, embedded.scratch() as server:
        project = Project(Path(folder), server.url(), options.revisions, min(options.tables, options.revisions))
        print(f"{'':58} {'with':>12} {'without':>12}   ratio")
        for command in ("history", "current"):
            compare(
                f"alembic {command}",
                lambda command=command: project.alembic(command),
                lambda command=command: project.alembic(command, plugin=False, guard=False),
                repeat,
            )
        compare(
            f"check-contracts --offline | upgrade --sql, {options.revisions} revisions",
            lambda: project.alembic("check-contracts", "--offline"),
            lambda: project.alembic("upgrade", "head", "--sql", guard=False),
            repeat,
        )
        project.alembic("upgrade", "head", guard=False)
        added, dropped = 'op.add_column("t0", sa.Column("z", sa.Text))', 'op.drop_column("t0", "z")'
        projects.add_revision(project.path, options.revisions, added, dropped)

        def upgrade(guard: bool) -> Callable[[], None]:
            def run() -> None:
                project.alembic("upgrade", "head", guard=guard)

            return run

        times: dict[bool, list[float]] = {True: [], False: []}
        for _ in range(repeat):
            for guard in (True, False):
                times[guard].append(seconds(upgrade(guard)))
                project.alembic("downgrade", "-1", guard=False)
        one, other = statistics.median(times[True]), statistics.median(times[False])
        what = f"upgrade of one revision, {options.tables} tables"
        print(f"{what:58} {one * 1000:9.1f} ms {other * 1000:9.1f} ms   x {one / other:.2f}")
        _observation(project.url, repeat)


def _observation(url: str, repeat: int) -> None:
    dialect = load("postgresql")
    with sa.create_engine(url).connect() as connection:

        def reflect(tables: list[str] | None) -> None:
            sa.MetaData().reflect(connection, only=tables)

        compare("observe | reflect one table", lambda: dialect.observe(connection, [Name("public", "t0")]), lambda: reflect(["t0"]), repeat)  # fmt: skip  # noqa: E501
        compare("observe | reflect all tables", lambda: dialect.observe(connection, None), lambda: reflect(None), repeat)  # fmt: skip  # noqa: E501
        _baseline(connection, repeat)


def _baseline(connection: sa.Connection, repeat: int) -> None:
    """Compare on 1,000 tables, each with a foreign key to one of ten, a sequence, an index and a default."""
    dialect = load("postgresql")
    for number in range(1000):
        reference = f"REFERENCES wide_{number % 10}" if number >= 10 else ""
        connection.execute(
            sa.text(
                f"CREATE TABLE wide_{number} (id serial PRIMARY KEY, other integer {reference}, a text DEFAULT 'x', "
                "b varchar(20) UNIQUE, c timestamptz NOT NULL, d numeric(10, 2), e text, f text)"
            )
        )
    connection.commit()
    connection.execute(sa.text("ANALYZE"))
    connection.commit()

    def extract() -> None:
        found = dialect.outline(connection).around(lambda name: name.name == "wide_500")
        dialect.observe(connection, found.tables)

    compare("baseline for one of 1000 tables | all", extract, lambda: dialect.observe(connection, None), repeat)


if __name__ == "__main__":
    main()
