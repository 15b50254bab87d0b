"""A connection in, the statements that pg_stat_statements has counted in its database out: texts without constants."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy.exc import DBAPIError

from alembic_contracts.dialects.postgresql.session_settings import session, session_of
from alembic_contracts.dialects.postgresql.traceless import passing, sqlstate
from alembic_contracts.errors import CannotCheck
from alembic_contracts.inference.sources._ran import Ran
from alembic_contracts.inference.uses import Unread
from alembic_contracts.support.suggestions import did_you_mean

__all__ = ["VIEW", "Statistics", "read"]

VIEW = "pg_stat_statements"

_EXTENSION = f"""\
SELECT e.extversion, n.nspname
FROM pg_catalog.pg_extension AS e INNER JOIN pg_catalog.pg_namespace AS n ON e.extnamespace = n.oid
WHERE e.extname = '{VIEW}'
"""  # noqa: S608 - a constant of this module
_STATEMENTS = """\
SELECT COALESCE(r.rolname::text, s.userid::text) AS role, COALESCE(r.rolsuper, false) AS is_superuser,
    s.query AS text, s.calls, {is_top} AS is_top
FROM {schema}.pg_stat_statements AS s LEFT JOIN pg_catalog.pg_roles AS r ON s.userid = r.oid
WHERE s.dbid = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
ORDER BY s.query, 1
"""
_SINCE = "SELECT i.dealloc, i.stats_reset FROM {schema}.pg_stat_statements_info AS i"
_ROLES = "SELECT r.rolname::text FROM pg_catalog.pg_roles AS r ORDER BY 1"
_PATHS = """\
SELECT r.rolname::text AS role, c.setting
FROM pg_catalog.pg_db_role_setting AS s
INNER JOIN pg_catalog.pg_roles AS r ON s.setrole = r.oid
CROSS JOIN LATERAL pg_catalog.unnest(s.setconfig) AS c (setting)
LEFT JOIN pg_catalog.pg_database AS d ON s.setdatabase = d.oid
WHERE (s.setdatabase = 0 OR d.datname = pg_catalog.current_database()) AND c.setting LIKE 'search\\_path=%'
ORDER BY s.setdatabase
"""
"""What a role has for one database goes before what it has for all."""
_HIDDEN = "<insufficient privilege>"
_NOT_LOADED, _NO_PRIVILEGE = "55000", "42501"
_WITH_TOP = (1, 9)
"""The first version that tells statements inside of functions, and has pg_stat_statements_info."""


class Statistics(Struct, frozen=True, kw_only=True):
    """What was counted."""

    database: str
    ran: tuple[Ran, ...]
    superusers: frozenset[str]
    path: tuple[str, ...]
    """Where the connection looks names up."""
    paths: Mapping[str, tuple[str, ...]]
    """Where roles do that have a search_path of their own."""
    unread: tuple[Unread, ...]
    notes: tuple[str, ...]


def read(connection: sa.Connection, roles: Iterable[str]) -> Statistics:
    """Return the statements of some roles, or of all.

    Raises:
        CannotCheck: the extension is not there, does not run, or may not be read; or there is no such role.
    """
    asked = frozenset(roles)
    told = session(connection)
    with passing(connection):
        known = connection.execute(sa.text(_ROLES)).scalars().all()
        for role in sorted(asked.difference(known)):
            raise CannotCheck(f"There is no role `{role}`{did_you_mean(role, known)}")
        found = connection.execute(sa.text(_EXTENSION)).one_or_none()
        if found is None:
            raise CannotCheck(
                f"The database {told.database} does not have the extension {VIEW}. Let a superuser put it into "
                f"shared_preload_libraries, restart the server, and run `CREATE EXTENSION {VIEW}` in this database: "
                "it counts from then on. Or give an export of another tool: --file."
            )
        version = tuple(int(part) for part in found.extversion.split("."))
        schema = connection.dialect.identifier_preparer.quote(found.nspname)
        rows = _rows(connection, schema, version, told.user)
        wanted = [row for row in rows if not asked or row.role in asked]
        return Statistics(
            database=told.database,
            ran=tuple(_readable(wanted)),
            superusers=frozenset(row.role for row in rows if row.is_superuser),
            path=_own(told.search_path, told.user),
            paths=_paths(connection),
            unread=tuple(_unread(_of_consumers(wanted, asked), told.user)),
            notes=tuple(_notes(connection, schema, version, wanted)),
        )


def _readable(rows: Iterable[Any]) -> Iterator[Ran]:
    for row in rows:
        if row.text not in (None, _HIDDEN) and row.is_top:
            yield Ran(text=row.text, role=row.role, calls=row.calls)


def _rows(connection: sa.Connection, schema: str, version: tuple[int, ...], user: str) -> list[Any]:
    is_top = "s.toplevel" if version >= _WITH_TOP else "true"
    try:
        return list(connection.execute(sa.text(_STATEMENTS.format(schema=schema, is_top=is_top))))
    except DBAPIError as error:
        if sqlstate(error) == _NOT_LOADED:
            raise CannotCheck(
                f"{VIEW} does not count: its library is not loaded. Let a superuser add it to "
                f"shared_preload_libraries (`ALTER SYSTEM SET shared_preload_libraries = '{VIEW}'`, with what is in it "
                "already) and restart the server: it counts from then on. Or give an export of another tool: --file."
            ) from error
        if sqlstate(error) == _NO_PRIVILEGE:
            raise CannotCheck(
                f"{user} may not read {VIEW}: {error.orig}. Let a superuser grant it: "
                f"`GRANT pg_read_all_stats TO {user}`, `GRANT USAGE ON SCHEMA {schema} TO {user}` and "
                f"`GRANT SELECT ON {schema}.{VIEW} TO {user}`. Or give an export of another tool: --file."
            ) from error
        raise CannotCheck(f"{VIEW} cannot be read: {error.orig}") from error


def _of_consumers(rows: Collection[Any], asked: Collection[str]) -> Iterable[Any]:
    """Return the rows without those of superusers, unless these are asked for, or there are no others."""
    others = [row for row in rows if not row.is_superuser]
    return others if others and not asked else rows


def _unread(rows: Iterable[Any], user: str) -> Iterator[Unread]:
    hidden = Counter(row.role for row in rows if row.text == _HIDDEN)
    for role, count in sorted(hidden.items()):
        reason = f"the texts of {_statements(count)} of role {role} are hidden: `GRANT pg_read_all_stats TO {user}`"
        yield Unread(VIEW, None, None, reason)
    lost = Counter(row.role for row in rows if row.text is None)
    for role, count in sorted(lost.items()):
        reason = (
            f"the server has lost the texts of {_statements(count)} of role {role}; after "
            "`SELECT pg_stat_statements_reset()` it collects them anew"
        )
        yield Unread(VIEW, None, None, reason)


def _notes(connection: sa.Connection, schema: str, version: tuple[int, ...], rows: Iterable[Any]) -> Iterator[str]:
    if version >= _WITH_TOP:
        info = connection.execute(sa.text(_SINCE.format(schema=schema))).one()
        left_out = (
            f", and {info.dealloc:,} times the rarest were left out to make room (pg_stat_statements.max): what is "
            "seldom run may be missing"
        )
        yield f"{VIEW} has counted since {info.stats_reset:%Y-%m-%d %H:%M}{left_out if info.dealloc else ''}."
    inner = sum(not row.is_top for row in rows)
    if inner:
        yield f"{_statements(inner)} inside of functions left out: they are the database's own code."


def _paths(connection: sa.Connection) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for role, setting in connection.execute(sa.text(_PATHS)):
        found[role] = _own(session_of("", "", setting.partition("=")[2], 0).search_path, role)
    return found


def _own(path: Iterable[str], role: str) -> tuple[str, ...]:
    return tuple(each.replace("$user", role) for each in path)


def _statements(count: int) -> str:
    return "1 statement" if count == 1 else f"{count:,} statements"
