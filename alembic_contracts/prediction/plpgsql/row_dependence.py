"""A statement of a block in, whether rows decide if it fails out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_contracts.prediction.plpgsql import reach, tree
from alembic_contracts.prediction.plpgsql.conditions import sqlstate_of
from alembic_contracts.prediction.sql import parser

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.sql.parser import Statement

__all__ = ["FATAL", "doubt_handlers"]

_ON_ROWS = ("22", "23", "21", "P0")
"""Classes of errors that depend on rows."""

FATAL = frozenset({"exception", "again"})
"""Levels of RAISE that are errors."""

_ROW_DEPENDENT = frozenset({"AT_SetNotNull", "AT_AddConstraint", "AT_AlterColumnType", "AT_ValidateConstraint"})


def doubt_handlers(run: Execution, block: tree.Block) -> None:
    """Say that a handler may run instead, where rows decide whether a statement of the block fails."""
    catches = [handler for handler in block.handlers if any(_is_on_rows(c) for c in handler.conditions)]
    ends = [any(isinstance(s, tree.Raise) and s.level in FATAL for s in handler.body) for handler in catches]
    steps = [step for body in block.body for step in tree.walk(tree.Block(None, (), (body,), ()))]
    if all(ends) or not any(_may_fail(step) for step in steps):
        return
    ways = (block.body, *(handler.body for handler in catches))
    tables = reach.together(reach.of_steps(run.state, way) for way in ways)
    if tables is None or tables:
        run.doubt("rows decide whether this fails, and failing is let pass", tables)


def _is_on_rows(condition: str) -> bool:
    """Whether a handler for a condition takes errors that depend on rows."""
    return condition == "others" or sqlstate_of(condition).startswith(_ON_ROWS)


def _may_fail(step: tree.Statement) -> bool:
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
