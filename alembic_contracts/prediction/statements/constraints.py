"""Adding constraints to tables: keys, checks, foreign keys, exclusions, NOT NULL."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from alembic_contracts.prediction import names, parser, sqlstate
from alembic_contracts.prediction.inference import implicit
from alembic_contracts.prediction.relations import (
    change_column,
    descendants,
    find,
    partition_columns,
    require_column,
)
from alembic_contracts.prediction.scalars import check_columns
from alembic_contracts.prediction.statements.columns import KeyDraft
from alembic_contracts.prediction.type_names import base_type, category
from alembic_contracts.schema import Column, Constraint, ConstraintKind, Index, Name, Table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alembic_contracts.prediction.application import Run
    from alembic_contracts.prediction.parser import Node
    from alembic_contracts.prediction.state import State

__all__ = [
    "ACTIONS",
    "add",
    "add_constraint",
    "add_keys",
    "mark_not_null",
    "merge_keys",
    "put_constraint",
    "require_comparable",
    "spread_not_null",
]

ACTIONS = {"a": "", "": "", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}
"""``pg_constraint.confupdtype`` and ``confdeltype``; the default, NO ACTION, is the empty text."""

_KEYS: dict[str, tuple[ConstraintKind, str]] = {
    "CONSTR_PRIMARY": ("primary key", "pkey"),
    "CONSTR_UNIQUE": ("unique", "key"),
    "CONSTR_EXCLUSION": ("exclude", "excl"),
}


def add(run: Run, table: Name, drafts: Iterable[KeyDraft]) -> None:
    """Add the constraints of one statement in the order in which the server makes them.

    Raises:
        PostgresError: as the server would.
    """
    drafts = list(drafts)
    for kind in ("CONSTR_CHECK", "CONSTR_NOTNULL"):
        for draft in drafts:
            if draft.kind == kind:
                add_constraint(run, table, draft)
    add_keys(run, table, [draft for draft in drafts if draft.kind in _KEYS])
    for draft in drafts:
        if draft.kind == "CONSTR_FOREIGN":
            add_constraint(run, table, draft)


def add_constraint(run: Run, table: Name, draft: KeyDraft, *, recurse: bool = True) -> None:
    """Add one constraint; ``recurse`` is False for ``ALTER TABLE ONLY``."""
    if draft.kind in _KEYS:
        add_keys(run, table, [draft], recurse=recurse)
    elif draft.kind == "CONSTR_FOREIGN" and not recurse and run.state.tables[table].kind == "partitioned table":
        raise sqlstate.wrong_object_type(f'cannot use ONLY for foreign key on partitioned table "{table.name}"')
    elif draft.kind == "CONSTR_CHECK":
        _add_check(run, table, draft)
    elif draft.kind == "CONSTR_FOREIGN":
        _add_foreign_key(run, table, draft)
    elif draft.kind == "CONSTR_NOTNULL":
        _add_not_null(run, table, draft)
    else:
        run.doubt(f"{draft.kind} of {table} is not understood", [table])


def put_constraint(state: State, table: Name, constraint: Constraint) -> None:
    """Append a constraint to a table."""
    current = state.tables[table]
    state.tables.put(table, replace(current, constraints=(*current.constraints, constraint)))


def _refuse_taken(table: Table, name: str) -> None:
    if any(constraint.name == name for constraint in table.constraints):
        message = f'constraint "{name}" for relation "{table.name.name}" already exists'
        raise sqlstate.PostgresError("42710", message)


# -- checks and NOT NULL -----------------------------------------------------------------------------------------------


def _add_check(run: Run, name: Name, draft: KeyDraft) -> None:
    state, node, table = run.state, draft.node, run.state.tables[name]
    columns = check_columns(run, node.raw_expr, table)
    if node.is_no_inherit and table.kind == "partitioned table":
        raise sqlstate.invalid_table_definition("cannot add NO INHERIT constraint to partitioned table")
    if node.conname:
        _refuse_taken(table, node.conname)
        chosen = node.conname
    else:
        single = columns if len(columns) == 1 else ()
        chosen = names.constraint_name(state, name.schema, name.name, single, "check")
    constraint = Constraint(
        name=chosen,
        kind="check",
        columns=columns,
        expression=parser.deparse_expression(node.raw_expr),
        valid=not node.skip_validation,
        no_inherit=node.is_no_inherit,
    )
    put_constraint(state, name, constraint)
    if not node.is_no_inherit:
        for child in descendants(state, name):
            _inherit_check(state, child, constraint)


def _inherit_check(state: State, child: Name, constraint: Constraint) -> None:
    table = state.tables[child]
    same = next((c for c in table.constraints if c.name == constraint.name), None)
    if same is None:
        put_constraint(state, child, replace(constraint, inherited=True))
    elif same.kind != "check" or same.no_inherit:
        message = f'constraint "{same.name}" for relation "{child.name}" already exists'
        raise sqlstate.PostgresError("42710", message)


def _add_not_null(run: Run, table: Name, draft: KeyDraft) -> None:
    columns = parser.strings(draft.node.keys) or ([draft.column] if draft.column else [])
    for column in columns:
        require_column(run.state.tables[table], column)
        mark_not_null(
            run.state, table, column, name=draft.node.conname or None, valid=not draft.node.skip_validation,
            no_inherit=draft.node.is_no_inherit,
        )  # fmt: skip
        if not draft.node.is_no_inherit:
            spread_not_null(run.state, table, column)


def spread_not_null(state: State, table: Name, column: str) -> None:
    """Make a column NOT NULL in all tables that inherit it, under its constraint's name in this one."""
    same = [c.name for c in state.tables[table].constraints if c.kind == "not null" and c.columns == (column,)]
    for child in descendants(state, table):
        mark_not_null(state, child, column, suggested=same[0] if same else None, inherited=True)


def mark_not_null(
    state: State,
    table: Name,
    column: str,
    *,
    name: str | None = None,
    suggested: str | None = None,
    inherited: bool = False,
    valid: bool = True,
    no_inherit: bool = False,
) -> None:
    """Make a column NOT NULL; from PostgreSQL 18 on that is a constraint with a name.

    Args:
        state: the catalog.
        table: the table, which has the column.
        column: the column.
        name: the constraint's name as written.
        suggested: the name of the parent's constraint, taken where it is free.
        inherited: whether it comes from a parent.
        valid: False for NOT VALID.
        no_inherit: whether children are to be left alone.
    """
    change_column(state, table, column, lambda c: c if c.not_null else replace(c, not_null=True))
    if state.server_version < 180000:
        return
    current = state.tables[table]
    if current.kind == "foreign table" and not current.columns:
        return
    same = next((c for c in current.constraints if c.kind == "not null" and c.columns == (column,)), None)
    if same is not None:
        if name is not None and same.name != name:
            message = f'cannot create not-null constraint "{name}" on column "{column}" of table "{table.name}"'
            raise sqlstate.PostgresError("55000", message)
        now = replace(same, valid=same.valid or valid, inherited=same.inherited or inherited)
        if now != same:
            kept = tuple(now if c is same else c for c in current.constraints)
            state.tables.put(table, replace(current, constraints=kept))
        return
    if name is not None:
        _refuse_taken(current, name)
    free = suggested if all(c.name != suggested for c in current.constraints) else None
    chosen = name or free or names.constraint_name(state, table.schema, table.name, [column], "not_null")
    constraint = Constraint(
        name=chosen, kind="not null", columns=(column,), inherited=inherited, valid=valid, no_inherit=no_inherit
    )
    put_constraint(state, table, constraint)


# -- keys --------------------------------------------------------------------------------------------------------------


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


def add_keys(run: Run, table: Name, drafts: list[KeyDraft], *, recurse: bool = True) -> None:
    """Add primary keys, unique and exclusion constraints with their indexes."""
    merged = merge_keys(drafts, table)
    for draft in merged:
        if draft.kind == "CONSTR_PRIMARY":
            for column in parser.strings(draft.node.keys) or [draft.column or ""]:
                _require_key_column(run, table, column)
                mark_not_null(run.state, table, column)
                spread_not_null(run.state, table, column)
    for draft in merged:
        _add_key(run, table, draft, recurse=recurse)


def _require_key_column(run: Run, name: Name, column: str) -> None:
    table = run.state.tables[name]
    if table.column(column) is None and table.complete:
        raise sqlstate.PostgresError("42703", f'column "{column}" named in key does not exist')


def _add_key(run: Run, name: Name, draft: KeyDraft, *, recurse: bool) -> None:
    node, table = draft.node, run.state.tables[name]
    if node.indexname:
        raise sqlstate.wrong_object_type("an index cannot be used in CREATE TABLE")
    kind, label = _KEYS[draft.kind]
    include = tuple(parser.strings(node.including))
    columns: tuple[str | None, ...]
    if kind == "exclude":
        columns, expressions = _exclusion_columns(run, table, node)
    else:
        columns, expressions = tuple(parser.strings(node.keys)) or (draft.column,), ()
        for column in (*columns, *include):
            _require_key_column(run, name, column or "")
        _refuse_repeated(columns, kind)
    if kind == "primary key" and table.primary_key:
        raise sqlstate.invalid_table_definition(f'multiple primary keys for table "{name.name}" are not allowed')
    _require_partition_key(table, columns, kind)
    constraint = Constraint(
        name="",
        kind=kind,
        columns=tuple(column for column in columns if column is not None),
        expression=parser.deparse_expression(node.where_clause) if node.HasField("where_clause") else None,
        deferrable=node.deferrable or draft.deferrable or draft.initially_deferred,
        initially_deferred=node.initdeferred or draft.initially_deferred,
        nulls_not_distinct=node.nulls_not_distinct,
    )
    index = Index(
        name="",
        columns=columns,
        include=include,
        unique=kind != "exclude",
        method=node.access_method or ("gist" if node.without_overlaps else "btree"),
        predicate=constraint.expression,
        expressions=expressions,
        nulls_not_distinct=node.nulls_not_distinct,
    )
    _put_key(run.state, name, constraint, index, wanted=node.conname or None, label=label, recurse=recurse)


def _refuse_repeated(columns: Iterable[str | None], kind: str) -> None:
    seen = set()
    for column in columns:
        if column in seen:
            noun = "primary key" if kind == "primary key" else "unique"
            raise sqlstate.PostgresError("42701", f'column "{column}" appears twice in {noun} constraint')
        seen.add(column)


def _exclusion_columns(run: Run, table: Table, node: Node) -> tuple[tuple[str | None, ...], tuple[str, ...]]:
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


def _require_partition_key(table: Table, columns: tuple[str | None, ...], kind: str) -> None:
    if table.kind != "partitioned table" or kind == "exclude":
        return
    for column in partition_columns(table):
        if column not in columns:
            message = f"{kind} constraint on table {table.name.name!r} lacks column {column!r} of the partition key"
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
        wanted = names.relation_name(
            state, table.schema, table.name, names.index_columns(second), label, constraint=True
        )
    else:
        if state.relation_kind(Name(table.schema, wanted)) is not None:
            raise sqlstate.duplicate_table(wanted)
        _refuse_taken(current, wanted)
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
    label = label or dict(_KEYS.values())[constraint.kind]
    _put_key(state, partition, replace(constraint, inherited=True), index, wanted=None, label=label)


# -- foreign keys ------------------------------------------------------------------------------------------------------


def _add_foreign_key(run: Run, name: Name, draft: KeyDraft) -> None:
    node, state, table = draft.node, run.state, run.state.tables[name]
    columns = tuple(parser.strings(node.fk_attrs)) or (draft.column or "",)
    target = _referenced_table(run, node)
    for column in columns:
        if table.column(column) is None and table.complete:
            message = f'column "{column}" referenced in foreign key constraint does not exist'
            raise sqlstate.PostgresError("42703", message)
    referenced = tuple(parser.strings(node.pk_attrs))
    reference_name = Name(node.pktable.schemaname or name.schema, node.pktable.relname)
    if target is not None:
        reference_name = target.name
        referenced = _referenced_columns(state, target, referenced, table, columns)
    if node.conname:
        _refuse_taken(table, node.conname)
    chosen = node.conname or names.constraint_name(state, name.schema, name.name, columns, "fkey")
    constraint = Constraint(
        name=chosen,
        kind="foreign key",
        columns=columns,
        references=reference_name,
        referenced_columns=referenced,
        on_update=ACTIONS[node.fk_upd_action],
        on_delete=ACTIONS[node.fk_del_action],
        deferrable=node.deferrable or draft.deferrable or draft.initially_deferred,
        initially_deferred=node.initdeferred or draft.initially_deferred,
        valid=not node.skip_validation,
    )
    put_constraint(state, name, constraint)
    if table.kind == "partitioned table":
        for child in descendants(state, name):
            attach_foreign_key(state, child, constraint)


def attach_foreign_key(state: State, partition: Name, constraint: Constraint) -> None:
    """Give a partition the foreign key of its parent."""
    name = constraint.name
    if any(c.name == name for c in state.tables[partition].constraints):
        name = names.constraint_name(state, partition.schema, partition.name, constraint.columns, "fkey")
    put_constraint(state, partition, replace(constraint, name=name, inherited=True))


def _referenced_table(run: Run, node: Node) -> Table | None:
    target = find(run, node.pktable)
    if target is not None and target.kind not in {"table", "partitioned table"}:
        raise sqlstate.wrong_object_type(f'referenced relation "{target.name.name}" is not a table')
    return target


def _referenced_columns(
    state: State, target: Table, written: tuple[str, ...], table: Table, columns: tuple[str, ...]
) -> tuple[str, ...]:
    if not written:
        written = target.primary_key
        if not written:
            if not target.complete:
                return ()
            message = f'there is no primary key for referenced table "{target.name.name}"'
            raise sqlstate.PostgresError("42704", message)
    for column in written:
        if target.column(column) is None and target.complete:
            message = f'column "{column}" referenced in foreign key constraint does not exist'
            raise sqlstate.PostgresError("42703", message)
    if len(written) != len(columns):
        raise sqlstate.PostgresError("42830", "number of referencing and referenced columns for foreign key disagree")
    if target.complete and not _is_unique(target, written):
        message = f'there is no unique constraint matching given keys for referenced table "{target.name.name}"'
        raise sqlstate.PostgresError("42830", message)
    for own, other in zip(columns, written, strict=True):
        require_comparable(state, table.column(own), target.column(other))
    return written


def _is_unique(target: Table, columns: tuple[str, ...]) -> bool:
    deferrable = {c.name for c in target.constraints if c.deferrable}
    return any(
        index.unique and index.valid and index.predicate is None and index.constraint not in deferrable
        and None not in index.columns and sorted(str(c) for c in index.columns) == sorted(columns)
        for index in target.indexes
    )  # fmt: skip


_FAMILIES = (
    frozenset({"int2", "int4", "int8"}),
    frozenset({"float4", "float8"}),
    frozenset({"date", "timestamp", "timestamptz"}),
)
"""Types that have equality operators with each other (operator families of btree)."""


def require_comparable(state: State, own: Column | None, other: Column | None) -> None:
    """Refuse a foreign key between types that have no common equality operator (as far as that is plain).

    Raises:
        PostgresError: 42804.
    """
    if own is None or other is None or own.type is None or other.type is None:
        return
    one, two = base_type(own.type, state), base_type(other.type, state)
    if "?" in {category(one, state), category(two, state)}:
        return
    family = any({one.name.name, two.name.name} <= names for names in _FAMILIES) and not one.dimensions
    if not family and not implicit(state, one, two):
        message = f'foreign key constraint on "{own.name}" cannot be implemented: types are incompatible'
        raise sqlstate.PostgresError("42804", message)
