"""One stage of one history, in a process of its own: scripts leave traces in the process that runs them.

``python -m benchmarks.histories.worker STAGE HISTORY DATABASE CACHE [URL]``; results go to files in its work folder.
"""

from __future__ import annotations

import json
import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.histories import catalogue, forecast, mutate, server
from benchmarks.histories.databases import DATABASES, Database
from benchmarks.histories.fetch import Place
from benchmarks.histories.scripts import Scripts

OBSERVED, PREDICTED, SQL = "observed.pickle", "predicted.json", "sql.json"
SETTLED, COPIES = "settled.json", "copies.json"
MUTANTS, ANSWERS = "mutants.pickle", "answers.json"


def observe(scripts: Scripts, place: Place, url: str) -> None:
    """Apply the history to a database and keep what was seen."""
    result = server.apply(scripts, url)
    with (place.work / OBSERVED).open("wb") as file:
        pickle.dump(result, file)


def predict(scripts: Scripts, place: Place, url: str) -> None:
    """Predict the history and compare it with what was seen."""
    from benchmarks.histories import verdict

    before, applied, seconds = _applied(place)
    result = verdict.measure(scripts, url, before, applied, seconds)
    (place.work / PREDICTED).write_text(json.dumps(result, indent=1), encoding="utf-8")


def copies(scripts: Scripts, place: Place, server_url: str) -> None:
    """Predict the history on copies of the database: without one, and each revision from what it is before it."""
    from benchmarks.histories import rehearsal, verdict

    before, applied, _ = _applied(place)
    # Without a database nothing is there that the application makes itself.
    found = (
        {}
        if before.tables
        else {"offline": rehearsal.offline(scripts, applied, verdict.watched_tables(before, applied))}
    )
    found["online"] = rehearsal.online(scripts, server_url, applied)
    (place.work / COPIES).write_text(json.dumps(found, indent=1), encoding="utf-8")


def sql(scripts: Scripts, place: Place) -> None:
    """See how far ``--sql`` gets."""
    run = forecast.write_sql(scripts)
    (place.work / SQL).write_text(json.dumps(vars(run)), encoding="utf-8")


def settle(scripts: Scripts, place: Place, server_url: str) -> None:
    """Have every unproven revision settled."""
    from benchmarks.histories.settle import settle as settled

    applied = _applied(place)[1]
    unproven = json.loads((place.work / PREDICTED).read_text(encoding="utf-8"))["details"]["unproven"]
    outcomes = {}
    for revision in dict.fromkeys(each["revision"] for each in unproven if "revision" in each):
        with scripts.database.new(server_url, f"settle_{os.getpid()}") as url:
            outcomes[revision] = settled(scripts, url, revision, applied)
    (place.work / SETTLED).write_text(json.dumps(outcomes, indent=1), encoding="utf-8")


def breed(scripts: Scripts, place: Place, server_url: str, count: str, seed: str) -> None:
    """Make mutants and keep those that break on the server."""
    stock = _stock(scripts, place)
    found = list(mutate.breed(stock, server_url, count=int(count), seed=int(seed)))
    with (place.work / MUTANTS).open("wb") as file:
        pickle.dump(found, file)


def ask(scripts: Scripts, place: Place, url: str) -> None:
    """Predict the mutants."""
    stock = _stock(scripts, place)
    with (place.work / MUTANTS).open("rb") as file:
        found = pickle.load(file)
    answers = [mutate.ask(stock, mutant, url) for mutant in found]
    (place.work / ANSWERS).write_text(json.dumps(answers, indent=1), encoding="utf-8")


def _applied(place: Place) -> tuple[server.Observed, list[server.Applied], float]:
    with (place.work / OBSERVED).open("rb") as file:
        found: tuple[server.Observed, list[server.Applied], float] = pickle.load(file)
    return found


def _stock(scripts: Scripts, place: Place) -> mutate.Stock:
    before, applied, _ = _applied(place)
    return mutate.Stock(scripts, place.versions(scripts.history), before, applied)


def main() -> None:
    """Run one stage."""
    stage, name, called, cache, *rest = sys.argv[1:]
    database: Database = DATABASES[called]
    (history,) = catalogue.select([name], small=False, database=database.name)
    place = Place(history, Path(cache), database.name)
    stages: dict[str, Callable[..., None]] = {
        "observe": observe,
        "predict": predict,
        "copies": copies,
        "sql": sql,
        "settle": settle,
        "breed": breed,
        "ask": ask,
    }
    stages[stage](Scripts(history, place, database), place, *rest)


if __name__ == "__main__":
    main()
