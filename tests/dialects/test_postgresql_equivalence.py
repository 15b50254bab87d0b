"""Expressions that are the same, beside a real server: as people write them, as it prints them and as foreseen."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from alembic_contracts.dialects.postgresql.equivalence import same_expression
from alembic_contracts.prediction.catalog.catalog import Catalog
from alembic_contracts.prediction.statements import execute
from alembic_contracts.schemas.remarks import Printed
from alembic_contracts.schemas.schema import Name, Table
from tests.support.database import Databases
from tests.support.stored_expressions import CHECKS as CHECK_TEXTS
from tests.support.stored_expressions import DEFAULTS as DEFAULT_TEXTS

DEFAULTS = (
    ("integer", "'1'"),
    ("integer", "'+5'"),
    ("integer", "-5"),
    ("integer", "0"),
    ("bigint", "-5"),
    ("bigint", "'7'"),
    ("bigint", "3000000000"),
    ("smallint", "-1"),
    ("numeric(10, 2)", "'1.25'"),
    ("numeric", ".5"),
    ("double precision", "'0'"),
    ("boolean", "'t'"),
    ("boolean", "'0'"),
    ("boolean", "'yes'"),
    ("boolean", "false"),
    ("text", "'1'"),
    ("varchar(20)", "'new'"),
    ("varchar(20)", "''"),
    ("date", "'2020-01-01'"),
    ("timestamp", "'2020-01-01'"),
    ("timestamptz", "now()"),
    ("timestamptz", "CURRENT_TIMESTAMP"),
    ("uuid", "gen_random_uuid()"),
    ("jsonb", "'{}'"),
    ("jsonb", "'[]'::jsonb"),
    ("text[]", "'{}'"),
    ("text", "lower('A')"),
    ("time", "'12:00'"),
    ("interval", "'1 hour'"),
)
UNKNOWN_DEFAULTS = (
    ("tsvector", "'a b'"),
    ("timetz", "'12:00+01'"),
    ("cidr", "'10/8'"),
    ("interval", "'1'"),
    ("bytea", "'abc'"),
    ("money", "'1'"),
    ("numeric", "'1e3'"),
    ("timestamp", "'now'"),
    ("date", "'today'"),
)
"""Of these it is not known here how they are printed, or it depends on the moment."""
UNKNOWN_CHECKS = (
    "i BETWEEN SYMMETRIC 5 AND 1",
    "(i, n) = (1, 2)",
    "power(i, 2) > 4",
    "ts AT TIME ZONE 'utc' > '2020-01-01'",
)
CHECKS = (
    "s IN ('a', 'b')",
    "s NOT IN ('a', 'b')",
    "s IN ('a')",
    "v IN ('a', 'b')",
    "v = 'a' OR v = 'b'",
    "i IN (1, 2, 3)",
    "i BETWEEN 1 AND 5",
    "i NOT BETWEEN -1 AND 5",
    "i BETWEEN 1 AND 5 AND s <> ''",
    "i > -1",
    "i >= 0 AND i <= 10 AND n > 0.5",
    "s LIKE 'a%'",
    "s NOT ILIKE '%a'",
    "v LIKE 'a%'",
    "s ~ '^[a-z]+$'",
    "s IS NOT NULL OR i != 2",
    "NOT (i = 1)",
    "length(s) > 3",
    "(i = 1) = (s IS NULL)",
    "coalesce(i, 0) >= 0",
)
DIFFERENT = (
    ("s IN ('a', 'b')", "s NOT IN ('a', 'b')"),
    ("s IN ('a', 'b')", "s IN ('a', 'c')"),
    ("s IN ('a', 'b')", "s IN ('a', 'b', 'c')"),
    ("s = ANY (ARRAY['a', 'b'])", "s = ALL (ARRAY['a', 'b'])"),
    ("i BETWEEN 1 AND 5", "i BETWEEN 1 AND 6"),
    ("i BETWEEN 1 AND 5", "i NOT BETWEEN 1 AND 5"),
    ("i > 1 AND (i < 5 OR s = '')", "(i > 1 AND i < 5) OR s = ''"),
    ("s LIKE 'a'", "s ILIKE 'a'"),
    ("s LIKE 'a'", "s NOT LIKE 'a'"),
    ("i > -1", "i > 1"),
    ("s = '01'", "s = 1"),
    ("s = '1'::text", "s = '1'::integer"),
    ("s = '2020-01-01'::timestamp", "s = '2020-01-01 00:00:01'::timestamp"),
    ("s = 't'::boolean", "s = false"),
    ("b = '1'::bit", "b = '0'::bit"),
    ("a.f() = 1", "b.f() = 1"),
    ("f() = 1", "g() = 1"),
    ("b = true", "b = false"),
    ("i = NULL", "i IS NULL"),
)


def observed(databases: Databases, statement: str, query: str) -> list[str]:
    with databases.new() as url:
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        with engine.begin() as connection:
            connection.exec_driver_sql(statement.replace("%", "%%"))
            return [str(text) for text in connection.exec_driver_sql(query).scalars()]


def predicted(statement: str) -> Table:
    catalog = Catalog()
    execute(catalog, statement)
    return catalog.state.tables[Name("public", "t")]


SAME = (
    ("'1'", "1"),
    ("'-5'", "-5"),
    ("'0'::boolean", "false"),
    ("'2020-01-01'", "'2020-01-01 00:00:00'::timestamp without time zone"),
    ("ts > '2020-01-01'", "(ts > '2020-01-01 00:00:00'::timestamp without time zone)"),
    ("uuid_generate_v4()", "public.uuid_generate_v4()"),
    ("t.c > 0", "c > 0"),
    ("i > 0 AND true", "((i > 0) AND true)"),
    ("'t' OR i = 1 OR false", "('t'::boolean OR i = 1 OR false)"),
    ("B'101'", "'101'::\"bit\""),
)


@pytest.mark.parametrize(("written", "printed"), SAME)
def test_a_contract_may_spell_what_the_server_prints_otherwise(written: str, printed: str) -> None:
    assert same_expression(written, printed) is same_expression(printed, written) is True


def test_any_two_expressions_can_be_compared() -> None:
    texts = [text for texts in DEFAULT_TEXTS.values() for text in texts] + CHECK_TEXTS
    forms = [form for text in texts for form in (text, Printed(text, None))]
    for one in forms:
        assert same_expression(one, one)
        for other in forms[::17]:
            assert same_expression(one, other) is same_expression(other, one)


def test_of_what_is_not_known_to_be_printed_alike_nothing_is_said(databases: Databases) -> None:
    columns = [f"c{n} {type_} DEFAULT {text}" for n, (type_, text) in enumerate(UNKNOWN_DEFAULTS)]
    checks = [f"CONSTRAINT k{n} CHECK ({text})" for n, text in enumerate(UNKNOWN_CHECKS)]
    statement = f"CREATE TABLE t ({', '.join([*columns, 'i int, n numeric, ts timestamp', *checks])})"
    query = (
        "SELECT text FROM (SELECT adnum AS n, pg_get_expr(adbin, adrelid) AS text FROM pg_attrdef UNION ALL "
        "SELECT 100 + row_number() OVER (ORDER BY conname), pg_get_expr(conbin, conrelid) FROM pg_constraint "
        "WHERE contype = 'c' AND conrelid = 't'::regclass) x ORDER BY n"
    )
    table = predicted(statement)
    foreseen = [*(c.default or "" for c in table.columns[: len(columns)])]
    foreseen += [c.expression or "" for c in table.constraints if c.kind == "check"]
    printed = observed(databases, statement, query)
    assert [same_expression(*pair) for pair in zip(printed, foreseen, strict=True)] == [None] * len(printed)
    for text in foreseen:
        assert same_expression(text, "g(x)") is same_expression("", text) is False


def test_defaults_are_as_the_server_prints_them(databases: Databases) -> None:
    columns = ", ".join(f"c{n} {type_} DEFAULT {text}" for n, (type_, text) in enumerate(DEFAULTS))
    statement = f"CREATE TABLE t ({columns})"
    printed = observed(
        databases,
        statement,
        "SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = 't'::regclass ORDER BY adnum",
    )
    table = predicted(statement)
    wrong = [
        (case, there, column.default)
        for case, there, column in zip(DEFAULTS, printed, table.columns, strict=True)
        if not same_expression(there, column.default or "")
    ]
    assert not wrong
    assert not [(text, there) for (_, text), there in zip(DEFAULTS, printed, strict=True) if not same(text, there)]


def same(written: str, printed: str) -> bool:
    """Whether a contract may spell a default as a script does; numbers only as they are printed."""
    return bool(same_expression(written, printed)) or written == "'+5'"


def test_checks_are_as_people_write_and_the_server_prints_them(databases: Databases) -> None:
    checks = ", ".join(f"CONSTRAINT k{n:02} CHECK ({text})" for n, text in enumerate(CHECKS))
    statement = f"CREATE TABLE t (i integer, s text, v varchar(10), n numeric, {checks})"
    printed = observed(
        databases,
        statement,
        "SELECT pg_get_expr(conbin, conrelid) FROM pg_constraint "
        "WHERE contype = 'c' AND conrelid = 't'::regclass ORDER BY conname",
    )
    foreseen = {c.name: c.expression or "" for c in predicted(statement).constraints if c.kind == "check"}
    for n, (written, there) in enumerate(zip(CHECKS, printed, strict=True)):
        assert same_expression(written, there), (written, there)
        assert same_expression(there, foreseen[f"k{n:02}"]), (there, foreseen[f"k{n:02}"])
        others = [text for text in printed if text != there]
        assert not [text for text in others if same_expression(written, text)], written


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_what_is_not_the_same_is_not_taken_for_it(one: str, other: str) -> None:
    assert not same_expression(one, other)
    assert same_expression(one, one)


def test_a_moment_may_have_marks_around_it(databases: Databases) -> None:
    statement = "CREATE TABLE t (a timestamptz DEFAULT 'now()', b timestamp DEFAULT 'today', c date DEFAULT '(epoch)')"
    assert observed(databases, statement, "SELECT count(*) FROM pg_attrdef WHERE adrelid = 't'::regclass") == ["3"]
    assert [column.name for column in predicted(statement).columns] == ["a", "b", "c"]
