"""One module a source of evidence, found by itself: what it is given in, uses out.

A public module of this package fits ``Source``; its name is the word behind ``alembic-contracts infer``. Modules whose
names begin with an underscore are parts of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

from alembic_contracts.inference.asked import Asked

if TYPE_CHECKING:
    from alembic_contracts.inference.uses import Found

__all__ = ["Asked", "Option", "Source", "load", "names"]


class Option(NamedTuple):
    """An option that one source has beside those that all have."""

    flag: str
    help: str
    metavar: str | None = None
    """None: it is a flag."""
    repeated: bool = False

    @property
    def variable(self) -> str:
        """Its name beside the options that all sources have: ``of_source_query_column``."""
        return f"of_source_{self.flag.removeprefix('--').replace('-', '_')}"


class Source(Protocol):
    """What a module of this package offers."""

    SUMMARY: str
    """One line for ``--help``."""
    INPUTS: str
    """What it is given, as usage shows it: ``PATH...``; empty for none."""
    OPTIONS: Sequence[Option]
    EXAMPLES: Sequence[tuple[str, str]]
    """Arguments, and what they are for."""

    def uses(self, asked: Asked) -> Found:
        """Return what is used.

        Raises:
            CannotCheck: what is given cannot be read at all.
        """


def names() -> list[str]:
    """Return the names of all sources, without importing any."""
    return sorted(module.name for module in iter_modules(__path__) if not module.name.startswith("_"))


def load(name: str) -> Source:
    """Return a source by its name.

    Raises:
        ModuleNotFoundError: there is none.
    """
    return cast("Source", import_module(f"{__name__}.{name}"))
