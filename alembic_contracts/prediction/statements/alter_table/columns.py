"""ALTER TABLE ... COLUMN applied to the catalog: adding, dropping, types, defaults, NOT NULL."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from alembic_contracts.prediction.catalog.doubts import Harmless
from alembic_contracts.prediction.catalog.relations import (
    change_column,
    descendants,
    is_copy,
    is_inherited,
    partition_columns,
    require_column,
)
from alembic_contracts.prediction.catalog.type_names import refuse_itself
from alembic_contracts.prediction.sql import parser, sqlstate
from alembic_contracts.prediction.statements.alter_table import generation, retyping
from alembic_contracts.prediction.statements.alter_table.subcommands import (
    ADD_COLUMN,
    ADD_CONSTRAINT,
    ADD_INDEX,
    ADD_OTHER,
    ATTRIBUTES,
    DROP,
    MISC,
    Alteration,
    Later,
    Subcommand,
    is_typed,
)
from alembic_contracts.prediction.tables.columns import (
    Draft,
    KeyDraft,
    check_generated,
    draft,
)
from alembic_contracts.prediction.tables.defaults import stored_default

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.dependencies import Object
    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.prediction.sql.parser import Node
    from alembic_contracts.schemas.schema import Column, Constraint, Name, Table

__all__ = ["SUBCOMMANDS"]


# -- adding ------------------------------------------------------------------------------------------------------------


def _add(alteration: Alteration, command: Node) -> None:
    table, node = alteration.table, parser.unwrap(getattr(command, "def"))
    if table.partition:
        raise sqlstate.wrong_object_type("cannot add column to a partition")
    if is_typed(alteration.state, table):
        raise sqlstate.wrong_object_type("cannot add column to typed table")
    if node.colname in alteration.state.column_names.of(table):
        if command.missing_ok:
            return
        raise sqlstate.duplicate_column(node.colname, table.name.name)
    if not table.complete:
        alteration.run.doubt(f"the columns of {table.name} are not all known", [table.name])
    children = [child.name for child in alteration.state.children(table.name)]
    if children and not alteration.recurse:
        raise sqlstate.invalid_table_definition("column must be added to child tables too")
    drafted = draft(alteration.run, table.name, node)
    refuse_itself(alteration.state, table.name, drafted.column.type)
    has_none = table.kind != "partitioned table" or alteration.state.server_version < 170000
    if drafted.column.identity and children and has_none:
        raise sqlstate.invalid_table_definition("cannot recursively add identity column to table that has child tables")
    _put_column(alteration, table.name, drafted.column)
    for child in children:
        _put_into_child(alteration, child, drafted.column)
    _put_off_constraints(alteration, drafted)


def _put_column(alteration: Alteration, name: Name, column: Column) -> None:
    table = alteration.state.tables[name]
    sqlstate.refuse_too_many_columns(len(table.columns) + 1)
    bare = replace(column, not_null=False)
    alteration.state.tables.put(name, replace(table, columns=(*table.columns, bare)))
    _note_sequence(alteration, name, column.default)


def _put_into_child(alteration: Alteration, child: Name, column: Column) -> None:
    table = alteration.state.tables[child]
    own = table.column(column.name)
    if own is None:
        taken = column if table.partition else replace(column, identity="")
        _put_column(alteration, child, taken)
        for grandchild in alteration.state.children(child):
            _put_into_child(alteration, grandchild.name, column)
        return
    if own.type != column.type:
        message = f'child table "{child.name}" has different type for column "{column.name}"'
        raise sqlstate.PostgresError("42804", message)
    local = alteration.state.local_columns.get(child, frozenset())
    alteration.state.local_columns.put(child, local | {column.name})


def _put_off_constraints(alteration: Alteration, drafted: Draft) -> None:
    column = drafted.column
    check_generated(alteration.run, alteration.table, drafted)
    if column.not_null:
        name = drafted.not_null.node.conname or None if drafted.not_null is not None else None

        def mark(later: Alteration, _: Node) -> None:
            _mark_not_null(later, column.name, name)

        alteration.later(ADD_CONSTRAINT, Later(mark, None))
    for key in drafted.constraints:
        order = ADD_CONSTRAINT if key.kind == "CONSTR_CHECK" else ADD_INDEX
        alteration.later(ADD_OTHER if key.kind == "CONSTR_FOREIGN" else order, Later(_adder(key), None))


def _adder(key: KeyDraft) -> Callable[[Alteration, Node], None]:
    from alembic_contracts.prediction.tables import constraints

    def add(later: Alteration, _: Node) -> None:
        constraints.add_constraint(later.run, later.name, key)

    return add


def _mark_not_null(
    alteration: Alteration, column: str, name: str | None = None, *, no_inherit: bool = False, validates: bool = False
) -> None:
    from alembic_contracts.prediction.tables import not_null

    state, table = alteration.state, alteration.name
    wanted = not_null.NotNull(column, name, no_inherit=no_inherit, validates=validates)
    not_null.mark_not_null(state, table, wanted)
    if alteration.recurse:
        not_null.spread_not_null(state, table, column, validates=validates)


# -- dropping ----------------------------------------------------------------------------------------------------------


def _drop(alteration: Alteration, command: Node) -> None:
    from alembic_contracts.prediction.catalog.dependencies import Object
    from alembic_contracts.prediction.catalog.removal import drop

    table, name = alteration.table, command.name
    if table.column(name) is None:
        if not table.complete:
            alteration.run.doubt(f"the columns of {table.name} are not all known", [table.name])
            return
        if command.missing_ok:
            return
        raise sqlstate.undefined_column(name, table.name.name)
    if is_typed(alteration.state, table):
        raise sqlstate.wrong_object_type("cannot drop column from typed table")
    if is_inherited(alteration.state, table, name):
        raise sqlstate.invalid_table_definition(f'cannot drop inherited column "{name}"')
    if any(name in partition_columns(alteration.state.tables[target]) for target in alteration.targets()):
        raise sqlstate.invalid_table_definition(f'cannot drop column "{name}" because it is part of the partition key')
    children = alteration.state.children(table.name)
    if children and not alteration.recurse and table.kind == "partitioned table":
        raise sqlstate.invalid_table_definition(
            "cannot drop column from only the partitioned table when partitions exist"
        )
    targets = [Object("column", table.name, name)]
    if alteration.recurse:
        targets.extend(_with_children(alteration.state, table, name))
    else:
        for child in children:
            local = alteration.state.local_columns.get(child.name, frozenset())
            alteration.state.local_columns.put(child.name, local | {name})
    drop(alteration.run, targets, cascade=parser.enum_name(command, "behavior") == "DROP_CASCADE")


def _with_children(state: State, table: Table, column: str) -> list[Object]:
    """Return the columns of children that have this column from here alone."""
    from alembic_contracts.prediction.catalog.dependencies import Object

    def stays(child: Table, going: Collection[Name]) -> bool:
        local = column in state.local_columns.get(child.name, frozenset())
        return (
            local
            or child.column(column) is None
            or any(
                parent in state.tables and state.tables[parent].column(column) is not None
                for parent in child.parents
                if parent not in going
            )
        )

    return [Object("column", name, column) for name in _reached(state, table.name, stays)]


def _reached(state: State, start: Name, stays: Callable[[Table, Collection[Name]], bool]) -> list[Name]:
    """Return the children to which a loss comes down, at any depth.

    Args:
        state: the catalog.
        start: the table that loses something.
        stays: whether a child keeps it where these others lose it.
    """
    lost, left = [start], [*descendants(state, start)]
    while True:  # a child may come before one of its parents
        gone = next((name for name in left if not stays(state.tables[name], lost)), None)
        if gone is None:
            return lost[1:]
        lost.append(gone)
        left.remove(gone)


# -- defaults, NOT NULL ------------------------------------------------------------------------------------------------


def _default(alteration: Alteration, command: Node) -> None:
    column = require_column(alteration.table, command.name)
    if column.identity:
        raise sqlstate.PostgresError("42601", f'column "{column.name}" is an identity column')
    if column.generated:
        raise sqlstate.PostgresError("42601", f'column "{column.name}" is a generated column')
    text: str | None = None
    if command.HasField("def"):
        text = stored_default(alteration.run, column, getattr(command, "def"))
    for target in alteration.targets():
        change_column(alteration.state, target, command.name, lambda c: replace(c, default=text))
        _note_sequence(alteration, target, text)


def _note_sequence(alteration: Alteration, name: Name, default: str | None) -> None:
    """Who may insert rows need not have USAGE on the sequence of a default."""
    table = alteration.state.tables[name]
    if default is not None and "nextval(" in default and any(each.privilege == "INSERT" for each in table.grants):
        alteration.state.tables.put(name, replace(table, unusable=None))


def _set_not_null(alteration: Alteration, command: Node) -> None:
    if require_column(alteration.table, command.name).not_null:
        _refuse_no_inherit(alteration, command.name)
        same = alteration.table.not_null_constraint(command.name)
        if same is not None and not same.valid:
            validate(alteration, same)
        elif alteration.recurse and alteration.state.server_version < 180000:  # children may have NULL there, so far
            _mark_not_null(alteration, command.name)
        return
    children = alteration.state.children(alteration.name) if not alteration.recurse else []
    strict = alteration.state.server_version >= 180000
    nullable = [c for c in children if (column := c.column(command.name)) is not None and not column.not_null]
    if ((strict and children) or nullable) and alteration.table.kind == "partitioned table":
        raise sqlstate.invalid_table_definition("constraint must be added to child tables too")
    _mark_not_null(alteration, command.name, no_inherit=bool(children), validates=True)


def validate(alteration: Alteration, constraint: Constraint) -> None:
    """Say that all rows keep a constraint, here and where it is inherited (``ATExecValidateConstraint``).

    Raises:
        PostgresError: 55000 it is NOT ENFORCED, 42P16 children inherit it, and ONLY the parent is meant.
    """
    if not constraint.enforced:
        raise sqlstate.PostgresError("55000", "cannot validate NOT ENFORCED constraint")
    if constraint.valid:
        return
    bound = constraint.kind != "foreign key" and not constraint.no_inherit
    if bound and not alteration.recurse and alteration.state.children(alteration.name):
        raise sqlstate.invalid_table_definition("constraint must be validated on child tables too")
    change_everywhere(alteration, constraint, valid=True)


def change_everywhere(alteration: Alteration, constraint: Constraint, **changes: bool) -> None:
    """Change a constraint, here and where it is inherited."""
    for target in alteration.targets():
        table = alteration.state.tables[target]
        kept = tuple(
            replace(c, **changes) if is_copy(c, constraint) and (c.name == constraint.name or c.inherited) else c
            for c in table.constraints
        )
        alteration.state.tables.put(target, replace(table, constraints=kept))


def _refuse_no_inherit(alteration: Alteration, column: str) -> None:
    """Refuse to make children keep what is NOT NULL for their parent alone."""
    same = alteration.table.not_null_constraint(column)
    if same is not None and same.no_inherit and alteration.recurse:
        message = f'cannot change NO INHERIT status of NOT NULL constraint "{same.name}"'
        raise sqlstate.feature_not_supported(message)


def _drop_not_null(alteration: Alteration, command: Node) -> None:
    state, table = alteration.state, alteration.table
    column = require_column(table, command.name)
    if column.identity:
        raise sqlstate.PostgresError("42601", f'column "{column.name}" is an identity column')
    if not column.not_null and (state.server_version >= 180000 or not alteration.recurse):
        return
    refuse_nullable(state, table, column.name)
    alone = not alteration.recurse and table.kind == "partitioned table" and state.children(table.name)
    if alone and state.server_version < 180000:
        raise sqlstate.invalid_table_definition("cannot remove constraint from only the partitioned table")
    forget_not_null(alteration, column.name)


def refuse_nullable(state: State, table: Table, column: str) -> None:
    """Refuse to let NULL into a column that must not have any.

    Raises:
        PostgresError: 42P16 it is in the primary key, or a parent forbids NULL.
    """
    if column in table.primary_key:
        raise sqlstate.invalid_table_definition(f'column "{column}" is in a primary key')
    for parent in table.parents:
        known = state.tables.get(parent)
        own = known.column(column) if known is not None else None
        same = known.not_null_constraint(column) if known is not None else None
        strict = table.partition or (state.server_version >= 180000 and not (same is not None and same.no_inherit))
        if own is not None and own.not_null and strict:
            raise sqlstate.invalid_table_definition(f'column "{column}" is marked NOT NULL in parent table')


def forget_not_null(alteration: Alteration, column: str) -> None:
    """Make a column nullable, in the tables that inherit it too unless they say NOT NULL themselves."""
    state = alteration.state
    if not alteration.recurse:
        for child in state.children(alteration.name):
            own_now = tuple(
                replace(c, inherited=False) if c.kind == "not null" and c.columns == (column,) else c
                for c in child.constraints
            )
            state.tables.put(child.name, replace(child, constraints=own_now))
    for target in [alteration.name, *_forgetting(alteration, column)]:
        change_column(state, target, column, lambda c: replace(c, not_null=False))
        table = state.tables[target]
        kept = tuple(c for c in table.constraints if not (c.kind == "not null" and c.columns == (column,)))
        if len(kept) != len(table.constraints):
            state.tables.put(target, replace(table, constraints=kept))


def _forgetting(alteration: Alteration, column: str) -> list[Name]:
    """Return the children whose column becomes nullable with it: before version 18 all of them."""
    state = alteration.state
    reached = [] if not alteration.recurse else [*descendants(state, alteration.name)]
    if state.server_version >= 180000:
        reached = _reached(state, alteration.name, partial(_keeps_not_null, state, column)) if reached else []
    for name in reached:
        child = state.tables[name]
        if not child.partition and state.server_version >= 180000 and column in state.local_columns.get(name, ()):
            alteration.run.doubt(f"whether {name} has NOT NULL of its own for {column} is not known", [name])
        elif column in child.primary_key:
            raise sqlstate.invalid_table_definition(f'column "{column}" is in a primary key')
    return reached


def _keeps_not_null(state: State, column: str, child: Table, lost: Collection[Name]) -> bool:
    """Whether a child has NOT NULL of its own, or from another parent than those that lose it."""
    own = child.not_null_constraint(column)
    return own is None or not own.inherited or has_not_null_parent(state, child, column, lost)


def has_not_null_parent(state: State, child: Table, column: str, lost: Collection[Name] = ()) -> bool:
    """Whether another parent than those that lose it gives a child NOT NULL."""
    parents = [state.tables[name] for name in child.parents if name not in lost and name in state.tables]
    found = [parent.not_null_constraint(column) for parent in parents]
    return any(same is not None and not same.no_inherit for same in found)


def _only_check(alteration: Alteration, command: Node) -> None:
    """Refuse a column that is not there; statistics, storage and options are not part of the shape."""
    if command.name:
        require_column(alteration.table, command.name)


SUBCOMMANDS: dict[str, Subcommand | Harmless] = {
    **generation.SUBCOMMANDS,
    **retyping.SUBCOMMANDS,
    "AT_AddColumn": Subcommand(ADD_COLUMN, _add),
    "AT_DropColumn": Subcommand(DROP, _drop),
    "AT_ColumnDefault": Subcommand(ADD_OTHER, _default),
    "AT_SetNotNull": Subcommand(ATTRIBUTES, _set_not_null),
    "AT_DropNotNull": Subcommand(DROP, _drop_not_null),
    "AT_SetStatistics": Subcommand(MISC, _only_check),
    "AT_SetOptions": Subcommand(MISC, _only_check),
    "AT_ResetOptions": Subcommand(MISC, _only_check),
    "AT_SetStorage": Subcommand(MISC, _only_check),
    "AT_SetCompression": Subcommand(MISC, _only_check),
    "AT_AlterColumnGenericOptions": Subcommand(MISC, _only_check),
    "AT_AddColumnToView": Harmless("the parser never makes it: CREATE OR REPLACE VIEW uses it inside of the server"),
    "AT_CookedColumnDefault": Harmless("the parser never makes it: CREATE TABLE uses it inside of the server"),
}
