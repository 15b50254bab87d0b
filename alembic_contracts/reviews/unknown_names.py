"""Contracts and a schema in, a problem for each table, column or type that they name and the schema has not out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from alembic_contracts.contracts.contract import Contract, Fact, ForeignKey, Publication
from alembic_contracts.documents.document import problem_at
from alembic_contracts.errors import Problem
from alembic_contracts.schemas.schema import Name, Schema, Table, Type
from alembic_contracts.support.suggestions import nearest

__all__ = ["unknown_names"]


def unknown_names(
    contracts: Sequence[Contract], schema: Schema, where: str, today: date, *, types: bool = True
) -> tuple[Problem, ...]:
    """Return what contracts name and a schema has not, each name once a contract.

    Args:
        contracts: retired ones, and facts past their sunset, need not be there any more.
        schema: all of what is there, in the contracts' names.
        where: what it is the schema of, for the messages.
        today: what sunsets are compared with.
        types: whether it has the contracts' types, both being about PostgreSQL.
    """
    look = _Look(schema, where, types=types)
    found = [
        problem
        for contract in contracts
        if contract.stage != "retired"
        for fact in contract.facts
        if not _is_over(contract, fact, today)
        for problem in look.at(fact)
    ]
    first = {(problem.file, problem.message): problem for problem in reversed(found)}
    return tuple(sorted(first.values()))


def _is_over(contract: Contract, fact: Fact, today: date) -> bool:
    said = contract.deprecation(fact)
    return said is not None and said.sunset is not None and said.sunset <= today


class _Look:
    """Looks facts up in one schema."""

    def __init__(self, schema: Schema, where: str, *, types: bool) -> None:
        self._schema, self._where, self._types = schema, where, types

    def at(self, fact: Fact) -> Iterator[Problem]:
        """Yield the problems with what a fact names."""
        table = self._schema.tables.get(fact.table)
        if table is None:
            yield self._no_table(fact, fact.table)
            return
        names = (fact.column,) if fact.column is not None else _columns(fact)
        yield from self._columns(fact, table, [name for name in names if name is not None])
        if isinstance(fact.expected, ForeignKey):
            yield from self._referenced(fact, fact.expected)
        if self._types and isinstance(fact.expected, Type):
            yield from self._type(fact, fact.expected.name)

    def _columns(self, fact: Fact, table: Table, names: Sequence[str]) -> Iterator[Problem]:
        if not table.complete:
            return
        known = [column.name for column in table.columns]
        for name in names:
            if name not in known:
                yield self._problem(fact, f"{table.name} has no column `{name}`", nearest(name, known))

    def _referenced(self, fact: Fact, key: ForeignKey) -> Iterator[Problem]:
        table = self._schema.tables.get(key.table)
        if table is None:
            yield self._no_table(fact, key.table)
        else:
            yield from self._columns(fact, table, key.referenced_columns)

    def _type(self, fact: Fact, name: Name) -> Iterator[Problem]:
        """Look up a type that users made; one without a schema can be in any."""
        there = (*self._schema.types, *self._schema.tables)
        if name.schema == "pg_catalog" or name in there:
            return
        if not (name.schema == "" and name.name in (each.name for each in there)):
            written = str(name).lstrip(".")
            known = [each.name if name.schema in ("", each.schema) else str(each) for each in self._schema.types]
            yield self._problem(fact, f"there is no type `{written}`", nearest(name.name, known))

    def _no_table(self, fact: Fact, name: Name) -> Problem:
        """Name the table that can be meant, which may be in another schema."""
        known = {table.name: table for table in sorted(self._schema.tables, reverse=True)}
        near = nearest(name.name, known)
        return self._problem(fact, f"there is no table `{name}`", near and str(known[near]))

    def _problem(self, fact: Fact, message: str, near: str | None) -> Problem:
        hint = "" if near is None else f"; did you mean `{near}`?"
        at = fact.location
        return problem_at(at.file, (at.line, at.column), at.pointer, f"{message} {self._where}{hint}")


def _columns(fact: Fact) -> tuple[str | None, ...]:
    """Return the columns that a fact about a table names."""
    match fact.expected:
        case ForeignKey(columns=columns) | Publication(columns=tuple(columns)):
            return columns
        case tuple(columns):
            return columns
    return ()
