"""What became of a table in, how a fact came to be broken out: on what it depends which advice is true."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import count

from msgspec import Struct
from msgspec.structs import replace

from alembic_contracts.contracts.contract import Fact
from alembic_contracts.judging.moments import Moment
from alembic_contracts.judging.rules import Situation
from alembic_contracts.patterns import pattern
from alembic_contracts.schemas.schema import Column, Table

__all__ = ["Course", "before", "column_of", "moved_to", "new_name", "situation", "using"]

_RENAME = pattern(r'RENAME TO (?:"((?:[^"]|"")+)"|(\w+))', re.IGNORECASE)


_MOVED = pattern(
    r"ALTER (?:SCHEMA .* RENAME TO|(?:TABLE|VIEW|MATERIALIZED VIEW|FOREIGN TABLE) .* SET SCHEMA) "
    r'(?:"((?:[^"]|"")+)"|(\w+));?$',
    re.IGNORECASE,
)


class Course(Struct, frozen=True, kw_only=True):
    """How a fact came to be broken."""

    history: Sequence[Moment]
    """Of the fact's table."""
    index: int
    """The moment at which it is broken."""
    held: int | None
    """The last one before at which it held; None: it never did."""

    @property
    def now(self) -> Moment:
        """The moment at which it is broken."""
        return self.history[self.index]

    @property
    def earlier(self) -> tuple[Table, ...]:
        """All that the table was before, the latest first."""
        return tuple(moment.table for moment in reversed(self.history[: self.index]) if moment.table is not None)

    @property
    def was_away(self) -> bool:
        """Whether there was no such table in between: what it was may be there under another name."""
        return any(moment.table is None for moment in self.history[self.held or 0 : self.index])


def situation(fact: Fact, course: Course, *, meant: str) -> Situation:
    """Return what it depends on how a fact can be mended.

    Args:
        fact: what is broken.
        course: how it came to that.
        meant: the name that the contract probably means; may be empty.
    """
    name = _renamed(fact, course)
    was, now = before(fact, course), course.now.table
    old, new = column_of(was, fact.column), column_of(now, name)
    return Situation(
        fact=fact,
        held=course.held is not None,
        renamed=name is not None,
        moved=moved_to(fact, course) is not None,
        retyped=old is not None and new is not None and old.type != new.type,
        inherits=was is not None and _inherits(was, fact, course),
        type_renamed=_is_renamed_type(old, column_of(now, fact.column), course),
        before=was,
        after=now,
        meant=meant,
    )


def _inherits(was: Table, fact: Fact, course: Course) -> bool:
    """Whether a table has its columns, or the one that a fact is about, from others."""
    if was.partition or fact.column is None:
        return was.partition
    parents = (course.now.schema.tables.get(each, course.history[0].schema.tables.get(each)) for each in was.parents)
    then = [course.history[0].schema.tables.get(each) for each in was.parents]
    return any(each is None or each.column(fact.column) is not None for each in (*parents, *then))


def _is_renamed_type(old: Column | None, new: Column | None, course: Course) -> bool:
    """Whether a column's type is a user's that has another name now."""
    if old is None or new is None or old.type is None or new.type is None or old.type == new.type:
        return False
    before, now = course.history[0].schema.types, course.now.schema.types
    was, is_ = before.get(old.type.name), now.get(new.type.name)
    if was is None or is_ is None or old.type.name in now or new.type.name in before:
        return False
    return replace(was, name=is_.name) == is_


def before(fact: Fact, course: Course) -> Table | None:
    """Return the table when it was last there before a break, with the column where the fact is about one.

    What else the line that broke the fact did before to it, is not what it was: one call can be several statements.
    """
    history = course.history
    there = [i for i in range(course.index) if (t := history[i].table) is not None and _has(t, fact)]
    if not there:
        return None
    position = there[-1] if course.held is None or course.held not in there else course.held
    while position - 1 in there and _same_line(history[position], history[position + 1]):
        position -= 1
    return history[position].table


def _has(table: Table, fact: Fact) -> bool:
    return fact.column is None or table.column(fact.column) is not None


def _same_line(one: Moment, other: Moment) -> bool:
    """Whether one line of a script did both."""
    if one.operation is None or other.operation is None:
        return False
    return one.operation.location is not None and one.operation.location == other.operation.location


def new_name(fact: Fact, course: Course) -> str:
    """Return the name that the column or table has got in the run, or of a column one that is free."""
    renamed = _renamed(fact, course)
    if fact.column is None:
        return renamed or fact.table.name
    tables = [moment.table for moment in course.history[: course.index + 1] if moment.table is not None]
    if renamed is not None and not (tables[0].column(renamed) or tables[-1].column(fact.column)):
        return renamed  # it is neither that of another column before, nor has another one taken the old name since
    taken = {column.name for table in tables for column in table.columns}
    return next(name for n in count(1) if (name := f"{fact.column}_new{n if n > 1 else ''}") not in taken)


def _renamed(fact: Fact, course: Course) -> str | None:
    """Return the name that the column or table has got in the run, None where it was not renamed."""
    history, index = course.history, course.index
    for position in range(index, 0, -1):
        earlier, now = history[position - 1].table, history[position]
        if earlier is None or (fact.column is not None and earlier.column(fact.column) is None):
            continue
        if fact.column is not None:
            # Batch mode drops the table and makes it again under another name, which it then gives up.
            now = next((moment for moment in history[position : index + 1] if moment.table is not None), now)
            label = now.operation.label.upper() if now.operation is not None else ""
            told = label not in {"", "COMMIT"}  # what was only observed at its end may have been a rename
            return None if told and "RENAME" not in label else _new_column(earlier, now.table, fact.column)
        return None if now.table is not None or _moved(now) else _new_table(now)
    return None


def moved_to(fact: Fact, course: Course) -> str | None:
    """Return the schema that a table has got into in the run, be it its own under another name; None: no other."""
    for position in range(course.index, 0, -1):
        if course.history[position - 1].table is not None:
            return _moved(course.history[position]) if fact.column is None else None
    return None


def _moved(moment: Moment) -> str | None:
    if moment.table is not None or moment.operation is None:
        return None
    found = _MOVED.match(moment.operation.label)
    return None if found is None else next(each for each in found.groups() if each).replace('""', '"')


def _new_table(moment: Moment) -> str | None:
    found = _RENAME.search(moment.operation.label) if moment.operation is not None else None
    return None if found is None else (found[1] or found[2]).replace('""', '"')


def _new_column(before: Table, after: Table | None, column: str) -> str | None:
    """Return the column in the same position with the same type: a column that is added comes last."""
    if after is None or after.column(column) is not None or len(before.columns) != len(after.columns):
        return None
    position = [each.name for each in before.columns].index(column)
    other = after.columns[position]
    return other.name if before.column(other.name) is None and other.type == before.columns[position].type else None


def column_of(table: Table | None, name: str | None) -> Column | None:
    """Return a column, None where there is none."""
    return None if table is None or name is None else table.column(name)


# -- how values are converted ------------------------------------------------------------------------------------------

_IDENTIFIER = r'(?:"(?:[^"]|"")+"|[\w$]+)'
_RETYPED = pattern(
    rf"ALTER (?:COLUMN )?(?P<name>{_IDENTIFIER}) (?:SET DATA )?TYPE [^,;']*? USING (?P<how>.+?);?", re.IGNORECASE
)
_TOKENS = pattern(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|[(),;]|[^'\"(),;]+")


def using(fact: Fact, course: Course) -> str | None:
    """Return the expression by which a script gives a column its new type, None where none is known."""
    for position in range(course.index, 0, -1):
        then, now = (column_of(course.history[i].table, fact.column) for i in (position - 1, position))
        operation = course.history[position].operation
        if then is None or now is None or operation is None or then.type == now.type:
            continue
        match = next((m for m in _RETYPED.finditer(operation.label) if _is(m["name"], fact.column)), None)
        return None if match is None else _whole(operation.label[match.start("how") :])
    return None


def _is(written: str, name: str | None) -> bool:
    return (written[1:-1].replace('""', '"') if written.startswith('"') else written.lower()) == name


def _whole(text: str) -> str | None:
    """Return an expression up to its end, None where more than that follows or its end is not there."""
    depth, end = 0, 0
    for token in _TOKENS.finditer(text):
        if token.start() != end:
            return None
        end = token.end()
        depth += {"(": 1, ")": -1}.get(token[0], 0)
        if depth < 0 or (depth == 0 and token[0] in ",;") or "$" in token[0] or "--" in token[0]:
            return None
    return text.strip() if end == len(text) and depth == 0 and not text.endswith("…") else None
