"""Stands in for what version scripts import and is not installed: applications and their libraries.

Only imports made by the downloaded code itself are answered; Alembic, SQLAlchemy and the product see what is there.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import sys
from abc import ABCMeta
from collections.abc import Iterator, Mapping, MutableSequence, Sequence
from importlib.abc import Loader, MetaPathFinder
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any, Self

__all__ = ["install"]


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

    def __len__(cls) -> int:
        return 0

    def __mod__(cls, _other: object) -> Any:
        return cls


class _Stub(metaclass=_Anything):
    """Can be called, subclassed, used as decorator, context manager and type."""

    def __new__(cls, *arguments: Any, **named: Any) -> Any:
        for fallback in ("fallback", "default"):
            if fallback in named:
                return named[fallback]
        # A decorator gives back what it decorates.
        if cls.__dict__.get("_made_up") and len(arguments) == 1 and not named and callable(arguments[0]):
            return arguments[0]
        return super().__new__(cls)

    def __init__(self, *_arguments: Any, **named: Any) -> None:
        self.__dict__.update(named)

    def __init_subclass__(cls, **_named: Any) -> None:
        type.__setattr__(cls, "_made_up", False)

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

    def __mod__(self, _other: object) -> Any:
        return self

    def __repr__(self) -> str:
        return f"<stub {type(self).__name__}>"  # the same in each process: texts of checks can have it in them

    def __bool__(self) -> bool:
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        return None


_values: dict[str, Any] = {}
"""What attributes of stubs are, by their name (``name()``: return when called), where a stub would not do."""


def _stub(name: str) -> Any:
    if name in _values:
        return _values[name]
    if f"{name}()" in _values:
        return lambda *_arguments, **_named: _values[f"{name}()"]
    made = _Anything(name, (_Stub,), {"__module__": "stub"})
    type.__setattr__(made, "_made_up", True)
    return made


class _StubModule(ModuleType):
    """A module in which whatever is missing is a stub."""

    __path__: MutableSequence[str] = []  # noqa: RUF012 - ModuleType declares it so
    __file__ = "/stub/__init__.py"
    __version__ = "1.0"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        value: Any = _stub(name)
        if self.__path__ and importlib.machinery.PathFinder.find_spec(f"{self.__name__}.{name}", self.__path__):
            value = importlib.import_module(f"{self.__name__}.{name}")
        setattr(self, name, value)
        return value


class _StubLoader(Loader):
    def __init__(self, search: Sequence[str]) -> None:
        self._search = search

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return _StubModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        module.__path__ = list(self._search)


class _LenientLoader(Loader):
    """Loads a module of the application; one that fails halfway keeps what it has, the rest are stubs."""

    def __init__(self, real: Loader, made: list[str]) -> None:
        self._real, self._made = real, made

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self._real.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        try:
            self._real.exec_module(module)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - applications fail in many ways without their libraries
            self._made.append(f"{module.__name__} ({type(error).__name__}: {str(error)[:80]})")
            module.__class__ = _StubModule

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


class FirstFinder(MetaPathFinder):
    """Takes over the modules of the application and its libraries: hollow, stubbed, or loaded leniently."""

    def __init__(self, roots: Sequence[Path], *, hollow: Sequence[str], stub: Sequence[str], made: list[str]) -> None:
        self._roots = tuple(str(root) for root in roots)
        self._hollow, self._stub, self._made = frozenset(hollow), tuple(stub), made

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return the spec of a module that is not to be loaded in the usual way."""
        if any(name == stub or name.startswith(f"{stub}.") for stub in self._stub):
            return _stub_spec(name, ())
        found = importlib.machinery.PathFinder.find_spec(name, path)
        asked = path is None and _importer().startswith(self._roots)
        # Its own libraries go before what this interpreter happens to have.
        found = (importlib.machinery.PathFinder.find_spec(name, list(self._roots)) if asked else None) or found
        if found is None or not (found.origin or "").startswith(self._roots):
            return _stub_spec(name, ()) if name in self._hollow else None
        if name in self._hollow:
            return _stub_spec(name, tuple(found.submodule_search_locations or ()))
        if found.loader is not None:
            found.loader = _LenientLoader(found.loader, self._made)
        return found


class LastFinder(MetaPathFinder):
    """Stubs what nobody else finds, where the downloaded code asks for it."""

    def __init__(self, roots: Sequence[Path], made: list[str]) -> None:
        self._roots, self._made = tuple(str(root) for root in roots), made

    def find_spec(
        self, name: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return a stub's spec, or None for code that has to get along without the module."""
        if not _importer().startswith(self._roots):
            return None
        self._made.append(name)
        return _stub_spec(name, ())


def _stub_spec(name: str, search: Sequence[str]) -> importlib.machinery.ModuleSpec:
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


def install(
    package: Path, libraries: Path, *, hollow: Sequence[str], stub: Sequence[str], values: Mapping[str, Any]
) -> list[str]:
    """Make a downloaded package importable, with stubs for all that it needs and that is not there.

    Returns:
        the names of what had to be stubbed; it grows as modules are imported.
    """
    made: list[str] = []
    roots = (package, libraries)
    _values.update(values)
    sys.path[1:1] = [str(package)]
    sys.path.append(str(libraries))
    sys.meta_path.insert(0, FirstFinder(roots, hollow=hollow, stub=stub, made=made))
    sys.meta_path.append(LastFinder(roots, made))
    return made
