"""A name as a statement writes it in, the table it is about out, found or refused as PostgreSQL would; and changed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from msgspec.structs import replace

from alembic_contracts.prediction.catalog.state import TEMPORARY
from alembic_contracts.prediction.sql import sqlstate, system
from alembic_contracts.prediction.sql.mentions import columns_in
from alembic_contracts.schemas.schema import Column, Name

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.prediction.sql.parser import Node
    from alembic_contracts.schemas.schema import Constraint, Persistence, Table

__all__ = [
    "NOT_TABLES",
    "PERSISTENCE",
    "change_column",
    "check_free",
    "descendants",
    "find",
    "is_copy",
    "is_inherited",
    "new_name",
    "partition_columns",
    "put_constraint",
    "refuse_other_kind",
    "refuse_other_parents",
    "refuse_taken",
    "require_column",
]

_SAID = {
    "OBJECT_VIEW": "view",
    "OBJECT_MATVIEW": "materialized view",
    "OBJECT_FOREIGN_TABLE": "foreign table",
    "OBJECT_SEQUENCE": "sequence",
}
NOT_TABLES = frozenset({"view", "materialized view"})
PERSISTENCE: Mapping[str, Persistence] = {"p": "permanent", "u": "unlogged", "t": "temporary"}
"""``relpersistence`` of a written relation."""


def find(run: Execution, node: Node, *, missing_ok: bool = False, noun: str = "table") -> Table | None:
    """Return the table or view that a RangeVar names.

    None where it is missing and that is allowed, or where tables may exist that are not known: a doubt says so then.

    Raises:
        PostgresError: 42P01 it does not exist, 3F000 its schema does not, 42809 it is an index or a sequence.
    """
    schema, name = node.schemaname or None, node.relname
    table = run.state.find_table(name, schema)
    if table is not None:
        return table
    found = run.state.find_relation(name, schema)
    if found is not None:
        raise sqlstate.wrong_object_type(f'"{name}" is not a {noun}')
    system_name = system.is_system_relation(name, schema)
    if system_name is not None:
        raise sqlstate.PostgresError("42501", f'permission denied: "{name}" is a system catalog')
    if not run.state.complete_tables:
        unknown = Name(schema or run.state.current_schema() or "public", name)
        run.doubt(f"{unknown} is not known here", [unknown])
        return None
    if missing_ok:
        return None
    if schema is not None and not run.state.has_namespace(schema):
        raise sqlstate.undefined_schema(schema)
    raise sqlstate.undefined_table(f"{schema}.{name}" if schema else name)


def refuse_other_kind(name: Name, kind: str, said: str) -> None:
    """Refuse ALTER VIEW of a table and the like (``RangeVarCallbackForAlterRelation``); ALTER TABLE takes them all.

    Args:
        name: the relation.
        kind: what it is.
        said: the parser's name for what the statement takes it for, ``OBJECT_VIEW`` for example.

    Raises:
        PostgresError: 42809.
    """
    wanted = _SAID.get(said)
    if wanted is not None and kind != wanted:
        raise sqlstate.wrong_object_type(f'"{name.name}" is not a {wanted}')


def new_name(run: Execution, node: Node) -> Name:
    """Return the qualified name of a relation that a RangeVar is about to create.

    Raises:
        PostgresError: 3F000, its schema does not exist.
    """
    if node.relpersistence == "t" or node.schemaname == TEMPORARY:
        if node.schemaname not in {"", TEMPORARY}:
            raise sqlstate.invalid_table_definition("cannot create temporary relation in non-temporary schema")
        return Name(TEMPORARY, node.relname)
    if node.schemaname:
        return Name(run.state.check_namespace(node.schemaname), node.relname)
    return Name(run.state.creation_schema(), node.relname)


def check_free(state: State, name: Name) -> None:
    """Refuse a name that a relation or a type has already.

    Raises:
        PostgresError: 42P07 for a relation, 42710 for a type.
    """
    if state.relation_kind(name) is not None:
        raise sqlstate.duplicate_table(name.name)
    if name in state.types:
        raise sqlstate.duplicate_object("type", name.name)


def require_column(table: Table, name: str) -> Column:
    """Return a column.

    Raises:
        PostgresError: 42703, there is none of this name (and all of them are known).
    """
    column = table.column(name)
    if column is None:
        if not table.complete:
            return Column(name=name, type=None)
        raise sqlstate.undefined_column(name, table.name.name)
    return column


def change_column(state: State, name: Name, column: str, change: Callable[[Column], Column]) -> None:
    """Replace one column of a table, which is touched even where this one of its columns is not known."""
    table = state.tables[name]
    columns = list(table.columns)
    names = [each.name for each in columns]
    if column in names:
        index = names.index(column)
        columns[index] = change(columns[index])
    state.tables.put(name, replace(table, columns=tuple(columns)))


def descendants(state: State, name: Name) -> Iterator[Name]:
    """Yield the tables that inherit from a table or are its partitions, at any depth, each of them once."""
    seen = {name}

    def below(parent: Name) -> Iterator[Name]:
        for child in state.children(parent):
            if child.name not in seen:
                seen.add(child.name)
                yield child.name
                yield from below(child.name)

    yield from below(name)


def partition_columns(table: Table) -> tuple[str, ...]:
    """Return the columns that a table is partitioned by (expressions by what they mention)."""
    if not table.partition_key:
        return ()
    inner = table.partition_key.partition("(")[2].rpartition(")")[0]
    return columns_in(f"ARRAY[{inner}]") or columns_in(f"ROW({inner})")


def is_copy(one: Constraint, other: Constraint) -> bool:
    """Whether a child's constraint is the one that its parent has."""
    if one.kind != other.kind:
        return False
    return one.name == other.name if one.kind == "check" else one.columns == other.columns


def put_constraint(state: State, table: Name, constraint: Constraint) -> None:
    """Append a constraint to a table."""
    current = state.tables[table]
    state.tables.put(table, replace(current, constraints=(*current.constraints, constraint)))


def refuse_taken(table: Table, name: str, others: Collection[str] = ()) -> None:
    """Refuse a name that a constraint of the table has already, or one of some others.

    Raises:
        PostgresError: 42710.
    """
    if name in others or any(constraint.name == name for constraint in table.constraints):
        message = f'constraint "{name}" for relation "{table.name.name}" already exists'
        raise sqlstate.PostgresError("42710", message)


def refuse_other_parents(state: State, name: Name, children: Collection[Name], column: str, what: str) -> None:
    """Refuse to change a column that a child has from a parent as well that does not change with it.

    Args:
        state: the catalog.
        name: the table whose column changes.
        children: its descendants.
        column: the column.
        what: is to happen, ``rename`` for example.

    Raises:
        PostgresError: 42P16.
    """
    family = {name, *children}
    for child in children:
        table = state.tables[child]
        others = replace(table, parents=tuple(parent for parent in table.parents if parent not in family))
        if table.column(column) is not None and is_inherited(state, others, column):
            raise sqlstate.invalid_table_definition(f'cannot {what} inherited column "{column}" of "{child.name}"')


def is_inherited(state: State, table: Table, column: str) -> bool:
    """Whether a parent of the table has a column of this name."""
    return any(parent in state.tables and state.tables[parent].column(column) is not None for parent in table.parents)
