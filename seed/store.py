"""The file that fetched objects are kept in; it survives being killed at any moment."""

from __future__ import annotations

import contextlib
import json
import os
from typing import TYPE_CHECKING, Any, Self

import click

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Store"]


class Store:
    """A JSON Lines file, and next to it a list of the ids that the museum has withdrawn.

    A line is written in one system call at the end of the file. A line that was cut short (the process was killed, the
    disk was full) is removed when the file is opened the next time, and its object fetched again.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.withdrawn_file = file.with_suffix(".withdrawn")
        self.have: set[int] = set()
        """Ids of the objects in the file."""
        self.withdrawn: set[int] = set()
        """Ids for which the museum answered 404."""

    def __enter__(self) -> Self:
        """Read what is there.

        Raises:
            click.ClickException: the file cannot be used, or holds something else.
        """
        with contextlib.ExitStack() as stack:
            try:
                self.file.parent.mkdir(parents=True, exist_ok=True)
                self._objects = stack.enter_context(_append(self.file))
                self._withdrawn = stack.enter_context(_append(self.withdrawn_file))
                self.have = {json.loads(line)["objectID"] for line in _whole_lines(self.file)}
                self.withdrawn = {int(line) for line in _whole_lines(self.withdrawn_file)}
            except OSError as error:
                raise click.ClickException(f"Cannot write {self.file}: {error}") from error
            except (ValueError, TypeError, KeyError) as error:
                raise click.ClickException(
                    f"{self.file} or {self.withdrawn_file.name} was not written by this command: {error}\n"
                    "Move it away or choose another --output."
                ) from error
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def knows(self, object_id: int) -> bool:
        """Whether there is no need to ask for this id."""
        return object_id in self.have or object_id in self.withdrawn

    def add(self, item: dict[str, Any]) -> None:
        """Keep an object."""
        _write_line(self._objects, json.dumps(item, ensure_ascii=False, separators=(",", ":")))
        self.have.add(item["objectID"])

    def add_withdrawn(self, object_id: int) -> None:
        """Remember that the museum has no such object."""
        _write_line(self._withdrawn, str(object_id))
        self.withdrawn.add(object_id)


@contextlib.contextmanager
def _append(file: Path) -> Any:
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _write_line(descriptor: int, line: str) -> None:
    data = memoryview(f"{line}\n".encode())
    while data:
        data = data[os.write(descriptor, data) :]


def _whole_lines(file: Path) -> list[bytes]:
    """Return the lines of a file after removing what stands behind its last line feed."""
    content = file.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        os.truncate(file, len(whole))
    return whole.splitlines()
