"""Which change breaks whom: every row on a real PostgreSQL, and as predicted.

A row is a table, what a contract states of its column ``c``, a change, and what becomes of contracts of readers,
writers and change data capture: ``error``, ``warning`` or ``kept``. Where a statement is given, it is what such a
consumer runs, and the server itself must refuse it after the change (by SQLSTATE) though not before.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from alembic_contracts import dialects
from alembic_contracts.contracts import formats
from alembic_contracts.dialects import postgresql
from alembic_contracts.judging import engine
from alembic_contracts.prediction.catalog.catalog import Catalog
from alembic_contracts.prediction.statements import execute
from alembic_contracts.schemas.steps import Operation, Prediction, Step
from tests.support.facts import judged, seen_at_a_commit

if TYPE_CHECKING:
    from alembic_contracts.schemas.schema import Schema

SIDES = ("reader", "writer", "cdc")


@dataclass(frozen=True)
class Row:
    change: str
    reader: str
    writer: str
    cdc: str
    table: str = "c integer"
    states: tuple[tuple[str, Any], ...] = ()
    """Constraints of ``c``; its type and nullability are stated anyway."""
    of_table: tuple[tuple[str, Any], ...] = ()
    refused: tuple[str, str] | None = None
    """A consumer's statement, and the SQLSTATE that it gets after the change."""
    given: str = ""
    """What is done to the table before."""
    version: int = 0
    """The first version of PostgreSQL that knows it."""


E, W, K = "error", "warning", "kept"
GRANTED = "CREATE ROLE alembic_contracts_user; GRANT SELECT, INSERT ON t TO alembic_contracts_user"
PUBLISHED = "CREATE PUBLICATION changes FOR TABLE t"
ROWS = [
    Row("DROP COLUMN c", E, E, E, refused=("SELECT c FROM t", "42703")),
    Row("RENAME COLUMN c TO d", E, E, E, refused=("INSERT INTO t (c) VALUES (1)", "42703")),
    Row("ADD n integer", K, K, E),
    Row("ADD n integer DEFAULT 1 NOT NULL", K, K, E),
    Row("ADD n integer NOT NULL", K, E, E, refused=("INSERT INTO t (c) VALUES (1)", "23502")),
    Row("ALTER c DROP NOT NULL", E, K, W, "c integer NOT NULL"),
    Row("ALTER c SET NOT NULL", K, E, K, refused=("INSERT INTO t (id) VALUES (9)", "23502")),
    Row("ALTER c DROP NOT NULL, ADD CONSTRAINT n NOT NULL c NOT VALID", E, K, W, "c integer NOT NULL", version=18),
    Row(
        "ADD CONSTRAINT n NOT NULL c NOT VALID",
        K,
        E,
        K,
        refused=("INSERT INTO t (id) VALUES (9)", "23502"),
        version=18,
    ),
    Row("ALTER c TYPE bigint", W, K, E),
    Row("ALTER c TYPE integer", E, E, E, "c bigint", refused=("INSERT INTO t (c) VALUES (3000000000)", "22003")),
    Row("ALTER c TYPE smallint", E, E, E, refused=("INSERT INTO t (c) VALUES (40000)", "22003")),
    Row("ALTER c TYPE varchar(100)", W, K, E, "c varchar(50)"),
    Row("ALTER c TYPE text", W, K, E, "c varchar(50)"),
    Row("ALTER c TYPE varchar(9)", E, E, E, "c text", refused=("INSERT INTO t (c) VALUES ('0123456789')", "22001")),
    Row(
        "ALTER c TYPE varchar(9)",
        E,
        E,
        E,
        "c varchar(50)",
        refused=("INSERT INTO t (c) VALUES ('0123456789')", "22001"),
    ),
    Row("ALTER c TYPE numeric(12, 2)", W, K, E, "c numeric(10, 2)"),
    Row("ALTER c TYPE numeric(12, 4)", E, W, E, "c numeric(10, 2)"),
    Row(
        "ALTER c TYPE numeric(10, 4)",
        E,
        E,
        E,
        "c numeric(10, 2)",
        refused=("INSERT INTO t (c) VALUES (12345678)", "22003"),
    ),
    Row("ALTER c TYPE numeric", E, K, E, "c numeric(10, 2)"),
    Row("ALTER c TYPE timestamptz", E, E, E, "c timestamp"),
    Row("ALTER c TYPE timestamp", E, E, E, "c timestamptz"),
    Row("ALTER c TYPE timestamp(0)", E, W, E, "c timestamp(6)"),
    Row("ALTER c TYPE timestamp(6)", W, K, E, "c timestamp(3)"),
    Row("ALTER c TYPE double precision", W, K, E, "c real"),
    Row("ALTER c TYPE text", E, E, E),
    Row("ALTER c TYPE bigint[]", E, E, E, "c integer[]"),
    Row("ALTER c TYPE varchar(50)[]", W, K, E, "c varchar(20)[]"),
    Row("ALTER TYPE mood ADD VALUE 'new'", W, K, E, "c mood", (("enum", ["sad", "glad"]),)),
    Row(
        "ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'",
        E,
        E,
        E,
        "c mood",
        (("enum", ["sad", "glad"]),),
        refused=("INSERT INTO t (c) VALUES ('sad')", "22P02"),
    ),
    Row(
        "DROP CONSTRAINT t_c_key",
        E,
        W,
        W,
        "c integer UNIQUE",
        of_table=(("unique", [["c"]]),),
        refused=("INSERT INTO t (c) VALUES (1) ON CONFLICT (c) DO NOTHING", "42P10"),
    ),
    Row("DROP CONSTRAINT t_c_check", E, K, K, "c integer CHECK (c > 0)", of_table=(("checks", ["c > 0"]),)),
    Row(
        "DROP CONSTRAINT t_c_fkey",
        E,
        K,
        K,
        "c integer REFERENCES other",
        of_table=(("foreign_keys", [{"columns": ["c"], "references": {"table_name": "other"}}]),),
    ),
    Row("ADD UNIQUE (c)", K, E, K, refused=("INSERT INTO t (c) VALUES (1), (1)", "23505")),
    Row("ADD CHECK (c > 5)", K, E, K, refused=("INSERT INTO t (c) VALUES (1)", "23514")),
    Row("ADD FOREIGN KEY (c) REFERENCES other", K, E, K, refused=("INSERT INTO t (c) VALUES (77)", "23503")),
    Row("ADD n integer REFERENCES other", K, K, E),
    Row("ADD n integer UNIQUE", K, K, E),
    Row(
        "ADD n integer UNIQUE NULLS NOT DISTINCT",
        K,
        E,
        E,
        refused=("INSERT INTO t (c) VALUES (1), (2)", "23505"),
        version=15,
    ),
    Row("ADD n integer CHECK (n > 5)", K, K, E),
    Row("ADD n integer CHECK (n IS NOT NULL)", K, E, E, refused=("INSERT INTO t (c) VALUES (1)", "23514")),
    Row("ADD n integer DEFAULT 77 REFERENCES other", K, E, E, refused=("INSERT INTO t (c) VALUES (1)", "23503")),
    Row("ADD n integer, ADD UNIQUE (c, n)", K, K, E),
    Row(
        "DROP c, ADD c integer GENERATED ALWAYS AS (1) STORED",
        K,
        E,
        E,
        states=(("is_generated", "NEVER"),),
        refused=("INSERT INTO t (c) VALUES (1)", "428C9"),
    ),
    Row(
        "ALTER c ADD GENERATED ALWAYS AS IDENTITY",
        K,
        E,
        K,
        "c integer NOT NULL",
        (("identity_generation", "NEVER"),),
        refused=("INSERT INTO t (c) VALUES (1)", "428C9"),
    ),
    Row(
        "ALTER c DROP DEFAULT",
        W,
        E,
        K,
        "c integer NOT NULL DEFAULT 1",
        (("column_default", "1"),),
        refused=("INSERT INTO t (id) VALUES (9)", "23502"),
    ),
    Row("ALTER c DROP DEFAULT", W, W, K, "c integer DEFAULT 1", (("column_default", "1"),)),
    Row(
        "DROP CONSTRAINT t_pkey",
        E,
        W,
        E,
        of_table=(("@key", True),),
        refused=("INSERT INTO t (id) VALUES (1) ON CONFLICT (id) DO NOTHING", "42P10"),
    ),
    Row("ENABLE ROW LEVEL SECURITY", E, K, K),
    Row("REPLICA IDENTITY NOTHING", K, W, E, of_table=(("replica_identity", "default"),)),
    Row("RENAME TO u", E, E, E, refused=("SELECT 1 FROM t", "42P01")),
    Row("RENAME TO u; CREATE VIEW t AS SELECT * FROM u", K, W, E, of_table=(("table_type", "table"),)),
    Row("RENAME TO old; CREATE TABLE t (LIKE old INCLUDING ALL)", E, E, K, given=GRANTED),
    Row("RENAME TO old; CREATE TABLE t (LIKE old INCLUDING ALL)", K, K, E, given=PUBLISHED),
    Row("DROP CONSTRAINT t_pkey", K, E, E, given=PUBLISHED, refused=("DELETE FROM t", "55000")),
    Row(
        "DROP COLUMN f CASCADE",
        K,
        K,
        E,
        "c integer, f integer",
        given="CREATE PUBLICATION changes FOR TABLE t WHERE (f > 0) WITH (publish = 'insert')",
        version=15,
    ),
]


def contract(row: Row, before: Schema, side: str, folder: Path) -> Any:
    column = next(table for table in before.tables.values() if table.name.name == "t").column("c")
    assert column is not None
    assert column.type is not None
    stated = {"data_type": postgresql.format_type(column.type), "is_nullable": not column.not_null, **dict(row.states)}
    if postgresql.element(column.type, before.types) is not None:
        del stated["data_type"]
    columns: dict[str, Any] = {"c": {"constraints": stated}}
    if "data_type" not in stated:
        element = postgresql.element(column.type, before.types)
        assert element is not None
        columns["c"]["array_element"] = {"data_type": postgresql.format_type(element)}
    of_table = dict(row.of_table)
    if of_table.pop("@key", False):
        columns["id"] = {"constraints": {"primaryKey": True}}
    document = {
        "spec-version": "1.0.0",
        "name": "t",
        "namespace": "test",
        "owner": {"name": "Team"},
        "compatibility": side,
        "schema": {"table_name": "t", "properties": columns, **of_table},
    }
    (folder / "t.json").write_text(json.dumps(document), encoding="utf-8")
    return formats.load([Path("t.json")], root=folder)


def verdict(contracts: Any, before: Schema, after: Schema) -> str:
    policy = engine.Policy(phase="before", scope="introduced", ends_at_head=True, severities={}, today=date(2030, 1, 1))
    prediction = Prediction(before=before, steps=(Step("r", (Operation(None, "", after),)),))
    report = engine.judge(contracts, [prediction], dialect=dialects.load("postgresql"), policy=policy)
    assert report.unproven == ()
    found = {violation.severity for violation in report.violations if violation.introduced}
    return "error" if "error" in found else "warning" if found else "kept"


@pytest.fixture
def database_with(connection: sa.Connection) -> Any:
    def make(row: Row) -> tuple[Schema, Schema, Schema]:
        connection.execute(sa.text("CREATE TYPE mood AS ENUM ('sad', 'glad')"))
        connection.execute(sa.text("CREATE TABLE other (id integer PRIMARY KEY); INSERT INTO other VALUES (1)"))
        connection.execute(sa.text(f"CREATE TABLE t (id serial PRIMARY KEY, {row.table})"))
        if row.given:
            connection.execute(sa.text(row.given))
        before = postgresql.observe(connection, None)
        if row.refused is not None:
            assert state_of(connection, row.refused[0]) != row.refused[1], "works before"
        change = row.change if row.change.startswith("ALTER TYPE") else f"ALTER TABLE t {row.change}"
        catalog = Catalog(before, server_version=int(connection.scalar(sa.text("SHOW server_version_num")) or 0))
        for effect in execute(catalog, change):
            assert effect.doubts == ()
        connection.execute(sa.text(change))
        if row.refused is not None:
            assert state_of(connection, row.refused[0]) == row.refused[1], "the consumer is refused"
        return before, postgresql.observe(connection, None), catalog.schema()

    make.seen = lambda contracts: seen_at_a_commit(connection, contracts)  # type: ignore[attr-defined]
    make.version = connection.dialect.server_version_info[0]  # type: ignore[attr-defined]
    return make


def state_of(connection: sa.Connection, sql: str) -> str | None:
    """Return the SQLSTATE that a statement fails with, None where it works; it leaves nothing behind."""
    point = connection.begin_nested()
    try:
        connection.execute(sa.text(sql))
    except sa.exc.DBAPIError as error:
        return str(error.orig.sqlstate)  # type: ignore[union-attr]
    finally:
        point.rollback()
    return None


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.table}: {row.change}")
def test_who_breaks(row: Row, database_with: Any, tmp_path: Path) -> None:
    if (connection_version := database_with.version) < row.version:
        pytest.skip(f"PostgreSQL {connection_version} does not know it")
    before, observed, predicted = database_with(row)
    expected = dict(zip(SIDES, (row.reader, row.writer, row.cdc), strict=True))
    for side in (*SIDES, "full", "exact"):
        contracts = contract(row, before, side, tmp_path)
        assert judged(contracts, before, database_with.seen(contracts)) == judged(contracts, before, observed)
    for after in (observed, predicted):
        found = {side: verdict(contract(row, before, side, tmp_path), before, after) for side in SIDES}
        assert found == expected
        worst = "error" if "error" in expected.values() else "warning" if "warning" in expected.values() else "kept"
        assert verdict(contract(row, before, "full", tmp_path), before, after) == worst


def test_a_changed_type_breaks_open_prepared_statements_once(connection: sa.Connection) -> None:
    connection.execute(sa.text("CREATE TABLE t (c varchar(50)); PREPARE q AS SELECT c FROM t; EXECUTE q"))
    connection.execute(sa.text("ALTER TABLE t ALTER c TYPE varchar(100)"))
    assert state_of(connection, "EXECUTE q") == "0A000"


def test_row_level_security_hides_rows_without_an_error(connection: sa.Connection) -> None:
    connection.execute(sa.text("CREATE TABLE t (c integer); INSERT INTO t VALUES (1)"))
    connection.execute(sa.text("CREATE ROLE alembic_contracts_reader; GRANT SELECT ON t TO alembic_contracts_reader"))
    connection.execute(sa.text("ALTER TABLE t ENABLE ROW LEVEL SECURITY; SET ROLE alembic_contracts_reader"))
    assert connection.execute(sa.text("SELECT c FROM t")).all() == []
    connection.rollback()


PAGE = Path(__file__).parents[2] / "docs/compatibility.md"
INTRODUCTION = """\
# Who breaks by which change

`compatibility` says whose uses a contract protects: `exact` (the default of the base format; any difference from
what is stated is an error), `reader` (the default of ODCS), `writer`, `read-write` for an application that does both,
`cdc` (change data capture and logical replication), or `full` for all three. Each line is tested on a real PostgreSQL,
with the error that the consumer itself gets where the server refuses it.

| table | change | reader | writer | cdc |
|---|---|---|---|---|
"""
REST = """
Contracts for writers also rely on there being no new required column and no new constraint that they do not
state, those for change data capture on no new column, those for readers on row-level security not being switched
on. What was there before does not count, nor does what the contract states. `alembic-contracts explain` has all
rules.

Not looked at, and so never told: what triggers, rules and policies of row-level security do with rows; what a
`DELETE` or an `UPDATE` of the table meets in foreign keys of other tables; EXECUTE on functions that views and defaults
call; whether a key is DEFERRABLE, which `ON CONFLICT` cannot use, and whether a materialized view has been populated.

Any change of a column's type also breaks prepared statements that are open at the time, once ("cached plan must
not change result type"): a violation that comes of one is marked `transient`.
"""


def page() -> str:
    lines = (
        f"| `{row.table}`{f', `{row.given}`' if row.given else ''} | `{row.change}` "
        f"| {row.reader} | {row.writer} | {row.cdc} |\n"
        for row in ROWS
    )
    return INTRODUCTION + "".join(lines) + REST


def test_the_page_is_this_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()
