"""Contracts and a schema in, how much of it is under contract out, and which contracts point at nothing."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from alembic_contracts.contracts.contract import Contract
from alembic_contracts.schemas.schema import Name, Schema

__all__ = ["Coverage", "Row", "coverage_of"]


class Row(Struct, frozen=True):
    """One table."""

    table: Name
    covered: tuple[str, ...]
    """Columns that a contract names."""
    others: tuple[str, ...]
    contracts: tuple[str, ...]


class Coverage(Struct, frozen=True):
    """All of them."""

    rows: tuple[Row, ...]
    dangling: tuple[tuple[str, str], ...]
    """Contracts with tables and columns that are not there."""

    @property
    def percent(self) -> float:
        """How many of all columns are under contract."""
        total = sum(len(row.covered) + len(row.others) for row in self.rows)
        return 100.0 if not total else 100 * sum(len(row.covered) for row in self.rows) / total


def coverage_of(contracts: Sequence[Contract], schema: Schema) -> Coverage:
    """Return what contracts name of a schema, without Alembic's own table.

    Args:
        contracts: the contracts.
        schema: all tables.
    """
    named: dict[Name, dict[str, None]] = {}
    by: dict[Name, dict[str, None]] = {}
    dangling: list[tuple[str, str]] = []
    for contract in contracts:
        for name in contract.tables:
            table = schema.tables.get(name)
            if table is None:
                dangling.append((contract.id, str(name)))
                continue
            columns = contract.columns(name)
            dangling.extend((contract.id, f"{name}.{column}") for column in columns if table.column(column) is None)
            named.setdefault(name, {}).update(dict.fromkeys(columns))
            by.setdefault(name, {})[contract.id] = None
    rows = []
    for name, table in sorted(schema.tables.items()):
        if name.name == "alembic_version":
            continue
        columns_ = [column.name for column in table.columns]
        covered = tuple(column for column in columns_ if column in named.get(name, {}))
        others = tuple(column for column in columns_ if column not in covered)
        rows.append(Row(name, covered, others, tuple(by.get(name, {}))))
    return Coverage(tuple(rows), tuple(dangling))
