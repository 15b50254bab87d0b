"""A project's settings and contract files in, what its migrations are held to out: settings, contracts, waivers.

What reads contracts is imported where they are read: settings are looked at before.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from alembic_contracts.config import Settings, read_settings
from alembic_contracts.errors import CannotCheck, InvalidContracts
from alembic_contracts.judging import rules
from alembic_contracts.schemas.schema import Name

if TYPE_CHECKING:
    from alembic.config import Config

    from alembic_contracts.contracts.contract import Contract, Waiver
    from alembic_contracts.dialects import Asked, Dialect
    from alembic_contracts.inference.metadata.tables import MappedTable
    from alembic_contracts.schemas.schema import Schema
    from alembic_contracts.support.git import Tree

__all__ = ["Base", "Release", "Released", "Terms", "files_of", "folder_of", "read", "required", "settings_of"]


_POSTGRESQL = "postgresql"


class Terms(Struct, frozen=True):
    """What a run is held to."""

    settings: Settings
    contracts: tuple[Contract, ...]
    waivers: tuple[Waiver, ...] = ()
    base: Base | None = None
    """What was agreed at a git ref, and has to be kept as well."""
    releases: tuple[Release, ...] = ()
    """What runs while the migration does, or may be rolled back to."""
    names: frozenset[str] = frozenset()
    """What the run's database is called where env.py migrates several: in env.py, in alembic.ini, in its URL."""

    @property
    def today(self) -> date:
        """What sunsets and expiries are compared with."""
        return self.settings.today or datetime.now(tz=UTC).date()

    @property
    def tables(self) -> frozenset[Name]:
        """All tables that any contract is about, those of the base included, or a release uses."""
        there = self.base.terms.tables if self.base is not None else frozenset()
        used = (released.names for release in self.releases for released in release.databases)
        return there.union(*used, *(contract.tables for contract in self.contracts))

    def places(self, dialect: Dialect) -> frozenset[Name]:
        """Return where a database can have these tables, by its own names."""
        there = self.base.terms.places(dialect) if self.base is not None else frozenset[Name]()
        there = there.union(*(each.places(dialect) for release in self.releases for each in release.databases))
        if dialect.FORESIGHT != "none" and all(contract.kind == dialect.KIND for contract in self.contracts):
            return there.union(*(contract.tables for contract in self.contracts))
        from alembic_contracts.judging import elsewhere

        return there | elsewhere.places(self.contracts, dialect)

    def asked(self) -> Asked | None:
        """Return what has to be known of tables to judge a run.

        None stands for everything: what a git ref's contracts state need not be what these do, nor what a release uses.
        """
        if self.base is not None or self.releases:
            return None
        from alembic_contracts.judging.engine import asked_of

        return asked_of(self.contracts, self.settings.rules)


class Base(Struct, frozen=True):
    """What was agreed at a git ref."""

    tree: Tree
    terms: Terms


class Released(Struct, frozen=True, kw_only=True):
    """What a release uses of one database."""

    database: str = ""
    """What its env.py calls the database; empty where it migrates one."""
    tables: tuple[MappedTable, ...] | None = None
    """Of its models; None: they cannot be read."""
    reason: str = ""
    """Why not."""
    schema: Schema | None = None
    """What its own revisions lead to, which stands in for them then."""
    kind: str = _POSTGRESQL
    """The kind of database on which they lead to that."""
    doubts: tuple[str, ...] = ()
    """What of it is not known."""
    file: str = ""
    """The script of its last revision."""

    def on(self, dialect: Dialect) -> Released:
        """Return it in the names of a kind of database: models say nothing of the schema that is meant by default."""
        if self.tables is None:
            return self
        return replace(self, tables=tuple(replace(each, name=_place(each.name, dialect)) for each in self.tables))

    def places(self, dialect: Dialect) -> frozenset[Name]:
        """Return where a database can have the tables."""
        return frozenset(_place(name, dialect) for name in self.names)

    @property
    def names(self) -> frozenset[Name]:
        """The tables."""
        if self.tables is not None:
            return frozenset(table.name for table in self.tables)
        return frozenset(self.schema.tables) if self.schema is not None else frozenset()


def _place(name: Name, dialect: Dialect) -> Name:
    """Return what a database calls a table that a PostgreSQL would have."""
    is_elsewhere = dialect.KIND != _POSTGRESQL and name.schema == "public"
    return Name(dialect.DEFAULT_SCHEMA, name.name) if is_elsewhere else name


class Release(Struct, frozen=True, kw_only=True):
    """An application as it is at a git ref."""

    tree: Tree
    revisions: frozenset[str]
    """All that its version scripts make up."""
    databases: tuple[Released, ...]
    """Where its env.py migrates several: one each."""
    again: Callable[[str, str], tuple[Schema, tuple[str, ...], str]]
    """Predicts what its own revisions lead to in a database of a kind: the schema, doubts, the script of the last one.
    """

    @property
    def ref(self) -> str:
        """As the user gave it."""
        return self.tree.ref


def settings_of(config: Config) -> Settings:
    """Read the settings of a project.

    Raises:
        CannotCheck: they cannot be used.
    """
    ini_file, toml_file = files_of(config)
    return read_settings(
        ini_file=ini_file,
        toml_file=toml_file,
        environ=os.environ,
        known_rules=rules.load(),
        section=config.config_ini_section,
        folder=folder_of(config),
    )


def files_of(config: Config) -> tuple[Path | None, Path | None]:
    """Return the INI file and the TOML file from which Alembic reads its configuration, where they are there."""
    folder = folder_of(config)
    there = "" if folder == Path.cwd() else folder
    ini_file, toml_file = (name and Path(there, name) for name in (config.config_file_name, config.toml_file_name))
    return ini_file or None, toml_file or None


def folder_of(config: Config) -> Path:
    """Return the working directory in which Alembic has read its configuration: env.py or a script can have left it.

    ``here`` is what Alembic has made of a file's name then (``Config.file_config``, ``Config.toml_alembic_config``).
    """
    files = (config.config_file_name, config.config_args), (config.toml_file_name, config.toml_args)
    for name, arguments in files:
        if name is None or (file := Path(name)).is_absolute() or "here" not in arguments:
            continue
        here, inside = Path(arguments["here"]).parts, file.parent.parts
        start = len(here) - len(inside)
        if here[start:] == inside:
            return Path(*here[:start])
    return Path.cwd()


def read(config: Config, settings: Settings | None = None) -> Terms | None:
    """Read the settings and contracts of a project.

    Args:
        config: Alembic's configuration of the project.
        settings: its settings, where they have been read.

    Returns:
        None where neither a setting nor a ``contracts`` folder asks for anything.

    Raises:
        CannotCheck: settings or contracts cannot be used.
    """
    settings = settings or settings_of(config)
    if not settings.configured:
        return None
    from alembic_contracts.contracts import formats, waivers

    contracts = formats.load(settings.contracts, root=Path.cwd())
    return Terms(settings, contracts, waivers.read(settings.contracts, contracts))


def required(
    config: Config,
    base: Base | None = None,
    releases: tuple[Release, ...] = (),
    settings: Settings | None = None,
) -> Terms:
    """Read the settings and contracts of a project that must have some, here or at a git ref.

    Args:
        config: Alembic's configuration of the project.
        base: what the project had at a git ref, and may have done away with.
        releases: what has to go on running; with one, there need be no contracts.
        settings: of the project, where they have been read.

    Raises:
        InvalidContracts: there are contracts that cannot be read.
        CannotCheck: settings cannot be used, or there are no contracts.
    """
    try:
        terms = read(config, settings)
    except InvalidContracts:
        raise
    except CannotCheck:
        if not releases and (base is None or not base.terms.contracts):
            raise
        terms = None
    if base is not None or releases:
        here = terms or Terms(settings or settings_of(config), ())
        return Terms(here.settings, here.contracts, here.waivers, base, releases)
    if terms is None:
        raise CannotCheck(
            "There are no data contracts to check: no setting `contracts` in [tool.alembic_contracts] of "
            "pyproject.toml or [alembic_contracts] of alembic.ini, and no folder `contracts`."
        )
    return terms
