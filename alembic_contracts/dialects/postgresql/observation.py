"""A connection and names of tables in, their ``Schema`` out, by one query on the catalog.

SQLAlchemy is imported by what connects alone: contracts are read and linted without it.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Collection, Mapping
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self, get_args

from msgspec import Struct
from msgspec.structs import replace

from alembic_contracts import texts
from alembic_contracts.dialects import Locked, Part, Sight
from alembic_contracts.dialects.postgresql.answers import Json, read_document, schema
from alembic_contracts.dialects.postgresql.hindrances import Hindrance, named, printed_as_before, told
from alembic_contracts.dialects.postgresql.queries import read, server_version
from alembic_contracts.dialects.postgresql.traceless import passing, sqlstate
from alembic_contracts.errors import CannotCheck
from alembic_contracts.schemas.schema import Name, Schema

if TYPE_CHECKING:
    from sqlalchemy import Connection, TextClause

    from alembic_contracts.dialects import Asked

__all__ = ["Look", "looked", "observe", "sight"]

_PARTS = get_args(Part)
_KINDS = frozenset({"views", "partitions", "foreign tables"})
"""What is asked for of tables that are of a kind, unless there are none."""

_PAUSE = 0.05
"""Seconds from one look to the next while somebody holds a lock."""
_SILENT = 1.0
"""Seconds of waiting about which nothing is said."""
_LOCK_NOT_AVAILABLE = "55P03"

_ALL_TABLES = """
    SELECT c.oid
    FROM pg_catalog.pg_class AS c
    INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
    WHERE
        c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relpersistence <> 't'
        AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
"""


def observe(
    connection: Connection,
    tables: Collection[Name] | None,
    *,
    lock_timeout: float = 10,
    before: Sight | None = None,
    asked: Asked | None = None,
) -> Schema:
    """Read the named tables (None: all but temporary ones) and types that users created.

    One query on ``pg_catalog``, which every role may read; no row of any other table is read. Of base types that
    extensions bring, those are there that a column has; of sequences, those are there where all tables are. The result
    does not depend on ``search_path`` or on any other setting of the session. A transaction that is open stays open and
    nothing in it changes, where there is none, there is none afterwards; no lock stays.

    Most of it takes no lock. Views, checks, generated columns, partial indexes and the like are printed by PostgreSQL
    under one: what another session has locked is waited for.

    Args:
        connection: SQLAlchemy's, with any driver for PostgreSQL.
        tables: Names as the catalog has them; what is absent from the database is absent from the result.
        lock_timeout: seconds to wait for other sessions.
        before: what was seen before; what is locked and still the same is taken from it without waiting.
        asked: what of the tables and which types to read; None: everything, and all types. What is not asked for is not
            in the result.

    Raises:
        Locked: another session holds a lock for too long.
        CannotCheck: the database refuses to answer.
    """
    return looked(connection, Look.at(tables, asked), lock_timeout, before).schema


def sight(
    connection: Connection,
    tables: Collection[Name] | None,
    watched: Collection[Name],
    *,
    lock_timeout: float = 10,
    left_out: frozenset[str] = frozenset(),
) -> Sight:
    """Read all of tables and types as ``observe`` does, in the same query with fingerprints of those that are watched.

    Args:
        connection: as for ``observe``.
        tables: as there.
        watched: the tables that will be looked at again.
        lock_timeout: seconds to wait for other sessions.
        left_out: what of tables is not read, as if there were nothing of it.

    Raises:
        Locked, CannotCheck: as there.
    """
    look = Look.at(tables, None, watched)
    return looked(connection, replace(look, left_out=left_out), lock_timeout, None)


class Look(Struct, frozen=True):
    """What a query asks for."""

    wanted: str
    """The query for the tables."""
    parts: frozenset[str]
    parameters: Mapping[str, str]
    left_out: frozenset[str] = frozenset()
    """Parts of which there is nothing, or of which nobody wants to know: the query does not ask for them."""

    @classmethod
    def at(cls, tables: Collection[Name] | None, asked: Asked | None, watched: Collection[Name] = ()) -> Self:
        """Return the look at some tables."""
        parts = {*_KINDS, *({"all types", *_PARTS} if asked is None else asked.parts)}
        parameters = {} if asked is None else {"types": json.dumps(sorted(asked.types))}
        if tables is None:
            parts.add("all tables")
        else:
            parameters["tables"] = json.dumps(sorted(set(tables)))
        if watched:
            parts.add("fingerprints")
            parameters["watched"] = json.dumps(sorted(set(watched)))
        return cls(_ALL_TABLES if tables is None else named("tables"), frozenset(parts), parameters)

    def query(self, version: int) -> str:
        """Return the query for a server's version, with parameters and colons as SQLAlchemy's ``text()`` takes them."""
        return _query(self.wanted, self.parts - self.left_out, version)


def looked(
    connection: Connection,
    look: Look,
    lock_timeout: float,
    before: Sight | None,
    ask: Callable[[Connection, Look], str] | None = None,
) -> Sight:
    """Look until nothing is in the way, or for as long as it takes.

    Args:
        connection: as for ``observe``.
        look: what to look at.
        lock_timeout: as there.
        before: as there.
        ask: returns what ``query()`` of the look answers; None: it is sent as it is.

    Raises:
        Locked, CannotCheck: as there.
    """
    began, pause, said = time.monotonic(), _PAUSE, False
    while True:
        found, hindrances = None, []
        document = _document(connection, look, ask or _ask)
        if document is not None:
            found = _sight(document, look)
            hindrances = [Hindrance.of(*each) for each in _rows(document, "hindered")]
            if hindrances and before is not None:
                schema, hindrances = printed_as_before(connection, found.schema, hindrances, before)
                found = replace(found, schema=schema)
            if not hindrances:
                return found
        waited = time.monotonic() - began
        if waited >= lock_timeout:
            tables = frozenset(hindrance.table for hindrance in hindrances)
            raise Locked(told(connection, hindrances, lock_timeout), tables, found)
        if waited > _SILENT and not said:
            said = True
            waits = f"note: {told(connection, hindrances, None)} Waiting for up to {lock_timeout:g} s."
            sys.stderr.write(f"{texts.line(waits)}\n")
        time.sleep(min(pause, lock_timeout - waited))
        pause = min(pause * 2, 0.5)


def _document(connection: Connection, look: Look, ask: Callable[[Connection, Look], str]) -> Json | None:
    """Return the catalog's answer; None where another session took a lock between finding out and printing."""
    from sqlalchemy.exc import DBAPIError

    try:
        with passing(connection):
            answered = ask(connection, look)
    except DBAPIError as error:
        if sqlstate(error) == _LOCK_NOT_AVAILABLE:
            return None
        raise CannotCheck(f"The schema of the database cannot be read: {error.orig}") from error
    return read_document(answered)


def _ask(connection: Connection, look: Look) -> str:
    query = _text(look.query(server_version(connection)))
    answered: str = connection.execute(query, look.parameters).scalar_one()
    return answered


@cache
def _text(query: str) -> TextClause:
    from sqlalchemy import text

    return text(query)


@cache
def _query(wanted: str, parts: frozenset[str], version: int) -> str:
    code = read("whole", version, parts)
    return code.replace("/* wanted */", wanted).replace("/* watched */", named("watched"))


def _sight(document: Json, look: Look) -> Sight:
    fingerprints = {Name(schema, name): text for schema, name, text in _rows(document, "fingerprints")}
    found = schema(document, look.parts)
    if "grants" in look.left_out:
        found = replace(found, access=replace(found.access, complete=False))
    return Sight(found, MappingProxyType(fingerprints))


def _rows(document: Json, key: str) -> list[list[Any]]:
    return document[key] or []
