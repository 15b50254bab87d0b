"""Publications in, the tables and columns that they replicate out: what Debezium and other subscribers rely on.

All of it stands in the schema, but for what a publication's parameters say, which is asked of the database where there
is a connection: whether updates and deletes are published at all, and stored generated columns (since PostgreSQL 18).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from msgspec import Struct

from alembic_contracts.errors import CannotCheck
from alembic_contracts.inference.sources import Option
from alembic_contracts.inference.uses import Found, Guarantee, Unread, Use
from alembic_contracts.prediction.sql.mentions import columns_in
from alembic_contracts.schemas.schema import Column, Name, Published, Schema, Table
from alembic_contracts.schemas.uses import Place
from alembic_contracts.support.suggestions import did_you_mean

if TYPE_CHECKING:
    from alembic_contracts.inference.sources import Asked

__all__ = ["EXAMPLES", "INPUTS", "OPTIONS", "SUMMARY", "uses"]

SUMMARY = "What publications replicate, as Debezium and other subscribers get it."
INPUTS = "NAME..."
OPTIONS: tuple[Option, ...] = ()
EXAMPLES = (
    ("dbz_publication --consumer debezium", "a contract of all that Debezium captures"),
    ("orders_out stock_out --consumer warehouse", "of two publications that one consumer subscribes to"),
)

_PARAMETERS = """\
SELECT
    p.pubname::text AS name,
    p.pubupdate OR p.pubdelete AS identifies_rows,
    pg_catalog.to_jsonb(p) ->> 'pubgencols' AS generated
FROM pg_catalog.pg_publication AS p
"""
"""The last one is null before version 18, which publishes no generated columns."""
_GENERATED_CAN_BE_PUBLISHED = 180000
_VERSION_TABLE = "alembic_version"
"""Publications of all tables include it, and nobody relies on it."""


class _Publication(Struct, frozen=True, kw_only=True):
    """One publication, as far as tables do not say it."""

    name: str
    identifies_rows: bool = True
    """Whether it publishes updates or deletes, which say what row they are about."""
    generated: bool | None = False
    """Whether stored generated columns are published where no column list says so; None: not known."""

    @property
    def place(self) -> Place:
        return Place("", None, f"publication {self.name}")


def uses(asked: Asked) -> Found:
    """Return what is replicated.

    Raises:
        CannotCheck: there is no such publication, or it cannot be known.
    """
    asked.require_postgresql("Publications")
    names = tuple(dict.fromkeys(asked.inputs))
    if not names:
        raise CannotCheck(f"Which publication?{did_you_mean('', sorted(asked.schema.access.publications))}")
    found: list[Use] = []
    guarantees: list[Guarantee] = []
    unread: list[Unread] = []
    notes: list[str] = []
    for publication in _publications(names, asked):
        members = list(_members(publication.name, asked.schema))
        for table, published in members:
            found += _used(table, published, publication)
            guarantees += _guaranteed(table, published, publication)
            notes += _remarks(table, published, publication)
            if not table.complete:
                reason = f"the columns of {table.name}, which it includes, could not all be predicted"
                unread.append(Unread(str(publication.place), None, None, reason))
        if not members:
            notes.append(f"Publication {publication.name} includes no table.")
    return Found(
        consumer="-".join(names),
        uses=tuple(found),
        guarantees=tuple(guarantees),
        compatibility="cdc",
        unread=tuple(unread),
        notes=tuple(notes),
    )


def _publications(names: tuple[str, ...], asked: Asked) -> Iterator[_Publication]:
    access = asked.schema.access
    parameters: Mapping[str, Any] = {}
    if asked.connection is not None:
        parameters = {row.name: row for row in asked.connection.execute(sa.text(_PARAMETERS))}
    for name in names:
        if name not in access.publications and not access.complete:
            raise CannotCheck(
                f"Publication `{name}` is not known without the database: no migration that was predicted creates it, "
                "and snapshots hold no publications, which differ from one database to the next. Leave out --offline."
            )
        if name not in access.publications:
            raise CannotCheck(f"There is no publication `{name}`{did_you_mean(name, sorted(access.publications))}")
        row = parameters.get(name)
        if row is not None:
            yield _Publication(name=name, identifies_rows=row.identifies_rows, generated=row.generated == "s")
        else:
            yield _Publication(
                name=name, generated=None if asked.server_version >= _GENERATED_CAN_BE_PUBLISHED else False
            )


def _members(publication: str, schema: Schema) -> Iterator[tuple[Table, Published]]:
    """Yield the tables that a publication includes, without partitions that it includes through their root as well."""
    included = {
        name: published
        for name, table in schema.tables.items()
        for published in table.publications
        if published.publication == publication and name.name != _VERSION_TABLE
    }
    for name in sorted(included):
        if not any(ancestor in included for ancestor in _roots(name, schema)):
            yield schema.tables[name], included[name]


def _roots(partition: Name, schema: Schema) -> Iterator[Name]:
    """Yield the partitioned tables that a partition belongs to; none for other tables, whatever they inherit from."""
    table = schema.tables.get(partition)
    while table is not None and table.partition and table.parents:
        yield table.parents[0]
        table = schema.tables.get(table.parents[0])


def _replicated(table: Table, published: Published, publication: _Publication) -> list[Column]:
    """Return the columns that reach subscribers, as ``pg_publication_tables.attnames`` has them."""
    if published.columns is not None:
        return [column for column in table.columns if column.name in published.columns]
    with_stored = publication.generated is True
    return [
        column for column in table.columns if not column.generated or (with_stored and column.generated == "stored")
    ]


def _used(table: Table, published: Published, publication: _Publication) -> Iterator[Use]:
    replicated = _replicated(table, published, publication)
    for column in replicated:
        yield Use(table.name, column.name, "read", publication.place)
    for name in columns_in(published.row_filter) if published.row_filter else ():
        if table.column(name) is not None:
            yield Use(table.name, name, "filtered", publication.place)
    if not replicated:
        yield Use(table.name, None, "read", publication.place)


def _guaranteed(table: Table, published: Published, publication: _Publication) -> Iterator[Guarantee]:
    """Yield what subscribers rely on beside columns and their types."""
    place = publication.place
    replicated = {column.name: column for column in _replicated(table, published, publication)}
    # Every column is named where there is no list, too: so that one that comes later and leaves some out is noticed.
    columns = {"columns": list(replicated)} if replicated else {}
    stated = {"name": publication.name, **columns, "row_filter": published.row_filter or ""}
    yield Guarantee(table.name, None, "publications", stated, place)
    for column in replicated.values():
        # Made a generated one, or one that is not stored, it is silently no longer replicated.
        yield Guarantee(table.name, column.name, "is_generated", column.generated.upper() or "NEVER")
    if table.primary_key and replicated.keys() >= set(table.primary_key):
        for name in table.primary_key:
            yield Guarantee(table.name, name, "primaryKey", value=True)
    if publication.identifies_rows and table.kind != "partitioned table" and _identifies_rows(table):
        yield Guarantee(table.name, None, "replica_identity", table.replica_identity, place)
        yield from _of_index(table)


def _of_index(table: Table) -> Iterator[Guarantee]:
    """Yield what the index of a replica identity has to go on saying about its columns."""
    index = next((each for each in table.indexes if each.name == table.replica_index), None)
    if table.replica_identity != "index" or index is None:
        return
    columns = [name for name in index.columns if name is not None]
    yield Guarantee(table.name, None, "unique", columns)
    for name in columns:
        yield Guarantee(table.name, name, "is_nullable", value=False)


def _identifies_rows(table: Table) -> bool:
    """Whether the table itself can say which row was updated or deleted; of partitions, each one says it for itself."""
    if table.replica_identity == "default":
        return bool(table.primary_key)
    return table.replica_identity != "nothing"


def _remarks(table: Table, published: Published, publication: _Publication) -> Iterator[str]:
    if publication.identifies_rows and table.kind != "partitioned table" and not _identifies_rows(table):
        yield (
            f"{table.name} has no replica identity, so PostgreSQL refuses every UPDATE and DELETE on it while "
            f"{publication.name} publishes them."
        )
    stored = [column.name for column in table.columns if column.generated == "stored"]
    if publication.generated is None and published.columns is None and stored:
        yield (
            f"Whether {publication.name} publishes the generated columns of {table.name} ({', '.join(stored)}) is not "
            "known without the database; they are left out."
        )
