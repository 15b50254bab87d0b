"""Terms and a run in, the terms that are about the run's database out, where env.py migrates several.

Alembic's own template for that (multidb), and Flask-Migrate's, hand ``engine_name`` to ``run_migrations()``. Contracts
say which database they are about by ``table_catalog``, an ODCS server's ``database``, or their resource's name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from alembic_contracts.contracts.contract import Contract
from alembic_contracts.errors import CannotCheck
from alembic_contracts.patterns import pattern

if TYPE_CHECKING:
    from alembic.config import Config

    from alembic_contracts.running.pending import Run
    from alembic_contracts.running.terms import Release, Released, Terms

__all__ = ["name_of", "names_of", "narrowed"]

_RESOURCE = pattern(r"\w[\w+]*://[^/]*/([^./?]+)\.")
"""``postgresql://host:5432/database.table``."""
_FILE = pattern(r"sqlite\w*:///(?:.*/)?([^/?]+)")
"""``sqlite:///museum.db``."""


def name_of(url: URL) -> str | None:
    """Return what a database is called: of a file its name without the folders that it is in. None: it has no name."""
    if url.get_backend_name() != "sqlite":
        return url.database or None
    return re.sub(r"^file:|.*/", "", url.database or "").replace(":memory:", "") or None


def names_of(contract: Contract) -> frozenset[str]:
    """Return the databases that a contract says it is about, none where it says nothing."""
    resource = (_FILE if contract.kind == "sqlite" else _RESOURCE).match(contract.resource or "")
    found = {contract.catalog, resource[1] if resource else None}
    return frozenset(name for name in found if name)


def narrowed(terms: Terms, run: Run) -> Terms:
    """Return what a run is held to: where env.py migrates several databases, the contracts about its own.

    Args:
        terms: settings, and all contracts.
        run: what is pending in one database.

    Raises:
        CannotCheck: a contract names a database that env.py does not migrate, so that nothing would keep it.
    """
    names = _of_run(run)
    if names is None:
        return terms
    base = terms.base
    if base is not None:
        there = replace(base.terms, contracts=_about(base.terms.contracts, names, run))
        base = replace(base, terms=there)
    releases = tuple(replace(each, databases=_released(each, names)) for each in terms.releases)
    return replace(terms, contracts=_about(terms.contracts, names, run), base=base, releases=releases, names=names)


def _released(release: Release, names: frozenset[str]) -> tuple[Released, ...]:
    """Return what a release uses of a database: of the one that it calls so, or of the only one that it has."""
    return tuple(each for each in release.databases if each.database in names or not each.database)


def _of_run(run: Run) -> frozenset[str] | None:
    """Return the names of the database that a run is about; None where env.py migrates a single one."""
    engine = run.arguments.get("engine_name")
    named = {name for name in (run.database, engine) if isinstance(name, str) and name}
    if not named:
        return None
    connection = run.connection
    url = run.url if connection is None else connection.engine.url
    connected = None if url is None else name_of(url)
    config = run.context.config
    known = _known(config) if config is not None else {}
    return frozenset({*named, *filter(None, (connected, *(known.get(name) for name in named)))})


def _about(contracts: Sequence[Contract], names: frozenset[str], run: Run) -> tuple[Contract, ...]:
    """Return the contracts that are about a database: those that name it, and those that name none."""
    config = run.context.config
    known = _known(config) if config is not None else {}
    everywhere = names | {*known, *filter(None, known.values())}
    found = []
    for contract in contracts:
        stated = names_of(contract)
        if known and stated and not stated & everywhere:
            others = ", ".join(f"{name} ({other})" if other else name for name, other in known.items())
            raise CannotCheck(
                f"{contract.location.file}:{contract.location.line}: the contract {contract.id} is about the database "
                f"{' or '.join(sorted(stated))}, which is none of those that env.py migrates: {others}."
            )
        if not stated or stated & names:
            found.append(contract)
    return tuple(found)


def _known(config: Config) -> Mapping[str, str | None]:
    """Return the databases that alembic.ini lists (``databases = engine1, engine2``), with the names in their URLs."""
    # Where a project has pyproject.toml alone, `get_main_option` raises.
    main = config.get_section(config.config_ini_section, {})
    listed = re.split(r",\s*", main.get("databases") or "")
    found: dict[str, str | None] = {}
    for name in filter(None, map(str.strip, listed)):
        url = (config.get_section(name, {}) or {}).get("sqlalchemy.url")
        try:
            found[name] = name_of(make_url(url)) if url else None
        except ArgumentError:
            found[name] = None
    return found
