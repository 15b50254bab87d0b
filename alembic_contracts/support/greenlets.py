"""Nothing in, the frames out that led here; and a wait for nothing, as async connections insist on one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["frames", "wait_for_nothing", "waiting"]


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


def wait_for_nothing() -> None:
    """Await something, if anything can be: SQLAlchemy's async connections insist on it wherever a driver would wait."""
    from sqlalchemy.util import await_only
    from sqlalchemy.util.concurrency import in_greenlet

    if in_greenlet():
        await_only(_nothing())


async def _nothing() -> None:
    """Take no time."""
