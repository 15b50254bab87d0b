"""A database's tables in, the same by the names that contracts about another kind of database have for them out.

Imported where names can be other ones: contracts about PostgreSQL have its own on PostgreSQL.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, cast

from msgspec.structs import replace

from alembic_contracts.contracts.contract import Contract, Fact, ForeignKey
from alembic_contracts.dialects.casing import fold_name
from alembic_contracts.judging.alike import columns_of
from alembic_contracts.schemas.schema import Column, Constraint, Name, Schema, Table

if TYPE_CHECKING:
    from alembic_contracts.dialects import Dialect
    from alembic_contracts.schemas.steps import Prediction, Unproven

__all__ = ["Naming", "Placed", "placed"]

_OF_COLUMNS = frozenset({"primary-key", "unique"})
"""Rules whose facts are about several columns."""

Placed: TypeAlias = Callable[[Name], tuple[Name, ...]]
"""A table's name in contracts in, where it can be in the database out, likelier places first."""


def placed(contracts: Iterable[Contract], here: Dialect, there: Dialect) -> Placed:
    """Return what tells where the tables of contracts can be.

    Another schema's table can be where one is that no schema is named for, unless that is one of its own to them.

    Args:
        contracts: all that are about one kind of database.
        here: knows the database.
        there: knows the kind that they are about.
    """
    usual = there.DEFAULT_SCHEMA
    taken = {name.name for name in _named(contracts) if usual and name.schema == usual}

    def places(table: Name) -> tuple[Name, ...]:
        default = Name(here.DEFAULT_SCHEMA, table.name)
        if table.schema == usual:
            # A file can be attached to a SQLite by that name; elsewhere it is nothing of this connection's.
            return (table, default) if here.FORESIGHT == "copy" and table != default else (default,)
        return (table,) if table.name in taken else (table, default)

    return places


class _Words(NamedTuple):
    """How a table, its columns and what foreign keys have of them are spelled."""

    columns: Mapping[str, str]
    table: Name
    """To those that refer to it."""
    referenced: Mapping[str, str]

    @classmethod
    def of(cls, named: Table, shown: Table) -> _Words:
        """Return them for a table that refers to itself, as it is named and as it is shown."""
        was, now = named.constraints[0], shown.constraints[0]
        columns = zip(named.columns, shown.columns, strict=True)
        referenced = dict(zip(was.referenced_columns, now.referenced_columns, strict=True))
        return cls({each.name: other.name for each, other in columns}, now.references or named.name, referenced)


def _of_itself(name: Name, columns: tuple[str, ...]) -> Table:
    """Return a table that refers to itself."""
    key = Constraint(name="", kind="foreign key", references=name, referenced_columns=columns)
    return Table(name=name, columns=tuple(Column(name=each, type=None) for each in columns), constraints=(key,))


class Naming:
    """The names of a database's tables, as contracts about another kind of database have them.

    The schema that is meant where none is named has another name there. One that a database does not have (SQLite has
    none but for files that are attached) is the one that is meant where none is named: so env.py leads it there by
    ``schema_translate_map``, or scripts leave it out.
    """

    def __init__(self, contracts: Sequence[Contract], here: Dialect, placed: Placed) -> None:
        """Take the contracts, what knows the database, and what tells where their tables can be there."""
        self._here, self._places = here, placed
        self._named = frozenset(_named(contracts))
        self._columns = columns_of(contracts)
        self._seen: dict[int, tuple[Schema, Schema]] = {}
        """By identity, with what has it: a value that is kept keeps its place in memory."""
        self._tables: dict[int, tuple[Table, Table]] = {}
        """The same, as long as names lead where they lead in the schema that they were last seen in."""
        self._leading: tuple[Mapping[Name, Name], frozenset[str]] | None = None

    def prediction(self, prediction: Prediction) -> Prediction:
        """Return what a run goes through, in the contracts' names."""
        steps = tuple(
            replace(step, operations=tuple(replace(each, after=self.schema(each.after)) for each in step.operations))
            for step in prediction.steps
        )
        return replace(
            prediction,
            before=self.schema(prediction.before),
            steps=steps,
            unproven=tuple(map(self._unproven, prediction.unproven)),
        )

    def _unproven(self, unproven: Unproven) -> Unproven:
        if unproven.tables is None:
            return unproven
        tables = {name for name in self._named if not unproven.tables.isdisjoint(self._places(name))}
        return replace(unproven, tables=frozenset(tables))

    def contract(self, contract: Contract) -> Contract:
        """Return a contract with one spelling for each name, that of its first mention, where case is no difference."""
        facts = tuple(_spelled(fact, self._words) for fact in contract.facts)
        return contract if facts == contract.facts else dataclasses.replace(contract, facts=facts)

    @cached_property
    def _words(self) -> Mapping[Name, _Words]:
        """How the schemas that are shown have the tables and columns that contracts name."""
        found: dict[Name, _Words] = {}
        left = dict(self._columns)
        while left:  # once, but for tables that are named in two ways: a schema has one of them
            some = {fold_name(name): name for name in reversed(left)}.values()
            tables = {name: _of_itself(name, left.pop(name)) for name in some}
            shown = self._here.spelled(Schema(tables=MappingProxyType(tables)), self._columns).tables
            found |= {name: _Words.of(tables[name], shown[name]) for name in some}
        return found

    def schema(self, schema: Schema) -> Schema:
        """Return a schema in the contracts' names; the same object for the same one, as nothing changed then."""
        known = self._seen.get(id(schema))
        if known is not None and known[0] is schema:
            return known[1]
        names = self.names(schema)
        if self._leading != (names, schema.namespaces):
            self._leading = names, schema.namespaces
            self._tables.clear()
        tables = {names.get(name, name): self._table(table, names, schema) for name, table in schema.tables.items()}
        found = self._here.spelled(replace(schema, tables=MappingProxyType(tables)), self._columns)
        self._seen[id(schema)] = schema, found
        return found

    def found(self, schema: Schema) -> dict[Name, Name]:
        """Return where the tables that the contracts name are in the database, as far as they are there."""
        found: dict[Name, Name] = {}
        for name in sorted(self._named):
            there = [place for place in self._places(name) if place in schema.tables]
            if there and (there[0] == name or name.schema not in schema.namespaces):
                found[name] = there[0]
        return found

    def names(self, schema: Schema) -> dict[Name, Name]:
        """Return what tables of the database are called in the contracts, the first name of those that have several."""
        return {place: name for name, place in reversed(self.found(schema).items())}

    def _table(self, table: Table, names: Mapping[Name, Name], schema: Schema) -> Table:
        known = self._tables.get(id(table))
        if known is not None and known[0] is table:
            return known[1]
        constraints = tuple(
            each
            if each.references is None
            else replace(each, references=self._referenced(each.references, names, schema))
            for each in table.constraints
        )
        found = replace(table, name=names.get(table.name, table.name), constraints=constraints)
        self._tables[id(table)] = table, found
        return found

    def _referenced(self, name: Name, names: Mapping[Name, Name], schema: Schema) -> Name:
        """Return what a table is called to which a foreign key leads; it need not be one that was looked at."""
        if name in names:
            return names[name]
        could_be = (named for named in sorted(self._named) if name in self._places(named))
        return next((named for named in could_be if named == name or named.schema not in schema.namespaces), name)


def _spelled(fact: Fact, words: Mapping[Name, _Words]) -> Fact:
    """Return a fact with other spellings of what it is about."""
    own, expected = words[fact.table].columns, fact.expected
    if isinstance(expected, ForeignKey):
        there = words[expected.table]
        referenced = tuple(there.referenced[column] for column in expected.referenced_columns)
        expected = ForeignKey(tuple(own[column] for column in expected.columns), there.table, referenced)
    elif fact.rule in _OF_COLUMNS:
        expected = tuple(own.get(column, column) for column in cast("tuple[str, ...]", expected))
    return replace(fact, column=fact.column and own[fact.column], expected=expected)


def _named(contracts: Iterable[Contract]) -> Iterator[Name]:
    for contract in contracts:
        yield from contract.tables
        for fact in contract.facts:
            if isinstance(fact.expected, ForeignKey):
                yield fact.expected.table
