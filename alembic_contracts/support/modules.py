"""Modules: imported when a name of theirs is asked for, or ahead; loaded ones, looked at without running anything.

A module may load, do or raise anything when it is looked at: lazy ones do (``importlib.util.LazyLoader``), and what
stands for one in ``sys.modules`` need be no module.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from threading import Thread

__all__ = ["ahead", "files", "late", "own"]

_STACK = 16 << 20
"""Bytes of a thread's stack, so that it can be called in it what can be called elsewhere; some systems have few."""
_NAMESPACE = vars(ModuleType)["__dict__"].__get__


def own(module: object) -> dict[str, Any]:
    """Return what a module has so far; nothing of what is none."""
    found: dict[str, Any] = _NAMESPACE(module) if issubclass(type(module), ModuleType) else {}
    return found


def files() -> Iterator[tuple[str, ModuleType, str]]:
    """Yield the loaded modules that are from files: their names in ``sys.modules``, themselves, and the files."""
    for name, module in sys.modules.copy().items():
        file = own(module).get("__file__")
        if isinstance(file, str) and isinstance(name, str):  # which as a rule it is
            yield name, module, file


def late(package: str, places: Mapping[str, str]) -> Callable[[str], Any]:
    """Return a function for a package to call ``__getattr__`` (PEP 562).

    Args:
        package: its name.
        places: modules of it by the names that they have: ``module``, or ``module:name`` where it is called otherwise.
    """

    def attribute(name: str) -> Any:
        if name not in places:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module, _, called = places[name].partition(":")
        found = getattr(import_module(f"{package}.{module}"), called or name)
        setattr(sys.modules[package], name, found)
        return found

    return attribute


@contextmanager
def ahead(names: Collection[str], *then: Callable[[], object]) -> Iterator[None]:
    """Have a thread import modules while the body runs, which waits for something that is not this process's.

    That thread has ended when the body has, so that none is left where this process is copied. Nothing is raised for a
    module that cannot be imported: whoever needs it imports it again, and is told.

    Args:
        names: the modules; where all are there already, no thread is started.
        then: called by that thread afterwards, to have at hand what they return; what one raises is not told either.
    """
    if not (missing := [name for name in names if name not in sys.modules]):
        yield
        return
    thread = _started([*(partial(import_module, name) for name in missing), *then])
    try:
        yield
    finally:
        if thread is not None:
            with suppress(RuntimeError):  # it is none: somebody has put something else in the place of starting one
                thread.join()


def _started(calls: Collection[Callable[[], object]]) -> Thread | None:
    import threading

    try:
        thread = threading.Thread(target=_call, args=(calls,), name="alembic_contracts.imports")
        before = threading.stack_size(_STACK)
        try:
            thread.start()
        finally:
            threading.stack_size(before)
    except Exception:  # noqa: BLE001 - no further thread can be had, or not in this way
        return None
    return thread


def _call(each: Collection[Callable[[], object]]) -> None:
    for call in each:
        with suppress(BaseException):  # nobody is there to hear of it
            call()
