"""Contracts on everything that a schema holds, as the base format's files would state it."""

from __future__ import annotations

from collections.abc import Iterator

from alembic_contracts.contracts.contract import Contract, Expected, Fact, Owner
from alembic_contracts.dialects import postgresql
from alembic_contracts.documents.document import ContractLocation
from alembic_contracts.schemas.schema import Schema, Table

__all__ = ["contracts_of"]


def contracts_of(schema: Schema, ignored: frozenset[str]) -> tuple[Contract, ...]:
    """Return one contract for each table, which states all that is true of it now."""
    return tuple(
        Contract(
            namespace="history",
            name=str(name),
            owner=Owner("History"),
            facts=tuple(_facts(table, schema)),
            location=ContractLocation(f"{name}.json", (1, 1)),
        )
        for name, table in schema.tables.items()
        if name.name not in ignored
    )


def _facts(table: Table, schema: Schema) -> Iterator[Fact]:
    place, types = ContractLocation(f"{table.name}.json", (1, 1)), schema.types

    def fact(rule: str, column: str | None, expected: Expected) -> Fact:
        return Fact(rule, table.name, column, expected, place)

    yield fact("table-exists", None, None)
    for column in table.columns:
        if column.type is None:
            raise ValueError(f"{table.name}.{column.name} was observed without a type")
        yield fact("column-exists", column.name, None)
        yield fact("column-type", column.name, column.type)
        yield fact("column-nullable", column.name, not column.not_null)
        if column.name in table.primary_key:
            yield fact("primary-key", column.name, table.primary_key)
        for rule, value in (
            ("numeric-precision", postgresql.numeric_precision(column.type, types)),
            ("datetime-precision", postgresql.datetime_precision(column.type, types)),
        ):
            if value is not None:
                yield fact(rule, column.name, value)
