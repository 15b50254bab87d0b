"""What contracts call a kind of database in, SQLAlchemy's name for it out."""

from __future__ import annotations

from collections.abc import Mapping

from alembic_contracts.errors import CannotCheck
from alembic_contracts.patterns import pattern

__all__ = ["DEFAULT", "KINDS", "of_resource", "resource_of"]

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
