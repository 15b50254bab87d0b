"""One module a source of evidence, found by itself: what it is given in, uses out.

A public module of this package fits ``Source``; its name is the word behind ``alembic-contracts infer``. Modules whose
names begin with an underscore are parts of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

from msgspec import Struct

from alembic_contracts.schemas.schema import Schema

if TYPE_CHECKING:
    import sqlalchemy as sa

    from alembic_contracts.inference.uses import Found

__all__ = ["Asked", "Option", "Source", "load", "names"]


class Option(NamedTuple):
    """An option that one source has beside those that all have."""

    flag: str
    help: str
    metavar: str | None = None
    """None: it is a flag."""
    repeated: bool = False


class Asked(Struct, frozen=True, kw_only=True):
    """What a source is to look at, and in which database what it finds is looked up."""

    inputs: tuple[str, ...]
    """What the command line names: files, folders, a module, publications."""
    schema: Schema
    """All tables of the database as they are now, or as the migrations predict them."""
    server_version: int
    """As ``server_version_num`` has it: 180001."""
    connection: sa.Connection | None = None
    """To the database, for sources that ask it; None with ``--offline``."""
    search_path: tuple[str, ...] = ("public",)
    """Where names without a schema are looked up."""
    sql_dialect: str | None = None
    """The grammar of the queries by sqlglot's name; None: PostgreSQL's own."""
    mapping: tuple[tuple[str, str], ...] = ()
    """How its names lead back here: ``RAW.MUSEUM`` to ``public``, ``RAW.MUSEUM.OBJ`` to ``public.object``."""
    options: Mapping[str, tuple[str, ...]] = {}
    """The source's own options by flag; a flag that was given has one empty text."""


class Source(Protocol):
    """What a module of this package offers."""

    SUMMARY: str
    """One line for ``--help``."""
    INPUTS: str
    """What it is given, as usage shows it: ``PATH...``; empty for none."""
    OPTIONS: Sequence[Option]
    EXAMPLES: Sequence[tuple[str, str]]
    """Arguments, and what they are for."""
    NEEDS_CONNECTION: bool
    """Whether it asks the database itself, unless one of ``OPTIONS`` says otherwise (``--file``)."""

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
