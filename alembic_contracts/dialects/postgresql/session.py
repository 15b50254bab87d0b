"""A connection in, what its unqualified names lead to out.

SQLAlchemy is imported by what connects alone: contracts are read and linted without it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from alembic_contracts.dialects import Session
from alembic_contracts.errors import CannotCheck

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["session"]

_SETTINGS = """
    SELECT
        pg_catalog.current_database() AS database,
        CAST(current_user AS text) AS username,
        pg_catalog.current_setting('search_path') AS search_path,
        CAST(pg_catalog.current_setting('server_version_num') AS integer) AS version
"""
_SCHEMA = re.compile(r'\s*(?:"((?:[^"]|"")*)"|([^",\s][^",]*))\s*(?:,|$)')


def session(connection: Connection) -> Session:
    """Return a connection's database, user, search path and server version.

    A transaction that is open stays open; where there is none, there is none afterwards.

    Raises:
        CannotCheck: the database refuses to answer.
    """
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError

    began_here = not connection.in_transaction()
    try:
        row = connection.execute(text(_SETTINGS)).one()
    except DBAPIError as error:
        raise CannotCheck(f"The settings of the connection cannot be read: {error.orig}") from error
    finally:
        if began_here:
            connection.rollback()
    return Session(
        database=row.database, user=row.username, search_path=_schemas(row.search_path), server_version=row.version
    )


def _schemas(search_path: str) -> tuple[str, ...]:
    """Split the setting as ``SplitIdentifierString`` does: quoted names as they are, others in lower case."""
    return tuple(
        quoted.replace('""', '"') if quoted else plain.strip().lower()
        for quoted, plain in _SCHEMA.findall(search_path)
        if quoted or plain
    )
