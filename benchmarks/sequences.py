"""``python -m benchmarks.sequences``: many random sequences of statements, predicted and on a real PostgreSQL.

The tests run a few dozen; this runs as many as are asked for, prints each disagreement in its smallest form, and ends
with how many there were.
"""

from __future__ import annotations

import argparse
import sys
import time

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from alembic_contracts import embedded
from benchmarks.histories.databases import new_database
from tests.support.parity import Server
from tests.support.sequences import disagreement, sequence


def main() -> int:
    """Run; the exit code is 1 where prediction and server disagreed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sequences", description=__doc__)
    parser.add_argument("--examples", type=int, default=2000, help="sequences to try (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="other seeds are other sequences (default: %(default)s)")
    parser.add_argument("--postgres-url", help="a server with the right to create databases (default: embedded)")
    options = parser.parse_args()
    if options.postgres_url is not None:
        return _run(options, options.postgres_url)
    with embedded.scratch() as scratch:
        return _run(options, scratch.url())


def _run(options: argparse.Namespace, server_url: str) -> int:
    started, tried, statements_run = time.monotonic(), 0, 0
    with new_database(server_url, "sequences") as url:
        server = Server(url)

        @seed(options.seed)
        @settings(
            max_examples=options.examples,
            deadline=None,
            database=None,
            report_multiple_bugs=True,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        )
        @given(statements=sequence, known=st.none() | st.integers(0, 10))
        def agree(statements: list[str], known: int | None) -> None:
            nonlocal tried, statements_run
            tried, statements_run = tried + 1, statements_run + len(statements)
            assert disagreement(statements, server, known=known) is None

        try:
            agree()
        except (AssertionError, ExceptionGroup) as error:
            print(error, *getattr(error, "__notes__", ()), sep="\n")
            return 1
        finally:
            server.close()
            seconds = time.monotonic() - started
            print(f"{tried} sequences, {statements_run} statements, {seconds:.0f} s", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
