"""What scripts ask of the catalog is answered as a real PostgreSQL answers it, or not at all."""

from __future__ import annotations

import random
import time

import pytest
import sqlalchemy as sa

from alembic_contracts.prediction.answers.noticing import Noticing
from alembic_contracts.prediction.answers.reader import Reader
from alembic_contracts.prediction.answers.system_relations import information_schema
from alembic_contracts.prediction.catalog.catalog import Catalog
from alembic_contracts.prediction.driver.recording_dialect import recording_engine
from alembic_contracts.prediction.scripts.recording import Recording
from alembic_contracts.prediction.statements import execute
from tests.support.catalog_questions import QUESTIONS, Question, Subject, difference, question, statements


@pytest.mark.parametrize("seed", range(3))
def test_random_questions_about_random_schemas(database: str, seed: int) -> None:
    chance = random.Random(seed)
    engine = sa.create_engine(database, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    cells = unknown = 0
    with engine.connect() as connection:
        subject = Subject(connection)
        for _ in range(4):
            made = statements(chance)
            subject.build(made)
            for asked in [*(question(chance) for _ in range(25)), *map(Question, chance.sample(QUESTIONS, 5))]:
                theirs, ours, count, not_known = subject.ask(asked)
                cells, unknown = cells + count, unknown + not_known
                assert theirs == ours, difference(subject, asked, made)
    assert unknown < cells / 3


def _ask(*made: str, query: str) -> tuple[list[tuple[object, ...]], list[str]]:
    catalog = Catalog(server_version=180000)
    for statement in made:
        execute(catalog, statement)
    doubts: list[str] = []
    reader = Reader(catalog, "empty")
    recording = Recording(catalog, (), reader)
    reader.doubt = lambda reason, _tables: doubts.append(reason)
    with recording_engine(recording, catalog).connect() as connection:
        recording.connected(connection.connection.dbapi_connection)  # type: ignore[arg-type]
        return [tuple(row) for row in connection.exec_driver_sql(query)], doubts


@pytest.mark.parametrize(
    "query",
    [
        "SELECT adbin FROM pg_attrdef",
        "SELECT adbin::text FROM pg_attrdef",
        "SELECT 1 FROM pg_attrdef WHERE adbin = 'x'",
        "SELECT ordinal_position FROM information_schema.columns WHERE table_name = 't'",
        "SELECT attnum::text FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0",
        "SELECT indexdef FROM pg_indexes WHERE indexname = 'i'",
    ],
)
def test_what_is_not_known_has_no_answer(query: str) -> None:
    rows, doubts = _ask(
        "CREATE TABLE t (a int, b int DEFAULT 1)",
        "ALTER TABLE t DROP COLUMN a",
        "CREATE INDEX i ON t (b) WITH (fillfactor = 70)",
        "CREATE VIEW v AS SELECT b FROM t",
        query=query,
    )
    values = [value for row in rows for value in row]
    said = len(doubts)
    assert [type(value) for value in values] == [Noticing] * len(values)
    assert [str(value) for value in values] == ["not_known_here"] * len(values)
    assert len(doubts) - said == len(values)  # each one that is looked at is told
    assert doubts


def test_a_view_s_text_that_is_not_known_is_one_that_means_the_same_and_is_told() -> None:
    made = ["CREATE TABLE t (b int)", "CREATE VIEW v AS SELECT b FROM t"]
    rows, doubts = _ask(*made, query="SELECT pg_get_viewdef('v'::regclass)")
    assert [" ".join(str(value).split()) for [value] in rows] == ["SELECT b FROM t"]
    assert ["how PostgreSQL prints the view" in doubt for doubt in doubts] == [True]
    [[computed]], more = _ask(*made, query="SELECT replace(pg_get_viewdef('v'::regclass), 'b', 'c')")
    assert (type(computed), len(more)) == (Noticing, 1)


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('nowhere')", []),
        ("SELECT indisvalid FROM pg_index WHERE indexrelid <> to_regclass('nowhere')", []),
        ("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('i')", [(True,)]),
        ("SELECT relname FROM pg_class WHERE oid = to_regclass('nowhere')", []),
    ],
)
def test_no_object_is_the_one_that_is_not_there(database: str, query: str, rows: list[tuple[object, ...]]) -> None:
    made = ("CREATE TABLE t (a int)", "CREATE INDEX i ON t (a)")
    assert _ask(*made, query=query) == (rows, [])
    with sa.create_engine(database, poolclass=sa.NullPool).connect() as connection:
        for statement in made:
            connection.exec_driver_sql(statement)
        assert [tuple(row) for row in connection.exec_driver_sql(query)] == rows


def test_texts_that_nobody_looks_at_are_no_doubt() -> None:
    made = ("CREATE TABLE t (a text DEFAULT current_setting('x'))",)
    query = "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 't'"
    assert _ask(*made, query=query) == ([("a", "text")], [])


SERIAL = (
    "SELECT c.relname, a.attname FROM pg_class AS c JOIN pg_depend d ON d.objid = c.oid AND d.classid ="
    " 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass JOIN pg_class t ON t.oid = d.refobjid JOIN"
    " pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid WHERE c.relkind = 'S' AND c.oid ="
    " CAST('t_id_seq' AS regclass)"
)
"""What Alembic asks in batch mode."""


def test_alembics_own_question_about_a_serial_has_an_answer_where_columns_were_dropped(database: str) -> None:
    made = ("CREATE TABLE t (a int, id serial, b int)", "ALTER TABLE t DROP COLUMN a")
    assert _ask(*made, query=SERIAL) == ([("t_id_seq", "id")], [])
    with sa.create_engine(database, poolclass=sa.NullPool).connect() as connection:
        for statement in made:
            connection.exec_driver_sql(statement)
        assert [tuple(row) for row in connection.exec_driver_sql(SERIAL)] == [("t_id_seq", "id")]


def test_it_takes_no_longer_where_there_are_many_tables() -> None:
    others = tuple(f"CREATE TABLE t{number} (id serial PRIMARY KEY, a int, b text)" for number in range(60))
    started = time.process_time()
    assert _ask("CREATE TABLE t (id serial)", *others, query=SERIAL) == ([("t_id_seq", "id")], [])
    assert time.process_time() - started < 5, "each table is combined with each"


@pytest.mark.parametrize(
    "query",
    [
        "SELECT to_regclass('i')::text",
        "SELECT count(*) FROM pg_class WHERE oid = to_regclass('t_pkey')",
        "SELECT to_regclass('public.i') IS NULL, to_regclass('j')::text, to_regclass('o.j')::text",
    ],
)
def test_an_index_is_found_where_the_search_path_leads_to_it(database: str, query: str) -> None:
    made = (
        "CREATE SCHEMA o",
        "CREATE TABLE t (id int PRIMARY KEY)",
        "CREATE INDEX i ON t (id)",
        "CREATE TABLE o.u (id int)",
        "CREATE INDEX j ON o.u (id)",
        "SET search_path = o",
    )
    with sa.create_engine(database, poolclass=sa.NullPool).connect() as connection:
        for statement in made:
            connection.exec_driver_sql(statement)
        assert _ask(*made, query=query) == ([tuple(row) for row in connection.exec_driver_sql(query)], [])


@pytest.mark.parametrize(
    "where", ["table_name = 't'", "t.table_name = 't' AND t.column_name = 'id'", "column_name = 'id'"]
)
def test_what_is_asked_about_one_table_is_worked_out_of_no_other(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    told, column = [], information_schema._column
    monkeypatch.setattr(information_schema, "_column", lambda *of: told.append(of) or column(*of))
    others = tuple(f"CREATE TABLE t{number} (id int, a int)" for number in range(20))
    rows, doubts = _ask(
        *others, "CREATE TABLE t (id int)", query=f"SELECT 1 FROM information_schema.columns t WHERE {where}"
    )
    is_about_one = "table_name" in where
    assert (len(rows), doubts) == (1, []) if is_about_one else doubts
    assert len(told) == (1 if is_about_one else 41) + 1, "one to know which columns there are"


@pytest.mark.parametrize(
    ("source", "where", "rows"),
    [
        ("pg_class t LEFT JOIN pg_attribute a ON a.attrelid = t.oid", "t.relname = 'u' AND a.attname = 'b'", [("u",)]),
        ("pg_class t LEFT JOIN pg_attribute a ON a.attrelid = t.oid", "t.relname = 'u' AND a.attname = 'x'", []),
        (
            "pg_class t LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attname = 'x'",
            "t.relname = 'u' AND a.attname IS NULL",
            [("u",)],
        ),
        (
            "pg_attribute a RIGHT JOIN pg_class t ON a.attrelid = t.oid AND a.attname = 'a'",
            "t.relkind = 'r' AND t.relname = 't'",
            [("t",)],
        ),
    ],
)
def test_what_where_leaves_out_is_left_out_whatever_it_is_joined_with(
    database: str, source: str, where: str, rows: list[tuple[object, ...]]
) -> None:
    made = ("CREATE TABLE t (a int)", "CREATE TABLE u (a int, b int)")
    query = f"SELECT t.relname FROM {source} WHERE {where}"
    assert _ask(*made, query=query) == (rows, [])
    with sa.create_engine(database, poolclass=sa.NullPool).connect() as connection:
        for statement in made:
            connection.exec_driver_sql(statement)
        assert [tuple(row) for row in connection.exec_driver_sql(query)] == rows


@pytest.mark.parametrize(
    "query",
    [
        """SELECT x.attname, y.attname FROM pg_attribute x JOIN pg_attribute y ON x.attnum = y.attnum
        WHERE x.attrelid = 't'::regclass AND y.attrelid = 'u'::regclass AND x.attnum > 0""",
        """SELECT 1 FROM pg_class c JOIN pg_attribute a ON a.attnum = c.relnatts
        WHERE c.oid = 't'::regclass AND a.attrelid = c.oid""",
    ],
)
def test_numbers_of_columns_of_two_tables_cannot_be_compared_where_columns_were_dropped(query: str) -> None:
    made = ("CREATE TABLE t (a int, b int)", "CREATE TABLE u (a int, b int)", "ALTER TABLE t DROP COLUMN a")
    rows, doubts = _ask(*made, query=query)
    assert rows == []
    assert doubts


@pytest.mark.parametrize("number", ["-attnum", "attnum + 1"])
def test_what_is_computed_from_the_number_of_a_column_is_not_known_either(number: str) -> None:
    made = ("CREATE TABLE t (a int, b int)", "ALTER TABLE t DROP COLUMN a")
    rows, _ = _ask(*made, query=f"SELECT {number} FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = 'b'")
    assert [type(value) for row in rows for value in row] == [Noticing]
