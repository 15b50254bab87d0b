"""A table or type in, the same with each of its stored expressions changed out; names that moved, in all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from msgspec.structs import replace

from alembic_contracts.prediction.sql.spelling import moved, observed
from alembic_contracts.schemas.schema import Column, Constraint, Index, Name, Table, TypeDefinition

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.state import State

__all__ = ["as_observed", "follow", "type_as_observed"]

Change = Callable[[str], str]
Part = TypeVar("Part")


def as_observed(table: Table) -> Table:
    """Return a table whose texts are known to be what a server prints under an empty search path."""
    return _table(table, observed)


def type_as_observed(definition: TypeDefinition) -> TypeDefinition:
    """Return a type whose texts are known to be what a server prints under an empty search path."""
    return _type(definition, observed)


def follow(state: State, change: Callable[[Name], Name], words: set[str]) -> None:
    """Give objects their new names in everything that is printed of stored expressions.

    Args:
        state: what holds them.
        change: returns an object's new name, or the name itself.
        words: one of these stands in every text that is concerned.
    """

    def text(stored: str) -> str:
        return moved(stored, change, words)

    for name, table in list(state.tables.loaded().items()):
        state.tables.put(name, _table(table, text))
    for name, definition in list(state.types.items()):
        state.types.put(name, _type(definition, text))


def _table(table: Table, change: Change) -> Table:
    """Return the table itself where nothing changes."""
    columns = _each(table.columns, lambda column: _column(column, change))
    constraints = _each(table.constraints, lambda constraint: _constraint(constraint, change))
    indexes = _each(table.indexes, lambda index: _index(index, change))
    definition = _maybe(table.definition, change)
    if columns is table.columns and constraints is table.constraints and indexes is table.indexes:
        return table if definition is table.definition else replace(table, definition=definition)
    return replace(table, columns=columns, constraints=constraints, indexes=indexes, definition=definition)


def _type(definition: TypeDefinition, change: Change) -> TypeDefinition:
    default = _maybe(definition.default, change)
    checks = _each(definition.checks, lambda check: _constraint(check, change))
    if default is definition.default and checks is definition.checks:
        return definition
    return replace(definition, default=default, checks=checks)


def _each(items: tuple[Part, ...], change: Callable[[Part], Part]) -> tuple[Part, ...]:
    changed = tuple(map(change, items))
    return items if all(new is old for new, old in zip(changed, items, strict=True)) else changed


def _maybe(text: str | None, change: Change) -> str | None:
    return None if text is None else change(text)


def _column(column: Column, change: Change) -> Column:
    default, expression = _maybe(column.default, change), _maybe(column.expression, change)
    if default is column.default and expression is column.expression:
        return column
    return replace(column, default=default, expression=expression)


def _constraint(constraint: Constraint, change: Change) -> Constraint:
    expression = _maybe(constraint.expression, change)
    return constraint if expression is constraint.expression else replace(constraint, expression=expression)


def _index(index: Index, change: Change) -> Index:
    expressions, predicate = _each(index.expressions, change), _maybe(index.predicate, change)
    if expressions is index.expressions and predicate is index.predicate:
        return index
    return replace(index, expressions=expressions, predicate=predicate)
