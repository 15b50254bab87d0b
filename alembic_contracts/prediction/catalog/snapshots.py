"""A state in, its tables and types now as an immutable ``Schema`` out, which shares with the last what is the same."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from alembic_contracts.schemas.layers import Layers
from alembic_contracts.schemas.schema import Name, Schema

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.journal import Store
    from alembic_contracts.prediction.catalog.state import State

__all__ = ["Snapshots"]

K = TypeVar("K", bound=Hashable)


class Snapshots:
    """A state, again and again. Each costs what has changed since the one before."""

    def __init__(self, state: State, names: Collection[Name] | None = None) -> None:
        """``names``: the tables that are shown, with those that their rows get into (None: all)."""
        self._state = state
        self._tables = _Shown(state.tables, None if names is None else _WithBelow(state, names))
        self._types, self._sequences = _Shown(state.types), _Shown(state.sequences)
        self._version = state.journal.version
        self._schema = self._made()

    def now(self) -> Schema:
        """Return the tables and types as they are now; the same object while none of them changes."""
        state, last = self._state, self._schema
        if state.journal.version != self._version:
            self._version = state.journal.version
            same_tables, same_types = self._tables.look() is last.tables, self._types.look() is last.types
            access = state.access_so_far
            if not (same_tables and same_types and (access is last.access or access == last.access)):
                self._schema = self._made()
        return self._schema

    def _made(self) -> Schema:
        return Schema(
            tables=self._tables.look(),
            types=self._types.look(),
            namespaces=self._state.namespaces.taken(frozenset),
            sequences=self._sequences.look().keys(),
            catalog=self._state.database,
            access=self._state.access_so_far,
        )


class _Shown(Generic[K]):
    """Some of a store's keys with their values."""

    def __init__(self, store: Store[K, Any], keys: Any = None) -> None:
        self._store, self._keys = store, keys
        found = {key: store.get(key) for key in (store if keys is None else keys)}
        self._seen = len(store.changes)
        self._last = Layers.of({key: value for key, value in found.items() if value is not None})

    def look(self) -> Layers[K, Any]:
        """Return them as they are now; the same object while none of them changes."""
        changes = self._store.changes
        if len(changes) > self._seen:
            touched = dict.fromkeys(changes[self._seen :])
            self._seen = len(changes)
            if self._keys is not None:
                touched |= dict.fromkeys(self._keys.note(touched))
            shown = (key for key in touched if self._keys is None or key in self._keys)
            self._last = self._last.changed({key: self._store.get(key) for key in shown})
        return self._last


class _WithBelow(Collection["Name"]):
    """Names of tables, with those below. It grows: what was below once stays.

    Only what has been read is looked at: scripts are about no other tables.
    """

    def __init__(self, state: State, names: Iterable[Name]) -> None:
        """Begin with what is below some tables now."""
        self._state, self._names = state, {*names}
        for name in tuple(self._names):
            self._follow(name, set())

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[Name]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def note(self, changed: Iterable[Name]) -> set[Name]:
        """Take note of tables that have changed; returns what is below now and was not."""
        tables, new = self._state.tables.loaded(), set[Name]()
        for name in changed:
            table = tables.get(name)
            if table is None:
                continue
            if name in self._names:
                if table.kind == "view":  # partitions that a table gets change themselves
                    self._follow(name, new)
            elif table.partition and not self._names.isdisjoint(table.parents):
                self._add(name, new)
        return new

    def _add(self, name: Name, new: set[Name]) -> None:
        self._names.add(name)
        new.add(name)
        self._follow(name, new)

    def _follow(self, name: Name, new: set[Name]) -> None:
        tables = self._state.tables.loaded()
        table = tables.get(name)
        if table is None or not table.may_pass_on:
            return
        from alembic_contracts.schemas.passing import next_below

        for each in next_below(table, tables):
            if each.name not in self._names:
                self._add(each.name, new)
