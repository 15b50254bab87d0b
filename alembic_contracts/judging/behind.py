"""A table and all others in, those that its rows get into out: a partitioned table's partitions, what is under a view.

Rows that are written to the one meet all that the others refuse, too. Only where the others are known is it told: at a
commit nothing but contracted tables is looked at, so it is foreseen from the scripts or not at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet

from msgspec.structs import replace

from alembic_contracts.schemas.schema import Column, Name, Table

__all__ = ["behind", "is_passing_on", "reached"]

_Tables = Mapping[Name, Table]


def is_passing_on(table: Table | None) -> bool:
    """Return whether rows that are written to a table are another one's in the end."""
    return table is not None and (table.kind == "partitioned table" or _is_written_through(table))


def behind(table: Table | None, tables: _Tables) -> tuple[Table, ...]:
    """Return the tables that a table's rows get into, with what fills columns for those who write to the one.

    Args:
        table: partitioned or a view; nothing is behind any other.
        tables: all that are known.
    """
    if table is None or not is_passing_on(table):
        return ()
    found, waiting = dict[Name, Table](), [table]
    while waiting:  # views can be made to read each other, though nobody can use them then
        nearer = waiting.pop()
        further = [_as_seen_from(nearer, each) for each in _next(nearer, tables) if each.name not in found]
        found |= {each.name: each for each in further}
        waiting += further
    found.pop(table.name, None)
    return tuple(found.values())


def reached(changed: AbstractSet[Name], tables: _Tables, names: AbstractSet[Name]) -> Iterator[Name]:
    """Yield those of some tables that have a changed one behind them.

    Args:
        changed: tables that are no longer what they were.
        tables: all that are known, before the change or after it.
        names: of the tables that are asked for.
    """
    touched = {*changed}
    for name in changed:
        touched.update(_above(name, tables))
    for name in names - changed:
        if name in touched or not touched.isdisjoint(_under(name, tables)):
            yield name


def _is_written_through(table: Table) -> bool:
    return table.kind == "view" and any(column.updatable is not False for column in table.columns)


def _next(table: Table, tables: _Tables) -> Iterator[Table]:
    if table.kind == "partitioned table":
        yield from (each for each in tables.values() if each.partition and table.name in each.parents)
    else:
        under = tables.get(_source(table) or table.name)
        yield from () if under is None or under.name == table.name else (under,)


def _source(view: Table) -> Name | None:
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


def _as_seen_from(table: Table, other: Table) -> Table:
    """Return a table that rows get into from another one, whose defaults fill them; bounds choose among partitions."""
    own = {column.name: column for column in table.columns}
    columns = tuple(_filled(column, own.get(column.name), table.kind == "view") for column in other.columns)
    return replace(other, columns=columns, bounds=other.bounds if table.kind == "view" else frozenset())


def _filled(column: Column, own: Column | None, is_view: bool) -> Column:
    if own is None or (is_view and own.default is None):
        return column
    return replace(column, default=own.default, identity=column.identity if is_view else own.identity)


def _above(name: Name, tables: _Tables) -> Iterator[Name]:
    """Yield the tables that a partition is one of, directly or not."""
    table = tables.get(name)
    while table is not None and table.partition and table.parents:
        yield table.parents[0]
        table = tables.get(table.parents[0])


def _under(name: Name, tables: _Tables) -> Iterator[Name]:
    """Yield what is under a view, and under that."""
    table, seen = tables.get(name), set[Name]()
    while table is not None and (source := _source(table)) is not None and source not in seen:
        seen.add(source)
        yield source
        table = tables.get(source)
