"""Which statements of a block fail or not depending on rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_contracts.prediction.plpgsql import tree
from alembic_contracts.prediction.plpgsql.conditions import sqlstate_of
from alembic_contracts.prediction.sql import parser

if TYPE_CHECKING:
    from alembic_contracts.prediction.sql.parser import Statement

__all__ = ["FATAL", "is_on_rows", "may_fail"]

_ON_ROWS = ("22", "23", "21", "P0")
"""Classes of errors that depend on rows."""

FATAL = frozenset({"exception", "again"})
"""Levels of RAISE that are errors."""

_ROW_DEPENDENT = frozenset({"AT_SetNotNull", "AT_AddConstraint", "AT_AlterColumnType", "AT_ValidateConstraint"})


def is_on_rows(condition: str) -> bool:
    """Whether a handler for a condition takes errors that depend on rows."""
    return condition == "others" or sqlstate_of(condition).startswith(_ON_ROWS)


def may_fail(step: tree.Statement) -> bool:
    """Whether rows decide if a statement fails."""
    if isinstance(step, tree.Raise):
        return step.level in FATAL
    if isinstance(step, (tree.Execute, tree.Assert)) or (isinstance(step, tree.Sql) and step.strict):
        return True
    return isinstance(step, tree.Sql) and any(_depends_on_rows(statement) for statement in parser.parse(step.text))


def _depends_on_rows(statement: Statement) -> bool:
    if statement.kind in {"insert_stmt", "update_stmt", "delete_stmt", "merge_stmt", "copy_stmt"}:
        return True
    if statement.kind == "index_stmt":
        return bool(statement.node.unique)
    if statement.kind != "alter_table_stmt":
        return False
    commands = parser.children(statement.node.cmds)
    if any(parser.enum_name(command, "subtype") in _ROW_DEPENDENT for command in commands):
        return True
    added = [c for c in commands if parser.enum_name(c, "subtype") == "AT_AddColumn"]
    return any(parser.unwrap(getattr(command, "def")).constraints for command in added)
