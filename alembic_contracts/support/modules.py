"""What is loaded in, what it has out, without running anything of it.

A module may load, do or raise anything when it is looked at: lazy ones do (``importlib.util.LazyLoader``), and what
stands for one in ``sys.modules`` need be no module.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

__all__ = ["files", "own"]

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
