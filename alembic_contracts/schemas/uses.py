"""Who uses a table, and how badly a difference of its schema hurts them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

__all__ = ["EVERYBODY", "Breaks", "Severity", "Side"]

Side = Literal["reader", "writer", "cdc"]
"""Who uses a table: by SELECT, by INSERT and UPDATE, by change data capture or logical replication."""

Severity = Literal["error", "warning"]

Breaks = Mapping[Side, Severity]
"""Whose uses a difference breaks, and how badly; sides that are not in it do not mind."""

EVERYBODY: Breaks = MappingProxyType({"reader": "error", "writer": "error", "cdc": "error"})
