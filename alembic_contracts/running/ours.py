"""A migration context in, whether nothing real is migrated in it out: then nobody has to guard it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext

__all__ = ["is_ours", "make_ours"]

_MARK = "_alembic_contracts_rehearses"


def make_ours(context: MigrationContext) -> None:
    """Mark a migration context in which nothing real is migrated."""
    vars(context)[_MARK] = True


def is_ours(context: MigrationContext) -> bool:
    """Whether a migration context is one that nobody has to guard."""
    return _MARK in vars(context)
