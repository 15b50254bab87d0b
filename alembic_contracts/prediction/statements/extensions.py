"""CREATE and ALTER EXTENSION applied to the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_contracts.prediction.catalog.traits import HIDDEN
from alembic_contracts.prediction.sql import parser, sqlstate, system
from alembic_contracts.schemas.schema import Name, TypeDefinition

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["HANDLERS"]


def create_extension(run: Execution, node: Node) -> None:
    """Apply CREATE EXTENSION: of a well-known one its types appear, of another one anything may.

    Raises:
        PostgresError: 42710 it exists, 3F000 its schema does not, 42710 one of its types exists already.
    """
    state = run.state
    if node.extname in state.extensions:
        if node.if_not_exists:
            return
        raise sqlstate.duplicate_object("extension", node.extname)
    state.uncertain.note_refusal()  # only the server knows whether it can be installed
    options = {option.defname: option for option in parser.children(node.options)}
    schema = options["schema"].arg.string.sval if "schema" in options else state.creation_schema()
    state.check_namespace(schema)
    state.extensions.put(node.extname, schema)
    known = system.EXTENSIONS.get(node.extname)
    for type_ in known.types if known is not None else ():
        name = Name(schema, type_)
        if name in state.types:
            continue
        state.types.put(name, TypeDefinition(name=name, kind="base"))
        state.traits.put(("extension type", str(name)), node.extname)
    if "cascade" in options and known is None:
        run.doubt(f"which extensions {node.extname} brings along is not known", [])


def alter_extension(run: Execution, node: Node) -> None:
    """Apply ALTER EXTENSION ... UPDATE.

    Raises:
        PostgresError: 42704, it does not exist.
    """
    if node.extname not in run.state.extensions:
        run.absent(sqlstate.undefined_object("extension", node.extname), known=run.state.holds_all(HIDDEN))
    if node.extname not in system.EXTENSIONS:
        run.doubt(f"what an update of the extension {node.extname} changes is not known")


def alter_contents(run: Execution, node: Node) -> None:
    """Apply ALTER EXTENSION ... ADD and DROP: from then on an object goes, or no longer goes, with its extension.

    Raises:
        PostgresError: 42704, the extension does not exist.
    """
    if node.extname not in run.state.extensions:
        run.absent(sqlstate.undefined_object("extension", node.extname), known=run.state.holds_all(HIDDEN))
    run.doubt(f"which objects belong to the extension {node.extname} is not kept")


HANDLERS = {
    "create_extension_stmt": create_extension,
    "alter_extension_stmt": alter_extension,
    "alter_extension_contents_stmt": alter_contents,
}
