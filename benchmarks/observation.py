"""``python -m benchmarks.observation``: the look at a database beside SQLAlchemy's own reflection, by its size.

On a scratch server, as it gets more and more tables: one table, all tables, and what a migration that names one of
them needs to know beforehand (the outline of all, and the tables around it).
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import sqlalchemy as sa

from alembic_contracts import embedded
from alembic_contracts.dialects import load
from alembic_contracts.schemas.schema import Name

SIZES = (10, 100, 1000, 5000)


def main() -> None:
    """Print medians and ratios."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.observation",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="small sizes")
    parser.add_argument("--output", help="nothing is written: for those who give it to all benchmarks")
    options = parser.parse_args()
    print("| what, beside | ours | beside | ratio |\n|---|---|---|---|")
    with embedded.scratch() as server:
        engine = sa.create_engine(server.url(), isolation_level="AUTOCOMMIT")
        made = 0
        for size in SIZES[:2] if options.quick else SIZES:
            with engine.connect() as connection:
                for number in range(made, size):
                    connection.execute(sa.text(_table(number)))
                connection.execute(sa.text("ANALYZE"))
                _compared(connection, size, options.repeat)
            made = size
        engine.dispose()


def _table(number: int) -> str:
    """Return a table with a foreign key to one of ten, a sequence, an index and a default."""
    reference = f"REFERENCES t{number % 10}" if number >= 10 else ""
    return (
        f"CREATE TABLE t{number} (id serial PRIMARY KEY, other integer {reference}, a text DEFAULT 'x', "
        "b varchar(20) UNIQUE, c timestamptz NOT NULL, d numeric(10, 2), e text, f text)"
    )


def _compared(connection: sa.Connection, size: int, repeat: int) -> None:
    dialect, name = load("postgresql"), Name("public", "t9")

    def reflect(tables: list[str] | None) -> None:
        sa.MetaData().reflect(connection, only=tables)

    def extract() -> None:
        found = dialect.surroundings(connection).outline.around(lambda each: each == name)
        dialect.observe(connection, found.tables)

    for what, ours, theirs in (
        ("one table, reflected", lambda: dialect.observe(connection, [name]), lambda: reflect(["t9"])),
        ("all tables, reflected", lambda: dialect.observe(connection, None), lambda: reflect(None)),
        ("around one table, all tables", extract, lambda: dialect.observe(connection, None)),
    ):
        _compare(f"{size:5,} tables: {what}", ours, theirs, repeat)


def _compare(what: str, ours: Callable[[], object], theirs: Callable[[], object], repeat: int) -> None:
    """Print the medians of both, taken in turn so that a busy machine slows both down."""
    pairs = [(_seconds(ours), _seconds(theirs)) for _ in range(repeat)]
    one, other = (statistics.median(times) for times in zip(*pairs, strict=True))
    print(f"| {what} | {one * 1000:.1f} ms | {other * 1000:.1f} ms | x {one / other:.2f} |", flush=True)


def _seconds(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
