"""One upgrade or downgrade: pending steps in, a refusal or nothing out, before the first script and at each commit.

What prediction brings along is imported when there is something to predict.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

from alembic.util import CommandError
from msgspec import Struct, field
from msgspec.structs import replace
from sqlalchemy.exc import SQLAlchemyError

from alembic_contracts import texts
from alembic_contracts.errors import CannotCheck
from alembic_contracts.judging.aftermath import Aftermath
from alembic_contracts.running import bases, unheld
from alembic_contracts.running.courses import log
from alembic_contracts.running.databases import narrowed
from alembic_contracts.running.expected import Expected
from alembic_contracts.running.ledger import Ledger
from alembic_contracts.running.looking_again import Applied, Ran, look_again, reason_of, strayed
from alembic_contracts.running.pending import Run, script_of
from alembic_contracts.running.postponed import split
from alembic_contracts.running.resulting import Resulting, When
from alembic_contracts.running.revisions import Strayed, location_of, upgrade_steps
from alembic_contracts.schemas.steps import Location

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext, RevisionStep

    from alembic_contracts.judging.aftermath import Earlier
    from alembic_contracts.judging.violations import Report, Violation
    from alembic_contracts.prediction.scripts.source_lines import Place, Script
    from alembic_contracts.running.courses import Course
    from alembic_contracts.running.first_look import FirstLook
    from alembic_contracts.running.refusals import Refused
    from alembic_contracts.running.report_file import Entry
    from alembic_contracts.running.terms import Terms
    from alembic_contracts.schemas.schema import Schema

__all__ = ["Upgrade"]


class Upgrade(Struct):
    """Revisions that are being applied, held to terms."""

    terms: Terms
    expected: Expected
    """Where the revisions were predicted to lead."""
    resulting: Resulting
    """What they have led to so far."""
    heads: tuple[str, ...]
    """What the version table has before them."""
    commits: Ledger | None = None
    """What was committed; None in ``--sql`` mode."""
    applied: list[Applied] = field(default_factory=list)
    """The revisions that Alembic has marked as applied."""
    refused: Refused | None = None
    """Why the last state that was looked at must not stay."""
    committed: bool = False
    """Whether the run is through and its last commit, which was seen, behind it."""
    lookup: str = ""
    """Where unqualified names led before them."""
    entry: Entry | None = None
    """Where programs read what was found."""
    _folder: Path = field(default_factory=Path.cwd)
    _judged: int = -1
    """How many statements had been executed when the end of a revision was judged, since it was committed already."""
    _settled: int = 0
    """The same when the run was through, and its last commit judged."""
    _prevented: Refused | None = None
    """Why the script that runs must not go on."""
    _confirmed: bool = False
    """Whether the last commit that was judged left what was foreseen."""
    _script: Script | None = None
    _since_commit: list[RevisionStep] = field(default_factory=list)
    _shown: tuple[Violation, ...] = ()

    @classmethod
    def begun(
        cls, migration: MigrationContext, steps: Sequence[RevisionStep], heads: tuple[str, ...], seen: FirstLook
    ) -> Self | None:
        """Find out where pending revisions lead, before the first of them runs; None: they are held to nothing.

        Args:
            migration: the context that is about to apply them.
            steps: the revisions.
            heads: where the database is.
            seen: what is known already.

        Raises:
            CannotCheck: settings, contracts or the database do not allow a verdict.
        """
        if migration.config is None or migration.environment_context is None:
            raise CannotCheck("guard() works inside env.py: this migration context has no environment.")
        passes = unheld.passes(migration, looked_at=not migration.as_sql)
        terms = None if passes else seen.terms or bases.in_force(migration.config, seen.settings)
        if terms is None:
            return None
        today, postponed = split(steps)
        run = Run(
            environment=migration.environment_context,
            context=migration,
            steps=today,
            postponed=postponed,
            arguments=seen.arguments,
            database=seen.database,
            heads=() if migration.as_sql else heads,
            history=upgrade_steps(script_of(migration), heads, ()) if migration.as_sql else (),
            connection=None if migration.as_sql else migration.connection,
            around=seen.around,
            whole=seen.whole,
            as_sql=migration.as_sql,
            lock_timeout=terms.settings.lock_timeout,
            committed_under_guard=not migration.as_sql,
            may_be_kept=not migration.as_sql and terms.settings.keep_predictions == "auto",
        )
        terms = narrowed(terms, run)
        return None if not terms.contracts or unheld.goes_unchecked(run, terms) else cls._examined(run, terms, heads)

    @classmethod
    def _examined(cls, run: Run, terms: Terms, heads: tuple[str, ...]) -> Self:
        upgrade = cls(terms, Expected.of(run, terms), Resulting(terms), heads)
        if run.connection is not None:
            dialect = upgrade.course.dialect
            upgrade.commits = Ledger(run.connection, dialect, upgrade._place, upgrade.commit, upgrade._executes)
            upgrade.lookup = dialect.lookup(run.connection)
        return upgrade

    @property
    def course(self) -> Course:
        """Where the revisions lead, by what is known now."""
        return self.expected.course

    @property
    def foreseen(self) -> Report:
        """What was found before the first revision, or where one turned out to do otherwise."""
        return self.expected.report

    @property
    def migration(self) -> MigrationContext:
        """The context that applies the revisions."""
        return self.course.run.context

    # -- what Alembic does -------------------------------------------------------------------------------------------

    def begins(self) -> None:
        """Say where the revisions lead.

        Raises:
            Refused: they must not run.
        """
        if self.course.dialect.FORESIGHT != "none":
            self._conclude(self.foreseen)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Have each commit judged while the body runs."""
        if self.commits is None:
            yield
            return
        from alembic_contracts.prediction.scripts.batches import lines_noted  # which prediction has loaded

        with self.commits.watched(), lines_noted():
            yield

    def starts(self, step: RevisionStep) -> Script:
        """Take note that a script begins; returns it, to be told when it is through."""
        from alembic_contracts.prediction.scripts.source_lines import Script  # which prediction has loaded

        self._since_commit.append(step)
        self._script = Script.of(step.revision.revision, step.revision.path, self._folder)
        self.expected.begins(self._script.revision)
        return self._script

    def finishes(self) -> None:
        """Make sure that a script has done all that was foreseen, before Alembic marks its revision as applied."""
        if self._prevented is not None:
            raise self._prevented
        if not self.expected.is_met():
            self._expect_anew()

    def _executes(self, statement: str, parameters: object = None) -> None:
        """Take note of a statement before it is executed; refuse one that was not foreseen and leads to a break."""
        if self._script is None or self._script.is_through:
            return
        if self._prevented is not None:
            raise self._prevented
        if not self.expected.is_met_by(statement, parameters):
            self._expect_anew()

    def _expect_anew(self) -> None:
        assert self.commits is not None  # noqa: S101 - something is executed
        try:
            with self.commits.quietly(), self._answering():
                self.expected.find_out_anew()
            if self.foreseen.status != "kept" or self.foreseen.violations:
                self._conclude(self.foreseen)
        except CommandError:
            self._prevented = self.refused
            raise

    def ends(self, heads: Collection[str]) -> None:
        """Take note that a revision is through and marked as applied; judge it where it is committed already.

        Args:
            heads: what Alembic has the version table say now.

        Raises:
            Refused: a contract is broken, for good.
        """
        if self._script is None:
            return
        self.applied.append(Applied(self._script.revision, frozenset(heads)))
        if self.commits is None:
            return
        self.commits.glance()
        if self.commits.unjudged:
            with self.commits.quietly():
                self._judge()
            self.commits.unjudged = False
            alone = len(self.migration.on_version_apply_callbacks) == 1  # no other one runs before the commit
            self._judged = self.commits.statements if alone else -1
        elif self.resulting.is_half_made(self.course) and not self.through:
            with self.commits.quietly(), self._answering():
                self.resulting.passes(self.expected.observed(self.lookup), self._when(self._script.revision))
        if self.commits.commits_at_ddl:
            self._since_commit = []  # what it changed of the schema was judged: no later break is its own

    def commit(self) -> None:
        """Judge what a commit that is about to happen would leave; after the end of the run there is nothing to judge.

        Raises:
            Refused: it must not happen, or could not be judged.
        """
        if not self.committed:
            if self.commits is None or self._judged != self.commits.statements:
                self._judge()
            self._since_commit = [] if self._script is None or self._script.is_through else self._since_commit[-1:]
            self.committed = self.through
            self._settled = 0 if self.commits is None else self.commits.statements

    @property
    def through(self) -> bool:
        """Whether all revisions are marked as applied."""
        return len(self.applied) == len(self.course.run.all_steps)

    def end(self) -> None:
        """Judge the end of a run whose last commit is still to come, such as one in the caller's transaction.

        Raises:
            Refused: it must not happen, or could not be judged; or a refusal before was not heeded.
        """
        # A script that went on after a refused commit may have mended what was broken: the end is judged anew.
        # Where its last commit was judged and env.py has executed nothing since, there is nothing to judge.
        is_done = self.committed and (self.commits is None or self.commits.statements <= self._settled)
        if self.commits is not None and not is_done and (self.refused is None or self.through):
            if not (self.committed and self.commits.is_idle):
                with self._answering():
                    self.commits.look()
            with self.commits.as_at_commit(goes_on=True):
                self._judge()
        if self.refused is not None:
            raise self.refused

    def strayed(self) -> Strayed | None:
        """Return what the version table has where that is not where the revisions lead; None: it is as it should be."""
        if self.commits is None or not self.applied:
            return None
        with self.commits.quietly(), suppress(SQLAlchemyError):
            return strayed(self._ran(self.commits), committed=self.committed)
        return None

    def _ran(self, commits: Ledger) -> Ran:
        last, applied = self._script.revision if self._script is not None else "", tuple(self.applied)
        return Ran(self.course, self.terms, commits, heads=self.heads, lookup=self.lookup, last=last, applied=applied)

    def _judge(self) -> None:
        self.refused = None
        with self._answering():
            latest = self._since_commit[-1].revision.revision if self._since_commit else ""
            # What is postponed does not run today.
            goes_on = len(self.applied) < len(self.course.run.steps) and not (self.commits and self.commits.gap)
            at, was_there = self._when(latest), self._confirmed
            self._confirmed = self.expected.is_there(latest, goes_on=goes_on)
            if not self._confirmed:
                whole = self.entry is not None and self.entry.is_asked_for
                self._conclude(self._verdict(at, self.expected.observed(self.lookup), whole=whole))
                self.resulting.stays()
                return
            self.resulting.confirmed(self.course, at)
            if not was_there or self.through:  # else it is as at the commit before: there is nothing new to say
                self._conclude(replace(self.foreseen, phase="commit", notices=()))

    def _verdict(self, at: When, now: Schema, *, whole: bool) -> Report:
        """Return the verdict on what is there, by what has been seen before where nobody foresaw it."""
        return self.resulting.verdict(self.course, now, at, ends=self.through, whole=whole)

    def _when(self, revision: str) -> When:
        return When(revision, self._suspect(), self._script is None or self._script.is_through)

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Refuse where the database does not answer what the body asks it, but for one that nobody knows."""
        try:
            yield
        except (CannotCheck, SQLAlchemyError, UnicodeError) as error:
            reason = str(error) if isinstance(error, CannotCheck) else reason_of(error)
            if unheld.goes_on_unseen(self.course.dialect, reason):
                return
            self.refused = _refused(f"The schema could not be checked before its commit.\n{reason}")
            raise self.refused from error

    def _place(self) -> tuple[str, Place | None]:
        """Return the revision that runs, and the line of its script that is being executed."""
        return ("", None) if self._script is None else (self._script.revision, self._script.place())

    def _suspect(self) -> Location | None:
        """Return the place to look at: the one thing that was unproven, else the one script since the last commit."""
        doubtful = {unproven.location for unproven in self.foreseen.unproven if unproven.location is not None}
        if len(doubtful) == 1:
            return next(iter(doubtful))
        return location_of(self._since_commit[0]) if len(self._since_commit) == 1 else None

    def _conclude(self, report: Report) -> None:
        """Say what was found, and refuse where the settings ask for it: then it is said after a look at what stays."""
        if self.expected.refuses(report):
            self.refused = _refused(report)
            raise self.refused
        if self.entry is not None:
            self.entry.write(replace(report, refused=False))
        if (report.phase, report.status) == ("commit", "kept") and not self.through:
            return  # it is said once, in the end
        when = "by the pending revisions" if report.phase == "before" else "by the resulting schema"
        said = {part.what for violation in self._shown for part in violation.parts}
        if not report.violations and not report.unproven:
            for notice in report.notices:
                sys.stderr.write(f"note: {texts.lines(notice.message)}\n")  # Alembic's log may have no handler at all
            log.info("%s %s", unheld.kept(report), when)
        elif report.unproven or not said.issuperset(part.what for v in report.violations for part in v.parts):
            from alembic_contracts.running.refusals import attributed, because, show

            why = because(report, self.terms, self.course.run)
            show(replace(attributed(report, self.foreseen), refused=False, because=why))
            self._shown = report.violations
        else:
            log.info("What is said above of data contracts is confirmed %s", when)

    def abandoned(self, earlier: Callable[[], Sequence[Earlier]], error: BaseException) -> CommandError | None:
        """Roll back a run that was refused or failed, look at what stays, and say it.

        Args:
            earlier: returns what env.py ran before, as it is by then.
            error: with which it ended.

        Returns:
            the error to end with; None where it failed by itself and left no contract broken.
        """
        refused, commits = self.refused, self.commits
        if commits is None:
            before = tuple(earlier())
            return refused and refused.told(Aftermath(started=False, earlier=before) if before else None)
        callers = self.migration._in_external_transaction  # noqa: SLF001 - Alembic tells it nowhere else
        if refused is None and (self._script is None or (callers and not commits.stays())):
            return None
        with commits.quietly():
            seen = look_again(self._ran(commits), earlier)
        left, found = self._left(seen.schema), seen.aftermath
        if refused is None and left is not None and left.is_broken_anew:
            with suppress(CommandError):
                self._conclude(left)  # where the settings refuse nothing, it is said
            refused, found = self.refused, replace(found, failure=reason_of(error))
        alone = found.rest == "rolled back" and not (commits.found or commits.gap)
        is_its_own = bool(found.failure and found.stopped) and not alone  # what a script had done when it failed
        if refused is not None and self._script is not None and not is_its_own:
            refused.attributed(self.foreseen, left if alone else None)
        return refused and refused.told(found)

    def _left(self, schema: Schema | None) -> Report | None:
        """Return the verdict on what is there now; None where nobody could look."""
        with suppress(CannotCheck):
            return None if schema is None else self._verdict(self._when(""), schema, whole=True)
        return None


def _refused(why: Report | str) -> Refused:
    from alembic_contracts.running.refusals import Refused

    return Refused(why if isinstance(why, str) else replace(why, refused=True))
