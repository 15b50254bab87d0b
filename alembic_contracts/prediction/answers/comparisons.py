"""Values of a comparison, a conditional or an array in, what comes of them out: what needs no expression any more."""

from __future__ import annotations

from typing import Any

from alembic_contracts.prediction.answers import logic
from alembic_contracts.prediction.answers.operators import operate
from alembic_contracts.prediction.answers.texts import read
from alembic_contracts.prediction.answers.values import (
    Array,
    Literal,
    Refused,
    TypedNull,
    Unknown,
    Vector,
    guess,
    known,
    type_of,
    unknown_among,
)

__all__ = [
    "are_distinct",
    "collected",
    "is_between",
    "is_in",
    "item",
    "nullif",
    "of_common_type",
    "quantified",
]


def nullif(left: Any, right: Any) -> Any:
    """Return NULLIF of two values."""
    kind = type_of(left)
    same = operate("=", left, right)
    if isinstance(same, Unknown) or kind is None or type_of(right) not in {kind, "unknown"} or kind == "varchar":
        return same if isinstance(same, Unknown) else Unknown("NULLIF of several types")
    if kind == "unknown":
        return Unknown("NULLIF of a literal")
    return guess(TypedNull(kind), same) if known(same) is True else left


def is_in(left: Any, values: list[Any], operator: str) -> Any:
    """Return IN, or NOT IN where the operator is ``<>``."""
    refused = next((value for value in values if isinstance(value, Refused)), None)
    if refused is not None:  # the list is an array, all of whose items are computed
        return refused
    found = logic.any_of([operate("=", left, value) for value in values])
    return found if operator == "=" else logic.negation(found)


def is_between(left: Any, limits: list[Any], kind: str) -> Any:
    """Return BETWEEN, or NOT BETWEEN."""
    inside = logic.all_of([operate(">=", left, limits[0]), operate("<=", left, limits[1])])
    return inside if kind == "AEXPR_BETWEEN" else logic.negation(inside)


def are_distinct(left: Any, right: Any, *, wanted: bool) -> Any:
    """Return IS DISTINCT FROM; not ``wanted``: IS NOT DISTINCT FROM."""
    unknown = unknown_among((left, right))
    if unknown is not None:
        return unknown
    if known(left) is None or known(right) is None:
        return guess(
            (known(left) is None is not known(right)) is wanted if known(left) is None else wanted, left, right
        )
    different = logic.negation(operate("=", left, right))
    return different if wanted else logic.negation(different)


def quantified(operator: str, left: Any, array: Any, *, every: bool) -> Any:
    """Return a comparison with ANY or, ``every``, ALL of an array's items."""
    items = known(array)
    if items is None or isinstance(items, Unknown):
        return guess(items, array) if items is None else items
    if isinstance(items, Literal):
        items = read(str(items), f"_{'text' if isinstance(left, Literal) else type_of(left)}")
    if not isinstance(items, Array):
        return items if isinstance(items, Unknown) else Unknown("an array")
    results = [guess(operate(operator, left, item), array) for item in items]
    return logic.all_of(results) if every else logic.any_of(results)


def of_common_type(value: Any, values: list[Any]) -> Any:
    """Return one of several values where all have its type; literals take the type of the others.

    Raises:
        PostgresError: 22P02, a literal is none of that type, whether it is the one or not.
    """
    types = {type_of(each) for each in values} - {"unknown"}
    unknown = unknown_among(values)
    if unknown is not None:
        return unknown
    if len(types) > 1 or None in types:
        return Unknown("values of several types")
    only = str(types.pop()) if types else "text"
    read_ones = {str(each): read(str(each), only) for each in map(known, values) if isinstance(each, Literal)}
    bad = unknown_among(read_ones.values())
    if bad is not None:
        return bad
    plain = known(value)
    return guess(read_ones[str(plain)], value) if isinstance(plain, Literal) else value


def item(value: Any, index: Any) -> Any:
    """Return an array's item by its number."""
    if value is None or index is None:
        return None
    if not isinstance(value, Array) or not isinstance(index, int):
        return Unknown("a subscript")
    first = 0 if isinstance(value, Vector) else 1
    return value[index - first] if first <= index < len(value) + first else None


def collected(values: list[Any]) -> Any:
    """Return the array of a subquery's values."""
    types = {type_of(value) for value in values} - {"unknown"}
    unknown = unknown_among(values)
    if unknown is not None or len(types) != 1 or (element := types.pop()) is None:
        return unknown or Unknown("an array of rows")
    return guess(Array([known(value) for value in values], element), *values)
