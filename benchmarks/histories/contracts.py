"""Contracts on everything that a schema holds, as the base format's files would state it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from alembic_contracts.contracts.contract import Contract, Expected, Fact, ForeignKey, Owner
from alembic_contracts.documents.document import ContractLocation
from alembic_contracts.schemas.schema import Schema, Table

if TYPE_CHECKING:
    from alembic_contracts.dialects import Dialect

__all__ = ["contracts_of"]


def contracts_of(schema: Schema, ignored: frozenset[str], dialect: Dialect) -> tuple[Contract, ...]:
    """Return one contract for each table, which states all that is true of it now."""
    return tuple(
        Contract(
            namespace="history",
            name=str(name),
            owner=Owner("History"),
            kind=dialect.KIND,
            facts=tuple(_facts(table, schema, dialect)),
            location=ContractLocation(f"{name}.json", (1, 1)),
        )
        for name, table in schema.tables.items()
        if name.name not in ignored
    )


def _facts(table: Table, schema: Schema, dialect: Dialect) -> Iterator[Fact]:
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
            ("numeric-precision", dialect.numeric_precision(column.type, types)),
            ("datetime-precision", dialect.datetime_precision(column.type, types)),
        ):
            if value is not None:
                yield fact(rule, column.name, value)
    if dialect.FORESIGHT == "copy":
        for rule, name, expected in _more(table):
            yield fact(rule, name, expected)


def _more(table: Table) -> Iterator[tuple[str, str | None, Expected]]:
    """Yield rule, column and value of what is compared where databases are predicted on copies of themselves."""
    for column in table.columns:
        if not column.generated:
            yield "column-default", column.name, column.default or ""
    for constraint in table.constraints:
        if constraint.kind == "unique":
            yield "unique", None, constraint.columns
        elif constraint.kind == "foreign key" and constraint.valid and constraint.references is not None:
            key = ForeignKey(constraint.columns, constraint.references, constraint.referenced_columns)
            yield "foreign-key", None, key
