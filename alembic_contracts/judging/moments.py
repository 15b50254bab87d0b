"""The schemas of a run in, what becomes of one table out: its states, each with the operation that led to it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property
from itertools import accumulate, chain, pairwise
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from alembic_contracts.contracts.contract import Contract, Fact
from alembic_contracts.dialects import Dialect
from alembic_contracts.judging.rules import Rule, Subject
from alembic_contracts.judging.violations import Policy
from alembic_contracts.schemas.layers import differences
from alembic_contracts.schemas.schema import Column, Name, Schema, Table
from alembic_contracts.schemas.steps import Operation, Prediction, Unproven

if TYPE_CHECKING:
    from alembic_contracts.judging.behind import Behind

__all__ = ["Course", "History", "Moment", "Point", "histories", "points", "reference"]


class Point(Struct, frozen=True):
    """A point at which the schema changes, the run commits or a revision ends."""

    operation: Operation | None
    """What led to it; None for the start and for ends."""
    schema: Schema
    judged: bool = False
    """Whether the run commits here, so that this state counts."""
    settled: bool = False
    """Whether a revision ends here."""
    doubts: tuple[Unproven, ...] = ()
    """What was left unproven since the point before; of a revision, at its end."""
    may_go_on: bool = False
    """Whether the revision may do more than was seen."""


class Moment(Struct, frozen=True):
    """A table from ``operation`` (None: from the start) until the next moment."""

    operation: Operation | None
    table: Table | None
    schema: Schema
    """All that is there at its end."""
    judged: bool
    settled: bool
    doubt: Unproven | None = None
    """What may have changed the table, and could not be worked out."""
    may_go_on: bool = False
    """Whether that may be what a revision does after all that was seen of it."""

    def behind(self) -> tuple[Behind, ...]:
        """Return the tables that rows of this one get into, as far as they are known."""
        if self.table is None or not self.table.may_pass_on:
            return ()
        from alembic_contracts.judging.behind import behind

        return behind(self.table, self.schema.tables)


def points(prediction: Prediction, *, commits_each_revision: bool) -> Iterator[Point]:
    """Yield the points of a run, the start first.

    Args:
        prediction: the run.
        commits_each_revision: whether the end of every revision counts.
    """
    schema = prediction.before
    doubts = _by_revision(prediction)
    yield Point(None, schema, doubts=doubts[None])
    for step in prediction.steps:
        for operation in step.operations:
            if operation.after is not schema or operation.commits:
                schema = operation.after
                yield Point(operation, schema, operation.commits)
        own = doubts[step.revision]
        yield Point(None, schema, commits_each_revision, settled=True, doubts=own, may_go_on=step.may_go_on)
    yield Point(None, schema, judged=True, settled=True)


def _by_revision(prediction: Prediction) -> dict[str | None, tuple[Unproven, ...]]:
    """Return what is unproven by the revision at whose end it counts; None: it belongs to none of them."""
    found: dict[str | None, tuple[Unproven, ...]] = {step.revision: () for step in prediction.steps} | {None: ()}
    for each in chain(prediction.unproven, () if prediction.cut is None else (prediction.cut,)):
        revision = each.location.revision if each.location is not None else None
        found[revision if revision in found else None] += (each,)
    return found


def histories(course: Iterable[Point], names: Iterable[Name]) -> dict[Name, list[Moment]]:
    """Return the moments of each table: one for each change of it, of what its facts depend on, and of what is known.

    Args:
        course: the points of a run, in their order.
        names: of the tables.
    """
    telling = _Telling(tuple(names))
    for point in course:
        telling.hear(point)
    return telling.histories()


class _Telling:
    """What became of several tables so far. A point costs what it changes."""

    def __init__(self, names: tuple[Name, ...]) -> None:
        self._histories: dict[Name, list[Moment]] = {name: [] for name in names}
        self._names = frozenset(names)
        self._latest: Schema | None = None
        self._leading: dict[Name, set[Name]] = {}
        """Tables with those whose rows get into them: views and partitioned tables, themselves included."""
        self._unjudged: set[Name] = set()
        self._unsettled: set[Name] = set()

    def hear(self, point: Point) -> None:
        """Take note of a point."""
        new = self._concerned(point)
        for name, doubt in new.items():
            self._close(name)
            table = point.schema.tables.get(name)
            moment = Moment(
                point.operation, table, point.schema, point.judged, point.settled, doubt, may_go_on=point.may_go_on
            )
            self._histories[name].append(moment)
            if table is not None and table.may_pass_on:
                self._lead(name, point.schema)
        self._remember(point, new)
        self._latest = point.schema

    def _concerned(self, point: Point) -> dict[Name, Unproven | None]:
        """Return the tables for which a moment begins, with what may have changed them and could not be worked out."""
        schema, found = point.schema, dict[Name, Unproven | None]()
        if self._latest is None or not _same_surroundings(schema, self._latest):
            found = dict.fromkeys(self._names)
        elif schema is not self._latest:
            changed = differences(schema.tables, self._latest.tables)
            found = dict.fromkeys(self._names & changed) | dict.fromkeys(self._reached(changed, schema))
        for doubt in reversed(point.doubts):
            found |= dict.fromkeys(self._names if doubt.tables is None else self._names & doubt.tables, doubt)
        return found

    def _lead(self, name: Name, schema: Schema) -> None:
        from alembic_contracts.judging.behind import under

        for each in (name, *under(name, schema.tables)):
            self._leading.setdefault(each, set()).add(name)

    def _reached(self, changed: AbstractSet[Name], schema: Schema) -> Iterator[Name]:
        """Yield tables that are what they were, with one behind them that is not."""
        if not self._leading or self._latest is None:
            return
        from alembic_contracts.judging.behind import above

        touched = {*changed}
        for known in (schema, self._latest):
            touched.update(chain.from_iterable(above(name, known.tables) for name in changed))
        yield from chain.from_iterable(self._leading.get(name, ()) for name in touched)

    def _remember(self, point: Point, new: Collection[Name]) -> None:
        """Keep for the moments that go on that the run has committed since, or a revision has ended."""
        self._mark(self._unjudged, new, is_now=point.judged, mark=lambda moment: replace(moment, judged=True))
        self._mark(self._unsettled, new, is_now=point.settled, mark=lambda moment: replace(moment, settled=True))

    def _mark(
        self, waiting: set[Name], new: Collection[Name], *, is_now: bool, mark: Callable[[Moment], Moment]
    ) -> None:
        """Mark the last moments of the tables that wait for it, if it is now, else have the new ones wait as well."""
        if not is_now:
            waiting.update(new)
            return
        for name in waiting.difference(new):
            self._histories[name][-1] = mark(self._histories[name][-1])
        waiting.clear()

    def _close(self, name: Name) -> None:
        history = self._histories[name]
        if history and self._latest is not None:
            history[-1] = replace(history[-1], schema=self._latest)

    def histories(self) -> dict[Name, list[Moment]]:
        """Return what was noted."""
        for name in self._histories:
            self._close(name)
        return self._histories


def reference(history: Iterable[Moment]) -> Moment | None:
    """Return the table before the run, or else at the end of the revision that it first came to be in."""
    for position, moment in enumerate(history):
        if moment.table is not None and (position == 0 or moment.settled):
            return moment
    return None


def _same_surroundings(one: Schema, other: Schema) -> bool:
    """Whether what facts depend on besides tables is the same. Most of the time it is one and the same object."""
    return (one.types is other.types or one.types == other.types) and (
        one.access is other.access or one.access == other.access
    )


def _doubt_at(history: Sequence[Moment], index: int) -> Unproven | None:
    """Return the last thing up to a moment that could not be worked out."""
    doubts = (history[each].doubt for each in range(index, -1, -1))
    return next((doubt for doubt in doubts if doubt is not None), None)


class History:
    """A table's moments, and what is known of its columns at each; all contracts about the table share it."""

    def __init__(self, moments: Sequence[Moment]) -> None:
        """Take the moments of a table, of which there is one at least."""
        self.moments = moments
        self._columns: dict[int, dict[str, Column]] = {}
        self._unvalidated: dict[int, frozenset[str]] = {}
        self._since: dict[str, Sequence[int]] = {}

    def columns(self, index: int) -> Mapping[str, Column]:
        """Return the columns at a moment, by their names."""
        if index not in self._columns:
            table = self.moments[index].table
            self._columns[index] = {} if table is None else {column.name: column for column in table.columns}
        return self._columns[index]

    def unvalidated(self, index: int) -> frozenset[str]:
        """Return the columns that are NOT NULL in new rows alone at a moment."""
        if index not in self._unvalidated:
            table = self.moments[index].table
            self._unvalidated[index] = frozenset() if table is None else table.unvalidated
        return self._unvalidated[index]

    def since(self, column: str) -> Sequence[int]:
        """Return for each moment the earliest one since when a column, its table's kind and all types are the same."""
        if column not in self._since:
            of_all, of_columns = self._changes
            changes = of_all | of_columns.get(column, set())
            self._since[column] = tuple(accumulate((i if i in changes else 0 for i in range(len(self.moments))), max))
        return self._since[column]

    @cached_property
    def _changes(self) -> tuple[set[int], dict[str, set[int]]]:
        """The moments at which what facts about any column depend on changes, and those of single columns."""
        of_all, of_columns = {0}, dict[str, set[int]]()
        for index, (one, other) in enumerate(pairwise(self.moments), 1):
            if not _are_alike(one, other):
                of_all.add(index)
            elif one.table is not None and other.table is not None:
                for name in _changed(one.table, other.table):
                    of_columns.setdefault(name, set()).add(index)
        return of_all, of_columns


def _are_alike(one: Moment, other: Moment) -> bool:
    """Whether what facts about columns depend on besides these is the same at two moments."""
    if one.table is None or other.table is None:
        return one.table is other.table
    same = one.table.kind == other.table.kind and one.table.complete == other.table.complete
    return same and (one.schema.types is other.schema.types or one.schema.types == other.schema.types)


def _changed(before: Table, after: Table) -> set[str]:
    """Return the names of columns that are not the same in two states of a table."""
    if before is after:
        return set()
    found = set[str]()
    if before.constraints is not after.constraints:
        found.update(before.unvalidated ^ after.unvalidated)
    count = len(before.columns)
    if after.columns[:count] == before.columns:  # what most revisions do: at most there are some more
        return found.union(column.name for column in after.columns[count:])
    then, now = ({column.name: column for column in table.columns} for table in (before, after))
    return found | {name for name in then.keys() | now.keys() if then.get(name) != now.get(name)}


class Course:
    """A table's moments as one contract sees them: what all of its facts about the table are compared with."""

    def __init__(self, contract: Contract, told: History, *, policy: Policy, dialect: Dialect) -> None:
        """Take what became of a table."""
        self.contract, self.policy, self.dialect = contract, policy, dialect
        history = told.moments
        self._told, self.history = told, history
        self.is_doubted = any(moment.doubt is not None for moment in history)
        last = len(history) - 1
        self.judged = [last] if policy.scope == "target" else [i for i, m in enumerate(history) if m.judged][::-1]
        self.decisive = {last, *self.judged}
        """Where a fact has to hold; what it was elsewhere matters where it does not."""
        birth = next((index for index, moment in enumerate(history) if moment.table is not None), 0)
        self.since_birth = {index for index in self.decisive if index >= birth}
        """The same once the table is there: before a run has made it nothing of it can break."""
        self.doubt_before = _doubt_at(history, next((index for index in self.judged if index < birth), -1))
        """What may have made the table then, when that was last judged; it is in vain to ask what it was like."""
        self._reference = reference(history)
        self._subjects: dict[tuple[int, str | None], Subject] = {}

    def subject(self, index: int, column: str | None) -> Subject:
        """Return what a fact of a column (None: of the table) is compared with at one moment."""
        key = index, column
        if key not in self._subjects:
            moment = self.history[index]
            reference, table = self._reference or moment, moment.table
            is_met = column is None and table is not None and "writer" in self.contract.sides(table.name)
            self._subjects[key] = Subject(
                table=table,
                column=None if column is None else self._told.columns(index).get(column),
                types=moment.schema.types,
                tables=moment.schema.tables.keys(),
                dialect=self.dialect,
                contract=self.contract,
                reference=reference.table,
                reference_types=reference.schema.types,
                access=moment.schema.access,
                unvalidated=self._told.unvalidated(index),
                reference_access=reference.schema.access,
                is_new=self.history[0].table is None,
                behind=moment.behind() if is_met else (),
                reference_behind=reference.behind() if is_met else (),
            )
        return self._subjects[key]

    def since(self, fact: Fact, rule: Rule) -> Sequence[int]:
        """Return for each moment the earliest one since when what a fact is compared with has been the same."""
        if fact.column is None or not rule.column_alone:
            return range(len(self.history))
        return self._told.since(fact.column)
