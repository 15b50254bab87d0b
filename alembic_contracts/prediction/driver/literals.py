"""SQL with bound parameters in, SQL with literals out: PostgreSQL's parser knows no driver's placeholders."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from math import isfinite
from typing import Any
from uuid import UUID

from alembic_contracts.patterns import pattern
from alembic_contracts.prediction.answers.noticing import Noticing
from alembic_contracts.prediction.driver.manners import PSYCOPG, Manners

__all__ = ["literal", "substitute"]

_PYFORMAT = pattern(r"%(?:%|\((?P<name>[^)]*)\)[sbt]|(?P<positional>[sbt])|(?P<other>.?))", re.DOTALL)
_FORMAT = pattern(
    r"""'(?:[^']|'')*' | "[^"]*" | --[^\n]* | /\*.*?\*/ | %(?:(?P<percent>%)|(?P<positional>s)|(?P<other>.?))""",
    re.DOTALL | re.VERBOSE,
)
"""pg8000 leaves alone what is inside of quotes and comments."""
_NUMBERED = pattern(r"\$(\d+)")


def substitute(sql: str, parameters: Mapping[str, Any] | Sequence[Any] | None, manners: Manners = PSYCOPG) -> str:
    """Return the statement with its placeholders replaced by literals, as a driver understands them.

    ``%(name)s`` and ``%s`` are psycopg's (2 and 3), for which a percent sign has to be doubled as soon as parameters
    are given, be they empty; None leaves the text alone. ``%s`` is pg8000's, ``$1`` asyncpg's.

    Raises:
        LookupError: a placeholder has no parameter, or a parameter no placeholder.
        TypeError: something else stands where a placeholder would, or the driver has no way to send a value.
    """
    if parameters is None:
        return sql
    if manners.placeholders == "numeric_dollar":
        return _numbered(sql, parameters, manners)
    if not parameters and (manners.placeholders == "format" or "%" not in sql):
        return sql
    replacement = _Replacement(parameters, manners)
    if manners.placeholders == "format":
        text = _FORMAT.sub(replacement.of_format, sql)
    else:
        text = _PYFORMAT.sub(replacement.of_pyformat, sql)
    replacement.must_be_used_up()
    return text


def _numbered(sql: str, parameters: Mapping[str, Any] | Sequence[Any], manners: Manners) -> str:
    values = list(parameters.values()) if isinstance(parameters, Mapping) else parameters
    if not values:
        return sql  # bodies of functions have $1 as well
    used = {int(number) for number in _NUMBERED.findall(sql)}
    if max(used, default=0) != len(values):
        raise LookupError(
            f"the server expects {max(used, default=0)} arguments for this query, {len(values)} were passed"
        )
    return _NUMBERED.sub(lambda match: literal(values[int(match[1]) - 1], manners), sql)


class _Replacement:
    """Replaces one placeholder after the other."""

    def __init__(self, parameters: Mapping[str, Any] | Sequence[Any], manners: Manners) -> None:
        self._named = parameters if isinstance(parameters, Mapping) else None
        self._positions = iter(() if isinstance(parameters, Mapping) else parameters)
        self._manners = manners

    def of_pyformat(self, match: re.Match[str]) -> str:
        if match["name"] is not None:
            if self._named is None:
                raise TypeError("named placeholders need a mapping")
            return literal(self._named[match["name"]], self._manners)
        if match["positional"] is not None:
            return self._next()
        if match["other"] is not None:
            raise TypeError(f"only '%s', '%b', '%t' are allowed as placeholders, got '%{match['other']}'")
        return "%"

    def of_format(self, match: re.Match[str]) -> str:
        if match["positional"] is not None:
            return self._next()
        if match["other"] is not None:
            raise TypeError("Only %s and %% are supported in the query.")
        return "%" if match["percent"] is not None else match[0]

    def _next(self) -> str:
        for value in self._positions:
            return literal(value, self._manners)
        raise LookupError("the statement has more placeholders than parameters")

    def must_be_used_up(self) -> None:
        for _ in self._positions:
            raise LookupError("the statement has fewer placeholders than parameters")


def literal(value: object, manners: Manners = PSYCOPG) -> str:
    """Return the SQL literal of a value as a driver would send it; what is not known is sent as text.

    Raises:
        TypeError: the driver has no way to send it.
    """
    if value is None or type(value) is Noticing:
        return "NULL" if value is None else "$1"  # a parameter not given: what it is used for is not known either
    if isinstance(value, manners.refused) and not _is_adapted(value, manners):
        raise TypeError(f"can't adapt type '{type(value).__name__}'")
    if isinstance(value, Enum) and not isinstance(value, str | int):
        return _enum(value, manners)
    if isinstance(value, list):
        return _array(value, manners)
    if isinstance(value, tuple):
        inside = ", ".join(literal(item, manners) for item in value)
        return f"({inside})" if manners.tuples == "list" else _text(f"({','.join(map(str, value))})")
    for kind, render in _RENDERERS:
        if isinstance(value, kind):
            return render(value)
    # psycopg's wrappers: Json holds its value in `adapted` or `obj`, AsIs is meant to go in as it stands.
    if type(value).__name__ == "AsIs":
        return str(value)
    if type(value).__name__ in {"Json", "Jsonb"}:
        return _json(getattr(value, "adapted", getattr(value, "obj", None)))
    return _text(str(value))


def _is_adapted(value: object, manners: Manners) -> bool:
    """Whether somebody has taught the driver to send values of this type (``register_adapter``)."""
    psycopg2, psycopg = sys.modules.get("psycopg2.extensions"), sys.modules.get("psycopg")
    if manners.driver == "psycopg2":
        return psycopg2 is not None and any(kind is type(value) for kind, _ in psycopg2.adapters)
    if manners.driver != "psycopg" or psycopg is None:
        return False
    try:
        psycopg.adapters.get_dumper(type(value), psycopg.adapt.PyFormat.AUTO)
    except psycopg.ProgrammingError:
        return False
    return True


def _enum(value: Enum, manners: Manners) -> str:
    if manners.enums == "refused" and not _is_adapted(value, manners):
        raise TypeError(f"can't adapt type '{type(value).__name__}'")
    return literal(value.value, manners) if manners.enums == "value" else _text(str(value.name))


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


def _array(values: list[Any], manners: Manners) -> str:
    return "ARRAY[" + ", ".join(literal(value, manners) for value in values) + "]" if values else "'{}'"


def _json(value: object) -> str:
    return _text(json.dumps(value, default=str))


_RENDERERS: tuple[tuple[type | tuple[type, ...], Callable[[Any], str]], ...] = (
    (bool, lambda value: "true" if value else "false"),
    (int, lambda value: f"({int(value)})" if value < 0 else str(int(value))),
    (str, lambda value: _text(str(value.value) if isinstance(value, Enum) else value)),
    (float, _float),
    (Decimal, _decimal),
    ((bytes, bytearray, memoryview), lambda value: f"'\\x{bytes(value).hex()}'::bytea"),
    (UUID, lambda value: f"'{value}'::uuid"),
    (datetime, _timestamp),
    (date, lambda value: f"'{value.isoformat()}'::date"),
    (time, lambda value: f"'{value.isoformat()}'::{'time' if value.tzinfo is None else 'timetz'}"),
    (timedelta, _interval),
    (dict, _json),
    ((set, frozenset), lambda value: "(" + ", ".join(map(literal, value)) + ")"),
)
"""Order counts: True is an int as well, a datetime is a date."""
