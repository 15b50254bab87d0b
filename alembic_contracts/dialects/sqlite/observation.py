"""A connection and names of tables in, their ``Schema`` out, by a handful of statements whatever their number.

No row of any table is read: ``sqlite_schema`` and the pragmas tell of their definitions.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache, partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec.structs import replace

from alembic_contracts.dialects import Sight
from alembic_contracts.dialects.casing import spelled
from alembic_contracts.dialects.sqlite import questions
from alembic_contracts.dialects.sqlite.asking import Refused, at_once, rows
from alembic_contracts.dialects.sqlite.definitions import definition
from alembic_contracts.dialects.sqlite.names import fold
from alembic_contracts.dialects.sqlite.tables import (
    Answers,
    ColumnRow,
    ForeignKeyRow,
    IndexRow,
    Parent,
    parent_of,
    table,
    view,
    virtual_table,
)
from alembic_contracts.schemas.schema import Name, Schema, Table
from alembic_contracts.support.garbage import uncollected

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from alembic_contracts.dialects import Asked

__all__ = ["completed", "observe", "sight"]

_Key = tuple[str, str]
"""A schema and a table, folded."""
_Found = dict[_Key, list[tuple[Any, ...]]]

_LISTS_SHADOWS = (3, 37)
_SHADOWS = frozenset(
    ("config", "content", "data", "docsize", "idx", "node", "parent", "rowid", "segdir", "segments", "stat")
)
"""What follows the name of a virtual table of SQLite's own modules in the names of its shadow tables."""
_BROKEN = (
    *("no such table:", "no such column:", "no such index:", "ambiguous column name:"),
    *("expected ", "view ", "SELECTs to the left and right of"),
)
"""What SQLite says of a view that fails whoever reads it; another one may lack a function of this connection alone."""


def observe(
    connection: Connection,
    tables: Collection[Name] | None,
    *,
    lock_timeout: float = 10,
    before: Sight | None = None,
    asked: Asked | None = None,
) -> Schema:
    """Read the named tables (None: all of ``main``, ``temp`` and attached databases).

    Names are looked for as SQLite does, without regard to the case of ASCII letters. A table is in the result by the
    name that it is asked for, under both where it is asked for under two; ``casing.spelled`` does the same for
    columns. A transaction that is open stays open; where there is none, there is none afterwards, and no lock.

    Args:
        connection: SQLAlchemy's, with any driver for SQLite.
        tables: Names, ``main.orders``; what is absent from the database is absent from the result.
        lock_timeout: not used: the driver waits for other connections, for as long as its own ``timeout`` says.
        before: not used: nothing of a schema is locked on its own.
        asked: what of the tables to read; None: everything.

    Raises:
        Locked: another connection keeps the database to itself.
        CannotCheck: the database does not answer.
    """
    del lock_timeout, before
    with at_once(connection):
        schema = _Look(connection, tables).schema()
    if tables is not None:
        schema = spelled(schema, dict.fromkeys(tables, ()))
    return schema if asked is None else _parts(schema, asked)


def sight(
    connection: Connection,
    tables: Collection[Name] | None,
    watched: Collection[Name],
    *,
    lock_timeout: float = 10,
    left_out: frozenset[str] = frozenset(),
) -> Sight:
    """Read tables as ``observe`` does. Nothing in SQLite takes a lock of its own to read, so nothing has to be watched.

    Raises:
        Locked, CannotCheck: as there.
    """
    del left_out
    schema = observe(connection, tables, lock_timeout=lock_timeout)
    return Sight(schema, MappingProxyType({name: "" for name in watched if name in schema.tables}))


def completed(connection: Connection, before: Sight, now: Schema) -> Schema:
    """Return what was seen before, which was all there was."""
    del connection, now
    return before.schema


def _parts(schema: Schema, asked: Asked) -> Schema:
    """Return a schema without what was not asked for."""
    gone: dict[str, Any] = {}
    if "indexes" not in asked.parts:
        gone["indexes"] = ()
    if "rest" not in asked.parts:
        gone["definition"] = None
    if not gone:
        return schema
    return replace(
        schema, tables=MappingProxyType({name: replace(each, **gone) for name, each in schema.tables.items()})
    )


class _Object(NamedTuple):
    """Of ``sqlite_schema``."""

    name: Name
    sql: str | None
    kind: str
    is_virtual: bool


class _Look:
    """One look at the tables of a database."""

    def __init__(self, connection: Connection, tables: Collection[Name] | None) -> None:
        self._connection = connection
        self._tables = tables
        self._objects: dict[_Key, _Object] = {}
        """Tables and views."""
        self._texts: dict[_Key, dict[str, str]] = {}
        """Of indexes, by table."""
        self._triggers: dict[_Key, list[str]] = {}
        self._keys: _Found = {}
        """Foreign keys."""

    @uncollected()
    def schema(self) -> Schema:
        databases = rows(self._connection, questions.DATABASES)
        wanted = self._wanted([schema for schema, _ in databases])
        found: dict[Name, Table] = {}
        if wanted:
            self._keys = _by_table(rows(self._connection, questions.foreign_keys(wanted)))
            self._read_objects(self._with_parents(wanted))
            shown = self._without_shadows(tuple(int(part) for part in databases[0][1].split(".")))
            found = {each.name: each for each in self._read_tables(wanted, shown)}
        return Schema(
            tables=MappingProxyType({name: found[name] for name in sorted(found)}),
            namespaces=frozenset(schema for schema, _ in databases),
        )

    def _wanted(self, schemas: list[str]) -> dict[str, Collection[str] | None]:
        """Return the names of tables by the schemas that are there."""
        if self._tables is None:
            return dict.fromkeys(schemas)
        by_schema: dict[str, set[str]] = {}
        for name in self._tables:
            by_schema.setdefault(fold(name.schema), set()).add(name.name)
        return {schema: by_schema[fold(schema)] for schema in schemas if fold(schema) in by_schema}

    def _read_objects(self, wanted: questions.Wanted) -> None:
        for schema, kind, name, of, sql, is_virtual in rows(self._connection, questions.objects(wanted)):
            key = (fold(schema), fold(of))
            if kind in ("table", "view"):
                self._objects[key] = _Object(Name(schema, name), sql, kind, bool(is_virtual))
            elif sql is not None and kind == "index":
                self._texts.setdefault(key, {})[name] = sql
            elif sql is not None:
                self._triggers.setdefault(key, []).append(sql)

    def _without_shadows(self, version: tuple[int, ...]) -> set[_Key]:
        """Return the tables and views that were asked for: where all were, without what belongs to virtual tables."""
        if self._tables is not None:
            return {(fold(name.schema), fold(name.name)) for name in self._tables} & self._objects.keys()
        virtual = [key for key, each in self._objects.items() if each.is_virtual]
        if not virtual:
            return set(self._objects)
        if version >= _LISTS_SHADOWS:
            shadows = {(fold(schema), fold(name)) for schema, name in rows(self._connection, questions.SHADOWS)}
        else:
            shadows = {(schema, f"{name}_{end}") for schema, name in virtual for end in _SHADOWS}
        return self._objects.keys() - shadows

    # -- one kind after the other --------------------------------------------------------------------------------------

    def _read_tables(self, wanted: questions.Wanted, shown: set[_Key]) -> Iterator[Table]:
        with_parents = self._with_parents(wanted)
        indexes = _by_table(rows(self._connection, questions.indexes(with_parents)))
        columns = _by_table(rows(self._connection, questions.columns(with_parents, plain=True)))
        parents = self._parents(columns, indexes)
        plain = {key for key in shown if self._objects[key].kind == "table" and not self._objects[key].is_virtual}
        for key in plain:
            name = self._objects[key].name
            answers = Answers(
                name=name,
                columns=sorted(ColumnRow(*row) for row in columns.get(key, ())),
                indexes=[IndexRow(*row) for row in indexes.get(key, ())],
                foreign_keys=[ForeignKeyRow(*row) for row in self._keys.get(key, ())],
                texts=self._texts.get(key, {}),
            )
            text = definition(self._objects[key].sql, name.schema)
            yield table(answers, text, partial(parents, key[0]))
        yield from self._read_others(shown - plain)

    def _with_parents(self, wanted: questions.Wanted) -> questions.Wanted:
        """Return the tables with those that they refer to."""
        if self._tables is None:
            return wanted
        more: dict[str, set[str]] = {}
        for (schema, _), found in self._keys.items():
            more.setdefault(schema, set()).update(row[2] for row in found)
        return {schema: {*(names or ()), *more.get(fold(schema), ())} for schema, names in wanted.items()}

    def _parents(self, columns: _Found, indexes: _Found) -> Callable[[str, str], Parent | None]:
        """Return what tells of a table, by its schema and its name, what foreign keys may refer to."""

        @cache  # many tables refer to one
        def parent(schema: str, name: str) -> Parent | None:
            key = (schema, fold(name))
            found = self._objects.get(key)
            if found is None or found.kind != "table":
                return None
            answers = Answers(
                name=found.name,
                columns=[ColumnRow(*row) for row in columns.get(key, ())],
                indexes=[IndexRow(*row) for row in indexes.get(key, ())],
            )
            return parent_of(answers, definition(found.sql, found.name.schema))

        return parent

    def _read_others(self, shown: set[_Key]) -> Iterator[Table]:
        """Read views and virtual tables, of which one that SQLite cannot make sense of makes a whole statement fail."""
        columns, failures = self._fallible(sorted(shown))
        for key in shown:
            each, failure = self._objects[key], failures.get(key)
            answers = Answers(each.name, sorted(ColumnRow(*row) for row in columns.get(key, ())))
            complete = failure is None or failure.startswith(_BROKEN)
            if each.is_virtual:
                yield virtual_table(answers, complete=failure is None)
            else:
                yield view(answers, each.sql, self._triggers.get(key, ()), complete=complete)

    def _fallible(self, keys: list[_Key]) -> tuple[_Found, Mapping[_Key, str]]:
        """Return columns, and what SQLite says where it has none: by halves, until those are found that fail."""
        if not keys:
            return {}, {}
        wanted: dict[str, set[str]] = {}
        for key in keys:
            name = self._objects[key].name
            wanted.setdefault(name.schema, set()).add(name.name)
        try:
            found = _by_table(rows(self._connection, questions.columns(wanted, plain=False)))
            for question in questions.readings([self._objects[key].name for key in keys]):
                rows(self._connection, question)
        except Refused as failure:
            if len(keys) == 1:
                return {}, {keys[0]: failure.reason}
        else:
            return found, {}
        half = len(keys) // 2
        found, failures = self._fallible(keys[:half])
        others, more = self._fallible(keys[half:])
        return {**found, **others}, {**failures, **more}


def _by_table(answers: list[tuple[Any, ...]]) -> _Found:
    found: _Found = {}
    for schema, name, *row in answers:
        found.setdefault((fold(schema), fold(name)), []).append(tuple(row))
    return found
