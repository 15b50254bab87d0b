"""SQL statements in, the in-memory catalog changed as PostgreSQL would change it: one module a kind of statement.

A module of this package holds ``HANDLERS``: the parser's names of statements, each with the function that applies it,
or why it is ``Harmless`` or ``Doubtful``; ``_OF_MODULES`` below names them. What a kind can do where it is not run
stands in ``sql.statement_kinds``.
Modules whose names begin with an underscore are what several of them share; no module imports another one.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from alembic_contracts.prediction.catalog.doubts import READ_OTHERWISE, Doubtful, Harmless, otherwise
from alembic_contracts.prediction.catalog.execution import Effect, Execution, Handler
from alembic_contracts.prediction.plpgsql.indirect_calls import doubt_functions
from alembic_contracts.prediction.sql import named_objects, sqlstate, table_texts
from alembic_contracts.prediction.sql.sqlstate import PostgresError
from alembic_contracts.prediction.sql.statement_kinds import HARMLESS, SURE

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.catalog import Catalog
    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.prediction.sql.parser import Statement

__all__ = ["KINDS", "entry", "execute"]


def execute(catalog: Catalog, sql: str) -> tuple[Effect, ...]:
    """Apply one or more statements in order, and return what each did.

    Outside of a transaction block, several statements in one text are a transaction of their own, as on the server.

    Raises:
        PostgresError: where the server would raise one. The catalog is then what it would be there: the statement is
            undone, and inside a transaction everything but ROLLBACK is refused from then on (25P02).
    """
    try:
        statements = table_texts.parse(sql)
    except PostgresError:
        catalog.transactions.fail()
        raise
    if len(statements) == 1 or catalog.in_transaction:
        return tuple(_execute(catalog, statement) for statement in statements)
    return _execute_together(catalog, statements)


def _execute_together(catalog: Catalog, statements: tuple[Statement, ...]) -> tuple[Effect, ...]:
    transactions, effects = catalog.transactions, []
    for statement in statements:
        if not transactions.active and statement.kind != "transaction_stmt":
            transactions.begin(implicit=True)
        try:
            effects.append(_execute(catalog, statement))
        except PostgresError:
            if transactions.implicit:
                transactions.rollback()
            raise
    if transactions.implicit:
        transactions.commit()
    return tuple(effects)


def _execute(catalog: Catalog, statement: Statement) -> Effect:
    state, transactions, journal = catalog.state, catalog.transactions, catalog.state.journal
    if transactions.failed and not transactions.is_way_out(statement):
        raise sqlstate.in_failed_transaction()
    mark, alone, met = journal.mark(), not transactions.active, state.uncertain.met
    run = Execution(state, transactions, statement, _apply)
    try:
        _apply(run, statement)
    except PostgresError as error:
        error.is_certain = error.is_certain and not run.doubts
        if transactions.active or alone:
            journal.undo(min(mark, journal.mark()))
        transactions.fail()
        raise
    touched = run.touched | journal.before(state.tables, mark).keys()
    if not transactions.active:
        transactions.settle()
    return Effect(
        statement,
        frozenset(touched),
        tuple(run.doubts),
        run.commits,
        run.query,
        frozenset(run.reads),
        transactions.survives_errors and (state.uncertain.met > met or _depends_on_rows(state, statement)),
    )


def _depends_on_rows(state: State, statement: Statement) -> bool:
    from alembic_contracts.prediction.plpgsql.row_dependence import depends_on_rows

    return depends_on_rows(state, statement)


def _apply(run: Execution, statement: Statement) -> None:
    """Let the handler of a statement's kind change the state, and spread what is not known.

    Raises:
        PostgresError: as the server would.
    """
    uncertain, mark = run.state.uncertain, run.state.journal.mark()
    may_fail = uncertain.decides_failure(statement.node)
    try:
        _handle(run, statement)
    except PostgresError as error:
        error.is_certain = error.is_certain and not may_fail
        raise
    uncertain.note_refusal(possible=may_fail)
    if uncertain.is_about(statement.node):
        from alembic_contracts.prediction.plpgsql import reach

        uncertain.names |= named_objects.made(statement.node)
        tables = reach.of_dependent(run.state, statement, set(run.state.journal.before(run.state.tables, mark)))
        if tables is None or tables:
            run.doubt(f"what this does depends on what is not known: {statement.sql[:80]}", tables)


def _handle(run: Execution, statement: Statement) -> None:
    doubt_functions(run, statement)
    _doubt_reading(run, statement)
    known = entry(statement.kind)
    if known is None or isinstance(known, Doubtful):
        why = f"{statement.kind} is not known" if known is None else known.why
        run.doubt(f"{why}: {statement.sql[:80]}")
    elif not isinstance(known, Harmless):
        known(run, statement.node)
    elif statement.kind not in SURE:
        run.state.uncertain.note_refusal()  # of what it is about nothing is held


def _doubt_reading(run: Execution, statement: Statement) -> None:
    """Doubt what follows a statement in which a function, block or call may have texts read in another way."""
    text = statement.sql.lower()
    for setting in READ_OTHERWISE:
        if setting in text and statement.kind not in _OF_SETTINGS:
            run.doubt(otherwise(setting))


_OF_SETTINGS = frozenset({"variable_set_stmt", "variable_show_stmt"})


def entry(kind: str) -> Handler | Harmless | Doubtful | None:
    """Return what applies a kind of statement, or why it is harmless or not understood; None: it is not known."""
    if kind in _MODULES and kind not in _FOUND:
        _FOUND.update(import_module(f"{__name__}.{_MODULES[kind]}").HANDLERS)
    return _FOUND.get(kind)


_OF_MODULES = {
    "alter_table": "alter_table",
    "attachments": "alter_policy create_event_trig create_policy create_stats create_trig rule",
    "blocks": "call do",
    "comments": "comment",
    "create_index": "index",
    "create_table": "create_foreign_table create",
    "domains": "alter_domain create_domain",
    "drop": "drop",
    "extensions": "alter_extension_contents alter_extension create_extension",
    "functions": "alter_function create_function",
    "import_foreign_schema": "import_foreign_schema",
    "maintenance": "alter_database alter_system cluster create_subscription create_table_space createdb drop_owned "
    "drop_table_space dropdb load lock refresh_mat_view reindex return vacuum",
    "operators": "create_cast create_op_class",
    "owners": "alter_object_schema alter_owner",
    "privileges": "alter_default_privileges grant",
    "publications": "alter_publication create_publication",
    "reads_and_writes": "copy delete explain insert merge select truncate update",
    "rename": "rename",
    "roles": "alter_role create_role drop_role grant_role reassign_owned",
    "schemas": "create_schema",
    "sequences": "alter_seq create_seq",
    "session": "close_portal constraints_set deallocate declare_cursor discard execute fetch prepare transaction "
    "variable_set variable_show",
    "types": "alter_enum alter_type composite_type create_enum create_range define",
    "views": "create_table_as view",
}
"""Which module has the handlers of which kinds, ``_stmt`` left out: those are imported whose kinds occur."""
_MODULES = {f"{kind}_stmt": module for module, kinds in _OF_MODULES.items() for kind in kinds.split()}
_FOUND: dict[str, Handler | Harmless | Doubtful] = {kind: Harmless(why) for kind, why in HARMLESS.items()}
KINDS = (*_FOUND, *_MODULES)
"""Every kind that ``entry`` knows."""
