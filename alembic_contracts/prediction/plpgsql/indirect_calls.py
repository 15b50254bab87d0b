"""A statement in, a doubt out for each function that may run with it, or later by what it makes, and changes tables.

Whether and when the server calls them is not followed. What they could do is doubted at the statement that puts them
there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from alembic_contracts.prediction.catalog.traits import has_functions
from alembic_contracts.prediction.sql import parser
from alembic_contracts.prediction.sql.statement_kinds import CHANGES_ROWS

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.catalog.state import Attachment, State
    from alembic_contracts.prediction.plpgsql.reach import Tables
    from alembic_contracts.prediction.sql.parser import Node, Statement
    from alembic_contracts.schemas.schema import Name

__all__ = ["doubt_functions"]

_EVALUATES = CHANGES_ROWS | {
    "alter_domain_stmt", "alter_table_stmt", "refresh_mat_view_stmt", "create_table_as_stmt", "index_stmt",
}  # fmt: skip
_NO_EVENT = CHANGES_ROWS | {
    "variable_set_stmt", "variable_show_stmt", "transaction_stmt", "explain_stmt", "lock_stmt",
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
_RUNS_NONE = _NO_USES - CHANGES_ROWS
"""Those of them after which nothing runs either that is set off by rows."""

_DEFINITIONS = frozenset(
    {
        "define_stmt", "create_cast_stmt", "create_op_class_stmt", "alter_op_family_stmt", "create_transform_stmt",
        "create_conversion_stmt", "create_plang_stmt", "alter_operator_stmt", "create_range_stmt", "alter_type_stmt",
    }
)  # fmt: skip
"""Statements that name functions otherwise than by calling them."""


def doubt_functions(run: Execution, statement: Statement) -> None:
    """Say which tables functions could change that a statement runs without calling them, or has run from then on."""
    if not has_functions(run.state) or _runs_none(run.state, statement):
        return
    from alembic_contracts.prediction.plpgsql import reach

    alterers = reach.alterers(run.state)
    if alterers:
        _doubt_uses(run, statement, alterers)
        _doubt_set_off(run, statement, alterers)


def _runs_none(state: State, statement: Statement) -> bool:
    """Whether a statement is plainly one that runs no function, whatever there is: a thousand are made so in a row."""
    return (
        statement.kind in _RUNS_NONE
        and next(_references(statement.node), None) is None
        and next(_observed_uses(state), None) is None
    )


def _doubt_uses(run: Execution, statement: Statement, alterers: Collection[str]) -> None:
    """Doubt what a definition uses."""
    if statement.kind in _NO_USES:
        return
    from alembic_contracts.prediction.plpgsql import reach

    names = set(_named(statement.node)) if statement.kind in _DEFINITIONS else set(reach.called(statement.node))
    for name in sorted(names):
        if name[-1] in alterers:
            _doubt(run, ".".join(name), "from here on", reach.of_call(run.state, name))


def _doubt_set_off(run: Execution, statement: Statement, alterers: Collection[str]) -> None:
    """Doubt what triggers and expressions run, and what is called as if it were a column."""
    from alembic_contracts.prediction.plpgsql import reach
    from alembic_contracts.prediction.plpgsql.altering import OBSERVED, fired

    for name in _as_columns(statement.node, alterers):
        _doubt(run, name, "as if it were a column", reach.of_call(run.state, (name,)))
    found = list(fired(run.state, statement.node, alterers)) if statement.kind in CHANGES_ROWS else []
    for attachment in (*found, *_observed_to_run(run, statement)):
        if attachment.function is not None:
            how = attachment.kind.removeprefix(OBSERVED)
            _doubt(run, str(attachment.function), _BY[how], reach.of_trigger(run.state, attachment.function))


_BY = {"trigger": "by a trigger", "event trigger": "by an event trigger", "expression": "by an expression"}


def _doubt(run: Execution, function: str, how: str, tables: Tables) -> None:
    if tables is None or tables:
        run.doubt(f"function {function}(), which may change tables, may run {how}", tables)


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


def _as_columns(node: Node, names: Collection[str]) -> Iterator[str]:
    """Yield functions that a row may be given to as if they were its columns: ``t.f`` is ``f(t)``."""
    for fields in _references(node):
        yield from (each.string.sval for each in fields if each.HasField("string") and each.string.sval in names)


def _references(node: Node) -> Iterator[Sequence[Node]]:
    """Yield the parts of each reference to a column, or to a field of a value."""
    for message in parser.walk(node):
        kind = message.DESCRIPTOR.name
        if kind in ("ColumnRef", "A_Indirection"):
            yield message.fields if kind == "ColumnRef" else message.indirection


def _observed_to_run(run: Execution, statement: Statement) -> list[Attachment]:
    """Return the uses of functions that the observed database has and a statement sets off."""
    from alembic_contracts.prediction.plpgsql.altering import OF_EVENTS

    uses = list(_observed_uses(run.state))
    evaluates = statement.kind in _EVALUATES or (statement.kind == "create_stmt" and _copies(statement.node))
    named = _reached(run, statement) if uses and evaluates else ()
    return [
        use
        for use in uses
        if (statement.kind not in _NO_EVENT if use.kind == OF_EVENTS else evaluates)
        and (use.table is None or use.table in named)
    ]


def _observed_uses(state: State) -> Iterator[Attachment]:
    """Yield the uses of functions that the observed database has: by event triggers, and in expressions."""
    from alembic_contracts.prediction.plpgsql.altering import OF_EVENTS, OF_EXPRESSIONS

    yield from (each for each in state.attachments.values() if each.kind in {OF_EVENTS, OF_EXPRESSIONS})


def _copies(create: Node) -> bool:
    """Whether a new table takes over what another one has: LIKE, INHERITS, PARTITION OF."""
    return bool(create.inh_relations) or any(m.DESCRIPTOR.name == "TableLikeClause" for m in parser.walk(create))


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
