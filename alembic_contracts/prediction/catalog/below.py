"""Tables in, those and the ones that rows written to them get into out, as a database changes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from alembic_contracts.schemas.passing import next_below

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.schemas.schema import Name

__all__ = ["WithBelow"]


class WithBelow(Collection["Name"]):
    """Names of tables, with those below. It grows: what was below once stays.

    Only what has been read is looked at: scripts are about no other tables.
    """

    def __init__(self, state: State, names: Iterable[Name]) -> None:
        """Begin with what is below some tables now."""
        self._state, self._names = state, {*names}
        for name in tuple(self._names):
            self._follow(name)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[Name]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def note(self, changed: Iterable[Name]) -> set[Name]:
        """Take note of tables that have changed; returns what is below now and was not."""
        tables, before = self._state.tables.loaded(), {*self._names}
        for name in changed:
            table = tables.get(name)
            if table is not None and table.partition and not self._names.isdisjoint(table.parents):
                self._names.add(name)
            if name in self._names:
                self._follow(name)
        return self._names - before

    def _follow(self, name: Name) -> None:
        tables = self._state.tables.loaded()
        table = tables.get(name)
        for each in () if table is None else next_below(table, tables):
            if each.name not in self._names:
                self._names.add(each.name)
                self._follow(each.name)
