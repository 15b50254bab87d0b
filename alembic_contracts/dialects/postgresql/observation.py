"""A connection and names of tables in, their ``Schema`` out, by one query on the catalog.

SQLAlchemy is imported by what connects alone: contracts are read and linted without it.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Collection, Mapping
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self, get_args

from msgspec import Struct
from msgspec.structs import replace

from alembic_contracts import texts
from alembic_contracts.dialects import Locked, Part, Sight
from alembic_contracts.dialects.postgresql.hindrances import Hindrance, named, printed_as_before, told
from alembic_contracts.dialects.postgresql.names import CATALOG, quote
from alembic_contracts.dialects.postgresql.queries import read, server_version
from alembic_contracts.dialects.postgresql.traceless import passing, sqlstate
from alembic_contracts.dialects.postgresql.types import modifiers_of
from alembic_contracts.errors import CannotCheck
from alembic_contracts.schemas.remarks import Method, Printed
from alembic_contracts.schemas.schema import (
    Access,
    Column,
    Constraint,
    DefaultGrant,
    Grant,
    Index,
    Name,
    Published,
    Schema,
    Table,
    Type,
    TypeDefinition,
)
from alembic_contracts.support.garbage import uncollected

if TYPE_CHECKING:
    from sqlalchemy import Connection, TextClause

    from alembic_contracts.dialects import Asked
    from alembic_contracts.schemas.schema import ConstraintKind, TableKind

__all__ = ["observe", "sight"]

Json = dict[str, Any]

_PARTS = get_args(Part)
_OF_ACCESS: frozenset[str] = frozenset({"grants", "publications"})

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
_TABLE_KINDS: dict[str, TableKind] = {
    "r": "table",
    "p": "partitioned table",
    "v": "view",
    "m": "materialized view",
    "f": "foreign table",
}
_CONSTRAINT_KINDS: dict[str, ConstraintKind] = {
    "p": "primary key",
    "u": "unique",
    "c": "check",
    "f": "foreign key",
    "x": "exclude",
    "n": "not null",
}
_PERSISTENCES: Any = {"p": "permanent", "u": "unlogged", "t": "temporary"}
_IDENTITIES: Any = {"": "", "a": "always", "d": "by default"}
_GENERATED: Any = {"": "", "s": "stored", "v": "virtual"}
_TYPE_KINDS: Any = {"e": "enum", "d": "domain", "c": "composite", "r": "range", "b": "base"}
_REPLICA_IDENTITIES: Any = {"d": "default", "f": "full", "n": "nothing", "i": "index"}
_ACTIONS = {"r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}
"""``pg_constraint.confupdtype`` and ``confdeltype``; NO ACTION is the empty text."""


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
    return _looked(connection, _Look.at(tables, asked), lock_timeout, before).schema


def sight(
    connection: Connection, tables: Collection[Name] | None, watched: Collection[Name], *, lock_timeout: float = 10
) -> Sight:
    """Read all of tables and types as ``observe`` does, in the same query with fingerprints of those that are watched.

    Args:
        connection: as for ``observe``.
        tables: as there.
        watched: the tables that will be looked at again.
        lock_timeout: seconds to wait for other sessions.

    Raises:
        Locked, CannotCheck: as there.
    """
    return _looked(connection, _Look.at(tables, None, watched), lock_timeout, None)


class _Look(Struct, frozen=True):
    """What a query asks for."""

    wanted: str
    """The query for the tables."""
    parts: frozenset[str]
    parameters: Mapping[str, str]

    @classmethod
    def at(cls, tables: Collection[Name] | None, asked: Asked | None, watched: Collection[Name] = ()) -> Self:
        """Return the look at some tables."""
        parts: set[str] = {"all types", *_PARTS} if asked is None else set(asked.parts)
        parameters = {} if asked is None else {"types": json.dumps(sorted(asked.types))}
        if tables is None:
            parts.add("all tables")
        else:
            parameters["tables"] = json.dumps(sorted(set(tables)))
        if watched:
            parts.add("fingerprints")
            parameters["watched"] = json.dumps(sorted(set(watched)))
        return cls(_ALL_TABLES if tables is None else named("tables"), frozenset(parts), parameters)


def _looked(connection: Connection, look: _Look, lock_timeout: float, before: Sight | None) -> Sight:
    """Look until nothing is in the way, or for as long as it takes."""
    began, pause, said = time.monotonic(), _PAUSE, False
    while True:
        found, hindrances = None, []
        document = _document(connection, look)
        if document is not None:
            found = _sight(document, look.parts)
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


def _document(connection: Connection, look: _Look) -> Json | None:
    """Return the catalog's answer; None where another session took a lock between finding out and printing."""
    from sqlalchemy.exc import DBAPIError

    statement = _statement(look.wanted, look.parts, server_version(connection))
    try:
        with passing(connection):
            row = connection.execute(statement, look.parameters).one()
    except DBAPIError as error:
        if sqlstate(error) == _LOCK_NOT_AVAILABLE:
            return None
        raise CannotCheck(f"The schema of the database cannot be read: {error.orig}") from error
    found: Json = json.loads(row.document)
    return found


@cache
def _statement(wanted: str, parts: frozenset[str], version: int) -> TextClause:
    from sqlalchemy import text

    code = read("whole", version, parts).replace("/* wanted */", wanted).replace("/* watched */", named("watched"))
    return text(code)


def _sight(document: Json, parts: frozenset[str]) -> Sight:
    fingerprints = {Name(schema, name): text for schema, name, text in _rows(document, "fingerprints")}
    return Sight(_schema(document, parts), MappingProxyType(fingerprints))


@uncollected(stays=True)
def _schema(document: Json, parts: frozenset[str]) -> Schema:
    read = _Reader(document["type_names"] or {})
    tables = (read.table(each) for each in document["tables"] or ())
    types = (read.definition(each) for each in document["types"] or ())
    return Schema(
        tables=MappingProxyType({table.name: table for table in sorted(tables, key=lambda table: table.name)}),
        types=MappingProxyType({each.name: each for each in sorted(types, key=lambda each: each.name)}),
        namespaces=frozenset(document["namespaces"] or ()),
        sequences=frozenset(Name(*name) for name in document["sequences"] or ()),
        catalog=document["catalog"],
        access=_access(document) if parts >= _OF_ACCESS else Access(),
    )


def _rows(document: Json, key: str) -> list[list[Any]]:
    return document[key] or []


def _access(document: Json) -> Access:
    roles = _rows(document, "roles")
    return Access(
        complete=True,
        roles=frozenset(name for name, _, _ in roles),
        superusers=frozenset(name for name, is_superuser, _ in roles if is_superuser),
        without_inheritance=frozenset(name for name, _, inherits in roles if not inherits),
        memberships=frozenset((member, role) for member, role in _rows(document, "memberships")),
        schema_usage=frozenset((schema, role) for schema, role in _rows(document, "schema_usage")),
        default_grants=frozenset(DefaultGrant(*row) for row in _rows(document, "default_grants")),
        publications=MappingProxyType(
            {
                name: None if everything else frozenset(schemas or ())
                for name, everything, schemas in _rows(document, "publications")
            }
        ),
    )


class _Reader:
    """Turns the document's objects into values; knows the types' names by their number in the catalog."""

    def __init__(self, type_names: dict[str, list[Any]]) -> None:
        self._types = {oid: (Name(schema, name), is_array) for oid, (schema, name, is_array) in type_names.items()}

    def table(self, row: Json) -> Table:
        return Table(
            name=Name(*row["name"]),
            kind=_TABLE_KINDS[row["kind"]],
            persistence=_PERSISTENCES[row["persistence"]],
            columns=tuple(self.column(column) for column in row["columns"] or ()),
            constraints=tuple(_constraint(constraint) for constraint in row["constraints"] or ()),
            indexes=tuple(_index(index) for index in row["indexes"] or ()),
            parents=tuple(Name(*parent) for parent in row["parents"] or ()),
            partition=row["partition"],
            partition_key=row["partition_key"],
            definition=row["definition"],
            depends_on=tuple(sorted((Name(schema, table), column) for schema, table, column in row["sources"] or ())),
            owner=row["owner"],
            comment=row["comment"],
            row_security=_row_security(row),
            replica_identity=_replica_identity(row),
            replica_index=row["replica_index"],
            grants=frozenset(Grant(*grant) for grant in row["grants"] or ()),
            publications=tuple(
                Published(publication=name, columns=tuple(columns) if columns else None, row_filter=row_filter)
                for name, columns, row_filter in row["publications"] or ()
            ),
        )

    def column(self, row: Json) -> Column:
        generated = _GENERATED[row["generated"]]
        return Column(
            name=row["name"],
            type=self.type(row),
            not_null=row["not_null"],
            default=None if generated else row["expression"],
            identity=_IDENTITIES[row["identity"]],
            generated=generated,
            expression=row["expression"] if generated else None,
            collation=_collation(row["collation"]),
            updatable=row["updatable"],
            comment=row["comment"],
        )

    def type(self, row: Json) -> Type:
        name, is_array = self._types[row["type"]]
        # The catalog's number of dimensions is what was written at one time; 0 for CREATE TABLE AS, for example.
        dimensions = max(row["dimensions"], 1) if is_array else 0
        return Type(name, modifiers_of(row["modifier"]) if row["modifier"] else (), dimensions)

    def definition(self, row: Json) -> TypeDefinition:
        checks = (
            Constraint(name=check["name"], kind="check", expression=check["expression"], valid=check["valid"])
            for check in row["checks"] or ()
        )
        return TypeDefinition(
            name=Name(*row["name"]),
            kind=_TYPE_KINDS[row["kind"]],
            labels=tuple(row["labels"] or ()),
            base=self.type(row["base"]) if row["base"] else None,
            not_null=row["not_null"],
            default=row["default"],
            checks=tuple(checks),
            fields=tuple((field["name"], self.type(field)) for field in row["fields"] or ()),
        )


def _row_security(row: Json) -> Any:
    if not row["row_security"]:
        return ""
    return "forced" if row["row_security_forced"] else "enabled"


def _replica_identity(row: Json) -> Any:
    # Relations without rows of their own have none ("n"), which nobody has chosen.
    if row["kind"] not in "rpm":
        return "default"
    found = _REPLICA_IDENTITIES[row["replica_identity"]]
    return "nothing" if found == "index" and row["replica_index"] is None else found


def _collation(parts: list[str] | None) -> str | None:
    if parts is None:
        return None
    schema, name = parts
    return name if schema == CATALOG else f"{schema}.{name}"


def _constraint(row: Json) -> Constraint:
    return Constraint(
        name=row["name"],
        kind=_CONSTRAINT_KINDS[row["kind"]],
        columns=tuple(row["columns"] or ()),
        expression=row["expression"],
        references=Name(*row["references"]) if row["references"] else None,
        referenced_columns=tuple(row["referenced_columns"] or ()),
        on_update=_ACTIONS.get(row["on_update"], ""),
        on_delete=_on_delete(row),
        deferrable=row["deferrable"],
        initially_deferred=row["initially_deferred"],
        valid=row["valid"],
        nulls_not_distinct=row["nulls_not_distinct"] == "true",
        no_inherit=row["no_inherit"],
        inherited=row["inherited"],
        comment=row["comment"],
    )


def _on_delete(row: Json) -> str:
    """Return a foreign key's action, with what is printed of it where there is more; of MATCH FULL nothing is said."""
    action = _ACTIONS.get(row["on_delete"], "")
    if row["match_full"]:
        return Printed(action, None)
    columns = [quote(name) for name in row["on_delete_columns"] or ()]
    return Printed(action, f"{action} ({', '.join(columns)})") if columns else action


def _method(row: Json) -> str:
    """Return an index's method, with its keys' options where nothing else is to be said of it."""
    options = row["options"]
    return row["method"] if options is None or None in options else Method(row["method"], tuple(options))


def _index(row: Json) -> Index:
    keys = row["key_columns"]
    return Index(
        name=row["name"],
        columns=tuple(row["columns"][:keys]),
        include=tuple(row["columns"][keys:]),
        unique=row["unique"],
        valid=row["valid"],
        method=_method(row),
        predicate=row["predicate"],
        expressions=tuple(row["expressions"] or ()),
        nulls_not_distinct=row["nulls_not_distinct"] == "true",
        constraint=row["constraint"],
        comment=row["comment"],
    )
