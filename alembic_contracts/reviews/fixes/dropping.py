"""Contracts that end in, the revision out that drops what nobody relies on from a day on."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING, Any

from alembic.operations import MigrateOperation, ops
from msgspec import Struct
from sqlalchemy import DefaultClause, MetaData, Table, text
from sqlalchemy.exc import NoSuchTableError

from alembic_contracts.dialects.postgresql import quote, quote_name
from alembic_contracts.reviews import consumers
from alembic_contracts.reviews.fixes.drafts import Draft, Wanted
from alembic_contracts.reviews.fixes.missing import executed
from alembic_contracts.reviews.fixes.remedy_code import Undoable
from alembic_contracts.running.contract_first import table_of
from alembic_contracts.schemas.schema import Name
from alembic_contracts.texts import without_parameters

if TYPE_CHECKING:
    from sqlalchemy import Connection, Index

    from alembic_contracts.contracts.contract import Contract
    from alembic_contracts.reviews.consumers import Reliance
    from alembic_contracts.reviews.fixes.expanding import Expansion
    from alembic_contracts.running.courses import Course
    from alembic_contracts.schemas import schema

__all__ = ["contraction"]


class _Going(Struct, frozen=True):
    """A table or column that goes."""

    table: Name
    column: str | None
    day: date
    relying: tuple[Reliance, ...]

    @property
    def name(self) -> str:
        return str(self.table) if self.column is None else f"{self.table}.{self.column}"


def contraction(
    course: Course,
    contracts: Sequence[Contract],
    stated: MetaData,
    wanted: Wanted,
    *,
    expansion: Expansion,
    agreed: date | None,
) -> tuple[Draft | None, tuple[str, ...]]:
    """Return the revision that drops what has an end, None where nothing can go, and what is in the way of the rest.

    Args:
        course: its end is what is there, with all tables.
        contracts: all of the project's.
        stated: the tables that they state.
        wanted: which tables and columns it is to be about.
        expansion: what this very fix writes before.
        agreed: the day for what no contract gives one to.
    """
    held = [contract for contract in contracts if contract.stage not in ("draft", "retired")]
    found = list(_going(held, _Present(course, expansion), wanted, agreed))
    tables = {each.table for each in found if each.column is None}
    asked = [each for each in found if each.column is None or each.table not in tables]
    drops = _Drops(course, stated, _Present(course, expansion))
    operations: list[MigrateOperation] = []
    going: list[_Going] = []
    in_the_way: list[str] = []
    for each in asked:
        ending = expansion.later.get((each.table, each.column), ())
        done = [*ending, *([] if any(map(_renames, ending)) else drops.of(each.table, each.column))]
        hindrances = [*_readers(each, done, tables, course), *_computed(each, done, held)]
        if hindrances:
            in_the_way.append(f"Left to you: {each.name} cannot go as long as {', '.join(hindrances)}.")
        else:
            going.append(each)
            operations.extend(done)
    if not going:
        return None, tuple(in_the_way)
    day = max(each.day for each in going)
    names = ", ".join(each.name.removeprefix("public.") for each in going)
    draft = Draft(
        message=f"contract {names}",
        reasons=(_reason(going, day),),
        operations=tuple(operations),
        day=day,
    )
    return draft, tuple(in_the_way)


def _readers(going: _Going, done: Sequence[MigrateOperation], gone: Collection[Name], course: Course) -> Iterator[str]:
    """Yield that views read what is dropped for something that goes, and do not go themselves."""
    dropped = {each.column_name for each in done if isinstance(each, ops.DropColumnOp)}
    for name, table in course.predictions[0].after.tables.items():
        reads = {column for read, column in table.depends_on if read == going.table}
        if name not in gone and (reads & dropped or (going.column is None and reads)):
            yield f"the {table.kind} {name} reads it"


def _computed(going: _Going, done: Sequence[MigrateOperation], contracts: Sequence[Contract]) -> Iterator[str]:
    """Yield which contracts state that a column is computed, by which it no longer would be."""
    plain = [str(each.sqltext) for each in done if isinstance(each, ops.ExecuteSQLOp)]
    for contract in contracts:
        for fact in contract.facts:
            if fact.rule != "column-generated" or fact.table != going.table or not (fact.expected and fact.column):
                continue
            if any(sql.endswith(f" {quote(fact.column)} DROP EXPRESSION") for sql in plain):
                yield f"{fact.place} is computed from it, as {contract.id} states"


class _Present(Struct, frozen=True):
    """What is there once the expansion is."""

    course: Course
    expansion: Expansion

    def table(self, name: Name) -> schema.Table | None:
        after = self.course.predictions[0].after.tables.get(name)
        kept = any(table == name for table, _ in self.expansion.kept)
        return self.course.before.tables.get(name) if after is None and kept else after

    def has(self, name: Name, column: str | None) -> bool:
        table = self.table(name)
        if table is None or column is None:
            return table is not None
        return table.column(column) is not None or (name, column) in self.expansion.kept


def _going(contracts: Sequence[Contract], present: _Present, wanted: Wanted, agreed: date | None) -> Iterator[_Going]:
    for table, column in consumers.names(contracts):
        if not (present.has(table, column) and wanted(table, column)):
            continue
        relying = consumers.relying_on(table, column, contracts)
        days = [each.until or agreed for each in relying]
        known = [day for day in days if day is not None]
        if known and len(known) == len(days):
            yield _Going(table, column, max(known), relying)


def _renames(operation: MigrateOperation) -> bool:
    """Whether a statement gives what is kept the name of what came beside it, in place of dropping it."""
    return isinstance(operation, ops.ExecuteSQLOp) and " RENAME COLUMN " in str(operation.sqltext)


def _reason(going: Collection[_Going], day: date) -> str:
    """Return who may rely on what until then, for the docstring and the refusal."""
    owners = dict.fromkeys(
        f"{each.contract.id} ({each.contract.owner}; {each.location.file}:{each.location.line})"
        for going_ in going
        for each in going_.relying
    )
    return f"The sunset is {day:%Y-%m-%d}; up to the day before, these may rely on it: {', '.join(owners)}."


class _Drops:
    """Drops tables and columns; each drop knows what makes the shape again."""

    def __init__(self, course: Course, stated: MetaData, present: _Present) -> None:
        self._course, self._stated, self._present = course, stated, present
        self._reflected = MetaData()

    def of(self, table: Name, column: str | None) -> list[MigrateOperation]:
        there = self._present.table(table)
        if there is not None and there.kind in ("view", "materialized view"):
            return [executed(f"DROP {there.kind.upper()} {quote_name(table)}")]
        shape = self._shape(table)
        if column is None:
            if shape is None:
                return [ops.DropTableOp(table.name, schema=_schema(table))]
            return [*map(ops.DropIndexOp.from_index, _indexes(shape)), ops.DropTableOp.from_table(shape)]
        filling = self._filling(table, column)
        ending: list[MigrateOperation] = [each for filled in filling for each in filled.ending]
        beside = next((each.beside for each in filling if each.beside), None)
        for each in there.columns if there is not None else ():
            if each.generated and each.expression and re.fullmatch(rf"\(?{_as_printed(column)}\)?", each.expression):
                beside = each.name
            elif each.generated == "stored" and each.expression and consumers.has_word(each.expression, column):
                name = f"ALTER TABLE {quote_name(table)} ALTER COLUMN {quote(each.name)}"
                ending.append(executed(f"{name} DROP EXPRESSION"))
        if beside is not None:
            return [*ending, self._dropped(table, beside), executed(_renamed(table, column, beside))]
        return [*ending, self._dropped(table, column)]

    def _dropped(self, table: Name, column: str) -> MigrateOperation:
        shape = self._shape(table)
        found: Any = None if shape is None else shape.columns.get(column)
        if found is None:
            return ops.DropColumnOp(table.name, column, schema=_schema(table))
        return ops.DropColumnOp.from_column_and_tablename(_schema(table), table.name, found)

    def _filling(self, table: Name, column: str) -> list[_Filling]:
        """Return what fills other columns from this one, or both from each other: without it every write would fail.

        They are the triggers of the advice, whose function is called as they are.
        """
        connection = self._course.run.connection
        if connection is None or self._course.dialect.KIND != "postgresql":  # elsewhere no advice has a trigger
            return []
        rows = connection.execute(text(_TRIGGERS), {"table": quote_name(table)}).all()
        return [
            _Filling(
                (
                    Undoable(f"DROP TRIGGER {quote(name)} ON {quote_name(table)}", without_parameters(trigger)),
                    Undoable(f"DROP FUNCTION {function}()", without_parameters(definition)),
                ),
                _kept_alike(body, column),
            )
            for name, function, body, trigger, definition in rows
            if consumers.has_word(body, column)
        ]

    def _shape(self, table: Name) -> Table | None:
        """Return a table as the database has it, else as contracts state it."""
        connection = self._course.run.connection
        if connection is not None and table in self._course.before.tables:
            with suppress(NoSuchTableError):  # it has another name than in contracts about another kind of database
                return _reflected(table, self._reflected, connection)
        return table_of(self._stated, table)


class _Filling(Struct, frozen=True):
    """A trigger that fills a column from another one."""

    ending: tuple[MigrateOperation, ...]
    beside: str | None
    """The column that it keeps the same as the other one, under another name; None: it converts the values."""


_KEPT_ALIKE = re.compile(
    r"IF TG_OP = 'INSERT' THEN NEW\.(?P<new>\w+|\"(?:[^\"]|\"\")+\") := "
    r"coalesce\(NEW\.(?P=new), NEW\.(?P<old>[^;]+)\); "
)


def _kept_alike(body: str, column: str) -> str | None:
    """Return the name beside which a column has its own, where a function of the advice has both at all times."""
    found = _KEPT_ALIKE.search(body)
    if found is None or found["old"] != quote(column):
        return None
    return found["new"].strip('"').replace('""', '"')


def _as_printed(column: str) -> str:
    return re.escape(quote(column))


def _renamed(table: Name, column: str, name: str) -> str:
    return f"ALTER TABLE {quote_name(table)} RENAME COLUMN {quote(column)} TO {quote(name)}"


_TRIGGERS = """
    SELECT t.tgname, quote_ident(n.nspname) || '.' || quote_ident(p.proname), p.prosrc,
           pg_get_triggerdef(t.oid), pg_get_functiondef(p.oid)
    FROM pg_catalog.pg_trigger t
    JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid
    JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    WHERE t.tgrelid = to_regclass(:table) AND NOT t.tgisinternal AND p.proname = t.tgname
    ORDER BY t.tgname
"""


def _reflected(table: Name, into: MetaData, connection: Connection) -> Table:
    """Return a table as the database has it, so that it can be made again: what numbers its rows goes with it."""
    found = Table(table.name, into, schema=_schema(table), autoload_with=connection, resolve_fks=False)
    for column in found.columns:
        if isinstance(column.server_default, DefaultClause) and "nextval(" in str(column.server_default.arg):
            column.server_default = None
    return found


def _indexes(table: Table) -> list[Index]:
    return sorted(table.indexes, key=lambda index: str(index.name))


def _schema(table: Name) -> str | None:
    return None if table.schema in ("public", "main", "") else table.schema
