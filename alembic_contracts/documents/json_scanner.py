"""A JSON text in, where every key and value stands out, and what is wrong with it, where something is.

It accepts what RFC 8259 allows and nothing else.
"""

from __future__ import annotations

import json
import math
import re
from bisect import bisect_right
from functools import cached_property
from typing import cast

from alembic_contracts.documents import json_mistakes as mistakes
from alembic_contracts.documents.document import MAXIMUM_PROBLEMS, Budget, Position, child, problem_at
from alembic_contracts.errors import Problem
from alembic_contracts.patterns import pattern

__all__ = ["MalformedError", "Scanner"]

_SPACE = pattern(r"[ \t\n\r]*")
_STRING = pattern(r'"(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*+')
"""All of a string but the double quote that closes it."""
_NUMBER = pattern(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?(?![0-9A-Za-z_.+])")
_PLAIN = r'"([ !#-\[\]-~]*+)"'
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


class MalformedError(Exception):
    """Where the text stops being JSON; what follows cannot be read."""

    def __init__(self, offset: int, pointer: str, message: str) -> None:
        super().__init__(message)
        self.offset = offset
        self.pointer = pointer
        self.message = message


class Scanner:
    """One pass over one text: where its values and keys stand by their pointers. Offsets count characters from 0."""

    def __init__(self, text: str, file: str, maximum_values: int, maximum_depth: int) -> None:
        self.text = text
        self.file = file
        self.maximum_depth = maximum_depth
        self.budget = Budget(maximum_values)
        self.values: dict[str, int] = {}
        self.keys: dict[str, int] = {}
        self.problems: list[Problem] = []

    @cached_property
    def line_starts(self) -> list[int]:
        """Offsets at which lines begin."""
        return [0, *(match.end() for match in _LINE_END.finditer(self.text))]

    def position(self, offset: int) -> Position:
        """Return line and column, from 1 on."""
        line = bisect_right(self.line_starts, offset)
        return line, offset - self.line_starts[line - 1] + 1

    def note(self, offset: int, pointer: str, message: str) -> None:
        """Keep a problem that does not stop the reading."""
        if len(self.problems) < MAXIMUM_PROBLEMS:
            self.problems.append(problem_at(self.file, self.position(offset), pointer, message))

    def document(self) -> object:
        """Return the text's value, and leave what is known on the way in ``values``, ``keys`` and ``problems``.

        Raises:
            MalformedError: it stops being JSON.
        """
        start = self._skip(0)
        if start == len(self.text):
            raise MalformedError(0, "", "the file is empty")
        value, end = self._value(start, "", 1)
        end = self._skip(end)
        if end < len(self.text):
            raise MalformedError(end, "", mistakes.after_the_end(self.text, end))
        return value

    def _skip(self, offset: int) -> int:
        match = _SPACE.match(self.text, offset)
        return match.end() if match else offset

    def _value(self, start: int, pointer: str, depth: int) -> tuple[object, int]:
        self.values[pointer] = start
        if exceeded := self.budget.exceeded_by(pointer):
            raise MalformedError(start, pointer, exceeded)
        first = self.text[start : start + 1]
        if first == '"':
            plain = _PLAIN_STRING.match(self.text, start)
            return (plain[1], plain.end()) if plain else self._string(start, pointer)
        if first in {"{", "["}:
            if depth > self.maximum_depth:
                raise MalformedError(start, pointer, f"nested more than {self.maximum_depth} levels deep")
            return self._object(start, pointer, depth) if first == "{" else self._list(start, pointer, depth)
        if literal := _LITERAL.match(self.text, start):
            return _LITERALS[literal.group()], literal.end()
        if number := _NUMBER.match(self.text, start):
            return self._number(number, pointer), number.end()
        if special := _NOT_FINITE.match(self.text, start):
            self.note(start, pointer, f"`{special.group()}` is no number that JSON knows; leave the key out instead")
            return None, special.end()
        raise MalformedError(start, pointer, mistakes.no_value(self.text, start))

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
            raise MalformedError(offset, pointer, message)
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
            raise MalformedError(start, pointer, mistakes.no_key(self.text, start, self._opened_at(opened)))
        key, offset = self._string(start, pointer)
        member = child(pointer, key)
        if key in members:
            line = self.position(self.keys[member])[0]
            self.note(start, member, f"the key `{key}` stands here twice, first on line {line}")
        else:
            self.keys[member] = start
        offset = self._skip(offset)
        if not self.text.startswith(":", offset):
            raise MalformedError(offset, member, f"a colon is missing after the key `{key}`")
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
            raise MalformedError(
                offset, pointer, mistakes.no_comma(self.text, offset, closing, self._opened_at(opened))
            )
        following = self._skip(offset + 1)
        if self.text[following : following + 1] in {"}", "]"}:
            raise MalformedError(
                offset, pointer, f"a comma before the closing `{self.text[following]}` is one too many"
            )
        return following, False

    def _opened_at(self, offset: int) -> str:
        return f"the `{self.text[offset]}` of line {self.position(offset)[0]}"
