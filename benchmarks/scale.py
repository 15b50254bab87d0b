"""``python -m benchmarks.scale``: what a start costs, what the guard costs, and how each grows with a project.

Every figure is a ratio to something that ran in turn with it: Alembic without the plugin, `upgrade --sql` of the same
project, an upgrade with the guard off. Written to a folder: ``scale.md``, and ``scale.svg`` with logarithmic axes.
"""

from __future__ import annotations

import argparse
import compileall
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from alembic_contracts import embedded
from benchmarks.measure import Usage, exponent, in_turn, run
from benchmarks.projects import OWN_CACHE, Size, add_revision, forget_runs, write

_ALEMBIC = "import sys; from alembic.config import main; main(sys.argv[1:])"
_HIDDEN = (  # Alembic looks for plugins either way, and finds all but ours
    "import importlib.metadata as m; real = m.entry_points\n"
    "m.entry_points = lambda **kw: [e for e in real(**kw) if not e.value.startswith('alembic_contracts')]\n"
    f"{_ALEMBIC}"
)
_NOWHERE = {"DATABASE_URL": "postgresql+psycopg://nobody@localhost/none"}
_OFF = {"GUARD": "off"}
_CHECK = ("check-contracts", "--offline")
_SQL = ("upgrade", "head", "--sql")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimension:
    """What grows, and the sizes at which it is looked at."""

    name: str
    sizes: Sequence[int]
    quick: Sequence[int]
    """For a first impression."""
    of: Callable[[int], Size]


def _few(tables: int) -> int:
    """Return in how many revisions tables are made, none of which does anything else."""
    return min(tables, 4)


DIMENSIONS = (
    Dimension(
        name="contracts of 40 columns, JSON",
        sizes=(1, 100, 500, 1000, 2000),
        quick=(1, 20, 40),
        of=lambda n: Size(tables=n, columns=40, revisions=_few(n), contracts=n),
    ),
    Dimension(
        name="contracts of 40 columns, YAML",
        sizes=(1, 100, 500, 1000, 2000),
        quick=(1, 10, 20),
        of=lambda n: Size(tables=n, columns=40, revisions=_few(n), contracts=n, suffix=".odcs.yaml"),
    ),
    Dimension(
        name="tables, one of them under contract",
        sizes=(10, 100, 1000, 3000, 10_000),
        quick=(10, 50, 100),
        of=lambda n: Size(tables=n, revisions=_few(n)),
    ),
    Dimension(
        name="revisions",
        sizes=(10, 100, 1000, 3000, 10_000),
        quick=(10, 50, 100),
        of=lambda n: Size(tables=10, revisions=n),
    ),
    Dimension(
        name="operations of a revision",
        sizes=(1, 100, 300, 1000),
        quick=(1, 50, 100),
        of=lambda n: Size(tables=10, revisions=11, operations=n),
    ),
    Dimension(
        name="columns of a table",
        sizes=(5, 100, 400, 1600),  # PostgreSQL allows no more
        quick=(5, 100, 200),
        of=lambda n: Size(tables=10, columns=n),  # several, as one is read in less time than runs differ by
    ),
)

ONLINE = (
    replace(DIMENSIONS[0], name=f"{DIMENSIONS[0].name}, on a server"),
    Dimension(
        name="tables on a server, one of them under contract",
        sizes=(10, 100, 1000, 3000, 10_000),
        quick=(10, 50, 100),
        of=lambda n: Size(tables=n, revisions=10),
    ),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison."""

    what: str
    beside: str
    one: Usage
    other: Usage

    def cells(self) -> tuple[str, ...]:
        """Return it as the cells of a table."""
        one, other = self.one, self.other
        ratios = (one.cpu / other.cpu, one.wall / other.wall, one.peak / other.peak)
        times = (one.cpu, other.cpu, one.wall, other.wall)
        return self.what, self.beside, *(f"{each:.2f} s" for each in times), *(f"x {each:.2f}" for each in ratios)


_HEAD = ("what", "beside", "CPU", "beside", "wall", "beside", "CPU", "wall", "memory")


def alembic(folder: Path, *arguments: str, plugin: bool = True, **environment: str) -> Callable[[], Usage]:
    """Return what runs Alembic in a project."""
    program = _ALEMBIC if plugin else _HIDDEN
    return lambda: run([sys.executable, "-c", program, *arguments], folder, environment)


@contextmanager
def _project(size: Size) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / "project", size)
        compileall.compile_dir(Path(folder) / "project", quiet=1)  # else the first command to run pays for both
        yield Path(folder) / "project"


def starts(times: int) -> Iterator[Row]:
    """Yield what a start costs."""
    with _project(Size(tables=10, revisions=50)) as folder:
        for command in ("--help", "history"):
            ours, theirs = (alembic(folder, command, plugin=plugin, **_NOWHERE) for plugin in (True, False))
            yield Row(f"alembic {command}", "without the plugin", *in_turn(ours, theirs, times))
        check, history = alembic(folder, *_CHECK, **_NOWHERE), alembic(folder, "history", **_NOWHERE)
        yield Row("check --offline, 50 revisions", "alembic history", *in_turn(check, history, times))


def guards(times: int) -> Iterator[Row]:
    """Yield what the guard adds to an upgrade."""
    with embedded.scratch() as server, _project(Size(tables=50, revisions=100)) as folder:
        url = {"DATABASE_URL": server.url(), **OWN_CACHE}
        upgrade = ("upgrade", "head")

        def back_to(revision: str) -> Callable[[], None]:
            return lambda: alembic(folder, "downgrade", revision, **url, **_OFF)() and None

        def back_to_the_first_run() -> None:
            back_to("base")()
            forget_runs(folder)

        many = "upgrade, 100 revisions"
        yield _upgraded(f"{many}, scripts that no process has run before", folder, url, back_to_the_first_run, times)
        back_to("base")()
        alembic(folder, *upgrade, **url)()  # what others find
        back_to("base")()
        yield _upgraded(many, folder, url, back_to("base"), times)
        yield Row(
            "upgrade, nothing pending",
            "guard off",
            *in_turn(alembic(folder, *upgrade, **url), alembic(folder, *upgrade, **url, **_OFF), times),
        )
        add_revision(folder, 100, 'op.add_column("t0", sa.Column("z", sa.Text))', 'op.drop_column("t0", "z")')
        yield _upgraded("upgrade, one revision on 50 tables", folder, url, back_to("-1"), times)


def _upgraded(what: str, folder: Path, url: Mapping[str, str], undo: Callable[[], None], times: int) -> Row:
    def upgrade(**environment: str) -> Callable[[], Usage]:
        command = alembic(folder, "upgrade", "head", **url, **environment)

        def upgrade_and_undo() -> Usage:
            used = command()
            undo()
            return used

        return upgrade_and_undo

    found = in_turn(upgrade(), upgrade(**_OFF), times)
    alembic(folder, "upgrade", "head", **url, **_OFF)()
    return Row(what, "guard off", *found)


@dataclass(frozen=True, slots=True)
class Growth:
    """How a check grows beside something else of the same project."""

    name: str
    commands: tuple[str, str]
    sizes: Sequence[int]
    found: Sequence[tuple[Usage, Usage]]

    def lines(self) -> Iterator[str]:
        """Yield it as a Markdown table with its exponents below."""
        yield f"\n### {self.name}\n"
        check, beside = self.commands
        head = ("size", check, beside, "CPU", "wall", "memory", "beside", "memory")
        yield from _table(head, map(self._cells, self.sizes, self.found))
        ours, theirs = (exponent(self.sizes, [pair[side].cpu for pair in self.found]) for side in (0, 1))
        yield f"\nExponent: {ours:.2f}, of `{beside}` {theirs:.2f}."

    @staticmethod
    def _cells(size: int, pair: tuple[Usage, Usage]) -> tuple[str, ...]:
        one, other = pair
        cpu, wall, memory = (f"x {getattr(one, each) / getattr(other, each):.2f}" for each in ("cpu", "wall", "peak"))
        times = (f"{one.cpu:.2f} s", f"{other.cpu:.2f} s", cpu, wall)
        return f"{size:,}", *times, f"{one.peak:.0f} MB", f"{other.peak:.0f} MB", memory


def growths(dimensions: Sequence[Dimension], *, quick: bool, times: int) -> Iterator[Growth]:
    """Yield how a check grows in each dimension."""
    for dimension in dimensions:
        sizes, found = dimension.quick if quick else dimension.sizes, []
        for size in sizes:
            with _project(dimension.of(size)) as folder:
                found.append(
                    in_turn(alembic(folder, *_CHECK, **_NOWHERE), alembic(folder, *_SQL, **_NOWHERE, **_OFF), times)
                )
            print(f"{dimension.name}: {size:,}", file=sys.stderr)
        yield Growth(dimension.name, ("check --offline", "upgrade --sql"), sizes, found)


def growths_online(dimensions: Sequence[Dimension], *, quick: bool, times: int) -> Iterator[Growth]:
    """Yield how a check of a migrated database grows, which reads contracts and judges what it observes.

    The CPU is that of the command alone, the wall has what the server does in it.
    """
    for dimension in dimensions:
        sizes, found = dimension.quick if quick else dimension.sizes, []
        for size in sizes:
            with embedded.scratch() as server, _project(dimension.of(size)) as folder:
                url = {"DATABASE_URL": server.url()}
                for _ in range(dimension.of(size).revisions):  # a transaction each: locks are limited
                    alembic(folder, "upgrade", "+1", **url, **_OFF)()
                found.append(
                    in_turn(alembic(folder, "check-contracts", **url), alembic(folder, "current", **url), times)
                )
            print(f"{dimension.name}: {size:,}", file=sys.stderr)
        yield Growth(dimension.name, ("check", "alembic current"), sizes, found)


def _table(head: Sequence[str], rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def plot(growths: Sequence[Growth], file: Path) -> None:
    """Draw what checks cost by size, both axes logarithmic, with the exponents in the legend."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(9, 6), layout="constrained")
    for growth in growths:
        costs = [check.cpu for check, _ in growth.found]
        label = f"{growth.name}: {exponent(growth.sizes, costs):.2f}"
        axes.loglog(growth.sizes, costs, marker="o", label=label)
    axes.set(xlabel="size", ylabel="seconds of CPU, check")
    axes.grid(which="both", alpha=0.3)
    axes.legend(title="exponents")
    figure.savefig(file)
    plt.close(figure)


def main() -> None:
    """Measure, and write the results."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.scale", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="small sizes, each once")
    parser.add_argument("--only", choices=("start", "guard", "scale", "online"), help="one part")
    parser.add_argument("--repeat", type=int, default=5, help="runs of each command (default: %(default)s)")
    parser.add_argument("--output", type=Path, default=Path(".benchmarks"), help="folder (default: %(default)s)")
    options = parser.parse_args()
    times = 1 if options.quick else options.repeat
    parts = {"start": lambda: starts(times), "guard": lambda: guards(times)}
    rows = [row for name, part in parts.items() if options.only in (None, name) for row in part()]
    growing = {"scale": (growths, DIMENSIONS), "online": (growths_online, ONLINE)}
    wanted = [growing[name] for name in growing if options.only in (None, name)]
    found = [each for grow, what in wanted for each in grow(what, quick=options.quick, times=min(times, 3))]
    lines = [f"{os.cpu_count()} processors, Python {sys.version.split()[0]}; medians of {times} runs in turn.\n"]
    lines.extend(_table(_HEAD, (row.cells() for row in rows)))
    lines.extend(line for growth in found for line in growth.lines())
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "scale.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    if found:
        plot(found, options.output / "scale.svg")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
