# ruff: noqa: E501, ICN001 - one statement a line
"""Queries over rows that nobody has seen: with none and with a row that is made up for them."""

import datetime
import decimal
import uuid

import pytest

from alembic_contracts.prediction.catalog.catalog import Catalog
from alembic_contracts.prediction.statements import execute
from tests.support.recorded import Recorded

TABLE = """
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE t (
    id integer, n numeric, f float8, t text, b boolean, d date, at timestamptz, j jsonb, u uuid, m mood, a text[], raw bytea
)
"""


def over_unknown_rows(world):
    catalog = Catalog()
    execute(catalog, TABLE)
    return Recorded(catalog, world)


@pytest.mark.parametrize(
    ("condition", "value"),
    [
        ("t IS NULL", None),
        ("t = 'x'", "x"),
        ("'x'::varchar = t", "x"),
        ("t IN ('y', 'z')", "y"),
        ("t IS NOT NULL", "1"),
    ],
)
def test_a_made_up_row_satisfies_the_query_that_returns_it(condition, value):
    recorder = over_unknown_rows("row")
    assert recorder.rows(f"SELECT t FROM t WHERE {condition}") == [(value,)]
    assert recorder.doubts == []


@pytest.mark.parametrize("condition", ["t LIKE 'a%'", "length(t) > 3", "t <> '1'", "t > 'x' OR t IS NULL"])
def test_what_a_condition_asks_of_a_made_up_value_is_not_known(condition):
    recorder = over_unknown_rows("row")
    ((got,),) = recorder.rows(f"SELECT t FROM t WHERE {condition}")
    assert got != "1"
    assert len(set(recorder.doubts)) == 1


def test_a_plausible_row_has_values_of_its_columns_types():
    ((row),) = over_unknown_rows("row").rows("SELECT * FROM t")
    assert [type(value) for value in row] == [
        int, decimal.Decimal, float, str, bool, datetime.date, datetime.datetime, dict, uuid.UUID, str, list, bytes,
    ]  # fmt: skip
    assert row[9] == "sad"
    assert over_unknown_rows("empty").rows("SELECT * FROM t") == []


@pytest.mark.parametrize(
    ("sql", "empty", "row"),
    [
        ("SELECT count(*) FROM t", [(0,)], [(1,)]),
        ("SELECT max(id) FROM t", [(None,)], [(1,)]),
        ("SELECT EXISTS (SELECT 1 FROM t WHERE id = 7)", [(False,)], [(True,)]),
        ("SELECT id, t FROM t WHERE t = 'wanted' AND id = 9", [], [(9, "wanted")]),
        ("SELECT id FROM t WHERE id IN (4, 5) AND t <> 'x'", [], [(4,)]),
        ("SELECT x.id FROM t x JOIN t y ON x.id = y.id", [], [(1,)]),
        ("SELECT t, count(*) FROM t GROUP BY t HAVING count(*) > 1", [], [("1", 1)]),
        ("SELECT lower(t), id FROM t ORDER BY id", [], [("1", 1)]),
        ("SELECT j ->> 'x' FROM t", [], [(None,)]),
        ("SELECT id FROM t WHERE date_part('year', at) > 2000", [], [(1,)]),
        ("DELETE FROM t WHERE id = 1 RETURNING id", [], [(1,)]),
        ("UPDATE t SET id = 3 RETURNING t", [], [("1",)]),
        ("WITH x AS (SELECT id FROM t) SELECT id FROM x", [], [(1,)]),
    ],
)
def test_unknown_rows_in_both_worlds(sql, empty, row):
    for world, expected in (("empty", empty), ("row", row)):
        recorder = over_unknown_rows(world)
        recorder.connection.exec_driver_sql(
            "CREATE FUNCTION unheard_of(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'"
        )
        assert recorder.rows(sql) == expected, world
        assert recorder.reader.read_unknown_rows
        assert recorder.doubts == []


def test_the_same_query_finds_the_same_again():
    recorder = over_unknown_rows("row")
    for _ in range(3):
        assert len(recorder.rows("SELECT id FROM t LIMIT 10")) == 1


def test_in_a_loop_that_waits_for_it_the_same_query_finds_nothing_the_second_time():
    recorder = over_unknown_rows("row")
    recorder.reader.place = lambda: ("lines", True)
    assert len(recorder.rows("SELECT id FROM t LIMIT 10")) == 1
    assert recorder.rows("SELECT id FROM t LIMIT 10") == []
    recorder.reader.start_revision()
    assert len(recorder.rows("SELECT id FROM t LIMIT 10")) == 1


@pytest.mark.parametrize(
    "emptied",
    ["TRUNCATE t", "DELETE FROM t", "DROP TABLE t; CREATE TABLE t (id integer)", "CREATE TABLE u (id integer)"],
)
def test_tables_that_are_known_to_be_empty(emptied):
    recorder = over_unknown_rows("row")
    recorder.connection.exec_driver_sql(emptied)
    assert recorder.rows(f"SELECT id FROM {'u' if 'u' in emptied.split() else 't'}") == []
    assert not recorder.reader.read_unknown_rows


def test_writing_alone_is_no_reading():
    recorder = over_unknown_rows("empty")
    recorder.rows("UPDATE t SET id = 1 WHERE t = 'x'")
    recorder.rows("INSERT INTO t (id) SELECT id FROM t")
    recorder.connection.exec_driver_sql("SELECT * FROM t")  # nobody looks at the result
    assert not recorder.reader.read_unknown_rows


def test_rows_from_an_unknown_table_are_unknown():
    recorder = over_unknown_rows("row")
    recorder.connection.exec_driver_sql("CREATE TABLE u (id integer)")
    recorder.rows("INSERT INTO u SELECT id FROM t")
    assert recorder.rows("SELECT id FROM u") == [(1,)]
    assert recorder.reader.read_unknown_rows
