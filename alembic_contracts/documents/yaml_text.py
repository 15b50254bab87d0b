"""A YAML text in, a ``Document`` out that knows where every key and value stands, read as its authors mean it.

Values follow YAML 1.2's core schema: ``NO``, ``12:30`` and ``2030-01-01`` are text. Keys are text and stand once. The
result is the same as of the JSON reader, so that what reads documents need not know which it was.

The library is imported when there is YAML to read: it need not be installed for contracts in JSON.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import takewhile
from typing import Any, TypeAlias

from msgspec import Struct

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

__all__ = ["parse"]

Event: TypeAlias = Any
"""A ``yaml.events.Event``; the stubs lack what its subclasses have."""

MAXIMUM_VALUES = 100_000
"""Values in one document, those that aliases repeat counted each time."""

MAXIMUM_DEPTH = 64
"""Mappings and lists within each other; a contract needs fifteen."""
_SCALAR, _SEQUENCE = "ScalarEvent", "SequenceStartEvent"
_STARTS = frozenset({_SEQUENCE, "MappingStartEvent"})
_ENDS = frozenset({"SequenceEndEvent", "MappingEndEvent"})
_NODES = _STARTS | {_SCALAR, "AliasEvent"}
"""Names of the library's classes."""
_DIGITS = 1000
"""Of a whole number; Python itself writes no more than 4,300."""
_TOO_LARGE = object()

_SURROGATE = pattern("[\ud800-\udfff]")
_NOT_OF_TEXT = frozenset("nNtTfF~+-.0123456789")
"""What everything begins with that is no text."""
_STRING = "tag:yaml.org,2002:str"
_NULL = pattern(r"null|Null|NULL|~|")
_TRUE = pattern(r"true|True|TRUE")
_FALSE = pattern(r"false|False|FALSE")
_INTEGER = pattern(r"[-+]?[0-9]+")
_BASED = pattern(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = pattern(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


def parse(text: str, file: str) -> Document:
    """Return the document that a YAML text holds.

    Args:
        text: The file's content, without a byte order mark.
        file: The file's name for messages.

    Raises:
        InvalidContracts: it is no YAML (one problem), or keys are duplicated or no text (one problem each).
    """
    return Document(file, partial(_content, text, file))


def _content(text: str, file: str) -> Content:
    import yaml

    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    reader = _Reader(file)
    try:
        root = _root(yaml.parse(text, Loader=loader))
    except _MalformedError as error:
        raise InvalidContracts((problem_at(file, error.position, "", error.message),)) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
        words = " ".join(part for part in (error.context, error.problem) if part)
        raise InvalidContracts((problem_at(file, place, "", f"not YAML: {words}"),)) from None
    except yaml.YAMLError as error:
        raise InvalidContracts((problem_at(file, (1, 1), "", f"not YAML: {' '.join(str(error).split())}"),)) from None
    value = None if root is None else reader.value(root, "")
    reader.values.setdefault("", (1, 1))
    if reader.problems:
        raise InvalidContracts(tuple(reader.problems))
    return Content(value, reader.values, reader.keys)


class _MalformedError(Exception):
    """Where a text stops being what is read here."""

    def __init__(self, position: Position, message: str) -> None:
        super().__init__(message)
        self.position = position
        self.message = message


class _Node(Struct, eq=False):
    """A scalar's text, or the nodes of a list, or of a mapping in turn keys and values."""

    kind: str
    position: Position
    tag: str | None
    text: str = ""
    plain: bool = False
    """Whether a scalar stands without quotes."""
    members: Sequence[_Node] = ()


def _root(events: Iterable[Event]) -> _Node | None:
    """Return the one document's outermost node, None where there is none.

    The library can build nodes itself; it does so by recursion, in C, to any depth.
    """
    roots: list[_Node] = []
    opened = [roots]
    anchors: dict[str, _Node] = {}
    count = 0
    for event in events:
        kind = type(event).__name__
        if kind in _ENDS:
            opened.pop()
            continue
        mark = event.start_mark
        position = mark.line + 1, mark.column + 1
        if kind == "DocumentStartEvent" and roots:
            raise _MalformedError(
                position, "not YAML: expected a single document in the stream but found another document"
            )
        if kind not in _NODES:
            continue
        count += 1
        if count > MAXIMUM_VALUES * 2:  # keys are nodes as well
            raise _MalformedError(position, f"more than {MAXIMUM_VALUES:,} values in one file")
        if kind == "AliasEvent":
            opened[-1].append(_meant(event, position, anchors))
            continue
        if kind == _SCALAR:
            # The style of plain scalars is None or empty.
            node = _Node(kind, position, event.tag, str(event.value), not event.style)
            opened[-1].append(node)
        else:
            members: list[_Node] = []
            node = _Node(kind, position, event.tag, members=members)
            opened[-1].append(node)
            opened.append(members)
            if len(opened) > MAXIMUM_DEPTH + 1:
                raise _MalformedError(position, f"nested more than {MAXIMUM_DEPTH} levels deep")
        if event.anchor is not None:
            anchors[event.anchor] = node
    return roots[0] if roots else None


def _meant(event: Event, position: Position, anchors: Mapping[str, _Node]) -> _Node:
    """Return the node that an alias stands for."""
    if event.anchor not in anchors:
        raise _MalformedError(
            position, f"`*{event.anchor}` stands for nothing: there is no `&{event.anchor}` before it"
        )
    return anchors[event.anchor]


class _Reader:
    """Turns nodes into values, and keeps where they stand."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.values: dict[str, Position] = {}
        self.keys: dict[str, Position] = {}
        self.problems: list[Problem] = []
        self._inside: set[int] = set()
        self._budget = Budget(MAXIMUM_VALUES)
        self._full = False

    def value(self, node: _Node, pointer: str) -> Any:
        if self._full:
            return None
        self.values[pointer] = node.position
        if exceeded := self._budget.exceeded_by(pointer):
            self._full = True
            self._note(node.position, pointer, exceeded)
            return None
        if id(node) in self._inside:
            self._note(node.position, pointer, "an alias stands within what it stands for")
            return None
        if len(self._inside) > MAXIMUM_DEPTH:
            self._note(
                node.position, pointer, f"nested more than {MAXIMUM_DEPTH} levels deep, with what aliases stand for"
            )
            return None
        if node.kind == _SCALAR:
            return self._scalar(node, pointer)
        self._inside.add(id(node))
        try:
            return self._members(node, pointer)
        finally:
            self._inside.discard(id(node))

    def _members(self, node: _Node, pointer: str) -> Any:
        if node.kind == _SEQUENCE:
            items = takewhile(lambda _: not self._full, enumerate(node.members))
            return [self.value(item, child(pointer, place)) for place, item in items]
        found: dict[str, Any] = {}
        for key, member in zip(node.members[::2], node.members[1::2], strict=True):
            name = None if self._full else self._key(key, pointer)
            if name is None:
                continue
            at = child(pointer, name)
            if name in found:
                first = self.keys[at]
                self._note(key.position, at, f"the key `{name}` stands here twice, first in line {first[0]}")
                continue
            self.keys[at] = key.position
            found[name] = self.value(member, at)
        return found

    def _key(self, key: _Node, pointer: str) -> str | None:
        if key.kind != _SCALAR:
            self._note(key.position, pointer, "a key must be text")
            return None
        if key.text == "<<" and key.plain:
            self._note(key.position, pointer, "merge keys (`<<`) are not YAML 1.2; write the keys out")
            return None
        return key.text

    def _scalar(self, node: _Node, pointer: str) -> Any:
        if node.tag not in (None, "!", _STRING):
            self._note(node.position, pointer, f"the tag {node.tag} is not known here")
            return node.text
        if not node.text.isascii() and _SURROGATE.search(node.text):
            self._note(node.position, pointer, "half of a surrogate pair is no character")
            return None
        value = _plain(node.text) if node.plain and node.tag is None else node.text
        if value is _TOO_LARGE:
            self._note(node.position, pointer, "the number is too large")
            return None
        return value

    def _note(self, position: Position, pointer: str, message: str) -> None:
        if len(self.problems) < MAXIMUM_PROBLEMS:
            self.problems.append(problem_at(self.file, position, pointer, message))


def _plain(text: str) -> Any:
    """Return what a scalar without quotes is in YAML 1.2's core schema (10.3.2)."""
    if text and text[0] not in _NOT_OF_TEXT:
        return text
    if _NULL.fullmatch(text):
        return None
    if _TRUE.fullmatch(text) or _FALSE.fullmatch(text):
        return bool(_TRUE.fullmatch(text))
    if _INTEGER.fullmatch(text) or _BASED.fullmatch(text):
        return int(text, 0 if text[:2] in ("0o", "0x") else 10) if len(text) <= _DIGITS else _TOO_LARGE
    if not _FLOAT.fullmatch(text):
        return text
    value = float(text)
    return _TOO_LARGE if math.isinf(value) else value
