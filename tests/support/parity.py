"""The in-memory catalog beside a real PostgreSQL: one to run statements on, and what must be equal afterwards."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import psycopg
import sqlalchemy as sa

from alembic_contracts.dialects import postgresql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alembic_contracts.schemas.schema import Access, Schema, Table

ROLES = ("parity_reader", "parity_writer", "parity_owner")
"""Roles that every case may use; they belong to the server, so that no case may change them."""
SYSTEM = frozenset({"pg_catalog", "information_schema"})


class Server:
    """A scratch database that is emptied after every case."""

    def __init__(self, url: str) -> None:
        self.engine = sa.create_engine(url, poolclass=sa.NullPool)
        self.connection = self.engine.connect()
        raw = self.connection.connection.driver_connection
        assert raw is not None
        self.raw: psycopg.Connection = raw
        self.raw.autocommit = True
        self.version = self.raw.info.server_version
        for role in ROLES:
            with suppress(psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
                self.raw.execute(f"CREATE ROLE {role}")

    def close(self) -> None:
        self.raw.close()
        self.connection.invalidate()
        self.connection.close()
        self.engine.dispose()

    def reset(self) -> None:
        self.raw.rollback()
        self.raw.execute("RESET ALL; RESET ROLE; DISCARD TEMP")
        self.raw.execute(f"DROP OWNED BY {', '.join(ROLES)} CASCADE")
        self.raw.execute("ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM PUBLIC")
        for (publication,) in self.raw.execute("SELECT pubname FROM pg_publication").fetchall():
            self.raw.execute(f'DROP PUBLICATION "{publication}"')
        schemas = self.raw.execute(
            "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'"
        )
        for (schema,) in schemas.fetchall():
            self.raw.execute(f'DROP SCHEMA "{schema}" CASCADE')
        self.raw.execute("CREATE SCHEMA public; GRANT USAGE ON SCHEMA public TO PUBLIC")

    def run(self, sql: str) -> str | None:
        try:
            self.raw.execute(sql.encode())
        except psycopg.Error as error:
            return error.sqlstate
        return None

    def observe(self) -> Schema:
        with self.engine.connect() as other:
            return postgresql.observe(other, None)


def differences(path: str, predicted, observed) -> Iterator[str]:
    """Lines that say where two values differ."""
    if isinstance(predicted, dict) and isinstance(observed, dict):
        for key in sorted({*predicted, *observed}):
            yield from differences(f"{path}/{key}", predicted.get(key, "absent"), observed.get(key, "absent"))
    elif predicted != observed:
        yield f"{path}: predicted {predicted}, is {observed}"


def facts(schema: Schema, *, untyped: bool = False) -> dict:
    """What must be equal, as plain data that reads well in a failure."""
    tables = {
        str(name): table_facts(table, untyped=untyped)
        for name, table in schema.tables.items()
        if name.schema != "pg_temp"
    }
    types = {
        str(name): (
            each.kind,
            each.labels,
            None if each.base is None else type_facts(each.base),
            each.not_null,
            [(field, type_facts(type_)) for field, type_ in each.fields],
            sorted(check.name for check in each.checks),
        )
        for name, each in schema.types.items()
        if name.schema not in {"pg_temp", "information_schema"}
    }
    sequences = sorted(str(name) for name in schema.sequences if name.schema != "pg_temp")
    return {
        "tables": tables,
        "types": types,
        "sequences": sequences,
        "namespaces": sorted(schema.namespaces),
        "access": access_facts(schema.access),
    }


def table_facts(table: Table, *, untyped: bool) -> dict:
    return {
        "kind": (table.kind, table.persistence, table.partition, [str(parent) for parent in table.parents]),
        "columns": {column.name: column_facts(table, column, untyped=untyped) for column in table.columns},
        "order": [column.name for column in table.columns],
        "constraints": {constraint.name: constraint_facts(constraint) for constraint in table.constraints},
        "indexes": {
            index.name: (
                index.columns,
                index.include,
                index.unique,
                index.method,
                index.nulls_not_distinct,
                index.constraint,
                index.predicate is not None,
                len(index.expressions),
                index.comment,
            )
            for index in table.indexes
        },
        "depends on": sorted((str(name), column) for name, column in table.depends_on if name.schema not in SYSTEM),
        "comment": table.comment,
        "row security": table.row_security,
        "replica identity": (table.replica_identity, table.replica_index),
        "owner": owner(table),
        "grants": sorted((grant.grantee, grant.privilege, grant.column or "") for grant in table.grants),
        "publications": [(p.publication, p.columns, p.row_filter is not None) for p in table.publications],
    }


def owner(table: Table) -> str | None:
    """Whose it is, where that is one of the roles for such cases; others differ from server to server."""
    return table.owner if table.owner in ROLES else None


def access_facts(access: Access) -> dict:
    return {
        "schema usage": sorted(each for each in access.schema_usage if each[1] in {*ROLES, "PUBLIC"}),
        "default grants": sorted(access.default_grants, key=str),
        "publications": dict(access.publications),
    }


def column_facts(table: Table, column, *, untyped: bool) -> tuple:
    if table.kind in {"view", "materialized view"} and untyped:
        return (column.not_null, column.comment)
    type_ = None if column.type is None else type_facts(column.type)
    facts = (type_, column.not_null, column.identity, column.generated, column.default is not None)
    return (*facts, column.expression is not None, column.collation, column.comment, column.updatable)


def type_facts(type_) -> str:
    modifiers = f"({','.join(type_.modifiers)})" if type_.modifiers else ""
    return f"{type_.name}{modifiers}{'[]' if type_.dimensions else ''}"


def constraint_facts(constraint) -> tuple:
    columns = constraint.columns
    return (
        constraint.kind,
        sorted(columns) if constraint.kind == "check" else list(columns),
        str(constraint.references) if constraint.references else None,
        constraint.referenced_columns,
        (constraint.on_update, constraint.on_delete, constraint.deferrable, constraint.initially_deferred),
        (constraint.valid, constraint.inherited, constraint.nulls_not_distinct),
        constraint.no_inherit and constraint.kind in {"check", "not null"},
        constraint.comment,
    )
