"""What a prediction yields: the schema after every operation of every revision, as immutable values."""

from __future__ import annotations

from dataclasses import dataclass

from alembic_contracts.judging.violations import Location, Unproven
from alembic_contracts.schemas.schema import Schema

__all__ = ["Operation", "Prediction", "Step"]


@dataclass(frozen=True, slots=True)
class Operation:
    """One statement of a version script and the schema after it."""

    location: Location | None
    label: str
    """What it does, short: the statement's first line or the Alembic operation."""
    after: Schema
    """Only the watched tables; the same object as before where none of them changed."""
    commits: bool = False
    """Whether everything up to here is committed at this point (``autocommit_block``, an explicit COMMIT)."""


@dataclass(frozen=True, slots=True)
class Step:
    """One revision being applied."""

    revision: str
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """One way in which the pending revisions can go; where scripts read data there is one per possible world."""

    before: Schema
    steps: tuple[Step, ...]
    unproven: tuple[Unproven, ...] = ()
    """What could not be worked out and may concern a watched table."""

    @property
    def after(self) -> Schema:
        """The schema at the end."""
        return next((op.after for step in reversed(self.steps) for op in reversed(step.operations)), self.before)
