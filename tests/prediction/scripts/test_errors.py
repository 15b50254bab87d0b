"""Version scripts that fail, are refused, or do not come to an end."""

import ast
import logging
import sys

import pytest
import sqlalchemy as sa

from alembic_contracts.prediction.scripts.syntax import catching
from alembic_contracts.schemas.schema import Name
from tests.support.scripts import TABLE, columns, operations, reasons, the_only

# -- errors ------------------------------------------------------------------------------------------------------------


def test_errors_can_be_caught_as_in_the_real_run(scripts):
    scripts.revision(
        "one",
        """
        from sqlalchemy.exc import ProgrammingError
        bind = op.get_bind()
        try:
            with bind.begin_nested():
                op.drop_constraint("uq_missing", "t")
        except ProgrammingError as error:
            assert error.orig.sqlstate == error.orig.pgcode == error.orig.diag.sqlstate == "42704"
            assert type(error.orig).__name__ == "UndefinedObject"
        op.add_column("t", sa.Column("a", sa.Text()))
        """,
    )
    prediction = the_only(scripts.predict("public.t", setup=TABLE))
    assert reasons(prediction) == []
    assert columns(prediction, "public.t") == ["id", "name", "a"]


def test_errors_are_the_drivers_own_classes(scripts):
    scripts.revision(
        "one",
        """
        try:
            with op.get_bind().begin_nested():
                op.get_bind().connection.cursor().execute("ALTER TABLE missing ADD a int")
        except psycopg.errors.UndefinedTable as error:
            assert error.sqlstate == "42P01"
        """,
        prelude="import psycopg",
    )
    assert reasons(the_only(scripts.predict())) == []


def test_an_error_caught_without_a_savepoint_fails_the_transaction(scripts):
    scripts.revision(
        "one",
        """
        try:
            op.drop_table("missing")
        except Exception:
            pass
        op.add_column("t", sa.Column("a", sa.Text()))
        """,
    )
    prediction = the_only(scripts.predict("public.t", setup=TABLE))
    (reason,) = reasons(prediction)
    assert reason.startswith("PostgreSQL would refuse this migration: current transaction is aborted")
    assert columns(prediction, "public.t") == ["id", "name"]


def test_also_where_the_script_ends_right_after(scripts):
    scripts.revision("one", 'try:\n    op.drop_table("missing")\nexcept Exception:\n    pass')
    (reason,) = reasons(the_only(scripts.predict()))
    assert reason.startswith("PostgreSQL would refuse this migration")


REFUSED = {
    "unknown table": ('op.add_column("missing", sa.Column("a", sa.Text()))', 'relation "missing" does not exist'),
    "unknown column": ('op.drop_column("t", "missing")', 'column "missing" of relation "t" does not exist'),
    "known table": ('op.create_table("t", sa.Column("a", sa.Text()))', 'relation "t" already exists'),
    "syntax": ('op.execute("ALTER TABEL t")', 'syntax error at or near "TABEL"'),
    "in a transaction": (
        'op.create_index("ix", "t", ["name"], postgresql_concurrently=True)',
        "CREATE INDEX CONCURRENTLY cannot run inside a transaction block",
    ),
}


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg"])
def test_after_a_commit_in_sql_it_depends_on_the_driver(scripts, database, driver):
    """psycopg 2 opens no transaction any more, so each statement commits by itself."""
    scripts.revision(
        "one",
        """
        op.execute("COMMIT")
        op.create_index("ix", "t", ["name"], postgresql_concurrently=True)
        op.drop_column("t", "name")
        op.drop_table("missing")
        """,
    )
    prediction = the_only(scripts.predict("public.t", setup=TABLE, url=f"postgresql+{driver}://"))
    engine = sa.create_engine(sa.make_url(database).set(drivername=f"postgresql+{driver}"), poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(TABLE)
        connection.commit()
        with pytest.raises(sa.exc.DBAPIError) as raised:
            scripts.run(connection)
    assert reasons(prediction) == [
        f"PostgreSQL would refuse this migration: {str(raised.value.orig).splitlines()[0].replace('ERROR:  ', '')}"
    ]
    with engine.connect() as connection:
        there = [column["name"] for column in sa.inspect(connection).get_columns("t")]
    kept = [operation.after for operation in operations(prediction) if operation.commits]
    assert [column.name for column in kept[-1].tables[Name("public", "t")].columns] == there
    assert there == (["id"] if driver == "psycopg2" else ["id", "name"])


LEADS_AWAY = {
    "a dump's first lines": "SELECT pg_catalog.set_config('search_path', '', false)",
    "SET": "SET search_path TO elsewhere",
    "gone": "DROP TABLE alembic_version",
}


@pytest.mark.parametrize("statement", LEADS_AWAY.values(), ids=LEADS_AWAY)
def test_alembic_does_not_find_its_version_table(scripts, connection, statement):
    scripts.revision("one", f'op.execute("CREATE SCHEMA elsewhere")\nop.execute("{statement}")')
    scripts.revision("two", 'op.create_table("public_t", sa.Column("a", sa.Text()))')
    prediction = the_only(scripts.predict("public.public_t"))
    (reason,) = reasons(prediction)
    assert reason.startswith('PostgreSQL would refuse this migration: relation "alembic_version" does not exist')
    assert prediction.unproven[0].location.revision == "one"
    assert columns(prediction, "public.public_t") == ["a"]
    with pytest.raises(sa.exc.ProgrammingError, match='relation "alembic_version" does not exist'):
        scripts.run(connection)


FINDS_BACK = {
    "SET LOCAL in a savepoint": """
        nested = op.get_bind().begin_nested()
        op.execute("SET LOCAL search_path TO ''")
        nested.rollback()
    """,
    "put back": """
        op.execute("SELECT pg_catalog.set_config('search_path', '', false)")
        op.execute("CREATE TABLE public.x (a int)")
        op.execute("SET search_path TO public")
    """,
    "one of several": 'op.execute("SET search_path TO elsewhere, public")',
}


@pytest.mark.parametrize("script", FINDS_BACK.values(), ids=FINDS_BACK)
def test_alembic_finds_its_version_table(scripts, connection, script):
    scripts.revision("one", script)
    assert reasons(the_only(scripts.predict())) == []
    scripts.run(connection)


def test_a_version_table_in_a_schema_of_its_own_is_found_anywhere(scripts, connection):
    scripts.configure["version_table_schema"] = "public"
    scripts.revision("one", """op.execute("SELECT pg_catalog.set_config('search_path', '', false)")""")
    assert reasons(the_only(scripts.predict())) == []
    scripts.run(connection)


@pytest.mark.parametrize(("statement", "message"), REFUSED.values(), ids=REFUSED)
def test_what_postgresql_would_refuse_is_unproven(scripts, statement, message):
    scripts.revision("one", f"x = 1\n{statement}")
    scripts.revision("two", 'op.add_column("t", sa.Column("later", sa.Text()))')
    prediction = the_only(scripts.predict("public.t", setup=TABLE))
    assert reasons(prediction) == [f"PostgreSQL would refuse this migration: {message}"]
    assert prediction.unproven[0].location.source == statement
    assert columns(prediction, "public.t") == ["id", "name", "later"]


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("raise ValueError('oh\\nno')", "the script raised ValueError under prediction: oh no"),
        ("raise SystemExit(3)", "the script raised SystemExit under prediction: 3"),
        ("1 / 0", "the script raised ZeroDivisionError under prediction: division by zero"),
        ("input('sure? ')", "the script raised EOFError under prediction"),
    ],
)
def test_what_a_script_raises_is_unproven(scripts, statement, reason):
    scripts.revision("one", f'op.execute("ALTER TABLE t ADD COLUMN a int")\n{statement}')
    scripts.revision("two", 'op.add_column("t", sa.Column("later", sa.Text()))')
    prediction = the_only(scripts.predict("public.t", setup=TABLE))
    assert [r.partition(": EOF when")[0] for r in reasons(prediction)] == [reason]
    assert prediction.unproven[0].location.source == statement.replace("\n", "\\n")
    assert columns(prediction, "public.t") == ["id", "name", "a", "later"]


def test_a_script_that_cannot_be_executed_a_second_time(scripts):
    scripts.revision("one", "pass", prelude="import sys\nassert not sys.stdin.closed and sys.stdin.name != '/dev/null'")
    scripts.revision("two", 'op.add_column("t", sa.Column("later", sa.Text()))')
    prediction = the_only(scripts.predict("public.t", setup=TABLE))
    assert reasons(prediction) == ["the script raised AssertionError under prediction"]
    assert prediction.unproven[0].location.source.startswith("assert not sys.stdin.closed")
    assert columns(prediction, "public.t") == ["id", "name", "later"]


def test_an_interrupt_gets_through_and_everything_is_put_back(scripts):
    scripts.revision("one", "raise KeyboardInterrupt")
    stdout = sys.stdout
    with pytest.raises(KeyboardInterrupt):
        scripts.predict()
    assert sys.stdout is stdout
    assert logging.root.manager.disable == logging.NOTSET


def test_a_loop_without_end_is_cut_off(scripts, monkeypatch):
    monkeypatch.setattr("alembic_contracts.prediction.scripts.recording.STATEMENT_LIMIT", 200)
    scripts.revision(
        "one", 'while True:\n    try:\n        op.execute("SELECT 1")\n    except Exception:\n        pass'
    )
    (reason,) = reasons(the_only(scripts.predict()))
    assert reason.startswith("the script did not come to an end within ")


def test_the_same_query_without_end_is_cut_off_early(scripts):
    scripts.revision("one", 'while op.get_bind().execute(sa.text("SELECT 1")).scalar():\n    pass')
    (reason,) = reasons(the_only(scripts.predict()))
    assert reason.startswith("the script did not come to an end within ")


@pytest.mark.parametrize("rows", ["", "INSERT INTO t VALUES (1, 'a')"])
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE t SET name = o.name FROM o WHERE o.id = t.id",
        "WITH c AS (SELECT id FROM t WHERE name IS NULL LIMIT 500) UPDATE t SET name = '' FROM c WHERE t.id = c.id",
        "DELETE FROM t USING o WHERE o.id = t.id",
    ],
)
def test_batches_that_end_when_nothing_is_left_come_to_an_end(scripts, change, rows):
    scripts.revision("one", f"while op.get_bind().execute(sa.text({change!r})).rowcount != 0:\n    pass")
    for prediction in scripts.predict("public.t", setup=f"{TABLE}; CREATE TABLE o (id int, name text); {rows}"):
        assert reasons(prediction) == []


@pytest.mark.parametrize(
    ("code", "passes"),
    [
        ("try:\n  work()\nexcept E:\n  pass", True),
        ("try:\n  work()\nexcept E:\n  raise", False),
        ("try:\n  work()\nexcept* E:\n  pass", True),
        ("try:\n  work()\nfinally:\n  more()", False),
        ("try:\n  work()\nfinally:\n  return", True),
        ("while True:\n try:\n  work()\n finally:\n  if x:\n   break", True),
        ("with suppress(E):\n  work()", True),
        ("with other(E):\n  work()", False),
    ],
)
def test_what_lets_an_error_pass_is_found_in_the_syntax(code: str, passes: bool) -> None:
    source = "def f():\n" + "".join(f" {line}\n" for line in code.splitlines())
    (function,) = ast.parse(source).body
    line = next(number for number, text in enumerate(source.splitlines(), 1) if "work" in text)
    assert bool(catching(function, line, ())) is passes
