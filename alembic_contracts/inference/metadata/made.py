"""Modules while they are imported in, the mappers and tables that they make out, each with the line that made it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Mapper

from alembic_contracts.support.paths import is_installed

__all__ = ["Made", "watched"]

_LIBRARY = os.path.dirname(os.path.abspath(sa.__file__)) + os.sep  # noqa: PTH100, PTH120 - as frames have it


class Made:
    """What was made so far."""

    def __init__(self, folder: str) -> None:
        """``folder``: whose files are looked for, links in it followed."""
        self.mappers: list[Mapper[Any]] = []
        self._folder = folder + os.sep
        self._lines: dict[int, tuple[sa.Table, str, int]] = {}

    def of(self, table: sa.Table) -> list[Mapper[Any]]:
        """Return the mappers that select from a table."""
        return [mapper for mapper in self.mappers if table in mapper.tables]

    def where(self, table: sa.Table) -> tuple[str, int] | None:
        """Return file and line of the statement that made a table."""
        found = self._lines.get(id(table))
        return None if found is None else found[1:]

    def mapped(self, mapper: Mapper[Any], _class: type) -> None:
        """Take note of a mapper."""
        self.mappers.append(mapper)

    def attached(self, table: sa.Table, _parent: object) -> None:
        """Take note of a table: of the nearest line of the application's own, else of any that is not SQLAlchemy's."""
        places = list(_callers())
        own = (place for place in places if place[0].startswith(self._folder) and not is_installed(place[0]))
        found = next(own, places[0] if places else None)
        if found is not None and id(table) not in self._lines:
            self._lines[id(table)] = (table, *found)


def _callers() -> Iterator[tuple[str, int]]:
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - what `inspect` is made of, and a hundred times as fast
    while frame is not None:
        file = os.path.abspath(frame.f_code.co_filename)  # noqa: PTH100
        if not file.startswith(_LIBRARY) and file != __file__ and not frame.f_code.co_filename.startswith("<"):
            yield file, frame.f_lineno
        frame = frame.f_back


@contextmanager
def watched(folder: str) -> Iterator[Made]:
    """Take note of what is made in the body.

    Args:
        folder: where the application's files are, as a real path.
    """
    made = Made(folder)
    heard = ((Mapper, "instrument_class", made.mapped), (sa.Table, "before_parent_attach", made.attached))
    for target, name, listener in heard:
        event.listen(target, name, listener)
    try:
        yield made
    finally:
        for target, name, listener in heard:
            event.remove(target, name, listener)
