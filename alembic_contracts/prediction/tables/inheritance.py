"""A table and its parent in, the table with what it takes over out, as a child or a partition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from alembic_contracts.prediction.catalog.relations import NOT_TABLES, descendants, put_constraint
from alembic_contracts.prediction.sql import parser, sqlstate
from alembic_contracts.prediction.tables.keys import attach_key
from alembic_contracts.prediction.tables.not_null import NotNull, mark_not_null
from alembic_contracts.schemas.schema import Column, Name, Persistence, Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.prediction.sql.parser import Node

__all__ = [
    "adopt",
    "attach_keys_of_parent",
    "merge_parents",
    "refuse_other_persistence",
    "refuse_parent",
    "require_same_types",
    "take_bound",
]


def refuse_parent(parent: Table, persistence: Persistence) -> None:
    """Refuse a relation that no table can inherit from.

    Args:
        parent: the relation.
        persistence: of the child.

    Raises:
        PostgresError: 42809.
    """
    if parent.kind in NOT_TABLES:
        raise sqlstate.wrong_object_type(f'inherited relation "{parent.name.name}" is not a table')
    if parent.kind == "partitioned table" or parent.partition:
        noun = "partition" if parent.partition else "partitioned table"
        raise sqlstate.wrong_object_type(f'cannot inherit from {noun} "{parent.name.name}"')
    if parent.persistence == "temporary" and persistence != "temporary":
        raise sqlstate.wrong_object_type(f'cannot inherit from temporary relation "{parent.name.name}"')


def refuse_other_persistence(parent: Table, persistence: Persistence) -> None:
    """Refuse a partition where either it or its parent is temporary; ``persistence``: of the partition.

    Raises:
        PostgresError: 42809.
    """
    if (parent.persistence == "temporary") is not (persistence == "temporary"):
        message = f'cannot have a {persistence} partition of {parent.persistence} relation "{parent.name.name}"'
        raise sqlstate.wrong_object_type(message)


def merge_parents(run: Execution, own: list[Column], parents: list[Table]) -> tuple[list[Column], list[str]]:
    """Return the columns of a new table, the parents' first, and the names of those that it declares itself.

    This is ``MergeAttributes`` of PostgreSQL.

    Raises:
        PostgresError: 42804 two columns of one name have different types, 42P16 one is generated and the other is not.
    """
    merged: dict[str, Column] = {}
    for parent in parents:
        for column in parent.columns:
            taken = _inherited(run, parent, column)
            known = merged.get(column.name)
            merged[column.name] = taken if known is None else _merge(known, taken, "inherited column")
    for column in own:
        known = merged.get(column.name)
        merged[column.name] = column if known is None else _merge(known, column, "column")
    return list(merged.values()), [column.name for column in own]


def _inherited(run: Execution, parent: Table, column: Column) -> Column:
    keeps_identity = parent.kind == "partitioned table" and run.state.server_version >= 170000
    not_null = column.not_null and _is_passed_on(parent, column.name)
    return replace(column, identity=column.identity if keeps_identity else "", comment=None, not_null=not_null)


def _is_passed_on(parent: Table, column: str) -> bool:
    """Whether children have to be NOT NULL where their parent is."""
    same = parent.not_null_constraint(column)
    return same is None or not same.no_inherit


def _merge(known: Column, column: Column, noun: str) -> Column:
    if known.type is not None and column.type is not None and known.type != column.type:
        raise sqlstate.PostgresError("42804", f'{noun} "{column.name}" has a type conflict')
    if known.generated and not column.generated and (column.default is not None or column.identity):
        raise sqlstate.invalid_table_definition(f'column "{column.name}" inherits from generated column')
    if column.generated and not known.generated:
        raise sqlstate.invalid_table_definition(f'child column "{column.name}" specifies generation expression')
    return replace(
        known,
        not_null=known.not_null or column.not_null,
        default=column.default if column.default is not None else known.default,
        identity=column.identity or known.identity,
        expression=column.expression if column.generated else known.expression,
    )


def adopt(state: State, name: Name, parents: list[Table], own: Mapping[str, Node | None]) -> None:
    """Give a new child the checks and NOT NULLs of its parents.

    Args:
        state: the catalog.
        name: the child, which is there with its columns.
        parents: the tables that it inherits from.
        own: columns that the child itself says NOT NULL for, and what says so; None where its primary key does.

    Raises:
        PostgresError: 42804, it says NO INHERIT of what it inherits.
    """
    for parent in parents:
        for constraint in parent.constraints:
            if constraint.no_inherit:
                continue
            taken = {c.name: c for c in state.tables[name].constraints}
            if constraint.kind == "check":
                same = taken.get(constraint.name)
                if same is None:
                    put_constraint(state, name, replace(constraint, inherited=True, comment=None))
            elif constraint.kind == "not null":
                [column] = constraint.columns
                said = own.get(column)
                if said is not None and said.is_no_inherit:
                    message = f'cannot define not-null constraint with NO INHERIT on column "{column}"'
                    raise sqlstate.PostgresError("42804", message)
                written = said.conname or None if said is not None else None
                wanted = None if column in own else constraint.name
                mark_not_null(state, name, NotNull(column, written, wanted, inherited=True))


def take_bound(state: State, partition: Name, parent: Table, bound: Node) -> None:
    """Remember which values a partition is for, and refuse those that another one has, as far as that is plain.

    Raises:
        PostgresError: 42P17.
    """
    from alembic_contracts.prediction.catalog.partition_bounds import bind
    from alembic_contracts.prediction.catalog.publishing import spread

    values = {"DEFAULT"} if bound.is_default else {parser.deparse_expression(datum) for datum in bound.listdatums}
    for sibling in state.children(parent.name) if values else ():
        taken = state.traits.get(("bound", str(sibling.name)), "").split("\n")
        if sibling.name != partition and values & set(taken):
            raise sqlstate.invalid_definition(f'partition "{partition.name}" would overlap partition "{sibling.name}"')
    if values:
        state.traits.put(("bound", str(partition)), "\n".join(sorted(values)))
    bind(state, partition, parent.name, bound)
    spread(state, [partition, *descendants(state, partition)])


def attach_keys_of_parent(state: State, partition: Name, parent: Table) -> None:
    """Give a partition the keys, indexes and foreign keys of the table that it is a part of."""
    from alembic_contracts.prediction.tables.foreign_keys import attach_foreign_key
    from alembic_contracts.prediction.tables.indexes import attach_index

    by_name = {c.name: c for c in parent.constraints}
    for index in parent.indexes:
        constraint = by_name.get(index.constraint) if index.constraint else None
        bare = replace(index, name="", constraint=None, comment=None)
        if constraint is not None:
            attach_key(state, partition, replace(constraint, comment=None), bare)
        else:
            attach_index(state, partition, bare)
    for constraint in parent.constraints:
        if constraint.kind == "foreign key" and not _has_same_key(state.tables[partition], constraint.columns):
            attach_foreign_key(state, partition, constraint)


def _has_same_key(table: Table, columns: tuple[str, ...]) -> bool:
    return any(c.kind == "foreign key" and c.columns == columns for c in table.constraints)


def require_same_types(child: Table, parent: Table) -> None:
    """Refuse a child that lacks a column of its parent, or has it with another type (``MergeAttributesIntoExisting``).

    Raises:
        PostgresError: 42804.
    """
    for column in parent.columns:
        own = child.column(column.name)
        if own is None:
            if child.complete:
                raise sqlstate.PostgresError("42804", f'child table is missing column "{column.name}"')
            continue
        if own.type is not None and column.type is not None and own.type != column.type:
            message = f'child table "{child.name.name}" has different type for column "{column.name}"'
            raise sqlstate.PostgresError("42804", message)
        if column.not_null and not own.not_null and _is_passed_on(parent, column.name):
            message = f'column "{column.name}" in child table "{child.name.name}" must be marked NOT NULL'
            raise sqlstate.PostgresError("42804", message)
        if bool(column.generated) != bool(own.generated):
            raise sqlstate.PostgresError("42804", f'column "{column.name}" in child table must be a generated column')
