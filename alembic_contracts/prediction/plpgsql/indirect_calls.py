"""A definition in, a doubt out for each function in it that changes tables and may run later.

Whether and when the server calls them is not followed. What they could do is doubted at the statement that puts them
there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from alembic_contracts.prediction.plpgsql import reach
from alembic_contracts.prediction.sql import parser

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.sql.parser import Node, Statement

__all__ = ["doubt_uses"]

_NO_USES = frozenset(
    {
        "select_stmt", "insert_stmt", "update_stmt", "delete_stmt", "merge_stmt", "do_stmt", "call_stmt", "copy_stmt",
        "explain_stmt", "execute_stmt", "prepare_stmt", "declare_cursor_stmt", "fetch_stmt", "create_function_stmt",
        "alter_function_stmt", "drop_stmt", "comment_stmt", "grant_stmt", "rename_stmt", "alter_owner_stmt",
        "alter_object_schema_stmt", "sec_label_stmt", "alter_object_depends_stmt", "transaction_stmt",
        "variable_set_stmt", "create_trig_stmt", "create_event_trig_stmt",
    }
)  # fmt: skip
"""Statements whose handlers follow the calls in them, and those that name functions without using them."""

_DEFINITIONS = frozenset(
    {
        "define_stmt", "create_cast_stmt", "create_op_class_stmt", "alter_op_family_stmt", "create_transform_stmt",
        "create_conversion_stmt", "create_plang_stmt", "alter_operator_stmt", "create_range_stmt", "alter_type_stmt",
    }
)  # fmt: skip
"""Statements that name functions otherwise than by calling them."""


def doubt_uses(run: Execution, statement: Statement) -> None:
    """Say which tables the functions could change that a definition uses."""
    if not run.state.functions or statement.kind in _NO_USES:
        return
    names = set(_named(statement.node)) if statement.kind in _DEFINITIONS else set(reach.called(statement.node))
    for name in sorted(names):
        if not run.state.find_functions(name[-1], name[-2] if len(name) > 1 else None):
            continue
        tables = reach.of_call(run.state, name)
        if tables is None or tables:
            run.doubt(f"function {'.'.join(name)}(), which may change tables, may run from here on", tables)


def _named(node: Node) -> Iterator[tuple[str, ...]]:
    """Yield all names in a definition that could be a function's; ``function = f`` parses as a type's name."""
    yield from reach.called(node)
    for message in parser.walk(node):
        for field in ("names", "objname", "func_name", "plhandler", "plinline", "plvalidator"):
            if field in message.DESCRIPTOR.fields_by_name:
                name = tuple(parser.strings(getattr(message, field)))
                if name:
                    yield name
