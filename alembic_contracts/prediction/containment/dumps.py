"""What ``faulthandler`` writes of a process in, the line of a file that it was in out."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal

from alembic_contracts.patterns import pattern

__all__ = ["Dumps"]

_FRAME = pattern(rb'File "(.*)", line (\d+) in ')


class Dumps:
    """Reads a pipe that a process's tracebacks are written to, by itself as it crashes or because it is asked."""

    SIGNAL = getattr(signal, "SIGUSR2", 0)
    """What it is asked with."""

    def __init__(self, pipe: int) -> None:
        """Read from a file descriptor, which is closed in the end."""
        self._pipe, self._text = pipe, b""
        os.set_blocking(pipe, False)

    def close(self) -> None:
        """Close the pipe."""
        os.close(self._pipe)

    def forget(self) -> None:
        """Forget what was written before."""
        self._read(0)
        self._text = b""

    def ask(self, process: int, file: str) -> int | None:
        """Have a process say where it is, and return the line of a file; None where it says nothing of it."""
        self.forget()
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, self.SIGNAL)
        return self.line_of(file, patient=True)

    def line_of(self, file: str, *, patient: bool = False) -> int | None:
        """Return the innermost line of a file that was written last; None where there is none.

        ``patient``: something may only now be written.
        """
        self._read(_ANSWERS_WITHIN if patient else 0)
        *_, last = self._text.split(b"Fatal Python error")
        name = file.encode("ascii", "backslashreplace")
        return next((int(line) for path, line in _FRAME.findall(last) if path == name), None)

    def _read(self, patience: float) -> None:
        """Read what there is; wait for the first of it, and until nothing more comes."""
        while not patience or self._is_readable(patience):
            try:
                data = os.read(self._pipe, 1 << 16)
            except BlockingIOError:
                return
            if not data:
                return
            self._text += data
            patience = _PAUSE if patience else 0

    def _is_readable(self, seconds: float) -> bool:
        # select.select() fails on descriptors from 1024 on, which a process with many files and connections has.
        with selectors.DefaultSelector() as selector:
            selector.register(self._pipe, selectors.EVENT_READ)
            return bool(selector.select(seconds))


_ANSWERS_WITHIN = 0.3
_PAUSE = 0.03
