"""Nothing in, a stretch of work or a process out in which Python looks for cycles of garbage afterwards, or seldom.

Many thousand values that stay, in none of which there is a cycle, have Python's collector look through all of them
again and again: it takes longer than to make them.
"""

from __future__ import annotations

import atexit
import gc
import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from alembic_contracts.support.greenlets import frames

__all__ = ["command", "migration", "scripts", "seldom", "uncollected"]

_NEW_OBJECTS = 100_000
"""After which Python looks in commands; its own number is 700 (2,000 from 3.13 on)."""
_BEGINNING = 200_000
"""The same before the first script of a guarded upgrade, where the process may be a user's own."""
_MEANWHILE = 5_000
"""The same while scripts run, whose garbage is found sooner while the processor still has it at hand.

Another number, since what there is may be a user's own, of which nothing is frozen (``uncollected``).
"""

_DESCRIPTORS, _ERRORS = "/proc/self/fd", 2
"""Where Linux lists what a process has open (proc(5)), and the last of the standard streams."""
_FILE: Any = io.IOBase.__base__
"""What all files are made of; ``IOBase`` itself asks for more than that, which takes three times as long."""


def seldom() -> None:
    """Have this process look seldom from here on: for copies of a process, which are none of a user's own."""
    gc.set_threshold(_MEANWHILE)


@contextmanager
def migration() -> Iterator[Callable[[], None]]:
    """Have Python look seldom while the body runs: a guarded upgrade. Yields what is to be called before scripts run.

    Most of what a guard makes until then is needed until the end: in Alembic's own command line, which ends with the
    upgrade, nobody looks at it any more, and at what scripts make as often as ever. A process of a user's own is left
    as it was, and looks seldom while scripts run.
    """
    before = gc.get_threshold()
    if not (gc.isenabled() and 0 < before[0] < _MEANWHILE):  # 0: never
        yield lambda: None
        return
    gc.set_threshold(_BEGINNING)
    try:
        if _is_alembic():
            atexit.register(_leave)
            yield partial(_settle, before)
        else:
            yield partial(gc.set_threshold, _MEANWHILE)
    finally:
        gc.set_threshold(*before)


def _settle(threshold: tuple[int, int, int]) -> None:
    """Have Python look at none of what there is, and at what comes as often as it did."""
    gc.freeze()
    gc.set_threshold(*threshold)


def _is_alembic() -> bool:
    """Whether this process was started as ``alembic``: its main program calls ``alembic.config.main``.

    Not so where a program calls it with arguments of its own, which may go on with something else.
    """
    called = None
    for frame in frames():
        if frame.f_globals.get("__name__") == "__main__":
            break
        called = frame
    if called is None or (called.f_globals.get("__name__"), called.f_code.co_name) != ("alembic.config", "main"):
        return False
    arguments = called.f_locals.get("argv")
    return frame.f_code.co_name == "<module>" and (arguments is None or list(arguments) == sys.argv[1:])


def _leave() -> None:
    """Have Python exit without looking at what there is, for which it needs as long as for a hundred revisions.

    What an open file has not written yet is written; Python, which takes it apart, may do so or not.
    """
    gc.unfreeze()
    for each in gc.get_objects() if _has_open_files() else ():
        if issubclass(type(each), _FILE):
            with suppress(Exception):  # closed, or open for reading alone
                each.flush()
    gc.freeze()


def _has_open_files() -> bool:
    """Whether anything is open that can be written to, beside the standard streams; True where it is not known."""
    try:
        return any(map(_is_open, map(int, os.listdir(_DESCRIPTORS))))  # noqa: PTH208 - numbers, no paths
    except (OSError, ValueError):
        return True


def _is_open(descriptor: int) -> bool:
    if descriptor <= _ERRORS:
        return False
    try:
        os.fstat(descriptor)
    except OSError:  # that of the list itself
        return False
    return True


@contextmanager
def command() -> Iterator[None]:
    """Have this process look seldom while a command runs, not at all at what stays until its end, nor as it exits."""
    before = gc.get_threshold()
    gc.set_threshold(_NEW_OBJECTS)
    atexit.register(_leave)
    try:
        yield
    finally:
        gc.unfreeze()  # a process may call a command and go on
        gc.set_threshold(*before)


@contextmanager
def scripts() -> Iterator[None]:
    """Have a command look as a migration does while version scripts run in its process, and not at what it has made."""
    before = gc.get_threshold()
    if before[0] != _NEW_OBJECTS:
        yield
        return
    gc.freeze()
    gc.set_threshold(_MEANWHILE)
    try:
        yield
    finally:
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
