"""Values of expressions: each is exactly PostgreSQL's, or unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from alembic_contracts.prediction.answers.register import registered
from alembic_contracts.prediction.sql import system
from benchmarks.expressions import TRY, Tally, compare, run

if TYPE_CHECKING:
    from collections.abc import Iterator

CASES = """
to_char(date '2024-01-01', 'YYYYMM')
'm_' || to_char(timestamp '2024-01-15 00:00:00', 'YYYYMM')
format('%1$s and %1$s', 'x')
format('%2$I %1$L', 'it''s', 'My Table')
split_part('a_b_c', '_', -1)
'122024-01-31'::int2
'-40000x'::int2
'99999999999999999999 x'::int8
'3276 8'::int2
-7 % 3
round(2.5)
round(-2.5)
round(2.5::float8)
'abc'::varchar(2)
7 / 2
-7 / 2
1.50 + 1
1.5 * 1.50
'2' + 3
2147483647 + 1
'abc' || 1
true || 'x'
concat(true, 1, NULL, 'x')
'{a,b}'::text[]
('{a,b}'::text[])[2]
'a' = ANY ('{a,b}')
quote_ident('select')
quote_literal(E'a\\b')
'5'::int
'x'::int
'{"b": 1, "a": [1.50]}'::jsonb
'{"a": "x"}'::jsonb ->> 'a'
substring('abcdef' from 2 for 3)
left('abc', -1)
repeat('ab', 2)
string_to_array('a,b', ',')
NULL || 'a'
NULL::int8 + 1
coalesce(NULL, 'x')
coalesce(1, 'x')
nullif(1, 1)
1 = 1.0
'a' < 'b'
'Abc' ~ '^A'
'x%y' LIKE 'x_y'
extract(year from date '2024-05-06')
date '2024-01-31' + 1
1 / 0
"""

UNKNOWN = """
now()
random()
pg_relation_size('pg_class')
has_table_privilege('pg_class', 'SELECT')
current_setting('is_superuser')
date '2024-01-31'::text
timestamptz '2024-01-31 00:00:00+00'
date '2024-01-31' + interval '1 day'
regexp_replace('abc', '[[:lower:]]', 'x')
'a_b' < 'ab'
to_char(now(), 'YYYY')
10.0 / 3
lower('ÄÖ')
to_date('aä', 'DD')
"""


@pytest.fixture
def server(database: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database.replace("+psycopg", ""), autocommit=True) as connection:
        yield connection


def test_cases_are_as_on_the_server(server: psycopg.Connection) -> None:
    server.execute(TRY)
    tally = Tally()
    cases = [line for line in CASES.splitlines() if line]
    compare(server, cases, tally)
    assert tally.wrong == []
    assert tally.unknown_by_reason == {}
    assert tally.right == len(cases)


def test_what_depends_on_more_than_its_arguments_is_unknown(server: psycopg.Connection) -> None:
    server.execute(TRY)
    tally = Tally()
    cases = [line for line in UNKNOWN.splitlines() if line]
    compare(server, cases, tally)
    assert (tally.right, tally.wrong, tally.unknown) == (0, [], len(cases))


@pytest.mark.parametrize("seed", [1, 2])
def test_random_expressions(server: psycopg.Connection, seed: int) -> None:
    tally = run(server, 3000, seed)
    assert tally.wrong == []
    assert tally.right > tally.unknown


def test_the_register_names_what_there_is() -> None:
    functions, operators = registered()
    for name, parameters in functions:
        assert name in system.functions(), name
        assert parameters, name
    for name, left, right in operators:
        assert (left, right) in {(one, other) for one, other, _ in system.operators()[name]}, (name, left, right)
