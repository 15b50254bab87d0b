"""Transactions, settings, prepared statements, cursors and DISCARD as SQL text, applied to the session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_contracts.dialects.postgresql.names import quote
from alembic_contracts.prediction.catalog.dependencies import Object
from alembic_contracts.prediction.catalog.doubts import READ_OTHERWISE, Doubtful, Harmless, otherwise
from alembic_contracts.prediction.catalog.execution import Handler
from alembic_contracts.prediction.catalog.pending_events import set_constraints
from alembic_contracts.prediction.catalog.removal import drop
from alembic_contracts.prediction.catalog.state import TEMPORARY, Prepared
from alembic_contracts.prediction.queries.lookup import check_query
from alembic_contracts.prediction.sql import parser, sqlstate

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.catalog.transactions import Transactions
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["HANDLERS"]


# -- transactions ------------------------------------------------------------------------------------------------------


def transaction(run: Execution, node: Node) -> None:
    """Apply BEGIN, COMMIT, ROLLBACK, SAVEPOINT and their like.

    Raises:
        PostgresError: 25P01 a savepoint or AND CHAIN outside of a block, 25P02 in a failed one, 3B001 there is no
            such savepoint, 2D000 inside of a function or DO block.
    """
    if run.depth:
        raise sqlstate.PostgresError("2D000", "invalid transaction termination")
    kind = parser.enum_name(node, "kind").removeprefix("TRANS_STMT_")
    if kind in {"BEGIN", "START"}:
        if run.transactions.failed:
            raise sqlstate.in_failed_transaction()
        run.transactions.begin()
    elif kind in {"SAVEPOINT", "RELEASE", "ROLLBACK_TO"}:
        _savepoint(run.transactions, kind, node.savepoint_name)
    else:
        if node.chain and (not run.transactions.active or run.transactions.implicit):
            message = f"{kind} AND CHAIN can only be used in transaction blocks"
            raise sqlstate.PostgresError("25P01", message)
        _end(run, kind)
        if node.chain:
            run.transactions.begin()


def _savepoint(transactions: Transactions, kind: str, name: str) -> None:
    if kind == "SAVEPOINT":
        transactions.savepoint(name)
    elif kind == "RELEASE":
        transactions.release(name)
    else:
        transactions.rollback_to(name)


def _end(run: Execution, kind: str) -> None:
    if kind not in {"COMMIT", "ROLLBACK"}:
        run.doubt("a transaction in two phases: what it holds, and whether it stays, is not followed")
    if kind in {"COMMIT", "PREPARE"}:
        run.commits = run.transactions.commit()
    elif kind == "ROLLBACK":
        run.transactions.rollback()


# -- settings ----------------------------------------------------------------------------------------------------------


def set_variable(run: Execution, node: Node) -> None:
    """Apply SET and RESET; names and values are not checked, as none but ``search_path`` and roles count here."""
    kind, name = parser.enum_name(node, "kind"), node.name.lower()
    if kind == "VAR_RESET_ALL":
        for known in {*run.state.settings, *run.state.local_settings}:
            _reset(run, known)
    elif kind in {"VAR_RESET", "VAR_SET_DEFAULT"}:
        _reset(run, name, local=node.is_local)
    elif kind == "VAR_SET_VALUE":
        value = _value(name, node)
        if value.lower() in READ_OTHERWISE.get(name, ()):
            run.doubt(otherwise(name))
        run.state.set_setting(name, value, local=node.is_local)


def _value(name: str, node: Node) -> str:
    """Return the value of SET as ``current_setting`` shows it."""
    parts = [_text(argument) for argument in parser.children(node.args)]
    if name == "search_path":
        return ", ".join(quote(part) if part else '""' for part in parts)
    return ", ".join(parts)


def _text(node: Node) -> str:
    if node.DESCRIPTOR.name == "TypeCast":  # SET TIME ZONE INTERVAL '1 hour'
        return _text(parser.unwrap(node.arg))
    if node.DESCRIPTOR.name != "A_Const":
        return parser.deparse_message(node)
    which = node.WhichOneof("val")
    if which == "boolval":
        return "on" if node.boolval.boolval else "off"
    if which == "ival":
        return str(node.ival.ival)
    return str(node.fval.fval if which == "fval" else node.sval.sval)


def _reset(run: Execution, name: str, *, local: bool = False) -> None:
    default = run.state.defaults.get(name)
    if default is not None:
        run.state.set_setting(name, default, local=local)
        return
    for store in (run.state.local_settings, run.state.settings):
        if name in store:
            store.remove(name)


def show(run: Execution, node: Node) -> None:
    """Leave SHOW to whoever answers queries."""
    run.query = node


def discard(run: Execution, node: Node) -> None:
    """Apply DISCARD.

    Raises:
        PostgresError: 25001, DISCARD ALL in a transaction block.
    """
    target = parser.enum_name(node, "target")
    if target == "DISCARD_ALL":
        run.forbid_transaction("DISCARD ALL")
        for name in {*run.state.settings, *run.state.local_settings}:
            _reset(run, name)
        run.state.prepared.clear()
    if target in {"DISCARD_ALL", "DISCARD_TEMP"}:
        temporary = [Object("table", name) for name in run.state.tables if name.schema == TEMPORARY]
        drop(run, temporary, cascade=True)


# -- prepared statements and cursors -----------------------------------------------------------------------------------


def prepare(run: Execution, node: Node) -> None:
    """Keep a prepared statement, which is checked as if it ran.

    Raises:
        PostgresError: 42P05 the name is taken; as the statement itself would.
    """
    if node.name in run.state.prepared:
        raise sqlstate.PostgresError("42P05", f'prepared statement "{node.name}" already exists')
    kind = parser.kind_of(node.query)
    reads = set(run.reads)
    check_query(run, parser.unwrap(node.query))
    run.reads = reads
    run.state.prepared[node.name] = Prepared(kind, parser.unwrap(node.query), run.statement.sql)


def execute(run: Execution, node: Node) -> None:
    """Run a prepared statement.

    Raises:
        PostgresError: 26000 there is none of this name; as the statement itself would.
    """
    prepared = run.state.prepared.get(node.name)
    if prepared is None:
        raise sqlstate.PostgresError("26000", f'prepared statement "{node.name}" does not exist')
    run.apply(parser.Statement(prepared.sql, prepared.kind, prepared.node))


def deallocate(run: Execution, node: Node) -> None:
    """Forget a prepared statement, or all.

    Raises:
        PostgresError: 26000, there is none of this name.
    """
    if node.isall or not node.name:
        run.state.prepared.clear()
    elif run.state.prepared.pop(node.name, None) is None:
        raise sqlstate.PostgresError("26000", f'prepared statement "{node.name}" does not exist')


def declare_cursor(run: Execution, node: Node) -> None:
    """Keep a cursor.

    Raises:
        PostgresError: 42P03 the name is taken, 25P01 outside of a transaction; as the query itself would.
    """
    with_hold = bool(node.options & _CURSOR_OPT_HOLD)
    if not run.transactions.active and not run.depth and not with_hold:
        raise sqlstate.not_in_transaction_block("DECLARE CURSOR")
    run.apply(parser.Statement(run.statement.sql, parser.kind_of(node.query), parser.unwrap(node.query)))
    run.query = None
    query = Prepared(parser.kind_of(node.query), parser.unwrap(node.query), run.statement.sql)
    run.state.cursors.put(node.portalname, query)


_CURSOR_OPT_HOLD = 0x0020
"""``CURSOR_OPT_HOLD`` of nodes/parsenodes.h."""


def fetch(run: Execution, node: Node) -> None:
    """Fetch from a cursor; MOVE yields no rows.

    Raises:
        PostgresError: 34000, there is no such cursor.
    """
    cursor = run.state.cursors.get(node.portalname)
    if cursor is None:
        raise sqlstate.PostgresError("34000", f'cursor "{node.portalname}" does not exist')
    run.apply(parser.Statement(cursor.sql, cursor.kind, cursor.node))
    run.query = None if node.ismove else node


def close_cursor(run: Execution, node: Node) -> None:
    """Forget a cursor, or all.

    Raises:
        PostgresError: 34000, there is no such cursor.
    """
    names = [node.portalname] if node.portalname else list(run.state.cursors)
    for name in names:
        if name not in run.state.cursors:
            raise sqlstate.PostgresError("34000", f'cursor "{name}" does not exist')
        run.state.cursors.remove(name)


HANDLERS: dict[str, Handler | Harmless | Doubtful] = {
    "transaction_stmt": transaction,
    "constraints_set_stmt": set_constraints,
    "variable_set_stmt": set_variable,
    "variable_show_stmt": show,
    "discard_stmt": discard,
    "prepare_stmt": prepare,
    "execute_stmt": execute,
    "deallocate_stmt": deallocate,
    "declare_cursor_stmt": declare_cursor,
    "fetch_stmt": fetch,
    "close_portal_stmt": close_cursor,
}
