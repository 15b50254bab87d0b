"""A run in, the schemas that it goes through out: observed at its start, predicted or replayed from there.

Prediction, which brings the parser along, and replaying are imported when there is something pending to follow, what
reads a database where there is one.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import cache, partial
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from alembic_contracts import dialects, texts
from alembic_contracts.errors import CannotCheck
from alembic_contracts.running import terms
from alembic_contracts.schemas.schema import Name, Schema
from alembic_contracts.schemas.steps import Location, Prediction, Step, Unproven

if TYPE_CHECKING:
    from alembic_contracts.dialects import Asked, Dialect, Sight
    from alembic_contracts.dialects.sqlite.copies import Copy
    from alembic_contracts.judging.violations import Notice
    from alembic_contracts.prediction.catalog.catalog import Catalog
    from alembic_contracts.prediction.containment.limits import Limits
    from alembic_contracts.running.kept_predictions import Kept
    from alembic_contracts.running.origins import Origin
    from alembic_contracts.running.pending import Run
    from alembic_contracts.schemas.snapshots import Snapshot
    from alembic_contracts.support.terminal import Progress

__all__ = ["Course", "follow"]

_T = TypeVar("_T")

_GOES_BY_ROWS = "it depends on rows what the script does, and what is shown is what it does where there are none"

log = logging.getLogger("alembic.contracts")


class Course(Struct, frozen=True):
    """A run with the schemas that it goes through."""

    run: Run
    dialect: Dialect
    observed: Schema | None
    """What the database has before the run; None where there is none."""
    predictions: tuple[Prediction, ...]
    """The ways in which the run can go; the first one is as if tables that nobody filled were empty."""
    notices: tuple[Notice, ...] = ()
    """What is to be said of how they were found."""
    sight: Sight | None = None
    """How it was observed, to be compared with at a commit; None where there is no database."""
    anew: Callable[[Progress | None], Course] | None = None
    """Returns it with predictions of its own, where these were made of the same scripts before; None: they are its own.
    They start from the database as it was then, whatever has been done to it since."""
    kept: Kept | None = None
    """Where the next run of the same finds its predictions; None: nowhere."""

    @property
    def before(self) -> Schema:
        """The schema before the run."""
        return self.predictions[0].before

    @property
    def doubts(self) -> tuple[Unproven, ...]:
        """What keeps anybody from saying that the run ends as the first prediction does; so do others that do not."""
        known = dict.fromkeys(doubt for prediction in self.predictions for doubt in prediction.doubts)
        first, *others = self.predictions
        parted = (
            other
            for other in others
            if (other.after.tables, other.after.types) != (first.after.tables, first.after.types)
        )
        return (*known, *dict.fromkeys(Unproven(_GOES_BY_ROWS, _parting(first, other)) for other in parted))

    def doubted(self, reason: str) -> Course:
        """Return it with nothing known of where it leads."""
        steps = tuple(Step(step.revision.revision, ()) for step in self.run.steps)
        unknown = Prediction(before=self.before, steps=steps, unproven=(Unproven(reason, None),))
        return replace(self, predictions=(unknown,), anew=None, kept=None)

    def ends(self) -> dict[str, Schema]:
        """Return what is there at the end of each revision, in the first of the ways that shows it."""
        found: dict[str, Schema] = {}
        for prediction in self.predictions:
            now = prediction.before
            for step in prediction.steps:
                now = step.operations[-1].after if step.operations else now
                found.setdefault(step.revision, now)
        return found

    def fingerprints(self) -> dict[str, frozenset[str]]:
        """Return what the database can be at the end of each revision, where that is known."""
        return self._at_ends(lambda step: step.fingerprint or None)

    def changes(self) -> dict[str, frozenset[int]]:
        """Return how often the schema can have been changed by the end of each revision, where that is known."""
        return self._at_ends(lambda step: step.changes)

    def _at_ends(self, known: Callable[[Step], _T | None]) -> dict[str, frozenset[_T]]:
        found: dict[str, frozenset[_T]] = {}
        for prediction in self.predictions:
            for step in prediction.steps:
                what = known(step)
                if what is not None:
                    found[step.revision] = found.get(step.revision, frozenset()) | {what}
        return found


def _parting(one: Prediction, other: Prediction) -> Location | None:
    """Return where two ways part: the last line of the first revision after which the schema is not the same."""
    ends = [one.before, other.before]
    for steps in zip(one.steps, other.steps, strict=False):
        ends = [step.operations[-1].after if step.operations else end for step, end in zip(steps, ends, strict=True)]
        if ends[0] != ends[1]:
            return next((step.operations[-1].location for step in reversed(steps) if step.operations), None)
    return None


def follow(
    run: Run,
    tables: Collection[Name] | None,
    *,
    asked: Asked | None = None,
    shadow_url: str | None = None,
    progress: Progress | None = None,
) -> Course:
    """Return the schemas that a run goes through, in each of the ways in which it can go.

    Args:
        run: what is pending, and where it starts from.
        tables: what the schemas show (None: all tables).
        asked: what of them matters (None: everything).
        shadow_url: the server for ``run.shadow``; None: an embedded one.
        progress: told of every revision that has been predicted.

    Raises:
        CannotCheck: the database is one that cannot be checked, or the scripts cannot be replayed.
    """
    dialect = run.dialect
    origin = _origin(run, tables, asked, dialect)
    sight = None if origin is None else origin.sight
    observed = None if sight is None else sight.schema
    if tables is not None and sight is not None:
        tables = frozenset(tables) - sight.unread
    if not run.history and not run.steps:
        start = observed if observed is not None else _start(run.snapshot, tables)
        return Course(run, dialect, observed, (Prediction(before=start, steps=()),), sight=sight)
    if dialect.FORESIGHT == "none":
        return Course(run, dialect, observed, (Prediction(before=observed or Schema(), steps=()),))
    begins = _Beginning(tables, origin, sight, cache(partial(_copied, run)), shadow_url)
    return _course(run, begins, progress)


_Found = tuple[tuple[Prediction, ...], "Kept | None"]
"""Predictions, and where the next run of the same finds them."""


class _Beginning(Struct, frozen=True):
    """What a course starts from, and what is asked of it."""

    tables: Collection[Name] | None
    origin: Origin | None
    sight: Sight | None
    copy: Callable[[], Copy]
    """Returns an empty database that is as this one was, where its kind allows for that."""
    shadow_url: str | None


def _course(run: Run, begins: _Beginning, progress: Progress | None) -> Course:
    dialect, origin, sight = run.dialect, begins.origin, begins.sight
    if run.shadow and dialect.FORESIGHT == "catalog":
        made: _Found = (_replay(run, begins.tables, begins.shadow_url, dialect, progress),), None
    else:
        made = _foreseen_or_doubted(run, begins, progress)
    found, kept = made
    observed = None if sight is None else sight.schema
    count, doubts = len(run.history), () if origin is None else origin.doubts
    found = tuple(_from_start(each, count, observed) for each in found)
    found = tuple(replace(each, unproven=(*each.unproven, *doubts)) for each in found)
    was_known = any(each.found_out_before for each in found)
    anew = partial(_course, replace(run, afresh=True), begins) if was_known else None
    return Course(run, dialect, observed, found, (), sight, anew, kept)


def _origin(run: Run, tables: Collection[Name] | None, asked: Asked | None, dialect: Dialect) -> Origin | None:
    if run.connection is None:
        return None
    from alembic_contracts.running.origins import Origin

    return Origin(run, run.connection, tables, asked, dialect)


def _foreseen_or_doubted(run: Run, begins: _Beginning, progress: Progress | None) -> _Found:
    observed = None if begins.origin is None else begins.origin.sight.schema
    try:
        if run.dialect.FORESIGHT == "copy":
            return _rehearsed(run, begins.copy(), begins.tables, progress)
        return _predicted(run, begins.tables, begins.origin, progress)
    except dialects.Locked as locked:
        if observed is None or not run.committed_under_guard:
            raise
        steps = tuple(Step(step.revision.revision, ()) for step in run.steps)
        return (Prediction(before=observed, steps=steps, unproven=(Unproven(str(locked), None),)),), None
    except CannotCheck:
        raise
    except Exception as error:  # noqa: BLE001 - a fault of ours must neither pass for "kept" nor break `alembic`
        return (_faulty(run, observed, error),), None


def _limits(run: Run) -> Limits:
    from alembic_contracts.prediction.containment.limits import Limits

    settings = terms.settings_of(run.environment.config)
    return Limits(seconds=settings.predict_timeout, megabytes=settings.predict_memory)


def _reported(run: Run, progress: Progress | None) -> Callable[[int], None] | None:
    count = len(run.history) + len(run.steps)
    return None if progress is None else lambda done: progress(done, count)


def _copied(run: Run) -> Copy:
    from alembic_contracts.running.rehearsals import copied

    return copied(run)


def _rehearsed(run: Run, start: Copy, tables: Collection[Name] | None, progress: Progress | None) -> _Found:
    from alembic_contracts.running.rehearsals import rehearsed

    return rehearsed(run, start, tables, run.dialect, progress=_reported(run, progress), limits=partial(_limits, run))


def _predicted(run: Run, tables: Collection[Name] | None, origin: Origin | None, progress: Progress | None) -> _Found:
    start = None if origin is None else origin.bare()
    if start is None:
        return _predicted_anew(run, tables, origin, progress), None
    from alembic_contracts.running.kept_predictions import known_or_made

    return known_or_made(run, start, tables, lambda: _predicted_anew(run, tables, origin, progress))


def _predicted_anew(
    run: Run, tables: Collection[Name] | None, origin: Origin | None, progress: Progress | None
) -> tuple[Prediction, ...]:
    try:
        from alembic_contracts.prediction.scripts.predict import NotReadError, predict
    except ModuleNotFoundError as error:
        raise CannotCheck(
            f"Predicting migrations needs {error.name}: pip install 'alembic-contracts[postgresql]'"
        ) from error
    reported = _reported(run, progress)

    def predicted(baseline: Callable[[], Catalog]) -> tuple[Prediction, ...]:
        return predict(
            environment=run.environment,
            context=run.context,
            steps=[*run.history, *run.steps],
            heads=run.heads,
            is_held=run.committed_under_guard,
            run_arguments=run.arguments,
            baseline=baseline,
            watched=tables,
            as_sql=run.as_sql,
            rows_between_revisions=run.connection is None,
            own_transaction=run.own_transaction,
            progress=reported,
            plain=run.no_exec,
            limits=partial(_limits, run),
            slow=_say_slow,
        )

    if origin is None:
        return predicted(lambda: _unobserved(run.snapshot))
    from alembic_contracts.running.origins import WHOLE

    for beginning in origin.beginnings():
        with suppress(NotReadError):
            return predicted(partial(origin.catalog, beginning))
    return predicted(partial(origin.catalog, WHOLE, waits=True))


def _say_slow(place: Location) -> None:
    """Say which revision it is that takes long, also where nobody looks at a line of progress."""
    sys.stderr.write(texts.line(f"note: the prediction of revision {place.revision} ({place.file}) takes long.") + "\n")


def _unobserved(snapshot: Snapshot | None) -> Catalog:
    """Return the catalog that a run without a database starts from."""
    from alembic_contracts.prediction.catalog.catalog import Catalog

    return Catalog() if snapshot is None else _of_snapshot(snapshot)


def _of_snapshot(snapshot: Snapshot) -> Catalog:
    from alembic_contracts.prediction.catalog.catalog import Catalog

    return Catalog(
        snapshot.schema,
        search_path=snapshot.search_path,
        server_version=snapshot.server_version,
        complete=False,
    )


def _start(snapshot: Snapshot | None, tables: Collection[Name] | None) -> Schema:
    if snapshot is None:
        return Schema()
    if tables is None:
        return snapshot.schema
    wanted = {name: table for name, table in snapshot.schema.tables.items() if name in tables}
    return replace(snapshot.schema, tables=MappingProxyType(wanted))


def _faulty(run: Run, before: Schema | None, error: Exception) -> Prediction:
    """Return a prediction of nothing but the doubt that its own failure leaves.

    Raises:
        CannotCheck: nothing was observed either, so there is nothing to judge.
    """
    log.debug("prediction failed", exc_info=error)
    reason = f"the prediction itself failed with {type(error).__name__}: {error}"
    if before is None:
        raise CannotCheck(f"No verdict: {reason}") from error
    steps = tuple(Step(step.revision.revision, ()) for step in run.steps)
    return Prediction(before=before, steps=steps, unproven=(Unproven(reason, None),))


def _replay(
    run: Run,
    tables: Collection[Name] | None,
    shadow_url: str | None,
    dialect: dialects.Dialect,
    progress: Progress | None,
) -> Prediction:
    from alembic_contracts.running import shadow
    from alembic_contracts.running.real_schema import RealSchema
    from alembic_contracts.running.replaying import limits_of

    steps = [*run.history, *run.steps]
    with shadow.database(shadow_url) as url:
        replayed = shadow.replay(
            url=url,
            environment=run.environment,
            context=run.context,
            steps=steps,
            run_arguments=run.arguments,
            watched=tables,
            dialect=dialect,
            makes_roles=shadow_url is None,
            limits=limits_of(terms.settings_of(run.environment.config)),
            progress=_reported(run, progress),
        )
    return RealSchema(scratch=replayed.before, real=Schema()).of_prediction(replayed)


def _from_start(prediction: Prediction, history: int, before: Schema | None) -> Prediction:
    """Return the prediction with its first revisions made part of what was there before."""
    if before is not None:
        # What was observed is exact where a view of the prediction's catalog may leave things out.
        further = {name: table for name, table in prediction.before.tables.items() if name not in before.tables}
        tables = MappingProxyType({**before.tables, **further}) if further else before.tables
        prediction = replace(prediction, before=replace(before, tables=tables))
    return prediction.since(history) if history else prediction
