"""What contracts call a kind of database in, SQLAlchemy's name for it out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from alembic_contracts.contracts.formats._odcs_custom import own
from alembic_contracts.errors import CannotCheck
from alembic_contracts.patterns import pattern

__all__ = ["DEFAULT", "KINDS", "of_resource", "of_servers", "resource_of", "servers_of"]

DEFAULT = "postgresql"
"""What a contract is about that says nothing."""
KINDS: Mapping[str, str] = {
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
    "yugabytedb": "yugabytedb",
    "greenplum": "greenplum",
}
"""Schemes of URLs, and types of ODCS's servers. Of other systems (files, queues, warehouses) Alembic migrates none that
a contract could be held on exactly."""
_SCHEME = pattern(r"(\w+)(?:\+\w+)?:")


def of_resource(resource: str | None) -> str:
    """Return the kind that the name of a resource begins with (``sqlite:///museum.db``, ``mysql+pymysql://...``)."""
    scheme = _SCHEME.match(resource or "")
    return KINDS.get(scheme[1].lower(), DEFAULT) if scheme is not None else DEFAULT


def resource_of(kind: str, database: str | None) -> str:
    """Return the name of a resource that says of which kind a database is, and what it is called where that is known.

    Raises:
        CannotCheck: no contract can be about such a database.
    """
    if kind not in KINDS.values():
        known = ", ".join(sorted(set(KINDS.values())))
        raise CannotCheck(f"A contract cannot say that it is about {kind}; it can be about {known}.")
    return f"{kind}:///{database}" if database else f"{kind}://"


def of_servers(servers: Iterable[Mapping[str, Any]]) -> str:
    """Return the kind of a contract's servers: of the first one whose kind is known, but PostgreSQL before others."""
    found = [kind for each in servers if (kind := _of_server(each)) is not None]
    return DEFAULT if not found or DEFAULT in found else found[0]


def servers_of(kind: str, servers: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the servers of one kind."""
    return [each for each in servers if _of_server(each) == kind]


def _of_server(server: Mapping[str, Any]) -> str | None:
    """Return the kind by the server's type, or what ours say of it, as the standard knows few databases."""
    stated = next((value for name, value, _ in own(server, "") if name == "dialect"), server.get("type", ""))
    return KINDS.get(str(stated).lower())
