"""Predicts a history, as the guard would before it runs: with a connection, of which only the kind matters."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from alembic_contracts.prediction.catalog.catalog import Catalog
from alembic_contracts.prediction.scripts.predict import predict
from alembic_contracts.schemas.schema import Name, Schema
from alembic_contracts.schemas.steps import Prediction
from benchmarks.histories.scripts import Scripts

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext, RevisionStep

__all__ = ["SqlRun", "forecast", "write_sql"]


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
        url: an empty database, which stays empty.
        before: what is there before the first revision; None: an empty database.
        watched: the tables that the predictions show.
        leave_out: tells the revisions that failed on the server, after which nothing is comparable.

    Returns:
        one prediction for each world, and the processor's seconds that it took.
    """
    found: list[tuple[Prediction, ...]] = []
    steps = [step for step in scripts.steps() if not leave_out(step)]
    seconds = 0.0

    def plan(context: MigrationContext) -> list[RevisionStep]:
        nonlocal seconds
        environment = context.environment_context
        assert environment is not None
        started = time.process_time()
        found.append(
            predict(
                environment=environment,
                context=context,
                steps=steps,
                run_arguments={},
                baseline=lambda: Catalog(before),
                watched=watched,
                as_sql=False,
            )
        )
        seconds = time.process_time() - started
        return []

    with scripts.engine(url).connect() as connection:
        scripts.run_online(scripts.isolated(connection), plan)
    return found[0], seconds


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
