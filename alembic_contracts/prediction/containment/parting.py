"""A value in, and what to go on with out: once for each way that there is to go on from the place of the call.

A process that runs a body forks there. It stays, and its copy goes on; once that has come to its end there is another
copy for the next way. So whatever comes before is done once. Copies can part as well; the last one that did goes on.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from alembic_contracts.prediction.containment import kernel
from alembic_contracts.prediction.containment.messages import BACK, COPY, FORKS
from alembic_contracts.prediction.containment.process import fork

if TYPE_CHECKING:
    import mmap

    from alembic_contracts.prediction.containment.messages import Channel

__all__ = ["part"]

T = TypeVar("T")

_MAY_SHARE = "mmap" in sys.modules
"""Whether somebody besides can have mapped memory, where the system does not tell."""


def part(channel: Channel, first: T) -> T:
    """Return a value in a process that is a copy of this one, and what the other side says instead in each further one.

    Where a copy would not be the same, this process goes on, and there is no further one: that is where there are other
    threads or a timer, where files are open, as what one copy reads of them is gone for the next, and where memory is
    shared, as what one copy writes there is seen by the next.

    Args:
        channel: this process's.
        first: the first value.
    """
    try:
        if _has_what_no_copy_has() or _open_files() - channel.files or _shares_memory():
            return first
        random = sys.modules.get("random")
        numbers = None if random is None else random.getstate()
    except Exception:  # noqa: BLE001 - scripts may put what they like in the place of functions
        return first
    import mmap

    value = first
    with _uninterrupted():
        while True:
            is_through = mmap.mmap(-1, 1)  # one byte that both have
            copy = _copy(channel)
            if copy is None:
                return value
            if copy == 0:
                if random is not None:
                    random.setstate(numbers)  # Python begins with others in a copy
                channel.ends = partial(is_through.__setitem__, 0, 1)
                return value
            value = _told_after(copy, is_through, channel)


def _told_after(copy: int, is_through: mmap.mmap, channel: Channel) -> Any:
    """Wait for the end of a copy, and return what to go on with; whatever happens is no concern of the script's."""
    try:
        _, status = os.waitpid(copy, 0)
        if not is_through[0]:
            _end_like(status)
        channel.say(BACK, 0)
        return channel.receive()
    except BaseException:  # noqa: BLE001 - there is nobody to tell
        os._exit(1)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Hold back what a script has signals do, and have the end of a process told, whoever is not interested in it."""
    held = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    told = signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    try:
        yield
    finally:  # in each of those that go on
        signal.signal(signal.SIGCHLD, signal.SIG_DFL if told is None else told)
        signal.pthread_sigmask(signal.SIG_SETMASK, held)


def _open_files() -> frozenset[int]:
    """Return the descriptors behind which something is, of this process."""
    nowhere = Path(os.devnull).stat().st_rdev
    found = set()
    for name in os.listdir("/dev/fd"):  # noqa: PTH208 - numbers
        try:
            status = os.fstat(int(name))
        except OSError:  # that of the listing itself
            continue
        if not (stat.S_ISCHR(status.st_mode) and status.st_rdev == nowhere):
            found.add(int(name))
    return frozenset(found)


def _shares_memory() -> bool:
    """Whether there is memory that copies have in common with each other alone (``MAP_SHARED``)."""
    try:
        own = _shared_by("self")
    except OSError:
        return _MAY_SHARE
    if not own:
        return False
    try:  # what the process has that this one was forked from, each fork of that one has as well
        return bool(own - _shared_by(str(os.getppid())))
    except OSError:
        return True


def _shared_by(process: str) -> set[str]:
    """Return the ranges of addresses where a process has memory of this kind, and may write."""
    maps = Path(f"/proc/{process}/maps").read_text(encoding="utf-8", errors="replace")
    return {line.partition(" ")[0] for line in maps.splitlines() if " rw-s " in line}


def _has_what_no_copy_has() -> bool:
    """Whether there is a thread of Python's besides, an event loop that runs, or a timer.

    Threads that libraries keep for themselves are none of these: mostly they wait for work that does not come. Whoever
    watches is told of them.
    """
    asyncio = sys.modules.get("asyncio")
    loop = None if asyncio is None else asyncio._get_running_loop()  # noqa: SLF001 - the public one raises
    timers = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)
    return (
        loop is not None
        or len(sys._current_frames()) > 1  # noqa: SLF001 - all threads, and not those of one module
        or any(signal.getitimer(timer)[0] for timer in timers)
    )


def _copy(channel: Channel) -> int | None:
    """Fork, with word of it to the other side.

    Returns:
        what ``fork()`` does; None where there can be no copy, and this process goes on as if it were one.
    """
    channel.flush()
    channel.say(FORKS, 0)
    lacks_threads = _threads() > 1
    try:
        copy = fork()
    except OSError:
        channel.say(COPY, (os.getpid(), False))
        return None
    if copy == 0:
        kernel.die_with_parent()
        channel.say(COPY, (os.getpid(), lacks_threads))
    return copy


def _threads() -> int:
    """Return how many threads there are, those of libraries included; 1 where the system does not tell."""
    try:
        return len(os.listdir("/proc/self/task"))  # noqa: PTH208 - numbers
    except OSError:
        return 1


def _end_like(status: int) -> NoReturn:
    """End as a process did that has a status."""
    faulthandler.disable()
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number != signal.SIGKILL:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
        os.kill(os.getpid(), number)
    os._exit(os.waitstatus_to_exitcode(status))
