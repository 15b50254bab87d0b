"""One upgrade or downgrade: pending steps in, a refusal or nothing out, before the first script and at each commit."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

from alembic.util import CommandError

from alembic_contracts.errors import CannotCheck
from alembic_contracts.judging.engine import Scope
from alembic_contracts.running import bases
from alembic_contracts.running.courses import Course, follow, log
from alembic_contracts.running.databases import narrowed
from alembic_contracts.running.examination import examine, judge_commit
from alembic_contracts.running.pending import Run, script_of
from alembic_contracts.running.refusals import refusal, show
from alembic_contracts.running.revisions import location_of, upgrade_steps
from alembic_contracts.schemas.steps import Location, Operation, Step
from alembic_contracts.support import terminal

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext, RevisionStep
    from sqlalchemy.engine import Connection

    from alembic_contracts.judging.violations import Report, Violation
    from alembic_contracts.running.terms import Terms

__all__ = ["Upgrade"]


@dataclass
class Upgrade:
    """Revisions that are being applied, held to terms."""

    terms: Terms
    course: Course
    """Where the revisions were predicted to lead."""
    _doubtful: frozenset[Location | None] = frozenset()
    """The places of what was unproven before the run."""
    _finished: int = 0
    _since_commit: list[RevisionStep] = field(default_factory=list)
    _judged_end: bool = False
    _shown: tuple[Violation, ...] = ()

    @classmethod
    def begun(
        cls,
        migration: MigrationContext,
        steps: Sequence[RevisionStep],
        heads: tuple[str, ...],
        arguments: Mapping[str, Any],
        database: str | None,
    ) -> Self | None:
        """Examine where pending revisions lead, before the first of them runs.

        Args:
            migration: the context that is about to apply them.
            steps: the revisions.
            heads: where the database is.
            arguments: what env.py passed to ``run_migrations``.
            database: what ``guard()`` was told that the database is called.

        Returns:
            None where there is nothing that they are held to.

        Raises:
            CannotCheck: settings, contracts or the database do not allow a verdict.
            alembic.util.CommandError: they are refused.
        """
        if migration.config is None or migration.environment_context is None:
            raise CannotCheck("guard() works inside env.py: this migration context has no environment.")
        terms = bases.in_force(migration.config)
        if terms is None:
            return None
        run = Run(
            environment=migration.environment_context,
            context=migration,
            steps=steps,
            arguments=arguments,
            history=upgrade_steps(script_of(migration), heads, ()) if migration.as_sql else (),
            connection=None if migration.as_sql else migration.connection,
            as_sql=migration.as_sql,
            lock_timeout=terms.settings.lock_timeout,
            committed_under_guard=not migration.as_sql,
        )
        terms = narrowed(terms, run, database)
        return cls._examined(run, terms) if terms.contracts else None

    @classmethod
    def _examined(cls, run: Run, terms: Terms) -> Self:
        with terminal.progress_line("Checking data contracts: revision") as progress:
            course = follow(run, terms.tables, shadow_url=terms.settings.shadow_url, progress=progress)
            upgrade = cls(terms, course)
            report = examine(course, terms, phase="before", scope=upgrade._scope)
        upgrade._doubtful = frozenset(unproven.location for unproven in report.unproven)
        upgrade._conclude(report)
        return upgrade

    # -- what Alembic does -------------------------------------------------------------------------------------------

    def starts(self, step: RevisionStep) -> None:
        """Take note that a script begins."""
        self._since_commit.append(step)

    def ends(self, step: RevisionStep) -> None:
        """Take note that a script is through."""
        del step
        self._finished += 1

    def commits(self, connection: Connection) -> None:
        """Judge what a commit that is about to happen would leave; after the end of the run there is nothing to judge.

        Raises:
            alembic.util.CommandError: it is refused, or could not be judged.
        """
        if self._judged_end:
            return
        ends = self._finished == len(self.course.run.steps)
        revision = self._since_commit[-1].revision.revision if self._since_commit else ""
        since = Step(revision, (Operation(self._location(), "commit", self.course.before, commits=True),))
        undone = not connection._is_autocommit_isolation()  # noqa: SLF001 - knows of the engine's setting as well
        try:
            report = judge_commit(
                connection, self.course, self.terms, scope=self._scope, since=since, ends=ends, undone=undone
            )
        except CannotCheck as error:
            raise CommandError(f"The schema could not be checked before its commit.\n{error}") from error
        self._since_commit.clear()
        self._judged_end = ends
        self._conclude(report)

    def _location(self) -> Location | None:
        """Return the place to look at: the one thing that was unproven, else the one script since the last commit."""
        if len(self._doubtful) == 1:
            return next(iter(self._doubtful))
        return location_of(self._since_commit[0]) if len(self._since_commit) == 1 else None

    # -- what follows from a verdict ---------------------------------------------------------------------------------

    @property
    def _scope(self) -> Scope:
        return "strict" if self.terms.settings.enforce == "strict" else "introduced"

    def _conclude(self, report: Report) -> None:
        """Say what was found, and refuse where the settings ask for it."""
        refused = self._refuses(report)
        when = "by the pending revisions" if report.phase == "before" else "by the resulting schema"
        said = {_what(violation) for violation in self._shown}
        if not report.violations and not report.unproven:
            for notice in report.notices:
                sys.stderr.write(f"note: {notice.message}\n")  # Alembic's log may have no handler at all
            log.info("All data contracts are kept %s", when)
        elif refused or report.unproven or not said.issuperset(map(_what, report.violations)):
            show(replace(report, refused=refused))
            self._shown = report.violations
        else:
            log.info("What is said above of data contracts is confirmed %s", when)
        if refused:
            raise refusal(_summary(report), report)

    def _refuses(self, report: Report) -> bool:
        settings, migration = self.terms.settings, self.course.run.context
        downgrading = self.course.run.steps[0].is_downgrade
        if settings.enforce == "report" or (downgrading and settings.downgrade == "report"):
            return False
        if report.status == "unproven":
            checked_at_commit = not migration.as_sql and migration.impl.transactional_ddl
            return (settings.unproven or ("warn" if checked_at_commit else "refuse")) == "refuse"
        return report.status == "broken"


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
    return f"{what}; {done}."
