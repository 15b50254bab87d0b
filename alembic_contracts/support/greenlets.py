"""Nothing in, the frames out that led here, and their lines; a wait for nothing, as async connections insist on one."""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import CodeType, FrameType

__all__ = ["frames", "line_of", "wait_for_nothing", "waiting"]

_LONG = 4_000
"""Bytes of byte code."""


def frames() -> Iterator[FrameType]:
    """Yield the frames that led to the caller, its own first, across greenlets (SQLAlchemy's bridge to async code)."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - what else tells who has called
    others = waiting()
    while frame is not None:
        yield frame
        frame = frame.f_back or next(others, None)


def waiting() -> Iterator[FrameType]:
    """Yield the innermost frame of each greenlet that waits for this one."""
    greenlet = sys.modules.get("greenlet")
    parent = greenlet.getcurrent().parent if greenlet is not None else None
    while parent is not None:
        if parent.gr_frame is not None:
            yield parent.gr_frame
        parent = parent.parent


class _Lines:
    """Where the lines begin in the long function that was asked about last."""

    def __init__(self) -> None:
        self._last: tuple[CodeType | None, list[int], list[int | None]] = None, [], []

    def of(self, frame: FrameType) -> int | None:
        """Return the line that a frame is at."""
        code, begins, lines = self._last
        if code is not frame.f_code:
            code = frame.f_code
            parts = [next(same) for _, same in groupby(code.co_lines(), itemgetter(2))]
            begins, lines = [begin for begin, _, _ in parts], [line for _, _, line in parts]
            self._last = code, begins, lines  # in one step: other threads ask as well
        return lines[bisect_right(begins, frame.f_lasti) - 1]


_LINES = _Lines()


def line_of(frame: FrameType) -> int:
    """Return the line that a frame is at: its ``f_lineno``, which walks through all of its function that comes before.

    A script that makes a thousand tables in one function would pay for that at each of them.
    """
    found = None if frame.f_lasti < _LONG else _LINES.of(frame)
    return frame.f_lineno if found is None else found


def wait_for_nothing() -> None:
    """Await something, if anything can be: SQLAlchemy's async connections insist on it wherever a driver would wait."""
    from sqlalchemy.util import await_only
    from sqlalchemy.util.concurrency import in_greenlet

    if in_greenlet():
        await_only(_nothing())


async def _nothing() -> None:
    """Take no time."""
