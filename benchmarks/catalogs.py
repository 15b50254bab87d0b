"""``python -m benchmarks.catalogs``: random schemas and questions, asked of prediction's catalog and a real PostgreSQL.

Questions are queries on pg_catalog and information_schema, and what SQLAlchemy's inspector asks; answers are compared
cell by cell. Each wrong answer is printed in its smallest form; the end says how many there were, and which share of
the cells prediction does not know.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter

import sqlalchemy as sa

from alembic_contracts import embedded
from benchmarks.histories.databases import new_database
from tests.support.catalog_questions import Subject, difference, question, statements

_QUESTIONS_A_SCHEMA = 20


def main() -> int:
    """Run; the exit code is 1 where an answer was wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.catalogs", description=__doc__)
    parser.add_argument("--questions", type=int, default=2000, help="questions to ask (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="other seeds are other schemas (default: %(default)s)")
    parser.add_argument("--most", type=int, default=5, help="stop after so many wrong answers (default: %(default)s)")
    parser.add_argument("--postgres-url", help="a server with the right to create databases (default: embedded)")
    options = parser.parse_args()
    if options.postgres_url is not None:
        return _run(options, options.postgres_url)
    with embedded.scratch() as scratch:
        return _run(options, scratch.url())


def _run(options: argparse.Namespace, server_url: str) -> int:
    started, chance = time.monotonic(), random.Random(options.seed)
    asked = cells = unknown = 0
    unanswered: Counter[str] = Counter()
    wrong: dict[str, str] = {}
    with new_database(server_url, "catalogs") as url:
        engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            subject = Subject(connection)
            while asked < options.questions and len(wrong) < options.most:
                made = statements(chance)
                subject.build(made)
                for _ in range(_QUESTIONS_A_SCHEMA):
                    one = question(chance)
                    theirs, ours, count, not_known = subject.ask(one)
                    asked, cells, unknown = asked + 1, cells + count, unknown + not_known
                    unanswered.update([str(one)] if subject.doubts else [])
                    if theirs != ours and str(one) not in wrong:
                        wrong[str(one)] = difference(subject, one, made)
                        print(wrong[str(one)], end="\n\n", flush=True)
                        subject.build(made)
    seconds = time.monotonic() - started
    print(
        f"{asked} questions, {cells} cells, {seconds:.0f} s; wrong: {len(wrong)} questions;"
        f" unknown: {unanswered.total()} questions, {unknown / cells:.1%} of the cells",
        file=sys.stderr,
    )
    for text, times in unanswered.most_common(5):
        print(f"{times} times unknown: {text[:150]}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
