"""What can go wrong before a verdict is possible. Every one of these ends a command with exit code 2."""

from __future__ import annotations

from typing import NamedTuple

from alembic_contracts import texts

__all__ = ["CannotCheck", "InvalidContracts", "InvalidSettings", "NoContractsYet", "Problem"]

_LONGEST = 100_000
"""Characters of a message: a hundred problems in each of some files."""


class CannotCheck(Exception):  # noqa: N818 - the name says what happened
    """No verdict could be reached: bad usage, settings or contracts, no connection, an unknown database.

    ``str()`` of it is a complete message for a person; no traceback is needed to act on it. Whatever it quotes, it
    does nothing to a terminal.
    """

    def __init__(self, message: str) -> None:
        super().__init__(texts.lines(texts.shortened(message, _LONGEST)))


class InvalidSettings(CannotCheck):
    """A setting is unknown, of the wrong type or contradicts another one."""


class NoContractsYet(CannotCheck):
    """A folder for contracts is there and holds none."""


class Problem(NamedTuple):
    """One thing that is wrong in one contract file.

    ``line`` and ``column`` count from 1; both are None where the file could not be read at all. ``pointer`` is the
    JSON pointer (RFC 6901) of the offending value, ``""`` for the whole document.
    """

    file: str
    line: int | None
    column: int | None
    pointer: str
    message: str

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        return f"{place}: {self.message}" + (f" (at {self.pointer})" if self.pointer else "")


class InvalidContracts(CannotCheck):
    """One or more contract files cannot be used; carries every problem found, sorted by file and line."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = tuple(sorted(problems, key=lambda p: (p.file, p.line or 0, p.column or 0, p.message)))
        super().__init__("\n".join(str(problem) for problem in self.problems))
