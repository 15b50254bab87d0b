"""Checks that a table had and has in, whether what it has refuses no more than what it had out."""

from alembic_contracts.judging.rules import Subject
from alembic_contracts.schemas.schema import Constraint

__all__ = ["is_looser_than_all", "lets_pass"]


def lets_pass(before: str, now: str, subject: Subject) -> bool:
    """Whether one condition is certainly not false where another one was not."""
    columns = (each for table in (subject.reference, subject.table) if table is not None for each in table.columns)
    return subject.dialect.is_looser(before, now, tuple(columns))


def is_looser_than_all(check: Constraint, subject: Subject) -> bool:
    """Whether a table's own check refuses no more than all that it had did together, on whichever columns."""
    was, now = subject.reference, subject.table
    if was is None or now is None or check.kind != "check" or not check.expression or check not in now.constraints:
        return False
    own = [each.expression for each in was.constraints if each.kind == "check" and each.enforced and each.expression]
    return bool(own) and lets_pass(" AND ".join(f"({each})" for each in own), check.expression, subject)
