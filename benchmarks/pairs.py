"""``python -m benchmarks.pairs``: pairs of random valid migrations at once, under guard.

Each migration changes or locks some of two tables and their views, of which every one is under contract, in one order
for all: so no pair can end in a deadlock of its own, and every one succeeds without the guard (``--unguarded``). Prints
what those said that failed.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from alembic_contracts import embedded
from benchmarks.histories.databases import new_database
from tests.running.test_locks import COLUMNS, TABLES, contract
from tests.support.project import ENV, Project

CHANGES = {
    "a": ("ALTER TABLE a ADD n{} int", "LOCK TABLE a", "UPDATE a SET price = price", "CREATE INDEX ON a (price)"),
    "b": ("ALTER TABLE b ADD n{} int", "ALTER TABLE b ADD CHECK (unnamed > {})", "LOCK TABLE b IN SHARE MODE"),
    "va": ("CREATE OR REPLACE VIEW va AS SELECT id, price FROM a WHERE id > {}", "COMMENT ON VIEW va IS '{}'"),
    "vb": ("CREATE OR REPLACE VIEW vb AS SELECT id, name FROM b WHERE id > {}", "COMMENT ON VIEW vb IS '{}'"),
}
ORDER = ("a", "va", "b", "vb")
"""A view comes after what it is of, whose lock it takes."""


def script(chance: random.Random, number: int) -> str:
    """Return the body of a migration."""
    lines = []
    for table in sorted(chance.sample(ORDER, chance.randint(1, 3)), key=ORDER.index):
        lines.append(f"op.execute({chance.choice(CHANGES[table]).format(number)!r})")
        lines.append(f"op.execute('SELECT pg_sleep({chance.uniform(0, 0.6):.2f})')")
    return "\n".join(lines)


def main() -> int:
    """Run; the exit code is 1 where an upgrade failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pairs", description=__doc__)
    parser.add_argument("--pairs", type=int, default=200, help="pairs to try (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="other seeds are other pairs (default: %(default)s)")
    parser.add_argument("--unguarded", action="store_true", help="without the guard")
    options = parser.parse_args()
    chance, failed, began = random.Random(options.seed), 0, time.monotonic()
    with embedded.scratch() as server, tempfile.TemporaryDirectory() as folder:
        for pair in range(options.pairs):
            with new_database(server.url(), "pairs") as url:
                projects = [
                    _project(Path(folder, f"{name}{pair}"), url, script(chance, number), guarded=not options.unguarded)
                    for number, name in enumerate(("x", "y"), start=2 * pair)
                ]
                projects[0].sql(*TABLES)
                said = _at_once(projects)
            failed += len(said)
            print(*said, sep="\n", end="\n" if said else "", flush=True)
    print(f"{options.pairs} pairs, {failed} upgrades failed, {time.monotonic() - began:.0f} s")
    return 1 if failed else 0


def _project(path: Path, url: str, body: str, *, guarded: bool) -> Project:
    project = Project.create(path, url)
    own = f"target_metadata=target_metadata, version_table='versions_{path.name}')"
    env = ENV.replace("target_metadata=target_metadata)", own)
    project.write("migrations/env.py", env if guarded else env.replace(", alembic_contracts.guard(context)", ""))
    for table in COLUMNS:
        project.contract(table, contract(table))
    project.revision(f"{path.name}1", body)
    return project


def _at_once(projects: list[Project]) -> list[str]:
    """Upgrade all at the same time, in other processes; return what those say that fail."""
    started = [(project, _start(project)) for project in projects]
    ended = [(project, process.wait()) for project, process in started]
    return [(project.path / "out").read_text()[-2000:] for project, code in ended if code != 0]


def _start(project: Project) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "DATABASE_URL": project.database, "ALEMBIC_CONTRACTS_LOCK_TIMEOUT": "20"}
    command = [sys.executable, "-m", "alembic", "upgrade", "head"]
    with (project.path / "out").open("wb") as out:
        return subprocess.Popen(command, cwd=project.path, env=environment, stdout=out, stderr=out)


if __name__ == "__main__":
    sys.exit(main())
