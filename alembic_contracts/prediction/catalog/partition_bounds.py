"""A table that becomes a partition, or is none any more, in; what rows it and others take from then on out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from alembic_contracts.prediction.catalog.relations import descendants
from alembic_contracts.prediction.sql import parser
from alembic_contracts.schemas.remarks import Printed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.prediction.sql.parser import Node
    from alembic_contracts.schemas.schema import Name, Table

__all__ = ["bind", "unbind"]

_DEFAULT = "DEFAULT"


def bind(state: State, partition: Name, parent: Name, bound: Node) -> None:
    """Have a partition, and those of its own, take rows within a bound alone, and the default one no such rows."""
    siblings = [each for each in state.children(parent) if each.name != partition]
    above = state.tables[parent].bounds
    if bound.is_default:
        # Those of others are known by their text only as far as they were observed.
        own = {Printed(f"not {text}", None) for each in siblings for text in each.bounds - above}
        state.tables.put(partition, replace(state.tables[partition], default_partition=True))
    else:
        own = {Printed(_text(bound), None)}
        rest = [each.name for each in siblings if each.default_partition]
        for name in rest:
            _add(state, name, {Printed(f"not {_text(bound)}", None)})
    _add(state, partition, own | above)
    whole = state.tables[parent]
    bounds = whole.partition_bounds | ({_DEFAULT} if bound.is_default else own)
    state.tables.put(parent, replace(whole, partition_bounds=bounds))


def unbind(state: State, partition: Table) -> Table:
    """Return a table that is no partition any more, with those of its own set free of what it was bound to."""
    for name in descendants(state, partition.name):
        table = state.tables[name]
        state.tables.put(name, replace(table, bounds=table.bounds - partition.bounds))
    for parent in partition.parents if partition.partition else ():
        if parent in state.tables:
            whole = state.tables[parent]
            state.tables.put(parent, replace(whole, partition_bounds=whole.partition_bounds - _own(partition, whole)))
    return replace(partition, bounds=frozenset(), default_partition=False)


def _own(partition: Table, parent: Table) -> frozenset[str]:
    """Return what a partition is for among those of its parent; where they were observed, a bound tells of its key."""
    if partition.default_partition:
        return frozenset({_DEFAULT})
    shown = {each.partition(" by column ")[0] for each in partition.bounds - parent.bounds or partition.bounds}
    return frozenset(each for each in parent.partition_bounds if each in shown)


def _add(state: State, name: Name, bounds: Iterable[str]) -> None:
    for each in (name, *descendants(state, name)):
        table = state.tables[each]
        state.tables.put(each, replace(table, bounds=table.bounds.union(bounds)))


def _text(bound: Node) -> str:
    """Return a bound as a statement writes it, which is not quite how it is printed."""
    if len(bound.listdatums):
        return f"FOR VALUES IN ({_listed(bound.listdatums)})"
    if len(bound.lowerdatums):
        return f"FOR VALUES FROM ({_listed(bound.lowerdatums)}) TO ({_listed(bound.upperdatums)})"
    return f"FOR VALUES WITH (modulus {bound.modulus}, remainder {bound.remainder})"


def _listed(nodes: Iterable[Node]) -> str:
    return ", ".join(map(_datum, nodes))


def _datum(node: Node) -> str:
    text = parser.deparse_expression(node)
    return text.upper() if text in {"minvalue", "maxvalue"} else text
