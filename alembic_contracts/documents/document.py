"""What reading a file comes to: its value, and the place where each part of it was written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from alembic_contracts.errors import Problem

__all__ = ["ContractLocation", "Document", "Position", "child", "printable", "problem_at"]

Position = tuple[int, int]
"""Line and column, both counted from 1, the column in characters."""


@dataclass(frozen=True, slots=True)
class ContractLocation:
    """Where in a contract file something is stated. ``line`` and ``column`` count from 1."""

    file: str
    """Relative to the working directory where possible, with forward slashes."""
    line: int
    column: int = 1
    pointer: str = ""
    """JSON pointer (RFC 6901)."""


@dataclass(frozen=True, slots=True)
class Document:
    """A file's value with positions by JSON pointer (RFC 6901); ``""`` is the whole document."""

    file: str
    """As messages show it."""
    value: object
    """What ``json.loads`` would give."""
    values: Mapping[str, Position]
    """Where each value begins."""
    keys: Mapping[str, Position]
    """Where each key of an object begins, by the pointer of its value."""

    def value_at(self, pointer: str) -> object:
        """Return the value at a pointer that is in ``values``."""
        value: Any = self.value
        for step in pointer.split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            value = value[int(key)] if isinstance(value, list) else value[key]
        return cast("object", value)

    def location(self, pointer: str) -> ContractLocation:
        """Return where a key stands, or the value itself where it has no key (list items, the document)."""
        line, column = self.keys.get(pointer) or self.values[pointer]
        return ContractLocation(self.file, line, column, pointer)

    def problem(self, pointer: str, message: str) -> Problem:
        """Return a problem with the value at a pointer."""
        return problem_at(self.file, self.values[pointer], pointer, message)

    def key_problem(self, pointer: str, message: str) -> Problem:
        """Return a problem with the key at a pointer: it is unknown, or should not be there at all."""
        return problem_at(self.file, self.keys.get(pointer) or self.values[pointer], pointer, message)


def child(pointer: str, key: str | int) -> str:
    """Return the JSON pointer of a member of the value at ``pointer``."""
    return f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"


def problem_at(file: str, position: Position, pointer: str, message: str) -> Problem:
    """Return a problem that can be printed on one line, whatever characters the file has."""
    return Problem(file, *position, printable(pointer), printable(message))


def printable(text: str) -> str:
    """Return a text with escapes for characters that would do something to a terminal or to the lines of a log."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
