"""The histories: which package, where its version scripts are, and what they need to run outside of their application.

Described as data in ``histories.toml``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

__all__ = ["History", "load", "select"]

DATA = Path(__file__).with_name("histories.toml")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class History:
    """One Alembic history in one package."""

    name: str
    package: str
    """Requirement with an exact version."""
    sha256: str
    """Of the wheel, which pip verifies."""
    versions: tuple[str, ...]
    """Folders with version scripts, relative to the root of the package."""
    recursive: bool = False
    target: str = "heads"
    """Where to upgrade to, as Alembic takes it; of folders with independent branches, the head of one."""
    small: bool = False
    """Whether it belongs to the set that continuous integration runs."""
    sqlalchemy: str = "2.0.58"
    """Version of SQLAlchemy that its application was written for; scripts run differently on another one."""
    driver: str = "psycopg"
    """Driver that the application uses; one other than psycopg is among ``requires``."""
    requires: tuple[str, ...] = ()
    """Further packages that its scripts import, exact versions; installed without their own requirements."""
    hollow: tuple[str, ...] = ()
    """Packages whose ``__init__`` is left out: importing it would start the application."""
    stub: tuple[str, ...] = ()
    """Modules that are replaced although they are there, because they do not run without the application."""
    values: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    """What attributes of stubs are, by the attribute's name; ``name()`` says what it returns when it is called."""
    naming_convention: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    configure: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    """Further arguments of ``context.configure()`` in its env.py."""
    environ: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    create_all: str = ""
    """``module:attribute`` of the metadata whose tables the application creates before its first revision."""
    prepare: str = ""
    """SQL to run before the first revision."""
    isolation: str = ""
    """Isolation level in which the application runs its migrations, where it is not the default."""
    missing_extensions: tuple[str, ...] = ()
    """Extensions that the embedded PostgreSQL lacks: creating them is left out on the server."""
    sqlite: Mapping[str, Any] | None = None
    """What is otherwise where it is applied to SQLite; None: it is not made for that."""
    note: str = ""
    """Why one of the above is needed, for readers of the data."""

    def on(self, database: str) -> History | None:
        """Return it as it is on a database; None where it does not run there."""
        if database == "postgresql":
            return self
        return None if self.sqlite is None else replace(self, **{k: _frozen(v) for k, v in self.sqlite.items()})


def load(path: Path = DATA) -> tuple[History, ...]:
    """Read all histories.

    Raises:
        TypeError: an entry has an unknown key or lacks one.
    """
    entries = tomllib.loads(path.read_text(encoding="utf-8"))["history"]
    return tuple(History(**{key: _frozen(value) for key, value in entry.items()}) for entry in entries)


def select(names: Sequence[str], *, small: bool, database: str = "postgresql") -> tuple[History, ...]:
    """Return the histories of these names (none: all, or the small set) that run on a database.

    Raises:
        SystemExit: a name is unknown.
    """
    histories = [found for found in (history.on(database) for history in load()) if found is not None]
    known = {history.name: history for history in histories}
    if unknown := [name for name in names if name not in known]:
        raise SystemExit(f"unknown: {', '.join(unknown)}; there are {', '.join(known)}")
    if names:
        return tuple(known[name] for name in names)
    return tuple(history for history in histories if history.small or not small)


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else MappingProxyType(value) if isinstance(value, dict) else value
