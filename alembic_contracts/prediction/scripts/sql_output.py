"""What Alembic would write for ``--sql`` in, the same statements applied to the catalog instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SqlStream"]


class SqlStream:
    """A text stream for a migration context's ``output_buffer``; Alembic writes whole statements to it."""

    encoding = "utf-8"

    def __init__(self, take: Callable[[str], None]) -> None:
        """Hand every text that is written to a function."""
        self._take = take

    def write(self, text: str) -> int:
        """Take a text."""
        self._take(text)
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        """Take several."""
        self.write("".join(lines))

    def flush(self) -> None:
        """Nothing is held back."""

    def isatty(self) -> bool:
        """Return False: nobody reads it."""
        return False
