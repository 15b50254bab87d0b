"""A name inside of a query in, the column that it stands for out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from alembic_contracts.prediction.sql import sqlstate
from alembic_contracts.prediction.sql.system import SYSTEM_SCHEMAS
from alembic_contracts.schemas.schema import Name, Table, Type

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Entry", "Field", "Output", "Scope", "of_table"]

Origin = tuple[Name, str]
"""A table and its column."""

_SYSTEM_COLUMNS = {
    "tableoid": "oid", "ctid": "tid", "xmin": "xid", "xmax": "xid", "cmin": "cid", "cmax": "cid", "oid": "oid",
}  # fmt: skip


class Field(Struct, frozen=True):
    """A column of a query's result or of one of its sources."""

    name: str
    type: Type | None
    origins: tuple[Origin, ...] = ()
    """Columns of tables that using it means using."""
    plain: Origin | None = None
    """The column of a table that it is, unchanged."""
    collation: str | None = None


class Output(Struct, frozen=True):
    """What a query yields. ``complete`` is False where it may have columns that are not known."""

    fields: tuple[Field, ...]
    complete: bool = True
    simple: bool = False
    """Whether it takes rows of one relation as they are, which lets a view be updated."""


class Entry(Struct, frozen=True):
    """A source in a FROM clause."""

    alias: str
    fields: tuple[Field, ...]
    complete: bool = True
    table: Name | None = None
    visible: bool = True
    """False for what is found by its qualifier alone: a record, the label of a block."""
    merged: frozenset[str] = frozenset()
    """Columns that USING merged: they are found unqualified elsewhere."""

    def find(self, name: str) -> Field | None:
        """Return a column, or one of those that every table has."""
        for known in self.fields:
            if known.name == name:
                return known
        if self.table is not None and name in _SYSTEM_COLUMNS:
            origins = () if self.table.schema in SYSTEM_SCHEMAS else ((self.table, name),)
            return Field(name, Type(Name("pg_catalog", _SYSTEM_COLUMNS[name])), origins)
        return None


class Scope(Struct):
    """The sources of one query level, and the level around it."""

    entries: list[Entry] = field(default_factory=list)
    outer: Scope | None = None
    unknown: bool = False
    """Whether names may be visible that are not known, so that nothing can be called missing."""

    def add(self, entries: Iterable[Entry]) -> None:
        """Make sources visible.

        Raises:
            PostgresError: 42712, two of them have one name.
        """
        for entry in entries:
            if entry.alias and any(entry.alias == known.alias and known.visible for known in self.entries):
                same = [known for known in self.entries if known.alias == entry.alias]
                if entry.visible and any(known.table is None or known.table == entry.table for known in same):
                    raise sqlstate.PostgresError("42712", f'table name "{entry.alias}" specified more than once')
            self.entries.append(entry)

    def column(self, name: str) -> Field | None:
        """Return what an unqualified name stands for; None where that cannot be known.

        Raises:
            PostgresError: 42703 there is no such column, 42702 there are several.
        """
        scope: Scope | None = self
        open_ended = False
        while scope is not None:
            found = [f for e in scope.entries if e.visible and name not in e.merged if (f := e.find(name)) is not None]
            if name in _SYSTEM_COLUMNS and len(found) > 1:
                return None
            if len(found) > 1:
                raise sqlstate.ambiguous_column(name)
            if found:
                return None if open_ended else found[0]
            whole = next((e for e in scope.entries if e.alias == name), None)
            if whole is not None:
                row = Type(whole.table) if whole.table is not None else None
                return Field(name, row)
            open_ended = open_ended or scope.unknown or any(e.visible and not e.complete for e in scope.entries)
            scope = scope.outer
        if open_ended:
            return None
        raise sqlstate.undefined_column(name)

    def entry(self, alias: str, schema: str | None = None) -> Entry | None:
        """Return the source that a qualifier stands for; None where that cannot be known.

        Raises:
            PostgresError: 42P01, there is none.
        """
        scope: Scope | None = self
        open_ended = False
        while scope is not None:
            for entry in scope.entries:
                if entry.alias == alias and (schema is None or (entry.table and entry.table.schema == schema)):
                    return entry
            open_ended = open_ended or scope.unknown
            scope = scope.outer
        if open_ended:
            return None
        raise sqlstate.PostgresError("42P01", f'missing FROM-clause entry for table "{alias}"')


def of_table(table: Table, alias: str) -> Entry:
    """Return a table as a source."""
    fields = tuple(
        Field(c.name, c.type, ((table.name, c.name),), (table.name, c.name), c.collation) for c in table.columns
    )
    return Entry(alias, fields, table.complete, table.name)
