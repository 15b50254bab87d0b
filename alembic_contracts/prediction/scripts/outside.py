"""A body of code in, run without changing anything outside the process: files, other processes, the network.

Python tells its audit hooks (PEP 578) before it does such a thing, and does not do it where one raises. C code can
still act without a word: drivers that connect from C are dealt with by name, and on Linux a process of one's own is
watched by the kernel (``containment``).
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import PurePath
from threading import get_ident
from typing import Any
from weakref import WeakKeyDictionary

from alembic_contracts.prediction.containment.kernel import is_own_address
from alembic_contracts.prediction.scripts.real_drivers import drivers_refuse
from alembic_contracts.prediction.scripts.refusals import OutsideReachedError

__all__ = ["no_trace_outside", "prepare", "unwatched"]

Doubt = Callable[[str], None]
"""Told what a script tried; a script may catch the error, but what the real run does differs from there on."""


_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

_FILES = {
    "os.chmod": "changes a file",
    "os.chown": "changes a file",
    "os.link": "creates a file",
    "os.mkdir": "creates a directory",
    "os.remove": "removes a file",
    "os.rename": "renames a file",
    "os.rmdir": "removes a directory",
    "os.symlink": "creates a file",
    "os.truncate": "changes a file",
    "os.utime": "changes a file",
    "sqlite3.connect": "opens a database connection of its own to the file",
}
"""Audit events whose first argument is a path, and what a script then does."""

_OTHERS = {
    "os.exec": "starts a process",
    "os.fork": "starts a process",
    "os.forkpty": "starts a process",
    "os.posix_spawn": "starts a process",
    "os.spawn": "starts a process",
    "os.startfile": "starts a process",
    "os.system": "starts a process",
    "subprocess.Popen": "starts a process",
    "os.kill": "sends a signal",
    "os.killpg": "sends a signal",
    "socket.bind": "uses the network",
    "socket.connect": "uses the network",
    "socket.getaddrinfo": "uses the network",
    "socket.gethostbyname": "uses the network",
    "socket.sendmsg": "uses the network",
    "socket.sendto": "uses the network",
}
"""Other audit events that are refused."""
_LOOKED_AT = frozenset({"open", *_FILES, *_OTHERS})
"""All that can be refused; most events are none of them: to look at a frame's code is one as well."""

_watched: dict[int, Doubt] = {}
"""Threads that run scripts under prediction, by identifier. All others are none of our business."""
_everyone: Doubt | None = None
"""Where the whole process is under prediction."""
_unwatched: set[int] = set()
"""Threads that do what they may, such as opening a connection that is lent, by identifier."""
_started: WeakKeyDictionary[threading.Thread, Doubt] = WeakKeyDictionary()
"""Threads that were started by them."""
_installed = False
_sleep = time.sleep
_start = threading.Thread.start


@contextmanager
def no_trace_outside(doubt: Doubt, *, alone: bool = False) -> Iterator[None]:
    """Refuse, in this thread and those it starts, what would change anything outside of this process.

    That is: writing, creating, renaming and removing files (but for Python's own caches), starting processes, and
    using the network. ``time.sleep`` returns at once. Threads that outlive the body are free: they come with modules
    that were imported, which the real run uses as well.

    Args:
        doubt: told of each thing that is refused, whether or not the script catches the error.
        alone: whether the process is for scripts alone, so that all of its threads are theirs, until it ends.
    """
    global _everyone  # noqa: PLW0603 - of this process
    _install()
    if alone:
        _everyone = doubt
        with drivers_refuse(_refusal):
            yield
        return
    time.sleep = _no_sleep
    # Python 3.11 tells audit hooks nothing of new threads.
    threading.Thread.start = _start_followed  # type: ignore[method-assign, assignment] # `self` by another name
    with drivers_refuse(_refusal):
        _watched[get_ident()] = doubt
        try:
            yield
        finally:
            del _watched[get_ident()]
            for thread in [thread for thread, its_doubt in _started.items() if its_doubt is doubt]:
                del _started[thread]
            if not _watched:
                time.sleep = _sleep
                threading.Thread.start = _start  # type: ignore[method-assign] # on purpose


@contextmanager
def unwatched() -> Iterator[None]:
    """Let this thread do what scripts may not."""
    _unwatched.add(get_ident())
    try:
        yield
    finally:
        _unwatched.discard(get_ident())


def prepare() -> None:
    """Do what modules do when they are imported and scripts may not; once is enough."""
    tempfile.gettempdir()  # finds out by writing a file


def _install() -> None:
    """Add the audit hook, once: Python has no way to take one away."""
    global _installed  # noqa: PLW0603 - the interpreter has one list of hooks
    if not _installed:
        prepare()
        sys.addaudithook(_hook)
        _installed = True


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    # Called for thousands of events in every thread until the process ends: nothing may be slow or go wrong here.
    if event not in _LOOKED_AT or (not _watched and _everyone is None):
        return
    doubt = _doubt_of_thread()
    if doubt is None:
        return
    what = _what(event, arguments)
    if what is not None:
        doubt(f"the script {what}")
        raise OutsideReachedError(what)


def _doubt_of_thread() -> Doubt | None:
    if get_ident() in _unwatched:
        return None
    if _everyone is not None:
        return _everyone
    identifier = get_ident()
    if identifier in _watched:
        return _watched[identifier]
    if not _started:
        return None
    # current_thread() would make one up where there is none yet.
    thread = vars(threading)["_active"].get(identifier)
    return _started.get(thread) if thread is not None else None


def _start_followed(thread: threading.Thread) -> None:
    """Start a thread, which is under prediction as well if this one is."""
    doubt = _doubt_of_thread()
    if doubt is not None:
        _started[thread] = doubt
    _start(thread)


def _what(event: str, arguments: tuple[Any, ...]) -> str | None:
    """Return what is about to be done, None where it leaves no trace."""
    if event == "open":
        path, _mode, flags = arguments
        writes = isinstance(flags, int) and flags & _WRITING
        return f"writes the file {_shown(path)}" if writes and not _is_harmless(path) else None
    if event in _FILES:
        path = arguments[0]
        if _is_harmless(path) or _would_fail(event, path):
            return None
        return f"{_FILES[event]}: {_shown(path)}"
    if event == "socket.bind" and is_own_address(*_host_and_port(arguments[1])):
        return None
    return _OTHERS.get(event)


def _host_and_port(address: Any) -> tuple[object, object]:
    return (address[0], address[1]) if isinstance(address, tuple) and len(address) > 1 else (None, None)


def _is_harmless(path: Any) -> bool:
    if isinstance(path, int):  # opened before, with leave
        return True
    text = _shown(path)
    return text in {os.devnull, ":memory:", ""} or "__pycache__" in PurePath(text).parts


def _would_fail(event: str, path: Any) -> bool:
    """Whether nothing would come of it, as in ``mkdir(exist_ok=True)`` and ``unlink(missing_ok=True)``."""
    if event == "os.mkdir":
        return os.path.lexists(path)
    return event not in {"os.symlink", "sqlite3.connect"} and not os.path.lexists(path)


def _shown(path: Any) -> str:
    try:
        return os.fsdecode(path)
    except TypeError:  # whatever was passed, the operation itself will say that it is no path
        return ""


def _no_sleep(seconds: Any, /) -> None:
    """Wait, unless under prediction: the real run will."""
    if _doubt_of_thread() is None:
        _sleep(seconds)


def _refusal(driver: str) -> OutsideReachedError | None:
    """Return the error for a driver that is about to connect, None where that is nothing of a script."""
    doubt = _doubt_of_thread()
    if doubt is None:
        return None
    what = f"opens a database connection of its own ({driver})"
    doubt(f"the script {what}")
    return OutsideReachedError(what)
