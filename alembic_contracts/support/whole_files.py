"""A file's content in, the file with all of it or as it was out: nobody ever reads the half of it."""

from __future__ import annotations

import os
from contextlib import suppress

__all__ = ["write"]


def write(name: str, content: bytes) -> None:
    """Write a file in one step.

    Raises:
        OSError: it cannot be written, and is as before.
    """
    beside = f"{name}.{os.getpid()}.tmp"
    try:
        with open(beside, "wb") as file:  # noqa: PTH123
            file.write(content)
        os.replace(beside, name)  # noqa: PTH105
    except OSError:
        with suppress(OSError):
            os.unlink(beside)  # noqa: PTH108
        raise
