"""Every case of the folder ``parity`` on the real PostgreSQL and in the in-memory catalog: both must agree.

A file holds cases. ``=== title`` begins one, with conditions in brackets behind the title: ``[>=17]`` (server version),
``[doubt]`` (the catalog must say that it does not understand all of it), ``[untyped]`` (columns of views may have types
that are not worked out), ``[incomplete]`` (has objects that no schema carries, so that they are not known after an
observation), ``[doubt observed]`` (there is a doubt then). Each statement is executed by itself; the errors must be the
same, and so must the schema afterwards. ``---`` in a case ends its set-up: it is run a second time with the catalog
starting from what was observed in the database at this point.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
import sqlalchemy as sa

from alembic_contracts.dialects import postgresql
from alembic_contracts.prediction import parser
from alembic_contracts.prediction.catalog import Catalog, PostgresError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alembic_contracts.schema import Schema, Table

SYSTEM = frozenset({"pg_catalog", "information_schema"})
CASES = Path(__file__).with_name("parity")


@dataclass(frozen=True)
class Case:
    title: str
    conditions: frozenset[str]
    setup: str
    change: str | None

    def wants(self, version: int) -> bool:
        """Whether it is for a server of this version (``server_version_num``)."""
        for condition in self.conditions:
            limit = re.fullmatch(r"(>=|<)(\d+)", condition)
            if limit and (version // 10000 >= int(limit[2])) != (limit[1] == ">="):
                return False
        return True


def read(path: Path) -> Iterator[Case]:
    for block in re.split(r"^=== ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        title, _, body = block.partition("\n")
        conditions = frozenset(re.findall(r"\[(.+?)\]", title))
        setup, line, change = body.partition("\n---\n")
        yield Case(f"{path.stem}: {title.partition(' [')[0]}", conditions, setup, change if line else None)


ALL = [case for path in sorted(CASES.glob("*.sql")) for case in read(path)]


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

    def reset(self) -> None:
        self.raw.rollback()
        self.raw.execute("RESET ALL; DISCARD TEMP")
        schemas = self.raw.execute(
            "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'"
        )
        for (schema,) in schemas.fetchall():
            self.raw.execute(f'DROP SCHEMA "{schema}" CASCADE')
        self.raw.execute("CREATE SCHEMA public")

    def run(self, sql: str) -> str | None:
        try:
            self.raw.execute(sql.encode())
        except psycopg.Error as error:
            return error.sqlstate
        return None

    def observe(self) -> Schema:
        with self.engine.connect() as other:
            return postgresql.observe(other, None)


@pytest.fixture(scope="module")
def server(databases) -> Iterator[Server]:
    with databases.new() as url:
        server = Server(url)
        yield server
        server.raw.close()
        server.connection.invalidate()
        server.connection.close()
        server.engine.dispose()


RUNS = [
    pytest.param(case, start, id=f"{start}-{case.title}")
    for start in ("empty", "observed")
    for case in ALL
    if start == "empty" or case.change is not None  # what has no set-up starts from nothing
]


@pytest.mark.parametrize(("case", "start"), RUNS)
def test_catalog_does_as_postgresql_does(case: Case, start: str, server: Server) -> None:
    if not case.wants(server.version):
        pytest.skip("another version's")
    server.reset()
    catalog = Catalog(database=server.connection.engine.url.database, server_version=server.version)
    doubts = []
    for part in (case.setup, case.change or ""):
        if start == "observed" and part is case.change:
            complete = "incomplete" not in case.conditions
            catalog = Catalog(server.observe(), server_version=server.version, complete=complete)
            doubts = []
        for statement in parser.parse(part):
            expected = server.run(statement.sql)
            predicted = None
            try:
                for effect in catalog.execute(statement.sql):
                    doubts.extend(effect.doubts)
            except PostgresError as error:
                predicted = error.sqlstate
            assert predicted == expected, statement.sql
    if "doubt" in case.conditions:
        assert doubts
        return
    assert bool(doubts) == (start == "observed" and "doubt observed" in case.conditions), doubts
    predicted_facts, observed_facts = facts(catalog.schema(), case), facts(server.observe(), case)
    assert list(differences("", predicted_facts, observed_facts)) == []


def differences(path: str, predicted, observed) -> Iterator[str]:
    """Lines that say where two values differ."""
    if isinstance(predicted, dict) and isinstance(observed, dict):
        for key in sorted({*predicted, *observed}):
            yield from differences(f"{path}/{key}", predicted.get(key, "absent"), observed.get(key, "absent"))
    elif predicted != observed:
        yield f"{path}: predicted {predicted}, is {observed}"


def facts(schema: Schema, case: Case) -> dict:
    """What must be equal, as plain data that reads well in a failure."""
    tables = {str(name): table_facts(table, case) for name, table in schema.tables.items() if name.schema != "pg_temp"}
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
    return {"tables": tables, "types": types, "sequences": sequences, "namespaces": sorted(schema.namespaces)}


def table_facts(table: Table, case: Case) -> dict:
    return {
        "kind": (table.kind, table.persistence, table.partition, [str(parent) for parent in table.parents]),
        "columns": {column.name: column_facts(table, column, case) for column in table.columns},
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
    }


def column_facts(table: Table, column, case: Case) -> tuple:
    if table.kind in {"view", "materialized view"} and "untyped" in case.conditions:
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


def test_there_are_cases() -> None:
    assert len(ALL) >= 150
    assert sum(len(parser.parse(part)) for case in ALL for part in (case.setup, case.change or "")) >= 1200
