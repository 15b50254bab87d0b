"""``python -m benchmarks.histories list|run|mutate``."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
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
    places = {history: fetch.fetch(history, cache) for history in histories}
    with embedded.scratch() as scratch:
        results = [_measure(history, place, cache, scratch.url()) for history, place in places.items()]
    print(report.table(results))
    if options.json is not None:
        options.json.write_text(json.dumps(results, indent=1), encoding="utf-8")
    return int(any(result["wrong_and_silent"] or result["false_breaks"] for result in results))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.histories", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, purpose in {
        "list": "name the histories",
        "run": "predict histories and compare with a real PostgreSQL",
    }.items():
        command = commands.add_parser(name, help=purpose, description=purpose)
        command.add_argument("names", nargs="*", metavar="HISTORY", help="default: all")
        command.add_argument("--small", action="store_true", help="only the set for continuous integration")
        command.add_argument("--cache", type=Path, default=fetch.cache_folder(), help="default: %(default)s")
        command.add_argument("--json", type=Path, help="write every detail to this file")
    return parser


def _measure(history: catalogue.History, place: fetch.Place, cache: Path, server_url: str) -> dict[str, Any]:
    print(f"{history.name} ...", file=sys.stderr, flush=True)
    for stage in ("observe", "predict"):
        with new_database(server_url, f"history_{os.getpid()}") as url:
            _stage(stage, history, place, cache, url)
    _stage("sql", history, place, cache)
    result: dict[str, Any] = json.loads((place.work / worker.PREDICTED).read_text(encoding="utf-8"))
    result["sql"] = json.loads((place.work / worker.SQL).read_text(encoding="utf-8"))
    return result


def _stage(stage: str, history: catalogue.History, place: fetch.Place, cache: Path, *more: str) -> None:
    command = [sys.executable, "-m", "benchmarks.histories.worker", stage, history.name, str(cache), *more]
    environment = {**os.environ, "PYTHONPATH": str(place.sqlalchemy), "PYTHONHASHSEED": "0"}
    subprocess.run(command, cwd=ROOT, env=environment, check=True, timeout=STAGE_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
