"""A table before and now in, the SQL that gives it back its columns out: their shape, never what was in them."""

from __future__ import annotations

from collections.abc import Iterator

from alembic_contracts.dialects.sqlite.names import fold, quote, quote_name
from alembic_contracts.dialects.sqlite.tokens import meaning
from alembic_contracts.dialects.sqlite.types import format_type
from alembic_contracts.schemas.schema import Column, Table

__all__ = ["restoring"]

_LITERALS = frozenset({"string", "number", "blob"})


def restoring(before: Table, now: Table) -> tuple[str, ...]:
    """Return statements for the columns that are gone; none where ALTER TABLE cannot say it.

    It cannot change a column, nor add one that is unique, stored or part of the primary key. A column that has appeared
    beside may be the old one under a new name, or another one: it is not renamed on a guess, nor dropped.

    Args:
        before: the table as it was.
        now: the same table, as it is.
    """
    if before.kind != "table" or now.kind != "table":
        return ()
    there = {fold(column.name) for column in now.columns}
    name = quote_name(before.name)
    return tuple(
        f"ALTER TABLE {name} ADD COLUMN {added};"
        for column in before.columns
        if fold(column.name) not in there
        for added in _added(column, before)
    )


def _added(column: Column, before: Table) -> Iterator[str]:
    keys = (each for each in before.constraints if each.kind in ("primary key", "unique"))
    if column.type is None or column.generated == "stored" or any(each.columns == (column.name,) for each in keys):
        return
    if column.name in before.primary_key:
        return
    parts = [quote(column.name)]
    if column.type.name.name:
        parts.append(format_type(column.type))
    if column.collation is not None:
        parts.append(f"COLLATE {quote(column.collation)}")
    if column.generated:
        if column.expression is None:
            return
        parts.append(f"GENERATED ALWAYS AS ({column.expression}) VIRTUAL")
    elif column.default is not None and _is_constant(column.default):
        # What rows there are have no value for it, so it cannot be NOT NULL at once without a constant default.
        parts.append(f"DEFAULT {column.default}" + (" NOT NULL" if column.not_null else ""))
    yield " ".join(parts)


def _is_constant(default: str) -> bool:
    """Whether a default is the same for all rows, as that of a column has to be that is added to some."""
    parts = meaning(default)
    if parts and parts[0].text in ("+", "-"):
        parts = parts[1:]
    if len(parts) != 1:
        return False
    return parts[0].kind in _LITERALS or fold(parts[0].text) in ("true", "false")
