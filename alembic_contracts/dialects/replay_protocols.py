"""What a connection to a scratch server executes in, what of that need not be the same on another server out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

__all__ = ["Reliance", "Statements", "Witness"]


class Reliance(Struct, frozen=True):
    """What a statement read that need not be the same on another server, although the schema is."""

    what: str
    """For people: ``random()``, ``the rows of public.t``."""
    rows: bool
    """Whether it is rows, of which predictions have their own idea."""


class Statements(Protocol):
    """The statements of one revision, looked at one after the other."""

    def add(self, connection: Connection, sql: str, printed: Sequence[str]) -> None:
        """Look at one more statement and what the server printed of it."""

    def reliances(self) -> tuple[Reliance, ...]:
        """Return what they read that may be otherwise elsewhere."""


class Witness(Protocol):
    """Has a server print all that a connection executes, nested statements included."""

    def begin(self) -> None:
        """Have everything printed from here on, what was planned before included."""

    def go_on(self) -> None:
        """Have everything printed from here on but what was printed since ``begin()`` and is planned still."""

    def end(self) -> list[str]:
        """Return what was printed since ``begin()``, and have no more printed."""

    @property
    def has_heard(self) -> bool:
        """Whether anything was printed since ``begin()``."""

    @property
    def is_answered(self) -> bool:
        """Whether the connection answers queries: it does not in a transaction that has failed."""
