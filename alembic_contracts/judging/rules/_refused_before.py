"""What refused rows before the run, and whether a constraint refuses no more than that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from msgspec import Struct

from alembic_contracts.dialects import Dialect
from alembic_contracts.judging.rules import Types
from alembic_contracts.judging.rules._rows import KEYS, is_dangling, limits
from alembic_contracts.schemas.schema import Constraint, Table

__all__ = ["Before", "content", "is_implied", "is_key", "is_same"]


def content(constraint: Constraint) -> tuple[object, ...]:
    """Return what it demands, an expression apart: its name does not count."""
    columns: frozenset[object] = frozenset(constraint.columns)
    if len(constraint.referenced_columns) == len(constraint.columns):
        columns = frozenset(zip(constraint.columns, constraint.referenced_columns, strict=True))
    return constraint.kind, columns, constraint.references, bool(constraint.referenced_columns), constraint.period


def is_same(one: Constraint, other: Constraint, dialect: Dialect) -> bool:
    """Return whether two constraints refuse the same rows, as far as their texts tell."""
    if one.expression is None or other.expression is None:
        return one.expression is other.expression and content(one) == content(other)
    return content(one) == content(other) and bool(dialect.same_expression(one.expression, other.expression))


def _is_looser(one: Constraint, other: Constraint, dialect: Dialect) -> bool:
    """Whether a check refuses no more than another one did."""
    if one.kind != "check" or one.expression is None or other.expression is None:
        return False
    return content(one) == content(other) and dialect.is_looser(one.expression, other.expression)


class Before(Struct, frozen=True):
    """What refused rows before the run."""

    limits: tuple[Constraint, ...] = ()
    keys: tuple[Constraint, ...] = ()
    """Not where an index alone is one: its collation or operators may be others."""
    filled: frozenset[str] = frozenset()
    """Columns that are never NULL."""
    collations: Mapping[str, str | None] = {}
    """Of columns, None where it is the usual one."""

    @classmethod
    def of(cls, table: Table | None, types: Types, dialect: Dialect) -> Self:
        """Return what a table had then; None: there was none."""
        if table is None:
            return cls()
        keys = (each for each in table.constraints if is_key(each))
        filled = (column.name for column in table.columns if column.not_null)
        collations = {column.name: column.collation for column in table.columns}
        return cls(tuple(limits(table, types, dialect)), tuple(keys), frozenset(filled), collations)


def is_implied(constraint: Constraint, before: Before, dialect: Dialect) -> bool:
    """Whether all that a constraint refuses was refused: by the same one, a key of some of its columns, or more."""
    if constraint.kind == "foreign key" and any(
        is_dangling(each) and each.columns == constraint.columns for each in before.limits
    ):
        return True
    same = [
        each for each in before.limits if is_same(each, constraint, dialect) or _is_looser(each, constraint, dialect)
    ]
    narrower = tuple(key for key in before.keys if constraint.kind in KEYS and _is_part(key, constraint))
    return any(
        (_takes_as_few_nulls(each, constraint) or before.filled.issuperset(each.columns))
        and _moment(each) <= _moment(constraint)
        for each in (*same, *narrower)
    )


def _is_part(key: Constraint, constraint: Constraint) -> bool:
    """Whether what is the same to a key was so to one that was there, be it that its ranges may not even overlap."""
    if constraint.period and not key.period:  # distinct ranges can overlap
        return set(key.columns) <= set(constraint.columns[:-1])
    same_range = not constraint.period or key.columns[-1:] == constraint.columns[-1:]
    return same_range and set(key.columns) <= set(constraint.columns)


def _takes_as_few_nulls(before: Constraint, now: Constraint) -> bool:
    """Whether a constraint refused before what it refuses now for NULL in some columns."""
    is_full = now.match_full and len(now.columns) > 1
    return (before.nulls_not_distinct or not now.nulls_not_distinct) and (before.match_full or not is_full)


def is_key(constraint: Constraint) -> bool:
    """Return whether no two rows are the same by its columns, all rows being looked at."""
    return constraint.kind in KEYS and constraint.expression is None


def _moment(constraint: Constraint) -> tuple[bool, bool]:
    """Return when it is checked, later ones being greater: they let more pass."""
    return constraint.deferrable, constraint.initially_deferred
