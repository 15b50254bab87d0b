"""Values in, their order out where every collation agrees on it: ORDER BY, ``<``, ``min`` and ``max``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cmp_to_key
from typing import Any, TypeVar

from alembic_contracts.patterns import pattern
from alembic_contracts.prediction.answers.values import Char, NameText, UnanswerableError, Unknown, known

__all__ = ["order_of_texts", "sorted_by"]

T = TypeVar("T")

_ALIKE = pattern(r"[a-z0-9]{2}|[A-Z0-9]{2}")


def order_of_texts(one: str, other: str) -> int | None:
    """Return -1, 0 or 1 as texts sort in any collation; None where collations differ.

    They agree where one text is the beginning of the other, or the first characters that differ are both small letters
    or digits, or both capitals or digits: punctuation, case and accents are what they weigh differently.
    """
    if one == other:
        return 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            return (left > right) - (left < right) if _ALIKE.fullmatch(left + right) else None
    return -1 if len(one) < len(other) else 1


def sorted_by(
    rows: Sequence[T], value_of: Callable[[T], Any], *, descending: bool = False, nulls_first: bool | None = None
) -> list[T]:
    """Return rows in the order of a value; a sort that keeps the order of equal ones.

    Raises:
        UnanswerableError: their order is not known.
    """
    values: list[tuple[Any, T]] = [(known(value_of(row)), row) for row in rows]
    nulls = [row for value, row in values if value is None]
    others = [pair for pair in values if pair[0] is not None]
    first = descending if nulls_first is None else nulls_first
    sign = -1 if descending else 1

    def order(one: tuple[Any, T], other: tuple[Any, T]) -> int:
        return sign * compare(one[0], other[0])

    ordered = [row for _, row in sorted(others, key=cmp_to_key(order))]
    return [*nulls, *ordered] if first else [*ordered, *nulls]


def compare(one: Any, other: Any) -> int:
    """Return -1, 0 or 1 as two values sort.

    Raises:
        UnanswerableError: it is not known.
    """
    if isinstance(one, Unknown) or isinstance(other, Unknown):
        raise UnanswerableError("the order of values that are not known")
    if isinstance(one, str) and isinstance(other, str):
        if isinstance(one, (NameText, Char)) and isinstance(other, (NameText, Char)):
            left, right = one.encode(), other.encode()
            return (left > right) - (left < right)
        order = order_of_texts(one, other)
        if order is None:
            raise UnanswerableError("an order of texts, which depends on the collation")
        return order
    try:
        return int(one > other) - int(one < other)
    except TypeError:
        raise UnanswerableError("an order of values of different kinds") from None
