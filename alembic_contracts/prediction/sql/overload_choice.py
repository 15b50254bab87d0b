"""Overloads that fit a call and its arguments' types in, those that PostgreSQL prefers out (``func_select_candidate``).

Types go by their internal names, of literals by ``unknown``; users' types by any name of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from alembic_contracts.prediction.sql import system

if TYPE_CHECKING:
    from alembic_contracts.schemas.schema import Type

__all__ = ["PREFERRED", "UNKNOWN", "internal_name", "preferred"]

T = TypeVar("T")
Types = tuple[str, ...]
UNKNOWN = "unknown"
PREFERRED = frozenset({"bool", "text", "float8", "oid", "timestamptz", "interval", "inet", "varbit"})
"""``pg_type.typispreferred``: what values of a category are converted to first."""


def internal_name(type_: Type) -> str:
    """Return a type's name as functions' parameters have it; array types have one of their own."""
    name = type_.name.name if type_.name.schema == "pg_catalog" else str(type_.name)
    return f"_{name}" if type_.dimensions else name


def preferred(
    options: Sequence[T],
    parameters: Callable[[T], Types],
    types: Types,
    categories: Sequence[str],
    converts: Callable[[str, int], bool],
) -> list[T]:
    """Return what is left of several overloads that fit; more than one: the call is ambiguous.

    Args:
        options: the overloads.
        parameters: the types that one of them takes.
        types: of the arguments; domains count as what they are based on.
        categories: ``pg_type.typcategory`` of each.
        converts: whether the argument at a position is taken for a parameter's type without a cast being written.
    """
    known = [n for n, type_ in enumerate(types) if type_ != UNKNOWN]

    def exact(option: T) -> int:
        return sum(parameters(option)[n] == types[n] for n in known)

    def exact_or_preferred(option: T) -> int:
        return sum(
            wanted == types[n] or (wanted in PREFERRED and _category(wanted) == categories[n])
            for n in known
            for wanted in (parameters(option)[n],)
        )

    left = _most(_most(options, exact), exact_or_preferred)
    if len(left) < 2 or len(known) == len(types):
        return left
    left = _by_category(left, parameters, [n for n in range(len(types)) if n not in known])
    if len(left) > 1 and len({types[n] for n in known}) == 1:
        same = known[0]  # literals are taken to be of the one type that the others have
        left = [o for o in left if all(p == types[same] or converts(p, same) for p in parameters(o))]
    return left


def _by_category(options: list[T], parameters: Callable[[T], Types], unknown: Sequence[int]) -> list[T]:
    """Narrow down by what literals would be taken for: texts where any takes one, else what all agree on."""
    kept = options
    for n in unknown:
        categories = {_category(parameters(o)[n]) for o in options}
        if "S" not in categories and len(categories) > 1:
            return options
        chosen = "S" if "S" in categories else next(iter(categories))
        fitting = [o for o in options if _category(parameters(o)[n]) == chosen]
        best = [o for o in fitting if parameters(o)[n] in PREFERRED] or fitting
        kept = [o for o in kept if o in best]
    return kept or options


def _category(name: str) -> str:
    return system.categories().get(name, "U")


def _most(options: Sequence[T], score: Callable[[T], int]) -> list[T]:
    scores = [score(option) for option in options]
    best = max(scores, default=0)
    return [option for option, points in zip(options, scores, strict=True) if points == best]
