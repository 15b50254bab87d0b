"""``python -m benchmarks.observation``: the look at a database beside SQLAlchemy's own reflection, by its size.

On a scratch server, as it gets more and more tables: one table, all tables, what a migration that names one of them
needs to know beforehand (what there is around, and the tables that it is about), and what a commit asks of it. For
each query of ours, what planning and executing it takes on the server.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import sqlalchemy as sa

from alembic_contracts import embedded
from alembic_contracts.dialects import Asked, load
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
        dialect.sight(connection, found.tables, [name])

    def commit() -> None:
        dialect.observe(connection, [name], asked=Asked(frozenset(), frozenset()))

    for what, ours, theirs in (
        ("one table, reflected", lambda: dialect.observe(connection, [name]), lambda: reflect(["t9"])),
        ("all tables, reflected", lambda: dialect.observe(connection, None), lambda: reflect(None)),
        ("around one table, all tables", extract, lambda: dialect.observe(connection, None)),
        ("at a commit, reflected", commit, lambda: reflect(["t9"])),
    ):
        _compare(f"{size:5,} tables: {what}", ours, theirs, repeat)
        print(f"{'':13} on the server: {_on_the_server(connection, ours)}", flush=True)


def _on_the_server(connection: sa.Connection, function: Callable[[], object]) -> str:
    """Return what each query that a function sends takes there, planned and executed anew."""
    sent: list[tuple[str, object]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        sent.append((statement, parameters))

    sa.event.listen(connection, "before_cursor_execute", note)
    function()
    sa.event.remove(connection, "before_cursor_execute", note)
    found = []
    for statement, parameters in sent:
        explained = f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement}"
        plan = connection.exec_driver_sql(explained, parameters).scalar_one()[0]
        found.append(f"{plan['Planning Time']:.1f} ms planned, {plan['Execution Time']:.1f} ms executed")
    return "; ".join(found)


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
