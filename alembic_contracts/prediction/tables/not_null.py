"""NOT NULL of a column in, the table with its flag out, and from PostgreSQL 18 on with a constraint's name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from alembic_contracts.prediction.catalog import generated_names
from alembic_contracts.prediction.catalog.relations import (
    change_column,
    descendants,
    put_constraint,
    refuse_taken,
)
from alembic_contracts.prediction.sql import sqlstate
from alembic_contracts.schemas.schema import Column, Constraint, Name, Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alembic_contracts.prediction.catalog.state import State

__all__ = ["mark_all_not_null", "mark_not_null", "not_valid", "spread_not_null"]


def spread_not_null(state: State, table: Name, column: str, *, valid: bool = True, validates: bool = False) -> None:
    """Make a column NOT NULL in all tables that inherit it, under its constraint's name in this one."""
    same = state.tables[table].not_null_constraint(column)
    name = None if same is None else same.name
    for child in descendants(state, table):
        mark_not_null(state, child, column, suggested=name, inherited=True, valid=valid, validates=validates)


def mark_not_null(
    state: State,
    table: Name,
    column: str,
    *,
    name: str | None = None,
    suggested: str | None = None,
    inherited: bool = False,
    valid: bool = True,
    validates: bool = False,
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
        validates: whether what is NOT VALID so far becomes valid, as by SET NOT NULL, instead of being in the way.
        no_inherit: whether children are to be left alone.

    Raises:
        PostgresError: 0A000 it is NO INHERIT where children are to have it, or there already, 55000 it has another
            name or is NOT VALID, 42710 the name is taken.
    """
    change_column(state, table, column, _flagged)
    _constrain(
        state,
        table,
        column,
        name,
        suggested,
        inherited=inherited,
        valid=valid,
        validates=validates,
        no_inherit=no_inherit,
    )


def mark_all_not_null(state: State, table: Name, columns: Mapping[str, tuple[str | None, bool]]) -> None:
    """Make columns of a new table NOT NULL, in this order; the table is put down once for all of them.

    Args:
        state: the catalog.
        table: the table, which has the columns.
        columns: by name, that of the constraint as written, and whether it is NO INHERIT.

    Raises:
        PostgresError: as ``mark_not_null`` says.
    """
    if not columns:
        return
    current = state.tables[table]
    flagged = tuple(_flagged(column) if column.name in columns else column for column in current.columns)
    state.tables.put(table, replace(current, columns=flagged))
    for column, (name, no_inherit) in columns.items():
        _constrain(state, table, column, name, no_inherit=no_inherit)


def _flagged(column: Column) -> Column:
    return column if column.not_null else replace(column, not_null=True)


def _constrain(
    state: State,
    table: Name,
    column: str,
    name: str | None,
    suggested: str | None = None,
    *,
    inherited: bool = False,
    valid: bool = True,
    validates: bool = False,
    no_inherit: bool = False,
) -> None:
    """Add the constraint of a column that has become NOT NULL, or make that which it has the one."""
    current = state.tables[table]
    if state.server_version < 180000 or (current.kind == "foreign table" and not current.columns):
        return
    if no_inherit and current.kind == "partitioned table":
        raise sqlstate.feature_not_supported("not-null constraints on partitioned tables cannot be NO INHERIT")
    same = current.not_null_constraint(column)
    if same is not None and same.no_inherit and inherited:
        message = f'cannot change NO INHERIT status of NOT NULL constraint "{same.name}" on relation "{table.name}"'
        raise sqlstate.feature_not_supported(message)
    if same is not None:
        if valid and not same.valid and not validates:
            raise not_valid(same, table)
        now = replace(same, valid=same.valid or valid, inherited=same.inherited or inherited)
        _put_in_place(state, current, same, now, name)
        return
    chosen = _constraint_name(state, current, column, name, suggested)
    constraint = Constraint(
        name=chosen, kind="not null", columns=(column,), inherited=inherited, valid=valid, no_inherit=no_inherit
    )
    put_constraint(state, table, constraint)


def not_valid(constraint: Constraint, table: Name) -> sqlstate.PostgresError:
    """Return how PostgreSQL refuses to build on NOT NULL that old rows need not keep."""
    message = f'incompatible NOT VALID constraint "{constraint.name}" on relation "{table.name}"'
    return sqlstate.PostgresError("55000", message)


def _put_in_place(state: State, table: Table, same: Constraint, now: Constraint, name: str | None) -> None:
    """Change the constraint that the column has already, unless another name is written."""
    if name is not None and same.name != name:
        column = same.columns[0]
        message = f'cannot create not-null constraint "{name}" on column "{column}" of table "{table.name.name}"'
        raise sqlstate.PostgresError("55000", message)
    if now != same:
        kept = tuple(now if c is same else c for c in table.constraints)
        state.tables.put(table.name, replace(table, constraints=kept))


def _constraint_name(state: State, table: Table, column: str, written: str | None, suggested: str | None) -> str:
    if written is not None:
        refuse_taken(table, written)
    free = None if suggested is None or any(c.name == suggested for c in table.constraints) else suggested
    schema, name = table.name
    return written or free or generated_names.constraint_name(state, schema, name, [column], "not_null")
