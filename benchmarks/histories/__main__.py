"""``python -m benchmarks.histories list|run|mutate|time``."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.histories import catalogue, fetch, report, timing, worker
from benchmarks.histories.databases import DATABASES, Database

ROOT = Path(__file__).parents[2]
STAGE_SECONDS = 1800


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit code: 1 where a prediction is wrong and silent, or a break false."""
    options = _parser().parse_args(arguments)
    histories = catalogue.select(options.names, small=options.small, database=options.database)
    if options.command == "list":
        print("\n".join(f"{h.name:24} {h.package}{' (small set)' if h.small else ''}" for h in histories))
        return 0
    cache = options.cache.absolute()
    if options.command == "mutate":
        return _mutate(options, histories, cache)
    if options.command == "time":
        return _time(options, histories, cache)
    return _run(options, histories, cache)


def _run(options: argparse.Namespace, histories: Sequence[catalogue.History], cache: Path) -> int:
    database = DATABASES[options.database]
    places = {history: fetch.fetch(history, cache, database.name) for history in histories}
    with database.scratch() as server_url:
        measured = [
            _measure(_Stages(database, history, place, cache, server_url), settle=options.settle)
            for history, place in places.items()
        ]
    results = [result for result in measured if result is not None]
    if results:
        print(report.table(results))
    if options.json is not None:
        options.json.write_text(json.dumps(results, indent=1), encoding="utf-8")
    return int(any(map(_is_wrong, results)) or len(results) < len(measured))


def _is_wrong(result: dict[str, Any]) -> bool:
    ways = (result, *(result[way] for way in report.WAYS if way in result))
    wrong = any(way[key] for way in ways for key in ("wrong_and_silent", "false_breaks"))
    return wrong or any(each["wrong"] for each in result.get("settling", {}).values())


def _mutate(options: argparse.Namespace, histories: Sequence[catalogue.History], cache: Path) -> int:
    database = DATABASES[options.database]
    places = {history: fetch.fetch(history, cache, database.name) for history in histories}
    answers: dict[str, list[dict[str, Any]]] = {}
    with database.scratch() as server_url:
        for history, place in places.items():
            print(f"{history.name} ...", file=sys.stderr, flush=True)
            stages = _Stages(database, history, place, cache, server_url)
            if not (place.work / worker.OBSERVED).exists():
                stages.with_database("observe")
            stages.run("breed", server_url, str(options.count), str(options.seed))
            stages.with_database("ask")
            answers[history.name] = json.loads((place.work / worker.ANSWERS).read_text(encoding="utf-8"))
    print(report.recall(answers))
    if options.json is not None:
        options.json.write_text(json.dumps(answers, indent=1), encoding="utf-8")
    return int(any(answer["found"] == "kept" for some in answers.values() for answer in some))


def _time(options: argparse.Namespace, histories: Sequence[catalogue.History], cache: Path) -> int:
    places = {history: fetch.fetch(history, cache) for history in histories}
    with DATABASES["postgresql"].scratch() as server_url:
        for line in timing.table(places, cache, server_url, options.times):
            print(line, flush=True)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.histories", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, purpose in {
        "list": "name the histories",
        "run": "predict histories and compare with a real database",
        "mutate": "plant breaks and see whether they are found",
        "time": "apply histories with the guard and without, and compare what that costs",
    }.items():
        command = commands.add_parser(name, help=purpose, description=purpose)
        command.add_argument("names", nargs="*", metavar="HISTORY", help="default: all")
        known = ["postgresql"] if name == "time" else [*DATABASES]
        command.add_argument("--database", choices=known, default="postgresql", help="default: %(default)s")
        command.add_argument("--small", action="store_true", help="only the set for continuous integration")
        command.add_argument("--cache", type=Path, default=fetch.cache_folder(), help="default: %(default)s")
        if name == "run":
            command.add_argument("--settle", action="store_true", help="have what is unproven settled, as `check` does")
        if name == "mutate":
            command.add_argument("--count", type=int, default=20, help="planted breaks per history (default: 20)")
            command.add_argument("--seed", type=int, default=1, help="the same seed plants the same breaks")
        if name == "time":
            command.add_argument("--times", type=int, default=3, help="runs of each kind (default: 3)")
            continue
        command.add_argument("--json", type=Path, help="write every detail to this file")
    return parser


class _Stages:
    """The stages of one history, each in a process of its own."""

    def __init__(
        self, database: Database, history: catalogue.History, place: fetch.Place, cache: Path, server_url: str
    ) -> None:
        self.database, self.history, self.place, self.server_url = database, history, place, server_url
        self._cache = cache

    def run(self, stage: str, *more: str) -> None:
        """Run one stage."""
        known = [stage, self.history.name, self.database.name, str(self._cache)]
        command = [sys.executable, "-m", "benchmarks.histories.worker", *known, *more]
        # Before the packages of this interpreter: SQLAlchemy as the application has it, and this repository.
        path = os.pathsep.join([str(self.place.sqlalchemy), str(ROOT)])
        environment = {**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "0"}
        # Some scripts write files to the working directory.
        subprocess.run(command, cwd=self.place.work, env=environment, check=True, timeout=STAGE_SECONDS)

    def with_database(self, stage: str) -> None:
        """Run one stage with an empty database."""
        with self.database.new(self.server_url, f"history_{os.getpid()}") as url:
            self.run(stage, url)

    def result(self, name: str) -> dict[str, Any]:
        """Return what a stage has left."""
        found: dict[str, Any] = json.loads((self.place.work / name).read_text(encoding="utf-8"))
        return found


def _measure(stages: _Stages, *, settle: bool) -> dict[str, Any] | None:
    """Run every stage; None where one of them failed, which it has then said on standard error."""
    print(f"{stages.history.name} ...", file=sys.stderr, flush=True)
    try:
        return _measured(stages, settle=settle)
    except subprocess.CalledProcessError:
        print(f"{stages.history.name} could not be measured", file=sys.stderr)
        return None


def _measured(stages: _Stages, *, settle: bool) -> dict[str, Any]:
    for stage in ("observe", "predict"):
        stages.with_database(stage)
    result = stages.result(worker.PREDICTED)
    if stages.database.dialect.FORESIGHT == "copy":
        stages.run("copies", stages.server_url)
        result.update(stages.result(worker.COPIES))
    else:
        stages.run("sql")
        result["sql"] = stages.result(worker.SQL)
    if settle:
        stages.run("settle", stages.server_url)
        result["settling"] = stages.result(worker.SETTLED)
    return result


if __name__ == "__main__":
    sys.exit(main())
