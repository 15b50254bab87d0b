"""A YAML text in, a ``Document`` out that knows where every key and value stands, read as its authors mean it.

Values follow YAML 1.2's core schema: ``NO``, ``12:30`` and ``2030-01-01`` are text. Keys are text and stand once. The
result is the same as of the JSON reader, so that what reads documents need not know which it was.

The library is imported when there is YAML to read: it need not be installed for contracts in JSON.
"""

from __future__ import annotations

import re
from typing import Any, TypeAlias

from alembic_contracts.documents.document import Document, Position, child, problem_at
from alembic_contracts.errors import InvalidContracts, Problem

__all__ = ["parse"]

Node: TypeAlias = Any
"""A ``yaml.nodes.Node``; the stubs lack what its subclasses have."""

MAXIMUM_VALUES = 100_000
"""Values in one document, those that aliases repeat counted each time."""

_STRING = "tag:yaml.org,2002:str"
_NULL = re.compile(r"null|Null|NULL|~|")
_TRUE = re.compile(r"true|True|TRUE")
_FALSE = re.compile(r"false|False|FALSE")
_INTEGER = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


def parse(text: str, file: str) -> Document:
    """Return the document that a YAML text holds.

    Args:
        text: The file's content, without a byte order mark.
        file: The file's name for messages.

    Raises:
        InvalidContracts: it is no YAML (one problem), or keys are duplicated or no text (one problem each).
    """
    import yaml

    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        node = yaml.compose(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
        words = " ".join(part for part in (error.context, error.problem) if part)
        raise InvalidContracts((problem_at(file, place, "", f"not YAML: {words}"),)) from None
    except yaml.YAMLError as error:
        raise InvalidContracts((problem_at(file, (1, 1), "", f"not YAML: {' '.join(str(error).split())}"),)) from None
    reader = _Reader(file)
    value = None if node is None else reader.value(node, "")
    reader.values.setdefault("", (1, 1))
    if reader.problems:
        raise InvalidContracts(tuple(reader.problems))
    return Document(file, value, reader.values, reader.keys)


class _Reader:
    """Turns nodes into values, and keeps where they stand."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.values: dict[str, Position] = {}
        self.keys: dict[str, Position] = {}
        self.problems: list[Problem] = []
        self._inside: set[int] = set()
        self._count = 0

    def value(self, node: Node, pointer: str) -> Any:
        position = _position(node)
        self.values[pointer] = position
        self._count += 1
        if self._count > MAXIMUM_VALUES:
            if self._count == MAXIMUM_VALUES + 1:
                self._note(position, pointer, f"more than {MAXIMUM_VALUES:,} values in one file")
            return None
        if id(node) in self._inside:
            self._note(position, pointer, "an alias stands within what it stands for")
            return None
        self._inside.add(id(node))
        try:
            return self._value(node, pointer)
        finally:
            self._inside.discard(id(node))

    def _value(self, node: Node, pointer: str) -> Any:
        if node.id == "scalar":
            return self._scalar(node, pointer)
        if node.id == "sequence":
            return [self.value(item, child(pointer, position)) for position, item in enumerate(node.value)]
        found: dict[str, Any] = {}
        for key, member in node.value:
            name = self._key(key, pointer)
            if name is None:
                continue
            at = child(pointer, name)
            if name in found:
                first = self.keys[at]
                self._note(_position(key), at, f"the key `{name}` stands here twice, first in line {first[0]}")
                continue
            self.keys[at] = _position(key)
            found[name] = self.value(member, at)
        return found

    def _key(self, key: Node, pointer: str) -> str | None:
        if key.id != "scalar":
            self._note(_position(key), pointer, "a key must be text")
            return None
        if key.value == "<<" and not key.style:
            self._note(_position(key), pointer, "merge keys (`<<`) are not YAML 1.2; write the keys out")
            return None
        return str(key.value)

    def _scalar(self, node: Node, pointer: str) -> Any:
        text = str(node.value)
        if node.tag != _STRING:
            self._note(_position(node), pointer, f"the tag {node.tag} is not known here")
            return text
        return text if node.style else _plain(text)  # the style of plain scalars is None or empty

    def _note(self, position: Position, pointer: str, message: str) -> None:
        self.problems.append(problem_at(self.file, position, pointer, message))


def _plain(text: str) -> Any:
    """Return what a scalar without quotes is in YAML 1.2's core schema (10.3.2)."""
    if _NULL.fullmatch(text):
        return None
    if _TRUE.fullmatch(text) or _FALSE.fullmatch(text):
        return bool(_TRUE.fullmatch(text))
    if _INTEGER.fullmatch(text):
        return int(text)
    if _BASED.fullmatch(text):
        return int(text, 0)
    return float(text) if _FLOAT.fullmatch(text) else text


def _position(node: Node) -> Position:
    return (node.start_mark.line + 1, node.start_mark.column + 1)
