"""The name of a function or operator and its arguments' types in, the one that PostgreSQL chooses out.

The rules are those of ``func_select_candidate`` and ``oper()`` in PostgreSQL's parser (manual, "Type Conversion"), over
the functions, operators and casts that it brings along.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from alembic_contracts.prediction.sql import system
from alembic_contracts.prediction.sql.overload_choice import UNKNOWN, preferred

__all__ = ["chosen_function", "chosen_operator", "converts", "has_cast", "result_of_function", "result_of_operator"]

Types = tuple[str, ...]
_ANY_OF_ITS_OWN = frozenset({"any", "anyelement", "anyarray", "anynonarray", "anyenum"})
"""Stands for arguments of any type, or for all of one type; ``anycompatible`` and ranges are left to the server."""


@lru_cache(maxsize=4096)
def chosen_function(name: str, types: Types) -> Types | None:
    """Return the parameter types of the function that a call means; None where that is not clear here."""
    found = []
    for signature in system.functions().get(name, ()):
        parameters = _parameters(signature, len(types))
        if parameters is not None:
            found.append(parameters)
    return _chosen(found, types)


@lru_cache(maxsize=4096)
def chosen_operator(name: str, left: str, right: str) -> Types | None:
    """Return the operand types of the operator that an expression means; None where that is not clear here."""
    found = [(one, other) for one, other, _ in system.operators().get(name, ()) if one != "-"]
    if (left == UNKNOWN) != (right == UNKNOWN):  # an unknown operand is tried as one of the other's type first
        same = left if right == UNKNOWN else right
        if (same, same) in found:
            return (same, same)
    return _chosen(found, (left, right))


_ANY_VERSION = 1_000_000
"""Casts of all servers: whether the one at hand has it is said where a query is analysed."""


def result_of_function(name: str, parameters: Types) -> str:
    """Return the result type of the function with these parameter types, ``unknown`` where it depends on a call."""
    for signature in system.functions().get(name, ()):
        if _parameters(signature, len(parameters)) == parameters:
            return "unknown" if signature.result.startswith("any") else signature.result
    return UNKNOWN


def result_of_operator(name: str, left: str, right: str) -> str:
    """Return the result type of the operator with these operand types."""
    found = (result for one, other, result in system.operators().get(name, ()) if (one, other) == (left, right))
    return next(found, UNKNOWN)


def has_cast(source: str, target: str) -> bool:
    """Whether a value of one type can be cast to another by writing so."""
    if source in {target, UNKNOWN} or (source, target) in system.casts(_ANY_VERSION):
        return True
    categories = system.categories()
    return "S" in {categories.get(source), categories.get(target)}  # through its text


def converts(source: str, target: str) -> bool:
    """Whether a value is converted into another type without a cast being written."""
    if source in {target, UNKNOWN}:
        return True
    if target == "any":
        return True
    is_array = source.startswith("_")
    if target == "anyarray":
        return is_array
    if target == "anynonarray":
        return not is_array
    if target == "anyelement":
        return True
    return system.casts(_ANY_VERSION).get((source, target)) == "i"


def _parameters(signature: Any, count: int) -> Types | None:
    arguments = signature.arguments
    if signature.variadic:
        if count < len(arguments):
            return None
        last = "any" if arguments[-1] == "any" else arguments[-1].removeprefix("_")
        return (*arguments[:-1], *(last,) * (count - len(arguments) + 1))
    return arguments[:count] if signature.required <= count <= len(arguments) else None


def _chosen(candidates: Sequence[Types], types: Types) -> Types | None:
    if types in candidates:
        return types
    possible = [c for c in candidates if all(map(converts, types, c))]
    if len(possible) <= 1:
        return _certain(possible, types)
    categories = [system.categories().get(type_, "U") for type_ in types]
    best = preferred(possible, lambda c: c, types, categories, lambda parameter, n: converts(types[n], parameter))
    if len(best) != 1 or any(part.startswith("any") for part in best[0]):
        return None  # what polymorphic parameters stand for is decided among several by more than these rules
    return best[0]


def _certain(possible: list[Types], types: Types) -> Types | None:
    if not possible:
        return None
    if any(p.startswith("any") and p not in _ANY_OF_ITS_OWN for p in possible[0]):
        return None
    elements = {t for t, p in zip(types, possible[0], strict=True) if p in {"anyelement", "anyarray"}}
    return possible[0] if len(elements) <= 1 else None
