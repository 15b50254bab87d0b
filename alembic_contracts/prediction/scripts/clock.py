"""Waiting that scripts do in, time that passes at once out: the clock that they see is ahead by what they have waited.

For a process of one's own: that a part of the standard library in C tells another time is never undone.
"""

from __future__ import annotations

import ctypes
import datetime as dt
import gc
import queue
import select
import selectors
import threading
import time
from collections.abc import Callable
from typing import Any

__all__ = ["let_waiting_pass_at_once"]

_NANOSECONDS = 1_000_000_000


class _Clock:
    """How far the clock is ahead."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def advance(self, seconds: float) -> None:
        if not self.ahead:
            _set_dates_ahead(self)
        self.ahead += seconds

    def seconds(self, original: Callable[[], float]) -> Callable[[], float]:
        return lambda: original() + self.ahead

    def nanoseconds(self, original: Callable[[], int]) -> Callable[[], int]:
        return lambda: original() + int(self.ahead * _NANOSECONDS)


def let_waiting_pass_at_once(*, for_files: bool = True) -> None:
    """Let sleeping and waiting for a limited time take none of it, where nobody else could end the wait.

    Beside other threads it takes as long as it does.

    Args:
        for_files: whether waiting for what somebody writes is among it: nobody does, where there are no connections.
    """
    clock = _Clock()
    for name in ("time", "monotonic", "perf_counter"):
        setattr(time, name, clock.seconds(getattr(time, name)))
        setattr(time, f"{name}_ns", clock.nanoseconds(getattr(time, f"{name}_ns")))
    # What these took of the module when they were imported.
    vars(threading)["_time"] = vars(queue)["time"] = time.monotonic
    for name in ("localtime", "gmtime", "ctime"):
        setattr(time, name, _of_now(getattr(time, name), time.time))
    time.sleep = _sleeping(clock, time.sleep)
    threading.Condition.wait = _waiting(clock, threading.Condition.wait)  # type: ignore[method-assign] # on purpose
    if not for_files:
        return
    select.select = _selecting(clock, select.select)
    for kind in vars(selectors).values():
        if isinstance(kind, type) and issubclass(kind, selectors.BaseSelector) and "select" in vars(kind):
            setattr(kind, "select", _looking(clock, vars(kind)["select"]))  # noqa: B010 - not of all such types


def _is_alone() -> bool:
    return threading.active_count() <= 1


def _sleeping(clock: _Clock, original: Callable[[Any], None]) -> Callable[[Any], None]:
    def sleep(seconds: Any, /) -> None:
        original(seconds if not seconds > 0 else 0)  # what is no time to sleep is an error
        clock.advance(seconds)

    return sleep


def _waiting(clock: _Clock, original: Callable[..., bool]) -> Callable[..., bool]:
    def wait(self: threading.Condition, timeout: float | None = None) -> bool:
        if timeout is None or not timeout > 0 or not _is_alone():
            return original(self, timeout)
        done = original(self, 0)
        if not done:
            clock.advance(timeout)
        return done

    return wait


def _selecting(clock: _Clock, original: Callable[..., Any]) -> Callable[..., Any]:
    def select_(*arguments: Any) -> Any:
        *files, timeout = arguments if len(arguments) == 4 else (*arguments, None)
        if timeout is None or not timeout > 0 or not _is_alone():
            return original(*arguments)
        found = original(*files, 0)
        if not any(found):
            clock.advance(timeout)
        return found

    return select_


def _looking(clock: _Clock, original: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
    def select_(self: selectors.BaseSelector, timeout: float | None = None) -> list[Any]:
        if timeout is None or not timeout > 0 or not _is_alone():
            return original(self, timeout)
        found = original(self, 0)
        if not found:
            clock.advance(timeout)
        return found

    return select_


def _of_now(original: Callable[..., Any], now: Callable[[], float]) -> Callable[..., Any]:
    return lambda seconds=None: original(now() if seconds is None else seconds)


def _set_dates_ahead(clock: _Clock) -> None:
    """Let ``datetime.now()`` and its like go by a clock; they are methods of a class in C, of which there is one."""

    def ahead(name: str) -> Callable[..., Any]:
        original = vars(dt.datetime)[name]

        def told(cls: type[dt.datetime], *arguments: Any, **named: Any) -> dt.datetime:
            now: dt.datetime = original.__get__(None, cls)(*arguments, **named)
            return now + dt.timedelta(seconds=clock.ahead)

        return told

    for name in ("now", "utcnow"):
        _set(dt.datetime, name, ahead(name))
    _set(dt.datetime, "today", lambda cls: cls.now())
    _set(dt.date, "today", lambda cls: cls.fromtimestamp(time.time()))


def _set(class_: type, name: str, function: Callable[..., Any]) -> None:
    namespace: dict[str, Any] = gc.get_referents(class_.__dict__)[0]
    namespace[name] = classmethod(function)
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(class_))
