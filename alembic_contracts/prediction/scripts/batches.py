"""Operations of ``op.batch_alter_table`` in, the line of the script that each stands on out.

Alembic collects them and carries them out when the ``with`` ends, whose line is all that the running code shows then.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from alembic.operations import batch as alembics

from alembic_contracts.support.greenlets import line_of

__all__ = ["CARRIES_OUT", "COPY", "lines_noted", "noted_at"]

CARRIES_OUT = "flush"
"""The name of the function that does, of any class."""

COPY = "_alembic_tmp_"
"""How the name of the table begins that batch mode copies rows to, and goes on to put in the other one's place."""

Lines = tuple[tuple[str, int], ...]


class _Noting(list[Any]):
    """The operations of one batch, each with the files and lines that were running when it was added."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[int, Lines] = {}

    def append(self, entry: Any) -> None:
        """Add an operation: its name, its arguments, its keywords."""
        self.lines[id(entry[1])] = tuple(_running(sys._getframe(1)))  # noqa: SLF001 - documented
        super().append(entry)


def _running(frame: FrameType | None) -> Iterator[tuple[str, int]]:
    while frame is not None:
        yield frame.f_code.co_filename, line_of(frame)
        frame = frame.f_back


@contextmanager
def lines_noted() -> Iterator[None]:
    """Note the line of each operation of batch mode while the body runs."""
    impl: Any = getattr(alembics, "BatchOperationsImpl", None)
    if impl is None or not hasattr(impl, "flush"):
        yield
        return
    begin = impl.__init__

    def begin_noting(self: Any, *args: Any, **kwargs: Any) -> None:
        begin(self, *args, **kwargs)
        if getattr(self, "batch", None) == []:
            self.batch = _Noting()

    impl.__init__ = begin_noting
    try:
        yield
    finally:
        impl.__init__ = begin


def noted_at(frame: FrameType) -> Lines:
    """Return the files and lines, innermost first, of the operation that a frame carries out, if it does.

    Where the table is copied for the batch as a whole, that is its only operation, if it has but one.
    """
    if frame.f_code.co_name != CARRIES_OUT or frame.f_code.co_filename != alembics.__file__:
        return ()
    entries = getattr(frame.f_locals.get("self"), "batch", None)
    if not isinstance(entries, _Noting):
        return ()
    arguments = entries[0][1] if len(entries) == 1 else frame.f_locals.get("arg")
    copied = frame.f_locals.get("batch_impl") is not None
    return () if copied and len(entries) > 1 else entries.lines.get(id(arguments), ())
