"""A migration context in, whether a script has ended the transaction that Alembic is about to commit, out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext

__all__ = ["OVER", "is_over", "takes_along"]

OVER = (
    "the script commits or rolls back through op.get_bind(): that ends Alembic's own transaction, and what follows is "
    "never committed, its mark in the version table included"
)


def is_over(migration: MigrationContext) -> bool:
    """Return whether the transaction that Alembic is going to commit has come to its end already."""
    transaction = migration._transaction  # noqa: SLF001 - the one that Alembic itself goes by
    return transaction is not None and not transaction.is_active


def takes_along(migration: MigrationContext) -> bool:
    """Return whether what is not committed at the end of a revision is committed with the next one, if there is one."""
    return bool(migration._transaction_per_migration)  # noqa: SLF001 - that one joins the transaction that is open
