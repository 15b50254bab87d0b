"""Finds out what is pending, predicts where it leads and has it judged: what the guard and the commands share."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic_contracts import config, dialects, engine, formats, rules
from alembic_contracts.contract import Contract
from alembic_contracts.errors import CannotCheck
from alembic_contracts.prediction.steps import Prediction, Step
from alembic_contracts.schema import Name, Schema
from alembic_contracts.violations import Notice, Phase, Report, Unproven

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.runtime.migration import MigrationContext, RevisionStep
    from alembic.script import ScriptDirectory
    from sqlalchemy.engine import Connection

__all__ = ["Examination", "Progress", "Run", "Terms", "examine", "judge_observed", "log", "script_of", "terms_of"]

log = logging.getLogger("alembic.contracts")

Progress = Callable[[int, int], None]
"""Called with the number of revisions predicted so far and of all."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a run is held to."""

    settings: config.Settings
    contracts: tuple[Contract, ...]

    @property
    def tables(self) -> frozenset[Name]:
        """All tables that any contract is about."""
        return frozenset(table for contract in self.contracts for table in contract.tables)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Revisions that are about to be applied in one migration context."""

    environment: EnvironmentContext
    context: MigrationContext
    steps: Sequence[RevisionStep]
    arguments: Mapping[str, Any]
    """What env.py passed to ``run_migrations``."""
    history: Sequence[RevisionStep] = ()
    """Revisions that lead to the start, to be predicted first where no database shows their result."""
    connection: Connection | None = None
    """The database that the run starts from; None: an empty one, plus ``history``."""
    as_sql: bool = False
    """Whether scripts see ``--sql`` mode."""
    shadow: bool = False
    """Whether to replay on a scratch database instead of predicting."""

    @property
    def ends_at_head(self) -> bool:
        """Whether the last revision is a head of its branch; with nothing pending, whether the context is at one."""
        heads = set(script_of(self.context).get_heads())
        if self.steps:
            return self.steps[-1].revision.revision in heads
        return bool(heads)

    @property
    def commits_each_revision(self) -> bool:
        """Whether Alembic commits after every revision."""
        context = self.context
        return bool(context.opts.get("transaction_per_migration")) or not context.impl.transactional_ddl


@dataclass(frozen=True, slots=True)
class Examination:
    """A judged run: the report and what a later look at the result needs."""

    report: Report
    before: Schema
    policy: engine.Policy


def terms_of(alembic_config: Config) -> Terms | None:
    """Read the settings and contracts of a project.

    Returns:
        None where neither a setting nor a ``contracts`` folder asks for anything.

    Raises:
        CannotCheck: settings or contracts cannot be used.
    """
    settings = config.read_settings(
        ini_file=_existing(alembic_config.config_file_name),
        toml_file=_existing(alembic_config.toml_file_name),
        environ=os.environ,
        known_rules=rules.load(),
    )
    if not settings.configured:
        return None
    return Terms(settings, formats.load(settings.contracts, root=Path.cwd()))


def examine(
    run: Run,
    terms: Terms,
    *,
    phase: Phase,
    scope: engine.Scope,
    progress: Progress | None = None,
) -> Examination:
    """Predict where a run leads and judge it.

    Args:
        run: what is pending, and where it starts from.
        terms: settings and contracts.
        phase: which question is asked; goes into the report.
        scope: which breaks the run answers for.
        progress: told of every revision that has been predicted.

    Raises:
        CannotCheck: the database is one that cannot be checked.
    """
    dialect = dialects.load(run.context.dialect.name)
    policy = engine.Policy(
        phase=phase,
        scope=scope,
        ends_at_head=run.ends_at_head,
        commits_each_revision=run.commits_each_revision,
        severities=terms.settings.rules,
    )
    before = None if run.connection is None else dialect.observe(run.connection, terms.tables)
    predictions = _predict(run, terms, dialect, before, progress)
    report = engine.judge(
        terms.contracts, predictions, dialect=dialect, policy=policy, notices=_notices(terms.contracts, before)
    )
    return Examination(report, predictions[0].before, policy)


def judge_observed(
    connection: Connection, terms: Terms, before: Schema, policy: engine.Policy, step: Step, *, undone: bool
) -> Report:
    """Judge the schema that a connection sees now, within its open transaction.

    Args:
        connection: the migration's own.
        terms: settings and contracts.
        before: the contracted tables as they were before the run.
        policy: which breaks count.
        step: what has been done since; its one operation says where, its schema is replaced by what is observed.
        undone: whether a refusal rolls back all of it.
    """
    dialect = dialects.load(connection.dialect.name)
    observed = dialect.observe(connection, terms.tables)
    operations = tuple(replace(operation, after=observed) for operation in step.operations)
    prediction = Prediction(before=before, steps=(replace(step, operations=operations),))
    report = engine.judge(terms.contracts, [prediction], dialect=dialect, policy=policy)
    return replace(report, undone=undone)


def _predict(
    run: Run, terms: Terms, dialect: dialects.Dialect, before: Schema | None, progress: Progress | None
) -> tuple[Prediction, ...]:
    steps = [*run.history, *run.steps]
    if not steps:
        return (Prediction(before=before if before is not None else Schema(), steps=()),)
    if run.shadow:
        return (_from_start(_replay(run, terms, dialect, progress), len(run.history), None),)
    try:
        from alembic_contracts.prediction.catalog import Catalog
        from alembic_contracts.prediction.run import predict
    except ModuleNotFoundError as error:
        raise CannotCheck(
            f"Predicting migrations needs {error.name}: pip install 'alembic-contracts[postgresql]'"
        ) from error

    def baseline() -> Catalog:
        if run.connection is None:
            return Catalog()
        here = dialect.session(run.connection)
        return Catalog(
            dialect.observe(run.connection, None),
            database=here.database,
            user=here.user,
            search_path=here.search_path,
            server_version=here.server_version,
            complete=False,
        )

    def report_progress(done: int) -> None:
        if progress is not None:
            progress(done, len(steps))

    try:
        predictions = predict(
            environment=run.environment,
            context=run.context,
            steps=steps,
            run_arguments=run.arguments,
            baseline=baseline,
            watched=terms.tables,
            as_sql=run.as_sql,
            rows_between_revisions=run.connection is None,
            progress=report_progress,
        )
    except CannotCheck:
        raise
    except Exception as error:  # noqa: BLE001 - a fault of ours must neither pass for "kept" nor break `alembic`
        return (_faulty(run, before, error),)
    return tuple(_from_start(prediction, len(run.history), before) for prediction in predictions)


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


def _replay(run: Run, terms: Terms, dialect: dialects.Dialect, progress: Progress | None) -> Prediction:
    from alembic_contracts import shadow

    steps = [*run.history, *run.steps]
    with shadow.database(terms.settings.shadow_url) as url:
        return shadow.replay(
            url=url,
            environment=run.environment,
            context=run.context,
            steps=steps,
            run_arguments=run.arguments,
            watched=terms.tables,
            dialect=dialect,
            progress=None if progress is None else lambda done: progress(done, len(steps)),
        )


def _from_start(prediction: Prediction, history: int, before: Schema | None) -> Prediction:
    """Return the prediction with its first revisions made part of what was there before."""
    if before is not None:
        # What was observed is exact where a view of the prediction's catalog may leave things out.
        prediction = replace(prediction, before=before)
    if not history:
        return prediction
    past = replace(prediction, steps=prediction.steps[:history])
    return replace(prediction, before=past.after, steps=prediction.steps[history:])


def _notices(contracts: Collection[Contract], observed: Schema | None) -> tuple[Notice, ...]:
    """Say once that contracts name another database than this one."""
    if observed is None or observed.catalog is None:
        return ()
    strangers = [contract for contract in contracts if contract.catalog not in (None, observed.catalog)]
    if not strangers:
        return ()
    named = ", ".join(sorted({repr(contract.catalog) for contract in strangers}))
    subject = f"The contract {strangers[0].id} names" if len(strangers) == 1 else f"{len(strangers)} contracts name"
    message = f"{subject} the database {named} as table_catalog; checked against {observed.catalog!r} all the same."
    return (Notice(message, strangers[0].location),)


def script_of(context: MigrationContext) -> ScriptDirectory:
    """Return the script directory of a migration context.

    Raises:
        CannotCheck: it has none, as one made by hand does.
    """
    if context.script is None:
        raise CannotCheck("This migration context has no script directory, so what is pending is not known.")
    return context.script


def _existing(file: str | None) -> Path | None:
    return Path(file) if file is not None and Path(file).is_file() else None
