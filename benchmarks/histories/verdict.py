"""What a prediction of a history is worth: its facts beside the observed ones, and its verdict on contracts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic_contracts.judging import engine
from alembic_contracts.judging.violations import Report
from alembic_contracts.schemas.schema import Name, Schema
from alembic_contracts.schemas.steps import Prediction, Unproven, refused_by
from benchmarks.histories.compare import Difference, differences, facts, is_under_contract, tally
from benchmarks.histories.contracts import contracts_of
from benchmarks.histories.forecast import forecast
from benchmarks.histories.scripts import Scripts
from benchmarks.histories.server import Applied, Observed

if TYPE_CHECKING:
    from alembic.runtime.migration import RevisionStep

    from alembic_contracts.dialects import Dialect

__all__ = ["IGNORED", "POLICY", "after_each", "described", "judge", "measure", "violated", "watched_tables"]

IGNORED = frozenset({"alembic_version"})
"""Alembic's own table, which nobody promises."""
POLICY = engine.Policy(
    phase="check", scope="target", ends_at_head=True, severities={}, today=datetime.now(tz=UTC).date()
)


@dataclass
class Wrong:
    """One fact that was predicted wrongly, to be looked up."""

    table: str
    column: str | None
    fact: str
    predicted: str
    observed: str
    revision: str
    """The first revision after which it was wrong."""
    file: str
    at_the_end: bool
    """Whether it is still wrong at the end of the history."""
    silent: bool = True
    """Whether nothing about its table was declared unproven by then."""
    _difference: Difference | None = field(default=None, repr=False)


def watched_tables(before: Observed, applied: Sequence[Applied]) -> frozenset[Name]:
    """Return every table that was ever there."""
    seen = {name for after in (before, *(step.after for step in applied)) for name in after.tables}
    return frozenset(name for name in seen if name.name not in IGNORED)


def measure(
    scripts: Scripts, url: str, before: Observed, applied: Sequence[Applied], server_seconds: float
) -> dict[str, Any]:
    """Predict a history and compare it with what a server made of it.

    Returns:
        figures and details, ready for JSON.
    """
    watched, failed = watched_tables(before, applied), [step.revision for step in applied if step.error is not None]
    baseline = before.schema() if before.tables or before.types else None
    foretold = _foretold(scripts, url, baseline, watched, failed) if failed else {}
    predict = partial(forecast, scripts, url, baseline, leave_out=lambda step: step.revision.revision in failed)
    predictions, seconds = predict(watched)
    compared = [step for step in applied if step.revision not in failed]
    dialect = scripts.database.dialect
    wrong = _wrong(predictions[0], compared, dialect)
    _mark_declared(wrong, lambda table: predict({table})[0])
    final = compared[-1].after.schema() if compared else before.schema()
    report = judge(final, predictions, dialect)
    at_end = [w for w in wrong if w.at_the_end and is_under_contract(w.fact)]
    counts = tally(dict(facts(final, IGNORED, dialect)), [w._difference for w in at_end if w._difference])  # noqa: SLF001
    unproven = [u for prediction in predictions for u in prediction.unproven]
    return {
        "history": scripts.history.name,
        "package": scripts.history.package,
        "revisions": len(applied),
        "applied": len(compared),
        "unforeseen": sum(reason == "nothing" for reason in foretold.values()),
        "failed_on_server": [
            {"file": Path(s.file).name, "error": s.error, "foretold": foretold.get(s.revision)}
            for s in applied
            if s.error is not None
        ],
        "predicted": len(predictions[0].steps),
        "ran": len(predictions[0].steps) - len(_stopped(predictions[0], dialect)),
        "worlds": len(predictions),
        **asdict(counts),
        "wrong_and_silent": sum(w.silent for w in at_end),
        "wrong_and_declared": sum(not w.silent for w in at_end),
        "silent_on_the_way": sum(not w.at_the_end and w.silent for w in wrong),
        "wrong_on_the_way": sum(not w.at_the_end and is_under_contract(w.fact) for w in wrong),
        "other_wrong": sum(not is_under_contract(w.fact) for w in wrong),
        "unproven_revisions": len({u.location.revision if u.location else "" for u in unproven}),
        "false_breaks": len(report.violations),
        "seconds": seconds,
        "server_seconds": server_seconds,
        "details": {
            "wrong": [{k: v for k, v in asdict(w).items() if k != "_difference"} for w in wrong],
            "unproven": [described(u) for u in dict.fromkeys(unproven)],
            "false_breaks": [violated(v) for v in report.violations],
            "stubbed": sorted(set(scripts.stubbed)),
        },
    }


def judge(final: Schema, predictions: Sequence[Prediction], dialect: Dialect) -> Report:
    """Hold a history to contracts on everything that a schema holds, as ``check`` would."""
    return engine.judge(contracts_of(final, IGNORED, dialect), predictions, dialect=dialect, policy=POLICY)


def _foretold(
    scripts: Scripts, url: str, baseline: Schema | None, watched: Collection[Name], failed: Sequence[str]
) -> dict[str, str]:
    """Return what the prediction says of revisions that failed on the server, each behind those that did not."""
    said = {}
    for revision in failed:
        prediction = forecast(scripts, url, baseline, watched, leave_out=_all_but_up_to(revision, failed))[0][0]
        reasons = [u.reason for u in prediction.unproven if u.location is not None and u.location.revision == revision]
        said[revision] = reasons[0] if reasons else "nothing"
    return said


def _all_but_up_to(last: str, failed: Collection[str]) -> Callable[[RevisionStep], bool]:
    """Return what leaves out the revisions behind one, and those before it that failed."""
    passed = False

    def leave_out(step: RevisionStep) -> bool:
        nonlocal passed
        if passed:
            return True
        passed = step.revision.revision == last
        return not passed and step.revision.revision in failed

    return leave_out


def _wrong(prediction: Prediction, applied: Sequence[Applied], dialect: Dialect) -> list[Wrong]:
    """Compare after every revision; yield each fact once, at the first revision after which it is wrong."""
    found: dict[tuple[str, str | None, str], Wrong] = {}
    standing: set[tuple[str, str | None, str]] = set()
    for schema, step in zip(after_each(prediction), applied, strict=True):
        predicted = dict(facts(schema, IGNORED, dialect))
        observed = dict(facts(step.after.schema(), IGNORED, dialect))
        now = differences(predicted, observed)
        standing = {(d.table, d.column, d.fact) for d in now}
        for d in now:
            key = (d.table, d.column, d.fact)
            if key not in found:
                found[key] = Wrong(
                    **asdict(d), revision=step.revision, file=Path(step.file).name, at_the_end=False, _difference=d
                )
    for key in standing:
        found[key].at_the_end = True
    return list(found.values())


def after_each(prediction: Prediction) -> Iterator[Schema]:
    """Yield the schema after each revision."""
    schema = prediction.before
    for step in prediction.steps:
        schema = step.operations[-1].after if step.operations else schema
        yield schema


def _mark_declared(wrong: Sequence[Wrong], predict_alone: Any) -> None:
    """Find out for each table with something wrong whether the prediction declares it unproven when asked about it."""
    declared: dict[str, bool] = {}
    for one in wrong:
        if one.predicted == "unknown":
            one.silent = False
            continue
        if one.table not in declared:
            namespace, _, name = one.table.partition(".")
            declared[one.table] = any(p.unproven for p in predict_alone(Name(namespace, name)))
        one.silent = not declared[one.table]


def described(unproven: Unproven) -> dict[str, Any]:
    """Return an ``Unproven``, ready for JSON."""
    place = unproven.location
    if place is None:
        return {"reason": unproven.reason}
    where = {"file": Path(place.file).name, "line": place.line, "source": place.source}
    return {"reason": unproven.reason, "revision": place.revision, **where}


def violated(violation: Any) -> dict[str, Any]:
    """Return a violation, ready for JSON."""
    place = violation.location
    return {
        "rule": violation.rule,
        "table": str(violation.table),
        "column": violation.column,
        "expected": violation.expected,
        "actual": violation.actual,
        "place": None if place is None else f"{Path(place.file).name}:{place.line}",
    }


def _stopped(prediction: Prediction, dialect: Dialect) -> set[str]:
    """Return the revisions whose scripts did not come to their end under prediction."""
    stops = ("the script ", refused_by(dialect.NAME))
    return {u.location.revision for u in prediction.unproven if u.location is not None and u.reason.startswith(stops)}
