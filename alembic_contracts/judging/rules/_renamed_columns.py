"""A constraint of what is under a view in, whether it is one that was there about columns of other names out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from alembic_contracts.judging.rules import Subject
from alembic_contracts.judging.rules._rows import KEYS
from alembic_contracts.schemas.schema import Constraint, Table

__all__ = ["is_renamed", "may_be_renamed"]


def is_renamed(constraint: Constraint, before: Sequence[Constraint], subject: Subject) -> bool:
    """Whether it was there, about columns that have other names now: who writes to a view does not mind these."""
    table = cast("Table", subject.table)
    return any(
        (each.kind, each.name) == (constraint.kind, constraint.name)
        and any(table.column(name) is None for name in each.columns)
        for each in before
    )


def may_be_renamed(constraint: Constraint, before: Sequence[Constraint], subject: Subject) -> bool:
    """Whether it may be one of the table that became a view: of another table, about columns of other names."""
    table, was = cast("Table", subject.table), cast("Table", subject.reference)
    if table.name == was.name or all(was.column(name) for name in constraint.columns):
        return False
    kinds = KEYS if constraint.kind in KEYS else {constraint.kind}
    return any(each.kind in kinds for each in before)
