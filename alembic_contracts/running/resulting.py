"""What a run leaves at each commit in, the verdict on it out: what is as it was at the commit before is judged once.

A run commits as often as it has revisions where Alembic is set to ``transaction_per_migration``.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace

from alembic_contracts.running.examination import groups_of, judge_state
from alembic_contracts.running.expected import scope_of
from alembic_contracts.schemas.layers import Layers, differences
from alembic_contracts.schemas.steps import Location, Operation, Step

if TYPE_CHECKING:
    from alembic_contracts.judging.elsewhere import Held
    from alembic_contracts.judging.violations import Report
    from alembic_contracts.running.courses import Course
    from alembic_contracts.running.terms import Terms
    from alembic_contracts.schemas.schema import Name, Schema, Table

__all__ = ["Resulting", "When"]


class When(NamedTuple):
    """When a run commits."""

    revision: str
    """The latest one that has run."""
    place: Location | None
    """What is broken then is put down to it."""
    is_through: bool
    """Whether the script of the revision is."""


class _Seen(NamedTuple):
    """What was looked at, and when.

    By it what is broken is put down to the revision that was run then, and a table that the run has made is held in the
    end to what it was after its revision.
    """

    steps: tuple[Step, ...] = ()
    """One a revision."""
    is_open: bool = False
    """Whether the last look was in the middle of a revision."""

    def and_now(self, now: Schema, at: When) -> _Seen:
        """Return it with one look more: in the last step where that is of a revision that was not through then."""
        steps, earlier = self.steps, tuple[Operation, ...]()
        if steps and (self.is_open or steps[-1].revision == at.revision):
            steps, earlier = steps[:-1], steps[-1].operations
        step = Step(at.revision, (*earlier, Operation(at.place, "commit", now)))
        return _Seen((*steps, step), not at.is_through)

    def makes_tables(self, before: Schema) -> bool:
        """Whether there are tables at the last look that were not there at the end of the revision before."""
        *earlier, last = self.steps
        known = earlier[-1].operations[-1].after if earlier else before
        return not last.operations[-1].after.tables.keys() <= known.tables.keys()

    def committing(self) -> tuple[Step, ...]:
        """Return steps of which the last operation is the one that is judged: the others were, as the last ones."""
        *operations, last = self.steps[-1].operations
        return (*self.steps[:-1], Step(self.steps[-1].revision, (*operations, replace(last, commits=True))))


class Resulting(Struct):
    """What was seen of a run's commits so far."""

    terms: Terms
    _stayed: _Seen = _Seen()
    """What was committed so far, as far as it was looked at."""
    _passed: _Seen | None = None
    """The same with the end of a revision that nothing has committed yet; None: that is not looked at."""
    _looked: _Seen = _Seen()
    """The same with the last look, which need not stay."""
    _last: Schema | None = None
    """What was there at the last one."""
    _kept: tuple[Course, Report] | None = None
    """What that was compared with and the verdict on it, where it broke nothing."""
    _groups: tuple[Held, ...] | None = None
    _unseen: list[tuple[Schema, When]] = field(default_factory=list)
    """The commits since the last look that left what was foreseen, with that."""
    _ends: tuple[Course, dict[str, Schema]] | None = None
    """What is foreseen of the ends of revisions, and where."""

    def is_half_made(self, course: Course) -> bool:
        """Whether what was committed last is the middle of a revision that has made tables, so that its end counts."""
        return self._passed is None and self._stayed.is_open and self._stayed.makes_tables(course.before)

    def passes(self, now: Schema, at: When) -> None:
        """Take note of what is there at the end of a revision that is not committed yet."""
        self._passed = self._stayed.and_now(_sharing(now, self._last), at)

    def confirmed(self, course: Course, at: When) -> None:
        """Take note that what is committed is what a course shows, so that nobody has to look."""
        if self._ends is None or self._ends[0] is not course:
            self._ends = course, course.ends()
        foreseen = self._ends[1].get(at.revision)
        if foreseen is not None:
            self._unseen.append((foreseen, at))

    def verdict(self, course: Course, now: Schema, at: When, *, ends: bool, whole: bool) -> Report:
        """Return the verdict on what is there.

        Args:
            course: what was examined before the run; its start is what held before.
            now: what is there of the tables that contracts are about.
            at: when that is.
            ends: whether the run is through.
            whole: whether what did not hold before either is told of a run that is not through and breaks nothing.
        """
        before = self._last
        self._last = now = _sharing(now, before)
        self._see()
        stayed = self._stayed if at.revision == "" else self._passed or self._stayed
        self._looked = stayed.and_now(now, at)
        if course.dialect.COMMITS_AT_DDL:
            self.stays()
        if self._groups is None:
            self._groups = groups_of(self.terms, course.dialect)
        scope, groups = scope_of(self.terms), self._groups
        since = self._looked.committing()
        judged = partial(judge_state, course, self.terms, scope=scope, since=since, ends=ends, groups=groups)
        kept, changed = self._kept, self._changed(course, before, now)
        self._kept = None
        if ends or whole or scope != "introduced":
            return judged()
        if kept is not None and changed is not None and not changed:
            self._kept = kept
            return kept[1]
        report = judged(tables=changed, standing=False)
        if report.status != "kept":
            return judged()
        self._kept = course, report
        return report

    def _see(self) -> None:
        """Have what nobody had to look at among the looks, as it was foreseen."""
        for foreseen, at in self._unseen:
            self._stayed = (self._passed or self._stayed).and_now(foreseen, at)
            self._passed = self._kept = None
        self._unseen.clear()

    def stays(self) -> None:
        """Take note that what was there at the last look is committed."""
        self._stayed, self._passed = self._looked, None

    def _changed(self, course: Course, before: Schema | None, now: Schema) -> frozenset[Name] | None:
        """Return the tables that are other than at a commit that broke nothing; None: any fact may be broken by now."""
        is_read = course.sight is None or not course.sight.unread
        is_known = before is not None and self._kept is not None and self._kept[0] is course and is_read
        if before is None or not is_known or _surroundings(before) != _surroundings(now):
            return None
        changed = frozenset(differences(before.tables, now.tables))
        # What the rows of a table get into is not looked at here. In groups tables have other names.
        return None if changed and self._groups else changed


def _sharing(now: Schema, before: Schema | None) -> Schema:
    """Return a schema with what is the same as before being the same object: so it is seen at a glance."""
    if before is None:
        return replace(now, tables=Layers.of(now.tables))
    known = before.tables
    assert isinstance(known, Layers)  # noqa: S101 - as it was made here
    changes = {n: _with_columns_of(known.get(n), table) for n, table in now.tables.items() if known.get(n) != table}
    tables = known.changed({**changes, **dict.fromkeys(known.keys() - now.tables.keys())})
    types = before.types if before.types == now.types else now.types
    access = before.access if before.access == now.access else now.access
    return replace(now, tables=tables, types=types, access=access)


def _with_columns_of(before: Table | None, table: Table) -> Table:
    if before is None:
        return table
    known = {column.name: column for column in before.columns}
    columns = (known[each.name] if known.get(each.name) == each else each for each in table.columns)
    return replace(table, columns=tuple(columns))


def _surroundings(schema: Schema) -> tuple[object, ...]:
    """Return what facts depend on besides tables."""
    return schema.types, schema.access, schema.namespaces, schema.sequences, schema.ignores_case
