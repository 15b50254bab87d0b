"""Answers to queries."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from alembic_contracts.prediction.recorder import Answer

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog import Catalog, Effect
    from alembic_contracts.schema import Name

__all__ = ["Reader", "World"]

World = Literal["empty", "row"]


class Reader:
    """Answers queries in one world."""

    doubt: Callable[[str, Collection[Name] | None], None]

    def __init__(self, catalog: Catalog, world: World) -> None:
        self._catalog, self._world = catalog, world
        self.read_unknown_rows = False

    def start_revision(self) -> None:
        """Begin with a revision."""

    def set_rows(self, name: Name, rows: Sequence[Mapping[str, Any]]) -> None:
        """Say what a table holds."""

    def more_rows(self, statements: Iterable[str]) -> int:
        """Count."""
        return sum(1 for _ in statements)

    def answer(self, effect: Effect) -> Answer:
        """Answer."""
        if effect.query is None:
            return Answer()
        self.doubt(f"not answered: {effect.sql}", None)
        return Answer((), ())
