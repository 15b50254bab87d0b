"""Statements on a scratch connection in, out what each changed of the watched tables, and what it read to get there."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from alembic_contracts.dialects import Dialect, replayable
from alembic_contracts.dialects.replay_protocols import Reliance, Statements, Witness
from alembic_contracts.patterns import pattern
from alembic_contracts.schemas.steps import Operation

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from alembic_contracts.prediction.scripts.source_lines import Script
    from alembic_contracts.schemas.schema import Name, Schema

__all__ = ["Observer"]

_ROWS = pattern(r"\s*(INSERT|UPDATE|DELETE|COPY|SAVEPOINT|RELEASE)\b", re.IGNORECASE)
"""Statements after which nothing is observed before the end of the revision: there may be thousands."""


class Observer:
    """Looks at the watched tables after every statement that may have changed them."""

    def __init__(self, connection: Connection, dialect: Dialect, watched: Collection[Name] | None) -> None:
        self._connection, self._dialect = connection, replayable(dialect)
        self._looks = self._dialect.looks(connection, watched)
        self._operations: list[Operation] = []
        self._looking = False
        self._script: Script | None = None
        self.witness: Witness | None = None
        """Looks at what scripts read, where that is of interest."""
        self.same_texts = True
        self._reading: _Reading | None = None
        self.seen = self._at_start = self._look()
        self.reliances: tuple[Reliance, ...] = ()
        """Of the revision that came to its end last."""

    def start(self, script: Script) -> None:
        """Begin with a revision."""
        self._script, self._at_start = script, self.seen
        if self.witness is not None:
            with self._aside():
                self._reading = _Reading(self._connection, self.witness, self._statements())

    def _statements(self) -> Statements:
        return self._dialect.statements(self._connection, same_texts=self.same_texts)

    def script_is_over(self) -> None:
        """Look at no further statement: what Alembic does to its version table is its own, and so is the commit."""
        self._script = None
        if self._reading is not None:
            with self._aside():
                self.reliances = self._reading.finish()
            self._reading = None

    def revision_is_over(self, script: Script) -> None:
        """Look at what the script did through the driver alone, and triggers at the version table and the commit."""
        before, self.seen = self.seen, self._look()
        if self.seen is not before:
            self._operations.append(Operation(script.at(None), "end of the revision", self.seen))

    def begins(self, _connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        """Take note of a statement before it is executed."""
        if self._reading is not None and not self._looking:
            with self._aside():
                self._reading.begin(statement)

    def executed(self, _connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        """Note the statement if it changed something."""
        if self._looking:
            return
        if not _ROWS.match(statement):
            self._note(statement)
        elif self._reading is not None:
            with self._aside():
                self._reading.end()
                self._reading.go_on()

    def committed(self, _connection: Connection) -> None:
        """Note that what is there now is committed."""
        if not self._looking and self._script is not None:
            self._note("COMMIT", commits=True)

    @property
    def has_committed(self) -> bool:
        """Whether something of the revision is committed, so that nothing takes it back."""
        return any(operation.commits for operation in self._operations)

    def forget(self) -> None:
        """Leave a revision that failed and was rolled back."""
        self._operations, self.seen, self._script, self._reading = [], self._at_start, None, None

    def finish(self) -> tuple[Operation, ...]:
        """Return the operations of the revision that has come to its end."""
        operations, self._operations = tuple(self._operations), []
        return operations

    @contextmanager
    def _aside(self) -> Iterator[None]:
        """Let the body use the connection without being observed, and leave no transaction open."""
        self._looking = True
        transaction = None if self._connection.in_transaction() else self._connection.begin()
        try:
            yield
        finally:
            if transaction is not None:
                transaction.commit()
            self._looking = False

    def _note(self, label: str, *, commits: bool = False) -> None:
        before, self.seen = self.seen, self._look()
        if self._script is not None and (commits or self.seen is not before):
            text = " ".join(label.split())[:100]
            self._operations.append(Operation(self._script.here(), text, self.seen, commits))

    def _look(self) -> Schema:
        """Return what is there now; the same object as before where nothing changed."""
        with self._aside():
            if self._reading is not None:
                self._reading.end()
            now = self._looks()
            if self._reading is not None:
                self._reading.go_on()
        same = getattr(self, "seen", None)
        return same if same is not None and same == now else now


class _Reading:
    """What the statements of one revision read."""

    def __init__(self, connection: Connection, witness: Witness, statements: Statements) -> None:
        self._connection, self._witness, self._statements = connection, witness, statements
        self._current = ""
        """The statement that is being executed; empty in between, where a script may use the driver directly."""
        self._pending: list[tuple[str, list[str]]] = []
        """Statements that could not be looked at yet, and what was printed of them."""
        witness.begin()

    def begin(self, statement: str) -> None:
        """Take note of a statement before it is executed."""
        if self._witness.has_heard:
            self.end()  # the one before failed, or was not executed through SQLAlchemy
            self.go_on()
        self._current = statement

    def end(self) -> None:
        """Look at what was executed, and no further."""
        self._pending.append((self._current, self._witness.end()))
        self._current = ""
        if self._witness.is_answered:
            for statement, printed in self._pending:
                self._statements.add(self._connection, statement, printed)
            self._pending.clear()

    def go_on(self) -> None:
        """Look at what will be executed."""
        self._witness.go_on()

    def finish(self) -> tuple[Reliance, ...]:
        """Look at what is left; returns all that was relied on."""
        self.end()
        return self._statements.reliances()
