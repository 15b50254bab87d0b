"""A connection in, what its unqualified names lead to out.

SQLAlchemy is imported by what connects alone: contracts are read and linted without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_contracts.dialects.postgresql.traceless import passing
from alembic_contracts.errors import CannotCheck
from alembic_contracts.patterns import pattern
from alembic_contracts.schemas.surroundings import Session

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["session", "session_of"]

_SETTINGS = """
    SELECT
        pg_catalog.current_database() AS database,
        CAST(current_user AS text) AS username,
        pg_catalog.current_setting('search_path') AS search_path,
        CAST(pg_catalog.current_setting('server_version_num') AS integer) AS version
"""
_SCHEMA = pattern(r'\s*(?:"((?:[^"]|"")*)"|([^",\s][^",]*))\s*(?:,|$)')


def session(connection: Connection) -> Session:
    """Return a connection's database, user, search path and server version.

    A transaction that is open stays open; where there is none, there is none afterwards.

    Raises:
        CannotCheck: the database refuses to answer.
    """
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError

    try:
        with passing(connection):
            row = connection.execute(text(_SETTINGS)).one()
    except DBAPIError as error:
        raise CannotCheck(f"The settings of the connection cannot be read: {error.orig}") from error
    return session_of(*row)


def session_of(database: str, user: str, search_path: str, version: int) -> Session:
    """Return settings as the server tells them."""
    return Session(database=database, user=user, search_path=_schemas(search_path), server_version=version)


def _schemas(search_path: str) -> tuple[str, ...]:
    """Split the setting as ``SplitIdentifierString`` does: quoted names as they are, others in lower case."""
    return tuple(
        quoted.replace('""', '"') if quoted else plain.strip().lower()
        for quoted, plain in _SCHEMA.findall(search_path)
        if quoted or plain
    )
