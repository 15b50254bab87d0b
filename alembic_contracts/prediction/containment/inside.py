"""What a process does that a body of code runs in: it lets go of what it was a copy of, and ends without a word."""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import os
import signal
import sys
from collections.abc import Callable
from typing import NoReturn

from alembic_contracts.prediction.containment import kernel
from alembic_contracts.prediction.containment.dumps import Dumps
from alembic_contracts.prediction.containment.messages import Channel
from alembic_contracts.support import garbage

__all__ = ["be_inside"]


def be_inside(body: Callable[[Channel], None], channel: Channel, dump: int, files: frozenset[int]) -> NoReturn:
    """Run a body, and end.

    Args:
        body: given the channel.
        channel: to the process that watches.
        dump: the descriptor that tracebacks go to.
        files: descriptors to keep besides.
    """
    exits = os._exit
    try:
        channel.files |= {dump, *files}
        _detach(keep=channel.files)
        faulthandler.enable(dump)
        faulthandler.register(Dumps.SIGNAL, dump)
        kernel.die_with_parent()
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


def _detach(keep: frozenset[int]) -> None:
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
