"""What a script leaves to be done after it has returned in, doubts out: threads, and functions for the process's end.

For a process of one's own: what is left there is never done.
"""

from __future__ import annotations

import _thread
import atexit
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from alembic_contracts.support.paths import is_installed

if TYPE_CHECKING:
    from alembic_contracts.prediction.scripts.source_lines import Script
    from alembic_contracts.schemas.steps import Location

__all__ = ["Leftovers"]

_PATIENCE = 0.25
"""Seconds in which a thread may come to its end."""


class Leftovers:
    """Takes note of what scripts start, but not of what the modules start that they import."""

    def __init__(self, doubt: Callable[[str, Location | None], None]) -> None:
        """``doubt`` is called with what is left, and where it was started."""
        self._doubt = doubt
        self._script: Script | None = None
        self._threads: dict[threading.Thread, Location] = {}
        self._register = atexit.register
        self._start = threading.Thread.start
        self._start_new = _thread.start_new_thread

    def watch(self) -> None:
        """Take note from here on."""
        atexit.register = self._at_exit
        leftovers = self

        def start(self: threading.Thread) -> None:
            leftovers._note(self)
            leftovers._start(self)

        threading.Thread.start = start  # type: ignore[method-assign] # on purpose: of this process
        _thread.start_new_thread = _thread.start_new = self._raw

    def begin(self, script: Script) -> None:
        """Begin with a script."""
        self._script = script

    def end(self) -> None:
        """Tell what the script has left running."""
        for thread, place in self._threads.items():
            thread.join(_PATIENCE)
            if thread.is_alive() and not _is_idle(thread):
                self._doubt("the script leaves a thread running", place)
        self._threads.clear()
        self._script = None

    def _here(self) -> Location | None:
        """Return the line of the script that is being executed, None where a module is that it imports."""
        return self._script.here() if self._script is not None and self._script.is_running() else None

    def _note(self, thread: threading.Thread) -> None:
        place = self._here()
        if place is not None:
            self._threads[thread] = place

    def _at_exit(self, function: Callable[..., Any], /, *_: Any, **__: Any) -> Callable[..., Any]:
        registers = sys._getframe(1).f_code.co_filename  # noqa: SLF001 - documented
        # What a library has to clean up is its own; Python's own also register what others hand to them.
        is_script = self._script is not None and self._script.path == registers
        place = self._here() if is_script or not is_installed(registers) else None
        if place is not None:
            self._doubt("the script leaves something to be done when the process ends (atexit)", place)
        return function

    def _raw(self, *arguments: Any) -> Any:
        place = self._here()
        if place is not None:
            self._doubt("the script starts a thread that nothing can wait for (_thread)", place)
        return self._start_new(*arguments)


def _is_idle(thread: threading.Thread) -> bool:
    """Whether a thread of a pool waits for more to do."""
    frame = sys._current_frames().get(thread.ident or 0)  # noqa: SLF001 - documented
    return frame is None or (frame.f_code.co_name == "_worker" and frame.f_code.co_filename.endswith("thread.py"))
