"""An expression in, its collation out, or that it may be another than its type's.

``parse_collate.c`` of PostgreSQL derives it from what the expression is made of. That is not worked out here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_contracts.prediction.catalog.type_names import builtin
from alembic_contracts.prediction.sql import parser, system
from alembic_contracts.prediction.sql.failing import type_word

if TYPE_CHECKING:
    from alembic_contracts.prediction.sql.parser import Node
    from alembic_contracts.prediction.sql.scopes import Field, Scope
    from alembic_contracts.schemas.schema import Type

__all__ = ["DERIVED", "of_expression"]

DERIVED = "derived"
"""Stands for a collation that is not worked out."""

_NAMES = frozenset(
    {
        "SVFOP_CURRENT_USER", "SVFOP_USER", "SVFOP_CURRENT_ROLE", "SVFOP_SESSION_USER", "SVFOP_CURRENT_CATALOG",
        "SVFOP_CURRENT_SCHEMA",
    }
)  # fmt: skip
"""Words of the grammar that are values of the type ``name``, whose collation is ``C``."""

_WITHOUT = frozenset("BDEGINRTUV")
"""Categories of types (``pg_type.typcategory``) none of which has a collation."""


def of_expression(node: Node, type_: Type | None, scope: Scope) -> str | None:
    """Return the collation of an (unwrapped) expression; None: its type's own, ``DERIVED``: it may be another."""
    if not _has_collation(type_):
        return None
    if node.DESCRIPTOR.name == "CollateClause":
        written = ".".join(parser.strings(node.collname)).removeprefix("pg_catalog.")
        return None if written == "default" else written
    parts = parser.walk(node, into=lambda message: message.DESCRIPTOR.name != "SubLink")  # that has names of its own
    return DERIVED if any(_has_its_own(message, scope) for message in parts) else None


def _has_its_own(message: Node, scope: Scope) -> bool:
    kind = message.DESCRIPTOR.name
    if kind == "SQLValueFunction":
        return parser.enum_name(message, "op") in _NAMES
    if kind == "FuncCall":
        overloads = system.functions().get(parser.strings(message.funcname)[-1], ())
        return any(each.result == "name" for each in overloads)
    if kind == "TypeCast":
        return type_word(message.type_name) == "name"
    if kind == "ColumnRef":
        found = _column(parser.strings(message.fields), scope)
        return found is not None and (found.collation is not None or found.type == builtin("name"))
    return bool(kind == "CollateClause")


def _column(names: list[str], scope: Scope) -> Field | None:
    if len(names) == 1:
        return scope.column(names[0])
    entry = scope.entry(names[-2], names[-3] if len(names) > 2 else None) if names else None
    return None if entry is None else entry.find(names[-1])


def _has_collation(type_: Type | None) -> bool:
    """Return whether values of a type may have another collation than ``name`` always has."""
    if type_ is None:
        return True
    return type_.name.name != "name" and system.categories().get(type_.name.name, "S") not in _WITHOUT
