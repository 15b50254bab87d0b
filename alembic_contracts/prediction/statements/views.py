"""CREATE VIEW, CREATE MATERIALIZED VIEW and CREATE TABLE AS applied to the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec.structs import replace

from alembic_contracts.prediction.catalog.access import of_new_table
from alembic_contracts.prediction.catalog.relations import check_free, new_name
from alembic_contracts.prediction.catalog.state import TEMPORARY
from alembic_contracts.prediction.queries.analysis import Analysis, analyse
from alembic_contracts.prediction.sql import parser, sqlstate
from alembic_contracts.prediction.sql.system import SYSTEM_COLUMNS
from alembic_contracts.prediction.sql.view_options import check_option, is_true, stated
from alembic_contracts.prediction.tables.from_query import columns_of, create_from_query, is_updatable
from alembic_contracts.schemas.remarks import Printed
from alembic_contracts.schemas.schema import Name, Table, TableKind

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.sql.parser import Node
    from alembic_contracts.prediction.sql.scopes import Output

__all__ = ["HANDLERS"]

_WRITABLE = frozenset({"table", "partitioned table", "foreign table", "view"})
"""Kinds of relations through which a view can be updated by itself."""


def create_view(run: Execution, node: Node) -> None:
    """Apply CREATE [OR REPLACE] VIEW.

    Raises:
        PostgresError: as the server would.
    """
    output, analysis = analyse(run, parser.unwrap(node.query))
    name = new_name(run, node.view)
    if analysis.temporary and name.schema != TEMPORARY:
        name = Name(TEMPORARY, name.name)
    columns = columns_of(run, name, output, parser.strings(node.aliases), view=True)
    options = stated(node.options)
    table = Table(
        name=name,
        kind="view",
        persistence="temporary" if name.schema == TEMPORARY else "permanent",
        columns=columns,
        complete=output.complete,
        definition=Printed(parser.deparse_statement(node.query), None),
        depends_on=analysis.depends_on(),
        owner=run.state.current_user,
        check_option=_check_option(node),
        security_invoker="security_invoker" in options and is_true(options["security_invoker"]),
    )
    _refuse_check(run, node, output)
    if not output.complete:
        run.doubt(f"the columns of {name} are not all known", [name])
    old = run.state.tables.get(name) if node.replace else None
    if old is None:
        check_free(run.state, name)
        table = of_new_table(run.state, table)
    else:
        table = _replaced(old, table)
        if _reads_itself(run, table):  # no row gets through, and none is shown
            table = replace(table, columns=tuple(replace(column, updatable=False) for column in table.columns))
    run.state.tables.put(name, table)
    if old is not None and [c.updatable for c in old.columns] != [c.updatable for c in table.columns]:
        _refresh(run, name)


def _reads_itself(run: Execution, view: Table) -> bool:
    """Whether a view is among what it reads, by way of other views."""
    waiting, seen = [view], set[Name]()
    while waiting:
        for name in {read for read, _ in waiting.pop().depends_on} - seen:
            seen.add(name)
            table = run.state.tables.get(name)
            if table is not None and table.kind == "view" and name != view.name:
                waiting.append(table)
    return view.name in seen


def _check_option(node: Node) -> Literal["", "local", "cascaded"]:
    said = parser.enum_name(node, "with_check_option")
    if said == "LOCAL_CHECK_OPTION":
        return "local"
    return "cascaded" if said == "CASCADED_CHECK_OPTION" else check_option(stated(node.options))


def _refuse_check(run: Execution, node: Node, output: Output) -> None:
    """Refuse WITH CHECK OPTION where rows cannot go through a view (``view_query_is_auto_updatable``).

    Raises:
        PostgresError: 0A000.
    """
    options = {option.defname for option in parser.children(node.options)}
    if parser.enum_name(node, "with_check_option") == "NO_CHECK_OPTION" and "check_option" not in options:
        return
    plain = {field.plain for field in output.fields if field.plain is not None}
    bases = [run.state.tables.get(name) for name, column in plain if column not in SYSTEM_COLUMNS]
    if output.complete and not (output.simple and any(base is None or base.kind in _WRITABLE for base in bases)):
        raise sqlstate.feature_not_supported("WITH CHECK OPTION is supported only on automatically updatable views")


def _refresh(run: Execution, name: Name) -> None:
    """Work out again which columns of the views on a view can be updated."""
    for user in run.state.mentioned_by(name):
        if user.kind != "view" or user.definition is None:
            continue
        try:
            output = Analysis(run).query(parser.parse(user.definition)[0].node)
        except sqlstate.PostgresError:  # a table was renamed since: its text is not the view's any more
            columns = tuple(replace(column, updatable=None) for column in user.columns)
        else:
            columns = tuple(replace(c, updatable=is_updatable(run, output, i)) for i, c in enumerate(user.columns))
        if columns != user.columns:
            run.state.tables.put(user.name, replace(user, columns=columns))
            _refresh(run, user.name)


def _replaced(old: Table, new: Table) -> Table:
    """Check that a view may take the place of another: its columns must stay, more may follow."""
    if old.kind != "view":
        raise sqlstate.wrong_object_type(f'"{old.name.name}" is not a view')
    if old.complete and new.complete:
        if len(new.columns) < len(old.columns):
            raise sqlstate.invalid_table_definition("cannot drop columns from view")
        for before, after in zip(old.columns, new.columns, strict=False):
            if before.name != after.name:
                message = f'cannot change name of view column "{before.name}" to "{after.name}"'
                raise sqlstate.invalid_table_definition(message)
            if before.type is not None and after.type is not None and before.type != after.type:
                raise sqlstate.invalid_table_definition(f'cannot change data type of view column "{before.name}"')
    comments = {column.name: column for column in old.columns}
    columns = tuple(
        replace(c, comment=comments[c.name].comment, default=comments[c.name].default) if c.name in comments else c
        for c in new.columns
    )
    # What it reads may be closed to those who may use it.
    same = (old.security_invoker, old.depends_on) == (new.security_invoker, new.depends_on)
    unusable = old.unusable if same else None
    return replace(
        new,
        columns=columns,
        comment=old.comment,
        owner=old.owner,
        grants=old.grants,
        unusable=unusable,
        taken=old.taken,
    )


def create_as(run: Execution, node: Node) -> None:
    """Apply CREATE TABLE AS and CREATE MATERIALIZED VIEW."""
    materialized = parser.enum_name(node, "objtype") == "OBJECT_MATVIEW"
    query = parser.unwrap(node.query)
    if query.DESCRIPTOR.name == "ExecuteStmt":
        prepared = run.state.prepared.get(query.name)
        if prepared is None:
            raise sqlstate.PostgresError("26000", f'prepared statement "{query.name}" does not exist')
        query = prepared.node
        run.apply(parser.Statement(prepared.sql, prepared.kind, query))
        run.query = None
    kind: TableKind = "materialized view" if materialized else "table"
    create_from_query(run, node.into, query, kind, if_not_exists=node.if_not_exists)


HANDLERS = {"view_stmt": create_view, "create_table_as_stmt": create_as}
