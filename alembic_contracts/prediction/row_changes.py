"""What the names in INSERT, UPDATE, DELETE and MERGE mean."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from alembic_contracts.prediction import parser, sqlstate
from alembic_contracts.prediction.query_scope import Names, Outputs, Scope, Source, source_of

if TYPE_CHECKING:
    from alembic_contracts.prediction.parser import Node
    from alembic_contracts.schema import Table

__all__ = ["look_up", "target"]


def look_up(names: Names, node: Node, outer: Scope | None) -> Outputs:
    """Look up the names in a statement that changes rows; return the columns of its RETURNING.

    Raises:
        PostgresError: as PostgreSQL would.
    """
    scope = Scope(outer)
    names.common(node, scope)
    table = target(names, node.relation)
    kind = node.DESCRIPTOR.name
    if kind == "InsertStmt":
        _insert(names, node, table, scope)
    elif kind == "UpdateStmt":
        _update(names, node, table, scope)
    elif kind == "DeleteStmt":
        _delete(names, node, table, scope)
    else:
        _merge(names, node, table, scope)
    return _returning(names, node, scope)


def target(names: Names, node: Node) -> Table | None:
    """Return the table whose rows are to change; None where it may exist without being known.

    Raises:
        PostgresError: 42P01, 42809 it is a sequence, an index or a materialized view.
    """
    found = names.run.state.find_relation(node.relname, node.schemaname or None)
    if found is not None and found[1] in {"sequence", "index", "composite type", "materialized view"}:
        raise sqlstate.wrong_object_type(f'cannot change {found[1]} "{node.relname}"')
    return names.table(node)


def _source(table: Table | None, node: Node) -> Source:
    alias = node.alias.aliasname if node.HasField("alias") else node.relname
    return Source(alias, None) if table is None else source_of(table, alias, schema=table.name.schema)


def _returning(names: Names, node: Node, scope: Scope) -> Outputs:
    if not node.HasField("returning_clause"):
        return ()
    options = parser.children(node.returning_clause.options)
    aliases = {"old", "new", *(option.value for option in options)}
    if names.run.state.server_version >= 180000:
        columns = scope.sources[0].columns if scope.sources else None
        scope = Scope(Scope(scope.outer, [Source(a, columns) for a in sorted(aliases)]), scope.sources, scope.merged)
    return names.targets(node.returning_clause.exprs, scope)


# -- INSERT ------------------------------------------------------------------------------------------------------------


def _insert(names: Names, node: Node, table: Table | None, scope: Scope) -> None:
    written = [column.name for column in parser.children(node.cols)]
    if len(set(written)) < len(written) and not any(column.indirection for column in parser.children(node.cols)):
        raise sqlstate.PostgresError("42701", "column specified more than once")
    _require(table, written)
    width = None
    if node.HasField("select_stmt"):
        query = parser.unwrap(node.select_stmt)
        outputs = names.select(query, Scope(scope.outer, queries=scope.queries))
        width = None if outputs is None else len(outputs)
        _check_width(table, written, width)
        _check_generated(table, written, query, override=parser.enum_name(node, "override"))
    scope.sources.append(_source(table, node.relation))
    if node.HasField("on_conflict_clause"):
        _on_conflict(names, node.on_conflict_clause, table, scope)


def _require(table: Table | None, columns: Iterable[str]) -> None:
    for column in columns:
        if table is not None and table.complete and table.column(column) is None:
            raise sqlstate.undefined_column(column, table.name.name)


def _check_width(table: Table | None, written: list[str], width: int | None) -> None:
    if width is None:
        return
    if written and width != len(written):
        more = (
            "more expressions than target columns" if width > len(written) else "more target columns than expressions"
        )
        raise sqlstate.PostgresError("42601", f"INSERT has {more}")
    if not written and table is not None and table.complete and width > len(table.columns):
        raise sqlstate.PostgresError("42601", "INSERT has more expressions than target columns")


def _check_generated(table: Table | None, written: list[str], query: Node, *, override: str) -> None:
    """Refuse values for generated columns, and for identity columns that are always generated."""
    if table is None or not table.complete:
        return
    names = written or [column.name for column in table.columns]
    for position, name in enumerate(names):
        column = table.column(name)
        if column is None or not (column.generated or column.identity == "always"):
            continue
        if not column.generated and override != "OVERRIDING_NOT_SET":
            continue
        if _gives_value(query, position):
            raise sqlstate.PostgresError("428C9", f'cannot insert a non-DEFAULT value into column "{name}"')


def _gives_value(query: Node, position: int) -> bool:
    """Whether a query gives a value, not DEFAULT, at a position."""
    if not query.values_lists:
        return position < len(query.target_list)
    rows = [row.list.items for row in query.values_lists]
    return any(position < len(row) and not row[position].HasField("set_to_default") for row in rows)


def _on_conflict(names: Names, node: Node, table: Table | None, scope: Scope) -> None:
    if node.HasField("infer"):
        if node.infer.conname:
            known = table is None or not table.complete or any(c.name == node.infer.conname for c in table.constraints)
            if not known:
                raise sqlstate.undefined_object("constraint", node.infer.conname)
        else:
            _check_inference(names, node.infer, table, scope)
    excluded = Source("excluded", scope.sources[-1].columns)
    inner = Scope(scope.outer, [*scope.sources, excluded], queries=scope.queries)
    _set_columns(names, node.target_list, table, inner)
    if node.HasField("where_clause"):
        names.expression(node.where_clause, inner)


def _check_inference(names: Names, infer: Node, table: Table | None, scope: Scope) -> None:
    elements = parser.children(infer.index_elems)
    for element in elements:
        if element.name:
            _require(table, [element.name])
        else:
            names.expression(element.expr, scope)
    columns = {element.name for element in elements}
    if table is None or not table.complete or table.kind != "table" or "" in columns:
        return
    usable = any(
        index.unique and set(index.columns) == columns and (index.predicate is None or infer.HasField("where_clause"))
        for index in table.indexes
    )
    if not usable:
        message = "there is no unique or exclusion constraint matching the ON CONFLICT specification"
        raise sqlstate.PostgresError("42P10", message)


# -- UPDATE, DELETE, MERGE ---------------------------------------------------------------------------------------------


def _set_columns(names: Names, targets: Iterable[Node], table: Table | None, scope: Scope) -> None:
    for assignment in parser.children(targets):
        _require(table, [assignment.name])
        column = None if table is None else table.column(assignment.name)
        fixed = column is not None and (column.generated or column.identity == "always")
        if fixed and not assignment.val.HasField("set_to_default"):
            message = f'column "{assignment.name}" can only be updated to DEFAULT'
            raise sqlstate.PostgresError("428C9", message)
        names.expression(assignment.val, scope)


def _update(names: Names, node: Node, table: Table | None, scope: Scope) -> None:
    scope.sources.append(_source(table, node.relation))
    if table is not None:
        names.run.reads.add(table.name)
    for item in node.from_clause:
        names.from_item(item, scope)
    _set_columns(names, node.target_list, table, scope)
    if node.HasField("where_clause"):
        names.expression(node.where_clause, scope)


def _delete(names: Names, node: Node, table: Table | None, scope: Scope) -> None:
    scope.sources.append(_source(table, node.relation))
    if table is not None:
        names.run.reads.add(table.name)
    for item in node.using_clause:
        names.from_item(item, scope)
    if node.HasField("where_clause"):
        names.expression(node.where_clause, scope)


def _merge(names: Names, node: Node, table: Table | None, scope: Scope) -> None:
    scope.sources.append(_source(table, node.relation))
    if table is not None:
        names.run.reads.add(table.name)
    names.from_item(node.source_relation, scope)
    names.expression(node.join_condition, scope)
    for clause in parser.children(node.merge_when_clauses):
        if clause.HasField("condition"):
            names.expression(clause.condition, scope)
        for value in clause.values:
            names.expression(value, scope)
        if parser.enum_name(clause, "command_type") == "CMD_INSERT":
            _require(table, [column.name for column in parser.children(clause.target_list)])
        else:
            _set_columns(names, clause.target_list, table, scope)
