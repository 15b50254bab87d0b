"""A body of code in, what it said out, and how it ended where that was not by itself: it runs in a process of its own.

That process is a fork of this one, in a session of its own, with nothing but ``/dev/null`` behind each file that was
open, its database connections included. Whatever becomes of it, this process goes on. It ends without a word to
anybody: no ``atexit``, no thread that outlives, no buffer that is flushed twice.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import secrets
import selectors
import signal
import socket
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from alembic_contracts.prediction.containment import kernel
from alembic_contracts.prediction.containment.dumps import Dumps
from alembic_contracts.prediction.containment.messages import (
    BACK,
    COPY,
    FAULT,
    FORKS,
    LAP,
    VALUES,
    Channel,
    Reader,
    Writer,
)

if TYPE_CHECKING:
    from alembic_contracts.prediction.containment.kernel import Peer
    from alembic_contracts.prediction.containment.limits import Limits

__all__ = ["Death", "Kept", "Listener", "Watch", "fork", "is_possible", "run", "started"]


class Death(Struct, frozen=True):
    """An end that was not the body's own."""

    reason: str
    """What the script did, as the end of a sentence that begins with it."""
    line: int | None
    """Of the file that the last stretch of work is about; None: not known."""


class Listener(Struct, frozen=True, kw_only=True):
    """Who is told of what happens there."""

    heard: Callable[[Any], None]
    """Of each value that the body sends."""
    refused: Callable[[str, int | None], None]
    """Of what it tried and its kernel refused, and at which line."""
    lasts: Callable[[], None]
    """That a stretch of work takes long."""
    parted: Callable[[], None] = lambda: None
    """That the body may go on more than once from where it is now."""


class Kept(Struct, frozen=True):
    """What a process keeps of what this one has."""

    files: frozenset[int] = frozenset()
    """Descriptors, such as that of a connection; this process is not to use it any more."""
    peers: frozenset[Peer] = frozenset()
    """Who it may connect to by itself."""
    folders: tuple[str, ...] = ()
    """Where it may write, as real paths: what is in them goes away after it."""


class _Stop(Struct, frozen=True):
    """A place where the body can go on from."""

    process: int
    """That which waits there."""
    file: str
    """That which was at hand."""


def is_possible() -> bool:
    """Whether this platform has processes that are copies of another one."""
    return hasattr(os, "fork")


def run(body: Callable[[Channel], None], limits: Limits, listener: Listener, kept: Kept | None = None) -> Death | None:
    """Run a body in a process of its own, and return how it ended if that was not by itself.

    Args:
        body: says with its channel what it has found, and when a stretch of work begins that the limits are for.
        limits: of time and memory.
        listener: told of what the body says, in this process.
        kept: what the process keeps of what this one has; None: nothing.

    Raises:
        Exception: what the body raised.
    """
    with started(body, limits, kept) as watch:
        return watch.until_the_end(listener)


@contextmanager
def started(body: Callable[[Channel], None], limits: Limits, kept: Kept | None = None) -> Iterator[Watch]:
    """Run a body in a process of its own, which ends with the context at the latest.

    Args:
        body: see ``run``; where it parts (``parting``) it may be had to go on from there again.
        limits: of time and memory.
        kept: what the process keeps of what this one has; None: nothing.
    """
    kept = kept or Kept()
    ours, theirs = socket.socketpair()
    dump, dump_there = os.pipe()
    token = secrets.token_bytes(16)
    with ours, contextlib.closing(Dumps(dump)) as dumps:
        process = fork()
        if process == 0:
            from alembic_contracts.prediction.containment.inside import be_inside

            be_inside(body, Channel(theirs, token, limits), dump_there, kept.files)
        try:
            theirs.close()
            os.close(dump_there)
            with contextlib.closing(Watch(process, ours, dumps, token=token, limits=limits, kept=kept)) as watch:
                yield watch
        finally:
            _end(process)


def fork() -> int:
    """Do what ``os.fork()`` does, whatever threads there are.

    Raises:
        OSError: there is no room for another process.
    """
    with warnings.catch_warnings():
        # Threads of the parent are not in the child, whatever locks they hold: it would only come to its time limit.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _end(process: int) -> None:
    """Kill a process and those that it may have started, and wait for its end."""
    for kill, number in ((os.killpg, process), (os.kill, process)):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(number, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(process, 0)


# -- the process that watches ------------------------------------------------------------------------------------------


class Watch:
    """Listens to a process until it ends."""

    lacks_threads = False
    """Whether it parted beside threads of libraries, for which a copy of it can wait in vain."""

    def __init__(
        self, process: int, channel: socket.socket, dumps: Dumps, *, token: bytes, limits: Limits, kept: Kept
    ) -> None:
        """Watch a process.

        Args:
            process: its number.
            channel: what it says comes through there.
            dumps: reads its tracebacks.
            token: 16 bytes that its messages begin with.
            limits: of time.
            kept: what it may reach.
        """
        self._process, self._channel, self._dumps, self._limits = process, channel, dumps, limits
        self._running = process
        """That which the body runs in: it, or a copy of it."""
        self._stops: list[_Stop] = []
        """Where it parted, each in a copy of the one before; those wait for what is next."""
        self._waiting: set[int] = set()
        """The processes that wait there, with those that have."""
        self._token, self._kept = token, kept
        self._reader = Reader(token)
        self._kernel: int | None = None
        self._is_open = self._forks = self._is_done = False
        self._file = ""
        self._since = time.monotonic()
        self._told_long = False
        self._ended = False
        self._asked: set[tuple[Any, ...]] = set()

    def until_the_end(self, listener: Listener) -> Death | None:
        """Listen, and hand on what is said; returns how the process ended where that was not by itself."""
        self._listener = listener
        begun = time.monotonic()
        self._open()
        with selectors.DefaultSelector() as selector, selectors.DefaultSelector() as asking:
            selector.register(self._channel, selectors.EVENT_READ)
            if self._kernel is not None:
                for each in (selector, asking):
                    each.register(self._kernel, selectors.EVENT_READ)
            while True:
                gather = min((time.monotonic() - begun) / _PARTS, _GATHER)
                if gather >= _SHORTEST:
                    asking.select(gather)
                ready = {key.fileobj for key, _ in selector.select(self._patience())}
                if not self._listen():
                    return None if self._ended else self._death()
                if self._kernel in ready:
                    self._decide()
                death = self._over_time()
                if death is not None:
                    return death

    def go_on(self, value: Any) -> None:
        """Have the body go on once more from where it parted last, which it is told a value for.

        It parted before, and came to its end since.
        """
        stop = self._stops.pop()
        self._reader.go_back()
        self._begin(stop.file)
        self._running = stop.process
        self._ended = self._is_done = False
        self._channel.setblocking(True)
        with contextlib.suppress(OSError):  # there is nobody any more: it is told of that who listens
            self._channel.sendall(Writer(self._token).message(VALUES, value))
        self._channel.setblocking(False)

    @property
    def can_go_on(self) -> bool:
        """Whether it parted, and came to its end since."""
        return self._ended and bool(self._stops)

    def close(self) -> None:
        """Answer nothing any more."""
        if self._kernel is not None:
            os.close(self._kernel)

    def _open(self) -> None:
        """Wait for the process to begin."""
        if self._is_open:
            return
        try:
            _, files, _, _ = socket.recv_fds(self._channel, 1, 1)
        except OSError:
            files = []
        self._kernel = files[0] if files else None
        self._channel.setblocking(False)
        self._is_open = True

    def _begin(self, file: str) -> None:
        """Take note that a stretch of work begins."""
        self._file, self._since, self._told_long = file, time.monotonic(), False
        self._asked.clear()
        self._dumps.forget()

    def _patience(self) -> float:
        """Return how long to wait for the next word, in seconds."""
        limit = self._limits.seconds if self._told_long else min(self._limits.seconds, self._limits.long)
        return min(max(self._since + limit - time.monotonic(), 0), _LOOK_EVERY)

    def _listen(self) -> bool:
        """Take what is said; returns False where nothing will be any more."""
        while not self._ended:
            try:
                data = self._channel.recv(1 << 16)
            except BlockingIOError:
                return not self._is_gone()
            except OSError:
                data = b""
            if not data:
                return False
            for kind, value in self._reader.feed(data):
                self._take(kind, value)
            if self._reader.garbled:
                return False
        return False

    def _take(self, kind: bytes, value: Any) -> None:
        self._forks = kind == FORKS
        if kind == VALUES:
            self._hand_on(value)
        elif kind == LAP:
            file, *values = value
            self._begin(file)
            self._hand_on(values)
        elif kind == FORKS:
            self._reader.mark()
        elif kind == COPY:
            self._copied(*value)
        elif kind == FAULT:
            error: BaseException = pickle.loads(value)  # noqa: S301 - our own
            raise error
        else:
            self._is_done = True
            self._ended = kind == BACK or not self._stops

    def _copied(self, process: int, lacks_threads: bool) -> None:
        """Take note of which process goes on: a copy, or the one there was, where there is no room for another."""
        if process == self._running:
            self._reader.unmark()
            self._waiting.discard(process)
            return
        self._stops.append(_Stop(self._running, self._file))
        self._waiting.add(self._running)
        self._running, self.lacks_threads = process, self.lacks_threads or lacks_threads
        self._listener.parted()

    def _hand_on(self, values: Iterable[Any]) -> None:
        for value in values:
            self._listener.heard(value)

    def _is_gone(self) -> bool:
        """Whether the process has ended without closing the channel, as where others that it started hold it open."""
        return self._end(os.WNOHANG) is not None

    def _decide(self) -> None:
        """Answer the process's kernel."""
        assert self._kernel is not None  # noqa: S101 - it has asked
        asked = kernel.ask(self._kernel)
        if asked is None:
            return
        waits = asked.thread in self._waiting
        if (waits and asked.ends(asked.thread)) or (self._forks and asked.is_fork):  # our own code does it
            kernel.answer(self._kernel, asked, granted=True)
            return
        what = asked.what(self._running, self._kept.peers, self._kept.folders)
        key = (asked.thread, asked.call.name, asked.arguments)
        ends = asked.ends(self._running) and not self._is_done
        if (what is not None or ends) and key not in self._asked:
            self._asked.add(key)
            line = self._where() if len(self._asked) < _MOST_ASKED else None
            kernel.answer(self._kernel, asked, granted=what is None)
            if what is not None:  # the C library may have kept signals back during the call
                self._listener.refused(
                    what, line if line is not None else self._dumps.line_of(self._file, patient=True)
                )
        else:
            kernel.answer(self._kernel, asked, granted=what is None)

    def _where(self) -> int | None:
        return self._dumps.ask(self._running, self._file)

    def _over_time(self) -> Death | None:
        lasted = time.monotonic() - self._since
        if lasted > self._limits.seconds:
            limit = f"{self._limits.seconds:g} s ({self._limits.setting})"
            return Death(f"did not come to an end within {limit}", self._where())
        if lasted > self._limits.long and not self._told_long:
            self._told_long = True
            self._listener.lasts()
        return None

    def _death(self) -> Death:
        line = self._dumps.line_of(self._file)
        if self._reader.garbled or not self._is_gone_soon():
            return Death("writes to files that are not its own, or closes them", line)
        code, number = self._end() or _NOT_TOLD
        if (code, number) == _NOT_TOLD:
            return Death("ended its process", line)
        if code == os.CLD_EXITED:
            return Death(f"ended its process with exit code {number}", line)
        name = signal.Signals(number).name if number in set(signal.Signals) else str(number)
        return Death(f"made its process end by signal {name}", line)

    def _end(self, options: int = 0) -> tuple[int, int] | None:
        """Return how the process ended: its ``si_code`` and ``si_status``; None: it did not."""
        try:
            end = os.waitid(os.P_PID, self._process, os.WEXITED | os.WNOWAIT | options)
        except ChildProcessError:  # whoever started this process has it ignore SIGCHLD
            return _NOT_TOLD
        return None if end is None else (end.si_code, end.si_status)

    def _is_gone_soon(self) -> bool:
        until = time.monotonic() + 1
        while not self._is_gone():
            if time.monotonic() > until:
                return False
            time.sleep(0.005)
        return True


_NOT_TOLD = (0, 0)
"""What no end has."""
_LOOK_EVERY = 0.5
"""Seconds after which to see whether the process is still there."""
_PARTS = 20
"""Of the time that a process has taken, one is what its words gather for in the channel, where they are safe whatever
becomes of it, to be read at once: being woken for each takes this process longer than to read it."""
_GATHER, _SHORTEST = 0.005, 0.001
"""Seconds for which they gather at most, and for which it is worth it."""
_MOST_ASKED = 50
"""Refused calls of one stretch of work whose lines are found out."""
