"""What PostgreSQL prints under a lock: who is in the way of that, in words, and what need not be printed again.

SQLAlchemy is imported by what connects alone: contracts are read and linted without it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

from msgspec import Struct
from msgspec.structs import replace

from alembic_contracts.dialects.postgresql.queries import read, server_version
from alembic_contracts.dialects.postgresql.traceless import passing
from alembic_contracts.errors import CannotCheck
from alembic_contracts.schemas.schema import Name, Schema, Table

if TYPE_CHECKING:
    from sqlalchemy import Connection, TextClause

    from alembic_contracts.dialects import Sight

__all__ = ["PRINTED", "Hindrance", "completed", "fingerprints", "named", "printed_as_before", "told"]

_NAMED = """
    SELECT c.oid
    FROM pg_catalog.json_array_elements(CAST(:{parameter} AS pg_catalog.json)) AS name (parts)
    INNER JOIN pg_catalog.pg_namespace AS n ON n.nspname = name.parts ->> 0
    INNER JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = name.parts ->> 1
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relpersistence <> 't'
"""
PRINTED = frozenset({"publications"})
"""What is printed under a lock and need not be asked for."""
_SESSIONS = """
    SELECT
        a.pid,
        CAST(a.usename AS text) AS username,
        a.application_name,
        CAST(EXTRACT(epoch FROM pg_catalog.clock_timestamp() - a.xact_start) AS integer) AS transaction,
        CAST(EXTRACT(epoch FROM pg_catalog.clock_timestamp() - a.query_start) AS integer) AS statement
    FROM pg_catalog.pg_stat_activity AS a
    WHERE CAST(a.pid AS text) = ANY(pg_catalog.string_to_array(:pids, ','))
    ORDER BY a.pid
"""


class Hindrance(Struct, frozen=True):
    """Why a table cannot be printed now."""

    table: Name
    locked: Name
    """The table itself, or what it is a view of."""
    pid: int
    """The process that has the lock or will have it before us; 0: a prepared transaction."""

    @classmethod
    def of(cls, table: Sequence[str], locked: Sequence[str], pid: int) -> Self:
        """Return it as the query has it."""
        return cls(Name(*table), Name(*locked), pid)


def named(parameter: str) -> str:
    """Return the query for the tables whose names a parameter has, as JSON."""
    return _NAMED.format(parameter=parameter)


def fingerprints(connection: Connection, tables: Collection[Name]) -> Mapping[Name, str]:
    """Return a digest of all that a table's definitions are printed from, for tables that have some; takes no lock.

    Raises:
        CannotCheck: the database refuses to answer.
    """
    from sqlalchemy.exc import DBAPIError

    try:
        with passing(connection):
            statement, wanted = _fingerprints(server_version(connection)), json.dumps(sorted(set(tables)))
            rows = connection.execute(statement, {"watched": wanted}).all()
    except DBAPIError as error:
        raise CannotCheck(f"The schema of the database cannot be read: {error.orig}") from error
    return MappingProxyType({Name(row.nspname, row.relname): row.fingerprint for row in rows})


@cache
def _fingerprints(version: int) -> TextClause:
    from sqlalchemy import text

    return text(read("fingerprints", version, PRINTED).replace("/* watched */", named("watched")))


def printed_as_before(
    connection: Connection, schema: Schema, hindrances: Sequence[Hindrance], before: Sight
) -> tuple[Schema, list[Hindrance]]:
    """Return a schema with what was not printed taken from an earlier print, where that is the same, and what is left.

    Args:
        connection: where the schema was observed.
        schema: lacks what could not be printed.
        hindrances: the tables that lack something.
        before: what was seen then.
    """
    names = {hindrance.table for hindrance in hindrances} & schema.tables.keys() & before.schema.tables.keys()
    now = fingerprints(connection, names) if names else {}
    same = {name for name in names if name in now and now[name] == before.fingerprints.get(name)}
    tables = {
        name: _with_prints(table, before.schema.tables[name]) if name in same else table
        for name, table in schema.tables.items()
    }
    left = [hindrance for hindrance in hindrances if hindrance.table not in same]
    return replace(schema, tables=MappingProxyType(tables)), left


def completed(connection: Connection, before: Sight, now: Schema) -> Schema:
    """Return what was seen before, with what could not be printed then as it is now.

    Args:
        connection: where both were observed.
        before: what was seen.
        now: what is there now.

    Raises:
        CannotCheck: it is not the same any more, so that what it was is not known.
    """
    if not before.unread:
        return before.schema
    fresh = fingerprints(connection, before.unread)
    changed = sorted(name for name in before.unread if fresh.get(name) != before.fingerprints.get(name))
    if changed:
        raise CannotCheck(
            f"Another session had locked {changed[0]} when its definition was to be read, and has changed it since: "
            "what it was before is not known."
        )
    tables = {
        name: _with_prints(table, now.tables[name]) if name in before.unread else table
        for name, table in before.schema.tables.items()
    }
    return replace(before.schema, tables=MappingProxyType(tables))


def _with_prints(table: Table, other: Table) -> Table:
    """Return a table with all that is printed under a lock as another sight of it has it."""
    columns = {column.name: column for column in other.columns}
    constraints = {constraint.name: constraint for constraint in other.constraints}
    indexes = {index.name: index for index in other.indexes}
    published = {each.publication: each for each in other.publications}
    return replace(
        table,
        definition=other.definition,
        partition_key=other.partition_key,
        columns=tuple(
            replace(each, expression=columns[each.name].expression, updatable=columns[each.name].updatable)
            for each in table.columns
        ),
        constraints=tuple(replace(each, expression=constraints[each.name].expression) for each in table.constraints),
        indexes=tuple(
            replace(each, predicate=indexes[each.name].predicate, expressions=indexes[each.name].expressions)
            for each in table.indexes
        ),
        publications=tuple(
            replace(each, row_filter=published[each.publication].row_filter if each.publication in published else None)
            for each in table.publications
        ),
    )


def told(connection: Connection, hindrances: Sequence[Hindrance], waited: float | None) -> str:
    """Return who has locked what, in words.

    Args:
        connection: where to ask about sessions.
        hindrances: what is in the way; none where it was gone before it could be asked for.
        waited: seconds that are over; None: they are not.
    """
    if not hindrances:
        what = "The schema of the database cannot be read: other sessions keep taking locks on its tables."
    else:
        locked = ", ".join(sorted({str(hindrance.locked) for hindrance in hindrances}))
        tables = ", ".join(sorted({str(hindrance.table) for hindrance in hindrances}))
        holders = "; ".join(_holders(connection, {hindrance.pid for hindrance in hindrances}))
        what = f"The definition of {tables} cannot be read while {locked} is locked by {holders}."
    if waited is None:
        return what
    pids = sorted({hindrance.pid for hindrance in hindrances} - {0})
    way_out = f" `SELECT pg_terminate_backend({pids[0]})` would end it." if len(pids) == 1 else ""
    when = f"Waited {waited:g} s, as the setting lock_timeout says. Run it again when that session is through."
    return f"{what} {when}{way_out}"


def _holders(connection: Connection, pids: Iterable[int]) -> Iterable[str]:
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError

    pids = set(pids)
    if 0 in pids:
        yield "a prepared transaction (see pg_prepared_xacts)"
    try:
        with passing(connection):
            rows = connection.execute(text(_SESSIONS), {"pids": ",".join(map(str, sorted(pids)))}).all()
    except DBAPIError as error:
        raise CannotCheck(f"Who has locked a table cannot be asked: {error.orig}") from error
    for row in rows:
        yield _session(row)
    for pid in sorted(pids - {0} - {row.pid for row in rows}):
        yield f"session {pid}, which has ended"


def _session(row: Any) -> str:
    parts = [f"user {row.username}" if row.username else ""]
    parts.append(f"application {row.application_name!r}" if row.application_name else "")
    parts.append(f"in a transaction for {row.transaction} s" if row.transaction is not None else "")
    parts.append(f"its last statement began {row.statement} s ago" if row.statement is not None else "")
    return f"session {row.pid} ({', '.join(filter(None, parts))})"
