"""One stage of one history, in a process of its own: scripts leave traces in the process that runs them.

``python -m benchmarks.histories.worker STAGE HISTORY CACHE [URL]``; results go to files in the history's work folder.
"""

from __future__ import annotations

import json
import pickle
import sys
from pathlib import Path

from benchmarks.histories import catalogue, forecast, server
from benchmarks.histories.fetch import Place
from benchmarks.histories.scripts import Scripts

OBSERVED, PREDICTED, SQL = "observed.pickle", "predicted.json", "sql.json"


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


def main() -> None:
    """Run one stage."""
    stage, name, cache, *rest = sys.argv[1:]
    (history,) = catalogue.select([name], small=False)
    place = Place(history, Path(cache))
    {"observe": observe, "predict": predict, "sql": sql}[stage](history, place, *rest)


if __name__ == "__main__":
    main()
