"""BEGIN, COMMIT, ROLLBACK and SAVEPOINT in, the state kept or undone, as PostgreSQL does, the failed state included."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alembic_contracts.prediction.sql import parser, sqlstate

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.journal import Store
    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.prediction.sql.parser import Statement

__all__ = ["Transactions"]

_WAYS_OUT = frozenset({"TRANS_STMT_COMMIT", "TRANS_STMT_ROLLBACK", "TRANS_STMT_ROLLBACK_TO", "TRANS_STMT_PREPARE"})


class Transactions:
    """The transaction state of one session; undoing goes to the journal."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._savepoints: list[tuple[str, int]] = []
        self._start = 0
        self.active = False
        self.implicit = False
        """Whether the block is that of several statements in one text."""
        self.failed = False

    @property
    def survives_errors(self) -> bool:
        """Whether a script can go on after an error: back at a savepoint, or where each statement is on its own."""
        return bool(self._savepoints) or not self.active

    def is_way_out(self, statement: Statement) -> bool:
        """Whether a statement is allowed in a failed transaction."""
        if statement.kind != "transaction_stmt":
            return False
        return parser.enum_name(statement.node, "kind") in _WAYS_OUT

    def begin(self, *, implicit: bool = False) -> None:
        """Start a block; inside of one nothing happens but that an implicit one becomes a real one."""
        if self.active:
            self.implicit = self.implicit and implicit
            return
        self._state.journal.forget()
        self._start = self._state.journal.mark()
        self.active, self.implicit, self.failed = True, implicit, False
        self._savepoints.clear()

    def commit(self) -> bool:
        """End the block; returns whether anything became permanent."""
        if self.failed:
            self.rollback()
            return False
        self._end()
        return True

    def rollback(self) -> None:
        """Undo the block."""
        if self.active:
            self._state.journal.undo(self._start)
        self._end()

    def _end(self) -> None:
        self.active = self.implicit = self.failed = False
        self._savepoints.clear()
        self.settle()

    def settle(self) -> None:
        """What was done outside of a block is permanent; SET LOCAL ends here."""
        state = self._state
        stores: tuple[Store[Any, Any], ...] = (
            state.local_settings,
            state.fresh_labels,
            state.fresh_types,
            state.pending,
            state.deferred,
        )
        for store in stores:
            for name in list(store):
                store.remove(name)
        self._state.journal.forget()

    def fail(self) -> None:
        """An error happened; it aborts the block, if there is one."""
        self.failed = self.active

    def savepoint(self, name: str) -> None:
        """Set a savepoint."""
        if not self.active:
            raise sqlstate.not_in_transaction_block("SAVEPOINT")
        if self.failed:
            raise sqlstate.in_failed_transaction()
        self._savepoints.append((name, self._state.journal.mark()))

    def release(self, name: str) -> None:
        """Forget a savepoint and those after it."""
        if not self.active:
            raise sqlstate.not_in_transaction_block("RELEASE SAVEPOINT")
        if self.failed:
            raise sqlstate.in_failed_transaction()
        del self._savepoints[self._position(name) :]

    def rollback_to(self, name: str) -> None:
        """Undo back to a savepoint."""
        if not self.active:
            raise sqlstate.not_in_transaction_block("ROLLBACK TO SAVEPOINT")
        position = self._position(name)
        self._state.journal.undo(self._savepoints[position][1])
        del self._savepoints[position + 1 :]
        self.failed = False

    def _position(self, name: str) -> int:
        for position in range(len(self._savepoints) - 1, -1, -1):
            if self._savepoints[position][0] == name:
                return position
        self.fail()
        raise sqlstate.PostgresError("3B001", f'savepoint "{name}" does not exist')
