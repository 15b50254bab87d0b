"""What is stated for which a database has nothing in, what scripts leave out there for that reason out.

A column of a type like ``tsvector``, or a materialized view, is made on the contract's own kind of database alone: ``if
op.get_bind().dialect.name == "postgresql"``. Where no moment of a run shows it, nothing of it is applicable; where one
does, it is held.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, TypeAlias, cast

from alembic_contracts.contracts.contract import Contract, Fact, ForeignKey
from alembic_contracts.schemas.schema import Name, Schema

if TYPE_CHECKING:
    from alembic_contracts.schemas.steps import Prediction

__all__ = ["Place", "absent", "without"]

Place: TypeAlias = tuple[Name, str | None]
"""A table and a column of it; None: the table."""


def absent(places: Collection[Place], predictions: Sequence[Prediction]) -> frozenset[Place]:
    """Return the places at which nothing is at any moment of a run."""
    if not places:
        return frozenset()
    schemas = [schema for prediction in predictions for schema in prediction.schemas]
    return frozenset(place for place in places if not any(_may_have(schema, *place) for schema in schemas))


def without(contract: Contract, places: AbstractSet[Place]) -> Contract:
    """Return a contract without the facts that are about any of some places."""
    return dataclasses.replace(contract, facts=tuple(f for f in contract.facts if places.isdisjoint(_places_of(f))))


def _may_have(schema: Schema, table: Name, column: str | None) -> bool:
    found = schema.tables.get(table)
    return found is not None and (column is None or not found.complete or found.column(column) is not None)


def _places_of(fact: Fact) -> Iterator[Place]:
    """Yield what has to be there for a fact to be about anything."""
    yield from ((fact.table, None), (fact.table, fact.column))
    if isinstance(fact.expected, ForeignKey):
        yield from ((fact.table, column) for column in fact.expected.columns)
        yield from ((fact.expected.table, column) for column in (None, *fact.expected.referenced_columns))
    elif fact.rule in ("primary-key", "unique"):
        yield from ((fact.table, column) for column in cast("tuple[str, ...]", fact.expected))
