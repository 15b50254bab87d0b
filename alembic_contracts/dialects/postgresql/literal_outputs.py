"""A literal's text and one of PostgreSQL's own types in, what the type's output function makes of it out.

Only forms of which that was shown are understood; all others are None.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from alembic_contracts.patterns import pattern

__all__ = ["BOOLEANS", "INTEGERS", "number", "output"]

INTEGERS = {"int2": 2**15, "int4": 2**31, "int8": 2**63}
"""How many values each has above zero, zero among them."""
BOOLEANS = {"true": "true", "t": "true", "yes": "true", "y": "true", "on": "true", "1": "true",
            "false": "false", "f": "false", "no": "false", "n": "false", "off": "false", "0": "false"}  # fmt: skip
_UUID = pattern(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def output(type_name: str, text: str) -> str | None:
    """Return what ``'text'::type`` is when it is printed.

    Args:
        type_name: as ``pg_type.typname`` has it.
        text: the literal.
    """
    known = _OUTPUTS.get(type_name)
    return known(text) if known is not None else None


def number(text: str) -> str | None:
    """``numeric_out`` of a plain decimal number, None for other forms."""
    match = re.fullmatch(r"([+-]?)(\d*)(?:\.(\d*))?", text.strip())
    if match is None or not (match[2] or match[3]):
        return None
    whole, fraction = match[2].lstrip("0") or "0", match[3] or ""
    shown = f"{whole}.{fraction}" if fraction else whole
    return f"-{shown}" if match[1] == "-" and shown.strip("0.") else shown


def _integer(limit: int) -> Callable[[str], str | None]:
    def shown(text: str) -> str | None:
        stripped = text.strip()
        if not re.fullmatch(r"[+-]?\d+", stripped, re.ASCII) or not -limit <= int(stripped) < limit:
            return None
        return str(int(stripped))

    return shown


def _float(digits: int) -> Callable[[str], str | None]:
    def shown(text: str) -> str | None:
        """Return a short decimal, which looks the same whatever ``extra_float_digits`` is."""
        plain = number(text)
        if plain is None or len(plain.strip("-0.").replace(".", "")) > digits or len(plain) > digits:
            return None
        if plain.startswith(("0.0000", "-0.0000")):
            return None
        trimmed = plain.rstrip("0").rstrip(".") if "." in plain else plain
        return None if text.strip().startswith("-") and trimmed in {"0", "-0"} else trimmed

    return shown


def _json(text: str) -> str | None:
    return None if _parsed(text) is _NOTHING else text


def _jsonb(text: str) -> str | None:
    value = _parsed(text)
    return None if value is _NOTHING else _as_jsonb(value)


_NOTHING = object()


class _Number(str):
    """A number as it is written."""

    __slots__ = ()


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse, parse_int=_Number, parse_float=_Number)
    except (ValueError, RecursionError):
        return _NOTHING


def _as_jsonb(value: Any) -> str | None:
    """Return the text that ``jsonb_out`` writes: keys by their length, then by their bytes; the last of equals."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: (len(key.encode()), key.encode()))
        parts = [(_string(key), _as_jsonb(value[key])) for key in keys]
        if any(key is None or member is None for key, member in parts):
            return None
        return "{" + ", ".join(f"{key}: {member}" for key, member in parts) + "}"
    if isinstance(value, list):
        members = [_as_jsonb(member) for member in value]
        return None if None in members else "[" + ", ".join(member or "" for member in members) + "]"
    if isinstance(value, _Number):
        return None if "e" in value.lower() or value.startswith("-0") else number(value)
    if isinstance(value, str):
        return _string(value)
    return {True: "true", False: "false", None: "null"}[value]


def _string(text: str) -> str | None:
    if any(ord(char) < 32 or ord(char) == 127 or 0xD800 <= ord(char) < 0xE000 for char in text):
        return None
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _date(text: str) -> str | None:
    """Return a date in ISO form, which every ``DateStyle`` reads alike; they are printed under that of ISO."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return None
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return None


def _timestamp(text: str) -> str | None:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d)?)?", text):
        return None
    try:
        return datetime.fromisoformat(text).isoformat(" ")
    except ValueError:
        return None


def _interval(text: str) -> str | None:
    if re.fullmatch(r"\d\d:[0-5]\d:[0-5]\d", text):
        return text
    match = re.fullmatch(r"(\d{1,4}) (year|month|day|hour|minute|second)s?", text)
    if match is None or (match[2] == "month" and int(match[1]) > 11):
        return None
    count, unit = int(match[1]), match[2].replace("month", "mon")
    if unit in {"year", "mon", "day"}:
        return f"{count} {unit}{'' if count == 1 else 's'}" if count else "00:00:00"
    seconds = count * {"hour": 3600, "minute": 60, "second": 1}[unit]
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _time(text: str) -> str | None:
    match = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?", text)
    return None if match is None else f"{match[1]}:{match[2]}:{match[3] or '00'}"


_OUTPUTS: dict[str, Callable[[str], str | None]] = {
    **{name: _integer(limit) for name, limit in INTEGERS.items()},
    "bool": lambda text: BOOLEANS.get(text.strip().lower()),
    "bytea": lambda text: "\\x" if not text else None,
    "date": _date,
    "float4": _float(6),
    "float8": _float(15),
    "interval": _interval,
    "json": _json,
    "jsonb": _jsonb,
    "name": lambda text: text if len(text.encode()) < 64 else None,
    "numeric": number,
    "time": _time,
    "timestamp": _timestamp,
    "uuid": lambda text: text.lower() if _UUID.fullmatch(text.lower()) else None,
}
"""What is printed for a literal, by its type; None where its form is none of those that are understood."""
