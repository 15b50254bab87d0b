"""A body of code in, what it said out, and how it ended where that was not by itself: it runs in a process of its own.

That process is a fork of this one, in a session of its own, with nothing but ``/dev/null`` behind each file that was
open, its database connections included. Whatever becomes of it, this process goes on. It ends without a word to
anybody: no ``atexit``, no thread that outlives, no buffer that is flushed twice.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from alembic_contracts.prediction.containment.dumps import Dumps
from alembic_contracts.prediction.containment.inside import be_inside
from alembic_contracts.prediction.containment.messages import Channel
from alembic_contracts.prediction.containment.watch import Death, Kept, Listener, Watch

if TYPE_CHECKING:
    from alembic_contracts.prediction.containment.limits import Limits

__all__ = ["Death", "Kept", "Listener", "Watch", "fork", "is_possible", "run", "started"]


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
