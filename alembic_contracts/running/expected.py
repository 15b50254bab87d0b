"""A run in, where it is expected to lead out; and found out anew where its scripts do otherwise.

What an earlier run has found out of the same scripts is believed as long as they execute the same statements: they may
go by more than is known of (``kept_predictions``). It is known before a statement is executed that it is another one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from types import MappingProxyType
from typing import TYPE_CHECKING, Self

from msgspec import Struct

from alembic_contracts.errors import CannotCheck
from alembic_contracts.judging.engine import asked_of
from alembic_contracts.running.courses import Course, log
from alembic_contracts.running.examination import examine, foresee
from alembic_contracts.running.unheld import is_another_kind
from alembic_contracts.support import terminal

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from alembic_contracts.dialects import Asked, Dialect
    from alembic_contracts.judging.engine import Scope
    from alembic_contracts.judging.violations import Report
    from alembic_contracts.prediction.scripts.traces import Trail
    from alembic_contracts.running.pending import Run
    from alembic_contracts.running.terms import Terms
    from alembic_contracts.schemas.schema import Schema

__all__ = ["Expected", "is_seen_at_commit", "scope_of"]

_NOT_AGAIN = (
    "the scripts do otherwise than in an upgrade before, and do something else again when it is found out anew where "
    "they lead, such as where something is done once in a process"
)
_PROGRESS = "Checking data contracts: revision"


def scope_of(terms: Terms) -> Scope:
    """Return which breaks a run answers for."""
    return "strict" if terms.settings.enforce == "strict" else "introduced"


class Expected(Struct):
    """Where a run is expected to lead."""

    terms: Terms
    course: Course
    """The schemas that it goes through."""
    report: Report
    """The verdict on them, before the first script or where scripts turned out to do otherwise."""
    _fingerprints: Mapping[str, frozenset[str]]
    """What the database can be at the end of each revision, where that is known."""
    _counts: Mapping[str, frozenset[int]] = MappingProxyType({})
    """How often its schema can have been changed by then since the run began, where the scripts are followed."""
    _trail: Trail | None = None
    """What was executed when this was found out; None: what scripts execute is not compared with that, or is other."""
    _asked: Asked | None = None
    """What has to be known of tables to judge them; None: not worked out yet."""
    _changes: Callable[[], int] | None = None
    """Returns how often the schema has been changed since the run began, where that is counted."""

    @classmethod
    def of(cls, run: Run, terms: Terms) -> Self:
        """Find out where a run leads.

        Raises:
            CannotCheck: that cannot be found out.
        """
        changes = None
        with suppress(CannotCheck):  # whoever looks next says why
            if run.connection is not None:
                changes = run.dialect.changes(run.connection)
        with terminal.progress_line(_PROGRESS) as progress:
            asked = None if run.connection is None else terms.asked()
            course, report = foresee(run, terms, asked=asked, scope=scope_of(terms), progress=progress)
        if course.kept is None or run.connection is None:
            return cls(terms, course, report, course.fingerprints(), _asked=asked)
        from alembic_contracts.prediction.scripts.traces import Trail

        trail = Trail(course.predictions)
        found = cls(terms, course, report, course.fingerprints(), course.changes(), trail, asked, changes)
        if course.anew is not None and found.refuses(report):  # nor is anything refused for that
            found.find_out_anew()
        return found

    def begins(self, revision: str) -> None:
        """Take note of the revision whose script begins."""
        if self._trail is not None:
            self._trail.begins(revision)

    def is_met_by(self, statement: str, parameters: object) -> bool:
        """Whether a statement that is about to be executed is one that was foreseen, as far as that is asked."""
        return self._trail is None or self._trail.goes_on(statement, parameters) or self._leave_own_trail()

    def is_met(self) -> bool:
        """Whether the script has executed all that was foreseen, as far as that is asked."""
        return self._trail is None or self._trail.ends() or self._leave_own_trail()

    def _leave_own_trail(self) -> bool:
        """Where this very run was predicted, compare no more, as its commit is looked at; returns whether it was."""
        if self.course.anew is not None:
            return False
        self._trail = None
        return True

    def keep(self) -> None:
        """Have the next run of the same find what was found out of this one, if its scripts have done what it shows."""
        if self._trail is not None and self.course.anew is None and self.course.kept is not None:
            try:
                self.course.kept.keep()
            except Exception as error:  # noqa: BLE001 - what is loaded can be anything, and the upgrade is through
                log.debug("not kept", exc_info=error)

    def find_out_anew(self) -> None:
        """Predict these scripts themselves, from what there was before the first of them.

        Raises:
            CannotCheck: where they lead cannot be found out.
        """
        trail, known = self._trail, self.course
        self._trail = None
        assert known.kept is not None and known.anew is not None  # noqa: S101, PT018 - else scripts are not compared
        known.kept.forget()
        with terminal.progress_line(_PROGRESS) as progress:
            found = known.anew(progress)
        if trail is not None and not trail.is_retraced(found.predictions):
            found = found.doubted(_NOT_AGAIN)
        self.course = found
        self.report = examine(self.course, self.terms, phase="before", scope=scope_of(self.terms))
        self._fingerprints = self.course.fingerprints()

    def observed(self, lookup: str) -> Schema:
        """Return what is there of the tables that contracts are about.

        Args:
            lookup: where unqualified names led when the run began, in whatever other one a script has left it since.

        Raises:
            CannotCheck, sqlalchemy.exc.SQLAlchemyError: the database does not answer.
        """
        terms, sight = self.terms, self.course.sight
        is_complete = sight is None or not sight.unread  # else it becomes so from this one
        dialect, connection = self.course.dialect, self._connection
        with _looking_up_as(dialect, connection, lookup) if dialect.FORESIGHT == "none" else nullcontext():
            return dialect.observe(
                connection,
                terms.places(dialect),
                lock_timeout=terms.settings.lock_timeout,
                before=sight,
                asked=self._asked_of() if is_complete else None,
            )

    def _asked_of(self) -> Asked:
        if self._asked is None:
            self._asked = asked_of(self.terms.contracts, self.terms.settings.rules)
        return self._asked

    def refuses(self, report: Report) -> bool:
        """Whether a run must not go on for what was found in it."""
        settings, run = self.terms.settings, self.course.run
        if settings.enforce == "report" or (run.is_downgrade and settings.downgrade == "report"):
            return False
        if report.status == "unproven":
            can_wait = run.is_checked_at_commit or is_another_kind(self.terms, run)
            goes_on = can_wait and _is_shown(report)
            return (settings.unproven or ("warn" if goes_on else "refuse")) == "refuse"
        return report.status == "broken"

    def is_there(self, revision: str, *, goes_on: bool) -> bool:
        """Whether the database is exactly as foreseen at the end of a revision, where that is known to keep all.

        Where more revisions follow and each end of a transaction was seen (``goes_on``), it is enough that the same
        statements have been executed as when it was foreseen, from the same start, and that the schema has been changed
        as often, by whomever.
        """
        if self.report.violations or self.report.unproven:
            return False
        foreseen = self._fingerprints.get(revision)
        if foreseen is None:
            return False
        changes = self._changes if goes_on and self._trail is not None else None
        if changes is not None and changes() in self._counts.get(revision, ()):
            return True
        return self.course.dialect.fingerprint(self._connection) in foreseen

    @property
    def _connection(self) -> Connection:
        connection = self.course.run.connection
        assert connection is not None  # noqa: S101 - there is none in --sql mode, where nothing is committed
        return connection


@contextmanager
def _looking_up_as(dialect: Dialect, connection: Connection, lookup: str) -> Iterator[None]:
    """Have unqualified names lead where they led once while the body runs, such as before a MySQL's ``USE``."""
    now = dialect.lookup(connection)
    if now == lookup:
        yield
        return
    dialect.look_up_as(connection, lookup)
    try:
        yield
    finally:
        dialect.look_up_as(connection, now)


def is_seen_at_commit(report: Report, run: Run) -> bool:
    """Whether what is unproven before the run is known before its commit."""
    return run.is_checked_at_commit and _is_shown(report)


def _is_shown(report: Report) -> bool:
    """Whether a look at the result shows whatever is unproven."""
    return not any(each.is_hidden for each in report.unproven)
