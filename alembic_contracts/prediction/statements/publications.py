"""CREATE and ALTER PUBLICATION applied to the catalog."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec.structs import replace

from alembic_contracts.prediction.catalog.publishing import (
    exclude,
    include,
    is_publishable,
    put_publication,
    set_sending,
    spread,
)
from alembic_contracts.prediction.catalog.relations import descendants, find, require_column
from alembic_contracts.prediction.catalog.state import Attachment
from alembic_contracts.prediction.queries.calls import calls_in, names_of_calls
from alembic_contracts.prediction.queries.ddl_expressions import check_columns
from alembic_contracts.prediction.sql import parser, sqlstate, system
from alembic_contracts.prediction.sql.view_options import is_true, stated
from alembic_contracts.schemas.schema import Name, Published, Sending

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.prediction.sql.parser import Node
    from alembic_contracts.schemas.schema import Table

__all__ = ["HANDLERS"]


def create_publication(run: Execution, node: Node) -> None:
    """Apply CREATE PUBLICATION.

    Raises:
        PostgresError: 42P01 no such table, 42703 no such column, 42710 it exists.
    """
    state, name = run.state, node.pubname
    if ("publication", None, name) in state.attachments:
        raise sqlstate.duplicate_object("publication", name)
    state.attachments.put(("publication", None, name), Attachment("publication", name, None))
    set_sending(state, name, _sending(Sending(), node))
    named = list(_named(run, node, adds=True))
    put_publication(state, name, None if node.for_all_tables else frozenset(_schemas(run, node)))
    for table, published in named:
        include(state, state.tables[table.name], published)
    spread(state, list(state.tables))


def alter_publication(run: Execution, node: Node) -> None:
    """Apply ALTER PUBLICATION ADD, SET and DROP, and what its options change of what is sent.

    Raises:
        PostgresError: 42704 no such publication, 42P01 no such table, 42703 no such column, 42710 it is in it already.
    """
    state, name = run.state, node.pubname
    if ("publication", None, name) not in state.attachments:
        known = run.state.complete or run.state.access.complete
        run.absent(sqlstate.undefined_object("publication", name), known=known)
        return
    if not len(node.pubobjects):
        set_sending(state, name, _sending(state.access.sending.get(name, Sending()), node))
        return
    _alter_objects(run, node, name)
    spread(state, list(state.tables))


def _alter_objects(run: Execution, node: Node, name: str) -> None:
    state = run.state
    action = parser.enum_name(node, "action")
    named = list(_named(run, node, adds=action != "AP_DropObjects"))
    schemas = frozenset(_schemas(run, node))
    scope = state.access.publications.get(name, frozenset()) or frozenset()
    if action == "AP_DropObjects":
        _take_out(state, name, [table for table, _ in named])
        put_publication(state, name, scope - schemas)
        return
    if action == "AP_SetObjects":
        _take_out(state, name, [table for table in state.tables.values() if _is_in(table, name)])
        scope = frozenset()
    put_publication(state, name, scope | schemas)
    for table, published in named:
        if action == "AP_AddObjects" and _is_in(state.tables[table.name], name) and table.name.schema not in scope:
            message = f'relation "{table.name.name}" is already member of publication "{name}"'
            raise sqlstate.PostgresError("42710", message)
        include(state, state.tables[table.name], published)


def _sending(before: Sending, node: Node) -> Sending:
    """Return what a publication sends once its options are as written."""
    sending = before
    for name, value in stated(node.options).items():
        if name == "publish":
            words = (word.strip() for word in value.split(","))
            sending = replace(sending, operations=frozenset(word for word in words if word))
        elif name == "publish_via_partition_root":
            sending = replace(sending, via_root=is_true(value))
        elif name == "publish_generated_columns":
            sending = replace(sending, generated=value in {"", "stored"})
    return sending


def _is_in(table: Table, publication: str) -> bool:
    return any(published.publication == publication for published in table.publications)


def _take_out(state: State, publication: str, tables: list[Table]) -> None:
    for table in tables:
        if not _is_in(table, publication):
            message = f'relation "{table.name.name}" is not part of the publication'
            raise sqlstate.PostgresError("42704", message)
        exclude(state, table, publication)


def _named(run: Execution, node: Node, *, adds: bool) -> Iterator[tuple[Table, Published]]:
    """Yield the tables that are named, and those that inherit from them, with their column list and row filter.

    What is a partition is published as its partitioned table is.
    """
    seen = set[Name]()
    for table, published, inherits in _written(run, node, adds=adds):
        below = descendants(run.state, table.name) if inherits and table.kind != "partitioned table" else ()
        for name in (table.name, *below):
            if name not in seen:
                seen.add(name)
                yield run.state.tables[name], published


def _written(run: Execution, node: Node, *, adds: bool) -> Iterator[tuple[Table, Published, bool]]:
    """Yield the tables that are named, how they are published, and whether what inherits from them is (no ONLY)."""
    for item in parser.children(node.pubobjects):
        if not item.HasField("pubtable"):
            continue
        if adds:
            _refuse_unpublishable(run.state, item.pubtable.relation)
        table = find(run, item.pubtable.relation)
        if table is None:
            continue
        columns = parser.strings(item.pubtable.columns)
        repeated = next((column for column in columns if columns.count(column) > 1), None)
        if repeated is not None:
            raise sqlstate.PostgresError("42710", f'duplicate column "{repeated}" in publication column list')
        for column in columns:
            require_column(table, column)
        ordered = tuple(column.name for column in table.columns if column.name in columns)
        has_filter = item.pubtable.HasField("where_clause")
        if has_filter:
            _check_filter(run, item.pubtable.where_clause, table)
        row_filter = parser.deparse_expression(item.pubtable.where_clause) if has_filter else None
        published = Published(publication=node.pubname, columns=ordered or None, row_filter=row_filter)
        yield table, published, bool(item.pubtable.relation.inh)


def _check_filter(run: Execution, node: Node, table: Table) -> None:
    """Refuse a row filter that is not of the server's own types and immutable functions alone.

    Raises:
        PostgresError: 42703 no such column, 42883 no such function, 0A000 it is of a user's.
    """
    for name in check_columns(run, node, table):
        column = table.column(name)
        if column is not None and column.type is not None and column.type.name.schema != "pg_catalog":
            raise sqlstate.feature_not_supported("invalid publication WHERE expression")
    for names in names_of_calls(calls_in(node)):
        if run.state.find_functions(names[-1], names[-2] if len(names) > 1 else None):
            raise sqlstate.feature_not_supported("invalid publication WHERE expression")
        run.state.uncertain.note_refusal()


def _refuse_unpublishable(state: State, relation: Node) -> None:
    """Refuse what is no table, not permanent, or the system's own (``check_publication_add_relation``).

    Raises:
        PostgresError: 22023.
    """
    name, schema = relation.relname, relation.schemaname or None
    table, found = state.find_table(name, schema), state.find_relation(name, schema)
    is_fine = found is None if table is None else is_publishable(table)
    if not is_fine or (found is None and system.is_system_relation(name, schema) is not None):
        raise sqlstate.PostgresError("22023", f'cannot add relation "{name}" to publication')


def _schemas(run: Execution, node: Node) -> Iterator[str]:
    """Yield the schemas all of whose tables are named.

    Raises:
        PostgresError: 3F000, there is no such schema.
    """
    for item in parser.children(node.pubobjects):
        match parser.enum_name(item, "pubobjtype"):
            case "PUBLICATIONOBJ_TABLES_IN_SCHEMA":
                if not run.state.has_namespace(item.name) and run.state.complete_tables:
                    raise sqlstate.undefined_schema(item.name)
                yield item.name
            case "PUBLICATIONOBJ_TABLES_IN_CUR_SCHEMA":
                yield run.state.creation_schema()


HANDLERS = {"create_publication_stmt": create_publication, "alter_publication_stmt": alter_publication}
