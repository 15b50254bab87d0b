"""What a release uses, and the schema that it was made for, in; a contract that says so out, in no file.

What its models say of a table counts as far as that schema has it: the release runs on what its own revisions lead to,
whatever its models believe. Types, nullability and defaults are therefore those of the schema; which columns, who
writes them and where that is written are the models'.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec.structs import replace

from alembic_contracts.contracts.contract import Contract, Expected, Fact, Owner
from alembic_contracts.dialects import Dialect
from alembic_contracts.documents.document import ContractLocation
from alembic_contracts.inference.metadata.tables import MappedColumn, MappedTable
from alembic_contracts.judging import rules
from alembic_contracts.running.terms import Release, Released
from alembic_contracts.schemas.schema import Column, Name, Schema, Table
from alembic_contracts.schemas.uses import Place

__all__ = ["contract_of", "mapped"]

_SIDES = frozenset(("reader", "writer"))
_WRITTEN = ("table", "partitioned table", "foreign table")


def contract_of(release: Release, released: Released, schema: Schema, dialect: Dialect) -> Contract:
    """Return what has to hold for a release to go on reading and inserting.

    Args:
        release: an application at a git ref.
        released: what it uses of one database.
        schema: what its own revisions lead to there.
        dialect: knows which types forbid NULL.
    """
    tables = [table for table in mapped(released, schema) if table.name in schema.tables]
    facts = tuple(fact for table in tables for fact in _facts(table, schema, dialect))
    return Contract(
        namespace="release",
        name=release.ref,
        owner=Owner(f"whoever runs {release.ref}"),
        facts=facts,
        location=facts[0].location if facts else ContractLocation(released.file or "env.py", (1, 1)),
        compatibility="read-write",
        used_by=_places(tables),
        at=release.ref,
    )


def _places(tables: Iterable[MappedTable]) -> Mapping[tuple[Name, str | None], tuple[Place, ...]]:
    found: dict[tuple[Name, str | None], tuple[Place, ...]] = {}
    for table in tables:
        found[table.name, None] = (table.place,)
        found.update({(table.name, each.name): (each.place,) for each in table.columns if each.used})
    return found


def mapped(released: Released, schema: Schema) -> Sequence[MappedTable]:
    """Return the tables of a release's models, or where these cannot be read all that there are, whole."""
    if released.tables is not None:
        return released.tables
    place = Place(released.file, 1, "its revisions")
    found = (schema.tables[name] for name in sorted(released.names) if name in schema.tables)
    return [_whole(table, place) for table in found]


def _whole(table: Table, place: Place) -> MappedTable:
    columns = tuple(
        MappedColumn(
            name=column.name,
            place=place,
            nullable=not column.not_null,
            server_default=column.default is not None,
            generated=bool(column.generated),
        )
        for column in table.columns
    )
    unique = tuple(each.columns for each in table.constraints if each.kind == "unique")
    return MappedTable(name=table.name, place=place, columns=columns, primary_key=table.primary_key, unique=unique)


def _facts(table: MappedTable, schema: Schema, dialect: Dialect) -> Iterator[Fact]:
    there, at = schema.tables[table.name], _location(table.place)
    yield Fact("table-exists", table.name, None, None, at)
    for rule in rules.load().values():  # stated here so that they have the table's own place
        if rule.implied_by & _SIDES:
            yield Fact(rule.id, table.name, None, None, at)
    for column in table.columns:
        found = there.column(column.name)
        if found is not None and column.used:
            for rule_id, expected in _of_column(column, found, there, schema, dialect):
                yield Fact(rule_id, table.name, column.name, expected, _location(column.place))
    yield from (replace(fact, location=at) for fact in _keys(table, there, at))


def _of_column(
    column: MappedColumn, there: Column, table: Table, schema: Schema, dialect: Dialect
) -> Iterator[tuple[str, Expected]]:
    yield "column-exists", None
    if there.type is not None:
        yield "column-type", there.type
        definition = schema.types.get(there.type.name)
        if definition is not None and definition.kind == "enum":
            yield "enum-labels", definition.labels
    if table.kind not in _WRITTEN or there.generated:
        return
    if not column.generated:
        forbids = there.type is not None and dialect.forbids_null(there.type, schema.types)
        if column.nullable != (there.not_null or forbids) and there.name not in table.unvalidated:
            yield "column-nullable", column.nullable
        yield "column-generated", ""
    is_left = column.server_default or column.generated  # to the server
    if is_left and there.default is not None:
        yield "column-default", there.default
    if not is_left or there.identity:
        yield "column-identity", there.identity


def _keys(table: MappedTable, there: Table, at: ContractLocation) -> Iterator[Fact]:
    """Yield the keys that both have: an INSERT ... ON CONFLICT names them."""
    used = {column.name for column in table.columns if column.used}
    if table.primary_key and table.primary_key == there.primary_key and used.issuperset(table.primary_key):
        yield Fact("primary-key", table.name, None, table.primary_key, at)
    unique = {frozenset(each.columns) for each in there.constraints if each.kind == "unique"}
    unique |= {frozenset(filter(None, each.columns)) for each in there.indexes if each.unique and not each.predicate}
    for columns in table.unique:
        if frozenset(columns) in unique and used.issuperset(columns):
            yield Fact("unique", table.name, None, columns, at)


def _location(place: Place) -> ContractLocation:
    return ContractLocation(place.file or place.what, (place.line or 1, 1))
