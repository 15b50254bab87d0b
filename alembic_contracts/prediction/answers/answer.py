"""What a statement yields to the script that executed it: columns, rows, a count."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

__all__ = ["Answer"]


class Answer(Struct, frozen=True):
    """What a statement yields."""

    columns: tuple[str, ...] | None = None
    """Names of the result's columns; None for a statement that yields no rows."""
    rows: tuple[tuple[Any, ...], ...] = ()
    rowcount: int = -1
    on_fetch: Callable[[], None] | None = None
    """Called when somebody looks at the rows for the first time; until then they matter to nobody."""
