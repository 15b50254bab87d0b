"""ALTER TYPE for attributes of composite types applied to the catalog; the parser takes it for an ALTER TABLE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from alembic_contracts.prediction.catalog.dependencies import Object
from alembic_contracts.prediction.catalog.removal import drop
from alembic_contracts.prediction.catalog.type_names import refuse_itself, resolve
from alembic_contracts.prediction.catalog.user_types import require_type
from alembic_contracts.prediction.sql import parser, sqlstate
from alembic_contracts.schemas.schema import Name, TypeDefinition

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["alter_composite"]


def alter_composite(run: Execution, node: Node) -> None:
    """Apply ALTER TYPE ... ADD, DROP and ALTER ATTRIBUTE.

    Raises:
        PostgresError: as the server would.
    """
    relation = node.relation
    written = [relation.schemaname, relation.relname] if relation.schemaname else [relation.relname]
    if run.state.complete_tables and run.state.find_relation(relation.relname, relation.schemaname or None) is None:
        raise sqlstate.undefined_table(".".join(written))
    definition = require_type(run, written)
    if definition is None:
        return
    if definition.kind != "composite":
        raise sqlstate.wrong_object_type(f'"{relation.relname}" is not a composite type')
    for command in parser.children(node.cmds):
        _alter_attribute(run, run.state.types[definition.name], command)


def _alter_attribute(run: Execution, definition: TypeDefinition, command: Node) -> None:
    subtype = parser.enum_name(command, "subtype")
    if subtype == "AT_ChangeOwner":
        return
    known = dict(definition.fields)
    cascade = parser.enum_name(command, "behavior") == "DROP_CASCADE"
    if subtype == "AT_AddColumn":
        column = parser.unwrap(getattr(command, "def"))
        if column.colname in known:
            raise sqlstate.duplicate_column(column.colname, definition.name.name)
        type_ = resolve(run, column.type_name)
        refuse_itself(run.state, definition.name, type_)
        if type_ is not None:
            known[column.colname] = type_
    elif command.name not in known:
        if not command.missing_ok:
            raise sqlstate.undefined_column(command.name, definition.name.name)
    elif subtype == "AT_DropColumn":
        del known[command.name]
    elif subtype == "AT_AlterColumnType":
        type_ = resolve(run, parser.unwrap(getattr(command, "def")).type_name)
        refuse_itself(run.state, definition.name, type_)
        _refuse_stored(run.state, definition.name)
        if type_ is not None:
            known[command.name] = type_
    else:
        run.doubt(f"{subtype} of a composite type is not understood")
    _refuse_typed_tables(run.state, definition.name, cascade=cascade)
    run.state.types.put(definition.name, replace(definition, fields=tuple(known.items())))
    _follow_in_typed_tables(run, definition.name)


def _refuse_stored(state: State, name: Name) -> None:
    """A composite type cannot be altered while a table's column stores it."""
    for user in state.mentioned_by(name):
        if user.kind != "view" and any(c.type is not None and c.type.name == name for c in user.columns):
            message = f'cannot alter type "{name.name}" because column of "{user.name.name}" uses it'
            raise sqlstate.feature_not_supported(message)


def _typed_tables(state: State, name: Name) -> list[Name]:
    typed = {table for (kind, table), of in state.traits.items() if kind == "of" and of == str(name)}
    return [table for table in state.tables if str(table) in typed]


def _refuse_typed_tables(state: State, name: Name, *, cascade: bool) -> None:
    if _typed_tables(state, name) and not cascade:
        raise sqlstate.PostgresError(
            "2BP01", f'cannot alter type "{name.name}" because it is the type of a typed table'
        )


def _follow_in_typed_tables(run: Execution, name: Name) -> None:
    state = run.state
    fields = dict(state.types[name].fields)
    if not state.complete_others:
        run.doubt(f"which tables are of the type {name}, which was altered, is not known")
    for table_name in _typed_tables(state, name):
        gone = [c.name for c in state.tables[table_name].columns if c.name not in fields]
        drop(run, [Object("column", table_name, column) for column in gone], cascade=True)
        table = state.tables[table_name]
        kept = {column.name: column for column in table.columns}
        run.doubt(f"{table_name} is of a type that was altered", [table_name])
        columns = tuple(replace(kept[f], type=t) for f, t in fields.items() if f in kept)
        state.tables.put(table_name, replace(table, columns=columns))
