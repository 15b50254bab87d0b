"""Contracts in, the names that they have for tables and columns out, and the groups that have one name for each.

Where case makes no difference, what one contract calls ``Users`` another one may call ``users``; and what is ``users``
to one, in the database that the connection leads to, another one may call by that database's name as well. A schema is
shown to each of them with its own names (``dialects.casing``, ``elsewhere``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import cast

from alembic_contracts.contracts.contract import Contract, ForeignKey
from alembic_contracts.dialects.casing import fold, fold_name
from alembic_contracts.schemas.schema import Name

__all__ = ["alike", "columns_of"]


def columns_of(contracts: Iterable[Contract]) -> dict[Name, tuple[str, ...]]:
    """Return all columns that contracts name, by table; those that only keys name come after all others."""
    contracts = tuple(contracts)
    found: dict[Name, dict[str, None]] = {}
    for contract in contracts:
        for table in contract.tables:
            found.setdefault(table, {}).update(dict.fromkeys(contract.columns(table)))
    for fact in (fact for contract in contracts for fact in contract.facts):
        key = fact.expected
        if isinstance(key, ForeignKey):
            found.setdefault(fact.table, {}).update(dict.fromkeys(key.columns))
            found.setdefault(key.table, {}).update(dict.fromkeys(key.referenced_columns))
        elif fact.rule == "unique":
            found.setdefault(fact.table, {}).update(dict.fromkeys(cast("tuple[str, ...]", key)))
    return {table: tuple(columns) for table, columns in found.items()}


def alike(contracts: Iterable[Contract], places: Callable[[Name], Iterable[Name]]) -> tuple[tuple[Contract, ...], ...]:
    """Return contracts in groups, as few as can be, none of which has two spellings of anything.

    One that has two itself is in a group with others all the same.

    Args:
        contracts: about one kind of database.
        places: returns where a table can be that they name.
    """
    groups: list[tuple[dict[tuple[str, ...], str], list[Contract]]] = []
    for contract in contracts:
        words = _spellings(columns_of((contract,)), places)
        for known, members in groups:
            if all(known.get(folded, word) == word for folded, word in words.items()):
                known.update(words)
                members.append(contract)
                break
        else:
            groups.append((words, [contract]))
    return tuple(tuple(members) for _, members in groups)


def _spellings(
    names: Mapping[Name, Iterable[str]], places: Callable[[Name], Iterable[Name]]
) -> dict[tuple[str, ...], str]:
    found: dict[tuple[str, ...], str] = {}
    for table, columns in names.items():
        folded = fold_name(table)
        for place in {folded, *map(fold_name, places(table))}:
            found.setdefault(place, str(table))
        for column in columns:
            found.setdefault((*folded, fold(column)), column)
    return found
