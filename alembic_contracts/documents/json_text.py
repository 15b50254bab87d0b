"""A JSON text in, a ``Document`` out that knows where every key and value stands.

``json.loads`` says where a syntax error is, but not where a value that turns out to be wrong later stands, keeps the
last of two equal keys and accepts NaN. This reader accepts what RFC 8259 allows and nothing else.

It is slow beside ``json``, so that ``json`` reads what nothing is wrong with, as nearly always, and this one goes over
the same text when somebody asks where something stands.
"""

from __future__ import annotations

import json
import math
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from functools import cached_property, partial
from itertools import chain
from typing import cast

from alembic_contracts.documents import json_mistakes as mistakes
from alembic_contracts.documents.document import (
    MAXIMUM_PROBLEMS,
    Budget,
    Content,
    Document,
    Position,
    child,
    problem_at,
)
from alembic_contracts.errors import InvalidContracts, Problem
from alembic_contracts.patterns import pattern

__all__ = ["MAXIMUM_DEPTH", "MAXIMUM_VALUES", "parse"]

MAXIMUM_DEPTH = 64
"""Objects and lists within each other; a contract needs seven, Python's own stack allows about a thousand."""
MAXIMUM_VALUES = 100_000
"""Values of any kind in one document; 1,600 columns with everything that can be stated take a quarter of it."""

_SPACE = pattern(r"[ \t\n\r]*")
_STRING = pattern(r'"(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*+')
"""All of a string but the double quote that closes it."""
_NUMBER = pattern(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?(?![0-9A-Za-z_.+])")
_PLAIN = r'"([^"\\\x00-\x1f\x7f-\U0010ffff]*+)"'
_PLAIN_STRING = pattern(_PLAIN)
"""One of ASCII without escapes, as nearly all are: nothing can be wrong with it."""
_PLAIN_KEY = pattern(_PLAIN + r"[ \t\n\r]*+:[ \t\n\r]*+")
_NEXT = pattern(r"[ \t\n\r]*+(?:([}\]])|,[ \t\n\r]*+(?![}\] \t\n\r]))")
"""What follows a member: the end, or a comma with another one behind it."""
_LITERAL = pattern(r"(?:true|false|null)(?![0-9A-Za-z_])")
_NOT_FINITE = pattern(r"[-+]?(?:NaN|Infinity)(?![0-9A-Za-z_])")
_LITERALS: dict[str, object] = {"true": True, "false": False, "null": None}
_LINE_END = pattern(r"\r\n|\n|\r")
_SURROGATE = pattern("[\ud800-\udfff]")


def parse(text: str, file: str, *, maximum_values: int = MAXIMUM_VALUES) -> Document:
    """Return the document that a JSON text holds.

    Args:
        text: The file's content, without a byte order mark.
        file: The file's name for messages.
        maximum_values: How many values it may hold.

    Raises:
        InvalidContracts: it is not JSON (one problem), or keys are duplicated, numbers not finite, characters halved
            (one problem each).
    """
    return Document(file, partial(_content, text, file, maximum_values))


def _content(text: str, file: str, maximum_values: int) -> Content:
    scanner = _Scanner(text, file, maximum_values)
    try:
        value = _sound(text, Budget(maximum_values))
    except (ValueError, RecursionError):
        value = _scanned(scanner)
    return Content(value, _Positions(scanner, scanner.values), _Positions(scanner, scanner.keys))


def _scanned(scanner: _Scanner) -> object:
    value = None
    try:
        value = scanner.document()
    except _MalformedError as error:
        scanner.note(error.offset, error.pointer, error.message)
    if scanner.problems:
        raise InvalidContracts(tuple(scanner.problems))
    return value


# -- what is sound -----------------------------------------------------------------------------------------------------


def _sound(text: str, budget: Budget) -> object:
    """Return what a text holds.

    Raises:
        ValueError: something is wrong with it, or may be.
        RecursionError: it is nested far too deep.
    """
    if "\\ud" in text or "\\uD" in text or (not text.isascii() and _SURROGATE.search(text)):
        raise ValueError("half of a character")
    value: object = _DECODER.decode(text)
    _refuse_too_much(value, budget)
    return value


def _refuse_too_much(value: object, budget: Budget) -> None:
    """Raise a ValueError for a value that is larger than the budget has it, or nested too deep, or nearly so."""
    budget.exceeded_by("")
    layer, longest = [value], 0
    for _ in range(MAXIMUM_DEPTH + 1):
        objects = [each for each in layer if isinstance(each, dict)]
        lists = [each for each in layer if isinstance(each, list)]
        if not objects and not lists:
            return
        layer = [*chain.from_iterable(each.values() for each in objects), *chain.from_iterable(lists)]
        # The pointers of this layer: a key may have up to twice its characters there, and a list numbers its items.
        longest += 1 + max(2 * max(map(len, chain.from_iterable(objects)), default=0), len(str(len(layer))))
        if budget.exceeded_by_several(len(layer), len(layer) * longest):
            raise ValueError("large")
    raise ValueError("deep")


def _once(members: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(members)
    if len(found) < len(members):
        raise ValueError("a key stands twice")
    return found


def _finite(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise ValueError("too large")
    return value


def _no_constant(name: str) -> object:
    raise ValueError(name)


_DECODER = json.JSONDecoder(object_pairs_hook=_once, parse_float=_finite, parse_constant=_no_constant)


# -- what is not, and where everything stands --------------------------------------------------------------------------


class _Positions(Mapping[str, Position]):
    """Positions by pointer, worked out when somebody asks: few are ever told."""

    def __init__(self, scanner: _Scanner, offsets: Mapping[str, int]) -> None:
        self._scanner, self._offsets = scanner, offsets

    def _found(self) -> Mapping[str, int]:
        if not self._scanner.values:
            self._scanner.document()
        return self._offsets

    def __getitem__(self, pointer: str) -> Position:
        return self._scanner.position(self._found()[pointer])

    def __contains__(self, pointer: object) -> bool:
        return pointer in self._found()

    def __iter__(self) -> Iterator[str]:
        return iter(self._found())

    def __len__(self) -> int:
        return len(self._found())


class _MalformedError(Exception):
    """Where the text stops being JSON; what follows cannot be read."""

    def __init__(self, offset: int, pointer: str, message: str) -> None:
        super().__init__(message)
        self.offset = offset
        self.pointer = pointer
        self.message = message


class _Scanner:
    """One pass over one text. Offsets count characters from 0."""

    def __init__(self, text: str, file: str, maximum_values: int) -> None:
        self.text = text
        self.file = file
        self.budget = Budget(maximum_values)
        self.values: dict[str, int] = {}
        self.keys: dict[str, int] = {}
        self.problems: list[Problem] = []

    @cached_property
    def line_starts(self) -> list[int]:
        return [0, *(match.end() for match in _LINE_END.finditer(self.text))]

    def position(self, offset: int) -> Position:
        line = bisect_right(self.line_starts, offset)
        return line, offset - self.line_starts[line - 1] + 1

    def note(self, offset: int, pointer: str, message: str) -> None:
        """Keep a problem that does not stop the reading."""
        if len(self.problems) < MAXIMUM_PROBLEMS:
            self.problems.append(problem_at(self.file, self.position(offset), pointer, message))

    def document(self) -> object:
        start = self._skip(0)
        if start == len(self.text):
            raise _MalformedError(0, "", "the file is empty")
        value, end = self._value(start, "", 1)
        end = self._skip(end)
        if end < len(self.text):
            raise _MalformedError(end, "", mistakes.after_the_end(self.text, end))
        return value

    def _skip(self, offset: int) -> int:
        match = _SPACE.match(self.text, offset)
        return match.end() if match else offset

    def _value(self, start: int, pointer: str, depth: int) -> tuple[object, int]:
        self.values[pointer] = start
        if exceeded := self.budget.exceeded_by(pointer):
            raise _MalformedError(start, pointer, exceeded)
        first = self.text[start : start + 1]
        if first == '"':
            plain = _PLAIN_STRING.match(self.text, start)
            return (plain[1], plain.end()) if plain else self._string(start, pointer)
        if first in {"{", "["}:
            if depth > MAXIMUM_DEPTH:
                raise _MalformedError(start, pointer, f"nested more than {MAXIMUM_DEPTH} levels deep")
            return self._object(start, pointer, depth) if first == "{" else self._list(start, pointer, depth)
        if literal := _LITERAL.match(self.text, start):
            return _LITERALS[literal.group()], literal.end()
        if number := _NUMBER.match(self.text, start):
            return self._number(number, pointer), number.end()
        if special := _NOT_FINITE.match(self.text, start):
            self.note(start, pointer, f"`{special.group()}` is no number that JSON knows; leave the key out instead")
            return None, special.end()
        raise _MalformedError(start, pointer, mistakes.no_value(self.text, start))

    def _number(self, number: re.Match[str], pointer: str) -> int | float | None:
        digits = number.group()
        try:
            value = float(digits) if number.group(1) or number.group(2) else int(digits)
        except ValueError:  # Python's limit on the digits of an int (sys.get_int_max_str_digits)
            value = math.inf
        if isinstance(value, float) and math.isinf(value):
            self.note(number.start(), pointer, "the number is too large")
            return None
        return value

    def _string(self, start: int, pointer: str) -> tuple[str, int]:
        match = cast("re.Match[str]", _STRING.match(self.text, start))  # it matches wherever a double quote stands
        end = match.end()
        if not self.text.startswith('"', end):
            offset, message = mistakes.broken_string(self.text, start, end)
            raise _MalformedError(offset, pointer, message)
        literal = self.text[start : end + 1]
        value = json.loads(literal) if "\\" in literal else literal[1:-1]
        if not value.isascii() and _SURROGATE.search(value):
            self.note(start, pointer, r"half of a surrogate pair (`\ud800` to `\udfff`) is no character")
        return value, end + 1

    def _object(self, start: int, pointer: str, depth: int) -> tuple[dict[str, object], int]:
        members: dict[str, object] = {}
        offset = self._skip(start + 1)
        if self.text.startswith("}", offset):
            return members, offset + 1
        while True:
            key, value_start, member = self._key(offset, pointer, members, start)
            members[key], offset = self._value(value_start, member, depth + 1)
            offset, closed = self._after_member(offset, start, pointer)
            if closed:
                return members, offset

    def _key(self, start: int, pointer: str, members: dict[str, object], opened: int) -> tuple[str, int, str]:
        """Return the key, where its value begins, and the value's pointer."""
        plain = _PLAIN_KEY.match(self.text, start)
        if plain and plain[1] not in members:
            member = child(pointer, plain[1])
            self.keys[member] = start
            return plain[1], plain.end(), member
        if not self.text.startswith('"', start):
            raise _MalformedError(start, pointer, mistakes.no_key(self.text, start, self._opened_at(opened)))
        key, offset = self._string(start, pointer)
        member = child(pointer, key)
        if key in members:
            line = self.position(self.keys[member])[0]
            self.note(start, member, f"the key `{key}` stands here twice, first on line {line}")
        else:
            self.keys[member] = start
        offset = self._skip(offset)
        if not self.text.startswith(":", offset):
            raise _MalformedError(offset, member, f"a colon is missing after the key `{key}`")
        return key, self._skip(offset + 1), member

    def _list(self, start: int, pointer: str, depth: int) -> tuple[list[object], int]:
        items: list[object] = []
        offset = self._skip(start + 1)
        if self.text.startswith("]", offset):
            return items, offset + 1
        while True:
            item, offset = self._value(offset, child(pointer, len(items)), depth + 1)
            items.append(item)
            offset, closed = self._after_member(offset, start, pointer)
            if closed:
                return items, offset

    def _after_member(self, offset: int, opened: int, pointer: str) -> tuple[int, bool]:
        """Return where the next member begins, or where the text goes on after the closing bracket."""
        closing = "}" if self.text[opened] == "{" else "]"
        usual = _NEXT.match(self.text, offset)
        if usual and usual[1] in {None, closing}:
            return usual.end(), usual[1] is not None
        offset = self._skip(offset)
        found = self.text[offset : offset + 1]
        if found == closing:
            return offset + 1, True
        if found != ",":
            raise _MalformedError(
                offset, pointer, mistakes.no_comma(self.text, offset, closing, self._opened_at(opened))
            )
        following = self._skip(offset + 1)
        if self.text[following : following + 1] in {"}", "]"}:
            raise _MalformedError(
                offset, pointer, f"a comma before the closing `{self.text[following]}` is one too many"
            )
        return following, False

    def _opened_at(self, offset: int) -> str:
        return f"the `{self.text[offset]}` of line {self.position(offset)[0]}"
