"""A connection in, what its unqualified names lead to out.

SQLAlchemy is imported by what connects alone: contracts are read and linted without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_contracts.dialects.sqlite.asking import rows
from alembic_contracts.schemas.surroundings import Session

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["session"]

_SETTINGS = "SELECT sqlite_version(), file FROM pragma_database_list WHERE name = 'main'"


def session(connection: Connection) -> Session:
    """Return a connection's database file and SQLite's version; there is no user, and names lead to ``main``.

    A transaction that is open stays open; where there is none, there is none afterwards.

    Raises:
        CannotCheck: the database does not answer.
    """
    ((version, file),) = rows(connection, _SETTINGS)
    major, minor, patch = (*map(int, str(version).split(".")), 0, 0)[:3]
    return Session(
        database=file or ":memory:",
        user="",
        search_path=("main",),
        server_version=major * 10_000 + minor * 100 + patch,
    )
