"""Paths of settings in, the contract files at them out, and the problem of each that cannot be one."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from alembic_contracts.errors import CannotCheck, NoContractsYet, Problem
from alembic_contracts.support.paths import shown

__all__ = ["SIDECARS", "WAIVERS", "beside", "expand"]

_CONTRACT_LIKE = (".json", ".json5", ".jsonc", ".yaml", ".yml")
"""Passing over one of these in silence could mean not to check a contract."""

WAIVERS = ("waivers.yaml", "waivers.yml")
SIDECARS = (".lifecycle.yaml", ".lifecycle.yml")
_BESIDE = (*WAIVERS, *SIDECARS)
"""Ends of names of files that lie beside contracts and are read as something else."""


def expand(
    paths: Sequence[Path], *, root: Path, suffixes: Collection[str]
) -> tuple[tuple[Path, ...], tuple[Problem, ...]]:
    """Return the contract files at the given paths, each file once, and what looks like one but cannot be read as such.

    Folders are searched with all that is below them, in the order of names; files and folders whose names begin with a
    dot are passed over there. Links are followed.

    Args:
        paths: Files and folders; relative ones count from ``root``.
        root: A folder.
        suffixes: Endings of contract files, in lower case, with the dot.

    Raises:
        CannotCheck: a path does not exist, or there is no contract in it (NoContractsYet: in a folder).
    """
    search = _Search(tuple(suffixes))
    for path in paths:
        start = root / path
        before = len(search.files) + search.repeated + len(search.problems)
        if not os.path.lexists(start):
            raise CannotCheck(f"There are no contracts at `{shown(start)}`: no such file or folder.")
        search.visit(start, explicit=True)
        if before == len(search.files) + search.repeated + len(search.problems):
            endings = ", ".join(f"`*{suffix}`" for suffix in sorted(suffixes))
            message = f"There are no contracts in `{shown(start)}`: no file in it is named {endings}."
            raise NoContractsYet(message) if start.is_dir() else CannotCheck(message)
    return tuple(search.files), tuple(search.problems)


def beside(folder: Path) -> tuple[Path, ...]:
    """Return the files in a folder, and in those below it, that are no contracts but belong to some."""
    found = (path for end in _BESIDE for path in folder.rglob(f"*{end}"))
    return tuple(sorted(path for path in found if not any(p.startswith(".") for p in path.relative_to(folder).parts)))


class _Search:
    """Collects files and problems over several folders."""

    def __init__(self, suffixes: tuple[str, ...]) -> None:
        self.suffixes = suffixes
        self.files: list[Path] = []
        self.problems: list[Problem] = []
        self.repeated = 0
        self._seen: set[Path] = set()

    def visit(self, path: Path, *, explicit: bool = False) -> None:
        """Take a file or everything in a folder; ``explicit`` where somebody named this very path."""
        try:
            mode = path.stat().st_mode
            real = path.resolve(strict=True)
        except OSError as error:  # a link that leads nowhere or in circles, a folder that may not be entered
            if explicit or self._looks_like_a_contract(path):
                self._refuse(path, f"cannot be read: {error.strerror or error}")
            return
        if real in self._seen:
            self.repeated += 1
            return
        if stat.S_ISDIR(mode):
            self._seen.add(real)
            self._visit_folder(path)
        elif explicit or (self._looks_like_a_contract(path) and not path.name.casefold().endswith(_BESIDE)):
            self._seen.add(real)
            self._take(path, mode)

    def _visit_folder(self, folder: Path) -> None:
        found = self._found()
        for entry in self._entries(folder):
            self.visit(entry)
        if self._found() == found and self._is_contract(folder):
            self._refuse(folder, "is a folder, not a contract file")

    def _entries(self, folder: Path) -> Iterator[Path]:
        try:
            names = sorted(os.listdir(folder))  # noqa: PTH208  names alone are wanted
        except OSError as error:
            self._refuse(folder, f"cannot be read: {error.strerror or error}")
            return
        yield from (folder / name for name in names if not name.startswith("."))

    def _take(self, path: Path, mode: int) -> None:
        if not stat.S_ISREG(mode):
            self._refuse(path, "is no regular file")
        elif not self._is_contract(path):
            endings = " or ".join(f"`{suffix}`" for suffix in sorted(self.suffixes))
            self._refuse(path, f"is in no format that is known here: a contract's file name ends in {endings}")
        else:
            self.files.append(path)

    def _is_contract(self, path: Path) -> bool:
        return path.name.casefold().endswith(self.suffixes)

    def _looks_like_a_contract(self, path: Path) -> bool:
        return self._is_contract(path) or path.suffix.casefold() in _CONTRACT_LIKE

    def _found(self) -> int:
        return len(self.files) + self.repeated + len(self.problems)

    def _refuse(self, path: Path, message: str) -> None:
        self.problems.append(Problem(shown(path), None, None, "", message))
