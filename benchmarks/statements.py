"""``python -m benchmarks.statements``: random version scripts that go by what nobody can predict, and what follows.

Each script is predicted and run on a real PostgreSQL in several states of the database: with and without rows, with
other settings. What the prediction is certain of has to be so in every one of them. Each fault is printed with the
smallest script that has it; the end says how many there were, and which share of the tables is unproven.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from alembic_contracts import embedded
from benchmarks.histories.databases import new_database
from tests.support.project import Project
from tests.support.unknown_outcomes import Beside, Tally
from tests.support.unknown_scripts import Parts, script, shrunk, statements_in, text_of


def main() -> int:
    """Run; the exit code is 1 where the prediction was certain of something else."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.statements", description=__doc__)
    parser.add_argument("--scripts", type=int, default=2000, help="scripts to try (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="other seeds are other scripts (default: %(default)s)")
    parser.add_argument("--most", type=int, default=5, help="shrink so many faults (default: %(default)s)")
    parser.add_argument("--reasons", action="store_true", help="say what is unproven most often")
    parser.add_argument("--postgres-url", help="a server with the right to create databases (default: embedded)")
    options = parser.parse_args()
    if options.postgres_url is not None:
        return _run(options, options.postgres_url)
    with embedded.scratch() as scratch:
        return _run(options, scratch.url())


def _run(options: argparse.Namespace, server_url: str) -> int:
    sys.dont_write_bytecode = True  # scripts of one name follow each other within a second
    started, statements, shown = time.monotonic(), 0, 0
    with new_database(server_url, "statements") as url, tempfile.TemporaryDirectory() as folder:
        beside = Beside(Project.create(Path(folder), url), url)
        for number in range(options.scripts):
            parts = script(random.Random(f"{options.seed} {number}"))
            statements += statements_in(parts)
            faults = beside.faults(parts)
            if faults and shown < options.most:
                shown += 1
                print(smallest(beside, parts, faults[0]), end="\n\n", flush=True)
        beside.close()
    print(summary(beside.tally, statements, time.monotonic() - started), file=sys.stderr)
    return 1 if beside.tally.wrong else 0


def smallest(beside: Beside, parts: Parts, fault: str) -> str:
    """Return the smallest script with a fault of the same kind, and the fault."""
    counted, beside.tally = beside.tally, Tally()
    kind = fault.partition(":")[0]

    def still(less: Parts) -> bool:
        return any(each.startswith(kind) for each in beside.faults(less))

    kept = shrunk(parts, still)
    found = [each for each in beside.faults(kept) if each.startswith(kind)]
    beside.tally = counted
    return "\n".join([text_of(kept), *(f"  {each}" for each in found)])


def summary(tally: Tally, statements: int, seconds: float) -> str:
    """Return the figures in one line."""
    wrong = ", ".join(f"{count} {kind}" for kind, count in Counter(tally.wrong).most_common()) or "none"
    return (
        f"{tally.scripts} scripts, {statements} statements, {tally.runs} runs ({tally.failures} fail, of which"
        f" {tally.unforeseen} unforeseen), {seconds:.0f} s; wrong: {wrong}; certain refusals: {tally.refusals};"
        f" unproven: {tally.unproven_scripts / max(tally.scripts, 1):.1%} of the scripts,"
        f" {tally.unproven / max(tally.tables, 1):.1%} of the contracted tables"
    )


if __name__ == "__main__":
    sys.exit(main())
