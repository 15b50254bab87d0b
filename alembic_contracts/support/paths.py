"""A path in, the name that messages show out, or what there is at it, whatever it is."""

from __future__ import annotations

import os
from pathlib import Path, PurePath

from alembic_contracts import texts

__all__ = ["is_folder", "is_installed", "is_there", "shown"]

_OF_PACKAGES = frozenset({"site-packages", "dist-packages"})
_LONGEST = 4096
"""Characters; no system opens a path of more."""


def shown(path: Path | str) -> str:
    """Return a path relative to the working directory, with forward slashes, the same on every system.

    A file that shares nothing with the working directory but the root of the file system keeps its absolute path:
    ``../../../tmp/x.json`` helps nobody. Bytes of a name that are no UTF-8 become U+FFFD, so that it can be printed.
    """
    absolute = os.path.abspath(path)  # noqa: PTH100  abspath, not resolve: a link keeps the name its user gave it
    here = Path.cwd()
    try:
        shared = os.path.commonpath([absolute, here])
    except ValueError:  # another drive
        shared = here.anchor
    name = absolute if shared == here.anchor != str(here) else os.path.relpath(absolute, here)
    text = Path(name).as_posix().encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return texts.shortened(text, _LONGEST)


def is_folder(path: Path) -> bool:
    """Return whether there is a folder at a path, which may be one that no system has, such as too long a one."""
    return os.path.isdir(path)  # noqa: PTH112 - `Path.is_dir()` raises on those


def is_installed(path: str) -> bool:
    """Return whether a file is that of a package which was installed, be it in a folder of the project's."""
    return not _OF_PACKAGES.isdisjoint(PurePath(path).parts)


def is_there(path: Path) -> bool:
    """Return whether there is anything at a path, which may be one that no system has."""
    return os.path.exists(path)  # noqa: PTH110 - `Path.exists()` raises on those
