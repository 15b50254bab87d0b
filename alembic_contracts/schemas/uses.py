"""Who uses a table, where that is seen, and how badly a difference of its schema hurts them; places in, words out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Literal

from msgspec import Struct

from alembic_contracts import texts

__all__ = ["EVERYBODY", "Breaks", "Place", "Severity", "Side", "used_by"]

Side = Literal["reader", "writer", "cdc"]
"""Who uses a table: by SELECT, by INSERT and UPDATE, by change data capture or logical replication."""

Severity = Literal["error", "warning"]

Breaks = Mapping[Side, Severity]
"""Whose uses a difference breaks, and how badly; sides that are not in it do not mind."""

EVERYBODY: Breaks = MappingProxyType({"reader": "error", "writer": "error", "cdc": "error"})


class Place(Struct, frozen=True, order=True):
    """Where a consumer is seen to use a table or a column: what ``x-used-by`` lists in a contract."""

    file: str
    """As the consumer knows it: relative to the place that was looked through, with forward slashes; may be empty."""
    line: int | None = None
    """Counted from 1; None: the whole file, or something that is in no file."""
    what: str = ""
    """What uses it, for people: ``model stg_images``, ``exposure Museum guide (guide@example.org)``."""

    def __str__(self) -> str:
        """``models/staging/stg_images.sql:7``, or what uses it where there is no line."""
        return f"{self.file}:{self.line}" if self.is_line else self.what or self.file

    @property
    def is_line(self) -> bool:
        """Whether it is a line of a file, which editors can open."""
        return bool(self.file) and self.line is not None

    @property
    def as_json(self) -> dict[str, object]:
        """What reports for programs say of it."""
        return {"file": texts.json_text(self.file), "line": self.line, "what": texts.json_text(self.what)}


_NAMED = 2
"""So many uses that are in no line are named; of lines the first one is."""


def used_by(
    places: Iterable[Place], *, line: Callable[[str], str] = texts.line, what: Callable[[str], str] = texts.line
) -> str:
    """Return ``used by models/stg_images.sql:7 and 3 more; exposure Museum guide``; nothing where there are no places.

    Args:
        places: in the order in which they were found; what people read as the same counts once.
        line: makes a line of a file safe where the words go.
        what: makes a use that is in no line safe there.
    """
    listed = tuple(places)
    lines = tuple(dict.fromkeys(str(place) for place in listed if place.is_line))
    others = tuple(dict.fromkeys(str(place) for place in listed if not place.is_line))
    parts = [line(lines[0]) + _more(len(lines) - 1)] if lines else []
    if others:
        parts.append("; ".join(map(what, others[:_NAMED])) + _more(len(others) - _NAMED))
    return f"used by {'; '.join(parts)}" if parts else ""


def _more(number: int) -> str:
    return f" and {number:,} more" if number > 0 else ""
