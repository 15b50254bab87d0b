"""ALTER ... SET SCHEMA and ALTER ... OWNER TO applied to the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from alembic_contracts.prediction.catalog.access import owner_of
from alembic_contracts.prediction.catalog.new_names import move_many
from alembic_contracts.prediction.catalog.operators import note_operator
from alembic_contracts.prediction.catalog.relations import check_free, find, refuse_other_kind
from alembic_contracts.prediction.catalog.state import TEMPORARY
from alembic_contracts.prediction.catalog.traits import HIDDEN
from alembic_contracts.prediction.catalog.user_types import require_type
from alembic_contracts.prediction.sql import parser, sqlstate
from alembic_contracts.prediction.statements._routines import doubt_callers, move_function, named
from alembic_contracts.schemas.schema import Name

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["HANDLERS", "SCHEMA_OBJECTS"]

_RELATIONS = frozenset({"OBJECT_TABLE", "OBJECT_VIEW", "OBJECT_MATVIEW", "OBJECT_FOREIGN_TABLE", "OBJECT_SEQUENCE"})
_TYPES = frozenset({"OBJECT_TYPE", "OBJECT_DOMAIN"})
_FUNCTIONS = frozenset({"OBJECT_FUNCTION", "OBJECT_PROCEDURE", "OBJECT_ROUTINE", "OBJECT_AGGREGATE"})
SCHEMA_OBJECTS = _RELATIONS | _TYPES | _FUNCTIONS | {"OBJECT_EXTENSION"}
"""Kinds of objects whose schema matters here; all others are no part of any table's shape."""


def set_schema(run: Execution, node: Node) -> None:
    """Apply ALTER ... SET SCHEMA.

    Raises:
        PostgresError: the object or the schema does not exist, or the name is taken there.
    """
    kind = parser.enum_name(node, "object_type")
    if kind in _RELATIONS:
        _move_relation(run, node)
    elif kind in _TYPES:
        _move_type(run, node)
    elif kind in _FUNCTIONS:
        _move_function(run, node)
    elif kind == "OBJECT_EXTENSION":
        _move_extension(run, node)
    else:
        run.state.check_namespace(node.newschema)
        if kind == "OBJECT_OPERATOR":
            note_operator(run.state, parser.strings(node.object.object_with_args.objname)[-1])


def _move_relation(run: Execution, node: Node) -> None:
    state, relation = run.state, node.relation
    found = state.find_relation(relation.relname, relation.schemaname or None)
    if found is None:
        find(run, relation, missing_ok=node.missing_ok)
        return
    old, kind = found
    refuse_other_kind(old, kind, parser.enum_name(node, "object_type"))
    if kind in {"index", "composite type"}:
        raise sqlstate.wrong_object_type(f'"{old.name}" is not a table')
    state.check_namespace(node.newschema)
    if old.schema == TEMPORARY:
        raise sqlstate.feature_not_supported("cannot move objects into or out of temporary schemas")
    if kind == "sequence" and state.sequences[old].owner is not None:
        raise sqlstate.feature_not_supported("cannot move an owned sequence into another schema")
    if old.schema == node.newschema:
        return
    new = Name(node.newschema, old.name)
    if state.relation_kind(new) is not None:
        raise sqlstate.PostgresError("42P07", f'relation "{new.name}" already exists in schema "{new.schema}"')
    check_free(state, new)
    names = {old: new}
    for sequence in state.sequences.values():
        if sequence.owner is not None and sequence.owner[0] == old:
            names[sequence.name] = Name(node.newschema, sequence.name.name)
    for index in state.tables[old].indexes if old in state.tables else ():
        check_free(state, Name(node.newschema, index.name))
    move_many(state, names)


def _move_type(run: Execution, node: Node) -> None:
    definition = require_type(run, parser.strings(parser.unwrap(node.object).items))
    if definition is None:
        return
    run.state.check_namespace(node.newschema)
    new = Name(node.newschema, definition.name.name)
    if new == definition.name:
        return
    if new in run.state.types or new in run.state.tables:
        raise sqlstate.duplicate_object("type", new.name)
    move_many(run.state, {definition.name: new})


def _move_function(run: Execution, node: Node) -> None:
    target = parser.unwrap(node.object)
    doubt_callers(run, parser.strings(target.objname)[-1])
    function = named(run, target)
    run.state.check_namespace(node.newschema)
    if function is not None and function.name.schema != node.newschema:
        move_function(run, function, Name(node.newschema, function.name.name))


def _move_extension(run: Execution, node: Node) -> None:
    state, name = run.state, node.object.string.sval
    if name not in state.extensions:
        run.absent(sqlstate.undefined_object("extension", name), known=state.holds_all(HIDDEN))
        run.doubt(f"what extension {name} brought along is not known")
        return
    state.check_namespace(node.newschema)
    state.extensions.put(name, node.newschema)
    members = {
        text for (kind, text), extension in state.traits.items() if kind == "extension type" and extension == name
    }
    types = [type_ for type_ in state.types if str(type_) in members]
    move_many(state, {type_: Name(node.newschema, type_.name) for type_ in types})


def change_owner(run: Execution, node: Node) -> None:
    """Apply ALTER ... OWNER TO for all but tables: only whether the object exists matters.

    Raises:
        PostgresError: 42704 no such type or role, 3F000 no such schema.
    """
    owner = owner_of(run.state, node.newowner)
    kind = parser.enum_name(node, "object_type")
    if kind in _TYPES:
        require_type(run, parser.strings(parser.unwrap(node.object).items))
    elif kind == "OBJECT_SCHEMA":
        name = node.object.string.sval
        if name in run.state.namespaces:
            usage = run.state.access.schema_usage - {(name, run.state.namespaces[name])} | {(name, owner)}
            run.state.set_access(replace(run.state.access, schema_usage=usage))
            run.state.namespaces.put(name, owner)
        elif run.state.complete_tables:
            raise sqlstate.undefined_schema(name)
    elif kind in _FUNCTIONS:
        named(run, parser.unwrap(node.object))
    else:
        run.state.uncertain.note_refusal()  # of these none are held


HANDLERS = {"alter_object_schema_stmt": set_schema, "alter_owner_stmt": change_owner}
