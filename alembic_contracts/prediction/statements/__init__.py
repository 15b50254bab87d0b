"""One table of all kinds of statements: what applies it, why it is harmless, or why it is not understood."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules

from alembic_contracts.prediction.catalog.execution import Doubtful, Handler, Harmless

__all__ = ["STATEMENTS"]


def _collect() -> dict[str, Handler | Harmless | Doubtful]:
    """Put together the tables called ``HANDLERS`` of the modules in this package."""
    found: dict[str, Handler | Harmless | Doubtful] = {}
    for module in iter_modules(__path__):
        found.update(getattr(import_module(f"{__name__}.{module.name}"), "HANDLERS", {}))
    return found


STATEMENTS: Mapping[str, Handler | Harmless | Doubtful] = _collect()
