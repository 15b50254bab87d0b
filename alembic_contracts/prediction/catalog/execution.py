"""One statement while it is applied: what its handler may use, and the ``Effect`` that is left of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from alembic_contracts.prediction.catalog.doubts import Doubt
from alembic_contracts.prediction.sql import sqlstate

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.prediction.catalog.transactions import Transactions
    from alembic_contracts.prediction.sql.parser import Node, Statement
    from alembic_contracts.prediction.sql.scopes import Scope
    from alembic_contracts.prediction.sql.sqlstate import PostgresError
    from alembic_contracts.schemas.schema import Name

__all__ = ["Effect", "Execution", "Handler"]


class Execution(Struct):
    """One statement being applied."""

    state: State
    transactions: Transactions
    statement: Statement
    handle: Callable[[Execution, Statement], None]
    """Applies any statement. The table of handlers is above this room, so it is handed in."""
    doubts: list[Doubt] = field(default_factory=list)
    reads: set[Name] = field(default_factory=set)
    touched: set[Name] = field(default_factory=set)
    """Beyond those whose definition changed."""
    query: Node | None = None
    commits: bool = False
    depth: int = 0
    """How many statements this one is inside of (DO, EXECUTE, function bodies)."""
    scope: Scope | None = None
    """Variables of the block or function around, which queries may use."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """What is known of their values."""

    def doubt(self, reason: str, tables: Iterable[Name] | None = None) -> None:
        """Say what is not understood, and which tables it can be about (None: any)."""
        doubt = Doubt(reason, None if tables is None else frozenset(tables))
        if doubt not in self.doubts:
            self.doubts.append(doubt)
        self.state.uncertain.note(self.state.tables.loaded(), doubt.tables)

    def absent(self, error: PostgresError, *, known: bool) -> None:
        """Refuse what is about an object that is not held; where it may be there all the same, this may fail.

        Args:
            error: what the server raises where the object is not there.
            known: whether it is not.

        Raises:
            PostgresError: the error.
        """
        if known:
            raise error
        self.state.uncertain.note_refusal()

    def forbid_transaction(self, command: str) -> None:
        """Refuse a command that must stand alone.

        Raises:
            PostgresError: 25001, a transaction block is open, or the statement is inside of another one.
        """
        if self.transactions.active or self.depth:
            raise sqlstate.no_transaction_block(command)

    def apply(self, statement: Statement) -> None:
        """Apply a statement in the place of this one, such as a prepared one.

        Raises:
            PostgresError: as the server would.
        """
        self.handle(self, statement)

    def apply_nested(self, statement: Statement) -> None:
        """Apply a statement inside of this one.

        Raises:
            PostgresError: as the server would.
        """
        if statement.kind == "transaction_stmt":
            raise sqlstate.feature_not_supported("EXECUTE of transaction commands is not implemented")
        outer, query = self.statement, self.query
        self.statement = statement
        try:
            with self.inside():
                self.apply(statement)
        finally:
            self.statement, self.query = outer, query

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Count one level of nesting.

        Raises:
            PostgresError: 54001, too deep to be meant.
        """
        if self.depth >= 20:
            raise sqlstate.PostgresError("54001", "stack depth limit exceeded")
        self.depth += 1
        try:
            yield
        finally:
            self.depth -= 1


Handler = Callable[[Execution, "Node"], None]
"""Applies statements of one kind; gets the parsed statement as well."""


class Effect(Struct, frozen=True):
    """What one statement did."""

    statement: Statement
    touched: frozenset[Name] = frozenset()
    """Tables whose definition changed; the old and the new name of a renamed one."""
    doubts: tuple[Doubt, ...] = ()
    """What was not understood."""
    commits: bool = False
    """Whether it ended a transaction that stays (COMMIT). Statements outside of a transaction are for good anyway."""
    query: Node | None = None
    """The parsed statement where it yields rows: SELECT, VALUES, RETURNING, SHOW, EXPLAIN, FETCH."""
    reads: frozenset[Name] = frozenset()
    """Tables whose rows it reads, the system's own (``pg_catalog.pg_class``) included."""
    may_fail: bool = False
    """Whether rows, or what is not known, decide if the server refuses it, and a script could go on then."""

    @property
    def kind(self) -> str:
        """The parser's name for it, ``alter_table_stmt`` for example."""
        return self.statement.kind

    @property
    def sql(self) -> str:
        """The text of this one statement."""
        return self.statement.sql
