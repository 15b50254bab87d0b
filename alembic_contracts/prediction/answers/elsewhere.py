"""Numbers and names of the server's own objects in, what can be said of them without knowing each of them out."""

from __future__ import annotations

from typing import Any

from alembic_contracts.prediction.answers.oids import oid
from alembic_contracts.prediction.answers.values import Number, Oid, Reg, Unknown, known
from alembic_contracts.prediction.sql import system
from alembic_contracts.schemas.schema import Name

__all__ = [
    "Besides",
    "Dropped",
    "DroppedNumber",
    "Elsewhere",
    "Numbered",
    "OneOf",
    "is_users",
    "of_columns",
    "of_objects",
]

_SYSTEM_SCHEMAS = frozenset({"pg_catalog", "information_schema", "pg_toast", "public"})
"""``public`` is there from the beginning as well, with a number below those of users' objects."""
_FIRST_OF_USERS = 16_384
"""``FirstNormalObjectId``."""
_BY_ORDER = {
    "=": lambda one, other: one == other,
    "<>": lambda one, other: one != other,
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
}


class Elsewhere(Unknown, frozen=True):
    """The number or name of some object that is none of the users': which one is not known."""

    def may_be(self, value: Any) -> bool:
        """Return whether it may be this one."""
        if isinstance(value, (Oid, Reg)):
            return not is_users(value)
        if isinstance(value, str):
            name = value.lstrip("_")
            return name.startswith("pg_") or name in system.names()
        return True


class Dropped(Elsewhere, frozen=True):
    """The name that a column has once it was dropped: ``........pg.dropped.2........``."""

    def may_be(self, value: Any) -> bool:
        """Return whether it may be this one."""
        return not isinstance(value, str) or value.startswith("........pg.dropped.")


class DroppedNumber(Elsewhere, frozen=True, kw_only=True):
    """The number that a column has which was dropped: above zero, and that of no column of its table that is there."""

    table: Name

    def may_be(self, value: Any) -> bool:
        """Return whether it may be this one."""
        if isinstance(value, Number):
            return value.of != self.table
        return not isinstance(value, int) or value > 0


class Numbered(Elsewhere, frozen=True):
    """The name that the standard's views give NOT NULL where it is no constraint: ``2200_16384_1_not_null``."""

    def may_be(self, value: Any) -> bool:
        """Return whether it may be this one."""
        return not isinstance(value, str) or value.endswith("_not_null")


class OneOf(Elsewhere, frozen=True):
    """The number of one of several objects."""

    numbers: frozenset[int] = frozenset()

    def may_be(self, value: Any) -> bool:
        """Return whether it may be this one."""
        return value in self.numbers or not isinstance(value, (Oid, Reg))


class Besides(Elsewhere, frozen=True):
    """The number of an object of the server's own that is not a certain one."""

    number: int = 0

    def may_be(self, value: Any) -> bool:
        """Return whether it may be this one."""
        return value != self.number and super().may_be(value)


def is_users(number: int) -> bool:
    """Return whether a number is that of a user's object."""
    kind, key = oid.object(number) or ("", "")
    if kind == "namespace":
        return key not in _SYSTEM_SCHEMAS
    name = key[0] if isinstance(key, tuple) and key and not isinstance(key, Name) else key
    return isinstance(name, Name) and name.schema not in _SYSTEM_SCHEMAS - {"public"}


def of_columns(operator: str, left: Any, right: Any) -> Any:
    """Return the comparison of numbers of columns, of which only the order is known, or one with zero and below."""
    one, other = known(left), known(right)
    if operator not in _BY_ORDER or None in {one, other}:
        return None if operator in _BY_ORDER else Unknown("what is computed from a column's number", nullable=False)
    numbers = [each for each in (one, other) if isinstance(each, Number)]
    of_one_table = len(numbers) == 2 and numbers[0].of == numbers[1].of
    if not of_one_table and not any(isinstance(each, int) and each <= 0 for each in (one, other)):
        return Unknown("the number of a column of a table that may have lost columns", nullable=False)
    return _BY_ORDER[operator](int(one), int(other))


def of_objects(operator: str, left: Any, right: Any) -> Any:
    """Return the comparison of objects' numbers: which of them is larger, and which number it is, is not known.

    Nothing (``...``): it is no such comparison, and to be made as any other.
    """
    one, other = known(left), known(right)
    objects = [isinstance(each, (Oid, Reg)) for each in (one, other)]
    if not any(objects) or operator not in _BY_ORDER or not all(isinstance(each, int) for each in (one, other)):
        return ...
    if all(objects):
        same = operator in {"=", "<>"} or 0 in {one, other}
        return ... if same else Unknown("which of two objects is older", nullable=False)
    plain, number = (other, one) if objects[0] else (one, other)
    if plain <= 0 or number == 0:
        return ...
    if plain >= _FIRST_OF_USERS and operator in {"=", "<>"}:
        return ...  # it comes from here
    return ... if plain <= _FIRST_OF_USERS and is_users(number) else Unknown("an object's number", nullable=False)
