"""What a statement may be instead of understood: a doubt about some tables, harmless, or doubtful as a whole."""

from __future__ import annotations

from msgspec import Struct

from alembic_contracts.schemas.schema import Name

__all__ = ["Doubt", "Doubtful", "Harmless"]


class Doubt(Struct, frozen=True):
    """Something whose effect is not known: why, and on which tables (None: it could be any)."""

    reason: str
    tables: frozenset[Name] | None = None


class Harmless(Struct, frozen=True):
    """A statement that cannot change the shape of any table, and why."""

    why: str


class Doubtful(Struct, frozen=True):
    """A statement that may change tables in ways that are not worked out, and why."""

    why: str
