"""A definition in, a doubt out for each function in it that changes tables and may run later.

Whether and when the server calls them is not followed. What they could do is doubted at the statement that puts them
there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from alembic_contracts.prediction.sql import parser

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.sql.parser import Node, Statement
    from alembic_contracts.schemas.schema import Name

__all__ = ["OBSERVED", "doubt_observed", "doubt_uses"]

OBSERVED = "observed "
"""Begins the kinds of attachments that stand for the use of a function which the observed database has."""

_CHANGES = frozenset({"insert_stmt", "update_stmt", "delete_stmt", "merge_stmt", "copy_stmt", "truncate_stmt"})
_EVALUATES = _CHANGES | {
    "select_stmt", "alter_table_stmt", "refresh_mat_view_stmt", "create_table_as_stmt", "index_stmt",
}  # fmt: skip
_NO_EVENT = _CHANGES | {
    "select_stmt", "variable_set_stmt", "variable_show_stmt", "transaction_stmt", "explain_stmt", "lock_stmt",
    "prepare_stmt", "execute_stmt", "deallocate_stmt", "do_stmt", "call_stmt", "declare_cursor_stmt", "fetch_stmt",
    "vacuum_stmt", "notify_stmt", "listen_stmt", "discard_stmt",
}  # fmt: skip
"""Statements for which no event trigger fires."""

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
    from alembic_contracts.prediction.plpgsql import reach

    names = set(_named(statement.node)) if statement.kind in _DEFINITIONS else set(reach.called(statement.node))
    for name in sorted(names):
        if not run.state.find_functions(name[-1], name[-2] if len(name) > 1 else None):
            continue
        tables = reach.of_call(run.state, name)
        if tables is None or tables:
            run.doubt(f"function {'.'.join(name)}(), which may change tables, may run from here on", tables)


def _named(node: Node) -> Iterator[tuple[str, ...]]:
    """Yield all names in a definition that could be a function's; ``function = f`` parses as a type's name."""
    from alembic_contracts.prediction.plpgsql import reach

    yield from reach.called(node)
    for message in parser.walk(node):
        for field in ("names", "objname", "func_name", "plhandler", "plinline", "plvalidator"):
            if field in message.DESCRIPTOR.fields_by_name:
                name = tuple(parser.strings(getattr(message, field)))
                if name:
                    yield name


def doubt_observed(run: Execution, statement: Statement) -> None:
    """Say which tables functions could change that the observed database has and that this statement may run."""
    state = run.state
    if not state.observed_reach:
        return
    named = _reached(run, statement)
    for attachment in tuple(state.attachments.values()):
        if not attachment.kind.startswith(OBSERVED) or attachment.function is None:
            continue
        how = attachment.kind.removeprefix(OBSERVED)
        runs = (
            statement.kind not in _NO_EVENT
            if how == "event trigger"
            else statement.kind in (_CHANGES if how == "trigger" else _EVALUATES)
            and (attachment.table is None or attachment.table in named)
        )
        if runs:
            tables = state.observed_reach.get(attachment.function)
            run.doubt(f"function {attachment.function}(), which may change tables, may run by a {how}", tables)


def _reached(run: Execution, statement: Statement) -> set[Name]:
    """Return the tables that a statement names, and those that it comes to by views, inheritance and foreign keys."""
    state, found = run.state, set()
    queue = []
    for message in parser.walk(statement.node):
        if message.DESCRIPTOR.name == "RangeVar":
            table = state.find_table(message.relname, message.schemaname or None)
            queue += [table] if table is not None else []
    while queue:
        table = queue.pop()
        if table.name in found:
            continue
        found.add(table.name)
        names = {name for name, _ in table.depends_on} | {user.name for user in state.mentioned_by(table.name)}
        queue += [state.tables[name] for name in names if name in state.tables]
    return found
