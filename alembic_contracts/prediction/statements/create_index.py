"""CREATE INDEX applied to the catalog, on partitioned tables with all partitions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_contracts.dialects.postgresql.names import quote
from alembic_contracts.prediction.catalog import generated_names, pending_events
from alembic_contracts.prediction.catalog.relations import find, partition_columns
from alembic_contracts.prediction.printing.texts import of_condition, of_expression
from alembic_contracts.prediction.queries.ddl_expressions import check_columns
from alembic_contracts.prediction.queries.operator_classes import check_element, check_predicate
from alembic_contracts.prediction.sql import parser, sqlstate
from alembic_contracts.prediction.sql.column_names import figure
from alembic_contracts.prediction.sql.spelling import printed_of
from alembic_contracts.prediction.sql.system import SYSTEM_COLUMNS
from alembic_contracts.prediction.tables.indexes import put_index
from alembic_contracts.schemas.remarks import Method
from alembic_contracts.schemas.schema import Index, Name

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.sql.parser import Node
    from alembic_contracts.schemas.schema import Table

__all__ = ["HANDLERS"]


def create_index(run: Execution, node: Node) -> None:
    """Apply CREATE INDEX."""
    if node.concurrent:
        run.forbid_transaction("CREATE INDEX CONCURRENTLY")
    table = find(run, node.relation)
    if table is None:
        return
    if table.kind in {"view", "foreign table"}:
        raise sqlstate.wrong_object_type(f'cannot create index on relation "{table.name.name}"')
    if table.kind == "partitioned table" and node.concurrent:
        raise sqlstate.feature_not_supported("cannot create index on partitioned table concurrently")
    pending_events.refuse(run, table, "CREATE INDEX")
    if node.idxname:
        taken = run.state.relation_kind(Name(table.name.schema, node.idxname)) is not None
        if taken and node.if_not_exists:
            return
        if taken:
            raise sqlstate.duplicate_table(node.idxname)
    index, labels = _draft(run, table, node)
    if table.kind == "partitioned table" and index.unique:
        _refuse_without_partition_key(table, index)
    alone = table.kind == "partitioned table" and not node.relation.inh and bool(run.state.children(table.name))
    if index.unique and alone:
        run.doubt("the index is not valid until those of all partitions are attached to it", [table.name])
    put_index(run.state, table.name, index, labels, recurse=node.relation.inh)


def _refuse_without_partition_key(table: Table, index: Index) -> None:
    missing = [column for column in partition_columns(table) if column not in index.columns]
    if missing:
        message = (
            "unique constraint on partitioned table must include all partitioning columns: UNIQUE constraint on "
            f'table "{table.name.name}" lacks column "{missing[0]}" which is part of the partition key'
        )
        raise sqlstate.feature_not_supported(message)


def _draft(run: Execution, table: Table, node: Node) -> tuple[Index, list[str]]:
    """Return the index and the names of its columns as they go into a generated name."""
    method = node.access_method or "btree"
    columns: list[str | None] = []
    labels = []
    expressions = []
    for element in parser.children(node.index_params):
        if element.name:
            _require_key(table, element.name)
            check_element(run, table, element, method)
            columns.append(element.name)
            labels.append(element.name)
        else:
            check_columns(run, element.expr, table)
            check_element(run, table, element, method)
            labels.append(figure(element.expr) or "expr")
            column, expression = _column_or_expression(run, table, element.expr)
            columns.append(column)
            expressions += [] if expression is None else [expression]
    include = [element.name for element in parser.children(node.index_including_params)]
    for name in include:
        _require(table, name)
    predicate = None
    if node.HasField("where_clause"):
        check_columns(run, node.where_clause, table)
        check_predicate(run, table, node.where_clause)
        text = parser.deparse_expression(node.where_clause)
        predicate = of_condition(run.state, text, node.where_clause, table.columns)
        if printed_of(predicate) == "true":
            predicate = None
    index = Index(
        name=node.idxname,
        columns=tuple(columns),
        include=tuple(include),
        unique=node.unique,
        method=_method(node),
        predicate=predicate,
        expressions=tuple(expressions),
        nulls_not_distinct=node.nulls_not_distinct,
    )
    return index, generated_names.index_columns([*labels, *include])


def _column_or_expression(run: Execution, table: Table, node: Node) -> tuple[str | None, str | None]:
    """Return the column that a key in parentheses is, or else its expression.

    Any collation is the key's own then (``ComputeIndexAttrs`` of commands/indexcmds.c).
    """
    bare = node
    while parser.unwrap(bare).DESCRIPTOR.name == "CollateClause":
        bare = parser.unwrap(bare).arg
    if figure(bare) in SYSTEM_COLUMNS:
        raise _of_system_column()
    if parser.unwrap(bare).DESCRIPTOR.name == "ColumnRef":
        *around, name = parser.strings(parser.unwrap(bare).fields) or [""]
        if tuple(around) in ((), table.name[1:], table.name) and table.column(name) is not None:
            return name, None
    if parser.unwrap(bare).DESCRIPTOR.name == "TypeCast":  # one to the type that it has is nothing
        text = printed_of(of_expression(run.state, parser.deparse_expression(bare), bare, table.columns))
        column = next((column.name for column in table.columns if quote(column.name) == text), None)
        if column is not None:
            return column, None
    return None, of_expression(run.state, parser.deparse_expression(node), node, table.columns)


def _of_system_column() -> sqlstate.PostgresError:
    return sqlstate.feature_not_supported("index creation on system columns is not supported")


def _method(node: Node) -> str:
    """Return the index's method with what is printed behind the keys, if that is all there is to the index."""
    method = node.access_method or "btree"
    options = [_option(element) for element in parser.children(node.index_params)]
    if node.options or node.table_space or None in options:
        return str(method)
    return Method(method, tuple(option or "" for option in options))


def _option(element: Node) -> str | None:
    classes = parser.strings(element.opclass)
    if _collates(element) or element.opclassopts or (classes and classes[-1] not in _OPERATOR_CLASSES):
        return None
    order, nulls = parser.enum_name(element, "ordering"), parser.enum_name(element, "nulls_ordering")
    text = f" {classes[-1]}" if classes else ""
    if order == "SORTBY_DESC":
        return text + " DESC" + (" NULLS LAST" if nulls == "SORTBY_NULLS_LAST" else "")
    return text + (" NULLS FIRST" if nulls == "SORTBY_NULLS_FIRST" else "")


def _collates(element: Node) -> bool:
    return bool(element.collation) or parser.unwrap(element.expr).DESCRIPTOR.name == "CollateClause"


_OPERATOR_CLASSES = frozenset({"text_pattern_ops", "varchar_pattern_ops", "bpchar_pattern_ops", "jsonb_path_ops"})
"""Those that are no type's default, so that they are printed."""


def _require_key(table: Table, column: str) -> None:
    if column in SYSTEM_COLUMNS:
        raise _of_system_column()
    _require(table, column)


def _require(table: Table, column: str) -> None:
    if table.column(column) is None and table.complete and column not in SYSTEM_COLUMNS:
        raise sqlstate.undefined_column(column)


HANDLERS = {"index_stmt": create_index}
