"""A function that runs code of others in, what it returned out, or why it did not: it runs without a trace outside."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from sqlalchemy import event
from sqlalchemy.engine import Engine

from alembic_contracts.errors import CannotCheck
from alembic_contracts.prediction.containment import process
from alembic_contracts.prediction.containment.limits import Limits

if TYPE_CHECKING:
    from alembic_contracts.prediction.containment.messages import Channel

__all__ = ["nothing_outside", "returned"]

Value = TypeVar("Value")

_REFUSED = ("socket.connect", "socket.bind", "socket.getaddrinfo", "subprocess.Popen", "os.system", "os.posix_spawn")
"""Python's audit events of what is refused, also where no kernel refuses it."""


class RefusedError(PermissionError):
    """Models were about to reach outside of the process."""


def returned(function: Callable[[], Value], limits: Limits, folders: tuple[str, ...] = ()) -> Value:
    """Return what a function does; it runs in a process of its own where there are such.

    Args:
        function: returns what can be pickled.
        limits: of time and memory.
        folders: where it may write, as real paths.

    Raises:
        CannotCheck: it did not come to its end. What it raised itself is raised here.
    """
    if not process.is_possible():  # this process was started for it alone
        with nothing_outside():
            return function()
    said: list[Value] = []

    def body(channel: Channel) -> None:
        channel.lap("")
        with nothing_outside():
            channel.send(function())

    listener = process.Listener(heard=said.append, refused=lambda *_: None, lasts=lambda: None)
    death = process.run(body, limits, listener, process.Kept(folders=folders))
    if not said:
        raise CannotCheck(f"it {death.reason}" if death is not None else "it said nothing")
    return said[0]


@contextmanager
def nothing_outside() -> Iterator[None]:
    """Refuse databases and other machines; the process ends after the body."""

    def refuse_database(*_arguments: Any) -> NoReturn:
        raise RefusedError("it opens a database connection, which is refused while models are read")

    def refuse(name: str, _arguments: tuple[Any, ...]) -> None:
        if name in _REFUSED:
            raise RefusedError(f"it reaches outside of its process ({name}), which is refused while models are read")

    event.listen(Engine, "do_connect", refuse_database)
    sys.addaudithook(refuse)
    yield
