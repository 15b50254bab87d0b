"""What rows meet on SQLite alone: collations of keys, and STRICT tables (https://sqlite.org/stricttables.html)."""

from __future__ import annotations

from typing import cast

from alembic_contracts.contracts.contract import Fact
from alembic_contracts.judging.rules import Subject
from alembic_contracts.schemas.schema import Column, Constraint, Table

__all__ = ["is_coarser", "is_stated", "is_stricter"]

_TAKEN_AS = frozenset({("INT", "REAL"), ("INT", "TEXT"), ("REAL", "TEXT")})
"""Types whose values a column of another one takes, converted."""


def is_coarser(constraint: Constraint, fact: Fact, subject: Subject) -> bool:
    """Whether more values are the same to a key than were before: the usual way is byte by byte.

    Args:
        constraint: a key.
        fact: about its table.
        subject: the table.
    """
    before, table = subject.reference, cast("Table", subject.table)
    if before is None:
        return False
    both = ((before.column(name), table.column(name)) for name in constraint.columns)
    coarser = {
        (now.name, now.collation) for was, now in both if was and now and now.collation not in (None, was.collation)
    }
    stated = (each for each in subject.contract.facts if (each.table, each.rule) == (fact.table, "collation"))
    return bool(coarser and coarser - {(each.column, each.expected) for each in stated})


def is_stated(fact: Fact, subject: Subject) -> bool:
    """Whether a table refuses nothing by being STRICT but values of types that the contract states otherwise.

    Columns that it does not name get their defaults, which may not fit.

    Args:
        fact: about the table.
        subject: the table.
    """
    named = {*subject.contract.columns(fact.table)}
    typed = {each.column for each in subject.contract.facts if (each.table, each.rule) == (fact.table, "column-type")}
    columns = [each for each in cast("Table", subject.table).columns if _name(each) != "ANY"]
    if not named or any(each.name not in named and each.default is not None for each in columns):
        return False
    return typed >= named.intersection(each.name for each in columns)


def is_stricter(was: Column, now: Column) -> bool:
    """Whether a column of a table that was STRICT takes fewer values than it did."""
    before, after = _name(was), _name(now)
    return after not in (before, "ANY") and (before, after) not in _TAKEN_AS


def _name(column: Column) -> str:
    name = "" if column.type is None else column.type.name.name.upper()
    return "INT" if name == "INTEGER" else name
