"""Bodies that part, in a process of their own: values to go on with in, what is said and how that ends out."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from alembic_contracts.prediction.containment import parting
from alembic_contracts.prediction.containment.limits import Limits
from alembic_contracts.prediction.containment.messages import Channel
from alembic_contracts.prediction.containment.process import Death, Listener, started

HERE = __file__
"""Where the lines of these ends are."""
ENDS: dict[str, tuple[Callable[[], Any], str]] = {
    "exits": (lambda: os._exit(0), "ended its process with exit code 0"),
    "exits with a code": (lambda: os._exit(3), "ended its process with exit code 3"),
    "is killed": (lambda: os.kill(os.getpid(), 9), "made its process end by signal SIGKILL"),
    "is interrupted": (lambda: os.kill(os.getpid(), 15), "made its process end by signal SIGTERM"),
    "crashes": (lambda: __import__("ctypes").string_at(0), "made its process end by signal SIGSEGV"),
    "hangs": (threading.Event().wait, "did not come to an end within 1 s (predict_timeout)"),
}


@dataclass
class Said:
    """What a body said in each of its ways, and how that ended."""

    values: list[list[Any]] = field(default_factory=list)
    parted: list[int] = field(default_factory=list)
    """How much it had said by then."""
    ends: list[Death | None] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def ways(body: Callable[[Channel], None], *values: Any, limits: Limits | None = None) -> Said:
    """Have a body go on with each of some values, as long as it can."""
    said = Said()
    with started(body, limits or Limits()) as watch:
        for value in (None, *values):
            if value is not None:
                if not watch.can_go_on:
                    break
                watch.go_on(value)
            heard: list[Any] = []
            said.values.append(heard)
            listener = Listener(
                heard=heard.append,
                refused=lambda what, _line: said.refused.append(what),
                lasts=lambda: None,
                parted=lambda heard=heard: said.parted.append(len(heard)),  # type: ignore[misc] # its default
            )
            said.ends.append(watch.until_the_end(listener))
    return said


def make_room_for(copies: int) -> None:
    """Let this process have room for some copies only; what one takes is gone for it and for those that it makes."""
    left, fork = [copies], parting.fork

    def scarce() -> int:
        if not left[0]:
            raise BlockingIOError
        left[0] -= 1
        return fork()

    parting.fork = scarce  # type: ignore[assignment] # of this process
