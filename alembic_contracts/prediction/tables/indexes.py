"""An index in, the table and its partitions with it out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from alembic_contracts.prediction.catalog import generated_names
from alembic_contracts.prediction.sql import parser
from alembic_contracts.prediction.sql.column_names import figure
from alembic_contracts.schemas.schema import Index, Name

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.schemas.schema import Table

__all__ = ["attach_index", "put_index"]


def put_index(state: State, table: Name, index: Index, labels: list[str], *, recurse: bool = True) -> None:
    """Put an index on a table, named where it has no name, and on its partitions."""
    name = index.name or generated_names.relation_name(state, table.schema, table.name, labels, "idx")
    current = state.tables[table]
    state.tables.put(table, replace(current, indexes=(*current.indexes, replace(index, name=name))))
    if current.kind == "partitioned table" and recurse:
        for child in state.children(table):
            attach_index(state, child.name, index, labels)


def attach_index(state: State, partition: Name, index: Index, labels: list[str] | None = None) -> None:
    """Give a partition an index of its parent's, unless it has an equal one that belongs to no other of those."""
    table = state.tables[partition]
    if _count(table, index) >= max(1, sum(_count(state.tables[parent], index) for parent in table.parents)):
        return
    if labels is None:
        expressions = iter(index.expressions)
        labels = [column or _label(next(expressions, "")) for column in index.columns]
        labels = generated_names.index_columns([*labels, *index.include])
    put_index(state, partition, replace(index, name="", comment=None), labels)


def _count(table: Table, index: Index) -> int:
    """Return how many indexes a table has that are equal but for their names."""
    bare = replace(index, name="", comment=None)
    return sum(replace(existing, name="", comment=None) == bare for existing in table.indexes)


def _label(expression: str) -> str:
    node = parser.parse_expression(expression)
    return (figure(node) if node is not None else None) or "expr"
