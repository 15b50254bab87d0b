"""One stage of one history, in a process of its own: scripts leave traces in the process that runs them.

``python -m benchmarks.histories.worker STAGE HISTORY CACHE [URL]``; results go to files in the history's work folder.
"""

from __future__ import annotations

import json
import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.histories import catalogue, forecast, mutate, server
from benchmarks.histories.fetch import Place
from benchmarks.histories.scripts import Scripts

OBSERVED, PREDICTED, SQL = "observed.pickle", "predicted.json", "sql.json"
SETTLED = "settled.json"
MUTANTS, ANSWERS = "mutants.pickle", "answers.json"


def observe(history: catalogue.History, place: Place, url: str) -> None:
    """Apply the history to a database and keep what was seen."""
    result = server.apply(Scripts(history, place), url)
    with (place.work / OBSERVED).open("wb") as file:
        pickle.dump(result, file)


def predict(history: catalogue.History, place: Place, url: str) -> None:
    """Predict the history and compare it with what was seen."""
    from benchmarks.histories import verdict

    with (place.work / OBSERVED).open("rb") as file:
        before, applied, seconds = pickle.load(file)
    result = verdict.measure(Scripts(history, place), url, before, applied, seconds)
    (place.work / PREDICTED).write_text(json.dumps(result, indent=1), encoding="utf-8")


def sql(history: catalogue.History, place: Place) -> None:
    """See how far ``--sql`` gets."""
    run = forecast.write_sql(Scripts(history, place))
    (place.work / SQL).write_text(json.dumps(vars(run)), encoding="utf-8")


def settle(history: catalogue.History, place: Place, server_url: str) -> None:
    """Have every unproven revision settled."""
    from benchmarks.histories.settle import settle as settled

    with (place.work / OBSERVED).open("rb") as file:
        _, applied, _ = pickle.load(file)
    unproven = json.loads((place.work / PREDICTED).read_text(encoding="utf-8"))["details"]["unproven"]
    scripts, outcomes = Scripts(history, place), {}
    for revision in dict.fromkeys(each["revision"] for each in unproven if "revision" in each):
        with server.new_database(server_url, f"settle_{os.getpid()}") as url:
            outcomes[revision] = settled(scripts, url, revision, applied)
    (place.work / SETTLED).write_text(json.dumps(outcomes, indent=1), encoding="utf-8")


def breed(history: catalogue.History, place: Place, server_url: str, count: str, seed: str) -> None:
    """Make mutants and keep those that break on the server."""
    stock = _stock(history, place)
    found = list(mutate.breed(stock, server_url, count=int(count), seed=int(seed)))
    with (place.work / MUTANTS).open("wb") as file:
        pickle.dump(found, file)


def ask(history: catalogue.History, place: Place, url: str) -> None:
    """Predict the mutants."""
    stock = _stock(history, place)
    with (place.work / MUTANTS).open("rb") as file:
        found = pickle.load(file)
    answers = [mutate.ask(stock, mutant, url) for mutant in found]
    (place.work / ANSWERS).write_text(json.dumps(answers, indent=1), encoding="utf-8")


def _stock(history: catalogue.History, place: Place) -> mutate.Stock:
    with (place.work / OBSERVED).open("rb") as file:
        before, applied, _ = pickle.load(file)
    return mutate.Stock(Scripts(history, place), place.versions(history), before, applied)


def main() -> None:
    """Run one stage."""
    stage, name, cache, *rest = sys.argv[1:]
    (history,) = catalogue.select([name], small=False)
    place = Place(history, Path(cache))
    stages: dict[str, Callable[..., None]] = {
        "observe": observe,
        "predict": predict,
        "sql": sql,
        "settle": settle,
        "breed": breed,
        "ask": ask,
    }
    stages[stage](history, place, *rest)


if __name__ == "__main__":
    main()
