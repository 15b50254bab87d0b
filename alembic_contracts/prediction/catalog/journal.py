"""Dictionaries that remember how to undo what was done to them.

PostgreSQL takes back a failed statement, a savepoint or a transaction. One list of changes serves all three: a mark is
a position in it, and undoing costs only what was done since.
"""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterator, Mapping, ValuesView
from types import MappingProxyType
from typing import Any, Generic, TypeVar, overload

__all__ = ["Journal", "Store"]

K = TypeVar("K")
V = TypeVar("V")
T = TypeVar("T")


class Journal:
    """The changes made to a group of stores, newest last."""

    def __init__(self) -> None:
        self._changes: list[tuple[Store[Any, Any], Any, Any]] = []
        self._marked = 0
        self.version = 0
        """Grows with every change, undoing included: equal versions mean equal contents."""

    def mark(self) -> int:
        """Return the position to undo to later."""
        self._marked = len(self._changes)
        return self._marked

    def record(self, store: Store[Any, Any], key: Any, old: Any) -> None:
        """Remember the value (None: there was none) that a key had."""
        self.version += 1
        if len(self._changes) > self._marked:
            last, same, _ = self._changes[-1]
            if last is store and same == key:  # nobody can undo to what is between
                return
        self._changes.append((store, key, old))

    def undo(self, mark: int) -> None:
        """Take back everything since the mark, newest first."""
        while len(self._changes) > mark:
            store, key, old = self._changes.pop()
            store.restore(key, old)
            self.version += 1

    def before(self, store: Store[K, V], mark: int) -> dict[K, V | None]:
        """Return the keys of a store that were set or removed since the mark, with what they had then."""
        found: dict[K, V | None] = {}
        for changed, key, old in self._changes[mark:]:
            if changed is store:
                found.setdefault(key, old)
        return found

    def forget(self) -> None:
        """Nothing before this moment can be undone any more (COMMIT)."""
        self._changes.clear()


class Store(Mapping[K, V], Generic[K, V]):
    """A dictionary whose changes go to a journal. ``on_change(key, old, new)`` hears of each, undoing included."""

    def __init__(self, journal: Journal, on_change: Callable[[K, V | None, V | None], None] | None = None) -> None:
        self._journal = journal
        self._values: dict[K, V] = {}
        self._on_change = on_change
        self._taken: Any = None
        self.changes: list[K] = []
        """The keys that were set or removed, oldest first, undoing included."""

    def __getitem__(self, key: K) -> V:
        return self._values[key]

    @overload
    def get(self, key: K, /) -> V | None: ...

    @overload
    def get(self, key: K, default: V | T, /) -> V | T: ...

    def get(self, key: K, default: Any = None, /) -> Any:
        """Return what a key has, ``default`` where that is nothing."""
        return self._values.get(key, default)

    def __iter__(self) -> Iterator[K]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, key: object) -> bool:
        return key in self._values

    def values(self) -> ValuesView[V]:
        """Return all values; a mapping's own way there looks up every key."""
        return self._values.values()

    def items(self) -> ItemsView[K, V]:
        """Return all keys with their values."""
        return self._values.items()

    def put(self, key: K, value: V) -> None:
        """Set a key; nothing happens where it has this very value already."""
        old = self._values.get(key)
        if old is value:
            return
        self._journal.record(self, key, old)
        self.restore(key, value)

    def remove(self, key: K) -> None:
        """Remove a key that is there."""
        self._journal.record(self, key, self._values[key])
        self.restore(key, None)

    def restore(self, key: K, value: V | None) -> None:
        """Set (None: remove) a key without telling the journal."""
        old = self._values.get(key)
        if value is None:
            self._values.pop(key, None)
        else:
            self._values[key] = value
        self._taken = None
        self.changes.append(key)
        if self._on_change is not None:
            self._on_change(key, old, value)

    def fill(self, other: Store[K, V]) -> None:
        """Take over all values of another store, as a starting point that cannot be undone."""
        for key, value in other.loaded().items():
            self.restore(key, value)

    def taken(self, take: Callable[[Mapping[K, V]], T]) -> T:
        """Return what a function takes of it, each time the same one: the same value until something changes."""
        if self._taken is None:
            self._taken = take(self._values)
        taken: T = self._taken
        return taken

    def loaded(self) -> Mapping[K, V]:
        """Return what is in it, for those who need no more than that."""
        return MappingProxyType(self._values)
