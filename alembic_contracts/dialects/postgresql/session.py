"""A connection in, what its unqualified names lead to out.

SQLAlchemy is imported by what connects alone: contracts are read and linted without it.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from alembic_contracts.dialects import Operators, Session
from alembic_contracts.dialects.postgresql.traceless import passing
from alembic_contracts.errors import CannotCheck
from alembic_contracts.schemas.schema import Name, Type

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
_OPERATORS = """
    WITH type_names AS (
        SELECT t.oid, pg_catalog.json_build_array(n.nspname, coalesce(e.typname, t.typname), e.oid IS NOT NULL) AS name
        FROM pg_catalog.pg_type AS t
        LEFT JOIN pg_catalog.pg_type AS e ON t.typcategory = 'A' AND e.typarray = t.oid
        INNER JOIN pg_catalog.pg_namespace AS n ON n.oid = coalesce(e.typnamespace, t.typnamespace)
    )
    SELECT CAST(pg_catalog.json_build_object(
        'casts', (
            SELECT pg_catalog.json_agg(pg_catalog.json_build_array(source.name, target.name, c.castcontext))
            FROM pg_catalog.pg_cast AS c
            INNER JOIN type_names AS source ON source.oid = c.castsource
            INNER JOIN type_names AS target ON target.oid = c.casttarget
            WHERE c.oid >= 16384
        ),
        'names', (
            SELECT pg_catalog.json_agg(DISTINCT CAST(o.oprname AS text))
            FROM pg_catalog.pg_operator AS o WHERE o.oid >= 16384
        ),
        'classes', (
            SELECT pg_catalog.json_agg(pg_catalog.json_build_array(m.amname, key.name))
            FROM pg_catalog.pg_opclass AS c
            INNER JOIN pg_catalog.pg_am AS m ON m.oid = c.opcmethod
            INNER JOIN type_names AS key ON key.oid = c.opcintype
            WHERE c.oid >= 16384 AND c.opcdefault
        ),
        'types', (
            SELECT pg_catalog.json_agg(pg_catalog.json_build_array(n.nspname, t.typname))
            FROM pg_catalog.pg_type AS t
            INNER JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
            WHERE t.oid >= 16384 AND t.typtype IN ('b', 'm', 'p') AND t.typcategory <> 'A'
        )
    ) AS text) AS document
"""
"""From 16384 on (``FirstNormalObjectId``) objects are not the server's own."""
_SCHEMA = re.compile(r'\s*(?:"((?:[^"]|"")*)"|([^",\s][^",]*))\s*(?:,|$)')


def session(connection: Connection) -> Session:
    """Return a connection's database, user, search path, server version, and what operators there are of users' own.

    A transaction that is open stays open; where there is none, there is none afterwards.

    Raises:
        CannotCheck: the database refuses to answer.
    """
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError

    try:
        with passing(connection):
            row = connection.execute(text(_SETTINGS)).one()
            document = connection.execute(text(_OPERATORS)).scalar_one()
    except DBAPIError as error:
        raise CannotCheck(f"The settings of the connection cannot be read: {error.orig}") from error
    return Session(
        database=row.database,
        user=row.username,
        search_path=_schemas(row.search_path),
        server_version=row.version,
        operators=_operators(json.loads(document)),
    )


def _operators(document: dict[str, Any]) -> Operators:
    return Operators(
        casts=tuple((_type(*one), _type(*two), context) for one, two, context in document["casts"] or ()),
        names=frozenset(document["names"] or ()),
        classes=frozenset((method, _type(*key)) for method, key in document["classes"] or ()),
        types=frozenset(Name(*name) for name in document["types"] or ()),
    )


def _type(schema: str, name: str, is_array: bool) -> Type:
    return Type(Name(schema, name), (), int(is_array))


def _schemas(search_path: str) -> tuple[str, ...]:
    """Split the setting as ``SplitIdentifierString`` does: quoted names as they are, others in lower case."""
    return tuple(
        quoted.replace('""', '"') if quoted else plain.strip().lower()
        for quoted, plain in _SCHEMA.findall(search_path)
        if quoted or plain
    )
