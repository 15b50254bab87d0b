"""A query in, the table or view that CREATE TABLE AS, SELECT INTO or CREATE VIEW makes of it out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from alembic_contracts.prediction.catalog.access import of_new_table
from alembic_contracts.prediction.catalog.relations import PERSISTENCE, check_free, new_name
from alembic_contracts.prediction.queries.analysis import analyse
from alembic_contracts.prediction.queries.collations import DERIVED
from alembic_contracts.prediction.sql import parser, sqlstate
from alembic_contracts.schemas.remarks import Printed
from alembic_contracts.schemas.schema import Column, Table, TableKind

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.sql.parser import Node
    from alembic_contracts.prediction.sql.scopes import Output
    from alembic_contracts.schemas.schema import Name

__all__ = ["columns_of", "create_from_query"]


def columns_of(run: Execution, table: Name, output: Output, names: list[str], *, view: bool) -> tuple[Column, ...]:
    """Return a query's columns as those of a table (``view``: of a view), under the names that the statement lists.

    Raises:
        PostgresError: 42601 it lists too many, 42701 one twice.
    """
    if len(names) > len(output.fields) and output.complete:
        noun = (
            "CREATE VIEW specifies more column names than columns" if view else "too many column names were specified"
        )
        raise sqlstate.PostgresError("42601", noun)
    columns: list[Column] = []
    for position, found in enumerate(output.fields):
        name = names[position] if position < len(names) else found.name
        if any(name == column.name for column in columns):
            raise sqlstate.PostgresError("42701", f'column "{name}" specified more than once')
        updatable = is_updatable(run, output, position) if view else True
        is_known = found.collation != DERIVED
        if not is_known:
            run.doubt(f"the collation of {table}.{name} is derived from what it is made of", [table])
        collation = found.collation if is_known else None
        columns.append(Column(name=name, type=found.type, collation=collation, updatable=updatable))
    return tuple(columns)


def is_updatable(run: Execution, output: Output, position: int) -> bool | None:
    """Return what ``pg_columnis_updatable`` says of a view's column."""
    plain = output.fields[position].plain
    if not output.simple or plain is None:
        return False
    table = run.state.tables.get(plain[0])
    column = table.column(plain[1]) if table is not None else None
    if table is None or column is None:
        return None
    return column.updatable if table.kind == "view" else table.kind in {"table", "partitioned table"}


def create_from_query(run: Execution, into: Node, query: Node, kind: TableKind, *, if_not_exists: bool = False) -> None:
    """Create the table or materialized view that a query's result goes into.

    Args:
        run: the statement.
        into: its ``IntoClause``.
        query: its query, unwrapped.
        kind: what to create.
        if_not_exists: whether one that is there already is left alone.

    Raises:
        PostgresError: as the server would.
    """
    output, analysis = analyse(run, query)
    name = new_name(run, into.rel)
    if if_not_exists and run.state.relation_kind(name) is not None:
        return
    check_free(run.state, name)
    if kind == "materialized view" and analysis.temporary:
        raise sqlstate.feature_not_supported("materialized views must not use temporary tables or views")
    columns = columns_of(run, name, output, parser.strings(into.col_names), view=False)
    is_view = kind == "materialized view"
    if is_view:
        columns = tuple(replace(column, updatable=False) for column in columns)
    table = Table(
        name=name,
        kind=kind,
        persistence=PERSISTENCE[into.rel.relpersistence or "p"],
        columns=columns,
        complete=output.complete,
        definition=Printed(parser.deparse_statement(parser.wrap(query)), None) if is_view else None,
        depends_on=analysis.depends_on() if is_view else (),
        owner=run.state.current_user,
    )
    if not output.complete:
        run.doubt(f"the columns of {name} are not all known", [name])
    run.state.tables.put(name, of_new_table(run.state, table))
