"""A table before and now in, the SQL that gives it back its columns out: their shape, never what was in them."""

from __future__ import annotations

from collections.abc import Iterator

from alembic_contracts.dialects.postgresql.names import quote, quote_name
from alembic_contracts.dialects.postgresql.types import format_type
from alembic_contracts.schemas.schema import Column, Table

__all__ = ["restoring"]


def restoring(before: Table, now: Table) -> tuple[str, ...]:
    """Return statements for the columns that are gone, or of another type or nullability; none for anything else.

    Args:
        before: the table as it was.
        now: the same table, as it is.
    """
    if before.kind not in ("table", "partitioned table") or now.kind != before.kind:
        return ()
    name = quote_name(before.name)
    actions = [action for column in before.columns for action in _actions(column, now.column(column.name))]
    return tuple(f"ALTER TABLE {name} {action};" for action in actions)


def _actions(column: Column, now: Column | None) -> Iterator[str]:
    name = quote(column.name)
    if column.type is None or column.generated:
        return
    if now is None:
        default = f" DEFAULT {column.default}" if column.default is not None else ""
        # What rows there are have no value for it, so it cannot be NOT NULL at once without a default.
        not_null = " NOT NULL" if column.not_null and default else ""
        yield f"ADD COLUMN {name} {format_type(column.type)}{default}{not_null}"
        return
    if now.type is not None and now.type != column.type:
        yield f"ALTER COLUMN {name} TYPE {format_type(column.type)}"
    if now.not_null != column.not_null:
        yield f"ALTER COLUMN {name} {'SET' if column.not_null else 'DROP'} NOT NULL"
