"""``python -m benchmarks.peers``: what other tools take for the same scripts, and how many planted breaks they catch.

One project (``planted.py``): ten revisions that break a contract each, and ten that break none. Every tool comes from
PyPI into an environment of its own, which ``.benchmarks/peers`` keeps, and runs as its documentation says, in turn with
the others. Times are of whole processes, without the server's. Written to a folder: ``peers.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from alembic_contracts import embedded
from benchmarks import planted
from benchmarks.measure import Usage, run

_BY_TABLE = {change.table: change.revision for change in (*planted.BREAKS, *planted.HARMLESS)}
_OF_WAITING = ("require-lock-timeout", "require-statement-timeout", "prefer-[a-z-]*")
"""Rules of squawk about each statement's locks and about taste, which say nothing of what a change breaks."""


def _matches(pattern: str) -> Callable[[str], set[str]]:
    return lambda text: set(re.findall(pattern, text, re.MULTILINE))


def _tables(pattern: str) -> Callable[[str], set[str]]:
    return lambda text: {_BY_TABLE[name] for name in re.findall(pattern, text, re.MULTILINE) if name in _BY_TABLE}


def _failed_checks(text: str) -> set[str]:
    checks = json.loads(text)["checks"]
    return {_BY_TABLE[each["model"]] for each in checks if each["result"] in ("failed", "error", "warning")}


def _violations(text: str) -> set[str]:
    return {each["location"]["revision"] for each in json.loads(text)["violations"]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One tool, as its documentation says that it is used."""

    name: str
    packages: Sequence[str]
    """What its environment has, itself first; nothing: this one's."""
    script: str
    """For a shell, in the project's folder; ``$DATABASE_URL`` is a database."""
    exits: Sequence[int] = (0, 1)
    named: Callable[[str], set[str]]
    """What it printed -> the revisions that it names, by themselves or by their tables."""
    how: str
    """How that is read, and what it does not look at."""
    database: str = "migrated"
    judges_it: bool = False
    """Whether it says what is wrong with a database, and so has to have nothing to say at the first revision."""
    environment: Mapping[str, str] = field(default_factory=dict)


_ALEMBIC = ("alembic", "psycopg[binary]")
_PYTEST = Tool(
    name="pytest-alembic, models left as they were",
    packages=("pytest-alembic", "pytest<9", *_ALEMBIC),  # 0.13.1 fails at collection with pytest 9.2
    script="pytest --test-alembic tests",
    named=_tables(r"""(?:'|Table\('|\()([a-z]+)'"""),
    how="a table named by a failing test (test_model_definitions_match_ddl). Runs each revision up and down on a "
    "server, and compares what comes of it with models; knows no contract.",
    environment={"MODELS_LIKE": "start"},
)
TOOLS = (
    Tool(
        name="alembic upgrade --sql",
        packages=(),
        script="python -m alembic upgrade head --sql",
        exits=(0,),
        named=lambda _: set(),
        how="it checks nothing: what any look at each script costs.",
        environment={"GUARD": "off"},
    ),
    Tool(
        name="ours: check-contracts --offline",
        packages=(),
        script="python -m alembic check-contracts --offline --format json",
        exits=(1,),
        named=_violations,
        how="revision of each violation. Needs no database.",
    ),
    Tool(
        name="ours: guarded upgrade, refused",
        packages=(),
        script="python -m alembic upgrade head 2>&1",
        exits=(255,),
        named=_matches(r"^  --> .*\(revision (\w+)\)$"),
        how="revisions in the report, of a database at the first revision.",
        database="start",
    ),
    Tool(
        name="alembic-migration-linter",
        packages=("alembic-migration-linter", *_ALEMBIC),
        script="alembic-lint --dialect postgresql --warnings-as-errors --no-cache",
        named=_matches(r"^\((\w+)\)\.\.\. (?:ERR|WARNING)$"),
        how="revisions with an error or warning of any kind. Patterns over the SQL of offline mode; knows neither the "
        "schema nor who relies on it.",
    ),
    Tool(
        name="squawk over alembic-squawk",
        packages=("alembic-squawk", "squawk-cli", *_ALEMBIC),
        script="alembic-squawk --out-dir sql >/dev/null && "
        "squawk --reporter gcc --assume-in-transaction --pg-version=18 sql/*.sql",
        named=_matches(rf"/?(\w+)\.sql:\d+:\d+: \w+: (?!{'|'.join(_OF_WAITING)})"),
        how=f"files with a finding, those of {', '.join(_OF_WAITING[:2])} and prefer-* apart, which nearly every file "
        "has. PostgreSQL's grammar over the SQL of offline mode; knows neither the schema nor who relies on it.",
    ),
    Tool(
        name="alembic-guard",
        packages=("alembic-guard",),
        script="alembic-guard --strict",
        named=_matches(r"versions/(\w+)\.py:\d+:\d+ "),
        how="files with a finding of any kind. Reads the scripts' syntax and runs nothing.",
    ),
    _PYTEST,
    Tool(
        name="pytest-alembic, models changed with the scripts",
        packages=_PYTEST.packages,
        script=_PYTEST.script,
        named=_PYTEST.named,
        how="the same, where the author changes both, as `revision --autogenerate` asks for.",
        environment={"MODELS_LIKE": "migrated"},
    ),
    Tool(
        name="datacontract-cli test",
        packages=("datacontract-cli[postgres]",),
        script=f"datacontract test {planted.ODCS} --output checks.json --output-format json >/dev/null; "
        "said=$?; cat checks.json; exit $said",
        named=_failed_checks,
        judges_it=True,
        how="tables with a failed check, or one that could not run. Looks at a database that is migrated already: "
        "columns, types, and rows (NULLs, duplicates, references), of which each table has one.",
    ),
    Tool(
        name="information_schema into DataFrames",
        packages=("pandas", "sqlalchemy", "psycopg[binary]"),
        script='python "$DATAFRAMES" "$DATABASE_URL" contracts',
        named=_tables(r"^public\.(\w+)\."),
        judges_it=True,
        how="tables in its list. Looks at a database that is migrated already: columns, types, NOT NULL, primary keys.",
    ),
)


@dataclass(frozen=True, slots=True)
class Result:
    """What one tool took and found; ``missing`` says why it could not be had."""

    tool: Tool
    version: str = ""
    runs: tuple[Usage, ...] = ()
    named: frozenset[str] = frozenset()
    missing: str = ""

    @property
    def used(self) -> Usage:
        """The medians of its runs."""
        return Usage(
            *(statistics.median(getattr(each, name) for each in self.runs) for name in ("cpu", "wall", "peak"))
        )

    def cells(self, floor: Usage) -> tuple[str, ...]:
        """Return it as the cells of a table; ``floor``: what counts as 1."""
        if self.missing:
            return self.tool.name, self.missing, *("" for _ in _HEAD[2:])
        cpu, wall, peak = self.used.cpu, self.used.wall, self.used.peak
        times = (f"{cpu:.2f} s, x {cpu / floor.cpu:.2f}", f"{wall:.2f} s, x {wall / floor.wall:.2f}")
        used = (*times, f"{peak:.0f} MB, x {peak / floor.peak:.2f}")
        caught, others = ({change.revision for change in of} & self.named for of in (planted.BREAKS, planted.HARMLESS))
        missed = [change.what for change in planted.BREAKS if change.revision not in caught]
        listed = "; ".join(missed) if caught else "all"
        return self.tool.name, self.version, *used, str(len(caught)), str(len(others)), listed


_HEAD = ("tool", "version", "CPU", "wall", "memory", "of 10 breaks", "of 10 harmless", "missed")


class _Place:
    """A project, two databases (at its first revision, and at its last), and the tools' environments."""

    def __init__(self, folder: Path, server: embedded.Server, cache: Path) -> None:
        self._folder, self._cache = folder, cache
        self._urls = {"start": server.url("start"), "migrated": server.url("migrated")}
        self._sockets = server.sockets
        planted.write(folder)
        engine = sa.create_engine(server.url(), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        for name, url in self._urls.items():
            with engine.connect() as connection:
                connection.exec_driver_sql(f"CREATE DATABASE {name}")
            self._upgrade(url, "start")
            with sa.create_engine(url, poolclass=sa.NullPool).begin() as connection:
                for statement in planted.rows():
                    connection.exec_driver_sql(statement)
        self._upgrade(self._urls["migrated"], "head")

    def _upgrade(self, url: str, revision: str) -> None:
        command = [sys.executable, "-m", "alembic", "upgrade", revision]
        run(command, self._folder, {"DATABASE_URL": url, "GUARD": "off"})

    def programs(self, tool: Tool) -> Path:
        """Return the folder of a tool's programs, after installing it where that was not done before."""
        if not tool.packages:
            return Path(sys.executable).parent
        environment = self._cache / re.match(r"[\w-]+", tool.packages[0])[0]
        done = environment / "installed.txt"
        if not done.is_file() or done.read_text() != " ".join(tool.packages):
            subprocess.run([sys.executable, "-m", "venv", "--clear", environment], check=True)
            pip = [environment / "bin" / "python", "-m", "pip", "install", "--quiet", *tool.packages]
            subprocess.run(pip, check=True, capture_output=True, text=True)
            done.write_text(" ".join(tool.packages))
        return environment / "bin"

    def run(self, tool: Tool, programs: Path, *, database: str = "") -> tuple[Usage, str]:
        """Return what a tool used, and what it printed."""
        environment = {
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "DATABASE_URL": self._urls[database or tool.database],
            "DATAFRAMES": str(Path(__file__).with_name("dataframes.py")),
            "DATACONTRACT_POSTGRES_HOST": self._sockets,
            "DATACONTRACT_POSTGRES_DATABASE": database or tool.database,
            "DATACONTRACT_POSTGRES_USERNAME": "postgres",
            "DATACONTRACT_POSTGRES_PASSWORD": "any",
            **{name: self._urls.get(value, value) for name, value in tool.environment.items()},
        }
        with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
            used = run(["sh", "-c", tool.script], self._folder, environment, exits=tool.exits, output=output.fileno())
            output.seek(0)
            return used, output.read()


def compared(folder: Path, server: embedded.Server, cache: Path, times: int) -> Iterator[Result]:
    """Yield what each tool took and found; they run in turn, so that a busy machine slows all of them down."""
    place = _Place(folder, server, cache)
    programs: dict[str, Path] = {}
    for tool in TOOLS:
        try:
            programs[tool.name] = place.programs(tool)
        except subprocess.CalledProcessError as error:
            said = (error.stderr or str(error)).strip().splitlines()
            yield Result(tool, missing=f"cannot be had here: {said[-1]}")
    runs: dict[str, list[tuple[Usage, str]]] = {name: [] for name in programs}
    there = [tool for tool in TOOLS if tool.name in programs]
    for tool in there:
        if tool.judges_it and (named := tool.named(place.run(tool, programs[tool.name], database="start")[1])):
            raise SystemExit(f"{tool.name} says something before anything is broken: {named}")
    for _ in range(times):
        for tool in there:
            runs[tool.name].append(place.run(tool, programs[tool.name]))
            print(tool.name, file=sys.stderr)
    for tool in there:
        named = {frozenset(tool.named(said)) for _, said in runs[tool.name]}
        if len(named) > 1:
            raise SystemExit(f"{tool.name} does not say the same twice: {named}")
        yield Result(tool, _version(tool, programs[tool.name]), tuple(used for used, _ in runs[tool.name]), *named)


def _version(tool: Tool, programs: Path) -> str:
    package = re.sub(r"\[.*", "", tool.packages[0]) if tool.packages else ""
    package = package or ("alembic-contracts" if "ours" in tool.name else "alembic")
    ask = f"from importlib.metadata import version; print(version({package!r}))"
    return subprocess.run([programs / "python", "-c", ask], check=True, capture_output=True, text=True).stdout.strip()


def report(results: Sequence[Result]) -> Iterator[str]:
    """Yield the results as Markdown."""
    ordered = sorted(results, key=lambda result: TOOLS.index(result.tool))
    floor = ordered[0].used
    yield f"| {' | '.join(_HEAD)} |"
    yield f"|{'---|' * len(_HEAD)}"
    for result in ordered:
        yield f"| {' | '.join(result.cells(floor))} |"
    yield "\nThe ten harmless revisions change what no contract states; who warns of locks may well name some of them."
    yield '\nHow "caught" was read off what each printed:\n'
    for result in ordered:
        yield f"- {result.tool.name} (`{result.tool.script}`): {result.tool.how}"


def measured(cache: Path, times: int) -> list[str]:
    """Return the whole report's lines."""
    with embedded.scratch() as server, tempfile.TemporaryDirectory() as folder:
        return list(report(list(compared(Path(folder), server, cache, times))))


def main() -> None:
    """Measure, and write the results."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.peers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeat", type=int, default=5, help="runs of each tool (default: %(default)s)")
    parser.add_argument("--output", type=Path, default=Path(".benchmarks"), help="folder (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="each once")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    lines = measured(options.output.absolute() / "peers", 1 if options.quick else options.repeat)
    (options.output / "peers.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
