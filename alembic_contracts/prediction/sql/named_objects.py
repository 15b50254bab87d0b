"""A statement in, the names of the objects that it uses out, and of those that it makes, changes or takes away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_contracts.prediction.sql import parser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["made", "texts", "used"]

_NAMES = frozenset(
    {"names", "objname", "funcname", "type_name", "object", "objects", "defnames", "domainname", "sequence"}
)
"""Fields that hold the parts of an object's name."""
_TEXTS = frozenset({"schemaname", "newschema", "idxname", "newname"})
"""Fields that are a name themselves."""
_PARTS = frozenset({"OBJECT_COLUMN", "OBJECT_ATTRIBUTE", "OBJECT_TABCONSTRAINT", "OBJECT_DOMCONSTRAINT"})
"""What ``newname`` renames where it is no object."""


def used(node: Node) -> frozenset[str]:
    """Return the last parts of the names of tables, indexes, types, functions and schemas in a statement."""
    found: set[str] = set()
    for message in parser.walk(node):
        if message.DESCRIPTOR.name == "RangeVar":
            found.add(message.relname)
        for field, value in message.ListFields():
            if field.name in _NAMES and field.message_type is not None:
                found.update(_strings(value if not hasattr(value, "DESCRIPTOR") else [value]))
            elif field.name in _TEXTS and not _renames_part(message, field.name):
                found.add(value)
    return frozenset(found)


def made(node: Node) -> frozenset[str]:
    """Return the names that a statement gives or takes away, but for those of tables that it alters."""
    kind = node.DESCRIPTOR.name
    found: set[str] = set()
    if kind == "DropStmt":
        found.update(_strings(node.objects))
    elif kind == "RenameStmt" and not _renames_part(node, "newname"):
        found.add(node.newname)
        found.update(_strings([node.object]))
    elif kind == "CreateFunctionStmt":
        found.update(parser.strings(node.funcname))
    for field in ("idxname", "newschema"):
        if field in node.DESCRIPTOR.fields_by_name:
            found.add(getattr(node, field))
    if kind == "CreateSchemaStmt":
        found.add(node.schemaname)
    if kind in {"CreateEnumStmt", "CreateDomainStmt", "CreateRangeStmt", "AlterEnumStmt", "AlterTypeStmt"}:
        field = "domainname" if kind == "CreateDomainStmt" else "type_name"
        found.update(parser.strings(getattr(node, field)))
    if kind in {"CreateStmt", "ViewStmt", "CreateSeqStmt", "CompositeTypeStmt", "CreateTableAsStmt"}:
        target = {"ViewStmt": "view", "CreateSeqStmt": "sequence", "CompositeTypeStmt": "typevar"}.get(kind, "relation")
        relation = node.into.rel if kind == "CreateTableAsStmt" else getattr(node, target)
        found.add(relation.relname)
    return frozenset(found - {""})


def texts(node: Node) -> frozenset[str]:
    """Return the text literals in a statement."""
    literals = (message for message in parser.walk(node) if message.DESCRIPTOR.name == "A_Const")
    return frozenset(message.sval.sval for message in literals if message.HasField("sval"))


def _renames_part(message: Node, field: str) -> bool:
    return (
        field == "newname"
        and message.DESCRIPTOR.name == "RenameStmt"
        and parser.enum_name(message, "rename_type") in _PARTS
    )


def _strings(nodes: list[Node]) -> Iterator[str]:
    """Yield all texts in some nodes, lists of lists and names of types included."""
    for node in nodes:
        for message in parser.walk(node):
            if message.DESCRIPTOR.name == "String":
                yield message.sval
