"""CREATE and ALTER TYPE: enums, composite and range types, base types."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from alembic_contracts.prediction.catalog.dependencies import Object
from alembic_contracts.prediction.catalog.relations import check_free, new_name
from alembic_contracts.prediction.catalog.removal import drop
from alembic_contracts.prediction.catalog.type_names import find_named, qualified, resolve
from alembic_contracts.prediction.sql import parser, sqlstate
from alembic_contracts.prediction.statements.functions import create_aggregate
from alembic_contracts.schemas.schema import Name, Type, TypeDefinition

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alembic_contracts.prediction.catalog.execution import Run
    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["HANDLERS", "alter_composite", "new_type_name", "require_type"]


def new_type_name(run: Run, names: Sequence[str]) -> Name:
    """Return the qualified name of a type that is about to be created.

    Raises:
        PostgresError: 3F000 no such schema, 42710 the name is taken by a type or by a table's row type.
    """
    schema, name = qualified(names)
    full = Name(run.state.check_namespace(schema) if schema else run.state.creation_schema(), name)
    if full in run.state.types or full in run.state.tables:
        raise sqlstate.duplicate_object("type", name)
    return full


def require_type(run: Run, names: Sequence[str], *kinds: str) -> TypeDefinition | None:
    """Return a user's type; None where it may exist without being known (a doubt says so).

    Raises:
        PostgresError: 42704 it does not exist, 42809 it is of another kind.
    """
    schema, name = qualified(names)
    definition = run.state.find_type(name, schema)
    if definition is None:
        if find_named(run.state, name, schema) is not None:
            raise sqlstate.wrong_object_type(f'"{name}" is not of the kind that this statement is for')
        if not run.state.complete_tables:
            run.doubt(f"type {name} is not known here")
            return None
        if schema is not None and not run.state.has_namespace(schema):
            raise sqlstate.undefined_schema(schema)
        raise sqlstate.undefined_object("type", ".".join(names))
    if kinds and definition.kind not in kinds:
        raise sqlstate.wrong_object_type(f'"{name}" is not of the kind that this statement is for')
    return definition


# -- enums -------------------------------------------------------------------------------------------------------------


def create_enum(run: Run, node: Node) -> None:
    """Apply CREATE TYPE ... AS ENUM."""
    name = new_type_name(run, parser.strings(node.type_name))
    labels = tuple(parser.strings(node.vals))
    for label in labels:
        _check_label(label)
        if labels.count(label) > 1:
            raise sqlstate.PostgresError("23505", "duplicate key value violates unique constraint on enum labels")
    run.state.types.put(name, TypeDefinition(name=name, kind="enum", labels=labels))
    run.state.fresh_types.put(str(name), value=True)


def _check_label(label: str) -> None:
    if len(label.encode()) > 63:
        raise sqlstate.PostgresError("42602", f'invalid enum label "{label}"')


def alter_enum(run: Run, node: Node) -> None:
    """Apply ALTER TYPE ... ADD VALUE and RENAME VALUE."""
    definition = require_type(run, parser.strings(node.type_name), "enum")
    if definition is None:
        return
    _check_label(node.new_val)
    if node.old_val:
        _rename_value(run.state, definition, node.old_val, node.new_val)
        return
    labels = list(definition.labels)
    if node.new_val in labels:
        if node.skip_if_new_val_exists:
            return
        raise sqlstate.duplicate_object("enum label", node.new_val)
    position = len(labels)
    if node.new_val_neighbor:
        if node.new_val_neighbor not in labels:
            raise sqlstate.PostgresError("22023", f'"{node.new_val_neighbor}" is not an existing enum label')
        position = labels.index(node.new_val_neighbor) + (1 if node.new_val_is_after else 0)
    labels.insert(position, node.new_val)
    run.state.types.put(definition.name, replace(definition, labels=tuple(labels)))
    if str(definition.name) not in run.state.fresh_types or run.state.server_version < 170000:
        run.state.fresh_labels.put(f"{definition.name} {node.new_val}", value=True)


def _rename_value(state: State, definition: TypeDefinition, old: str, new: str) -> None:
    if old not in definition.labels:
        raise sqlstate.PostgresError("22023", f'"{old}" is not an existing enum label')
    if new in definition.labels:
        raise sqlstate.duplicate_object("enum label", new)
    labels = tuple(new if label == old else label for label in definition.labels)
    state.types.put(definition.name, replace(definition, labels=labels))


# -- composite types ---------------------------------------------------------------------------------------------------


def create_composite(run: Run, node: Node) -> None:
    """Apply CREATE TYPE ... AS (...)."""
    name = new_name(run, node.typevar)
    if name in run.state.types or name in run.state.tables:
        raise sqlstate.duplicate_object("type", name.name)
    check_free(run.state, name)
    fields: list[tuple[str, Type]] = []
    for column in parser.children(node.coldeflist):
        if any(column.colname == known for known, _ in fields):
            raise sqlstate.PostgresError("42701", f'column "{column.colname}" specified more than once')
        type_ = resolve(run, column.type_name)
        if type_ is not None:
            fields.append((column.colname, type_))
    run.state.types.put(name, TypeDefinition(name=name, kind="composite", fields=tuple(fields)))


def alter_composite(run: Run, node: Node) -> None:
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


def _alter_attribute(run: Run, definition: TypeDefinition, command: Node) -> None:
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
        if type_ is not None:
            known[column.colname] = type_
    elif command.name not in known:
        if not command.missing_ok:
            raise sqlstate.undefined_column(command.name, definition.name.name)
    elif subtype == "AT_DropColumn":
        del known[command.name]
    elif subtype == "AT_AlterColumnType":
        type_ = resolve(run, parser.unwrap(getattr(command, "def")).type_name)
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


def _follow_in_typed_tables(run: Run, name: Name) -> None:
    state = run.state
    fields = dict(state.types[name].fields)
    for table_name in _typed_tables(state, name):
        gone = [c.name for c in state.tables[table_name].columns if c.name not in fields]
        drop(state, [Object("column", table_name, column) for column in gone], cascade=True)
        table = state.tables[table_name]
        kept = {column.name: column for column in table.columns}
        run.doubt(f"{table_name} is of a type that was altered", [table_name])
        columns = tuple(replace(kept[f], type=t) for f, t in fields.items() if f in kept)
        state.tables.put(table_name, replace(table, columns=columns))


# -- others ------------------------------------------------------------------------------------------------------------


def create_range(run: Run, node: Node) -> None:
    """Apply CREATE TYPE ... AS RANGE, which brings a multirange type along."""
    name = new_type_name(run, parser.strings(node.type_name))
    base, multirange = None, None
    for option in parser.children(node.params):
        if option.defname == "subtype":
            base = resolve(run, parser.unwrap(option.arg))
        elif option.defname == "multirange_type_name":
            multirange = parser.strings(parser.unwrap(option.arg).names)[-1]
    if base is None:
        raise sqlstate.invalid_definition('type attribute "subtype" is required')
    run.state.types.put(name, TypeDefinition(name=name, kind="range"))
    if multirange is None:
        replaced = name.name.replace("range", "multirange", 1)
        multirange = replaced if replaced != name.name else f"{name.name}_multirange"
    run.state.traits.put(("multirange", str(name)), multirange)


def define(run: Run, node: Node) -> None:
    """Apply CREATE TYPE of a base type or shell, AGGREGATE, OPERATOR, COLLATION, TEXT SEARCH ..."""
    if parser.enum_name(node, "kind") == "OBJECT_AGGREGATE":
        create_aggregate(run, node)
    if parser.enum_name(node, "kind") == "OBJECT_OPERATOR":
        run.state.traits.put(("operator", parser.strings(node.defnames)[-1]), "user")
    if parser.enum_name(node, "kind") == "OBJECT_TYPE":
        schema, written = qualified(parser.strings(node.defnames))
        full = Name(schema or run.state.creation_schema(), written)
        if full in run.state.types and len(node.definition):
            return  # fills a shell that was made before
        name = new_type_name(run, parser.strings(node.defnames))
        run.state.types.put(name, TypeDefinition(name=name, kind="base"))


def alter_base(run: Run, node: Node) -> None:
    """Apply ALTER TYPE ... SET (...): properties of a base type that no table's shape shows."""
    require_type(run, parser.strings(node.type_name))


HANDLERS = {
    "create_enum_stmt": create_enum,
    "alter_enum_stmt": alter_enum,
    "composite_type_stmt": create_composite,
    "create_range_stmt": create_range,
    "define_stmt": define,
    "alter_type_stmt": alter_base,
}
