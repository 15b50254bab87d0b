"""What reading a file comes to: its value, and the place where each part of it was written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from msgspec import Struct

from alembic_contracts import texts
from alembic_contracts.errors import Problem

__all__ = [
    "LONGEST_POINTER",
    "MAXIMUM_PROBLEMS",
    "Budget",
    "Content",
    "ContractLocation",
    "Document",
    "Position",
    "child",
    "objects",
    "problem_at",
]

Position = tuple[int, int]
"""Line and column, both counted from 1, the column in characters."""

MAXIMUM_PROBLEMS = 100
"""After so many the rest of a file is not looked at: it is something else than a contract."""
LONGEST_POINTER = 200
"""Characters of one in a problem; keys can have megabytes."""
_LONGEST_MESSAGE = 500


class ContractLocation(Struct, frozen=True, eq=False, gc=False):
    """Where in a contract file something is stated."""

    file: str
    """Relative to the working directory where possible, with forward slashes."""
    at: Position | Document
    """The position, or the document to ask for it: of many thousand facts few are ever told."""
    pointer: str = ""
    """JSON pointer (RFC 6901)."""

    @property
    def position(self) -> Position:
        """Line and column."""
        return self.at if isinstance(self.at, tuple) else self.at.place(self.pointer)

    @property
    def line(self) -> int:
        """Counted from 1."""
        return self.position[0]

    @property
    def column(self) -> int:
        """Counted from 1, in characters."""
        return self.position[1]

    def __eq__(self, other: object) -> bool:
        """Whether the file, the pointer and the position are the same."""
        if not isinstance(other, ContractLocation):
            return NotImplemented
        return (self.file, self.pointer) == (other.file, other.pointer) and self.position == other.position

    def __repr__(self) -> str:
        """Without the document."""
        return f"ContractLocation({self.file!r}, {self.position!r}, {self.pointer!r})"

    def __hash__(self) -> int:
        """Agree with equality, without looking for the position."""
        return hash((self.file, self.pointer))


class Content(Struct, frozen=True):
    """What a text holds, with positions by JSON pointer (RFC 6901); ``""`` is the whole document."""

    value: object
    """What ``json.loads`` would give."""
    values: Mapping[str, Position]
    """Where each value begins."""
    keys: Mapping[str, Position]
    """Where each key of an object begins, by the pointer of its value."""


class Document:
    """A file's content. Of thousands of files few are asked again once they are read, and a text takes little room."""

    def __init__(self, file: str, read: Callable[[], Content]) -> None:
        """Read it.

        Args:
            file: as messages show it.
            read: reads the text, each time the same.

        Raises:
            InvalidContracts: as reading does.
        """
        self.file, self._read = file, read
        self._content: Content | None = read()

    def forget(self) -> None:
        """Give up all but the text, which is read once more when somebody asks."""
        self._content = None

    def _known(self) -> Content:
        if self._content is None:
            self._content = self._read()
        return self._content

    @property
    def value(self) -> object:
        """What ``json.loads`` would give."""
        return self._known().value

    @property
    def values(self) -> Mapping[str, Position]:
        """Where each value begins."""
        return self._known().values

    @property
    def keys(self) -> Mapping[str, Position]:
        """Where each key of an object begins, by the pointer of its value."""
        return self._known().keys

    def value_at(self, pointer: str) -> object:
        """Return the value at a pointer that is in ``values``."""
        value: Any = self.value
        for step in pointer.split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            value = value[int(key)] if isinstance(value, list) else value[key]
        return cast("object", value)

    def location(self, pointer: str) -> ContractLocation:
        """Return where a key stands, or the value itself where it has no key (list items, the document)."""
        return ContractLocation(self.file, self, pointer)

    def place(self, pointer: str) -> Position:
        """Return the position of the same."""
        return self.keys.get(pointer) or self._position(pointer)

    def problem(self, pointer: str, message: str) -> Problem:
        """Return a problem with the value at a pointer."""
        return problem_at(self.file, self._position(pointer), pointer, message)

    def key_problem(self, pointer: str, message: str) -> Problem:
        """Return a problem with the key at a pointer: it is unknown, or should not be there at all."""
        return problem_at(self.file, self.place(pointer), pointer, message)

    def _position(self, pointer: str) -> Position:
        """Return where a value begins; of one that is missing, what it is missing in."""
        while pointer not in self.values:
            pointer = pointer.rpartition("/")[0]
        return self.values[pointer]


class Budget:
    """What a document may hold. Few bytes can ask for all memory: aliases of aliases, a long key around many values."""

    CHARACTERS = 100_000_000
    """Of all pointers. They are as many bytes, and a document of a hundred thousand values has a tenth of it."""

    def __init__(self, values: int) -> None:
        """Take how many values there may be."""
        self._limit = values
        self._values = self._characters = 0

    def exceeded_by(self, pointer: str) -> str | None:
        """Count a value; returns what to say where it is one too many."""
        self._values += 1
        self._characters += len(pointer)
        return self._exceeded() if self._values > self._limit or self._characters > self.CHARACTERS else None

    def exceeded_by_several(self, values: int, characters: int) -> str | None:
        """Count values with pointers of so many characters; returns what to say where they are too many."""
        self._values += values
        self._characters += characters
        return self._exceeded()

    def _exceeded(self) -> str | None:
        if self._values > self._limit:
            return f"more than {self._limit:,} values in one file"
        return "keys this long around this many values" if self._characters > self.CHARACTERS else None


def child(pointer: str, key: str | int) -> str:
    """Return the JSON pointer of a member of the value at ``pointer``."""
    step = str(key)
    if "~" in step or "/" in step:
        step = step.replace("~", "~0").replace("/", "~1")
    return f"{pointer}/{step}"


def objects(value: object) -> Iterator[dict[str, Any]]:
    """Yield every object that is in a value, itself included."""
    waiting = [value]
    for each in waiting:  # which grows
        if isinstance(each, dict):
            yield each
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each


def problem_at(file: str, position: Position, pointer: str, message: str) -> Problem:
    """Return a problem that can be printed on one line, whatever characters the file has, and however many."""
    shown = texts.line(texts.shortened(pointer, LONGEST_POINTER))
    return Problem(file, *position, shown, texts.line(texts.shortened(message, _LONGEST_MESSAGE)))
