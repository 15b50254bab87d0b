"""Texts of a schema that remember more of what they are about than they say; to all others they are plain texts."""

from __future__ import annotations

from typing import Self

__all__ = ["Method", "Printed", "printed_as"]


class Printed(str):
    """The text of an expression; ``printed`` is how PostgreSQL prints it, None where that is not known.

    Every user's name in it is qualified, as under an empty ``search_path``.
    """

    __slots__ = ("printed",)
    printed: str | None

    def __new__(cls, text: str, printed: str | None) -> Self:
        """Return a text that remembers another one."""
        self = super().__new__(cls, text)
        self.printed = printed
        return self

    def __getnewargs__(self) -> tuple[str, str | None]:  # type: ignore[override]  # str's own knows one argument
        """Return what a copy is made of."""
        return str(self), self.printed


def printed_as(text: str) -> str:
    """Return an expression as PostgreSQL prints it where that is known, else as it is."""
    return text.printed or text if isinstance(text, Printed) else text


class Method(str):
    """An index's method; ``options`` is what is printed behind each key: its operator class and order."""

    __slots__ = ("options",)
    options: tuple[str, ...]

    def __new__(cls, method: str, options: tuple[str, ...]) -> Self:
        """Return a method that remembers more of an index that is known to have nothing else than an ``Index`` has."""
        self = super().__new__(cls, method)
        self.options = options
        return self

    def __getnewargs__(self) -> tuple[str, tuple[str, ...]]:  # type: ignore[override]  # str's own knows one argument
        """Return what a copy is made of."""
        return str(self), self.options
