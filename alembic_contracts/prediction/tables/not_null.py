"""NOT NULL of a column in, the table with its flag out, and from PostgreSQL 18 on with a constraint's name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from alembic_contracts.prediction.catalog import generated_names
from alembic_contracts.prediction.catalog.relations import descendants, refuse_taken
from alembic_contracts.prediction.sql import sqlstate
from alembic_contracts.schemas.schema import Constraint, Name, Table

if TYPE_CHECKING:
    from collections.abc import Collection

    from alembic_contracts.prediction.catalog.state import State

__all__ = ["NotNull", "mark_not_null", "not_valid", "spread_not_null"]


def spread_not_null(state: State, table: Name, column: str, *, valid: bool = True, validates: bool = False) -> None:
    """Make a column NOT NULL in all tables that inherit it, under its constraint's name in this one."""
    same = state.tables[table].not_null_constraint(column)
    name = None if same is None else same.name
    for child in descendants(state, table):
        mark_not_null(state, child, NotNull(column, None, name, inherited=True, valid=valid, validates=validates))


class NotNull(Struct, frozen=True):
    """That a column becomes NOT NULL; from PostgreSQL 18 on that is a constraint with a name."""

    column: str
    name: str | None = None
    """The constraint's name as written."""
    suggested: str | None = None
    """The name of the parent's constraint, taken where it is free."""
    inherited: bool = False
    """Whether it comes from a parent."""
    valid: bool = True
    """False for NOT VALID."""
    validates: bool = False
    """Whether what is NOT VALID so far becomes valid, as by SET NOT NULL, instead of being in the way."""
    no_inherit: bool = False
    """Whether children are to be left alone."""


def mark_not_null(state: State, table: Name, *wanted: NotNull) -> None:
    """Make columns of a table NOT NULL, in this order; they are changed at once, as a wide table has many.

    Raises:
        PostgresError: 0A000 it is NO INHERIT where children are to have it, or there already, 55000 it has another
            name or is NOT VALID, 42710 the name is taken.
    """
    if not wanted:
        return
    current, names = state.tables[table], {each.column for each in wanted}
    columns = tuple(
        replace(column, not_null=True) if column.name in names and not column.not_null else column
        for column in current.columns
    )
    current = replace(current, columns=columns)
    added: dict[str, Constraint] = {}
    if state.server_version >= 180000 and (current.kind != "foreign table" or columns):
        for each in wanted:
            current = _constrained(state, current, each, added)
    if added:
        current = replace(current, constraints=(*current.constraints, *added.values()))
    state.tables.put(table, current)


def _constrained(state: State, current: Table, wanted: NotNull, added: dict[str, Constraint]) -> Table:
    """Add the constraint of a column that has become NOT NULL to some, or return the table with that which it has."""
    column, name = wanted.column, wanted.name
    if wanted.no_inherit and current.kind == "partitioned table":
        raise sqlstate.feature_not_supported("not-null constraints on partitioned tables cannot be NO INHERIT")
    same = current.not_null_constraint(column)
    if same is not None and same.no_inherit and wanted.inherited:
        message = (
            f'cannot change NO INHERIT status of NOT NULL constraint "{same.name}" on relation "{current.name.name}"'
        )
        raise sqlstate.feature_not_supported(message)
    if same is not None:
        if wanted.valid and not same.valid and not wanted.validates:
            raise not_valid(same, current.name)
        now = replace(same, valid=same.valid or wanted.valid, inherited=same.inherited or wanted.inherited)
        return _in_place(current, same, now, name)
    constraint = Constraint(
        name=_constraint_name(state, current, wanted, added),
        kind="not null",
        columns=(column,),
        inherited=wanted.inherited,
        valid=wanted.valid,
        no_inherit=wanted.no_inherit,
    )
    added[constraint.name] = constraint
    return current


def not_valid(constraint: Constraint, table: Name) -> sqlstate.PostgresError:
    """Return how PostgreSQL refuses to build on NOT NULL that old rows need not keep."""
    message = f'incompatible NOT VALID constraint "{constraint.name}" on relation "{table.name}"'
    return sqlstate.PostgresError("55000", message)


def _in_place(table: Table, same: Constraint, now: Constraint, name: str | None) -> Table:
    """Return a table with the constraint changed that the column has already, unless another name is written."""
    if name is not None and same.name != name:
        column = same.columns[0]
        message = f'cannot create not-null constraint "{name}" on column "{column}" of table "{table.name.name}"'
        raise sqlstate.PostgresError("55000", message)
    if now == same:
        return table
    return replace(table, constraints=tuple(now if c is same else c for c in table.constraints))


def _constraint_name(state: State, table: Table, wanted: NotNull, added: Collection[str]) -> str:
    if wanted.name is not None:
        refuse_taken(table, wanted.name, added)
    suggested = wanted.suggested
    free = None if suggested in added or any(c.name == suggested for c in table.constraints) else suggested
    schema, name = table.name
    return (
        wanted.name
        or free
        or generated_names.constraint_name(state, schema, name, [wanted.column], "not_null", others=added)
    )
