"""Names of a package and the modules that have them in, the package's ``__getattr__`` out, which imports those then."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

__all__ = ["late"]


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
