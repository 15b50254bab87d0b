"""Truth values in, their conjunction, disjunction or negation out: true, false, NULL, guessed, unknown."""

from __future__ import annotations

from typing import Any

from alembic_contracts.prediction.answers.values import Refused, TypedNull, Unknown, guarded, guess, known

__all__ = ["all_of", "any_of", "negation"]


def any_of(values: list[Any]) -> Any:
    """Return OR: true as soon as one is, whatever the others are."""
    return _decided(values, by=True)


def all_of(values: list[Any]) -> Any:
    """Return AND: false as soon as one is, whatever the others are."""
    return _decided(values, by=False)


def _decided(values: list[Any], *, by: bool) -> Any:
    for value in values:
        if value is by or isinstance(value, Refused):
            return value
    unknown = next((value for value in values if isinstance(value, Unknown)), None)
    if unknown is not None:
        return unknown
    plain = [known(value) for value in values]
    if any(value not in {True, False, None} for value in plain):
        return Unknown("a condition that is no truth value")
    result = by if any(value is by for value in plain) else TypedNull("bool") if None in plain else not by
    return guess(result, *values)


def negation(value: Any) -> Any:
    """Return NOT."""
    return guarded(lambda plain: TypedNull("bool") if plain is None else not plain, value)
