"""The one line in env.py: checks a migration before anything runs, and its result before every commit."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext, RevisionStep
    from sqlalchemy.engine import Connection

    from alembic_contracts.judging.engine import Scope
    from alembic_contracts.judging.violations import Report, Violation
    from alembic_contracts.running.examination import Examination, Terms
    from alembic_contracts.schemas.steps import Location

__all__ = ["guard"]


class _Context(Protocol):
    """``alembic.context``, or the ``EnvironmentContext`` that it stands for."""

    def get_context(self) -> MigrationContext: ...


@contextmanager
def guard(context: _Context, *, database: str | None = None) -> Iterator[None]:
    """Hold the migrations that run inside to the project's data contracts.

    Goes into env.py, in online and offline mode alike::

        with context.begin_transaction(), alembic_contracts.guard(context):
            context.run_migrations()

    Before the first script runs, the pending ones are predicted and judged; before every commit on the migration's
    connection the contracted tables are observed and judged again. Commands that apply no revision cost nothing.

    Args:
        context: ``alembic.context`` after ``configure()``.
        database: what the database is called, where env.py migrates several and does not hand their names to
            ``run_migrations(engine_name=...)``: contracts about another one do not count then.

    Raises:
        alembic.util.CommandError: a contract is broken, or could not be checked. The report is on standard error; a
            report is also the exception's ``report`` attribute where there is one.
    """
    watch = _Watch(context.get_context(), database)
    with watch.installed():
        yield
        watch.finish()


class _Watch:
    """Follows one migration context from the first pending revision to the last commit."""

    def __init__(self, migration: MigrationContext, database: str | None) -> None:
        self._migration, self._database = migration, database
        self._arguments: dict[str, Any] = {}
        self._terms: Terms | None = None
        self._before: Examination | None = None
        self._steps: Sequence[RevisionStep] = ()
        self._finished = 0
        self._since_commit: list[RevisionStep] = []
        self._judged_end = False
        self._shown: tuple[Violation, ...] = ()

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Stand between Alembic and the function that yields the steps while the body runs."""
        from alembic_contracts.running import autogenerate

        migration = self._migration
        autogenerate.watch(migration)
        pending = migration._migrations_fn  # noqa: SLF001 - Alembic has no public hook between planning and running
        run_migrations = migration.run_migrations
        connection = None if migration.as_sql else migration.connection

        def remember_arguments(**arguments: Any) -> None:
            self._arguments = arguments
            run_migrations(**arguments)

        if pending is not None:
            migration._migrations_fn = lambda heads, context: self._watched(pending(heads, context), heads)  # noqa: SLF001
        vars(migration)["run_migrations"] = remember_arguments
        try:
            with _listening(connection, self._on_commit):
                yield
        finally:
            migration._migrations_fn = pending  # noqa: SLF001
            del vars(migration)["run_migrations"]

    def finish(self) -> None:
        """Judge the end of a run whose last commit is still to come, such as one in the caller's transaction."""
        connection = self._migration.connection
        if self._active and not self._migration.as_sql and not self._judged_end and connection is not None:
            self._judge_commit(connection)

    @property
    def _active(self) -> bool:
        return self._before is not None

    def _watched(self, planned: Iterable[Any], heads: tuple[str, ...]) -> Iterator[Any]:
        from alembic.runtime.migration import RevisionStep

        steps = list(planned)
        if steps and all(isinstance(step, RevisionStep) for step in steps):
            self._check_before(steps, heads)
        for step in steps:
            if self._active:
                self._follow(step)
            yield step

    def _check_before(self, steps: Sequence[RevisionStep], heads: tuple[str, ...]) -> None:
        from alembic.util import CommandError

        from alembic_contracts.errors import CannotCheck
        from alembic_contracts.running import examination, pending
        from alembic_contracts.running.revisions import upgrade_steps
        from alembic_contracts.support import terminal

        migration = self._migration
        try:
            if migration.config is None or migration.environment_context is None:
                raise CannotCheck(  # noqa: TRY301
                    "guard() works inside env.py: this migration context has no environment."
                )
            terms = examination.terms_of(migration.config)
            if terms is None:
                return
            run = pending.Run(
                environment=migration.environment_context,
                context=migration,
                steps=steps,
                arguments=self._arguments,
                history=upgrade_steps(pending.script_of(migration), heads, ()) if migration.as_sql else (),
                connection=None if migration.as_sql else migration.connection,
                as_sql=migration.as_sql,
            )
            terms = examination.narrowed(terms, run, self._database)
            if not terms.contracts:
                return
            scope: Scope = "strict" if terms.settings.enforce == "strict" else "introduced"
            with terminal.progress_line("Checking data contracts: revision") as progress:
                found = examination.examine(run, terms, phase="before", scope=scope, progress=progress)
        except CannotCheck as error:
            if os.environ.get("ALEMBIC_CONTRACTS_ENFORCE") == "report":
                sys.stderr.write(
                    f"Data contracts could not be checked, and ENFORCE=report goes on all the same.\n{error}\n"
                )
                return
            raise CommandError(f"Data contracts could not be checked, so nothing was run.\n{error}") from error
        self._terms, self._steps, self._before = terms, steps, found
        self._finished, self._judged_end = 0, False
        self._conclude(found.report)

    def _conclude(self, report: Report) -> None:
        """Say what was found, and refuse where the settings ask for it."""
        from alembic.util import CommandError

        from alembic_contracts.running.pending import log

        refused = self._refuses(report)
        when = "by the pending revisions" if report.phase == "before" else "by the resulting schema"
        said = {_what(violation) for violation in self._shown}
        if not report.violations and not report.unproven:
            for notice in report.notices:
                sys.stderr.write(f"note: {notice.message}\n")  # Alembic's log may have no handler at all
            log.info("All data contracts are kept %s", when)
        elif refused or report.unproven or not said.issuperset(map(_what, report.violations)):
            _show(replace(report, refused=refused))
            self._shown = report.violations
        else:
            log.info("What is said above of data contracts is confirmed %s", when)
        if refused:
            error = CommandError(_summary(report))
            error.report = report  # type: ignore[attr-defined] # for callers of alembic.command
            raise error

    def _refuses(self, report: Report) -> bool:
        assert self._terms is not None  # noqa: S101 - set together with _before
        settings = self._terms.settings
        if settings.enforce == "report" or (self._downgrading and settings.downgrade == "report"):
            return False
        if report.status == "unproven":
            checked_at_commit = not self._migration.as_sql and self._migration.impl.transactional_ddl
            return (settings.unproven or ("warn" if checked_at_commit else "refuse")) == "refuse"
        return report.status == "broken"

    @property
    def _downgrading(self) -> bool:
        return self._steps[0].is_downgrade

    def _follow(self, step: RevisionStep) -> None:
        """Have the script itself tell when it is through: its commits before that are in the middle of it."""
        migrate = step.migration_fn

        @functools.wraps(migrate)  # Alembic logs its name
        def migrate_and_tell(*args: Any, **kwargs: Any) -> None:
            self._since_commit.append(step)
            migrate(*args, **kwargs)
            self._finished += 1

        step.migration_fn = migrate_and_tell

    def _on_commit(self, connection: Connection) -> None:
        if self._active and not self._judged_end:
            self._judge_commit(connection)

    def _judge_commit(self, connection: Connection) -> None:
        from alembic.util import CommandError

        from alembic_contracts.errors import CannotCheck
        from alembic_contracts.running import examination
        from alembic_contracts.schemas.steps import Operation, Step

        if self._terms is None or self._before is None:
            return
        ends = self._finished == len(self._steps)
        before = self._before
        policy = replace(
            before.policy, phase="commit", ends_at_head=before.policy.ends_at_head and ends, commits_each_revision=False
        )
        step = Step(
            self._since_commit[-1].revision.revision if self._since_commit else "",
            (Operation(self._location(), "commit", before.before, commits=True),),
        )
        undone = not connection._is_autocommit_isolation()  # noqa: SLF001 - knows of the engine's setting as well
        try:
            report = examination.judge_observed(connection, self._terms, before.before, policy, step, undone=undone)
        except CannotCheck as error:
            raise CommandError(f"The schema could not be checked before its commit.\n{error}") from error
        self._since_commit.clear()
        self._judged_end = ends
        self._conclude(report)

    def _location(self) -> Location | None:
        """Return the place to look at: the one thing that was unproven, else the one script since the last commit."""
        from alembic_contracts.running.revisions import location_of

        assert self._before is not None  # noqa: S101 - only called once it is set
        doubtful = {unproven.location for unproven in self._before.report.unproven}
        if len(doubtful) == 1:
            return doubtful.pop()
        return location_of(self._since_commit[0]) if len(self._since_commit) == 1 else None


@contextmanager
def _listening(connection: Connection | None, listener: Any) -> Iterator[None]:
    """Call the listener before every commit of the connection, which it can prevent by raising."""
    if connection is None:
        yield
        return
    from sqlalchemy import event

    event.listen(connection, "commit", listener)
    try:
        yield
    finally:
        event.remove(connection, "commit", listener)


def _show(report: Report) -> None:
    from alembic_contracts.reporters import render
    from alembic_contracts.support import terminal

    sys.stdout.flush()
    sys.stderr.write(render(report, "text", width=terminal.width(), color=terminal.uses_color(sys.stderr)))
    sys.stderr.flush()


def _what(violation: Violation) -> tuple[object, ...]:
    """Return what is broken, wherever and however that was found."""
    return violation.contract, violation.rule, violation.table, violation.column, violation.severity


def _summary(report: Report) -> str:
    errors = sum(violation.severity == "error" for violation in report.violations)
    what = {
        "broken": f"Data contracts would be broken ({errors} violation{'s' if errors != 1 else ''})",
        "unproven": "Whether data contracts are kept is unproven",
        "kept": "Data contracts are kept",
    }[report.status]
    if report.phase == "before":
        done = "nothing was run"
    else:
        done = "the transaction is rolled back" if report.undone else "the schema has already changed"
    return f"{what}; {done}. The report is on standard error."
