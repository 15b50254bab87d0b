"""INSERT, UPDATE, DELETE or TRUNCATE in, the rows that are known changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alembic_contracts.prediction.answers.bindings import Relation, Row, Scope
from alembic_contracts.prediction.answers.evaluation import evaluate, is_true
from alembic_contracts.prediction.answers.select import returned, select
from alembic_contracts.prediction.answers.sources import conjuncts
from alembic_contracts.prediction.answers.values import UnanswerableError, is_guess
from alembic_contracts.prediction.sql.parser import child, children, enum_name, kind_of, strings, unwrap
from alembic_contracts.prediction.sql.sqlstate import PostgresError

if TYPE_CHECKING:
    from collections.abc import Callable

    from alembic_contracts.prediction.answers.rows import Data
    from alembic_contracts.prediction.sql.parser import Node
    from alembic_contracts.schemas.schema import Table

__all__ = ["change"]

ROWS_KEPT = 1_000
"""Rows of one table that are kept; where there are more, more are unknown."""


def change(kind: str, node: Node, data: Data) -> tuple[int, Relation | None]:
    """Apply a statement that changes rows to what is known of them.

    Returns:
        The number of rows, and what RETURNING yields (None where there is no RETURNING).

    Raises:
        UnanswerableError: RETURNING cannot be worked out.
    """
    if kind == "truncate_stmt":
        for relation in children(node.relations):
            name = data.catalog.resolve(relation.relname, relation.schemaname or None)
            if name is not None:
                data.put(name, [])
        return -1, None
    name = data.catalog.resolve(node.relation.relname, node.relation.schemaname or None)
    table = None if name is None else data.catalog.table(name)
    if table is None or kind not in _CHANGES:
        return 1, None
    alias = child(node.relation, "alias")
    shown = node.relation.relname if alias is None else alias.aliasname
    scope = Scope(data)
    try:
        affected = _CHANGES[kind](node, table, shown, scope)
    except (UnanswerableError, PostgresError):
        contents = data.contents(table.name)
        may_affect = kind in _ADDING or bool(contents.rows) or (contents.unknown and data.row_world)
        contents.unknown = contents.unknown or may_affect
        affected = [data.guessed_row(table)] if may_affect else []
    if not node.returning_clause.exprs:
        return len(affected), None
    relation = Relation(tuple(column.name for column in table.columns), affected)
    return len(affected), returned(node.returning_clause.exprs, shown, relation, scope)


def _insert(node: Node, table: Table, _alias: str, scope: Scope) -> list[Row]:
    data: Any = scope.world
    contents = data.contents(table.name)
    columns = [column.name for column in children(node.cols)] or [column.name for column in table.columns]
    asked, data.asked_unknown = data.asked_unknown, False
    rows = [_complete(dict(zip(columns, values, strict=False)), table, data) for values in _given(node, scope)]
    if data.asked_unknown:
        contents.unknown = True  # what is copied from a table of unknown contents is as unknown
    data.asked_unknown = data.asked_unknown or asked
    kept = [row for row in rows if not any(map(is_guess, row.values())) or not data.asked_unknown]
    if node.HasField("on_conflict_clause") and (contents.rows or contents.unknown or len(rows) > 1):
        contents.unknown = True  # which rows conflict, and what becomes of them, is not followed
        kept = []
    contents.rows += kept[: max(ROWS_KEPT - len(contents.rows), 0)]
    contents.unknown = contents.unknown or len(contents.rows) >= ROWS_KEPT
    return rows


_DEFAULT = object()


def _given(node: Node, scope: Scope) -> list[list[Any]]:
    if not node.HasField("select_stmt"):
        return [[]]  # DEFAULT VALUES
    query = unwrap(node.select_stmt)
    if query.values_lists:
        return [
            [_DEFAULT if kind_of(item) == "set_to_default" else evaluate(item, scope) for item in values.list.items]
            for values in query.values_lists[:ROWS_KEPT]
        ]
    relation = select(query, scope)
    return [list(row.values()) for row in relation.rows]


def _complete(given: Row, table: Table, data: Data) -> Row:
    return {
        column.name: data.kept(given[column.name], column)
        if given.get(column.name, _DEFAULT) is not _DEFAULT
        else data.default(table.name, column)
        for column in table.columns
    }


def _matching(node: Node, table: Table, alias: str, scope: Scope, sources: Any) -> list[Row]:
    """Return the known rows, themselves and not copies, that WHERE lets through."""
    if len(sources):
        raise UnanswerableError("rows chosen by another table's")
    data: Any = scope.world
    rows: list[Row] = data.contents(table.name).rows
    if not node.HasField("where_clause"):
        return list(rows)
    return [row for row in rows if is_true(evaluate(node.where_clause, scope.inner({alias: row})))]


def _with_unknown(rows: list[Row], node: Node, table: Table, scope: Scope) -> list[Row]:
    data: Any = scope.world
    if not data.contents(table.name).unknown:
        return rows
    is_one = bool(rows) and _names_one_row(node, table)
    data.asked_unknown = data.asked_unknown or bool(node.returning_clause.exprs) or not is_one
    if is_one:
        return rows
    return [*rows, data.guessed_row(table)] if data.row_world else rows


def _names_one_row(node: Node, table: Table) -> bool:
    """Whether WHERE asks for one value of the key, which one row at most can have."""
    if not node.HasField("where_clause") or len(table.primary_key) != 1:
        return False
    for condition in conjuncts(node.where_clause):
        expression = unwrap(condition)
        if kind_of(condition) != "a_expr" or enum_name(expression, "kind") != "AEXPR_OP":
            continue
        sides = (expression.lexpr, expression.rexpr)
        if strings(expression.name) == ["="] and {kind_of(side) for side in sides} == {"column_ref", "a_const"}:
            column = next(side for side in sides if kind_of(side) == "column_ref")
            if strings(column.column_ref.fields)[-1] == table.primary_key[0]:
                return True
    return False


def _update(node: Node, table: Table, alias: str, scope: Scope) -> list[Row]:
    rows = _matching(node, table, alias, scope, node.from_clause)
    changes = [(target.name, target.val) for target in children(node.target_list)]
    new = [{name: evaluate(value, scope.inner({alias: row})) for name, value in changes} for row in rows]
    columns = {column.name: column for column in table.columns}
    data: Any = scope.world
    for row, values in zip(rows, new, strict=True):
        row.update(
            {name: data.kept(value, columns[name]) if name in columns else value for name, value in values.items()}
        )
    return _with_unknown(rows, node, table, scope)


def _delete(node: Node, table: Table, alias: str, scope: Scope) -> list[Row]:
    data: Any = scope.world
    rows = _matching(node, table, alias, scope, node.using_clause)
    gone = set(map(id, rows))
    contents = data.contents(table.name)
    affected = _with_unknown(rows, node, table, scope)
    contents.rows = [row for row in contents.rows if id(row) not in gone]
    if not node.HasField("where_clause"):
        contents.unknown = contents.aged = False
    return affected


_ADDING = frozenset({"insert_stmt", "merge_stmt"})
"""Statements that can have rows to work on where their table holds none."""

_CHANGES: dict[str, Callable[[Node, Table, str, Scope], list[Row]]] = {
    "delete_stmt": _delete,
    "insert_stmt": _insert,
    "update_stmt": _update,
}
