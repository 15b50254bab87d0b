"""Two schemas in, what the one has become in the other out: a column added, renamed, retyped, a key dropped.

Only the net effect counts. A rename is told from a drop and an addition by the operation in which one name takes the
place of the other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from alembic_contracts.dialects import Dialect
from alembic_contracts.schemas.layers import differences
from alembic_contracts.schemas.schema import Column, Constraint, Name, Published, Schema, Table
from alembic_contracts.schemas.steps import Operation

__all__ = ["Change", "changes"]

_RENAMES = re.compile(r"\b(RENAME|SET SCHEMA)\b", re.IGNORECASE)
"""Operations that give things other names, by their label."""


class Change(Struct, frozen=True, kw_only=True):
    """One difference."""

    kind: str
    """In two words: ``column dropped``, ``table renamed``, ``key added`` ..."""
    table: Name | None
    """Under its new name; None: it is about no single table."""
    column: str | None = None
    """Under its new name."""
    text: str
    """The whole change in a few words."""
    was: tuple[Name, str | None] | None = None
    """What table and column were called before, where that is another name."""

    @property
    def places(self) -> tuple[tuple[Name, str | None], ...]:
        """Table and column, by the old name and the new one: what contracts may name."""
        now = () if self.table is None else ((self.table, self.column),)
        return now if self.was is None else (self.was, *now)


def changes(
    before: Schema, operations: Sequence[Operation], dialect: Dialect, ignored: frozenset[Name] = frozenset()
) -> tuple[Change, ...]:
    """Return what some operations make of a schema.

    Args:
        before: the schema.
        operations: one after the other.
        dialect: knows how types are spelled.
        ignored: tables that are nobody's, such as Alembic's own.
    """
    after = operations[-1].after if operations else before
    if before is after:
        return ()
    names = _Names(before, operations)
    found: list[Change] = []
    for name in sorted(differences(before.tables, after.tables) - ignored):
        old_name = names.table(name)
        if name in after.tables and old_name in before.tables:
            compared = _Compared(before.tables[old_name], after.tables[name], names, dialect)
            found.extend(compared.changes())
        elif name in after.tables:
            table = after.tables[name]
            words = f"{table.kind} {name} added ({_count(len(table.columns), 'column')})"
            found.append(Change(kind=f"{table.kind} added", table=name, text=words))
        elif name not in names.renamed_tables:
            table = before.tables[name]
            found.append(Change(kind=f"{table.kind} dropped", table=name, text=f"{table.kind} {name} dropped"))
    return (*found, *_types(before, after))


class _Names:
    """Under which names the tables and columns of the last schema were known in the first one."""

    def __init__(self, before: Schema, operations: Sequence[Operation]) -> None:
        self._tables: dict[Name, Name] = {}
        self._columns: dict[tuple[Name, str], str] = {}
        current = before
        for operation in operations:
            if operation.after is not current and _RENAMES.search(operation.label):
                self._follow(current, operation.after)
            current = operation.after
        # A table that takes the place of one by its name is that one, made anew: so batch mode alters it.
        made_anew = [new for new, old in self._tables.items() if old not in before.tables and new in before.tables]
        for name in made_anew:
            del self._tables[name]
        self.renamed_tables = {old: new for new, old in self._tables.items() if old in before.tables and new != old}

    def table(self, name: Name) -> Name:
        return self._tables.get(name, name)

    def column(self, table: Name, name: str) -> str:
        return self._columns.get((table, name), name)

    def _follow(self, one: Schema, other: Schema) -> None:
        gone, new = one.tables.keys() - other.tables.keys(), other.tables.keys() - one.tables.keys()
        for name in new:
            old = next((each for each in sorted(gone) if _is_same(one.tables[each], other.tables[name])), None)
            if old is not None:
                gone -= {old}
                self._tables[name] = self._tables.pop(old, old)
                for _, column in [key for key in self._columns if key[0] == old]:
                    self._columns[name, column] = self._columns.pop((old, column))
        for name, table in other.tables.items():
            before = one.tables.get(name)
            if before is not None and before is not table:
                self._follow_columns(name, before, table)

    def _follow_columns(self, name: Name, before: Table, table: Table) -> None:
        if len(before.columns) != len(table.columns):
            return
        for old, new in zip(before.columns, table.columns, strict=True):
            if old.name != new.name and before.column(new.name) is None and old.type == new.type:
                self._columns[name, new.name] = self._columns.pop((name, old.name), old.name)


def _is_same(one: Table, other: Table) -> bool:
    return one.kind == other.kind and [c.name for c in one.columns] == [c.name for c in other.columns]


class _Compared:
    """One table before and after."""

    def __init__(self, before: Table, after: Table, names: _Names, dialect: Dialect) -> None:
        self._before, self._after, self._names, self._dialect = before, after, names, dialect

    def changes(self) -> Iterator[Change]:
        before, after = self._before, self._after
        if before == after:
            return
        if before.name != after.name:
            words = f"{after.kind} {before.name} renamed to {after.name}"
            yield Change(kind=f"{after.kind} renamed", table=after.name, text=words, was=(before.name, None))
        if before.kind != after.kind:
            yield self._of_table("kind changed", f"{after.name} was a {before.kind}, is a {after.kind}")
        yield from self._columns()
        yield from self._listed("constraint", _constraints, _constraint)
        yield from self._listed("index", lambda table: [i for i in table.indexes if i.constraint is None], _index)
        yield from self._listed("grant", lambda table: table.grants, _grant)
        yield from self._listed("publication", lambda table: table.publications, _published)
        for attribute, noun in _ATTRIBUTES.items():
            old, new = getattr(before, attribute), getattr(after, attribute)
            if old != new:
                shown = f"{noun} of {after.name}: {old or 'none'} to {new or 'none'}"
                words = f"{noun} of {after.name} changed" if attribute == "definition" else shown
                yield self._of_table(f"{noun} changed", words)

    def _of_table(self, kind: str, text: str, column: str | None = None) -> Change:
        was = (self._before.name, column) if self._before.name != self._after.name else None
        return Change(kind=kind, table=self._after.name, column=column, text=text, was=was)

    def _columns(self) -> Iterator[Change]:
        name = self._after.name
        kept = set()
        for column in self._after.columns:
            old = self._before.column(self._names.column(name, column.name))
            place = f"{name}.{column.name}"
            if old is None:
                null = " NOT NULL" if column.not_null else ""
                words = f"column {place} {self._type(column)}{null} added"
                yield self._of_table("column added", words, column.name)
                continue
            kept.add(old.name)
            was = (self._before.name, old.name) if (self._before.name, old.name) != (name, column.name) else None
            if old.name != column.name:
                words = f"column {name}.{old.name} renamed to {column.name}"
                yield Change(kind="column renamed", table=name, column=column.name, text=words, was=was)
            for kind, words in self._altered(old, column):
                yield Change(kind=f"column {kind}", table=name, column=column.name, text=f"{place} {words}", was=was)
        for column in self._before.columns:
            if column.name not in kept:
                yield self._of_table("column dropped", f"column {name}.{column.name} dropped", column.name)

    def _type(self, column: Column) -> str:
        return "of an unknown type" if column.type is None else self._dialect.format_type(column.type)

    def _altered(self, old: Column, new: Column) -> Iterator[tuple[str, str]]:
        if old.type != new.type:
            yield "retyped", f"retyped from {self._type(old)} to {self._type(new)}"
        if old.not_null != new.not_null:
            yield ("not null", "set NOT NULL") if new.not_null else ("nullable", "may be NULL from now on")
        for attribute, noun in _OF_COLUMNS.items():
            one, other = getattr(old, attribute), getattr(new, attribute)
            if one != other:
                yield f"{noun} changed", f"{noun}: {one or 'none'} to {other or 'none'}"

    def _listed(self, noun: str, of: Callable[[Table], Iterable[Any]], words: Callable[[Any], str]) -> Iterator[Change]:
        was = {words(each) for each in of(self._before)}
        now = {words(each) for each in of(self._after)}
        # What is only called otherwise, or mentions a column by its new name, is no change.
        swapped = {self._in_new_names(text) for text in was}
        for text in sorted(now - swapped):
            yield self._of_table(f"{noun} added", f"{text} added on {self._after.name}")
        for text in sorted(swapped - now):
            yield self._of_table(f"{noun} dropped", f"{text} dropped on {self._after.name}")

    def _in_new_names(self, text: str) -> str:
        for column in self._after.columns:
            old = self._names.column(self._after.name, column.name)
            if old != column.name:
                text = text.replace(f"({old})", f"({column.name})").replace(f"({old},", f"({column.name},")
                text = text.replace(f" {old},", f" {column.name},").replace(f" {old})", f" {column.name})")
        for old_table, table in self._names.renamed_tables.items():
            text = text.removesuffix(f" to {old_table}") + f" to {table}" if text.endswith(f" to {old_table}") else text
        return text


_ATTRIBUTES = {
    "persistence": "persistence",
    "row_security": "row-level security",
    "replica_identity": "replica identity",
    "definition": "query",
    "owner": "owner",
}
_OF_COLUMNS = {"default": "default", "identity": "identity", "generated": "generation", "collation": "collation"}


def _constraints(table: Table) -> list[Constraint]:
    """Return constraints, named or not; NOT NULL is a column's in all versions of PostgreSQL, a constraint in some."""
    return [constraint for constraint in table.constraints if constraint.kind != "not null"]


def _constraint(constraint: Any) -> str:
    columns = f" ({', '.join(constraint.columns)})" if constraint.columns else ""
    match constraint.kind:
        case "check":
            return f"check {constraint.expression}"
        case "foreign key":
            return f"foreign key{columns} to {constraint.references}"
    return f"{constraint.kind}{columns}"


def _index(index: Any) -> str:
    columns = ", ".join(column or "expression" for column in index.columns)
    partial = f" where {index.predicate}" if index.predicate else ""
    return f"{'unique ' if index.unique else ''}index ({columns}){partial}"


def _grant(grant: Any) -> str:
    column = f" ({grant.column})" if grant.column else ""
    return f"grant of {grant.privilege}{column} to {grant.grantee}"


def _published(published: Published) -> str:
    columns = f" ({', '.join(published.columns)})" if published.columns else ""
    row_filter = f" where {published.row_filter}" if published.row_filter else ""
    return f"publication {published.publication}{columns}{row_filter}"


def _types(before: Schema, after: Schema) -> Iterator[Change]:
    for name in sorted({*before.types, *after.types}):
        old, new = before.types.get(name), after.types.get(name)
        if old is None and new is not None:
            yield Change(kind="type added", table=None, text=f"{new.kind} {name} added")
        elif new is None and old is not None:
            yield Change(kind="type dropped", table=None, text=f"{old.kind} {name} dropped")
        elif old is not None and new is not None and old.labels != new.labels:
            words = f"labels of {name}: {', '.join(old.labels)} to {', '.join(new.labels)}"
            yield Change(kind="labels changed", table=None, text=words)
        elif old is not None and new is not None and replace(old, name=name) != replace(new, name=name):
            yield Change(kind="type changed", table=None, text=f"{new.kind} {name} changed")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
