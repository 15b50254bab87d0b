"""A catalog object in, the number out that ``oid`` columns have for it, and back."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from alembic_contracts.prediction.answers.values import Oid

if TYPE_CHECKING:
    from alembic_contracts.schemas.schema import Type

__all__ = ["namespace_number", "oid", "type_number"]


class _Numbers:
    """Gives every object a number, the same one each time."""

    def __init__(self) -> None:
        self._next = count(16_384)  # FirstNormalObjectId: below are PostgreSQL's own
        self._numbers: dict[tuple[str, Any], Oid] = {}
        self._objects: dict[int, tuple[str, Any]] = {}

    def __call__(self, kind: str, key: Any) -> Oid:
        """Return the number of an object: its kind (``class``, ``type`` ...) and its name."""
        if (kind, key) not in self._numbers:
            number = Oid(next(self._next))
            self._numbers[kind, key] = number
            self._objects[number] = (kind, key)
        return self._numbers[kind, key]

    def object(self, number: int) -> tuple[str, Any] | None:
        """Return kind and name of a number's object."""
        return self._objects.get(number)

    def name_of(self, number: int) -> str | None:
        """Return the name of a number's object without its schema."""
        found = self._objects.get(number)
        return None if found is None else str(getattr(found[1], "name", found[1]))


oid = _Numbers()
"""The numbers of this process."""


def namespace_number(name: str) -> Oid:
    """Return the number of a schema."""
    return oid("namespace", name)


def type_number(type_: Type) -> Oid:
    """Return the number of a type or, with dimensions, of its array type."""
    return oid("array" if type_.dimensions else "type", type_.name)
