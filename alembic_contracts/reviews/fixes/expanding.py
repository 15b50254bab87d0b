"""A report and the course behind it in, what to strike out of pending scripts and what to write in their place out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field

from alembic_contracts.documents.files import read_text
from alembic_contracts.reviews.fixes.drafts import Draft, Wanted
from alembic_contracts.reviews.fixes.missing import Missing
from alembic_contracts.reviews.fixes.remedy_code import Undoable, parts, undone
from alembic_contracts.reviews.fixes.striking import Struck, struck
from alembic_contracts.schemas.schema import Name, Schema

if TYPE_CHECKING:
    from alembic.operations import MigrateOperation
    from sqlalchemy import MetaData

    from alembic_contracts.judging.violations import Report, Violation
    from alembic_contracts.running.courses import Course

__all__ = ["Expansion", "expansion"]

_WHY = "Struck out by `alembic-contracts fix`: consumers rely on what this takes away."


class Expansion(Struct, frozen=True, kw_only=True):
    """What brings the schema to what contracts state, and breaks none of them."""

    draft: Draft | None
    strikes: Mapping[Path, Struck]
    """Pending scripts without the statements that break a contract."""
    later: Mapping[tuple[Name, str | None], tuple[MigrateOperation, ...]]
    """What ends the expansion of a table or column, once its consumers have moved."""
    kept: frozenset[tuple[Name, str | None]]
    """Tables and columns that stay because of the strikes."""
    left: tuple[Violation, ...]
    """What is to be done by hand."""


def expansion(course: Course, stated: MetaData, report: Report, wanted: Wanted) -> Expansion:
    """Return what follows from a report.

    Args:
        course: what the report is on, with all tables.
        stated: the tables that contracts state.
        report: the verdict at the target.
        wanted: which tables and columns it is to be about.
    """
    broken = [
        violation
        for violation in report.violations
        if violation.severity == "error" and not (violation.at or violation.by_others)
        if wanted(violation.table, violation.column)
    ]
    work = _Work(course, stated)
    rest = work.strike([violation for violation in broken if work.is_taken_away(violation)])
    work.create([violation for violation in broken if not work.is_taken_away(violation)])
    names = ", ".join(dict.fromkeys(table.name for table in work.tables))
    owners = dict.fromkeys(f"{v.contract} ({v.owner})" for v in broken if v not in (*rest, *work.left))
    draft = Draft(
        message=f"expand {names}",
        reasons=(f"For {', '.join(owners)}.",),
        operations=tuple(work.operations),
    )
    return Expansion(
        draft=draft if work.operations else None,
        strikes=work.strikes,
        later=work.later,
        kept=frozenset(work.kept),
        left=(*rest, *work.left),
    )


_BY_HAND = frozenset({"column-generated"})
"""Rules whose remedies have an example in the place of what only its owners know."""


def _is_for_people(violation: Violation, schema: Schema) -> bool:
    """Whether the code of a remedy needs something that is not there, or another thing gone before."""
    table = schema.tables.get(violation.table)
    has_other_key = violation.rule == "primary-key" and table is not None and bool(table.primary_key)
    return violation.rule in _BY_HAND or violation.actual.startswith("no role ") or has_other_key


def _ends_of_filling(done: Sequence[MigrateOperation]) -> Iterator[MigrateOperation]:
    """Yield what ends that a new column is filled from the old one."""
    for operation in reversed(done):
        for ending in undone([operation])[0]:
            sql = str(getattr(ending, "sqltext", ""))
            if sql.startswith(("DROP TRIGGER ", "DROP FUNCTION ")):
                yield Undoable(sql, str(getattr(operation, "sqltext", "")))


class _Work(Struct):
    """Collects operations and strikes."""

    course: Course
    stated: MetaData
    operations: list[MigrateOperation] = field(default_factory=list)
    tables: list[Name] = field(default_factory=list)
    strikes: dict[Path, Struck] = field(default_factory=dict)
    later: dict[tuple[Name, str | None], tuple[MigrateOperation, ...]] = field(default_factory=dict)
    kept: set[tuple[Name, str | None]] = field(default_factory=set)
    left: list[Violation] = field(default_factory=list)
    _said: set[str] = field(default_factory=set)

    @property
    def _is_elsewhere(self) -> bool:
        """Whether remedies are written for any database but PostgreSQL, of which many ask people for something."""
        return self.course.dialect.KIND != "postgresql"

    def is_taken_away(self, violation: Violation) -> bool:
        """Whether a script that is pending in the database ends what is there."""
        there = self.course.before.tables.get(violation.table)
        if self.course.run.connection is None or not violation.introduced or there is None:
            return False
        return violation.column is None or there.column(violation.column) is not None

    # -- what is taken away ------------------------------------------------------------------------------------------

    def strike(self, violations: Sequence[Violation]) -> list[Violation]:
        """Take statements out of scripts, have what is new come beside what stays, and return what could not be."""
        paths = {step.revision.revision: Path(step.revision.path) for step in self.course.run.steps}
        missed: list[Violation] = []
        by_path: dict[Path, list[Violation]] = {}
        for violation in violations:
            path = paths.get(violation.location.revision) if violation.location is not None else None
            if path is None:
                missed.append(violation)
            else:
                by_path.setdefault(path, []).append(violation)
        for path, found in by_path.items():
            lines = [violation.location.line for violation in found if violation.location is not None]
            done = struck(read_text(path), lines, _WHY)
            if done.lines:
                self.strikes[path] = done
            for violation in found:
                if violation.location is not None and violation.location.line in done.missed:
                    missed.append(violation)
                else:
                    self._beside(violation)
        return missed

    def _beside(self, violation: Violation) -> None:
        place = violation.table, violation.column
        self.kept.add(place)
        if self._is_elsewhere:
            return
        code = parts(violation.remedy)
        if violation.rule != "table-exists" and code.adds_column and place not in self.later:
            self._add(violation.table, code.now)
            self.later[place] = code.later or tuple(_ends_of_filling(code.now))

    # -- what is missing ---------------------------------------------------------------------------------------------

    def create(self, violations: Sequence[Violation]) -> None:
        """Create what is absent, and do what remedies say of what is otherwise than stated."""
        after = self.course.predictions[0].after
        missing = Missing(self.stated, after)
        lost = [violation for violation in violations if self._was_there(violation)]
        self.left.extend(lost)
        violations = [violation for violation in violations if violation not in lost]
        absent = [v for v in violations if v.rule == "table-exists"]
        made = dict(missing.tables({violation.table for violation in absent}))
        for table, operations in made.items():
            self._add(table, operations)
        self.left.extend(violation for violation in absent if violation.table not in made)
        for violation in (v for v in violations if v.rule != "table-exists"):
            if violation.rule == "column-exists" and violation.column is not None:
                found: Sequence[MigrateOperation] = missing.column(violation.table, violation.column)
            else:
                by_hand = violation.introduced or self._is_elsewhere or _is_for_people(violation, after)
                found = () if by_hand else parts(violation.remedy).now
            if not found:
                self.left.append(violation)
            self._add(violation.table, found)

    def _was_there(self, violation: Violation) -> bool:
        """Whether a script takes away what is absent; without a database its rows may be lost already, or not yet."""
        if self.course.run.connection is not None or violation.actual != "absent":
            return False
        operations = (each for step in self.course.predictions[0].steps for each in step.operations)
        tables = (operation.after.tables.get(violation.table) for operation in operations)
        column = violation.column
        return any(table is not None and (column is None or table.column(column) is not None) for table in tables)

    def _add(self, table: Name, operations: Sequence[MigrateOperation]) -> None:
        for operation in operations:
            text = str(operation.to_diff_tuple()) if hasattr(operation, "to_diff_tuple") else str(vars(operation))
            if text not in self._said:
                self._said.add(text)
                self.operations.append(operation)
                self.tables.append(table)
