"""What is said never to fail, beside a real server: with those values of each type that are most likely to."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from alembic_contracts.prediction.catalog.catalog import Catalog
from alembic_contracts.prediction.sql import parser
from alembic_contracts.prediction.sql.failing import (
    MOST_ARGUMENTS,
    TOTAL_FUNCTIONS,
    TOTAL_OPERATORS,
    Failure,
    failure_of,
)
from alembic_contracts.prediction.statements import execute

_TRY = """
CREATE FUNCTION pg_temp.try(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE answer text;
BEGIN
    EXECUTE query INTO answer;
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE || ' ' || SQLERRM;
END $$
"""

_VALUES = {
    "anyarray": ("'{}'::int[]", "'{1,NULL}'::int[]", "NULL::int[]", "'{{1},{2}}'::int[]"),
    "anycompatiblearray": ("'{}'::int[]", "'{1,NULL}'::int[]", "NULL::int[]"),
    "anycompatible": ("1", "NULL::int", "-2147483648"),
    "anyelement": ("1", "NULL::text", "'x'::text", "'{}'::jsonb", "ARRAY[1]"),
    '"any"': ("1", "NULL::text", "'x'::text", "'{}'::jsonb", "now()", "row(1, 'x')"),
    "anynonarray": ("1", "NULL::int", "'x'::text"),
    "bigint": ("0", "-1", "9223372036854775807", "-9223372036854775808", "NULL"),
    "boolean": ("true", "false", "NULL"),
    "bytea": ("''", "'\\x00ff'", "NULL"),
    "date": ("'infinity'", "'-infinity'", "'0001-01-01 BC'", "NULL"),
    "double precision": ("'NaN'", "'Infinity'", "0", "-1e308", "1e-308", "NULL"),
    "integer": ("0", "-1", "1", "2147483647", "-2147483648", "NULL"),
    "interval": ("'0'", "'-178000000 years'", "NULL"),
    "json": ("'1'", "'null'", "'[1, 2]'", '\'{"a": {"b": 1}}\'', "'\"\"'", "NULL"),
    "jsonb": ("'1'", "'null'", "'[1, 2]'", '\'{"a": {"b": 1}}\'', "'\"\"'", "NULL"),
    "name": ("''", "'pg_class'", "'x y\"z'", "NULL"),
    "numeric": ("'NaN'", "'Infinity'", "0", "-1e1000", "NULL"),
    "oid": ("0", "1", "1259", "4294967295", "NULL"),
    "pg_node_tree": ("NULL", "(SELECT adbin FROM pg_attrdef LIMIT 1)"),
    "real": ("'NaN'", "0", "-1e30", "NULL"),
    "record": ("row(1, 'x')", "NULL"),
    "text": ("''", "'x'", "'%'", "E'\\\\'", "'ä\n'", "'1'", "repeat('y', 1000)", "NULL"),
    "text[]": ("'{}'", "'{a,NULL}'", "'{{a},{b}}'", "NULL"),
    "timestamp with time zone": ("'infinity'", "'0001-01-01 BC'", "NULL"),
    "timestamp without time zone": ("'infinity'", "'0001-01-01 BC'", "NULL"),
    "character varying": ("''", "'x'", "NULL"),
    "character": ("''", "'x'", "NULL"),
    '"char"': ("''", "'x'", "NULL"),
    "uuid": ("'00000000-0000-0000-0000-000000000000'", "NULL"),
    "inet": ("'::1'", "'127.0.0.1/8'", "NULL"),
    "bit": ("B'1'", "NULL"),
    "bit varying": ("B''", "B'101'", "NULL"),
}
_MOST = 60
"""Combinations of arguments tried of a signature."""


def _literals(type_name: str) -> tuple[str, ...] | None:
    values = _VALUES.get(type_name)
    if values is None or type_name.strip('"').startswith("any") or type_name == "record":
        return values
    return tuple(f"({value})::{type_name}" for value in values)


def _signatures(connection: sa.Connection, names: frozenset[str]) -> Iterator[tuple[str, list[str]]]:
    rows = connection.execute(
        sa.text(
            "SELECT proname, (SELECT coalesce(array_agg(format_type(t, NULL) ORDER BY n), '{}') "
            "FROM unnest(proargtypes) WITH ORDINALITY AS a (t, n)) FROM pg_proc "
            "WHERE pronamespace = 'pg_catalog'::regnamespace AND proname = ANY (:names) AND prokind IN ('f', 'a')"
        ),
        {"names": sorted(names)},
    )
    yield from ((name, types) for name, types in rows)


def test_functions_that_are_said_to_be_total(connection: sa.Connection) -> None:
    connection.exec_driver_sql(_TRY)
    tried: set[str] = set()
    failed: list[str] = []
    for name, types in _signatures(connection, TOTAL_FUNCTIONS):
        values = [_literals(type_name) for type_name in types]
        known = [each for each in values if each is not None]
        if len(known) < len(values) or len(values) > MOST_ARGUMENTS.get(name, len(values)):
            continue
        combinations = list(itertools.product(*known))
        for arguments in random.Random(name).sample(combinations, min(_MOST, len(combinations))):
            tried.add(name)
            query = f"SELECT {name}({', '.join(arguments) if types or name != 'count' else '*'})::text"
            answer = connection.execute(sa.text("SELECT pg_temp.try(:query)"), {"query": query}).scalar_one()
            failed += [f"{query}: {answer}"] if answer else []
    assert failed == []
    assert TOTAL_FUNCTIONS - tried == set()


def test_operators_that_are_said_to_be_total(connection: sa.Connection) -> None:
    connection.exec_driver_sql(_TRY)
    rows = connection.execute(
        sa.text(
            "SELECT oprname, format_type(oprleft, NULL), format_type(oprright, NULL) FROM pg_operator "
            "WHERE oprname = ANY (:names) AND oprleft <> 0 AND oprnamespace = 'pg_catalog'::regnamespace"
        ),
        {"names": sorted(TOTAL_OPERATORS)},
    ).all()
    failed, tried = [], set()
    for name, *types in rows:
        left, right = map(_literals, types)
        if left is None or right is None:
            continue
        tried.add(name)
        for one, other in itertools.product(left, right):
            query = f"SELECT (({one}) {name} ({other}))::text"
            answer = connection.execute(sa.text("SELECT pg_temp.try(:query)"), {"query": query}).scalar_one()
            failed += [f"{query}: {answer}"] if answer else []
    assert failed == []
    assert TOTAL_OPERATORS - tried == {"!="}  # the grammar makes <> of it


@pytest.mark.parametrize(
    ("expression", "failure"),
    [
        ("1 / n", Failure.BY_VALUES),
        ("n + 1", Failure.BY_VALUES),
        ("a || b", Failure.BY_VALUES),
        ("a || 'x' || b", Failure.NEVER),
        ("x::int", Failure.BY_VALUES),
        ("x::text", Failure.NEVER),
        ("x::varchar(3)", Failure.BY_VALUES),
        ("x::regclass", Failure.ANYHOW),
        ("conrelid::regclass", Failure.NEVER),
        ("'t'::regclass", Failure.NEVER),
        ("nobody_knows(x)", Failure.ANYHOW),
        ("mine.lower(x)", Failure.ANYHOW),
        ("pg_catalog.lower(x)", Failure.NEVER),
        ("to_date(x, 'YYYY')", Failure.ANYHOW),
        ("x LIKE 'a%'", Failure.NEVER),
        ("x LIKE y", Failure.BY_VALUES),
        ("current_setting('a', true)", Failure.NEVER),
        ("current_setting(x, true)", Failure.ANYHOW),
        ("(SELECT a FROM t)", Failure.BY_VALUES),
        ("(SELECT a FROM t LIMIT 1)", Failure.NEVER),
        ("(SELECT count(*) FROM t)", Failure.NEVER),
        ("(SELECT count(*) FROM t GROUP BY a)", Failure.BY_VALUES),
        ("EXISTS (SELECT 1 / n FROM t)", Failure.BY_VALUES),
        ("a IN (SELECT b FROM t) AND NOT c IS NULL", Failure.NEVER),
        ("(SELECT array_agg(attname) FROM pg_attribute)", Failure.NEVER),
        ("(SELECT array_agg(a) FROM t)", Failure.ANYHOW),
        ("JSON_VALUE(x, '$.a')", Failure.BY_VALUES),
    ],
)
def test_expressions(expression: str, failure: Failure) -> None:
    node = parser.parse_expression(expression)
    assert node is not None
    assert failure_of(node, lambda _: None) is failure


_SETUP = """
CREATE TABLE c (x int, y int); CREATE TABLE r (n int, name text);
CREATE FUNCTION fails(n int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1 / n; END';
CREATE FUNCTION works(n int) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN n > 1; END'
"""


def _doubted(steps: str, condition: str = "OTHERS", handler: str = "ALTER TABLE c DROP COLUMN x;") -> bool:
    catalog = Catalog()
    execute(catalog, _SETUP)
    block = (
        f"DO $$ DECLARE num int; word text; BEGIN BEGIN {steps} EXCEPTION WHEN {condition} THEN {handler} END; END $$"
    )
    (effect,) = execute(catalog, block)
    return bool(effect.doubts)


@pytest.mark.parametrize(
    "step",
    [
        "num := 1 / 0;",
        "num := 1 / (random() * 0)::int;",
        "word := version(); num := word;",
        "num := (SELECT n FROM r);",
        "PERFORM 1 / n FROM r;",
        "PERFORM fails(n) FROM r;",
        "IF fails((random() * 0)::int) > 1 THEN NULL; END IF;",
        "IF to_date(to_char(now(), '\"b\"'), 'YYYY') IS NULL THEN NULL; END IF;",
        "IF false THEN NULL; ELSE num := 1 / (random() * 0)::int; END IF;",
        "SELECT name INTO num FROM r LIMIT 1;",
        "FOR i IN 1..(SELECT max(n) FROM r) LOOP NULL; END LOOP;",
        "FOR num IN SELECT name FROM r LOOP NULL; END LOOP;",
        "FOREACH word IN ARRAY (SELECT array_agg(name) FROM r) LOOP NULL; END LOOP;",
        "CASE WHEN random() > 2 THEN NULL; END CASE;",
        "EXECUTE 'SELECT 1 / n FROM r';",
        "EXECUTE 'SELECT $1' USING 1 / (random() * 0)::int;",
        "RAISE NOTICE '%', 1 / (random() * 0)::int;",
        "CREATE TABLE d AS SELECT 1 / n AS m FROM r;",
        "CREATE INDEX ON r ((1 / n));",
        "DECLARE i int := (SELECT n FROM r); BEGIN NULL; END;",
    ],
)
def test_a_handler_may_run_after_what_may_fail(step: str) -> None:
    assert _doubted(step)


@pytest.mark.parametrize(
    "step",
    [
        "num := 1 / 2;",
        "word := 'x' || (SELECT count(*) FROM pg_class)::text;",
        "IF EXISTS (SELECT FROM pg_class WHERE relname = 'c') THEN NULL; END IF;",
        "IF EXISTS (SELECT FROM r WHERE n > 1 AND name LIKE 'a%') THEN NULL; END IF;",
        "IF random() > 0.5 THEN NULL; END IF;",
        "PERFORM works(n) FROM r;",
        "SELECT name INTO word FROM r LIMIT 1;",
        "CASE WHEN random() > 2 THEN NULL; ELSE NULL; END CASE;",
        "EXECUTE 'SELECT n FROM r';",
        "ALTER TABLE c ADD COLUMN z int;",
    ],
)
def test_no_handler_runs_after_what_cannot_fail(step: str) -> None:
    assert not _doubted(step)


@pytest.mark.parametrize(
    ("step", "condition", "doubted"),
    [
        ("num := 1 / (random() * 0)::int;", "undefined_table", False),
        ("num := 1 / (random() * 0)::int;", "division_by_zero", True),
        ("word := (SELECT name FROM r LIMIT 1)::regclass;", "undefined_table", True),
        ("FOREACH word IN ARRAY (SELECT array_agg(name) FROM r) LOOP NULL; END LOOP;", "null_value_not_allowed", True),
        ("EXECUTE (SELECT name FROM r LIMIT 1);", "undefined_table", True),
        ("IF random() > 0.5 THEN RAISE undefined_table; END IF;", "undefined_table", True),
        ("IF random() > 0.5 THEN RAISE 'x'; END IF;", "undefined_table", False),
        ("CASE (random() * 2)::int WHEN 5 THEN NULL; END CASE;", "case_not_found", True),
    ],
)
def test_only_handlers_of_such_errors_run(step: str, condition: str, doubted: bool) -> None:
    assert _doubted(step, condition) is doubted
