"""The schemas of a run in, what becomes of one table out: its states, each with the operation that led to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain

from alembic_contracts.schemas.schema import Name, Schema, Table
from alembic_contracts.schemas.steps import Operation, Prediction, Unproven

__all__ = ["Moment", "Point", "moments", "points", "reference"]


@dataclass(frozen=True, slots=True)
class Point:
    """A point at which the schema changes, the run commits or a revision ends."""

    operation: Operation | None
    """What led to it; None for the start and for ends."""
    schema: Schema
    judged: bool = False
    """Whether the run commits here, so that this state counts."""
    settled: bool = False
    """Whether a revision ends here."""
    doubts: tuple[Unproven, ...] = ()
    """What was left unproven since the point before; of a revision, at its end."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A table from ``operation`` (None: from the start) until the next moment."""

    operation: Operation | None
    table: Table | None
    schema: Schema
    """All that is there at its end."""
    judged: bool
    settled: bool
    doubt: Unproven | None = None
    """What may have changed the table, and could not be worked out."""


def points(prediction: Prediction, *, commits_each_revision: bool) -> Iterator[Point]:
    """Yield the points of a run, the start first.

    Args:
        prediction: the run.
        commits_each_revision: whether the end of every revision counts.
    """
    schema = prediction.before
    doubts = _by_revision(prediction)
    yield Point(None, schema, doubts=doubts[None])
    for step in prediction.steps:
        for operation in step.operations:
            if operation.after is not schema or operation.commits:
                schema = operation.after
                yield Point(operation, schema, operation.commits)
        yield Point(None, schema, commits_each_revision, settled=True, doubts=doubts[step.revision])
    yield Point(None, schema, judged=True, settled=True)


def _by_revision(prediction: Prediction) -> dict[str | None, tuple[Unproven, ...]]:
    """Return what is unproven by the revision at whose end it counts; None: it belongs to none of them."""
    found: dict[str | None, tuple[Unproven, ...]] = {step.revision: () for step in prediction.steps} | {None: ()}
    for each in chain(prediction.unproven, () if prediction.cut is None else (prediction.cut,)):
        revision = each.location.revision if each.location is not None else None
        found[revision if revision in found else None] += (each,)
    return found


def moments(course: Iterable[Point], name: Name) -> Iterator[Moment]:
    """Yield the moments of one table: one for each change of it, of what its facts depend on, and of what is known."""
    current: Moment | None = None
    latest = Schema()
    for point in course:
        table = point.schema.tables.get(name)
        doubt = next((each for each in point.doubts if each.tables is None or name in each.tables), None)
        same = current is not None and table is current.table and _same_surroundings(point.schema, latest)
        if current is None or not same or doubt is not None:
            if current is not None:
                yield replace(current, schema=latest)
            current = Moment(point.operation, table, point.schema, point.judged, point.settled, doubt)
        elif (point.judged and not current.judged) or (point.settled and not current.settled):
            current = replace(current, judged=current.judged or point.judged, settled=current.settled or point.settled)
        latest = point.schema
    if current is not None:
        yield replace(current, schema=latest)


def reference(history: Iterable[Moment]) -> Table | None:
    """Return the table before the run, or else at the end of the revision that it first came to be in."""
    for position, moment in enumerate(history):
        if moment.table is not None and (position == 0 or moment.settled):
            return moment.table
    return None


def _same_surroundings(one: Schema, other: Schema) -> bool:
    return one.types == other.types and one.access == other.access
