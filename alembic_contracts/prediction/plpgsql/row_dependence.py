"""A statement of a block in, whether rows decide if it fails out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_contracts.prediction.plpgsql import reach, tree
from alembic_contracts.prediction.plpgsql.conditions import sqlstate_of
from alembic_contracts.prediction.plpgsql.grammar import read_body
from alembic_contracts.prediction.sql import parser

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.prediction.sql.parser import Node, Statement

__all__ = ["FATAL", "depends_on_rows", "doubt_handlers"]

_ON_ROWS = ("22", "23", "21", "P0")
"""Classes of errors that depend on rows."""

FATAL = frozenset({"exception", "again"})
"""Levels of RAISE that are errors."""

_ROW_DEPENDENT = frozenset({"AT_SetNotNull", "AT_AddConstraint", "AT_AlterColumnType", "AT_ValidateConstraint"})


def doubt_handlers(run: Execution, block: tree.Block, before: reach.Tables, *, always: bool = False) -> bool:
    """Say that a handler may run instead, where rows decide whether a statement of the block fails.

    Args:
        run: the statement that the block is in.
        block: a block with handlers.
        before: the tables that it could change, as the catalog was before it.
        always: whether that is not known for another reason.

    Returns:
        Whether it is so.
    """
    catches = [each for each in block.handlers if always or any(_is_on_rows(c) for c in each.conditions)]
    ends = [any(isinstance(s, tree.Raise) and s.level in FATAL for s in handler.body) for handler in catches]
    steps = [step for body in block.body for step in tree.walk(tree.Block(None, (), (body,), ()))]
    if all(ends) or not (always or any(_may_fail(step) for step in steps)):
        return False
    ways = (block.body, *(handler.body for handler in catches))
    tables = reach.together([before, *(reach.of_steps(run.state, way) for way in ways)])
    for way in ways:
        run.state.uncertain.names |= reach.made_by(way)
        tables = None if reach.changes_session(way) else tables
    if tables is None or tables:
        run.doubt("it is not known whether this fails, and failing is let pass", tables)
    return True


def _is_on_rows(condition: str) -> bool:
    """Whether a handler for a condition takes errors that depend on rows."""
    return condition == "others" or sqlstate_of(condition).startswith(_ON_ROWS)


def _may_fail(step: tree.Statement) -> bool:
    """Whether rows decide if a statement fails."""
    if isinstance(step, tree.Raise):
        return step.level in FATAL
    if isinstance(step, (tree.Execute, tree.Assert)) or (isinstance(step, tree.Sql) and step.strict):
        return True
    return isinstance(step, tree.Sql) and any(_is_decided(statement) for statement in parser.parse(step.text))


def depends_on_rows(state: State, statement: Statement) -> bool:
    """Return whether rows decide if a statement fails."""
    if statement.kind == "do_stmt":
        options = {option.defname: option.arg.string.sval for option in parser.children(statement.node.args)}
        block = read_body(options.get("as", ""))
        return block is None or any(map(_may_fail, tree.walk(block)))
    if statement.kind in {"select_stmt", "call_stmt"}:
        names = reach.called(statement.node)
        users = any(state.find_functions(name[-1], name[-2] if len(name) > 1 else None) for name in names)
        return users or any(_is_partial(message) for message in parser.walk(statement.node))
    return _is_decided(statement)


def _is_partial(message: Node) -> bool:
    """Whether an expression has no value for some values: a division, a cast of what is no literal."""
    if message.DESCRIPTOR.name == "TypeCast":
        return parser.kind_of(message.arg) != "a_const"
    return message.DESCRIPTOR.name == "A_Expr" and parser.strings(message.name)[-1:] in (["/"], ["%"])


def _is_decided(statement: Statement) -> bool:
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
