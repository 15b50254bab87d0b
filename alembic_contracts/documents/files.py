"""A path in, the text there out; whatever else stands in its place is a problem with a name."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from alembic_contracts.errors import InvalidContracts, Problem
from alembic_contracts.support.paths import shown

__all__ = ["MAXIMUM_BYTES", "read_beside", "read_bytes", "read_text"]

MAXIMUM_BYTES = 4 * 1024 * 1024
"""A contract on a table with all the 1,600 columns that PostgreSQL allows, well described, takes about 1 MB."""

_NO_WAITING = getattr(os, "O_NONBLOCK", 0)
"""Opening a named pipe must not wait for somebody to write to it."""


def read_text(path: Path, maximum: int = MAXIMUM_BYTES, what: str = "a contract") -> str:
    """Return a file's text; a byte order mark at its beginning is dropped.

    Args:
        path: the file.
        maximum: how many bytes it may have.
        what: that may have so many, for the message.

    Raises:
        InvalidContracts: it cannot be read, is no regular file, too large or not UTF-8.
    """
    return _decoded(path, read_bytes(path, maximum, what))


def read_bytes(path: Path, maximum: int = MAXIMUM_BYTES, what: str = "a contract") -> bytes:
    """Return what a file holds; the arguments are those of ``read_text``.

    Raises:
        InvalidContracts: it cannot be read, is no regular file or too large.
    """
    try:
        with open(os.open(path, os.O_RDONLY | _NO_WAITING), "rb") as file:  # noqa: PTH123 - Path.open knows no flags
            state = os.fstat(file.fileno())
            if not stat.S_ISREG(state.st_mode):
                raise _refusal(path, "is no regular file")
            data = file.read(maximum + 1) if state.st_size <= maximum else b""
    except (OSError, ValueError) as error:  # a path with a NUL byte is a ValueError
        raise _refusal(path, f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if state.st_size > maximum or len(data) > maximum:
        megabytes = max(state.st_size, len(data)) / 1024**2
        raise _refusal(path, f"has {megabytes:,.1f} MiB; {what} may have {maximum // 1024**2} MiB")
    return data


def read_beside(path: Path, maximum: int = MAXIMUM_BYTES, what: str = "a contract") -> str | None:
    """Return the text of a file that need not be there, None where nothing is.

    Raises:
        InvalidContracts: something is there, and is no text that can be read.
    """
    return read_text(path, maximum, what) if os.path.lexists(path) else None


def _decoded(path: Path, data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _refusal(path, "is UTF-16 or UTF-32 text; save it as UTF-8")
    if b"\x00" in data:
        raise _refusal(path, "is a binary file, not text")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8-sig")
        line_start = max(before.rfind("\n"), before.rfind("\r")) + 1
        line = len(before.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
        message = f"the byte 0x{data[error.start]:02x} is not UTF-8; save the file as UTF-8"
        problem = Problem(shown(path), line, len(before) - line_start + 1, "", message)
        raise InvalidContracts((problem,)) from None


def _refusal(path: Path, message: str) -> InvalidContracts:
    return InvalidContracts((Problem(shown(path), None, None, "", message),))
