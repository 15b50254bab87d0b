"""Functions and operators on text: ASCII where collations or case could matter, unknown beyond."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from alembic_contracts.dialects.postgresql.names import quote
from alembic_contracts.patterns import pattern
from alembic_contracts.prediction.answers.ordering import order_of_texts
from alembic_contracts.prediction.answers.register import function, not_strict, operator
from alembic_contracts.prediction.answers.texts import cast_text, out_text
from alembic_contracts.prediction.answers.values import Array, Unknown
from alembic_contracts.prediction.sql.sqlstate import PostgresError

__all__: list[str] = []

_NOT_ASCII = Unknown("upper and lower case beyond ASCII, which depends on the collation")
_LARGEST = 1_000_000
"""Characters of a result that are worked out."""

for _name in ("length", "char_length", "character_length"):
    function(_name, "text")(len)


@function("octet_length", "text")
def _octet_length(text: str) -> int:
    return len(text.encode())


@function("lower", "text")
def _lower(text: str) -> Any:
    return text.lower() if text.isascii() else _NOT_ASCII


@function("upper", "text")
def _upper(text: str) -> Any:
    return text.upper() if text.isascii() else _NOT_ASCII


@function("initcap", "text")
def _initcap(text: str) -> Any:
    if not text.isascii():
        return _NOT_ASCII
    return re.sub(r"[A-Za-z0-9]+", lambda word: word[0][:1].upper() + word[0][1:].lower(), text)


@function("left", "text int4")
def _left(text: str, count: int) -> str:
    return text[:count] if count >= 0 else text[: max(len(text) + count, 0)]


@function("right", "text int4")
def _right(text: str, count: int) -> Any:
    if count >= 0:
        return text[max(len(text) - count, 0) :] if count else ""
    return text[-count:] if count > -(2**31) else Unknown("a count that overflows")


@function("ltrim", "text", "text text")
def _ltrim(text: str, characters: str = " ") -> str:
    return text.lstrip(characters) if characters else text


@function("rtrim", "text", "text text")
def _rtrim(text: str, characters: str = " ") -> str:
    return text.rstrip(characters) if characters else text


@function("btrim", "text", "text text")
def _btrim(text: str, characters: str = " ") -> str:
    return text.strip(characters) if characters else text


@function("replace", "text text text")
def _replace(text: str, old: str, new: str) -> str:
    return text.replace(old, new) if old else text


@function("repeat", "text int4")
def _repeat(text: str, count: int) -> Any:
    return text * max(count, 0) if len(text) * count < _LARGEST else Unknown("a text of this length")


@function("reverse", "text")
def _reverse(text: str) -> str:
    return text[::-1]


@function("strpos", "text text")
@function("position", "text text")
def _position(text: str, part: str) -> int:
    return text.find(part) + 1


@function("substring", "text int4", "text int4 int4")
@function("substr", "text int4", "text int4 int4")
def _substring(text: str, start: int, length: int | None = None) -> str:
    if length is None:
        return text[max(start - 1, 0) :]
    if length < 0:
        raise PostgresError("22011", "negative substring length not allowed")
    return text[max(start - 1, 0) : max(start - 1 + length, 0)]


@function("split_part", "text text int4")
def _split_part(text: str, separator: str, position: int) -> str:
    if position == 0:
        raise PostgresError("22023", "field position must not be zero")
    if not text:
        return ""
    parts = text.split(separator) if separator else [text]
    if position < 0:
        position += len(parts) + 1
    return parts[position - 1] if 0 < position <= len(parts) else ""


@function("starts_with", "text text")
def _starts_with(text: str, prefix: str) -> bool:
    return text.startswith(prefix)


@function("translate", "text text text")
def _translate(text: str, source: str, target: str) -> str:
    table: dict[str, str] = {}
    for position, character in enumerate(source):
        table.setdefault(character, target[position] if position < len(target) else "")
    return "".join(table.get(character, character) for character in text)


@function("lpad", "text int4", "text int4 text")
def _lpad(text: str, length: int, fill: str = " ") -> Any:
    return _padded(text, length, fill, left=True)


@function("rpad", "text int4", "text int4 text")
def _rpad(text: str, length: int, fill: str = " ") -> Any:
    return _padded(text, length, fill, left=False)


def _padded(text: str, length: int, fill: str, *, left: bool) -> Any:
    if length >= _LARGEST:
        return Unknown("a text of this length")
    missing = max(length, 0) - len(text)
    if missing <= 0:
        return text[: max(length, 0)]
    padding = (fill * (missing // len(fill) + 1))[:missing] if fill else ""
    return padding + text if left else text + padding


@function("ascii", "text")
def _ascii(text: str) -> Any:
    return ord(text[0]) if text else 0


@function("md5", "text")
def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@function("quote_ident", "text")
def quote_ident(text: str) -> str:
    """Return a name as SQL takes it."""
    return quote(text)


@function("quote_literal", "text")
def quote_literal(text: str) -> str:
    """Return a text as a literal of SQL."""
    quoted = "'" + text.replace("'", "''").replace("\\", "\\\\") + "'"
    return f"E{quoted}" if "\\" in text else quoted


@function("quote_nullable", "text")
def _quote_nullable(text: str | None) -> str:
    return "NULL" if text is None else quote_literal(text)


def _joined(separator: str, values: tuple[Any, ...]) -> Any:
    texts = [out_text(value) for value in values if value is not None]
    bad = next((text for text in texts if isinstance(text, Unknown)), None)
    return bad or separator.join(map(str, texts))


@function("concat", "any")
def _concat(*values: Any) -> Any:
    return _joined("", values)


@function("concat_ws", "text any")
def _concat_ws(separator: str | None, *values: Any) -> Any:
    return None if separator is None else _joined(separator, values)


_FORMAT = pattern(r"%(?:(?P<percent>%)|(?:(?P<position>[1-9]\d*)\$)?(?P<how>[sIL]))")


@function("format", "text", "text any")
def _format(template: str | None, *values: Any) -> Any:
    if template is None:
        return None
    if "%" in _FORMAT.sub("", template):
        return Unknown("a format() with widths, or one that is malformed")
    parts, end, given = [], 0, 0
    for match in _FORMAT.finditer(template):
        parts.append(template[end : match.start()])
        end = match.end()
        if match["percent"]:
            parts.append("%")
            continue
        given = int(match["position"]) if match["position"] else given + 1
        if given > len(values):
            raise PostgresError("22023", "too few arguments for format()")
        part = _formatted(values[given - 1], match["how"])
        if isinstance(part, Unknown):
            return part
        parts.append(part)
    return "".join([*parts, template[end:]])


def _formatted(value: Any, how: str) -> Any:
    if value is None:
        if how == "I":
            raise PostgresError("22004", "null values cannot be formatted as an SQL identifier")
        return "NULL" if how == "L" else ""
    text = out_text(value)
    if isinstance(text, Unknown) or how == "s":
        return text
    return quote(text) if how == "I" else quote_literal(text)


not_strict("concat", "concat_ws", "format", "quote_nullable", "array_to_string", "string_to_array")


@function("string_to_array", "text text", "text text text")
def _string_to_array(text: str | None, separator: str | None, null: str | None = None) -> Any:
    if text is None:
        return None
    if separator is None:
        items: list[Any] = list(text)
    else:
        items = text.split(separator) if separator and text else ([text] if text else [])
    return Array([None if null is not None and item == null else item for item in items], "text")


@function("array_to_string", "anyarray text", "anyarray text text")
def _array_to_string(array: Array | None, separator: str | None, null: str | None = None) -> Any:
    if array is None or separator is None:
        return None
    texts = [null if item is None else out_text(item) for item in array]
    bad = next((text for text in texts if isinstance(text, Unknown)), None)
    return bad or separator.join(str(text) for text in texts if text is not None)


# -- operators ---------------------------------------------------------------------------------------------------------


@operator("||", "text text")
def _concatenated(left: str, right: str) -> str:
    return str(left) + str(right)


@operator("||", "text anynonarray")
def _with_other(left: str, right: Any) -> Any:
    text = cast_text(right)
    return text if isinstance(text, Unknown) else str(left) + text


@operator("||", "anynonarray text")
def _other_with(left: Any, right: str) -> Any:
    text = cast_text(left)
    return text if isinstance(text, Unknown) else text + str(right)


@operator("=", "text text", "name name", "name text", "text name", "char char")
def _equal(left: str, right: str) -> bool:
    return str(left) == str(right)


@operator("<>", "text text", "name name", "name text", "text name", "char char")
def _different(left: str, right: str) -> bool:
    return str(left) != str(right)


for _symbol, _holds in {
    "<": lambda order: order < 0,
    "<=": lambda order: order <= 0,
    ">": lambda order: order > 0,
    ">=": lambda order: order >= 0,
}.items():

    @operator(_symbol, "text text")
    def _compared(left: str, right: str, holds: Any = _holds) -> Any:
        order = order_of_texts(str(left), str(right))
        return Unknown("an order of texts, which depends on the collation") if order is None else holds(order)

    @operator(_symbol, "name name")
    def _compared_names(left: str, right: str, holds: Any = _holds) -> Any:
        one, other = str(left).encode(), str(right).encode()
        return holds((one > other) - (one < other))


# -- patterns ----------------------------------------------------------------------------------------------------------


_ESCAPE_AT_END = Unknown("a pattern that ends with an escape, which is refused if the text comes so far")


def _ends_in_escape(pattern: str) -> bool:
    return (len(pattern) - len(pattern.rstrip("\\"))) % 2 == 1


def _like(pattern: str, *, ignore_case: bool = False) -> re.Pattern[str]:
    parts = re.split(r"(\\.|%|_)", pattern, flags=re.DOTALL)
    special = {"%": ".*", "_": "."}
    text = "".join(special.get(p, re.escape(p[1:] if p.startswith("\\") and len(p) > 1 else p)) for p in parts)
    return re.compile(text, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


@operator("~~", "text text", "name text")
def _is_like(text: str, pattern: str) -> Any:
    return _ESCAPE_AT_END if _ends_in_escape(pattern) else _like(pattern).fullmatch(text) is not None


@operator("!~~", "text text", "name text")
def _is_not_like(text: str, pattern: str) -> Any:
    found = _is_like(text, pattern)
    return found if isinstance(found, Unknown) else not found


@operator("~~*", "text text", "name text")
def _is_ilike(text: str, pattern: str) -> Any:
    if _ends_in_escape(pattern):
        return _ESCAPE_AT_END
    both = text.isascii() and pattern.isascii()
    return _like(pattern, ignore_case=True).fullmatch(text) is not None if both else _NOT_ASCII


@operator("!~~*", "text text", "name text")
def _is_not_ilike(text: str, pattern: str) -> Any:
    found = _is_ilike(text, pattern)
    return found if isinstance(found, Unknown) else not found


_ATOM = r"(?:[A-Za-z0-9 _,:;@!/<>='\"-]|\.|\[\^?[A-Za-z0-9_]+(?:-[A-Za-z0-9])?[A-Za-z0-9_]*\]|\\[.*+?()\[\]{}|^$])"
_BRANCH = rf"(?:{_ATOM}[*+?]?)*"
_SIMPLE_PATTERN = pattern(rf"\^?{_BRANCH}\$?|\^?\({_BRANCH}(?:\|{_BRANCH})*\)\$?|{_BRANCH}(?:\|{_BRANCH})+")
"""Regular expressions that mean the same to PostgreSQL and to Python, when asked whether they match."""


def _matches(text: str, pattern: str, flags: int = 0) -> Any:
    if not _SIMPLE_PATTERN.fullmatch(pattern) or (flags and not (text.isascii() and pattern.isascii())):
        return Unknown("a regular expression beyond the simplest")
    return (
        re.search(pattern.replace("$", r"\Z") if pattern.endswith("$") else pattern, text, re.DOTALL | flags)
        is not None
    )


@operator("~", "text text", "name text")
def _matches_case(text: str, pattern: str) -> Any:
    return _matches(text, pattern)


@operator("~*", "text text", "name text")
def _matches_any_case(text: str, pattern: str) -> Any:
    return _matches(text, pattern, re.IGNORECASE)


@operator("!~", "text text", "name text")
def _matches_not(text: str, pattern: str) -> Any:
    found = _matches(text, pattern)
    return found if isinstance(found, Unknown) else not found


@operator("!~*", "text text", "name text")
def _matches_not_any_case(text: str, pattern: str) -> Any:
    found = _matches(text, pattern, re.IGNORECASE)
    return found if isinstance(found, Unknown) else not found
