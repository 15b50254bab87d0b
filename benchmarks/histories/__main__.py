"""``python -m benchmarks.histories list|run|mutate``."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from alembic_contracts import embedded
from benchmarks.histories import catalogue, fetch, report, worker
from benchmarks.histories.server import new_database

ROOT = Path(__file__).parents[2]
STAGE_SECONDS = 1800


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit code: 1 where a prediction is wrong and silent, or a break false."""
    options = _parser().parse_args(arguments)
    histories = catalogue.select(options.names, small=options.small)
    if options.command == "list":
        print("\n".join(f"{h.name:24} {h.package}{' (small set)' if h.small else ''}" for h in histories))
        return 0
    cache = options.cache.absolute()
    if options.command == "mutate":
        return _mutate(options, histories, cache)
    return _run(options, histories, cache)


def _run(options: argparse.Namespace, histories: Sequence[catalogue.History], cache: Path) -> int:
    places = {history: fetch.fetch(history, cache) for history in histories}
    with embedded.scratch() as scratch:
        measured = [
            _measure(history, place, cache, scratch.url(), settle=options.settle) for history, place in places.items()
        ]
    results = [result for result in measured if result is not None]
    if results:
        print(report.table(results))
    if options.json is not None:
        options.json.write_text(json.dumps(results, indent=1), encoding="utf-8")
    wrong = any(result["wrong_and_silent"] or result["false_breaks"] or _settled_wrongly(result) for result in results)
    return int(wrong or len(results) < len(measured))


def _settled_wrongly(result: dict[str, Any]) -> bool:
    return any(each["wrong"] for each in result.get("settling", {}).values())


def _mutate(options: argparse.Namespace, histories: Sequence[catalogue.History], cache: Path) -> int:
    places = {history: fetch.fetch(history, cache) for history in histories}
    answers: dict[str, list[dict[str, Any]]] = {}
    with embedded.scratch() as scratch:
        for history, place in places.items():
            print(f"{history.name} ...", file=sys.stderr, flush=True)
            if not (place.work / worker.OBSERVED).exists():
                with new_database(scratch.url(), f"history_{os.getpid()}") as url:
                    _stage("observe", history, place, cache, url)
            _stage("breed", history, place, cache, scratch.url(), str(options.count), str(options.seed))
            with new_database(scratch.url(), f"history_{os.getpid()}") as url:
                _stage("ask", history, place, cache, url)
            answers[history.name] = json.loads((place.work / worker.ANSWERS).read_text(encoding="utf-8"))
    print(report.recall(answers))
    if options.json is not None:
        options.json.write_text(json.dumps(answers, indent=1), encoding="utf-8")
    return int(any(answer["found"] == "kept" for some in answers.values() for answer in some))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.histories", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, purpose in {
        "list": "name the histories",
        "run": "predict histories and compare with a real PostgreSQL",
        "mutate": "plant breaks and see whether they are found",
    }.items():
        command = commands.add_parser(name, help=purpose, description=purpose)
        command.add_argument("names", nargs="*", metavar="HISTORY", help="default: all")
        command.add_argument("--small", action="store_true", help="only the set for continuous integration")
        command.add_argument("--cache", type=Path, default=fetch.cache_folder(), help="default: %(default)s")
        if name == "run":
            command.add_argument("--settle", action="store_true", help="have what is unproven settled, as `check` does")
        if name == "mutate":
            command.add_argument("--count", type=int, default=20, help="planted breaks per history (default: 20)")
            command.add_argument("--seed", type=int, default=1, help="the same seed plants the same breaks")
        command.add_argument("--json", type=Path, help="write every detail to this file")
    return parser


def _measure(
    history: catalogue.History, place: fetch.Place, cache: Path, server_url: str, *, settle: bool
) -> dict[str, Any] | None:
    """Run every stage; None where one of them failed, which it has then said on standard error."""
    try:
        return _stages(history, place, cache, server_url, settle=settle)
    except subprocess.CalledProcessError:
        print(f"{history.name} could not be measured", file=sys.stderr)
        return None


def _stages(
    history: catalogue.History, place: fetch.Place, cache: Path, server_url: str, *, settle: bool
) -> dict[str, Any]:
    print(f"{history.name} ...", file=sys.stderr, flush=True)
    for stage in ("observe", "predict"):
        with new_database(server_url, f"history_{os.getpid()}") as url:
            _stage(stage, history, place, cache, url)
    _stage("sql", history, place, cache)
    result: dict[str, Any] = json.loads((place.work / worker.PREDICTED).read_text(encoding="utf-8"))
    result["sql"] = json.loads((place.work / worker.SQL).read_text(encoding="utf-8"))
    if settle:
        _stage("settle", history, place, cache, server_url)
        result["settling"] = json.loads((place.work / worker.SETTLED).read_text(encoding="utf-8"))
    return result


def _stage(stage: str, history: catalogue.History, place: fetch.Place, cache: Path, *more: str) -> None:
    command = [sys.executable, "-m", "benchmarks.histories.worker", stage, history.name, str(cache), *more]
    # Before the packages of this interpreter: SQLAlchemy as the application has it, and this repository.
    path = os.pathsep.join([str(place.sqlalchemy), str(ROOT)])
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "0"}
    # Some scripts write files to the working directory.
    subprocess.run(command, cwd=place.work, env=environment, check=True, timeout=STAGE_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
