"""Functions and operators on dates and timestamps without time zone; what knows a time zone or the clock is unknown."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from alembic_contracts.prediction.answers.register import function, operator
from alembic_contracts.prediction.answers.values import Unknown
from alembic_contracts.prediction.sql.sqlstate import PostgresError

__all__: list[str] = []

_OUT = Unknown("a date out of the ordinary")


def _moved(day: date, days: int) -> Any:
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return _OUT


@operator("+", "date int4")
def _later(day: date, days: int) -> Any:
    return _moved(day, days)


@operator("+", "int4 date")
def _later_too(days: int, day: date) -> Any:
    return _moved(day, days)


@operator("-", "date int4")
def _earlier(day: date, days: int) -> Any:
    return _moved(day, -days)


@operator("-", "date date")
def _apart(left: date, right: date) -> int:
    return (left - right).days


@function("make_date", "int4 int4 int4")
def _make_date(year: int, month: int, day: int) -> Any:
    if not 0 < year < 10000:
        return _OUT
    try:
        return date(year, month, day)
    except ValueError:
        raise PostgresError("22008", f"date field value out of range: {year}-{month:02}-{day:02}") from None


_FIELDS: dict[str, Callable[[Any], Decimal]] = {
    "year": lambda t: Decimal(t.year),
    "month": lambda t: Decimal(t.month),
    "day": lambda t: Decimal(t.day),
    "hour": lambda t: Decimal(t.hour),
    "minute": lambda t: Decimal(t.minute),
    "dow": lambda t: Decimal(t.isoweekday() % 7),
    "isodow": lambda t: Decimal(t.isoweekday()),
    "doy": lambda t: Decimal(t.timetuple().tm_yday),
    "quarter": lambda t: Decimal((t.month + 2) // 3),
}


@function("extract", "text timestamp", "text date")
def _extract(field: str, value: Any) -> Any:
    compute = _FIELDS.get(field.lower())
    if compute is None or (field.lower() in {"hour", "minute"} and not isinstance(value, datetime)):
        return Unknown(f"EXTRACT({field})")
    return compute(value)


@function("date_part", "text timestamp", "text date")
def _date_part(field: str, value: Any) -> Any:
    found = _extract(field, value)
    return found if isinstance(found, Unknown) else float(found)


@function("date_trunc", "text timestamp")
def _date_trunc(field: str, value: datetime) -> Any:
    starts: dict[str, dict[str, Any]] = {
        "year": {"month": 1, "day": 1, "hour": 0, "minute": 0, "second": 0, "microsecond": 0},
        "month": {"day": 1, "hour": 0, "minute": 0, "second": 0, "microsecond": 0},
        "day": {"hour": 0, "minute": 0, "second": 0, "microsecond": 0},
        "hour": {"minute": 0, "second": 0, "microsecond": 0},
        "minute": {"second": 0, "microsecond": 0},
        "second": {"microsecond": 0},
    }
    start = starts.get(field.lower())
    return Unknown(f"date_trunc('{field}')") if start is None else value.replace(**start)


_SHOWN: dict[str, Callable[[Any], str | None]] = {
    "YYYY": lambda t: f"{t.year:04}" if t.year > 999 else None,
    "MM": lambda t: f"{t.month:02}",
    "DD": lambda t: f"{t.day:02}",
    "HH24": lambda t: f"{t.hour:02}",
    "MI": lambda t: f"{t.minute:02}",
    "SS": lambda t: f"{t.second:02}",
}


@function("to_char", "timestamp text", "date text")
def _to_char(value: Any, template: str) -> Any:
    parts = re.findall(r"YYYY|MM|DD(?!D)|HH24|MI|SS|[-/_:., ]", template)
    if "".join(parts) != template or re.search(r"YYYYY|DDD|SSSS", template):
        return Unknown("a template of to_char() beyond the usual")
    if not isinstance(value, datetime) and {"HH24", "MI", "SS"} & set(parts):
        return Unknown("the time of a date")
    texts = [_SHOWN[part](value) if part in _SHOWN else part for part in parts]
    return "".join(map(str, texts)) if None not in texts else _OUT
