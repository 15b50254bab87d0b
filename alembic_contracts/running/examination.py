"""Finds out what is pending, predicts where it leads and has it judged: what the guard and the commands share."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from alembic_contracts import config, dialects
from alembic_contracts.contracts import formats, waivers
from alembic_contracts.contracts.contract import Contract, Waiver
from alembic_contracts.errors import CannotCheck, InvalidContracts
from alembic_contracts.judging import engine, rules
from alembic_contracts.judging.violations import Notice, Phase, Report, Violation
from alembic_contracts.running import databases, pending
from alembic_contracts.schemas.schema import Name, Schema
from alembic_contracts.schemas.steps import Prediction, Step
from alembic_contracts.support.paths import shown

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy.engine import Connection

    from alembic_contracts.running.bases import Base
    from alembic_contracts.running.pending import Progress, Run

__all__ = [
    "Examination",
    "Terms",
    "examine",
    "judge_observed",
    "narrowed",
    "settings_of",
    "terms_of",
    "terms_of_branch",
]


@dataclass(frozen=True, slots=True)
class Terms:
    """What a run is held to."""

    settings: config.Settings
    contracts: tuple[Contract, ...]
    waivers: tuple[Waiver, ...] = ()

    @property
    def today(self) -> date:
        """What sunsets and expiries are compared with."""
        return self.settings.today or datetime.now(tz=UTC).date()

    @property
    def tables(self) -> frozenset[Name]:
        """All tables that any contract is about."""
        return frozenset(table for contract in self.contracts for table in contract.tables)


@dataclass(frozen=True, slots=True)
class Examination:
    """A judged run: the report and what a later look at the result needs."""

    report: Report
    before: Schema
    policy: engine.Policy


def settings_of(alembic_config: Config) -> config.Settings:
    """Read the settings of a project.

    Raises:
        CannotCheck: they cannot be used.
    """
    return config.read_settings(
        ini_file=_existing(alembic_config.config_file_name),
        toml_file=_existing(alembic_config.toml_file_name),
        environ=os.environ,
        known_rules=rules.load(),
    )


def terms_of(alembic_config: Config) -> Terms | None:
    """Read the settings and contracts of a project.

    Returns:
        None where neither a setting nor a ``contracts`` folder asks for anything.

    Raises:
        CannotCheck: settings or contracts cannot be used.
    """
    settings = settings_of(alembic_config)
    if not settings.configured:
        return None
    contracts = formats.load(settings.contracts, root=Path.cwd())
    return Terms(settings, contracts, waivers.read(settings.contracts, contracts))


def narrowed(terms: Terms, run: Run, database: str | None = None) -> Terms:
    """Return what a run is held to where env.py migrates several databases: the contracts about its own.

    Args:
        terms: settings, and all contracts.
        run: what is pending in one database.
        database: what ``guard()`` was told that it is called.

    Raises:
        CannotCheck: a contract is about a database that env.py does not migrate.
    """
    names = databases.of_run(run, database)
    if names is None:
        return terms
    return replace(terms, contracts=databases.about(terms.contracts, names, run))


def terms_of_branch(alembic_config: Config, base: Base) -> Terms:
    """Read the settings and contracts of a project that had contracts at a git ref, and may have done away with them.

    Raises:
        InvalidContracts: there are contracts that cannot be read.
        CannotCheck: settings cannot be used, or there are contracts neither here nor there.
    """
    try:
        return terms_of(alembic_config) or Terms(settings_of(alembic_config), ())
    except InvalidContracts:
        raise
    except CannotCheck:
        if not base.contracts:
            raise
        return Terms(settings_of(alembic_config), ())


def examine(
    run: Run,
    terms: Terms,
    *,
    phase: Phase,
    scope: engine.Scope,
    progress: Progress | None = None,
    base: Base | None = None,
) -> Examination:
    """Predict where a run leads and judge it.

    Args:
        run: what is pending, and where it starts from.
        terms: settings and contracts.
        phase: which question is asked; goes into the report.
        scope: which breaks the run answers for.
        progress: told of every revision that has been predicted.
        base: contracts of a git ref that have to be kept as well.

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
        today=terms.today,
    )
    tables = terms.tables | ({table for each in base.contracts for table in each.tables} if base is not None else set())
    before = None if run.connection is None else dialect.observe(run.connection, tables)
    predictions = pending.follow(run, tables, before=before, shadow_url=terms.settings.shadow_url, progress=progress)
    report = engine.judge(
        terms.contracts,
        predictions,
        dialect=dialect,
        policy=policy,
        waivers=terms.waivers,
        notices=(*_notices(terms.contracts, before), *_start(run), *_clock(terms)),
    )
    if base is not None:
        rewritten = base.is_rewritten(pending.script_of(run.context))
        of_base = _of_base(run, terms, base, predictions, policy, rewritten=rewritten)
        report = _with_base(report, of_base, rewritten=rewritten)
    return Examination(report, predictions[0].before, policy)


def _of_base(
    run: Run,
    terms: Terms,
    base: Base,
    predictions: Sequence[Prediction],
    policy: engine.Policy,
    *,
    rewritten: bool,
) -> Report:
    """Judge the base's contracts by what the branch's own revisions do: whatever held before these has to hold.

    Where the branch has taken revisions of the base away, what held there is not known, so all of it has to.
    """
    scope: engine.Scope = "target" if rewritten else "introduced"
    known = base.known(pending.script_of(run.context), run.steps)
    ours = [
        replace(each, before=replace(each, steps=each.steps[:known]).after, steps=each.steps[known:])
        for each in predictions
    ]
    return engine.judge(
        base.contracts,
        ours,
        dialect=dialects.load(run.context.dialect.name),
        policy=replace(policy, scope=scope, severities=base.settings.rules),
        waivers=(*base.waivers, *terms.waivers),
    )


def _with_base(report: Report, of_base: Report, *, rewritten: bool) -> Report:
    """Return one report; what both sets of contracts say is said once, by the branch's."""
    said = {_what(violation) for violation in report.violations if violation.severity == "error"}
    more = [v for v in of_base.violations if (v.introduced or v.waiver or rewritten) and _what(v) not in said]
    added = {_what(violation) for violation in more}
    return replace(
        report,
        violations=(*(v for v in report.violations if _what(v) not in added), *more),
        unproven=tuple(dict.fromkeys((*report.unproven, *of_base.unproven))),
        contracts=tuple(dict.fromkeys((*report.contracts, *of_base.contracts))),
        checked=replace(
            report.checked,
            contracts=len({*report.contracts, *of_base.contracts}),
            facts=max(report.checked.facts, of_base.checked.facts),
            tables=max(report.checked.tables, of_base.checked.tables),
        ),
    )


def _what(violation: Violation) -> tuple[object, ...]:
    return violation.contract, violation.rule, violation.table, violation.column


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
    report = engine.judge(terms.contracts, [prediction], dialect=dialect, policy=policy, waivers=terms.waivers)
    return replace(report, undone=undone)


def _clock(terms: Terms) -> tuple[Notice, ...]:
    """Say that it is not the real day."""
    if terms.settings.today is None:
        return ()
    return (Notice(f"Judged as of {terms.today:%Y-%m-%d}, which ALEMBIC_CONTRACTS_TODAY sets."),)


def _start(run: Run) -> tuple[Notice, ...]:
    """Say that a snapshot was the start: what is in it is taken on trust."""
    if run.snapshot is None or run.snapshot.file is None:
        return ()
    at = ", ".join(run.snapshot.revisions)
    return (Notice(f"Predicted from the snapshot {shown(run.snapshot.file)} at {at}; --from base starts without it."),)


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


def _existing(file: str | None) -> Path | None:
    return Path(file) if file is not None and Path(file).is_file() else None
