"""A table in, those that its rows are stored in out: partitions of one that is partitioned, what is under a view."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from alembic_contracts.schemas.schema import Name, Table

__all__ = ["is_passing_on", "next_below", "source"]


def is_passing_on(table: Table | None) -> bool:
    """Return whether rows that are written to a table are another one's in the end."""
    return table is not None and (table.kind == "partitioned table" or _is_written_through(table))


def next_below(table: Table, tables: Mapping[Name, Table]) -> Iterator[Table]:
    """Yield the tables that rows get into next.

    Args:
        table: that they are written to.
        tables: all that are known.
    """
    if table.kind == "partitioned table":
        yield from (each for each in tables.values() if each.partition and table.name in each.parents)
    elif (name := source(table)) is not None and name != table.name and name in tables:
        yield tables[name]


def source(view: Table) -> Name | None:
    """Return what a view's rows are stored in: it has each column that can be written; others are in conditions alone.

    None where it cannot be told: a column can have another name in the view.
    """
    if not _is_written_through(view):
        return None
    read = dict[Name, set[str]]()
    for name, column in view.depends_on:
        read.setdefault(name, set()).add(column)
    if len(read) == 1:
        return next(iter(read))
    written = {column.name for column in view.columns if column.updatable is not False}
    able = [name for name, columns in read.items() if written <= columns]
    return able[0] if len(able) == 1 else None


def _is_written_through(table: Table) -> bool:
    return table.kind == "view" and any(column.updatable is not False for column in table.columns)
