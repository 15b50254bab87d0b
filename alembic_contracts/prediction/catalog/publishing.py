"""A change of tables, schemas or publications in, every table with the publications that include it out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import MappingProxyType
from typing import TYPE_CHECKING

from msgspec.structs import replace

from alembic_contracts.prediction.catalog.state import Attachment
from alembic_contracts.prediction.sql import parser
from alembic_contracts.prediction.sql.mentions import columns_of
from alembic_contracts.schemas.schema import Access, Name, Published, Sending, Table

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.state import State

__all__ = [
    "drop_publication",
    "exclude",
    "include",
    "is_publishable",
    "moved",
    "published_by_schema",
    "put_publication",
    "rename_publication",
    "set_sending",
    "spread",
    "unpublished",
    "with_schema_renamed",
]

_KINDS = frozenset({"table", "partitioned table"})
"""Kinds of relations that publications can include, if they are permanent."""

Scope = frozenset[str] | None
"""Schemas whose tables a publication includes; None: all tables."""


def is_publishable(table: Table) -> bool:
    """Whether a publication can include a table."""
    return table.kind in _KINDS and table.persistence == "permanent"


def published_by_schema(access: Access, table: Table) -> tuple[Published, ...]:
    """Return the publications that include a table without naming it."""
    if not is_publishable(table):
        return ()
    names = (name for name, schemas in access.publications.items() if schemas is None or table.name.schema in schemas)
    return tuple(Published(publication=name) for name in sorted(names))


def moved(access: Access, old: str, table: Table) -> Table:
    """Return a table that came from another schema: publications of all tables of a schema do not follow it."""
    kept = {p.publication: p for p in table.publications if old not in (access.publications.get(p.publication) or ())}
    here = {p.publication: p for p in published_by_schema(access, table)}
    return replace(table, publications=tuple(each for _, each in sorted({**here, **kept}.items())))


def unpublished(table: Table, publication: str) -> Table:
    """Return a table that a publication no longer includes."""
    return replace(table, publications=tuple(p for p in table.publications if p.publication != publication))


def include(state: State, table: Table, published: Published) -> None:
    """Have a publication include a table; what the column list and the row filter name cannot be dropped without it."""
    others = unpublished(table, published.publication).publications
    publications = tuple(sorted((*others, published), key=lambda each: each.publication))
    if publications != table.publications:
        state.tables.put(table.name, replace(table, publications=publications))
    uses = {(table.name, column) for column in published.columns or ()}
    node = None if published.row_filter is None else parser.parse_expression(published.row_filter)
    if node is not None:
        uses |= {(table.name, column) for column in columns_of(node) if table.column(column) is not None}
    key = ("publication", None, published.publication)
    known = state.attachments.get(key, Attachment("publication", published.publication, None))
    rest = {use for use in known.uses if use[0] != table.name}
    state.attachments.put(key, replace(known, uses=frozenset(rest | uses)))


def exclude(state: State, table: Table, publication: str) -> None:
    """Have a publication no longer include a table, nor hold on to columns of it."""
    state.tables.put(table.name, unpublished(table, publication))
    key = ("publication", None, publication)
    known = state.attachments[key]
    state.attachments.put(key, replace(known, uses=frozenset(use for use in known.uses if use[0] != table.name)))


def spread(state: State, names: Iterable[Name]) -> None:
    """Tell partitions which publications include what they are partitions of, once that may be others."""
    for name in names:
        table = state.tables[name]
        above = {each.publication for parent in _above(state, table) for each in parent.publications}
        if table.published_above != above:
            state.tables.put(name, replace(table, published_above=frozenset(above)))


def _above(state: State, table: Table) -> Iterator[Table]:
    """Yield the tables that one is a partition of, directly or not."""
    while table.partition and table.parents:
        found = state.tables.get(table.parents[0])
        if found is None:
            return
        table = found
        yield table


def set_sending(state: State, name: str, sending: Sending) -> None:
    """Have a publication send this much of its tables."""
    state.set_access(replace(state.access, sending=MappingProxyType({**state.access.sending, name: sending})))


def put_publication(state: State, name: str, scope: Scope) -> None:
    """Have a publication take the tables of some schemas besides those that it names."""
    publications = MappingProxyType({**state.access.publications, name: scope})
    before = state.access
    state.set_access(replace(before, publications=publications))
    old = before.publications.get(name, frozenset())
    for table_name in list(state.tables):
        table = state.tables[table_name]
        taken = any(p.publication == name for p in published_by_schema(state.access, table))
        was_taken = old is None or table_name.schema in old
        included = any(p.publication == name for p in table.publications)
        if taken and not included:
            include(state, table, Published(publication=name))
        elif was_taken and not taken and included:
            state.tables.put(table_name, unpublished(table, name))


def drop_publication(state: State, name: str) -> None:
    """Take a publication out of all tables."""
    left = {other: scope for other, scope in state.access.publications.items() if other != name}
    sending = {other: each for other, each in state.access.sending.items() if other != name}
    known = replace(state.access, publications=MappingProxyType(left), sending=MappingProxyType(sending))
    state.set_access(known)
    for table_name in list(state.tables):
        table = state.tables[table_name]
        if any(p.publication == name for p in table.publications):
            state.tables.put(table_name, unpublished(table, name))
    spread(state, list(state.tables))


def rename_publication(state: State, old: str, new: str) -> None:
    """Give a publication another name."""
    known = {new if name == old else name: scope for name, scope in state.access.publications.items()}
    sending = {new if name == old else name: each for name, each in state.access.sending.items()}
    access = replace(state.access, publications=MappingProxyType(known), sending=MappingProxyType(sending))
    state.set_access(access)
    attachment = state.attachments.get(("publication", None, old))
    if attachment is not None:
        state.attachments.remove(("publication", None, old))
        state.attachments.put(("publication", None, new), replace(attachment, name=new))
    for table_name in list(state.tables):
        table = state.tables[table_name]
        if any(p.publication == old for p in table.publications):
            renamed = (replace(p, publication=new) if p.publication == old else p for p in table.publications)
            publications = tuple(sorted(renamed, key=lambda each: each.publication))
            state.tables.put(table_name, replace(table, publications=publications))
    spread(state, list(state.tables))


def with_schema_renamed(access: Access, old: str, new: str) -> Access:
    """Return who gets at what once a schema has another name."""

    def renamed(schema: str) -> str:
        return new if schema == old else schema

    return replace(
        access,
        schema_usage=frozenset((renamed(schema), role) for schema, role in access.schema_usage),
        default_grants=frozenset(
            each if each.schema is None else each._replace(schema=renamed(each.schema))
            for each in access.default_grants
        ),
        publications=MappingProxyType(
            {
                name: None if scope is None else frozenset(renamed(schema) for schema in scope)
                for name, scope in access.publications.items()
            }
        ),
    )
