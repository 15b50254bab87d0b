"""``LIKE source INCLUDING ...`` in, what the new table takes from its source out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from alembic_contracts.prediction.catalog.relations import find, put_constraint
from alembic_contracts.prediction.sql import sqlstate
from alembic_contracts.prediction.tables.columns import add_sequence
from alembic_contracts.prediction.tables.indexes import attach_index
from alembic_contracts.prediction.tables.keys import attach_key
from alembic_contracts.schemas.schema import Column, Constraint, Name, Table

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["Like", "copy_columns", "copy_rest"]

COMMENTS, CONSTRAINTS, DEFAULTS, GENERATED, IDENTITY, INDEXES = 1, 4, 8, 16, 32, 64
"""Bits of ``CREATE_TABLE_LIKE_*`` (nodes/parsenodes.h)."""


class Like(Struct, frozen=True):
    """What is copied from where."""

    source: Table
    options: int
    columns: tuple[Column, ...]
    not_null: dict[str, Constraint | None] = field(default_factory=dict)
    """Columns that are NOT NULL, with their constraint where constraints for that exist."""


def copy_columns(run: Execution, name: Name, node: Node) -> Like | None:
    """Return the columns of a LIKE clause; None where its source is not known (a doubt says so).

    Raises:
        PostgresError: 42P01 and 42809 as for every table.
    """
    source = _source(run, node)
    if source is None:
        run.doubt(f"{name} is made like a table that is not known here", [name])
        return None
    if not source.complete:
        run.doubt(f"{name} is made like {source.name}, whose columns are not all known", [name])
    options = node.options
    columns = tuple(_copied(run, name, column, options) for column in source.columns)
    not_null: dict[str, Constraint | None] = {c.name: None for c in source.columns if c.not_null}
    for constraint in source.constraints:
        if constraint.kind == "not null":
            not_null[constraint.columns[0]] = constraint
    return Like(source, options, columns, not_null)


def _source(run: Execution, node: Node) -> Table | None:
    relation = node.relation
    definition = run.state.find_type(relation.relname, relation.schemaname or None)
    if definition is not None and definition.kind == "composite":
        columns = tuple(Column(name=column, type=type_) for column, type_ in definition.fields)
        return Table(name=definition.name, columns=columns)
    return find(run, relation)


def _copied(run: Execution, name: Name, column: Column, options: int) -> Column:
    copy = replace(column, comment=column.comment if options & COMMENTS else None, updatable=True)
    if column.identity:
        if options & IDENTITY:
            add_sequence(run, name, column.name, internal=True)
        else:
            copy = replace(copy, identity="")
    if column.generated:
        if not options & GENERATED:
            copy = replace(copy, generated="", expression=None)
    elif not options & DEFAULTS:
        copy = replace(copy, default=None)
    return copy


def copy_rest(run: Execution, name: Name, like: Like) -> None:
    """Copy checks and indexes once the table is there, as far as the clause says so."""
    state, by_name = run.state, {c.name: c for c in like.source.constraints}
    if like.options & CONSTRAINTS:
        for constraint in like.source.constraints:
            if constraint.kind != "check":
                continue
            if any(c.name == constraint.name for c in state.tables[name].constraints):
                message = f'constraint "{constraint.name}" for relation "{name.name}" already exists'
                raise sqlstate.PostgresError("42710", message)
            comment = constraint.comment if like.options & COMMENTS else None
            put_constraint(state, name, replace(constraint, inherited=False, comment=comment))
    if not like.options & INDEXES or like.source.kind in {"view", "foreign table"}:
        return
    for index in like.source.indexes:
        key = by_name.get(index.constraint) if index.constraint else None
        bare = replace(index, name="", constraint=None, comment=index.comment if like.options & COMMENTS else None)
        if key is not None:
            attach_key(state, name, replace(key, comment=None, inherited=False), bare)
        else:
            attach_index(state, name, bare)
    table = state.tables[name]
    kept = tuple(replace(c, inherited=False) if c.kind != "check" else c for c in table.constraints)
    state.tables.put(name, replace(table, constraints=kept))
