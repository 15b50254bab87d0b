"""NOT NULL of a column in, the table with its flag out, and from PostgreSQL 18 on with a constraint's name."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from alembic_contracts.prediction.catalog import generated_names
from alembic_contracts.prediction.catalog.relations import change_column, descendants, put_constraint, refuse_taken
from alembic_contracts.prediction.sql import sqlstate
from alembic_contracts.schemas.schema import Constraint, Name

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.state import State

__all__ = ["mark_not_null", "spread_not_null"]


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
        refuse_taken(current, name)
    free = suggested if all(c.name != suggested for c in current.constraints) else None
    chosen = name or free or generated_names.constraint_name(state, table.schema, table.name, [column], "not_null")
    constraint = Constraint(
        name=chosen, kind="not null", columns=(column,), inherited=inherited, valid=valid, no_inherit=no_inherit
    )
    put_constraint(state, table, constraint)
