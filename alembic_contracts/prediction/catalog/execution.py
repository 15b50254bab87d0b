"""One statement being applied: what its handler may use and what it leaves behind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from alembic_contracts.prediction.sql import sqlstate

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.prediction.catalog.transactions import Transactions
    from alembic_contracts.prediction.sql.parser import Node, Statement
    from alembic_contracts.prediction.sql.scopes import Scope
    from alembic_contracts.schemas.schema import Name

__all__ = ["Doubt", "Doubtful", "Handler", "Harmless", "Run", "apply"]


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something whose effect is not known: why, and on which tables (None: it could be any)."""

    reason: str
    tables: frozenset[Name] | None = None


@dataclass(frozen=True, slots=True)
class Harmless:
    """A statement that cannot change the shape of any table, and why."""

    why: str


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A statement that may change tables in ways that are not worked out, and why."""

    why: str


@dataclass
class Run:
    """One statement being applied."""

    state: State
    transactions: Transactions
    statement: Statement
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

    def forbid_transaction(self, command: str) -> None:
        """Refuse a command that must stand alone.

        Raises:
            PostgresError: 25001, a transaction block is open, or the statement is inside of another one.
        """
        if self.transactions.active or self.depth:
            raise sqlstate.no_transaction_block(command)

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


Handler = Callable[[Run, "Node"], None]


def apply(run: Run, statement: Statement) -> None:
    """Let the handler of a statement's kind change the state.

    Raises:
        PostgresError: as the server would.
    """
    from alembic_contracts.prediction.plpgsql.indirect_calls import doubt_uses
    from alembic_contracts.prediction.statements import STATEMENTS  # the handlers import this module

    doubt_uses(run, statement)
    entry = STATEMENTS.get(statement.kind)
    if entry is None or isinstance(entry, Doubtful):
        why = f"{statement.kind} is not known" if entry is None else entry.why
        run.doubt(f"{why}: {statement.sql[:80]}")
    elif not isinstance(entry, Harmless):
        entry(run, statement.node)
