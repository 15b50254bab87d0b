"""A mapping that never changes, and changes, in; another mapping out, which shares with the first what is the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain, takewhile
from typing import Any, Generic, TypeVar

__all__ = ["Layers", "differences"]

K = TypeVar("K")
V = TypeVar("V")


class Layers(Mapping[K, V], Generic[K, V]):
    """A mapping in layers: a later one covers those before it; None stands for a key that is removed.

    Each layer is at least twice as large as the next. So there are few to look into, and a thousand values of which
    each differs from the one before in one key take little more room than the last of them, in a pickle as well.
    """

    __slots__ = ("_layers", "_length")

    def __init__(self, layers: tuple[Mapping[K, V | None], ...], length: int) -> None:
        """Use ``of`` and ``changed``."""
        self._layers, self._length = layers, length

    @classmethod
    def of(cls, values: Mapping[K, V]) -> Layers[K, V]:
        """Return a mapping with these values, none of which is None."""
        return cls((dict(values),) if values else (), len(values))

    def changed(self, changes: Mapping[K, V | None]) -> Layers[K, V]:
        """Return it with some keys set or (None) removed: itself where each of them has this very object already."""
        old = {key: self.get(key) for key in changes}
        new: dict[K, V | None] = {key: value for key, value in changes.items() if value is not old[key]}
        if not new:
            return self
        length = self._length + sum((new[key] is not None) - (old[key] is not None) for key in new)
        layers = [*self._layers]
        while layers and len(layers[-1]) < 2 * len(new):
            new = {**layers.pop(), **new}
        if not layers:
            new = {key: value for key, value in new.items() if value is not None}
        return Layers((*layers, new), length)

    def __getitem__(self, key: K) -> V:
        for layer in reversed(self._layers):
            if key in layer:
                value = layer[key]
                if value is None:
                    break
                return value
        raise KeyError(key)

    def get(self, key: K, default: Any = None, /) -> Any:
        """Return what a key has, ``default`` where that is nothing."""
        for layer in reversed(self._layers):
            if key in layer:
                value = layer[key]
                return default if value is None else value
        return default

    def __contains__(self, key: object) -> bool:
        return self.get(key) is not None  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[K]:
        return (key for key in dict.fromkeys(chain(*self._layers)) if self.get(key) is not None)

    def __len__(self) -> int:
        return self._length

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Layers):
            return super().__eq__(other)
        if self._length != other._length:
            return False
        return all(self.get(key) == other.get(key) for key in differences(self, other))

    __hash__ = None  # type: ignore[assignment] # as of every mapping

    def apart(self, other: Layers[K, V]) -> Iterator[K]:
        """Yield the keys in layers that the two do not share."""
        shared = sum(1 for _ in takewhile(lambda pair: pair[0] is pair[1], zip(self._layers, other._layers)))  # noqa: B905
        yield from chain(*self._layers[shared:], *other._layers[shared:])


def differences(one: Mapping[K, V], other: Mapping[K, V]) -> set[K]:
    """Return the keys whose values are not the same object in both, at the cost of what is not shared."""
    if one is other:
        return set()
    keys = one.apart(other) if isinstance(one, Layers) and isinstance(other, Layers) else chain(one, other)
    return {key for key in set(keys) if one.get(key) is not other.get(key)}
