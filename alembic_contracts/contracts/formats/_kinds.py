"""What contracts call a kind of database in, SQLAlchemy's name for it out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from alembic_contracts.patterns import pattern

__all__ = ["DEFAULT", "of_resource", "of_servers", "servers_of"]

DEFAULT = "postgresql"
"""What a contract is about that says nothing."""
_KINDS: Mapping[str, str] = {
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "sqlite": "sqlite",
    "sqlite3": "sqlite",
    "mysql": "mysql",
    "mariadb": "mariadb",
    "sqlserver": "mssql",
    "mssql": "mssql",
    "oracle": "oracle",
    "cockroachdb": "cockroachdb",
    "cockroach": "cockroachdb",
}
"""Schemes of URLs, and types of ODCS's servers. Of other systems (files, queues, warehouses) Alembic migrates none that
a contract could be held on exactly."""
_SCHEME = pattern(r"(\w+)(?:\+\w+)?:")


def of_resource(resource: str | None) -> str:
    """Return the kind that the name of a resource begins with (``sqlite:///museum.db``, ``mysql+pymysql://...``)."""
    scheme = _SCHEME.match(resource or "")
    return _KINDS.get(scheme[1].lower(), DEFAULT) if scheme is not None else DEFAULT


def of_servers(servers: Iterable[Mapping[str, Any]]) -> str:
    """Return the kind of a contract's servers: of the first one whose kind is known, but PostgreSQL before others."""
    found = [kind for each in servers if (kind := _of_server(each)) is not None]
    return DEFAULT if not found or DEFAULT in found else found[0]


def servers_of(kind: str, servers: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the servers of one kind."""
    return [each for each in servers if _of_server(each) == kind]


def _of_server(server: Mapping[str, Any]) -> str | None:
    return _KINDS.get(str(server.get("type", "")).lower())
