"""CREATE CAST and CREATE OPERATOR CLASS applied to the catalog: what can be converted and indexed from here on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_contracts.prediction.catalog.traits import IN_SCHEMA
from alembic_contracts.prediction.catalog.type_names import qualified, resolve
from alembic_contracts.prediction.sql import parser, sqlstate
from alembic_contracts.schemas.schema import Type

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["HANDLERS"]

_CONTEXTS = {"COERCION_IMPLICIT": "i", "COERCION_ASSIGNMENT": "a"}


def create_cast(run: Execution, node: Node) -> None:
    """Apply CREATE CAST.

    Raises:
        PostgresError: 42704 one of the types does not exist, 42710 there is such a cast.
    """
    types = [resolve(run, name) for name in (node.sourcetype, node.targettype)]
    source, target = (None if type_ is None else Type(type_.name, (), type_.dimensions) for type_ in types)
    if source is None or target is None:
        return
    if (source, target) in run.state.casts:
        raise sqlstate.PostgresError("42710", "a cast between these types already exists")
    run.state.uncertain.note_refusal()  # its function has to fit
    run.state.casts.put((source, target), _CONTEXTS.get(parser.enum_name(node, "context"), "e"))


def create_operator_class(run: Execution, node: Node) -> None:
    """Apply CREATE OPERATOR CLASS."""
    schema = qualified(parser.strings(node.opclassname))[0] or run.state.creation_schema()
    run.state.traits.put((IN_SCHEMA, schema), "")
    run.state.uncertain.note_refusal()  # there may be one of this name
    key = resolve(run, node.datatype)
    if node.is_default and key is not None:
        run.state.operator_classes.put((node.amname, Type(key.name, (), key.dimensions)), value=True)


HANDLERS = {"create_cast_stmt": create_cast, "create_op_class_stmt": create_operator_class}
