"""What an application's models say of its tables, as immutable values that one process can hand to another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from alembic_contracts.inference.uses import Guarantee, Use
from alembic_contracts.schemas.schema import Name
from alembic_contracts.schemas.uses import Place

__all__ = ["MappedColumn", "MappedTable", "guarantees_of", "uses_of"]


class MappedColumn(Struct, frozen=True, kw_only=True):
    """A column of a model."""

    name: str
    place: Place
    """Where it is written."""
    type: str = ""
    """PostgreSQL's name, as SQLAlchemy would create it; empty where it would not."""
    nullable: bool = True
    primary_key: bool = False
    deferred: bool = False
    """Whether it is selected only when somebody asks for it. It is written all the same."""
    excluded: bool = False
    """Whether no class maps it and Python gives it no value, so that it is neither selected nor written."""
    default: bool = False
    """Whether Python code gives it a value where nobody does."""
    server_default: bool = False
    """Whether an INSERT leaves it to the server where nobody gives it a value: by a default, identity, sequence."""
    generated: bool = False
    """Whether the server computes it, so that it is never written."""
    returned: bool = False
    """Whether an INSERT has the server return what it makes of it."""
    labels: tuple[str, ...] = ()
    """Of an enum."""

    @property
    def used(self) -> bool:
        """Whether the application is taken to use it."""
        return not self.deferred and not self.excluded

    @property
    def inserted(self) -> bool:
        """Whether INSERTs name it, be it for what they return alone."""
        return not self.excluded and (self.returned or not (self.server_default or self.generated))


class MappedTable(Struct, frozen=True, kw_only=True):
    """A table of a model, or one that is used without a class."""

    name: Name
    place: Place
    columns: tuple[MappedColumn, ...]
    primary_key: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()

    def column(self, name: str) -> MappedColumn | None:
        """Return the column of this exact name, or None."""
        return next((column for column in self.columns if column.name == name), None)


def uses_of(tables: Iterable[MappedTable], read_only: frozenset[Name] = frozenset()) -> Iterator[Use]:
    """Yield what models use: they select, update and insert what they map, and delete rows.

    Args:
        tables: of the models.
        read_only: those that cannot be written, such as views.
    """
    for table in tables:
        writes = table.name not in read_only
        yield Use(table.name, None, "read", table.place)
        if writes:
            yield Use(table.name, None, "inserted", table.place)
            yield Use(table.name, None, "deleted", table.place)
        for column in filter(lambda each: each.used, table.columns):
            yield Use(table.name, column.name, "read", column.place)
            if writes and not column.generated:
                yield Use(table.name, column.name, "updated", column.place)
                yield Use(table.name, column.name, "inserted", column.place)


def guarantees_of(tables: Iterable[MappedTable]) -> Iterator[Guarantee]:
    """Yield what models rely on beside existence and type."""
    for table in tables:
        used = {column.name for column in table.columns if column.used}
        for column in table.columns:
            if column.used:
                yield from _of_column(table, column)
        for columns in table.unique:
            if used.issuperset(columns):
                yield Guarantee(table.name, None, "unique", list(columns), table.place)


def _of_column(table: MappedTable, column: MappedColumn) -> Iterator[Guarantee]:
    if column.primary_key:
        yield Guarantee(table.name, column.name, "primaryKey", True, column.place)
    if not column.generated:
        yield Guarantee(table.name, column.name, "is_nullable", column.nullable, column.place)
    if column.server_default:
        yield Guarantee(table.name, column.name, "column_default", None, column.place)
    if column.labels:
        yield Guarantee(table.name, column.name, "enum", None, column.place)
