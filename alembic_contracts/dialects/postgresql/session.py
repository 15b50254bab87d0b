"""A connection in, what its unqualified names lead to out.

SQLAlchemy is imported by what connects alone: contracts are read and linted without it.
"""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from alembic_contracts.dialects import OtherObjects, Session
from alembic_contracts.dialects.postgresql.traceless import passing
from alembic_contracts.errors import CannotCheck
from alembic_contracts.patterns import pattern
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
_OTHERS = """
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
        ),
        'typed', (
            SELECT pg_catalog.json_agg(pg_catalog.json_build_array(n.nspname, c.relname, tn.nspname, t.typname))
            FROM pg_catalog.pg_class AS c
            INNER JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            INNER JOIN pg_catalog.pg_type AS t ON t.oid = c.reloftype
            INNER JOIN pg_catalog.pg_namespace AS tn ON tn.oid = t.typnamespace
        ),
        'hidden', (
            EXISTS (SELECT FROM pg_catalog.pg_proc WHERE oid >= 16384)
            OR EXISTS (SELECT FROM pg_catalog.pg_operator WHERE oid >= 16384)
            OR EXISTS (SELECT FROM pg_catalog.pg_opclass WHERE oid >= 16384)
            OR EXISTS (SELECT FROM pg_catalog.pg_collation WHERE oid >= 16384)
            OR EXISTS (SELECT FROM pg_catalog.pg_ts_config WHERE oid >= 16384)
            OR EXISTS (SELECT FROM pg_catalog.pg_ts_dict WHERE oid >= 16384)
            OR EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname <> 'plpgsql')
        ),
        'hanging', (
            EXISTS (SELECT FROM pg_catalog.pg_trigger WHERE NOT tgisinternal)
            OR EXISTS (SELECT FROM pg_catalog.pg_policy)
            OR EXISTS (SELECT FROM pg_catalog.pg_rewrite WHERE oid >= 16384 AND rulename <> '_RETURN')
        ),
        'local', (
            SELECT pg_catalog.json_agg(pg_catalog.json_build_array(n.nspname, c.relname, a.attname))
            FROM pg_catalog.pg_inherits AS i
            INNER JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
            INNER JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            INNER JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid
            WHERE NOT c.relispartition AND c.relkind IN ('r', 'f') AND a.attinhcount > 0 AND a.attislocal
        ),
        'sequences', (
            SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
                n.nspname, s.relname, tn.nspname, t.relname, a.attname, d.deptype
            ))
            FROM pg_catalog.pg_class AS s
            INNER JOIN pg_catalog.pg_namespace AS n ON n.oid = s.relnamespace
            LEFT JOIN pg_catalog.pg_depend AS d
                ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = s.oid
                AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype IN ('a', 'i')
            LEFT JOIN pg_catalog.pg_class AS t ON t.oid = d.refobjid
            LEFT JOIN pg_catalog.pg_namespace AS tn ON tn.oid = t.relnamespace
            LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
            WHERE s.relkind = 'S' AND s.relpersistence <> 't' AND (
                t.oid IS NULL OR s.relnamespace <> t.relnamespace
                OR s.relname <> pg_catalog.concat(t.relname, '_', a.attname, '_seq')
            )
        )
    ) AS text) AS document
"""
"""From 16384 on (``FirstNormalObjectId``) objects are not the server's own."""
_SCHEMA = pattern(r'\s*(?:"((?:[^"]|"")*)"|([^",\s][^",]*))\s*(?:,|$)')


def session(connection: Connection) -> Session:
    """Return a connection's database, user, search path, server version, and what ``observe`` does not read.

    A transaction that is open stays open; where there is none, there is none afterwards.

    Raises:
        CannotCheck: the database refuses to answer.
    """
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError

    try:
        with passing(connection):
            row = connection.execute(text(_SETTINGS)).one()
            document = connection.execute(text(_OTHERS)).scalar_one()
    except DBAPIError as error:
        raise CannotCheck(f"The settings of the connection cannot be read: {error.orig}") from error
    return Session(
        database=row.database,
        user=row.username,
        search_path=_schemas(row.search_path),
        server_version=row.version,
        others=_others(json.loads(document)),
    )


def _others(document: dict[str, Any]) -> OtherObjects:
    sequences = document["sequences"] or ()
    local: dict[Name, set[str]] = {}
    for *table, column in document["local"] or ():
        local.setdefault(Name(*table), set()).add(column)
    return OtherObjects(
        local_columns=MappingProxyType({table: frozenset(columns) for table, columns in local.items()}),
        has_hidden=document["hidden"],
        has_hanging=document["hanging"],
        casts=tuple((_type(*one), _type(*two), context) for one, two, context in document["casts"] or ()),
        names=frozenset(document["names"] or ()),
        classes=frozenset((method, _type(*key)) for method, key in document["classes"] or ()),
        types=frozenset(Name(*name) for name in document["types"] or ()),
        typed=MappingProxyType({Name(*row[:2]): Name(*row[2:]) for row in document["typed"] or ()}),
        owned=MappingProxyType(
            {Name(*row[:2]): row[2] and (Name(*row[2:4]), row[4], row[5] == "i") for row in sequences}
        ),
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
