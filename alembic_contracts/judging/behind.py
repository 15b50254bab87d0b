"""A table and all others in, those that its rows get into out: a partitioned table's partitions, what is under a view.

Rows that are written to the one meet all that the others refuse, too. Only where the others are known is it told: at a
commit nothing but contracted tables is looked at, so it is foreseen from the scripts or not at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from msgspec.structs import replace

from alembic_contracts.schemas.passing import is_passing_on, next_below, source
from alembic_contracts.schemas.schema import Column, Constraint, Name, Table

__all__ = ["Behind", "above", "behind", "under"]

_Tables = Mapping[Name, Table]


class Behind(NamedTuple):
    """A table that rows get into, and from where: what is above it fills their columns."""

    table: Table
    above: Table

    def seen(self) -> Table:
        """Return the table with the defaults that are in force, and without the bounds by which rows get into it."""
        return _as_seen_from(self.above, self.table)

    def is_as_before(self, before: Behind) -> bool:
        """Whether it is plain that rows meet nothing new here beyond what they meet above; there can be thousands."""
        table, then = self.table, before.table
        return (
            table.partition
            and then.partition
            and _own(table) == _own(then)
            and (table.indexes == then.indexes or not _are_unique(table))
            and table.partition_bounds == then.partition_bounds
            and (table.publications, table.replica_identity) == (then.publications, then.replica_identity)
            and {column.name for column in table.columns if column.not_null}
            <= {column.name for column in self.above.columns if column.not_null}
        )


def behind(table: Table, tables: _Tables) -> tuple[Behind, ...]:
    """Return the tables that a table's rows get into.

    Args:
        table: nothing is behind one that is neither partitioned nor a view.
        tables: all that are known.
    """
    found, waiting = dict[Name, Behind](), [table]
    while waiting:  # views can be made to read each other, though nobody can use them then
        above = waiting.pop()
        further = [Behind(each, above) for each in next_below(above, tables) if each.name not in found]
        found |= {each.table.name: each for each in further}
        waiting += [each.seen() for each in further if is_passing_on(each.table)]
    found.pop(table.name, None)
    return tuple(found.values())


def _own(table: Table) -> list[Constraint]:
    return [each for each in table.constraints if not each.inherited]


def _are_unique(table: Table) -> bool:
    """Whether a table has an index that refuses rows without being a constraint's."""
    return any(each.unique and each.constraint is None for each in table.indexes)


def _as_seen_from(table: Table, other: Table) -> Table:
    """Return a table that rows get into from another one, whose defaults fill them; bounds choose among partitions."""
    own = {column.name: column for column in table.columns}
    columns = tuple(_filled(column, own.get(column.name), table.kind == "view") for column in other.columns)
    return replace(other, columns=columns, bounds=other.bounds if table.kind == "view" else frozenset())


def _filled(column: Column, own: Column | None, is_view: bool) -> Column:
    if own is None or (is_view and own.default is None):
        return column
    return replace(column, default=own.default, identity=column.identity if is_view else own.identity)


def above(name: Name, tables: _Tables) -> Iterator[Name]:
    """Yield the tables that a partition is one of, directly or not."""
    table = tables.get(name)
    while table is not None and table.partition and table.parents:
        yield table.parents[0]
        table = tables.get(table.parents[0])


def under(name: Name, tables: _Tables) -> Iterator[Name]:
    """Yield what is under a view, and under that."""
    table, seen = tables.get(name), set[Name]()
    while table is not None and (below := source(table)) is not None and below not in seen:
        seen.add(below)
        yield below
        table = tables.get(below)
