"""Who uses a table, where that is seen, and how badly a difference of its schema hurts them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from msgspec import Struct

__all__ = ["EVERYBODY", "Breaks", "Place", "Severity", "Side"]

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
        if self.file and self.line is not None:
            return f"{self.file}:{self.line}"
        return self.what or self.file
