"""What a run leaves at each commit in, the verdict on it out: what is as it was at the commit before is judged once.

A run commits as often as it has revisions where Alembic is set to ``transaction_per_migration``.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct
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

__all__ = ["Resulting"]


class Resulting(Struct):
    """What was seen of a run's commits so far."""

    terms: Terms
    _stayed: tuple[Step, ...] = ()
    """What was there at earlier ones, one step a revision: a break is put down to the revision that was run then, and a
    table that the run has made is held to what it was when its revision was through."""
    _looked: tuple[Step, ...] = ()
    """The same, with the last look, which need not stay."""
    _tables: frozenset[Name] = frozenset()
    """That were there at any of them."""
    _making: frozenset[str] = frozenset()
    """Revisions in which any of them was there for the first time."""
    _last: Schema | None = None
    """What was there at the last one."""
    _kept: tuple[Course, Report] | None = None
    """What that was compared with and the verdict on it, where it broke nothing."""
    _groups: tuple[Held, ...] | None = None

    def verdict(
        self, course: Course, now: Schema, *, revision: str, place: Location | None, ends: bool, whole: bool
    ) -> Report:
        """Return the verdict on what is there.

        Args:
            course: what was examined before the run; its start is what held before.
            now: what is there of the tables that contracts are about.
            revision: the latest one that has run.
            place: where what is broken is put down to.
            ends: whether the run is through.
            whole: whether what did not hold before either is told of a run that is not through and breaks nothing.
        """
        before = self._last
        self._last = now = _sharing(now, before)
        self._looked = _with(self._stayed, revision, Operation(place, "commit", now))
        if course.dialect.FORESIGHT == "none":
            self.stays()  # each statement that changes the schema has committed that
        if self._groups is None:
            self._groups = groups_of(self.terms, course.dialect)
        scope, groups = scope_of(self.terms), self._groups
        known = partial(judge_state, course, self.terms, scope=scope, ends=ends, groups=groups)
        judged = partial(known, since=_committing(self._looked))
        kept, changed = self._kept, self._changed(course, before, now)
        self._kept = None
        if ends or whole or scope != "introduced":
            return judged()
        if kept is not None and changed is not None and not changed:
            self._kept = kept
            return kept[1]
        # Whether anything is broken depends on what was there at first and is now; the rest tells by which revision.
        *earlier, latest = _committing(self._looked)
        making = (*(step for step in earlier if step.revision in self._making), latest)
        report = known(since=making, tables=changed, standing=False)
        if report.status != "kept" or report.violations:
            report = judged(tables=changed, standing=False)
        if report.status != "kept":
            return judged()
        self._kept = course, report
        return report

    def stays(self) -> None:
        """Take note that what was there at the last look is committed."""
        self._stayed = self._looked
        *_, latest = self._stayed
        there = latest.operations[-1].after.tables.keys()
        if not there <= self._tables:
            self._making |= {latest.revision}
            self._tables |= there

    def _changed(self, course: Course, before: Schema | None, now: Schema) -> frozenset[Name] | None:
        """Return the tables that are other than at a commit that broke nothing; None: any fact may be broken by now."""
        is_read = course.sight is None or not course.sight.unread
        is_known = before is not None and self._kept is not None and self._kept[0] is course and is_read
        if before is None or not is_known or _surroundings(before) != _surroundings(now):
            return None
        changed = frozenset(differences(before.tables, now.tables))
        # What the rows of a table get into is not looked at here. In groups tables have other names.
        return None if changed and self._groups else changed


def _with(steps: tuple[Step, ...], revision: str, operation: Operation) -> tuple[Step, ...]:
    """Return what was seen with one look more: a revision that commits in its middle is one step all the same."""
    if steps and steps[-1].revision == revision:
        return (*steps[:-1], Step(revision, (*steps[-1].operations, operation)))
    return (*steps, Step(revision, (operation,)))


def _committing(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Return steps of which the last operation is the one that is judged: the others were, when they were the last."""
    *operations, last = steps[-1].operations
    return (*steps[:-1], Step(steps[-1].revision, (*operations, replace(last, commits=True))))


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
