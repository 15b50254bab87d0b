"""The running code in, the line of the version script out that it comes from."""

from __future__ import annotations

import linecache
import os
import sys
from functools import lru_cache
from pathlib import Path
from types import FrameType, TracebackType
from typing import NamedTuple

from msgspec import Struct

from alembic_contracts.prediction.scripts.batches import CARRIES_OUT, noted_at
from alembic_contracts.schemas.steps import Location
from alembic_contracts.support.greenlets import frames, line_of, waiting

__all__ = ["Place", "Script"]


class Script(Struct):
    """A version script while it runs."""

    revision: str
    path: str
    """As in its code objects' ``co_filename``."""
    shown: str
    """The path for people: relative to the working directory where it is below it, with forward slashes."""
    first_line: int = 1
    """Where ``upgrade`` is defined; stands in where the running line cannot be found (code in other threads)."""
    is_through: bool = False
    """Whether none of it is executed any more, which spares a look through all frames."""
    is_ahead: bool = False
    """Whether it is not its turn yet, and it is only loaded."""

    @classmethod
    def of(cls, revision: str, path: str, working_directory: Path) -> Script:
        """Return the script at a path."""
        return cls(revision, path, _shown(path, str(working_directory)))

    def copy(self) -> Script:
        """Return it as it is now."""
        return Script(self.revision, self.path, self.shown, self.first_line, is_ahead=self.is_ahead)

    def here(self) -> Location:
        """Return the innermost line of the script that is being executed."""
        return self.at(self.running())

    def place(self) -> Place | None:
        """Return the innermost line that is being executed, None where none of the script is."""
        line = self.running()
        return None if line is None else Place(self, line)

    def running(self) -> int | None:
        """Return the number of the innermost line that is being executed, None where none of the script is."""
        if self.is_through:
            return None
        # Of the caller: a frame that is kept in itself is a cycle, and keeps cursors alive.
        caller = sys._getframe(1)  # noqa: SLF001 - documented, and `inspect.stack` reads every source file
        return self._line_in(caller) or next(filter(None, map(self._line_in, waiting())), None)

    def _line_in(self, frame: FrameType | None) -> int | None:
        """Return the innermost line of the script in a frame and those around it."""
        path = self.path
        while frame is not None:  # some twenty of them, at each statement
            code = frame.f_code
            if code.co_filename == path:
                return line_of(frame)
            for file, line in noted_at(frame) if code.co_name == CARRIES_OUT else ():
                if file == self.path:
                    return line
            frame = frame.f_back
        return None

    def call_stack(self) -> list[tuple[str, int]]:
        """Return the functions of the script that are running, outermost first, and the line in each."""
        found = [frame for frame in frames() if frame.f_code.co_filename == self.path]
        return [(frame.f_code.co_name, line_of(frame)) for frame in reversed(found)]

    def is_running(self) -> bool:
        """Whether the script itself is being executed, rather than a module that it imports."""
        for frame in frames():
            if frame.f_code.co_filename == self.path:
                return True
            if frame.f_code.co_filename.startswith("<frozen importlib"):
                return False
        return True  # in a thread

    def of_error(self, error: BaseException) -> Location:
        """Return the innermost line of the script that an exception went through."""
        line = self.first_line
        trace: TracebackType | None = error.__traceback__
        while trace is not None:
            places = _places(trace.tb_frame, trace.tb_lineno)
            line = next((line for file, line in places if file == self.path), line)
            trace = trace.tb_next
        return self.at(line)

    def text(self) -> str:
        """Return the script's source, nothing where it has none."""
        return "".join(linecache.getlines(self.path))

    def at(self, line: int | None) -> Location:
        """Return a line of the script; None: the first one, where it is not known which."""
        line = self.first_line if line is None else line
        return Location(self.revision, self.shown, line, linecache.getline(self.path, line).strip())


class Place(NamedTuple):
    """A line of a script, of which nobody has read the text."""

    script: Script
    line: int

    @property
    def location(self) -> Location:
        """The line with its text."""
        return self.script.at(self.line)


@lru_cache(maxsize=1024)  # which a test suite runs again and again
def _shown(path: str, directory: str) -> str:
    """Return how people see a path, with forward slashes."""
    folder, name = os.path.split(path)
    shown = _shown_folder(folder, directory)
    return f"{shown}/{name}" if shown and not shown.endswith("/") else f"{shown}{name}"


@lru_cache(maxsize=64)  # of the scripts of a project, which are in few folders
def _shown_folder(folder: str, directory: str) -> str:
    """Return the same of a folder: ``""`` for the working directory."""
    working_directory = Path(directory)
    full = working_directory / folder
    shown = full.relative_to(working_directory) if full.is_relative_to(working_directory) else full
    text = shown.as_posix()
    return "" if text == "." else text


def _places(frame: FrameType, line: int) -> tuple[tuple[str, int], ...]:
    """Return the files and lines that a frame stands for, innermost first."""
    return (*noted_at(frame), (frame.f_code.co_filename, line))
