"""What ``revision --autogenerate`` would write in, a refusal or nothing out, before it is written.

Alembic hands the operations that it found to ``process_revision_directives`` (``EnvironmentContext.configure``), last
of all and whatever plugins compared the models. So that is where they are judged: after the user's own function, if
there is one, has changed them. ``alembic check`` comes the same way.

Everything is imported when there is something to judge: the guard loads this module with every env.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from alembic.operations import ops
    from alembic.runtime.migration import MigrationContext

    from alembic_contracts.config import Settings
    from alembic_contracts.judging.violations import Report
    from alembic_contracts.running.terms import Terms

__all__ = ["watch"]

_MARK = "_alembic_contracts_watches"
_MADE = "alembic_contracts"
"""Key of ``MetaData.info`` where tables are made of contracts."""


def watch(migration: MigrationContext) -> None:
    """Have what autogenerate finds in a migration context judged; a second call changes nothing.

    Args:
        migration: after ``context.configure()``.
    """
    users = migration.opts.get("process_revision_directives")
    if getattr(users, _MARK, False):
        return
    _suit(migration)

    def judge_directives(context: MigrationContext, revision: Any, directives: list[ops.MigrationScript]) -> None:
        from alembic_contracts.running import contract_first

        contract_first.prune(context, directives)
        if users is not None:
            users(context, revision, directives)
        if context.connection is not None and not context.as_sql:
            _judge(context, directives)

    setattr(judge_directives, _MARK, True)
    judge_directives.of_project = users  # type: ignore[attr-defined] # for those who write revisions themselves
    migration.opts["process_revision_directives"] = judge_directives


def _suit(migration: MigrationContext) -> None:
    """Have tables that are made of contracts made for this database."""
    target = migration.opts.get("target_metadata")
    targets = target if isinstance(target, list | tuple) else (target,)
    if any(_MADE in getattr(each, "info", ()) for each in targets):
        from alembic_contracts.running import contract_first

        contract_first.suit(migration)


# -- what is generated, as a step of a run ----------------------------------------------------------------------------


class _Revision(NamedTuple):
    revision: str
    path: str = ""


class _Generated(NamedTuple):
    """What a prediction needs of a ``RevisionStep``, for operations that are in no file yet."""

    revision: _Revision
    from_revisions: tuple[str, ...]
    generated: Callable[..., None]
    is_upgrade: bool = True

    @property
    def to_revisions(self) -> tuple[str, ...]:
        return (self.revision.revision,)


def _invoke(found: Iterable[ops.MigrateOperation]) -> None:
    from alembic import op
    from alembic.operations.ops import ModifyTableOps

    for each in found:
        if not isinstance(each, ModifyTableOps):
            op.invoke(each)
            continue
        with op.batch_alter_table(each.table_name, schema=each.schema) as batch:  # as it is written
            for operation in each.ops:
                batch.invoke(operation)


def _operations(migration: MigrationContext, directives: Sequence[ops.MigrationScript]) -> Iterator[Any]:
    """Yield the operations that are for this database: with several, each has a token of its own."""
    token, in_batches = migration.opts.get("upgrade_token"), bool(migration.opts.get("render_as_batch"))
    for script in directives:
        for upgrade in script.upgrade_ops_list:
            if upgrade.upgrade_token == token:
                yield from _leaves(upgrade, in_batches=in_batches)


def _leaves(container: Any, *, in_batches: bool) -> Iterator[Any]:
    """Yield operations; those on one table together where they are written in batch mode (``render_as_batch``)."""
    from alembic.operations.ops import ModifyTableOps, OpContainer

    for each in container.ops:
        if isinstance(each, ModifyTableOps) and in_batches and each.ops:
            yield each
        elif isinstance(each, OpContainer):
            yield from _leaves(each, in_batches=in_batches)
        else:
            yield each


# -- judging -----------------------------------------------------------------------------------------------------------


def _judge(migration: MigrationContext, directives: Sequence[ops.MigrationScript]) -> None:
    from msgspec.structs import replace

    from alembic_contracts.errors import CannotCheck
    from alembic_contracts.running import bases, hooks, report_file, unheld
    from alembic_contracts.running.terms import settings_of

    found = list(_operations(migration, directives))
    if not found or migration.config is None or migration.environment_context is None:
        return
    entry = report_file.begin(migration.environment_context)
    try:
        if settings_of(migration.config).autogenerate == "off":
            return
        terms = None if unheld.passes(migration, looked_at=False) else bases.in_force(migration.config)
        if terms is None:
            return
        report = _report(migration, terms, directives[-1].rev_id or "", found)
    except CannotCheck as error:
        entry.failed(str(error))
        raise hooks.failure(f"Data contracts could not be checked, so no revision is written.\n{error}") from error
    refused = _refuses(report, terms)
    entry.write(replace(report, refused=refused))
    _conclude(report, terms.settings, refused=refused)


def _report(migration: MigrationContext, terms: Terms, revision: str, found: Sequence[Any]) -> Report:
    from msgspec.structs import replace

    from alembic_contracts.running.courses import follow
    from alembic_contracts.running.examination import judge, policy_of
    from alembic_contracts.running.pending import Run

    heads = migration.get_current_heads()
    step: Any = _Generated(_Revision(revision), heads, lambda **_arguments: _invoke(found))
    environment: Any = migration.environment_context
    run = Run(
        environment=environment,
        context=migration,
        steps=[step],
        heads=heads,
        arguments={},
        connection=migration.connection,
        lock_timeout=terms.settings.lock_timeout,
    )
    policy = policy_of(run, terms, phase="before", scope="introduced")
    policy = replace(policy, ends_at_head=True, commits_each_revision=False)  # the revision will be the new head
    report = judge(follow(run, terms.places(run.dialect)), terms, policy)
    # What is not written yet is at no place.
    return replace(
        report,
        of_models=True,
        violations=tuple(replace(each, location=None) for each in report.violations if each.introduced),
        unproven=tuple(replace(each, location=None) for each in report.unproven),
    )


def _refuses(report: Report, terms: Terms) -> bool:
    settings = terms.settings
    refuses = report.status == "broken" or (report.status == "unproven" and settings.unproven == "refuse")
    return refuses and settings.autogenerate == "refuse" and settings.enforce != "report"


def _conclude(report: Report, settings: Settings, *, refused: bool) -> None:
    from msgspec.structs import replace

    from alembic_contracts.running.refusals import refusal, show

    if report.violations or report.unproven:
        show(replace(report, refused=refused, because=_because(report, settings)))
    if refused:
        what = "are not known to keep" if report.status == "unproven" else "would break"
        raise refusal(f"Your models {what} data contracts; no revision was written.", report)


def _because(report: Report, settings: Settings) -> str:
    """Return why models that break a contract, or may, are no reason to write no revision."""
    if settings.enforce == "report":
        return 'enforce = "report" refuses nothing'
    if settings.autogenerate == "warn":
        return 'autogenerate = "warn" is set'
    return "the upgrade is judged before it runs" if report.status == "unproven" else ""
