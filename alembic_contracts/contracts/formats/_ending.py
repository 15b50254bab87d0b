"""An object in a contract's file in, what to write there out so that what it promises ends on a day."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from alembic_contracts.contracts.contract import Ending
from alembic_contracts.documents.document import Document, child

__all__ = ["DAY", "as_item", "as_member"]

DAY = "YYYY-MM-DD"


def as_member(document: Document, pointer: str, key: str, value: Any, *, beside: str | None = None) -> Ending:
    """Return how to give an object one more member.

    Args:
        document: what the file holds.
        pointer: of the object, which does not have the key yet.
        key: of the new member.
        value: of the new member.
        beside: a key of the object whose value is written on one line: in YAML's block style, the new one goes below.
    """
    found = document.value_at(pointer)
    stated = found if isinstance(found, Mapping) else {}
    if beside is None or _in_brackets(document, pointer):
        line, column = document.values[pointer]
        text = f"{json.dumps(key)}: {json.dumps(value)}" + ("," if stated else "")
        return Ending(document.file, line, column, text)
    line, column = document.keys[child(pointer, beside)]
    return Ending(document.file, line, None, "\n".join(f"{'':{column - 1}}{each}" for each in _block(key, value)))


def _in_brackets(document: Document, pointer: str) -> bool:
    """Whether an object is written in brackets; in YAML's block style it begins where its first key does."""
    stated = document.value_at(pointer)
    first = next(iter(stated), None) if isinstance(stated, Mapping) else None
    return first is None or document.keys[child(pointer, first)] != document.values[pointer]


def as_item(document: Document, pointer: str, item: Mapping[str, str]) -> Ending | None:
    """Return how to give a list one more item, before all others; None where it is a null that would have to go first.

    Args:
        document: what the file holds.
        pointer: of the list, or of the nothing below its key.
        item: the new one.
    """
    stated = document.value_at(pointer)
    items = stated if isinstance(stated, list) else []
    key, column = document.keys[pointer]
    line, place = document.values[pointer]
    first = document.values[child(pointer, 0)] if items else None
    if isinstance(stated, list) and (first is None or line == key or place + 1 == first[1]):
        return Ending(document.file, line, place, json.dumps(item) + ("," if items else ""))
    if _in_brackets(document, pointer.rpartition("/")[0]):
        return None
    dash = place if first is not None else column
    return Ending(document.file, key, None, "\n".join(f"{'':{dash - 1}}{each}" for each in _item(item)))


def _block(key: str, value: Any) -> list[str]:
    if isinstance(value, list):
        return [f"{key}:", *(line for item in value for line in _item(item))]
    return [f"{key}: {json.dumps(value)}"]


def _item(item: Mapping[str, str]) -> list[str]:
    lines = [f"{name}: {value if name == 'property' else json.dumps(value)}" for name, value in item.items()]
    return [f"- {lines[0]}", *(f"  {line}" for line in lines[1:])]
