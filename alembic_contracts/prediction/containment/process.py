"""A body of code in, what it said out, and how it ended where that was not by itself: it runs in a process of its own.

That process is a fork of this one, in a session of its own, with nothing but ``/dev/null`` behind each file that was
open, its database connections included. Whatever becomes of it, this process goes on. It ends without a word to
anybody: no ``atexit``, no thread that outlives, no buffer that is flushed twice.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import os
import pickle
import secrets
import selectors
import signal
import socket
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NoReturn

from msgspec import Struct

from alembic_contracts.prediction.containment import kernel
from alembic_contracts.prediction.containment.dumps import Dumps
from alembic_contracts.prediction.containment.messages import FAULT, LAP, VALUES, Channel, Reader
from alembic_contracts.support import garbage

if TYPE_CHECKING:
    from alembic_contracts.prediction.containment.kernel import Peer
    from alembic_contracts.prediction.containment.limits import Limits

__all__ = ["Death", "Kept", "Listener", "is_possible", "run"]


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


class Kept(Struct, frozen=True):
    """What a process keeps of what this one has."""

    files: frozenset[int] = frozenset()
    """Descriptors, such as that of a connection; this process is not to use it any more."""
    peers: frozenset[Peer] = frozenset()
    """Who it may connect to by itself."""
    folders: tuple[str, ...] = ()
    """Where it may write, as real paths: what is in them goes away after it."""


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
    kept = kept or Kept()
    ours, theirs = socket.socketpair()
    dump, dump_there = os.pipe()
    token = secrets.token_bytes(16)
    with ours, contextlib.closing(Dumps(dump)) as dumps:
        process = _fork()
        if process == 0:
            _be_child(body, Channel(theirs, token, limits), dump_there, kept.files)
        try:
            theirs.close()
            os.close(dump_there)
            watch = _Watch(process, ours, dumps, token=token, limits=limits, kept=kept)
            return watch.until_the_end(listener)
        finally:
            _end(process)


def _fork() -> int:
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


# -- the process itself ------------------------------------------------------------------------------------------------


def _be_child(body: Callable[[Channel], None], channel: Channel, dump: int, files: frozenset[int]) -> NoReturn:
    exits = os._exit
    try:
        _detach(keep={channel.fileno(), dump, *files})
        faulthandler.enable(dump)
        faulthandler.register(Dumps.SIGNAL, dump)
        listener = kernel.install(channel.fileno())
        if listener is None:
            os._exit = _telling(dump)
        channel.open(listener)
        if listener is not None:
            os.close(listener)
        _outside_of_loops(lambda: body(channel))
        channel.end(None)
    except BaseException as error:  # noqa: BLE001 - there is nobody else to tell, and nothing to go back to
        channel.end(error)
    finally:
        exits(0)


def _detach(keep: set[int]) -> None:
    """Leave nothing that the parent has: its terminal, its files and connections, what it does on signals."""
    os.setsid()
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in [int(name) for name in os.listdir("/dev/fd")]:  # noqa: PTH208 - numbers
        if number not in keep:
            # Not closed: what still believes in a connection there would write into a file that is opened later.
            with contextlib.suppress(OSError):
                os.dup2(nowhere, number)
    gc.freeze()  # what there is stays where it is, in memory that both share
    garbage.seldom()


def _telling(dump: int) -> Callable[..., NoReturn]:
    """Return an ``os._exit`` that leaves word of where it was called."""
    exits = os._exit

    def tell_and_exit(status: int) -> NoReturn:
        faulthandler.dump_traceback(dump)
        exits(status)

    return tell_and_exit


def _outside_of_loops(body: Callable[[], None]) -> None:
    """Call a function where no event loop runs, which a fork of async code is in the middle of."""
    greenlet = sys.modules.get("greenlet")
    if greenlet is None:
        body()
        return
    error: list[BaseException] = []

    def guarded() -> None:
        try:
            body()
        except BaseException as raised:  # noqa: BLE001 - handed on
            error.append(raised)

    greenlet.greenlet(guarded, greenlet.getcurrent()).switch()
    if error:
        raise error[0]


# -- the process that watches ------------------------------------------------------------------------------------------


class _Watch:
    """Listens to a process until it ends."""

    def __init__(
        self, process: int, channel: socket.socket, dumps: Dumps, *, token: bytes, limits: Limits, kept: Kept
    ) -> None:
        self._process, self._channel, self._dumps, self._limits = process, channel, dumps, limits
        self._kept = kept
        self._reader = Reader(token)
        self._kernel: int | None = None
        self._file = ""
        self._since = time.monotonic()
        self._told_long = False
        self._ended = False
        self._asked: set[tuple[Any, ...]] = set()

    def until_the_end(self, listener: Listener) -> Death | None:
        """Listen, and hand on what is said; returns how the process ended where that was not by itself."""
        self._listener = listener
        begun = time.monotonic()
        with self._opened(), selectors.DefaultSelector() as selector, selectors.DefaultSelector() as asking:
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

    @contextlib.contextmanager
    def _opened(self) -> Iterator[None]:
        try:
            _, files, _, _ = socket.recv_fds(self._channel, 1, 1)
        except OSError:
            files = []
        self._kernel = files[0] if files else None
        self._channel.setblocking(False)
        try:
            yield
        finally:
            if self._kernel is not None:
                os.close(self._kernel)

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
        if kind == VALUES:
            self._hand_on(value)
        elif kind == LAP:
            self._file, *values = value
            self._since, self._told_long = time.monotonic(), False
            self._asked.clear()
            self._dumps.forget()
            self._hand_on(values)
        elif kind == FAULT:
            error: BaseException = pickle.loads(value)  # noqa: S301 - our own
            raise error
        else:
            self._ended = True

    def _hand_on(self, values: Iterable[Any]) -> None:
        for value in values:
            self._listener.heard(value)

    def _is_gone(self) -> bool:
        """Whether the process has ended without closing the channel, as where others that it started hold it open."""
        return os.waitid(os.P_PID, self._process, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def _decide(self) -> None:
        """Answer the process's kernel."""
        assert self._kernel is not None  # noqa: S101 - it has asked
        asked = kernel.ask(self._kernel)
        if asked is None:
            return
        what = asked.what(self._process, self._kept.peers, self._kept.folders)
        key = (asked.thread, asked.call.name, asked.arguments)
        if (what is not None or asked.ends(self._process)) and key not in self._asked:
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
        return self._dumps.ask(self._process, self._file)

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
        status = os.waitid(os.P_PID, self._process, os.WEXITED | os.WNOWAIT)
        if status is not None and status.si_code == os.CLD_EXITED:
            return Death(f"ended its process with exit code {status.si_status}", line)
        number = status.si_status if status is not None else 0
        name = signal.Signals(number).name if number in set(signal.Signals) else str(number)
        return Death(f"made its process end by signal {name}", line)

    def _is_gone_soon(self) -> bool:
        until = time.monotonic() + 1
        while not self._is_gone():
            if time.monotonic() > until:
                return False
            time.sleep(0.005)
        return True


_LOOK_EVERY = 0.5
"""Seconds after which to see whether the process is still there."""
_PARTS = 20
"""Of the time that a process has taken, one is what its words gather for in the channel, where they are safe whatever
becomes of it, to be read at once: being woken for each takes this process longer than to read it."""
_GATHER, _SHORTEST = 0.005, 0.001
"""Seconds for which they gather at most, and for which it is worth it."""
_MOST_ASKED = 50
"""Refused calls of one stretch of work whose lines are found out."""
