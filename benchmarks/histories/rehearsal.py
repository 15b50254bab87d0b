"""What is predicted on copies of a database in other ways than in one run from an empty one.

``offline``: all revisions at once, where applications may have filled tables between them; ``online``: each revision
alone from what the database is before it, as the guard does in an upgrade.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.histories.compare import differences, facts
from benchmarks.histories.forecast import rehearse
from benchmarks.histories.scripts import Scripts
from benchmarks.histories.server import Applied
from benchmarks.histories.verdict import IGNORED, after_each, described, judge, violated

if TYPE_CHECKING:
    from alembic_contracts.schemas.schema import Schema
    from alembic_contracts.schemas.steps import Prediction

__all__ = ["offline", "online"]


def offline(scripts: Scripts, applied: Sequence[Applied], watched: Collection[Any]) -> dict[str, Any]:
    """Predict the whole history without a database, and compare after each revision.

    Args:
        scripts: the history, of an application that makes no tables itself.
        applied: what became of each revision.
        watched: the tables.

    Returns:
        figures and details, ready for JSON.
    """
    compared = [each for each in applied if each.error is None]
    wanted = {each.revision for each in compared}
    steps = [step for step in scripts.steps() if step.revision.revision in wanted]
    predictions, seconds = rehearse(scripts, None, watched, steps)
    unproven = list(dict.fromkeys(u for prediction in predictions for u in prediction.unproven))
    details = []
    is_declared = False
    for each, predicted in zip(compared, after_each(predictions[0]), strict=True):
        doubts = [u for u in unproven if u.location is None or u.location.revision == each.revision]
        # What a revision leaves unproven is so for all that follow.
        is_declared = is_declared or bool(doubts)
        details.append({**_detail(scripts, each, predicted, doubts), "declared": is_declared})
    final = judge(compared[-1].after.schema(), predictions, scripts.database.dialect)
    return _summary(details, seconds, false=[violated(each) for each in final.violations])


def online(scripts: Scripts, server_url: str, applied: Sequence[Applied]) -> dict[str, Any]:
    """Predict each revision alone that the database applied, and compare it with what it made of it.

    Left out are those that began in a transaction which the script before them had left open: alone, they would begin
    from something else.

    Args:
        scripts: the history.
        server_url: where a database is made for each revision.
        applied: what became of each revision.

    Returns:
        figures and details, ready for JSON.
    """
    steps = {step.revision.revision: step for step in scripts.steps()}
    details, false, seconds = [], list[dict[str, Any]](), 0.0
    for each in applied:
        if each.error is not None or not each.is_start_all:
            continue
        with scripts.database.new(server_url, f"online_{os.getpid()}") as url:
            scripts.database.restore(url, each.start)
            predictions, more = rehearse(scripts, url, None, [steps[each.revision]])
        seconds += more
        doubts = list(_unproven(predictions))
        details.append({**_detail(scripts, each, predictions[0].after, doubts), "declared": bool(doubts)})
        report = judge(each.after.schema(), predictions, scripts.database.dialect)
        false.extend({"file": Path(each.file).name, **violated(violation)} for violation in report.violations)
    return _summary(details, seconds, false=false)


def _unproven(predictions: Sequence[Prediction]) -> Iterator[Any]:
    yield from dict.fromkeys(u for prediction in predictions for u in prediction.unproven)


def _detail(scripts: Scripts, applied: Applied, predicted: Schema, unproven: Sequence[Any]) -> dict[str, Any]:
    dialect = scripts.database.dialect
    observed = dict(facts(applied.after.schema(), IGNORED, dialect))
    return {
        "file": Path(applied.file).name,
        "facts": len(observed),
        "wrong": [str(each) for each in differences(dict(facts(predicted, IGNORED, dialect)), observed)],
        "unproven": [described(each) for each in unproven],
    }


def _summary(details: Sequence[dict[str, Any]], seconds: float, *, false: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {
        "revisions": len(details),
        "facts": sum(each["facts"] for each in details),
        "wrong_and_silent": sum(len(each["wrong"]) for each in details if not each["declared"]),
        "wrong_and_declared": sum(len(each["wrong"]) for each in details if each["declared"]),
        "unproven_revisions": sum(bool(each["unproven"]) for each in details),
        "false_breaks": len(false),
        "seconds": seconds,
        "details": [each for each in details if each["wrong"] or each["unproven"]],
        "false": false,
    }
