"""SQL statements in, the in-memory catalog changed as PostgreSQL would change it: one module a kind of statement.

A module of this package holds ``HANDLERS``: the parser's names of statements, each with the function that applies it,
or why it is ``Harmless`` or ``Doubtful``. What a kind can do where it is not run stands in ``sql.statement_kinds``.
Modules whose names begin with an underscore are what several of them share; no module imports another one.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from alembic_contracts.prediction.catalog.doubts import Doubtful, Harmless
from alembic_contracts.prediction.catalog.execution import Effect, Execution, Handler
from alembic_contracts.prediction.plpgsql import reach
from alembic_contracts.prediction.plpgsql.indirect_calls import doubt_observed, doubt_uses
from alembic_contracts.prediction.plpgsql.row_dependence import depends_on_rows
from alembic_contracts.prediction.sql import named_objects, parser, sqlstate
from alembic_contracts.prediction.sql.sqlstate import PostgresError
from alembic_contracts.prediction.sql.statement_kinds import HARMLESS, SURE

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.catalog import Catalog
    from alembic_contracts.prediction.sql.parser import Statement

__all__ = ["STATEMENTS", "execute"]


def execute(catalog: Catalog, sql: str) -> tuple[Effect, ...]:
    """Apply one or more statements in order, and return what each did.

    Outside of a transaction block, several statements in one text are a transaction of their own, as on the server.

    Raises:
        PostgresError: where the server would raise one. The catalog is then what it would be there: the statement is
            undone, and inside a transaction everything but ROLLBACK is refused from then on (25P02).
    """
    try:
        statements = parser.parse(sql)
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
        transactions.survives_errors and (state.uncertain.met > met or depends_on_rows(state, statement)),
    )


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
        uncertain.names |= named_objects.made(statement.node)
        tables = reach.of_dependent(run.state, statement, set(run.state.journal.before(run.state.tables, mark)))
        if tables is None or tables:
            run.doubt(f"what this does depends on what is not known: {statement.sql[:80]}", tables)


def _handle(run: Execution, statement: Statement) -> None:
    doubt_uses(run, statement)
    doubt_observed(run, statement)
    entry = STATEMENTS.get(statement.kind)
    if entry is None or isinstance(entry, Doubtful):
        why = f"{statement.kind} is not known" if entry is None else entry.why
        run.doubt(f"{why}: {statement.sql[:80]}")
    elif not isinstance(entry, Harmless):
        entry(run, statement.node)
    elif statement.kind not in SURE:
        run.state.uncertain.note_refusal()  # of what it is about nothing is held


def _collect() -> dict[str, Handler | Harmless | Doubtful]:
    found: dict[str, Handler | Harmless | Doubtful] = {kind: Harmless(why) for kind, why in HARMLESS.items()}
    for module in iter_modules(__path__):
        if not module.name.startswith("_"):
            found.update(import_module(f"{__name__}.{module.name}").HANDLERS)
    return found


STATEMENTS: Mapping[str, Handler | Harmless | Doubtful] = _collect()
"""What applies each kind of statement, why it is harmless, or why it is not understood."""
