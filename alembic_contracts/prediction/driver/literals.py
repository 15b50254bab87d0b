"""SQL with bound parameters in, SQL with literals out: PostgreSQL's parser knows no driver's placeholders."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from math import isfinite
from typing import Any
from uuid import UUID

from alembic_contracts.prediction.answers.noticing import Noticing

__all__ = ["literal", "substitute"]

_PLACEHOLDER = re.compile(r"%(?:%|\((?P<name>[^)]*)\)[sbt]|(?P<positional>[sbt]))")
_NUMBERED = re.compile(r"\$(\d+)")


def substitute(sql: str, parameters: Mapping[str, Any] | Sequence[Any] | None) -> str:
    """Return the statement with its placeholders replaced by literals.

    Understands ``%(name)s`` and ``%s`` (psycopg's styles) and, where a sequence comes without either, ``$1``
    (asyncpg's). As in every driver with these styles ``%%`` stands for a percent sign as soon as parameters are given,
    be they empty; None leaves the text alone.

    Raises:
        LookupError: a placeholder has no parameter.
    """
    if parameters is None:
        return sql
    if "%" in sql:
        return _PLACEHOLDER.sub(_replacement(parameters), sql)
    if parameters and not isinstance(parameters, Mapping):
        return _NUMBERED.sub(lambda match: literal(parameters[int(match[1]) - 1]), sql)
    return sql


def _replacement(parameters: Mapping[str, Any] | Sequence[Any]) -> Callable[[re.Match[str]], str]:
    positions = iter(() if isinstance(parameters, Mapping) else parameters)

    def replace(match: re.Match[str]) -> str:
        if match["name"] is not None:
            return literal(parameters[match["name"]])  # type: ignore[index]  # a sequence raises
        if match["positional"] is None:
            return "%"
        try:
            return literal(next(positions))
        except StopIteration:
            raise LookupError("the statement has more placeholders than parameters") from None

    return replace


def literal(value: object) -> str:
    """Return the SQL literal of a value as a driver would send it; what is not known is sent as text."""
    if value is None:
        return "NULL"
    if type(value) is Noticing:
        return "$1"  # a parameter that was not given: what is computed from it is not known either
    for kind, render in _RENDERERS:
        if isinstance(value, kind):
            return render(value)
    # psycopg's wrappers: Json holds its value in `adapted` or `obj`, AsIs is meant to go in as it stands.
    if type(value).__name__ == "AsIs":
        return str(value)
    if type(value).__name__ in {"Json", "Jsonb"}:
        return _json(getattr(value, "adapted", getattr(value, "obj", None)))
    return _text(str(value))


def _text(value: str) -> str:
    return "'" + value.replace("'", "''").replace("\0", "") + "'"


def _float(value: float) -> str:
    return repr(value) if isfinite(value) else f"'{value}'::float8"


def _decimal(value: Decimal) -> str:
    return format(value, "f") if value.is_finite() else f"'{value}'::numeric"


def _timestamp(value: datetime) -> str:
    return f"'{value.isoformat(' ')}'::{'timestamp' if value.tzinfo is None else 'timestamptz'}"


def _interval(value: timedelta) -> str:
    return f"'{value.days} days {value.seconds} seconds {value.microseconds} microseconds'::interval"


def _array(values: list[Any]) -> str:
    return "ARRAY[" + ", ".join(map(literal, values)) + "]" if values else "'{}'"


def _json(value: object) -> str:
    return _text(json.dumps(value, default=str))


_RENDERERS: tuple[tuple[type | tuple[type, ...], Callable[[Any], str]], ...] = (
    (bool, lambda value: "true" if value else "false"),
    (Enum, lambda value: _text(str(value.name))),
    (int, lambda value: f"({int(value)})" if value < 0 else str(int(value))),
    (str, _text),
    (float, _float),
    (Decimal, _decimal),
    ((bytes, bytearray, memoryview), lambda value: f"'\\x{bytes(value).hex()}'::bytea"),
    (UUID, lambda value: f"'{value}'::uuid"),
    (datetime, _timestamp),
    (date, lambda value: f"'{value.isoformat()}'::date"),
    (time, lambda value: f"'{value.isoformat()}'::{'time' if value.tzinfo is None else 'timetz'}"),
    (timedelta, _interval),
    (dict, _json),
    (list, _array),
    ((tuple, set, frozenset), lambda value: "(" + ", ".join(map(literal, value)) + ")"),
)
"""Order counts: True is an int as well, a datetime is a date."""
