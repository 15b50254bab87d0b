"""A binary operator and two values in, its value out."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from operator import add, ge, gt, le, lt, mod, mul, sub
from typing import Any

from alembic_contracts.prediction.answers.values import (
    Guess,
    UnanswerableError,
    guarded,
    guess,
    is_guess,
    known,
    text_of,
)

__all__ = ["operate"]


def operate(operator: str, left: Any, right: Any) -> Any:
    """Return the result of a binary operator.

    Raises:
        UnanswerableError: it is not one of those known here.
    """
    compute = _OPERATORS.get(operator)
    if compute is None:
        if is_guess(left) or is_guess(right):
            return Guess(True)
        raise UnanswerableError(f"operator {operator}")
    if known(left) is None or known(right) is None:
        return guess(None, left, right)
    try:
        return guarded(compute, left, right, otherwise=True)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise UnanswerableError(f"operator {operator}: {error}") from None


def _aligned(left: Any, right: Any) -> tuple[Any, Any]:
    """Return both values as one kind, as an untyped literal takes the other side's type."""
    if isinstance(left, str) == isinstance(right, str):
        return left, right
    text, other = (left, right) if isinstance(left, str) else (right, left)
    if isinstance(other, bool):
        converted: Any = text.lower() in {"t", "true", "yes", "y", "on", "1"}
    elif isinstance(other, int):
        converted = int(text) if re.fullmatch(r"\s*-?\d+\s*", text) else Decimal(text)
    elif isinstance(other, (float, Decimal)):
        converted = type(other)(text)
    else:
        converted, other = text, text_of(other)
    return (converted, other) if text is left else (other, converted)


def _comparison(compare: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda left, right: compare(*_aligned(left, right))


def _like(pattern: str, *, ignore_case: bool = False) -> re.Pattern[str]:
    parts = re.split(r"(\\.|%|_)", pattern)
    special = {"%": ".*", "_": "."}
    text = "".join(special.get(p, re.escape(p[1:] if p.startswith("\\") and len(p) > 1 else p)) for p in parts)
    return re.compile(text, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def _plus(left: Any, right: Any) -> Any:
    return add(*_aligned(left, right))


def _divide(left: Any, right: Any) -> Any:
    if isinstance(left, int) and isinstance(right, int):
        return abs(left) // abs(right) * (1 if (left < 0) is (right < 0) else -1)
    return left / right


def _concatenate(left: Any, right: Any) -> Any:
    if isinstance(left, list) or isinstance(right, list):
        return [*(left if isinstance(left, list) else [left]), *(right if isinstance(right, list) else [right])]
    if isinstance(left, dict) and isinstance(right, dict):
        return {**left, **right}
    return text_of(left) + text_of(right)


def _member(value: Any, key: Any) -> Any:
    if isinstance(value, dict):
        return value.get(key)
    return value[key] if isinstance(value, list) and isinstance(key, int) and -len(value) <= key < len(value) else None


def _member_text(value: Any, key: Any) -> Any:
    found = _member(value, key)
    return None if found is None else text_of(found)


def _contains(left: Any, right: Any) -> bool:
    if isinstance(left, dict) and isinstance(right, dict):
        return all(key in left and left[key] == value for key, value in right.items())
    return set(right) <= set(left)


_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "=": _comparison(lambda left, right: left == right),
    "<>": _comparison(lambda left, right: left != right),
    "<": _comparison(lt),
    "<=": _comparison(le),
    ">": _comparison(gt),
    ">=": _comparison(ge),
    "+": _plus,
    "-": lambda left, right: sub(*_aligned(left, right)),
    "*": lambda left, right: mul(*_aligned(left, right)),
    "/": _divide,
    "%": mod,
    "||": _concatenate,
    "->": _member,
    "->>": _member_text,
    "?": lambda left, right: right in left,
    "@>": _contains,
    "<@": lambda left, right: _contains(right, left),
    "&&": lambda left, right: bool(set(left) & set(right)),
    "~~": lambda left, right: bool(_like(right).fullmatch(text_of(left))),
    "!~~": lambda left, right: not _like(right).fullmatch(text_of(left)),
    "~~*": lambda left, right: bool(_like(right, ignore_case=True).fullmatch(text_of(left))),
    "!~~*": lambda left, right: not _like(right, ignore_case=True).fullmatch(text_of(left)),
    "~": lambda left, right: bool(re.search(right, text_of(left))),
    "!~": lambda left, right: not re.search(right, text_of(left)),
    "~*": lambda left, right: bool(re.search(right, text_of(left), re.IGNORECASE)),
    "!~*": lambda left, right: not re.search(right, text_of(left), re.IGNORECASE),
}
