"""Changes of rows in, the tables out that cannot be altered until the transaction ends: deferred triggers are to fire.

PostgreSQL queues an event for each row whose deferred constraint is checked at COMMIT, and refuses to alter, drop or
truncate a table, or to index it, as long as there is one (``CheckTableNotInUse``, 55006).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from alembic_contracts.prediction.catalog.relations import descendants
from alembic_contracts.prediction.catalog.traits import HANGING
from alembic_contracts.prediction.sql import parser, sqlstate

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.sql.parser import Node
    from alembic_contracts.schemas.schema import Constraint, Name, Table

__all__ = ["note", "refuse", "set_constraints"]

_ALL = ""
"""In the place of a constraint's name: all that can be deferred are, perhaps."""


def note(run: Execution, node: Node, table: Table, reached: Iterable[Name]) -> None:
    """Remember for which tables INSERT, UPDATE, DELETE, MERGE or COPY may have queued events.

    Args:
        run: the statement.
        node: the change of rows, parsed.
        table: the table that it names.
        reached: this one and those whose rows may change with it.
    """
    if node.DESCRIPTOR.name == "InsertStmt" and _writes_rows(node) and _is_checked_at_the_end(run, table):
        run.state.pending.put(table.name, not run.depth)
        return
    for name in reached:
        if name not in run.state.pending and _may_queue(run, name):
            run.state.pending.put(name, False)


def refuse(run: Execution, table: Table, verb: str) -> None:
    """Stop before a table with pending events is changed.

    Args:
        run: the statement.
        table: the table.
        verb: as the server's message has it: ``ALTER TABLE``, ``DROP TABLE``, ``TRUNCATE``, ``CREATE INDEX``.

    Raises:
        PostgresError: 55006.
    """
    pending = run.state.pending
    if pending.get(table.name):
        message = f'cannot {verb} "{table.name.name}" because it has pending trigger events'
        raise sqlstate.PostgresError("55006", message)
    if pending and any(name in pending for name in (table.name, *descendants(run.state, table.name))):
        run.state.uncertain.note_refusal()


def set_constraints(run: Execution, node: Node) -> None:
    """Apply SET CONSTRAINTS: IMMEDIATE lets pending events happen, DEFERRED lets there be more of them."""
    state = run.state
    if node.deferred:
        state.deferred.put(_ALL, True)
        return
    for name in list(state.pending):
        if not node.constraints and not run.depth:
            state.pending.remove(name)
        else:
            state.pending.put(name, False)


def _writes_rows(insert: Node) -> bool:
    """Whether an INSERT writes at least one row or fails: of values, without what may leave rows out."""
    values = parser.child(insert, "select_stmt")
    is_plain = not insert.HasField("on_conflict_clause") and not insert.HasField("with_clause")
    return is_plain and (values is None or bool(values.values_lists))


def _is_checked_at_the_end(run: Execution, table: Table) -> bool:
    """Whether each new row queues an event, as no trigger, rule or partition decides what becomes of it."""
    if table.kind != "table" or not run.state.holds_all(HANGING) or _hangs_on(run, table.name):
        return False
    return any(each.initially_deferred and each.kind == "foreign key" and each.valid for each in table.constraints)


def _hangs_on(run: Execution, name: Name) -> bool:
    return any(attachment.table == name for attachment in run.state.attachments.values())


def _may_queue(run: Execution, name: Name) -> bool:

    return not run.state.holds_all(HANGING) or _hangs_on(run, name) or any(True for _ in _deferred(run, name))


def _deferred(run: Execution, name: Name) -> Iterator[Constraint]:
    """Yield the deferred constraints that a change of a table's rows is checked for: its own, and keys to it."""
    can_be = _ALL in run.state.deferred
    own, users = run.state.tables[name].constraints, run.state.mentioned_by(name)
    for constraint in (*own, *(each for user in users for each in user.constraints if each.references == name)):
        if constraint.initially_deferred or (can_be and constraint.deferrable):
            yield constraint
