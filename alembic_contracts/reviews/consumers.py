"""Contracts and waivers in, who relies on a table or column until when out, and what ends or expires soon.

Git, which knows when a contract came, is asked by those who want to know.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date

from msgspec import Struct

from alembic_contracts.contracts.contract import Contract, Deprecation, Fact, ForeignKey, Publication, Waiver
from alembic_contracts.documents.document import ContractLocation
from alembic_contracts.schemas.schema import Name
from alembic_contracts.schemas.uses import Place

__all__ = [
    "End", "Reliance", "about", "concerns", "ends", "has_word", "meant", "names", "names_columns", "relying",
    "relying_on", "spellings",
]  # fmt: skip


class Reliance(Struct, frozen=True, kw_only=True):
    """What one contract states of a table, or of a column of it."""

    contract: Contract
    table: Name
    column: str | None
    facts: tuple[Fact, ...]
    """Of a column also those of its table and of others that name it: keys, checks, references."""
    since: date | None
    """The day on which the contract's file was first committed; None: not known."""
    ends: tuple[Deprecation, ...] = ()
    """All that is said about an end of these facts, those of single columns included."""
    until: date | None = None
    """The day from which on none of the facts has to be kept; None: no such day is set."""
    waivers: tuple[Waiver, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the table that it names."""
        return tuple(dict.fromkeys(fact.column for fact in self.facts if fact.table == self.table and fact.column))

    @property
    def used_by(self) -> tuple[Place, ...]:
        """Where its consumers are seen to use it."""
        return self.contract.seen(self.table, self.column)

    @property
    def location(self) -> ContractLocation:
        """Where it is stated: of a column its own line, else the contract's."""
        return self.contract.location if self.column is None else self.facts[0].location

    def held(self, today: date) -> bool:
        """Whether a break of it is more than a word: it is in force, and not past its end."""
        return self.contract.stage not in ("draft", "retired") and (self.until is None or self.until > today)


class End(Struct, frozen=True, kw_only=True):
    """A promise or a permission that ends."""

    day: date
    """Of a promise the first day on which it no longer counts, of a waiver the last one on which it does."""
    contract: Contract
    what: Deprecation | Waiver


def names(contracts: Sequence[Contract]) -> tuple[tuple[Name, str | None], ...]:
    """Return the tables and columns that contracts speak of, those that foreign keys lead to included."""
    found: dict[tuple[Name, str | None], None] = {}
    for fact in (fact for contract in contracts for fact in contract.facts):
        found[fact.table, None] = None
        found[fact.table, fact.column] = None
        if isinstance(fact.expected, ForeignKey):
            found[fact.expected.table, None] = None
            found.update(dict.fromkeys((fact.expected.table, each) for each in fact.expected.referenced_columns))
    return tuple(found)


def relying(
    asked: str,
    contracts: Sequence[Contract],
    waivers: Sequence[Waiver],
    since: Mapping[str, date],
) -> tuple[Reliance, ...]:
    """Return who relies on a table or column.

    Args:
        asked: ``table``, ``schema.table``, ``table.column`` or ``schema.table.column``.
        contracts: all of the project's.
        waivers: all of theirs.
        since: the day on which each contract's file came, by its name in ``ContractLocation``.
    """
    return tuple(
        found
        for table, column in meant(asked, contracts)
        for contract in contracts
        if (found := _reliance(contract, table, column, waivers, since)) is not None
    )


def meant(asked: str, contracts: Sequence[Contract]) -> tuple[tuple[Name, str | None], ...]:
    """Return the tables and columns that a text can stand for, those that only keys and expressions name included."""
    known = names(contracts)
    found = dict.fromkeys(name for name in known if asked in spellings(*name))
    facts = [fact for contract in contracts for fact in contract.facts if names_columns(fact)]
    for table in dict.fromkeys(table for table, _ in known):
        for spelling in spellings(table, None):
            column = asked.removeprefix(f"{spelling}.")
            if column not in ("", asked) and any(concerns(fact, table, column) for fact in facts):
                found[table, column] = None
    return tuple(found)


def relying_on(table: Name, column: str | None, contracts: Sequence[Contract]) -> tuple[Reliance, ...]:
    """Return who relies on one table or column, whatever else is called the same."""
    return tuple(r for contract in contracts if (r := _reliance(contract, table, column, (), {})) is not None)


def spellings(table: Name, column: str | None) -> tuple[str, ...]:
    """Return how people may write a table or column."""
    return (table.name, str(table)) if column is None else (f"{table.name}.{column}", f"{table}.{column}")


def _reliance(
    contract: Contract, table: Name, column: str | None, waivers: Sequence[Waiver], since: Mapping[str, date]
) -> Reliance | None:
    facts = tuple(fact for fact in contract.facts if concerns(fact, table, column))
    if not facts:
        return None
    said = [contract.deprecation(fact) for fact in facts]
    days = [each.sunset if each is not None else None for each in said]
    places = {fact.place for fact in facts if fact.table == table} | ({str(table)} if column is None else set())
    return Reliance(
        contract=contract,
        table=table,
        column=column,
        facts=facts,
        since=since.get(contract.location.file),
        ends=tuple(dict.fromkeys(each for each in said if each is not None)),
        until=None if None in days else max(day for day in days if day is not None),
        waivers=tuple(each for each in waivers if each.contract == contract.id and _place(each) in places),
    )


def _place(waiver: Waiver) -> str:
    return waiver.fact.partition(" ")[2]


def about(fact: Fact) -> tuple[Name, ...]:
    """Return the tables that a fact is about or leads to."""
    return tuple(dict.fromkeys((fact.table, *([fact.expected.table] if isinstance(fact.expected, ForeignKey) else []))))


def concerns(fact: Fact, table: Name, column: str | None) -> bool:
    """Whether a fact is about a table or column, or names it."""
    expected = fact.expected
    leads_there = isinstance(expected, ForeignKey) and expected.table == table
    if column is None:
        return fact.table == table or leads_there
    if leads_there and isinstance(expected, ForeignKey) and column in expected.referenced_columns:
        return True
    return fact.table == table and (fact.column == column or _names(fact, column))


def _names(fact: Fact, column: str) -> bool:
    """Whether what a fact expects of its table names a column; of an expression, whether the name is a word in it."""
    match fact.expected:
        case Publication(columns=columns, row_filter=condition):
            return column in (columns or ()) or has_word(condition or "", column)
        case ForeignKey(columns=columns):
            return column in columns
        case tuple(columns) if fact.column is None:
            return column in columns
        case str(expression) if fact.rule in _EXPRESSIONS:
            return has_word(expression, column)
    return False


def names_columns(fact: Fact) -> bool:
    """Whether a fact may concern columns beside its own."""
    return fact.column is None or fact.rule in _EXPRESSIONS or isinstance(fact.expected, ForeignKey | Publication)


_EXPRESSIONS = ("check", "column-generated")


def has_word(expression: str, column: str) -> bool:
    """Whether a name is a word in an expression, be it a column or the text of a literal."""
    return re.search(rf"(?<![\w$]){re.escape(column)}(?![\w$])", expression) is not None


def ends(contracts: Collection[Contract], waivers: Collection[Waiver], first: date, last: date) -> tuple[End, ...]:
    """Return what ends or expires from one day to another, the earliest first."""
    return tuple(sorted(_all_ends(contracts, waivers, first, last), key=lambda end: (end.day, end.contract.id)))


def _all_ends(contracts: Collection[Contract], waivers: Collection[Waiver], first: date, last: date) -> Iterator[End]:
    by_id = {contract.id: contract for contract in contracts}
    for contract in contracts:
        for said in contract.deprecations if contract.stage != "retired" else ():
            if said.sunset is not None and first <= said.sunset <= last:
                yield End(day=said.sunset, contract=contract, what=said)
    for waiver in waivers:
        if waiver.contract in by_id and first <= waiver.expiry <= last:
            yield End(day=waiver.expiry, contract=by_id[waiver.contract], what=waiver)
