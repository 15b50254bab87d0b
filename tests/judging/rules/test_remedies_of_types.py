"""What refusals advise for columns of other types, followed to the letter on a real PostgreSQL with rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from alembic_contracts import dialects
from alembic_contracts.dialects import postgresql
from alembic_contracts.judging import engine
from alembic_contracts.judging.violations import Violation
from alembic_contracts.schemas.schema import Schema
from alembic_contracts.schemas.steps import Location, Operation, Prediction, Step
from tests.support.facts import Case, contract, judged, run, verdict
from tests.support.pasting import paste, pasted, statements


@dataclass(frozen=True)
class Retyped:
    """A column ``c`` that gets another type, and what is in it and beside it after the advice."""

    create: str
    change: tuple[str, ...]
    """Statements of one line of a script."""
    rows: dict[str, Any]
    """What is written into the column, as SQL, and what the new one has then."""
    stated: dict[str, Any]
    new: str = "c_new"


CASES = {
    "a string that fits": Retyped(
        "CREATE TABLE t (c varchar(200))", ("ALTER TABLE t ALTER c TYPE varchar(5)",), {"'12345'": "12345"},
        {"data_type": "varchar(200)"},
    ),
    "characters": Retyped(
        "CREATE TABLE t (c char(9))", ("ALTER TABLE t ALTER c TYPE char(5)",), {"'12345'": "12345"},
        {"data_type": "char(9)"},
    ),
    "strings in arrays": Retyped(
        "CREATE TABLE t (c varchar(9)[])", ("ALTER TABLE t ALTER c TYPE varchar(5)[]",), {"'{a,b}'": ["a", "b"]},
        {"data_type": "ARRAY", "@element": "varchar(9)"},
    ),
    "a type to which only an explicit cast leads": Retyped(
        "CREATE TABLE t (c varchar(20))", ("ALTER TABLE t ALTER c TYPE integer USING c::integer",), {"'7'": 7},
        {"data_type": "varchar(20)"},
    ),
    "an expression of the script's": Retyped(
        "CREATE TABLE t (c text)",
        ("ALTER TABLE t ALTER COLUMN c TYPE text[] USING string_to_array(t.c, ',')",), {"'a,b'": ["a", "b"]},
        {"data_type": "text"},
    ),
    "an expression with dollars, colons and quotes": Retyped(
        "CREATE TABLE t (c text)",
        ("ALTER TABLE t ALTER c SET DATA TYPE int USING (CASE WHEN c = 'it''s: \"x\", :y' THEN 1 ELSE 2 END)",),
        {"'it''s: \"x\", :y'": 1, "'b'": 2}, {"data_type": "text"},
    ),
    "an expression that is not the last": Retyped(
        "CREATE TABLE t (c text, b integer)",
        ("ALTER TABLE t ALTER c TYPE integer USING c::integer, ALTER b SET DEFAULT 3",), {"'7'": 7},
        {"data_type": "text"},
    ),
    "an enum instead of an enum": Retyped(
        "CREATE TYPE a AS ENUM ('x'); CREATE TYPE b AS ENUM ('x', 'y'); CREATE TABLE t (c a)",
        ("ALTER TABLE t ALTER c TYPE b USING c::text::b",), {"'x'": "x"}, {"data_type": "public.a"},
    ),
    "a domain that forbids NULL": Retyped(
        "CREATE DOMAIN d AS integer NOT NULL; CREATE TABLE t (c bigint)", ("ALTER TABLE t ALTER c TYPE d",), {"7": 7},
        {"data_type": "bigint"},
    ),
    "a domain with a length": Retyped(
        "CREATE DOMAIN d AS varchar(5) CHECK (VALUE <> ''); CREATE TABLE t (c text)", ("ALTER TABLE t ALTER c TYPE d",),
        {"'12345'": "12345"}, {"data_type": "text"},
    ),
    "another name at the same time": Retyped(
        "CREATE TABLE t (c varchar(20))",
        ("ALTER TABLE t ALTER c TYPE integer USING c::integer", "ALTER TABLE t RENAME c TO n"), {"'7'": 7}, {}, "n",
    ),
    "generated, and anew with another type": Retyped(
        "CREATE TABLE t (a integer DEFAULT 4, c numeric(12,2) GENERATED ALWAYS AS (a / 3.0) STORED)",
        ("ALTER TABLE t DROP c", "ALTER TABLE t ADD c numeric(12,1) GENERATED ALWAYS AS (a / 3.0) STORED"),
        {"DEFAULT": Decimal("1.3")}, {"data_type": "numeric(12,2)"},
    ),
    "generated, and with another type": Retyped(
        "CREATE TABLE t (a integer DEFAULT 4, c integer GENERATED ALWAYS AS (a + 1) STORED)",
        ("ALTER TABLE t ALTER c TYPE bigint",), {"DEFAULT": 5}, {"data_type": "integer"},
    ),
}  # fmt: skip


def broken(connection: sa.Connection, contracts: Any, given: Retyped) -> tuple[Schema, Violation]:
    """Return the schema before, and what statements of one line break; nothing of them is left."""
    connection.execute(sa.text(given.create))
    before = postgresql.observe(connection, None)
    operations = []
    with connection.begin_nested() as change:
        for sql in given.change:
            connection.exec_driver_sql(sql)
            operations.append(Operation(Location("r", "r.py", 9), sql, postgresql.observe(connection, None)))
        change.rollback()
    policy = engine.Policy(phase="before", scope="introduced", ends_at_head=True, severities={}, today=date(2030, 1, 1))
    prediction = Prediction(before=before, steps=(Step("r", tuple(operations)),))
    report = engine.judge(contracts, [prediction], dialect=dialects.load("postgresql"), policy=policy, waivers=())
    return before, report.violations[0]


def of_array(type_: str) -> dict[str, Any]:
    return {"data_type": "ARRAY", "@element": type_.removesuffix("[]")}


@pytest.mark.parametrize("given", CASES.values(), ids=CASES)
def test_values_are_in_the_new_column_as_well(given: Retyped, connection: sa.Connection, tmp_path: Path) -> None:
    contracts = contract(Case("", "", "", given.stated), tmp_path)
    before, violation = broken(connection, contracts, given)
    for value in given.rows:
        connection.exec_driver_sql(f"INSERT INTO t (c) VALUES ({value})")
    now, _, later = violation.remedy.partition("In a later")
    paste(connection, pasted(now))
    for value in given.rows:
        connection.exec_driver_sql(f"INSERT INTO t (c) VALUES ({value})")
    found = list(connection.execute(sa.text(f"SELECT {given.new} FROM t")).scalars())
    assert found == [*given.rows.values(), *given.rows.values()]
    assert verdict(contracts, before, postgresql.observe(connection, None)) == []
    paste(connection, pasted(later))
    assert list(connection.execute(sa.text(f"SELECT {given.new} FROM t")).scalars()) == found


@pytest.mark.parametrize(
    ("was", "became", "value"),
    [
        ("varchar(200)", "varchar(5)", "'123456'"),
        ("text", "char(5)", "'123456'"),
        ("varchar(9)[]", "varchar(5)[]", "'{123456}'"),
        ("varbit(9)", "varbit(3)", "'1010'"),
        ("text", "d", "'123456'"),
    ],
)
def test_nothing_is_cut_off_in_silence(
    was: str, became: str, value: str, connection: sa.Connection, tmp_path: Path
) -> None:
    contracts = contract(Case("", "", "", of_array(was) if "[" in was else {"data_type": was}), tmp_path)
    given = Retyped(
        f"CREATE DOMAIN d AS varchar(5); CREATE TABLE t (c {was})", (f"ALTER TABLE t ALTER c TYPE {became}",), {}, {}
    )
    _, violation = broken(connection, contracts, given)
    connection.exec_driver_sql(f"INSERT INTO t VALUES ({value})")
    *adding, update = statements(pasted(violation.remedy))
    paste(connection, "\n".join(adding))
    for statement in (f"op.execute({f'INSERT INTO t VALUES ({value})'!r})", update):
        with pytest.raises(sa.exc.DataError), connection.begin_nested():  # as ALTER TABLE would have been
            paste(connection, statement)


NO_STATEMENT = {
    "its type got another name": (
        "CREATE TYPE a AS ENUM ('x'); CREATE TABLE t (c a)", "ALTER TYPE a RENAME TO b", {"data_type": "public.a"},
    ),
    "a partition": (
        "CREATE TABLE p (c integer, k integer) PARTITION BY LIST (k); CREATE TABLE t PARTITION OF p FOR VALUES IN (1)",
        "ALTER TABLE p ALTER c TYPE bigint", {"data_type": "integer"},
    ),
    "a partition with another name of a column": (
        "CREATE TABLE p (c integer, k integer) PARTITION BY LIST (k); CREATE TABLE t PARTITION OF p FOR VALUES IN (1)",
        "ALTER TABLE p RENAME c TO n", {},
    ),
    "what it inherits": (
        "CREATE TABLE p (c integer); CREATE TABLE t () INHERITS (p)", "ALTER TABLE p RENAME c TO n", {},
    ),
    "a serial that becomes an identity": (
        "CREATE TABLE t (c serial)",
        "ALTER TABLE t ALTER c DROP DEFAULT; ALTER TABLE t ALTER c ADD GENERATED ALWAYS AS IDENTITY",
        {"identity_generation": "NEVER"},
    ),
    "a value that may be missing": (
        "CREATE TABLE t (c integer)", "ALTER TABLE t ALTER c SET NOT NULL", {"is_nullable": True},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("create", "change", "stated"), NO_STATEMENT.values(), ids=NO_STATEMENT)
def test_where_no_statement_helps_there_is_none(
    create: str, change: str, stated: dict[str, Any], connection: sa.Connection, tmp_path: Path
) -> None:
    before, observed, _ = run(connection, create, change)
    [violation] = judged(contract(Case("", "", "", stated), tmp_path), before, observed).violations
    assert not pasted(violation.remedy)
    assert "keep " in violation.remedy.lower() or "have both names there" in violation.remedy
