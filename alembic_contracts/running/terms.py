"""A project's settings and contract files in, what its migrations are held to out: settings, contracts, waivers."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from alembic_contracts.config import Settings, read_settings
from alembic_contracts.contracts import formats, waivers
from alembic_contracts.contracts.contract import Contract, Waiver
from alembic_contracts.errors import CannotCheck, InvalidContracts
from alembic_contracts.judging import rules
from alembic_contracts.schemas.schema import Name

if TYPE_CHECKING:
    from alembic.config import Config

    from alembic_contracts.support.git import Tree

__all__ = ["Base", "Terms", "read", "required", "settings_of"]


class Terms(Struct, frozen=True):
    """What a run is held to."""

    settings: Settings
    contracts: tuple[Contract, ...]
    waivers: tuple[Waiver, ...] = ()
    base: Base | None = None
    """What was agreed at a git ref, and has to be kept as well."""
    names: frozenset[str] = frozenset()
    """What the run's database is called where env.py migrates several: in env.py, in alembic.ini, in its URL."""

    @property
    def today(self) -> date:
        """What sunsets and expiries are compared with."""
        return self.settings.today or datetime.now(tz=UTC).date()

    @property
    def tables(self) -> frozenset[Name]:
        """All tables that any contract is about, those of the base included."""
        there = self.base.terms.tables if self.base is not None else frozenset()
        return there.union(*(contract.tables for contract in self.contracts))


class Base(Struct, frozen=True):
    """What was agreed at a git ref."""

    tree: Tree
    terms: Terms


def settings_of(config: Config) -> Settings:
    """Read the settings of a project.

    Raises:
        CannotCheck: they cannot be used.
    """
    return read_settings(
        ini_file=_existing(config.config_file_name),
        toml_file=_existing(config.toml_file_name),
        environ=os.environ,
        known_rules=rules.load(),
        section=config.config_ini_section,
    )


def read(config: Config) -> Terms | None:
    """Read the settings and contracts of a project.

    Returns:
        None where neither a setting nor a ``contracts`` folder asks for anything.

    Raises:
        CannotCheck: settings or contracts cannot be used.
    """
    settings = settings_of(config)
    if not settings.configured:
        return None
    contracts = formats.load(settings.contracts, root=Path.cwd())
    return Terms(settings, contracts, waivers.read(settings.contracts, contracts))


def required(config: Config, base: Base | None = None) -> Terms:
    """Read the settings and contracts of a project that must have some, here or at a git ref.

    Args:
        config: Alembic's configuration of the project.
        base: what the project had at a git ref, and may have done away with.

    Raises:
        InvalidContracts: there are contracts that cannot be read.
        CannotCheck: settings cannot be used, or there are no contracts.
    """
    try:
        terms = read(config)
    except InvalidContracts:
        raise
    except CannotCheck:
        if base is None or not base.terms.contracts:
            raise
        terms = None
    if base is not None:
        here = terms or Terms(settings_of(config), ())
        return Terms(here.settings, here.contracts, here.waivers, base)
    if terms is None:
        raise CannotCheck(
            "There are no data contracts to check: no setting `contracts` in [tool.alembic_contracts] of "
            "pyproject.toml or [alembic_contracts] of alembic.ini, and no folder `contracts`."
        )
    return terms


def _existing(file: str | None) -> Path | None:
    return Path(file) if file is not None and Path(file).is_file() else None
