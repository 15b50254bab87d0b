"""A value in, its text out as the output function of its type writes it, and back, as the input function reads it.

What depends on a setting (``DateStyle``, ``IntervalStyle``, ``TimeZone``) is unknown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from alembic_contracts.patterns import pattern
from alembic_contracts.prediction.answers.values import (
    Array,
    Char,
    Int2,
    Int8,
    Json,
    Jsonb,
    NameText,
    Number,
    Oid,
    Reg,
    Unknown,
    Varchar,
    Vector,
)
from alembic_contracts.prediction.sql.sqlstate import PostgresError

__all__ = ["READERS", "cast_text", "out_text", "plain_decimal", "read"]


# -- output ------------------------------------------------------------------------------------------------------------


def cast_text(value: Any) -> str | Unknown:
    """Return a known value's text as a cast to ``text`` has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return out_text(value)


def out_text(value: Any) -> str | Unknown:
    """Return a known value's text as its type's output function writes it (``concat``, ``format``, arrays)."""
    if isinstance(value, Reg):
        return value.name
    if isinstance(value, (Number, Oid)) and value != 0:
        return Unknown("a number that only the server knows", nullable=False)
    if isinstance(value, Vector):
        texts = [out_text(item) for item in value]
        return next((text for text in texts if isinstance(text, Unknown)), None) or " ".join(map(str, texts))
    for kind, write in _WRITERS:
        if isinstance(value, kind):
            return write(value)
    return Unknown(f"the text of a {type(value).__name__}, which depends on settings")


def _float(value: float) -> str | Unknown:
    """The shortest digits that give the number back, where they need no exponent."""
    if type(value) is not float or (value != 0 and not 1e-4 <= abs(value) < 1e15):
        return Unknown("the text of a floating point number of this size")
    return repr(value).removesuffix(".0")


def _jsonb(value: Any) -> str | Unknown:
    """Keys by length, then bytes; one blank after colons and commas."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: (len(key.encode()), key.encode()))
        parts = [(_jsonb(key), _jsonb(value[key])) for key in keys]
        bad = next((part for pair in parts for part in pair if isinstance(part, Unknown)), None)
        return bad or "{" + ", ".join(f"{key}: {item}" for key, item in parts) + "}"
    if isinstance(value, list):
        items = [_jsonb(item) for item in value]
        bad = next((item for item in items if isinstance(item, Unknown)), None)
        return bad or "[" + ", ".join(map(str, items)) + "]"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, str) and not (value.isascii() and value.isprintable()):
        return Unknown("the text of a JSON string with escapes")
    return json.dumps(value)


_PLAIN_ITEM = pattern(r"[^\s{}\",\\]+")


def _array(value: Array) -> str | Unknown:
    parts = []
    for item in value:
        text = "NULL" if item is None else out_text(item)
        if isinstance(text, Unknown):
            return text
        if item is not None and (not _PLAIN_ITEM.fullmatch(text) or text.upper() == "NULL"):
            text = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
        parts.append(text)
    return "{" + ",".join(parts) + "}"


def _decimal(value: Decimal) -> str | Unknown:
    return format(value, "f") if value.is_finite() else Unknown("a number that is not finite")


_WRITERS: tuple[tuple[type, Callable[[Any], str | Unknown]], ...] = (
    (bool, lambda value: "t" if value else "f"),
    (str, str),
    (int, lambda value: str(int(value))),
    (Decimal, _decimal),
    (float, _float),
    (UUID, str),
    (Json, lambda value: value.text),
    (Jsonb, lambda value: _jsonb(value.value)),
    (Array, _array),
)


# -- input -------------------------------------------------------------------------------------------------------------

_SPACE = " \t\n\r\v\f"
_INTEGER = pattern(r"[-+]?[0-9]+")
_NUMERIC = pattern(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]{1,2})?")
_SPECIAL = pattern(r"[-+]?(nan|inf|infinity|0x.*|0o.*|0b.*|[0-9._eE+-]*)", re.IGNORECASE)
_DATE = pattern(r"(\d{4})-(\d{2})-(\d{2})")
_TIMESTAMP = pattern(r"(\d{4})-(\d{2})-(\d{2})[ T](\d{2}):(\d{2})(?::(\d{2}))?")
_UUID = pattern(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_TRUE = ("true", "yes", "on", "1")
_FALSE = ("false", "no", "off", "0")


def _invalid(type_name: str, text: str) -> PostgresError:
    return PostgresError("22P02", f'invalid input syntax for type {type_name}: "{text}"')


def _boolean(text: str) -> Any:
    word = text.strip(_SPACE).lower()
    if word in _TRUE or (word and word in ("t", "tr", "tru", "y", "ye")):
        return True
    if word in _FALSE or (word and word in ("f", "fa", "fal", "fals", "n", "of")):
        return False
    raise _invalid("boolean", text)


def _integer(kind: type[int], bits: int, name: str) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        word = text.strip(_SPACE)
        digits = _INTEGER.match(word)
        if digits is not None and not -(2 ** (bits - 1)) <= int(digits[0]) < 2 ** (bits - 1):
            # What follows the digits is not looked at any more (numutils.c).
            raise PostgresError("22003", f'value "{text}" is out of range for type {name}')
        if not _INTEGER.fullmatch(word):
            if re.fullmatch(r"[-+]?[0-9a-zA-Z_]+", word) and re.search(r"0[xXoObB]|_", word):
                return Unknown("a number in the spelling of newer servers")
            raise _invalid(name, text)
        return kind(word)

    return read


def _number(text: str, name: str) -> str | Unknown:
    """Return a number's text if it is in the usual spelling.

    Raises:
        PostgresError: 22P02, it is no number in any spelling.
    """
    word = text.strip(_SPACE)
    if _NUMERIC.fullmatch(word):
        return word
    if word and _SPECIAL.fullmatch(word):
        return Unknown("a number in an uncommon spelling")
    raise _invalid(name, text)


def _numeric(text: str) -> Any:
    word = _number(text, "numeric")
    return word if isinstance(word, Unknown) else plain_decimal(word)


def plain_decimal(word: str) -> Decimal:
    """Return the number of a text, without an exponent above zero: ``numeric`` has no scale below none."""
    number = Decimal(word)
    if number == 0:
        number = number.copy_abs()
    return number.quantize(Decimal(1)) if int(number.as_tuple().exponent) > 0 else number


def _float8(text: str) -> Any:
    word = _number(text, "double precision")
    return word if isinstance(word, Unknown) else float(word)


def _date(text: str) -> Any:
    match = _DATE.fullmatch(text)
    if match is None or match[1] == "0000":
        return Unknown("a date that is not written as 2024-12-31")
    try:
        return date(*map(int, match.groups()))
    except ValueError:
        raise PostgresError("22008", f'date/time field value out of range: "{text}"') from None


def _timestamp(text: str) -> Any:
    day = _date(text)
    if isinstance(day, date):
        return datetime(day.year, day.month, day.day)  # noqa: DTZ001 - without a time zone, as the type is
    match = _TIMESTAMP.fullmatch(text)
    if match is None or match[1] == "0000":
        return Unknown("a timestamp that is not written as 2024-12-31 12:00:00")
    try:
        year, month, of_month, hour, minute, second = (int(part or 0) for part in match.groups())
        return datetime(year, month, of_month, hour, minute, second)  # noqa: DTZ001 - as above
    except ValueError:
        return Unknown("a timestamp out of the ordinary")


def _uuid(text: str) -> Any:
    return UUID(text) if _UUID.fullmatch(text) else Unknown("a uuid in an uncommon spelling")


def _loaded(text: str) -> Any:
    """Return the value of a JSON text; numbers stay exact."""

    def refuse(_: str) -> Any:
        raise ValueError

    pairs: Callable[[list[tuple[str, Any]]], dict[str, Any]] = dict
    return json.loads(text, parse_float=Decimal, parse_constant=refuse, object_pairs_hook=pairs)


def _json(text: str) -> Any:
    try:
        value = _loaded(text)
    except (ValueError, RecursionError):
        return Unknown("what may be no JSON")
    return (
        Json(text, value) if "\\u" not in text and not _has_repeats(text) else Unknown("JSON in an uncommon spelling")
    )


def _jsonb_in(text: str) -> Any:
    found = _json(text)
    return Jsonb(found.value) if isinstance(found, Json) else found


def _has_repeats(text: str) -> bool:
    repeated = False

    def pairs(found: list[tuple[str, Any]]) -> None:
        nonlocal repeated
        repeated = repeated or len({key for key, _ in found}) < len(found)

    json.loads(text, object_pairs_hook=pairs)
    return repeated


def _name(text: str) -> Any:
    return NameText(text) if len(text.encode()) < 64 else Unknown("a name that is cut off")


READERS: dict[str, Callable[[str], Any]] = {
    "bool": _boolean,
    "int2": _integer(Int2, 16, "smallint"),
    "int4": _integer(int, 32, "integer"),
    "int8": _integer(Int8, 64, "bigint"),
    "oid": lambda text: Oid(text) if text.isdecimal() and text.isascii() and int(text) < 2**32 else Unknown("an oid"),
    "numeric": _numeric,
    "float8": _float8,
    "text": str,
    "varchar": Varchar,
    "name": _name,
    "char": lambda text: Char(text) if len(text) == 1 and text.isascii() else Unknown('a "char"'),
    "date": _date,
    "timestamp": _timestamp,
    "uuid": _uuid,
    "json": _json,
    "jsonb": _jsonb_in,
}
"""Input functions by the type's internal name."""


def read(text: str, type_name: str) -> Any:
    """Return what a type's input function makes of a text.

    Raises:
        PostgresError: 22P02, 22003 ... as the server would.
    """
    if type_name.startswith("_"):
        return _read_array(text, type_name[1:])
    reader = READERS.get(type_name)
    return Unknown(f"a literal of type {type_name}") if reader is None else reader(text)


_ITEM = pattern(r'[^\s{}",\\]+(?: +[^\s{}",\\]+)*|"(?:[^"\\]|\\.)*"')


def _read_array(text: str, element: str) -> Any:
    if not (text.startswith("{") and text.endswith("}")):
        return Unknown("an array in an uncommon spelling")
    items: list[Any] = []
    rest = text[1:-1]
    while rest:
        match = _ITEM.match(rest)
        if match is None:
            return Unknown("an array in an uncommon spelling")
        written, rest = match[0], rest[match.end() :]
        quoted = written.startswith('"')
        plain = re.sub(r"\\(.)", r"\1", written[1:-1]) if quoted else written
        items.append(None if not quoted and written.upper() == "NULL" else read(plain, element))
        if rest and (not rest.startswith(",") or rest == ","):
            return Unknown("an array in an uncommon spelling")
        rest = rest[1:]
    bad = next((item for item in items if isinstance(item, Unknown)), None)
    return bad or Array(items, element)
