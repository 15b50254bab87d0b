"""A value in, the same out as dictionaries take it for a key."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from alembic_contracts.prediction.answers.values import Json, Jsonb, UnanswerableError, Unknown, is_guess, known

__all__ = ["GUESSED", "hashable", "key"]

GUESSED = object()
"""The key of every guess."""


def hashable(value: Any) -> Any:
    """Return what stands for a value in a dictionary."""
    if is_guess(value):
        return GUESSED
    if isinstance(value, list):
        return tuple(map(hashable, value))
    value = known(value)
    if isinstance(value, Unknown):
        raise UnanswerableError(value.reason)
    return repr(value) if isinstance(value, (dict, Json, Jsonb)) else value


def key(values: Iterable[Any]) -> tuple[Any, ...]:
    """Return the key of several values; guesses count as their value."""
    return tuple(hashable(known(value)) for value in values)
