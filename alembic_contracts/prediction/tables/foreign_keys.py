"""A foreign key as a statement writes it in, the table with it out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from alembic_contracts.dialects.postgresql.names import quote
from alembic_contracts.prediction.catalog import generated_names
from alembic_contracts.prediction.catalog.relations import descendants, find, put_constraint, refuse_taken
from alembic_contracts.prediction.catalog.type_names import base_type, category
from alembic_contracts.prediction.queries.inference import implicit
from alembic_contracts.prediction.sql import parser, sqlstate
from alembic_contracts.prediction.tables.columns import KeyDraft
from alembic_contracts.schemas.remarks import Printed
from alembic_contracts.schemas.schema import Constraint, Name

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.prediction.sql.parser import Node
    from alembic_contracts.schemas.schema import Column, Table

__all__ = ["ACTIONS", "add_foreign_key", "attach_foreign_key", "require_comparable"]

ACTIONS = {"a": "", "": "", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}
"""``pg_constraint.confupdtype`` and ``confdeltype``; the default, NO ACTION, is the empty text."""


def add_foreign_key(run: Execution, name: Name, draft: KeyDraft) -> None:
    """Add a foreign key.

    Raises:
        PostgresError: 42P01, 42703, 42704, 42809, 42830, 42804 as the server.
    """
    node, state, table = draft.node, run.state, run.state.tables[name]
    columns = tuple(parser.strings(node.fk_attrs)) or (draft.column or "",)
    target = _referenced_table(run, node)
    if node.skip_validation and table.kind == "partitioned table" and state.server_version < 180000:
        raise sqlstate.wrong_object_type("cannot add NOT VALID foreign key on partitioned table")
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
        refuse_taken(table, node.conname)
    chosen = node.conname or generated_names.constraint_name(state, name.schema, name.name, columns, "fkey")
    constraint = Constraint(
        name=chosen,
        kind="foreign key",
        columns=columns,
        references=reference_name,
        referenced_columns=referenced,
        on_update=ACTIONS[node.fk_upd_action],
        on_delete=_on_delete(node),
        match_full=node.fk_matchtype == "f",
        deferrable=node.deferrable or draft.deferrable or draft.initially_deferred,
        initially_deferred=node.initdeferred or draft.initially_deferred,
        valid=draft.is_valid,
        enforced=draft.is_enforced,
        period=node.fk_with_period,
    )
    put_constraint(state, name, constraint)
    if table.kind == "partitioned table":
        for child in descendants(state, name):
            attach_foreign_key(state, child, constraint)


def attach_foreign_key(state: State, partition: Name, constraint: Constraint) -> None:
    """Give a partition the foreign key of its parent."""
    name = constraint.name
    if any(c.name == name for c in state.tables[partition].constraints):
        name = generated_names.constraint_name(state, partition.schema, partition.name, constraint.columns, "fkey")
    put_constraint(state, partition, replace(constraint, name=name, inherited=True))


def _on_delete(node: Node) -> str:
    """Return the action, with what is printed of it where it has columns; of a MATCH FULL key nothing is known."""
    action = ACTIONS[node.fk_del_action]
    if node.fk_matchtype not in {"", "s"}:
        return Printed(action, None)
    columns = [quote(name) for name in parser.strings(node.fk_del_set_cols)]
    return Printed(action, f"{action.upper()} ({', '.join(columns)})") if columns else action


def _referenced_table(run: Execution, node: Node) -> Table | None:
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
