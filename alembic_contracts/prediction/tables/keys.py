"""A primary key, unique or exclusion constraint in, the table with it and its index out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from alembic_contracts.dialects.postgresql.names import quote
from alembic_contracts.prediction.catalog import generated_names
from alembic_contracts.prediction.catalog.relations import partition_columns, refuse_taken, require_column
from alembic_contracts.prediction.queries.operator_classes import require_operator_class
from alembic_contracts.prediction.sql import parser, sqlstate
from alembic_contracts.prediction.tables.columns import KeyDraft
from alembic_contracts.prediction.tables.not_null import NotNull, mark_not_null, spread_not_null
from alembic_contracts.schemas.remarks import Method, Printed
from alembic_contracts.schemas.schema import Constraint, ConstraintKind, Index, Name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.prediction.sql.parser import Node
    from alembic_contracts.schemas.schema import Table

__all__ = ["KEYS", "add_keys", "attach_key"]

KEYS: dict[str, tuple[ConstraintKind, str]] = {
    "CONSTR_PRIMARY": ("primary key", "pkey"),
    "CONSTR_UNIQUE": ("unique", "key"),
    "CONSTR_EXCLUSION": ("exclude", "excl"),
}
"""Kinds of constraints that come with an index, and the ends of their generated names."""


def merge_keys(drafts: list[KeyDraft], table: Name) -> list[KeyDraft]:
    """Put the primary key first and leave out repeated keys (``transformIndexConstraints``).

    Raises:
        PostgresError: 42P16, more than one primary key.
    """
    primary = [draft for draft in drafts if draft.kind == "CONSTR_PRIMARY"]
    if len(primary) > 1:
        raise sqlstate.invalid_table_definition(f'multiple primary keys for table "{table.name}" are not allowed')
    merged: dict[object, KeyDraft] = {}
    names_given: dict[object, str] = {}
    for draft in primary + [draft for draft in drafts if draft.kind != "CONSTR_PRIMARY"]:
        identity = _key_identity(draft)
        merged.setdefault(identity, draft)
        if draft.node.conname:
            names_given.setdefault(identity, draft.node.conname)
    kept = []
    for identity, draft in merged.items():
        name = names_given.get(identity, "")
        kept.append(draft if draft.node.conname == name else _named(draft, name))
    return kept


def _named(draft: KeyDraft, name: str) -> KeyDraft:
    node = type(draft.node)()
    node.CopyFrom(draft.node)
    node.conname = name
    return replace(draft, node=node)


def _key_identity(draft: KeyDraft) -> object:
    node = draft.node
    if draft.kind == "CONSTR_EXCLUSION":
        return (id(node),)
    columns = tuple(parser.strings(node.keys)) or (draft.column,)
    deferral = (node.deferrable or draft.deferrable, node.initdeferred or draft.initially_deferred)
    return (columns, tuple(parser.strings(node.including)), node.nulls_not_distinct, deferral, node.without_overlaps)


def add_keys(run: Execution, table: Name, drafts: list[KeyDraft], *, recurse: bool = True) -> None:
    """Add primary keys, unique and exclusion constraints with their indexes."""
    merged = merge_keys(drafts, table)
    for draft in merged:
        if draft.kind == "CONSTR_PRIMARY":
            for column in parser.strings(draft.node.keys) or [draft.column or ""]:
                _require_key_column(run, table, column)
                mark_not_null(run.state, table, NotNull(column))
                if recurse:
                    spread_not_null(run.state, table, column)
                else:
                    _require_not_null_children(run, run.state.tables[table], column)
    for draft in merged:
        _add_key(run, table, draft, recurse=recurse)


def _require_key_column(run: Execution, name: Name, column: str) -> None:
    table = run.state.tables[name]
    if table.column(column) is None and table.complete:
        raise sqlstate.PostgresError("42703", f'column "{column}" named in key does not exist')


def _require_not_null_children(run: Execution, table: Table, column: str) -> None:
    """Refuse a primary key of a table ONLY whose children may have NULL there; before 18 only partitions may not.

    Raises:
        PostgresError: 42P16, from version 18 on XX000.
    """
    strict = run.state.server_version >= 180000
    for child in run.state.children(table.name) if strict or table.kind == "partitioned table" else ():
        known = child.column(column)
        if known is not None and not known.not_null:
            message = f'column "{column}" of table "{child.name.name}" is not marked NOT NULL'
            raise sqlstate.PostgresError("XX000" if strict else "42P16", message)
        if known is not None and strict:
            mark_not_null(run.state, child.name, NotNull(column, inherited=True))


def _add_key(run: Execution, name: Name, draft: KeyDraft, *, recurse: bool) -> None:
    node, table = draft.node, run.state.tables[name]
    if node.indexname:
        raise sqlstate.wrong_object_type("an index cannot be used in CREATE TABLE")
    (kind, label), include = KEYS[draft.kind], tuple(parser.strings(node.including))
    columns: tuple[str | None, ...]
    if kind == "exclude":
        columns, expressions = _exclusion_columns(run, table, node)
    else:
        columns, expressions = tuple(parser.strings(node.keys)) or (draft.column,), ()
        for column in (*columns, *include):
            _require_key_column(run, name, column or "")
        _refuse_repeated(columns, kind)
    method = node.access_method or ("gist" if node.without_overlaps else "btree")
    _require_order(run, table, columns if kind != "exclude" and method == "btree" else ())
    _require_place(run, table, kind)
    _require_partition_key(table, columns, kind)
    predicate = parser.deparse_expression(node.where_clause) if node.HasField("where_clause") else None
    constraint = Constraint(
        name="",
        kind=kind,
        columns=tuple(column for column in columns if column is not None),
        expression=_exclusion(node, predicate, table) if kind == "exclude" else None,
        deferrable=node.deferrable or draft.deferrable or draft.initially_deferred,
        initially_deferred=node.initdeferred or draft.initially_deferred,
        nulls_not_distinct=node.nulls_not_distinct,
        period=node.without_overlaps,
    )
    index = Index(
        name="",
        columns=columns,
        include=include,
        unique=kind != "exclude",
        method=_method(node, len(columns)),
        predicate=predicate,
        expressions=expressions,
        nulls_not_distinct=node.nulls_not_distinct,
    )
    _put_key(run.state, name, constraint, index, wanted=node.conname or None, label=label, recurse=recurse)


def _require_place(run: Execution, table: Table, kind: str) -> None:
    """Refuse what a table has already, or cannot have.

    Raises:
        PostgresError: 42P16, 0A000.
    """
    if kind == "primary key" and table.primary_key:
        message = f'multiple primary keys for table "{table.name.name}" are not allowed'
        raise sqlstate.invalid_table_definition(message)
    if kind == "exclude" and table.kind == "partitioned table" and run.state.server_version < 170000:
        raise sqlstate.feature_not_supported("exclusion constraints are not supported on partitioned tables")


def _require_order(run: Execution, table: Table, columns: Iterable[str | None]) -> None:
    for column in columns:
        known = table.column(column or "")
        require_operator_class(run, known.type if known is not None else None, "btree")


def _method(node: Node, keys: int) -> str:
    method = node.access_method or ("gist" if node.without_overlaps else "btree")
    plain = method == "btree" and not node.options and not node.indexspace
    return Method(method, ("",) * keys) if plain else str(method)


def _refuse_repeated(columns: Iterable[str | None], kind: str) -> None:
    seen = set()
    for column in columns:
        if column in seen:
            noun = "primary key" if kind == "primary key" else "unique"
            raise sqlstate.PostgresError("42701", f'column "{column}" appears twice in {noun} constraint')
        seen.add(column)


def _exclusion_columns(run: Execution, table: Table, node: Node) -> tuple[tuple[str | None, ...], tuple[str, ...]]:
    from alembic_contracts.prediction.queries.ddl_expressions import check_columns

    columns: list[str | None] = []
    expressions = []
    for pair in parser.children(node.exclusions):
        element = parser.unwrap(pair.items[0])
        if element.name:
            require_column(table, element.name)
            columns.append(element.name)
        else:
            check_columns(run, element.expr, table)
            columns.append(None)
            expressions.append(parser.deparse_expression(element.expr))
    return tuple(columns), tuple(expressions)


_OWN_OPERATORS = (["="], ["<>"], ["&&"])


def _exclusion(node: Node, predicate: str | None, table: Table) -> Printed:
    """Return what an exclusion constraint demands, as ``pg_get_constraintdef`` prints it; of a plain one that is known.

    A plain one is about columns of PostgreSQL's own types alone, by the usual classes of operators and operators that
    all of these have: others are printed with their schema.
    """
    told_besides = (node.including, node.options, node.indexspace, node.deferrable, node.initdeferred)
    elements, is_plain = [], predicate is None and not any(told_besides)
    for pair in parser.children(node.exclusions):
        element, names = parser.unwrap(pair.items[0]), parser.strings(parser.unwrap(pair.items[1]).items)
        column = table.column(element.name)
        is_own = column is not None and column.type is not None and column.type.name.schema == "pg_catalog"
        is_plain = is_plain and is_own and names in _OWN_OPERATORS and not element.opclass and not element.collation
        shown = quote(element.name) if element.name else f"({parser.deparse_expression(element.expr)})"
        classes = "".join(f" {'.'.join(parser.strings(each))}" for each in (element.collation, element.opclass))
        elements.append(f"{shown}{classes} WITH {'.'.join(names)}")
    where = "" if predicate is None else f" WHERE ({predicate})"
    text = f"EXCLUDE USING {node.access_method or 'btree'} ({', '.join(elements)}){where}"
    return Printed(text, text if is_plain else None)


def _require_partition_key(table: Table, columns: tuple[str | None, ...], kind: str) -> None:
    if table.kind != "partitioned table" or kind == "exclude":
        return
    for column in partition_columns(table):
        if column not in columns:
            message = (
                "unique constraint on partitioned table must include all partitioning columns: "
                f'{kind.upper()} constraint on table "{table.name.name}" lacks column "{column}" '
                "which is part of the partition key"
            )
            raise sqlstate.feature_not_supported(message)


def _put_key(
    state: State,
    table: Name,
    constraint: Constraint,
    index: Index,
    *,
    wanted: str | None,
    label: str,
    recurse: bool = True,
) -> None:
    """Put a key with its index on a table, and on its partitions under names of their own."""
    current = state.tables[table]
    if wanted is None:
        second = [] if label == "pkey" else [*(column or "expr" for column in index.columns), *index.include]
        wanted = generated_names.relation_name(
            state, table.schema, table.name, generated_names.index_columns(second), label, constraint=True
        )
    else:
        if state.relation_kind(Name(table.schema, wanted)) is not None:
            raise sqlstate.duplicate_table(wanted)
        refuse_taken(current, wanted)
    state.tables.put(
        table,
        replace(
            current,
            constraints=(*current.constraints, replace(constraint, name=wanted)),
            indexes=(*current.indexes, replace(index, name=wanted, constraint=wanted)),
        ),
    )
    if current.kind == "partitioned table" and recurse:
        for child in state.children(table):
            attach_key(state, child.name, replace(constraint, name=wanted), index, label)


def attach_key(state: State, partition: Name, constraint: Constraint, index: Index, label: str | None = None) -> None:
    """Give a partition the key of its parent, unless it has an equal one already."""
    current = state.tables[partition]
    for existing in current.constraints:
        if existing.kind == constraint.kind and existing.columns == constraint.columns and not existing.inherited:
            kept = tuple(replace(c, inherited=True) if c is existing else c for c in current.constraints)
            state.tables.put(partition, replace(current, constraints=kept))
            return
    _require_partition_key(current, index.columns, constraint.kind)
    label = label or dict(KEYS.values())[constraint.kind]
    _put_key(state, partition, replace(constraint, inherited=True), index, wanted=None, label=label)
