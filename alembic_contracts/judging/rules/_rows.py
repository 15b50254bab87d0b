"""What a row of a table meets: what fills columns that it does not name, and all that can refuse it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import TYPE_CHECKING, cast

from msgspec.structs import replace

from alembic_contracts.contracts.contract import ForeignKey
from alembic_contracts.dialects import Dialect
from alembic_contracts.judging.rules import Situation, Subject, Types, Unknown
from alembic_contracts.patterns import pattern
from alembic_contracts.schemas.passing import is_passing_on
from alembic_contracts.schemas.remarks import Printed
from alembic_contracts.schemas.schema import Column, Constraint, Name, Table, TypeDefinition

if TYPE_CHECKING:
    from alembic_contracts.judging.behind import Behind

__all__ = [
    "KEYS",
    "STRICT",
    "forgives_less",
    "has_lost_a_key",
    "is_as_stated",
    "is_below",
    "is_dangling",
    "is_filled",
    "lacks_partitions",
    "limits",
    "may_take_none",
    "no_more_taken",
    "parts_of",
    "passed_on",
    "takes_less",
]

KEYS = frozenset({"primary key", "unique"})
_KINDS = frozenset({"check", "foreign key", "exclude"}) | KEYS
STRICT = "STRICT"
"""What stands for the condition that values are of their columns' types (https://sqlite.org/stricttables.html)."""
_SHOWN = 3
"""So many partitions are named where there are more."""
_STATEMENTS = frozenset({"INSERT", "UPDATE", "DELETE"})
_VALUE = pattern(r"""('(?:[^']|'')*'|"(?:[^"]|"")*")|\bVALUE\b""")
"""What a domain's check calls the value, outside of quotes."""
_NULL = pattern(r'\(*NULL\)*(::[\w\s."]+(\([\d, ]+\))?(\[\])*\)*)*', re.IGNORECASE)
"""NULL, cast to whatever: it is kept as a default where it has to be fitted to a type, or stands before a domain's."""


def is_filled(column: Column, types: Types) -> bool:
    """Return whether a column fills itself: by its default, or by that of its domain unless it has one of its own.

    A domain has what it is based on for its default only if that had one when the domain was made (``DefineDomain``).
    """
    if column.identity or column.generated:
        return True
    default = column.default
    if default is None and column.type is not None and not column.type.dimensions:
        definition = types.get(column.type.name)
        default = definition.default if definition is not None else None
    return default is not None and _NULL.fullmatch(default) is None


def is_as_stated(constraint: Constraint, key: ForeignKey) -> bool:
    """Whether a constraint is a foreign key as it is stated, where columns are stated to the same ones."""
    if constraint.kind != "foreign key" or constraint.references != key.table:
        return False
    # On SQLite, one that names none has as many as the primary key has by now, which need not fit.
    if not key.referenced_columns or len(constraint.referenced_columns) != len(constraint.columns):
        return set(constraint.columns) == set(key.columns)
    pairs = zip(constraint.columns, constraint.referenced_columns, strict=True)
    return set(pairs) == set(zip(key.columns, key.referenced_columns, strict=True))


def limits(table: Table, types: Types, dialect: Dialect) -> Iterator[Constraint]:
    """Yield all that can refuse a row, as constraints.

    Args:
        table: the rows' table.
        types: those of users.
        dialect: of the database.
    """
    yield from (_as_met(each, dialect) for each in table.constraints if each.kind in _KINDS and each.enforced)
    for index in table.indexes:
        if index.unique and index.constraint is None:
            coarser = dict(index.coarser)
            columns = tuple(column for column in index.columns if column is not None and column not in coarser)
            others = (f"{column} COLLATE {collation}" for column, collation in coarser.items())
            parts = (*index.expressions, *others, index.predicate or "")
            yield Constraint(
                name=index.name,
                kind="unique",
                columns=columns,
                expression=" ".join(parts).strip() or None,
                nulls_not_distinct=index.nulls_not_distinct,
            )
    yield from _of_partitions(table)
    if table.strict:
        yield Constraint(name=f"of the table ({STRICT})", kind="check", expression=STRICT)
    for column in table.columns:
        if column.updatable is not False:
            yield from _of_domains(column, types, dialect)
        if column.generated and column.not_null:
            sources = dialect.nulls_from(column.expression or "", table.columns)
            if sources:
                asked = f"({column.expression}) IS NOT NULL"
                yield Constraint(name=column.name, kind="not null", columns=sources, expression=asked)


def is_dangling(constraint: Constraint) -> bool:
    """Whether it is a foreign key of ``limits`` that refuses every row."""
    return constraint.kind == "foreign key" and constraint.expression is not None


def _as_met(constraint: Constraint, dialect: Dialect) -> Constraint:
    """Return what a constraint is to a row: SQLite and MySQL refuse each one where a foreign key finds no key.

    https://sqlite.org/foreignkeys.html, section 3; on PostgreSQL new rows are held to one that is NOT VALID as well.
    """
    if constraint.kind != "foreign key" or constraint.valid or dialect.KIND == "postgresql":
        return constraint
    return replace(constraint, expression="no key")


def passed_on(subject: Subject) -> Iterator[Subject]:
    """Yield the tables that a row gets into beyond its own as subjects, compared with what such a row met before.

    What a partitioned table asks for itself is not what its partitions do. A new partition takes rows that nothing
    took, unless there was a default one; what is under a view can have been the view's table itself.
    """
    own, now = subject.reference, subject.table
    if own is None or now is None or (is_passing_on(own) and not subject.reference_behind):
        return  # what is not known to have been there is not known to be new
    known, new = {each.table.name: each for each in subject.reference_behind}, set[Name]()
    successor = _successor(subject, known)
    for each in subject.behind:
        before = known.get(each.table.name) or successor.get(each.table.name)
        if before is None and (each.above.name in new or _takes_what_none_took(each, subject, known)):
            new.add(each.table.name)
            continue
        if before is not None and each.is_as_before(before):
            continue
        was, table = None if before is None else before.seen(), each.seen()
        met = [own, was] if was is not None else [own, *(other.table for other in known.values())]
        met += [now] if table.partition else []
        reference = replace(
            was or own,
            constraints=tuple(chain.from_iterable(each.constraints for each in met)),
            indexes=tuple(chain.from_iterable(each.indexes for each in met)),
        )
        yield replace(subject, table=table, column=None, reference=reference, behind=(), reference_behind=())


def _successor(subject: Subject, known: Mapping[Name, Behind]) -> Mapping[Name, Behind]:
    """Return what was under a view, by the name of what is there in its place: it may just have been renamed."""
    there = {each.table.name for each in subject.behind}
    gone, come = [known[name] for name in known if name not in there], there - known.keys()
    is_one = len(gone) == len(come) == 1 and not gone[0].table.partition
    return dict.fromkeys(come, gone[0]) if is_one else {}


def _refusing(table: Table, dialect: Dialect) -> frozenset[str]:
    """Return which statements nothing takes of what is no table: INSERT, UPDATE or DELETE.

    What a query lets through PostgreSQL tells by the columns (``pg_column_is_updatable``); SQLite's views let nothing.
    """
    if table.kind == "materialized view":
        return _STATEMENTS
    if table.kind != "view" or table.taken is None:
        return frozenset()
    if dialect.KIND == "sqlite":
        return _STATEMENTS - table.taken
    lets = not table.complete or any(column.updatable is not False for column in table.columns)
    return frozenset() if lets else _STATEMENTS - table.taken - {"DELETE"}


def no_more_taken(subject: Subject) -> frozenset[str]:
    """Return what took rows before that nothing takes any more, in a few words each."""
    table, before = cast("Table", subject.table), subject.reference
    if before is None:
        return frozenset()
    refused = _refusing(table, subject.dialect) - _refusing(before, subject.dialect)
    found = {f"nothing that takes {' or '.join(sorted(refused))} any more"} if refused else set()
    return frozenset(found | _without_partition(before, table, subject))


def _without_partition(before: Table, table: Table, subject: Subject) -> set[str]:
    """Return rows that have no partition any more, in a few words each."""
    found = set[str]()
    if table.kind == "partitioned table" and before.has_default_partition and not table.has_default_partition:
        found.add("no default partition any more")
    for bound in () if subject.is_new else _no_room(before, table) or ():
        shown = sorted(table.partition_bounds)
        more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
        some = f"partitions for some rows alone ({', '.join(shown[:_SHOWN])}{more})"
        everything = some if shown else "no partition for any row"
        found.add(f"no partition {bound} any more" if bound else everything)
    return found


def _no_room(before: Table, table: Table) -> frozenset[str] | None:
    """Return the rows that a table has no partition for, as ``no_room`` does."""
    if table.kind != "partitioned table":
        return frozenset()
    from alembic_contracts.judging.rules._partition_room import no_room

    return no_room(before, table)


def lacks_partitions(before: Table, table: Table) -> bool:
    """Return whether rows that a table took certainly have no partition any more, the default one apart."""
    return bool(_no_room(before, table))


def may_take_none(subject: Subject) -> Unknown | None:
    """Return that it is not known whether rows are taken, where that is so and they were."""
    table, before = cast("Table", subject.table), subject.reference
    if before is not None and not subject.is_new and _no_room(before, table) is None:
        return Unknown(f"whether {table.name} has a partition for each row that it took could not be worked out")
    if before is None or table.taken is not None:
        return None
    if not _refusing(replace(table, taken=frozenset()), subject.dialect) - _refusing(before, subject.dialect):
        return None
    return Unknown(f"whether a trigger or a rule takes the rows of {table.name} could not be worked out")


def takes_less(before: Table, after: Table) -> bool:
    """Whether something that is no table may take fewer rows than it did, or the table that it was."""
    ways = [(each.kind, each.taken, [column.updatable for column in each.columns]) for each in (before, after)]
    return after.kind in {"view", "materialized view"} and ways[0] != ways[1] and not after.check_option


def has_lost_a_key(before: Table, after: Table) -> bool:
    """Whether a foreign key is valid no more: where the database is SQLite, it refers to what is not there."""
    valid = {each.columns for each in before.constraints if each.kind == "foreign key" and each.valid}
    broken = (each for each in after.constraints if each.kind == "foreign key" and not each.valid)
    return any(each.columns in valid for each in broken)


def forgives_less(before: Table, after: Table) -> bool:
    """Whether rows are refused where something else was done in their place, as SQLite does for ``ON CONFLICT``."""
    keys = [{each.columns for each in table.constraints if each.on_conflict} for table in (before, after)]
    nulls = [{each.name for each in table.columns if each.on_null} for table in (before, after)]
    refusing = {column.name for column in after.columns if column.not_null}
    there = {each.columns for each in after.constraints}
    return bool((keys[0] - keys[1]) & there or (nulls[0] - nulls[1]) & refusing)


def is_below(situation: Situation) -> bool:
    """Whether a table itself asks for nothing that it did not: what its rows get into does."""
    before, after = situation.before, situation.after
    if before is None or after is None or not is_passing_on(after):
        return False
    required = [{column.name for column in each.columns if column.not_null} for each in (before, after)]
    return before.constraints == after.constraints and required[1] <= required[0]


def _takes_what_none_took(partition: Behind, subject: Subject, known: Mapping[Name, Behind]) -> bool:
    """Whether the rows of a new partition were refused before: none of those that were there has gone."""
    own, now = cast("Table", subject.reference), cast("Table", subject.table)
    if not partition.table.partition or now.kind == "view":
        return False
    from alembic_contracts.judging.rules._partition_room import has_fewer_partitions

    above = partition.above
    was = known[above.name].table if above.name in known else own
    return was.kind == "partitioned table" and not was.has_default_partition and not has_fewer_partitions(was, above)


def _of_partitions(table: Table) -> Iterator[Constraint]:
    """Yield what the rows of a partition are like, and those that a view shows where it takes no others."""
    for text in sorted(table.bounds):
        shown = text.partition(" by column ")[0]
        yield Constraint(name=f"of a partition ({shown})", kind="check", expression=text)
    options = {"local": ("LOCAL",), "cascaded": ("LOCAL", "CASCADED")}.get(table.check_option, ())
    for option in options:
        text = f"WITH {option} CHECK OPTION"
        yield Constraint(name=f"option of the view ({text})", kind="check", expression=text)


def _of_domains(column: Column, types: Types, dialect: Dialect) -> Iterator[Constraint]:
    """Yield the checks that a column's values meet by its type; the column's name stands for the value itself."""
    if column.type is None:
        return
    itself = None if column.type.dimensions else column.type.name
    for definition in parts_of(column.type.name, types):
        is_value = definition.name == itself
        if is_value:  # so is what it is based on
            itself = definition.base.name if definition.base is not None and not definition.base.dimensions else None
        for check in definition.checks:
            text = check.expression
            if text is not None and is_value:
                text = _about(text, dialect.quote(column.name))
            name = f"{check.name} of the domain {definition.name}"
            yield replace(check, name=name, columns=(column.name,), expression=text)


def parts_of(name: Name, types: Types) -> Iterator[TypeDefinition]:
    """Yield a type of users' and those that it is made of: what a domain is based on, fields of rows."""
    waiting, seen = [name], set[Name]()
    while waiting:
        definition = types.get(waiting.pop())
        if definition is None or definition.name in seen:
            continue
        seen.add(definition.name)
        yield definition
        waiting += [] if definition.base is None else [definition.base.name]
        waiting += [type_.name for _, type_ in definition.fields]


def _about(text: str, column: str) -> str:
    """Return a domain's check as one of the table would say it of a column."""

    def named(plain: str) -> str:
        return _VALUE.sub(lambda found: found[1] or column, plain)

    if not isinstance(text, Printed):
        return named(text)
    return Printed(named(text), None if text.printed is None else named(text.printed))
