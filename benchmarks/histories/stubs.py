"""Stands in for what version scripts import and is not installed: applications and their libraries.

Only imports made by the downloaded code itself are answered; Alembic, SQLAlchemy and the product see what is there.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import sys
from abc import ABCMeta
from collections.abc import Iterator, Sequence
from importlib.abc import Loader, MetaPathFinder
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any, Self

__all__ = ["StubFinder", "install"]


class _Anything(ABCMeta):
    """The class of stubs: whatever is asked of one is a stub again."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return _stub(name)

    def __getitem__(cls, _key: object) -> Any:
        return cls

    def __iter__(cls) -> Iterator[Any]:
        return iter(())

    def __or__(cls, _other: object) -> Any:
        return cls

    def __ror__(cls, _other: object) -> Any:
        return cls


class _Stub(metaclass=_Anything):
    """Can be called, subclassed, used as decorator, context manager and type."""

    def __new__(cls, *arguments: Any, **named: Any) -> Any:
        # A decorator gives back what it decorates.
        if cls.__dict__.get("_made_up") and len(arguments) == 1 and not named and callable(arguments[0]):
            return arguments[0]
        return super().__new__(cls)

    def __init__(self, *_arguments: Any, **named: Any) -> None:
        self.__dict__.update(named)

    def __init_subclass__(cls, **_named: Any) -> None:
        cls._made_up = False

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return _stub(name)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        if len(arguments) == 1 and not named and callable(arguments[0]):
            return arguments[0]
        return _stub("result")()

    def __getitem__(self, _key: object) -> Any:
        return _stub("item")()

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __bool__(self) -> bool:
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        return None


def _stub(name: str) -> type[_Stub]:
    made = _Anything(name, (_Stub,), {"__module__": "stub"})
    type.__setattr__(made, "_made_up", True)
    return made


class _StubModule(ModuleType):
    __path__: Sequence[str] = ()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        value = _stub(name)
        setattr(self, name, value)
        return value


class _StubLoader(Loader):
    def __init__(self, search: Sequence[str]) -> None:
        self._search = search

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return _StubModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        module.__path__ = list(self._search)


class StubFinder(MetaPathFinder):
    """Makes stubs: first in line for ``hollow`` and ``stub``, and last for what nobody else finds."""

    def __init__(self, roots: Sequence[Path], *, hollow: Sequence[str], stub: Sequence[str], last: bool) -> None:
        self._roots = tuple(str(root) for root in roots)
        self._hollow, self._stub, self._last = frozenset(hollow), tuple(stub), last
        self.made: list[str] = []

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return a stub's spec, or None to let others look."""
        if self._last:
            return self._spec(name, ()) if _importer().startswith(self._roots) else None
        if name in self._hollow:
            found = importlib.machinery.PathFinder.find_spec(name, path)
            return self._spec(name, tuple(found.submodule_search_locations or ()) if found is not None else ())
        if any(name == stub or name.startswith(f"{stub}.") for stub in self._stub):
            return self._spec(name, ())
        return None

    def _spec(self, name: str, search: Sequence[str]) -> importlib.machinery.ModuleSpec:
        self.made.append(name)
        return importlib.machinery.ModuleSpec(name, _StubLoader(search), is_package=True)


def _importer() -> str:
    """Return the file whose code asks for a module."""
    frame: FrameType | None = sys._getframe(2)  # noqa: SLF001 - documented; the import system hands no importer over
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith("<frozen importlib") and not file.endswith(("importlib/__init__.py", "stubs.py")):
            return file
        frame = frame.f_back
    return ""


def install(package: Path, libraries: Path, *, hollow: Sequence[str], stub: Sequence[str]) -> StubFinder:
    """Make a downloaded package importable, with stubs for all that it needs and that is not there.

    Returns:
        the finder that comes last; its ``made`` lists what had to be stubbed.
    """
    sys.path[1:1] = [str(package)]
    sys.path.append(str(libraries))
    roots = (package, libraries)
    last = StubFinder(roots, hollow=(), stub=(), last=True)
    sys.meta_path.insert(0, StubFinder(roots, hollow=hollow, stub=stub, last=False))
    sys.meta_path.append(last)
    return last
