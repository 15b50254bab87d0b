"""Nothing in, a stretch of work or a process out in which Python looks for cycles of garbage afterwards, or seldom.

Many thousand values that stay, in none of which there is a cycle, have Python's collector look through all of them
again and again: it takes longer than to make them.
"""

from __future__ import annotations

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["command", "meanwhile_seldom", "seldom", "uncollected"]

_NEW_OBJECTS = 100_000
"""After which Python looks; its own number is 700 (2,000 from 3.13 on)."""
_MEANWHILE = _NEW_OBJECTS // 2
"""The same in a process that goes on: another number, since nothing may be frozen there (``uncollected``)."""


def seldom() -> None:
    """Have this process look seldom: for commands and copies of a process, never in one that is a user's own."""
    gc.set_threshold(_NEW_OBJECTS)


@contextmanager
def meanwhile_seldom() -> Iterator[None]:
    """Have a process that is a user's own look seldom while the body runs, as often as before afterwards."""
    before = gc.get_threshold()
    if 0 < before[0] < _MEANWHILE:  # 0: never
        gc.set_threshold(_MEANWHILE)
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextmanager
def command() -> Iterator[None]:
    """Have this process look seldom while a command runs, not at all at what stays until its end, nor as it exits."""
    before = gc.get_threshold()
    seldom()
    atexit.register(gc.freeze)
    try:
        yield
    finally:
        gc.unfreeze()  # a process may call a command and go on
        gc.set_threshold(*before)


@contextmanager
def uncollected(*, stays: bool = False) -> Iterator[None]:
    """Have cycles of garbage looked for afterwards; usable as a decorator.

    ``stays``: what is made is needed until a command ends, so that there is no use in looking at it before.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if stays and gc.get_threshold()[0] == _NEW_OBJECTS:
            gc.freeze()
        if was_enabled:
            gc.enable()
