"""A connection in, users' functions and procedures out, and where each runs without being called.

SQLAlchemy is imported by what connects alone: contracts are read and linted without it.
"""

from __future__ import annotations

from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from alembic_contracts.dialects import Routine, Use
from alembic_contracts.dialects.postgresql.traceless import passing
from alembic_contracts.errors import CannotCheck
from alembic_contracts.schemas.schema import Name

if TYPE_CHECKING:
    from sqlalchemy import TextClause
    from sqlalchemy.engine import Connection

__all__ = ["routines"]


def routines(connection: Connection) -> tuple[Routine, ...]:
    """Read users' routines in one query; those of extensions and those in C are left out.

    Raises:
        CannotCheck: the database refuses to answer.
    """
    from sqlalchemy.exc import DBAPIError

    try:
        with passing(connection):
            rows = connection.execute(_statement()).all()
    except DBAPIError as error:
        raise CannotCheck(f"The functions of the database cannot be read: {error.orig}") from error
    found = []
    for (schema, name, language, body), group in groupby(rows, key=lambda row: tuple(row[:4])):
        uses = tuple(
            Use(None if row.table_name is None else Name(row.table_schema, row.table_name), row.how)
            for row in group
            if row.how is not None
        )
        found.append(Routine(Name(schema, name), language, body, uses))
    return tuple(found)


@cache
def _statement() -> TextClause:
    from sqlalchemy import text

    sql = Path(__file__).with_name("routines.sql").read_text(encoding="utf-8")
    return text(sql.replace(":", r"\:"))
