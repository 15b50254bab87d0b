"""Predicts a history: as the guard would before it runs, or as ``check --offline`` does."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from alembic_contracts.prediction.catalog.catalog import Catalog
from alembic_contracts.prediction.containment.limits import Limits
from alembic_contracts.prediction.scripts.predict import predict
from alembic_contracts.running.pending import Run
from alembic_contracts.running.rehearsals import copied, rehearsed
from alembic_contracts.schemas.schema import Name, Schema
from alembic_contracts.schemas.steps import Prediction
from benchmarks.histories.scripts import Scripts

if TYPE_CHECKING:
    from alembic.runtime.environment import EnvironmentContext
    from alembic.runtime.migration import MigrationContext, RevisionStep

__all__ = ["SqlRun", "forecast", "rehearse", "write_sql"]


def forecast(
    scripts: Scripts,
    url: str,
    before: Schema | None,
    watched: Collection[Name],
    *,
    leave_out: Callable[[RevisionStep], bool] = lambda _step: False,
) -> tuple[tuple[Prediction, ...], float]:
    """Predict all revisions but those that are left out.

    Args:
        scripts: the history.
        url: an empty database, which stays empty but for what the application creates itself.
        before: what is there before the first revision; None: an empty database.
        watched: the tables that the predictions show.
        leave_out: tells the revisions that failed on the server, after which nothing is comparable.

    Returns:
        one prediction for each world, and the processor's seconds that it took.
    """
    steps = [step for step in scripts.steps() if not leave_out(step)]
    if scripts.database.dialect.FORESIGHT == "copy":
        return _rehearsed(scripts, url, watched, steps)

    def predicted(environment: EnvironmentContext, context: MigrationContext) -> tuple[Prediction, ...]:
        return predict(
            environment=environment,
            context=context,
            steps=steps,
            run_arguments={},
            baseline=lambda: Catalog(before),
            watched=watched,
            as_sql=False,
            limits=Limits,
        )

    plan = _Plan(predicted)
    with scripts.engine(url).connect() as connection:
        scripts.run_online(scripts.isolated(connection), plan)
    return plan.found, plan.seconds


class _Plan:
    """Predicts in a migration context, in which nothing is run then."""

    def __init__(self, predicted: Callable[[EnvironmentContext, MigrationContext], tuple[Prediction, ...]]) -> None:
        self._predicted = predicted
        self.found: tuple[Prediction, ...] = ()
        self.seconds = 0.0

    def __call__(self, context: MigrationContext) -> list[RevisionStep]:
        environment = context.environment_context
        assert environment is not None
        started = _processor_seconds()
        self.found = self._predicted(environment, context)
        self.seconds = _processor_seconds() - started
        return []


def _processor_seconds() -> float:
    """Return what this process and those that it has waited for have used."""
    return sum(os.times()[:4])


def _rehearsed(
    scripts: Scripts, url: str, watched: Collection[Name], steps: Sequence[RevisionStep]
) -> tuple[tuple[Prediction, ...], float]:
    with scripts.engine(url).connect() as connection:
        scripts.prepare(connection.execution_options(isolation_level="AUTOCOMMIT"))
    return rehearse(scripts, url, watched, steps)


def rehearse(
    scripts: Scripts, url: str | None, watched: Collection[Name] | None, steps: Sequence[RevisionStep]
) -> tuple[tuple[Prediction, ...], float]:
    """Predict revisions on a copy of a database.

    Args:
        scripts: the history.
        url: the database as it is before; None: nothing is, as with ``check --offline``.
        watched: the tables that the predictions show; None: all.
        steps: the revisions.

    Returns:
        what ``forecast`` does.
    """
    plan = _rehearsal(scripts, watched, steps, offline=url is None)
    if url is None:
        scripts.run_as_sql(plan)
        return plan.found, plan.seconds
    with scripts.engine(url).connect() as connection:
        scripts.run_online(scripts.isolated(connection), plan)
    return plan.found, plan.seconds


def _rehearsal(
    scripts: Scripts, watched: Collection[Name] | None, steps: Sequence[RevisionStep], *, offline: bool
) -> _Plan:
    def predicted(environment: EnvironmentContext, context: MigrationContext) -> tuple[Prediction, ...]:
        start = None if offline else context.connection
        run = Run(environment=environment, context=context, steps=steps, arguments={}, connection=start)
        return rehearsed(run, copied(run), watched, scripts.database.dialect, progress=None, limits=Limits)[0]

    return _Plan(predicted)


class SqlRun:
    """How far ``alembic upgrade --sql`` gets on the same history, and how long it takes."""

    def __init__(self) -> None:
        self.revisions = 0
        self.seconds = 0.0
        self.error: str | None = None


def write_sql(scripts: Scripts) -> SqlRun:
    """Let Alembic itself write the SQL of the history, up to the first revision that cannot."""
    run = SqlRun()

    def plan(_context: MigrationContext) -> list[RevisionStep]:
        return list(_counted(scripts.steps(), run))

    started = time.process_time()
    try:
        scripts.run_as_sql(plan)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever scripts raise is a result here
        run.error = f"{type(error).__name__}: {str(error)[:200]}"
    run.seconds = time.process_time() - started
    return run


def _counted(steps: list[RevisionStep], run: SqlRun) -> list[RevisionStep]:
    for step in steps:
        script = step.migration_fn

        def counted(script: Callable[..., None] = script, **arguments: object) -> None:
            script(**arguments)
            run.revisions += 1

        step.migration_fn = counted
    return steps
