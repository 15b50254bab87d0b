"""Packages that scripts import in, the files out that the code is from which they bring along, as these are by now.

What is loaded from them decides what scripts do, as their own text does: so what was found out of scripts is of no use
once one of these files is another one.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from types import FunctionType, ModuleType

from alembic_contracts.support import modules

__all__ = ["Files", "are_same", "files_of"]

_NAMED = (FunctionType, type(cache(print)))
"""Kinds of values that are from a module themselves, also where ``functools.cache`` makes another one of them."""
Files = tuple[tuple[str, int, int], ...]
"""Paths, when each was written (nanoseconds since 1970), and its size in bytes: by these Python itself tells whether a
file is the one that it has compiled (PEP 3147)."""

_KNOWN_BY_VERSION = frozenset({"__main__", "alembic", "alembic_contracts", "postgast", "sqlalchemy"})
"""Packages that are told apart otherwise, and what was started, which imports and is not imported."""


def files_of(packages: Collection[str]) -> Files:
    """Return the files of all loaded modules of some packages, and of those that their modules refer to.

    Args:
        packages: by the first part of a module's name. Those of Python itself have its version.
    """
    loaded: dict[str, list[tuple[ModuleType, str]]] = {}
    for name, module, file in modules.files():
        loaded.setdefault(_package(name), []).append((module, file))
    waiting, seen, found = list(packages), set(_KNOWN_BY_VERSION | sys.stdlib_module_names), dict[str, None]()
    while waiting:
        package = waiting.pop()
        if package in seen:
            continue
        seen.add(package)
        for module, file in loaded.get(package, ()):
            found[file] = None
            waiting.extend(_referred_to(modules.own(module).copy().values()))
    return tuple(state for state in map(_as_it_is, found) if state is not None)


def are_same(files: Files) -> bool:
    """Whether files are as they were."""
    return all(_as_it_is(path) == (path, written, size) for path, written, size in files)


def _referred_to(values: Iterable[object]) -> Iterator[str]:
    """Yield the packages that modules, classes, functions and the classes of all other values are from.

    Nothing of theirs is run: what stands for another object may make that, or fail, when it is asked its class.
    """
    for value in values:
        kind, name = type(value), None
        if issubclass(kind, ModuleType):
            name = modules.own(value).get("__name__")
        elif issubclass(kind, type):
            name = type.__getattribute__(value, "__module__")
        elif kind in _NAMED:
            name = getattr(value, "__module__", None)
        else:
            name = type.__getattribute__(kind, "__module__")
        if isinstance(name, str):
            yield _package(name)


def _package(name: str) -> str:
    return name.partition(".")[0]


def _as_it_is(path: str) -> tuple[str, int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - for each module
    except (OSError, ValueError):  # also where it is no path of a file at all
        return None
    return path, found.st_mtime_ns, found.st_size
