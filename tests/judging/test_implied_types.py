"""What contracts rely on without a word in types: no limit that was not there, all attributes of composite ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.facts import judged, run
from tests.support.implied import Case, contract_of, is_told

if TYPE_CHECKING:
    from pathlib import Path

    import sqlalchemy as sa

TOO_LONG, TOO_LARGE, NO_COLUMN, MALFORMED = "22001", "22003", "42703", "22P02"
NEW = "new-constraint"


def typed(type_: str) -> str:
    """What a contract states of the column."""
    return f'{{"properties": {{"c": {{"constraints": {{"data_type": "{type_}"}}}}}}}}'


def limited(
    before: str, after: str, value: str, refused: str | None = None, *, states: str = "", actual: str = ""
) -> Case:
    """A column that gets another type, of which the contract says nothing, or names it without its limit."""
    return Case(
        f"CREATE TABLE t (c {before})",
        f"ALTER TABLE t ALTER c TYPE {after}",
        f"INSERT INTO t VALUES ({value})",
        refused,
        NEW if refused else None,
        states=typed(states) if states else "",
        actual=actual,
    )


LIMITS = [
    limited(
        "varchar",
        "varchar(3)",
        "'abcd'",
        TOO_LONG,
        states="character varying",
        actual="a new limit of c, character varying(3) in place of character varying",
    ),
    limited("varchar(5)", "varchar(3)", "'abcd'", TOO_LONG, states="character varying"),
    limited("text", "varchar(3)", "'abcd'", TOO_LONG),
    limited("varchar(5)", "varchar(3)", "'abcd'", TOO_LONG),
    limited("varchar(3)", "varchar(5)", "'abc'", states="character varying"),
    limited("varchar(3)", "text", "'abc'"),
    limited("numeric", "numeric(4,2)", "12345", TOO_LARGE, states="numeric"),
    limited("numeric(6,2)", "numeric(6,3)", "1234", TOO_LARGE, states="numeric"),
    limited("numeric(6,2)", "numeric(8,2)", "1234", states="numeric"),
    limited("numeric(6,2)", "numeric", "1234", states="numeric"),
    limited("varchar[]", "varchar(3)[]", "ARRAY['abcd']", TOO_LONG, states="character varying[]"),
    limited("varbit", "varbit(2)", "B'101'", TOO_LONG, states="bit varying"),
    limited("bit(3)", "bit(5) USING c::bit(5)", "B'101'", "22026"),
    limited("bigint", "integer", "3000000000", TOO_LARGE),
    limited("bigint", "integer", "3", states="integer"),
    limited("integer", "bigint", "3"),
    limited("integer", "numeric(12)", "3"),
    limited("timestamp", "timestamp(0)", "'2024-01-01'", states="timestamp without time zone"),
    Case(
        "CREATE DOMAIN d AS varchar(5); CREATE TABLE t (c d)",
        "ALTER TABLE t ALTER c TYPE varchar(3)",
        "INSERT INTO t VALUES ('abcd')",
        TOO_LONG,
        NEW,
        states=typed("character varying"),
    ),
    Case(
        "CREATE TABLE b (c varchar); CREATE VIEW t AS SELECT c FROM b",
        "DROP VIEW t; ALTER TABLE b ALTER c TYPE varchar(3); CREATE VIEW t AS SELECT c FROM b",
        "INSERT INTO t VALUES ('abcd')",
        TOO_LONG,
        NEW,
    ),
    Case(
        "CREATE TABLE t (c integer, d varchar)",
        "ALTER TABLE t ALTER d TYPE varchar(3)",
        "INSERT INTO t VALUES (1)",
    ),
]
ROWS = "CREATE TYPE ct AS (a integer, b integer); CREATE TABLE t (c ct)"


def composed(change: str, use: str, refused: str | None, side: str = "writer", *, actual: str = "") -> Case:
    return Case(
        ROWS,
        change,
        use,
        refused,
        "column-type" if refused else None,
        side,
        states=typed("ct"),
        actual=actual,
        doubted="RENAME" not in change,
    )


ATTRIBUTES = [
    composed(
        "ALTER TYPE ct DROP ATTRIBUTE b",
        "INSERT INTO t VALUES ('(1,2)')",
        MALFORMED,
        actual="public.ct without the attribute b that it had",
    ),
    composed("ALTER TYPE ct DROP ATTRIBUTE b", "SELECT (c).b FROM t", NO_COLUMN, "reader"),
    composed("ALTER TYPE ct RENAME ATTRIBUTE b TO z", "SELECT (c).b FROM t", NO_COLUMN, "reader"),
    composed("ALTER TYPE ct RENAME ATTRIBUTE b TO z", "UPDATE t SET c.b = 1", NO_COLUMN),
    composed(
        "ALTER TYPE ct ADD ATTRIBUTE z text",
        "INSERT INTO t VALUES ('(1,2)')",
        MALFORMED,
        actual="public.ct with a new attribute z",
    ),
    composed(
        "ALTER TYPE ct RENAME ATTRIBUTE b TO z; ALTER TYPE ct RENAME ATTRIBUTE z TO b", "SELECT (c).b FROM t", None
    ),
    Case(
        "CREATE TYPE ct AS (a integer, b integer); CREATE DOMAIN d AS ct; CREATE TABLE t (c d[])",
        "ALTER TYPE ct RENAME ATTRIBUTE b TO z",
        "SELECT (c[1]::ct).b FROM t",
        NO_COLUMN,
        "column-type",
        "reader",
        states=typed("ARRAY"),
    ),
]


@pytest.mark.parametrize("case", [*LIMITS, *ATTRIBUTES], ids=lambda case: f"{case.change} {case.side}")
def test_what_types_refuse_is_told(case: Case, connection: sa.Connection, tmp_path: Path) -> None:
    is_told(case, connection, tmp_path)


def test_attributes_have_advice_of_their_own(connection: sa.Connection, tmp_path: Path) -> None:
    case = ATTRIBUTES[0]
    before, observed, _ = run(connection, case.given, "ALTER TYPE ct RENAME ATTRIBUTE b TO z")
    [violation] = judged(contract_of(case, tmp_path), before, observed).violations
    assert violation.remedy.startswith("Keep the attributes of the type")
