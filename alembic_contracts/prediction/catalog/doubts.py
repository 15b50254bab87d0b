"""What a statement may be instead of understood: a doubt about some tables, harmless, or doubtful as a whole."""

from __future__ import annotations

from dataclasses import dataclass

from alembic_contracts.schemas.schema import Name

__all__ = ["Doubt", "Doubtful", "Harmless"]


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something whose effect is not known: why, and on which tables (None: it could be any)."""

    reason: str
    tables: frozenset[Name] | None = None


@dataclass(frozen=True, slots=True)
class Harmless:
    """A statement that cannot change the shape of any table, and why."""

    why: str


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A statement that may change tables in ways that are not worked out, and why."""

    why: str
