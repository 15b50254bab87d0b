"""A type's modifiers as they are written in, the number that ``atttypmod`` keeps of them out, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_contracts.prediction.answers.values import UnanswerableError, Unknown

if TYPE_CHECKING:
    from alembic_contracts.schemas.schema import Name, Type

__all__ = ["modifiers_of", "number_of"]

_HEADER = 4
"""``VARHDRSZ``, which lengths include."""
_SCALE = 0x7FF
_LENGTHS = frozenset({"varchar", "bpchar"})
_PLAIN = frozenset({"bit", "varbit", "time", "timetz", "timestamp", "timestamptz"})


def number_of(type_: Type) -> int | Unknown:
    """Return ``atttypmod``; -1 without modifiers."""
    name, numbers = type_.name.name, [int(each) for each in type_.modifiers if each.removeprefix("-").isdecimal()]
    if not type_.modifiers:
        return -1
    if type_.name.schema == "pg_catalog" and len(numbers) == len(type_.modifiers):
        if name in _LENGTHS:
            return numbers[0] + _HEADER
        if name in _PLAIN:
            return numbers[0]
        if name == "numeric":
            precision, scale = (*numbers, 0)[:2]
            return (precision << 16 | scale & _SCALE) + _HEADER
    return Unknown(f"atttypmod of {name}", nullable=False)


def modifiers_of(name: Name, number: int | None) -> tuple[str, ...]:
    """Return the modifiers that a number stands for; None and -1 stand for none.

    Raises:
        UnanswerableError: that is not known for this type.
    """
    if number is None or number == -1:
        return ()
    if name.schema == "pg_catalog" and number >= 0:
        if name.name in _LENGTHS and number > _HEADER:
            return (str(number - _HEADER),)
        if name.name in _PLAIN:
            return (str(number),)
        if name.name == "numeric" and number > _HEADER:
            precision, scale = (number - _HEADER) >> 16, (number - _HEADER) & _SCALE
            return (str(precision), str(scale - 2 * (scale & 0x400)))
    raise UnanswerableError(f"what atttypmod {number} of {name.name} stands for")
