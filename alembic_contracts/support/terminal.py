"""What is known of the terminal: its width, whether to use colour, a line of progress, whose output is whose."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Literal, TextIO

__all__ = ["Color", "Progress", "own_output", "progress_line", "uses_color", "width"]

Progress = Callable[[int, int], None]
"""Called with the number of revisions predicted so far and of all."""

PATIENCE = 1.0
"""Seconds after which a person wants to know that something is going on."""


def width() -> int:
    """Return the terminal's width in columns; 100 where there is none."""
    return shutil.get_terminal_size((100, 24)).columns


Color = Literal["auto", "always", "never"]


def uses_color(stream: TextIO, color: Color = "auto") -> bool:
    """Whether to write colours to a stream.

    Args:
        stream: the stream; by itself only a terminal gets any.
        color: what the command line says. Without a word there, ``NO_COLOR`` (https://no-color.org) means none, and
            ``FORCE_COLOR`` (https://force-color.org) some, for logs of CI, which are no terminal.
    """
    if color != "auto":
        return color == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR") not in (None, "", "0", "false"):
        return True
    return stream.isatty()


@contextmanager
def progress_line(what: str) -> Iterator[Progress | None]:
    """Yield a function that shows on standard error how many of how many are done; None where nobody would see it."""
    terminal = sys.stderr
    if not terminal.isatty():
        yield None
        return
    started, shown = time.monotonic(), False

    def show(done: int, total: int) -> None:
        nonlocal shown
        if time.monotonic() - started > PATIENCE:
            shown = True
            terminal.write(f"\r{what} {done} of {total} ")
            terminal.flush()

    try:
        yield show
    finally:
        if shown:
            terminal.write("\r\x1b[K")
            terminal.flush()


@contextmanager
def own_output(what: str) -> Iterator[Progress | None]:
    """Keep standard output for a command's answer while the project's own code runs; yields as ``progress_line``."""
    with redirect_stdout(sys.stderr), progress_line(what) as progress:
        yield progress
