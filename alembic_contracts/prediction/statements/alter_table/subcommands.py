"""What the subcommands of ALTER TABLE share: the table being altered, and the passes that they run in."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import Struct, field

from alembic_contracts.prediction.catalog.relations import descendants

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.prediction.sql.parser import Node
    from alembic_contracts.schemas.schema import Name, Table

__all__ = [
    "ADD_COLUMN",
    "ADD_CONSTRAINT",
    "ADD_INDEX",
    "ADD_OTHER",
    "ALTER_TYPE",
    "ATTRIBUTES",
    "DROP",
    "MISC",
    "SET_EXPRESSION",
    "Alteration",
    "Later",
    "Subcommand",
    "is_typed",
]

DROP, ALTER_TYPE, ADD_COLUMN, SET_EXPRESSION, ADD_CONSTRAINT, ATTRIBUTES, ADD_INDEX, ADD_OTHER, MISC = range(9)
"""The passes of ``ATController`` in their order."""


class Alteration(Struct):
    """One ALTER TABLE statement on one table."""

    run: Execution
    name: Name
    recurse: bool
    """False for ``ONLY``."""
    retyped: set[str] = field(default_factory=set)
    """Columns whose type this statement has changed; it may not do so twice."""
    _later: list[tuple[int, Later]] = field(default_factory=list)

    @property
    def state(self) -> State:
        """The catalog."""
        return self.run.state

    @property
    def table(self) -> Table:
        """The table as it is by now."""
        return self.run.state.tables[self.name]

    def targets(self) -> list[Name]:
        """Return the table and, unless ONLY was said, all that inherit from it."""
        return [self.name, *(descendants(self.state, self.name) if self.recurse else ())]

    def later(self, order: int, task: Later) -> None:
        """Have something done in a later pass of the same statement."""
        self._later.append((order, task))

    def take_later(self) -> list[tuple[int, Later]]:
        """Return what was put off, and forget it."""
        taken, self._later = self._later, []
        return taken


class Later(Struct, frozen=True):
    """A task of a later pass."""

    apply: Callable[[Alteration, Node], None]
    node: Node


class Subcommand(Struct, frozen=True):
    """What applies one kind of subcommand, and in which pass."""

    order: int
    apply: Callable[[Alteration, Node], None]


def is_typed(state: State, table: Table) -> bool:
    """Whether a table is ``OF`` a composite type, which alone says what columns it has."""
    return ("of", str(table.name)) in state.traits
