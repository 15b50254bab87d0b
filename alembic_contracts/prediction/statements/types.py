"""CREATE and ALTER TYPE applied to the catalog: enums, composite, range and base types, and CREATE AGGREGATE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from alembic_contracts.prediction.catalog.operators import put_operator
from alembic_contracts.prediction.catalog.state import Function
from alembic_contracts.prediction.catalog.traits import IN_SCHEMA
from alembic_contracts.prediction.catalog.type_names import qualified, resolve, written
from alembic_contracts.prediction.catalog.unseen_users import doubt_printing
from alembic_contracts.prediction.catalog.user_types import new_type_name, require_type
from alembic_contracts.prediction.sql import parser, sqlstate
from alembic_contracts.schemas.remarks import Printed
from alembic_contracts.schemas.schema import Name

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.sql.parser import Node


from typing import TYPE_CHECKING

from msgspec.structs import replace

from alembic_contracts.prediction.catalog.relations import check_free, new_name
from alembic_contracts.prediction.statements._routines import new_routine_name, put_function
from alembic_contracts.schemas.schema import Type, TypeDefinition

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["HANDLERS"]


# -- enums -------------------------------------------------------------------------------------------------------------


def create_enum(run: Execution, node: Node) -> None:
    """Apply CREATE TYPE ... AS ENUM."""
    name = new_type_name(run, parser.strings(node.type_name))
    labels = tuple(parser.strings(node.vals))
    for label in labels:
        _check_label(label)
        if labels.count(label) > 1:
            raise sqlstate.PostgresError("23505", "duplicate key value violates unique constraint on enum labels")
    run.state.types.put(name, TypeDefinition(name=name, kind="enum", labels=labels))
    for known in [key for key in run.state.fresh_labels if key.startswith(f"{name} ")]:  # of one that is gone
        run.state.fresh_labels.remove(known)
    run.state.fresh_types.put(str(name), value=True)


def _check_label(label: str) -> None:
    if len(label.encode()) > 63:
        raise sqlstate.PostgresError("42602", f'invalid enum label "{label}"')


def alter_enum(run: Execution, node: Node) -> None:
    """Apply ALTER TYPE ... ADD VALUE and RENAME VALUE."""
    definition = require_type(run, parser.strings(node.type_name), "enum")
    if definition is None:
        return
    _check_label(node.new_val)
    if node.old_val:
        _rename_value(run.state, definition, node.old_val, node.new_val)
        written = _quoted(node.old_val)
        _respell_defaults(run.state, definition.name, written, _quoted(node.new_val))
        users = run.state.mentioned_by(definition.name)
        doubt_printing(run, users, lambda text: _has_label(text, written, node.old_val), written)
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
    if f"{definition.name} {old}" in state.fresh_labels:
        state.fresh_labels.remove(f"{definition.name} {old}")
        state.fresh_labels.put(f"{definition.name} {new}", value=True)
    state.types.put(definition.name, replace(definition, labels=labels))


def _quoted(label: str) -> str:
    return f"'{label.replace(chr(39), chr(39) * 2)}'"


def _has_label(text: str, written: str, label: str) -> bool:
    """Whether an expression may have a label of an enum in it; a text alone, of whatever type, has been looked at."""
    is_alone = text.startswith(written) and "'" not in text[len(written) :]
    return not is_alone and (written in text or (label in text and "'{" in text))


def _respell_defaults(state: State, enum: Name, old: str, new: str) -> None:
    """A default that is nothing but a label is printed as the label is called now."""

    def respelled(text: str | None) -> str | None:
        if text is None or not (text == old or text.startswith(f"{old}::")):
            return text
        return new + text[len(old) :]

    for table in state.mentioned_by(enum):
        columns = tuple(
            replace(column, default=Printed(default, respelled(getattr(column.default, "printed", None))))
            if column.type == Type(enum) and (default := respelled(column.default)) not in {None, column.default}
            else column
            for column in table.columns
        )
        if columns != table.columns:
            state.tables.put(table.name, replace(table, columns=columns))


# -- composite types ---------------------------------------------------------------------------------------------------


def create_composite(run: Execution, node: Node) -> None:
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


# -- others ------------------------------------------------------------------------------------------------------------


def create_range(run: Execution, node: Node) -> None:
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


def define(run: Execution, node: Node) -> None:
    """Apply CREATE TYPE of a base type or shell, AGGREGATE, OPERATOR, COLLATION, TEXT SEARCH ..."""
    if parser.enum_name(node, "kind") == "OBJECT_AGGREGATE":
        create_aggregate(run, node)
    if parser.enum_name(node, "kind") not in {"OBJECT_AGGREGATE", "OBJECT_TYPE"}:
        home = qualified(parser.strings(node.defnames))[0] or run.state.creation_schema()
        if parser.enum_name(node, "kind") == "OBJECT_OPERATOR":
            put_operator(run.state, home, node)
        run.state.traits.put((IN_SCHEMA, home), "")
        run.state.uncertain.note_refusal()  # there may be one of this name
    if parser.enum_name(node, "kind") == "OBJECT_TYPE":
        schema, written = qualified(parser.strings(node.defnames))
        full = Name(schema or run.state.creation_schema(), written)
        if full in run.state.types and len(node.definition):
            return  # fills a shell that was made before
        name = new_type_name(run, parser.strings(node.defnames))
        run.state.types.put(name, TypeDefinition(name=name, kind="base"))


def alter_base(run: Execution, node: Node) -> None:
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


def create_aggregate(run: Execution, node: Node) -> None:
    """Apply CREATE AGGREGATE (a ``DefineStmt``).

    Raises:
        PostgresError: 42723, it exists.
    """
    kind: Literal["aggregate"] = "aggregate"
    arguments = parser.children(node.args[0].list.items) if node.args and node.args[0].HasField("list") else []
    types = tuple(written(a.arg_type) for a in arguments if a.DESCRIPTOR.name == "FunctionParameter")
    name = new_routine_name(run, parser.strings(node.defnames))
    put_function(run, Function(name, types, kind, "internal", definition=run.statement.sql), or_replace=node.replace)
