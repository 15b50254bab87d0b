# ruff: noqa: E501 - a script a line
"""Rows that scripts on SQLite look at: which worlds there are, and what is not known all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from alembic_contracts.schemas.steps import GOES_BY_FILE
from tests.support.rehearsing import TABLE, History, columns, reasons

if TYPE_CHECKING:
    from pathlib import Path


# -- rows --------------------------------------------------------------------------------------------------------------

ROWS = {
    "drops for a row": (
        """
        if op.get_bind().execute(sa.text("SELECT a FROM t")).first():
            op.execute("ALTER TABLE t DROP COLUMN a")
        """,
        [["id", "a"], ["id"]],
    ),
    "counts": (
        """
        if op.get_bind().execute(sa.text("UPDATE t SET a = 'x'")).rowcount > 0:
            op.execute("ALTER TABLE t DROP COLUMN a")
        """,
        [["id", "a"], ["id"]],
    ),
    "a renamed table": (
        """
        op.rename_table("t", "u")
        if op.get_bind().connection.cursor().execute("SELECT a FROM u").fetchone() is None:
            op.execute("ALTER TABLE u ADD COLUMN b")
        op.rename_table("u", "t")
        """,
        [["id", "a", "b"], ["id", "a"]],
    ),
    "rows that were copied": (
        """
        op.execute("CREATE TABLE u AS SELECT * FROM t")
        if op.get_bind().execute(sa.text("SELECT EXISTS (SELECT 1 FROM u)")).scalar():
            op.execute("ALTER TABLE t ADD COLUMN b")
        """,
        [["id", "a"], ["id", "a", "b"]],
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_two_worlds(name: str, tmp_path: Path) -> None:
    code, expected = ROWS[name]
    history = History(tmp_path, [TABLE, code])
    history.upgrade("r0")
    predictions = history.predicted()
    assert [columns(each.after) for each in predictions] == expected


ONE_WORLD = {
    "batch mode": 'with op.batch_alter_table("t", recreate="always") as b:\n    b.alter_column("a", nullable=True)',
    "the version table": 'op.get_bind().execute(sa.text("SELECT * FROM alembic_version")).all()',
    "its own table": """
        op.execute("CREATE TABLE n (x)")
        op.execute("INSERT INTO n VALUES (1)")
        assert op.get_bind().execute(sa.text("SELECT x FROM n")).scalars().all() == [1]
    """,
    "an update": """op.execute("UPDATE t SET a = 'b' WHERE id > 3")\nop.execute("DELETE FROM t")""",
    "the schemas": 'assert sa.inspect(op.get_bind()).get_schema_names() == ["main"]',
    "what is set": 'op.execute("PRAGMA journal_mode = WAL")\nop.execute("PRAGMA synchronous = NORMAL")',
    "what a copy has as well": 'assert op.get_bind().execute(sa.text("PRAGMA user_version")).scalar() == 0',
    "the catalog": 'op.get_bind().execute(sa.text("SELECT name FROM sqlite_master")).all()',
}


@pytest.mark.parametrize("name", ONE_WORLD)
def test_one_world_is_enough(name: str, tmp_path: Path) -> None:
    history = History(tmp_path, [TABLE, ONE_WORLD[name]])
    history.upgrade("r0")
    [prediction] = history.predicted()
    assert prediction.unproven == ()


def test_what_is_in_rows_is_not_known(tmp_path: Path) -> None:
    history = History(
        tmp_path,
        [
            TABLE,
            """
            for row in op.get_bind().execute(sa.text("SELECT id FROM t WHERE a = 'special'")):
                op.execute("ALTER TABLE t DROP COLUMN a")
            """,
        ],
    )
    history.upgrade("r0")
    _, with_row = history.predicted()
    assert reasons(with_row) == [
        "the script may go by what is in the rows that it reads, which only the database knows"
    ]


ASKS = {
    "how many rows fit": """op.get_bind().execute(sa.text("UPDATE t SET a = 'x' WHERE a = 'y'")).rowcount""",
    "whether any fits": """op.get_bind().execute(sa.text("DELETE FROM t WHERE a = 'y'")).rowcount > 0""",
    "whether it was there": """op.get_bind().execute(sa.text("INSERT OR IGNORE INTO t VALUES (1, 'x')")).rowcount == 0""",
    "a sum": """sum(op.get_bind().execute(sa.text(f"DELETE FROM t WHERE id = {n}")).rowcount for n in (1, 2))""",
    "a row far behind": """op.get_bind().execute(sa.text("SELECT 1 FROM t LIMIT 1 OFFSET 5")).first()""",
    "how many ones": """len(op.get_bind().execute(sa.text("SELECT 1 FROM t")).all()) > 1""",
    "a view": """op.get_bind().execute(sa.text("SELECT EXISTS (SELECT 1 FROM special)")).scalar()""",
    "the last change": """op.get_bind().execute(sa.text("SELECT changes()")).scalar()""",
    "the last number": """op.get_bind().execute(sa.text("SELECT seq FROM sqlite_sequence")).scalar()""",
    "its pages": """op.get_bind().execute(sa.text("PRAGMA page_count")).scalar() > 1000""",
    "whether all is sound": """op.get_bind().execute(sa.text("PRAGMA foreign_key_check")).first()""",
    "whether all is sound, as a table": """op.get_bind().execute(sa.text("SELECT * FROM pragma_foreign_key_check")).first()""",
    "the number of a new row": """op.get_bind().execute(sa.text("INSERT INTO t (a) VALUES ('x')")).lastrowid == 3""",
    "what is left of that number": """op.get_bind().execute(sa.text("INSERT INTO t (a) VALUES ('x')")).lastrowid % 3""",
    "the key of a new row": """op.get_bind().execute(sa.Table("t", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True)).insert()).inserted_primary_key[0] in {3}""",
    "how many but one": """op.get_bind().execute(sa.text("UPDATE t SET a = 'x'")).rowcount - 2 == 0""",
    "the driver": "op.get_bind().connection.dbapi_connection.total_changes > 10",
    "the driver's copy": """b"special" in op.get_bind().connection.dbapi_connection.serialize()""",
}


@pytest.mark.parametrize("name", ASKS)
def test_what_is_the_same_in_both_worlds_need_not_be_so_in_the_database(name: str, tmp_path: Path) -> None:
    table = f"""{TABLE.strip()[:-1]}, sqlite_autoincrement=True)
op.execute("CREATE VIEW special AS SELECT id FROM t WHERE a = 'special'")"""
    history = History(tmp_path, [table, f"if {ASKS[name]}:\n    op.drop_column('t', 'a')"])
    history.upgrade("r0")
    assert any(reasons(each) for each in history.predicted())


def test_rows_of_the_schema_itself_are_tables(tmp_path: Path) -> None:
    update = "UPDATE sqlite_master SET sql = replace(sql, 'VARCHAR(50)', 'TEXT') WHERE name = 't'"
    body = f"""
        op.execute("PRAGMA writable_schema = ON")
        for row in op.get_bind().execute(sa.text("SELECT a FROM t WHERE a = 'special'")):
            op.execute("{update}")
        op.execute("PRAGMA writable_schema = RESET")
    """
    history = History(tmp_path, [TABLE, body])
    history.upgrade("r0")
    assert any("what is in the rows" in reason for each in history.predicted() for reason in reasons(each))


MAY_FAIL = {
    "a unique index": "op.execute('CREATE UNIQUE INDEX u ON t (a)')",
    "batch mode": "with op.batch_alter_table('t') as batch:\n        batch.create_unique_constraint('u', ['a'])",
    "rows": """op.execute("INSERT INTO t VALUES (1, 'x')")\n    op.execute("DROP TABLE t")""",
    "a check": "op.execute('ALTER TABLE t ADD COLUMN b CHECK (id < 100)')",
}


@pytest.mark.parametrize("name", MAY_FAIL)
def test_whether_rows_make_a_statement_fail_is_not_known_where_the_script_goes_on(name: str, tmp_path: Path) -> None:
    body = f"try:\n    {MAY_FAIL[name]}\nexcept sa.exc.IntegrityError:\n    pass"
    history = History(tmp_path, [TABLE, body])
    history.upgrade("r0")
    assert any(
        "depends on rows whether this fails" in reason for each in history.predicted() for reason in reasons(each)
    )


FILLED = {
    "exists": "not op.get_bind().execute(sa.text('SELECT EXISTS (SELECT 1 FROM s)')).scalar()",
    "first": "op.get_bind().execute(sa.text('SELECT 1 FROM s LIMIT 1')).first() is None",
    "counts": "op.get_bind().execute(sa.text('SELECT count(*) = 0 FROM s')).scalar()",
    "counts changes": "op.get_bind().execute(sa.text('UPDATE s SET x = 1')).rowcount == 0",
}


@pytest.mark.parametrize("name", FILLED)
def test_between_revisions_of_a_history_rows_of_a_revision_may_have_gone(name: str, tmp_path: Path) -> None:
    fills = "op.execute('CREATE TABLE s (x)')\nop.execute('INSERT INTO s VALUES (1)')"
    history = History(tmp_path, [TABLE, fills, f"if {FILLED[name]}:\n    op.drop_column('t', 'a')"])
    assert any(reasons(each) for each in history.predicted(offline=True))
    assert all(each.unproven == () for each in history.predicted())  # in one run, nobody comes between


BACKFILLS = {
    "a loop": """
        for row in op.get_bind().execute(sa.text("SELECT id, a FROM t")):
            op.execute(sa.text("UPDATE t SET a = :a WHERE id = :i").bindparams(a=row.a.upper(), i=row.id))
    """,
    "a session": """
        session = Session(bind=op.get_bind())
        table = sa.table("t", sa.column("id"), sa.column("a"))
        for row in session.execute(sa.select(table)).all():
            session.execute(table.update().where(table.c.id == row.id).values(a=row.a + "!"))
        session.flush()
    """,
    "where a column is there": """
        db = op.get_bind()
        there = {each["name"] for each in sa.inspect(db).get_columns("t") if each["name"] != "id"}
        if "a" in there:
            for row in db.execute(sa.text("SELECT id FROM t").execution_options(yield_per=5)):
                db.execute(sa.text("UPDATE t SET a = 'b' WHERE id = :i"), {"i": row.id})
            with op.batch_alter_table("t") as batch:
                batch.drop_column("a")
    """,
    "a session that is rolled back where it fails": """
        session = Session(bind=op.get_bind())
        op.execute("ALTER TABLE t ADD COLUMN b TEXT")
        try:
            for row in session.execute(sa.text("SELECT id, a FROM t")).all():
                session.execute(sa.text("UPDATE t SET b = :b WHERE id = :i"), {"b": row.a.upper(), "i": row.id})
            session.commit()
            op.execute("ALTER TABLE t ADD COLUMN c TEXT")
        except ValueError as error:
            session.rollback()
            raise error
        finally:
            session.close()
    """,
    "raises for what it finds": """
        for row in op.get_bind().execute(sa.text("SELECT id, a FROM t")):
            op.execute(sa.text("UPDATE t SET a = :a WHERE id = :i").bindparams(a=json.loads(row.a)["k"], i=row.id))
    """,
    "checks what it has done": """
        op.execute("UPDATE t SET a = 'b' WHERE id = 7")
        wrong = op.get_bind().execute(sa.text("PRAGMA foreign_key_check")).fetchall()
        if wrong:
            raise RuntimeError(f"keys: {wrong}")
        op.execute("PRAGMA integrity_check")
        op.execute("ALTER TABLE t ADD COLUMN b")
    """,
    "rows in a try": """
        try:
            op.execute("UPDATE t SET a = 'b' WHERE id = 7")
        except sa.exc.IntegrityError:
            pass
        op.execute("ALTER TABLE t ADD COLUMN b")
    """,
    "loops until none is left": """
        while op.get_bind().execute(sa.text("DELETE FROM t WHERE id IN (SELECT id FROM t LIMIT 9)")).rowcount > 0:
            pass
        op.execute("ALTER TABLE t ADD COLUMN b")
    """,
    "a plan": """
        plan = op.get_bind().exec_driver_sql("EXPLAIN QUERY PLAN SELECT * FROM t").fetchall()
        op.execute("ALTER TABLE t ADD COLUMN b")
    """,
    "adds what no row has": 'op.get_bind().execute(sa.text("SELECT a FROM t")).all()\nop.execute("ALTER TABLE t ADD b NOT NULL")',
}


KEPT = """
FOUND = []

def noted(rows, into):
    for row in rows:
        if row.a == "special":
            into.append(row.a)

def noted_there(db, into):
    noted(db.execute(sa.text("SELECT a FROM t")).all(), into)

def noted_here(rows):
    more = FOUND
    noted(rows, more)

def the_list():
    return FOUND
"""
KEEPS = {
    "by itself": "for row in rows:\n    if row.a == 'special':\n        found.append(row.a)",
    "by another name": "other = found\nfor row in rows:\n    if row.a == 'special':\n        other.append(row.a)",
    "in a list": "lists = [found]\nfor row in rows:\n    if row.a == 'special':\n        lists[0].append(row.a)",
    "by a function": "noted(rows, found)",
    "by a function that reads": "noted_there(op.get_bind(), found)",
    "by a default": "def keep(rows, into=found):\n    noted(rows, into)\nkeep(rows)",
    "in the module": "noted_here(rows)\nfound = FOUND",
    "what a function returns": "for row in rows:\n    if row.a == 'special':\n        the_list().append(row.a)\nfound = FOUND",
}


@pytest.mark.parametrize("name", KEEPS)
def test_what_rows_leave_in_a_list_is_not_known(name: str, tmp_path: Path) -> None:
    read = "found = []\nrows = op.get_bind().execute(sa.text('SELECT a FROM t')).all()"
    history = History(tmp_path, [TABLE])
    history.add(f"{read}\n{KEEPS[name]}\nif found:\n    op.execute('ALTER TABLE t DROP COLUMN a')", extra=KEPT)
    history.upgrade("r0")
    assert any(reasons(each) for each in history.predicted())


ENDS = {
    "the error is let pass": "pass",
    "it changes a table on its way out": "op.execute('ALTER TABLE t ADD COLUMN c TEXT')\n    raise",
    "it may be let pass": "if context.get_x_argument():\n        raise",
}


@pytest.mark.parametrize("name", ENDS)
def test_where_errors_lead_is_not_known(name: str, tmp_path: Path) -> None:
    body = f"""
try:
    for row in op.get_bind().execute(sa.text("SELECT a FROM t")).all():
        assert row.a != 'special'
    op.execute("ALTER TABLE t ADD COLUMN b TEXT")
except AssertionError:
    {ENDS[name]}
"""
    history = History(tmp_path, [TABLE, body])
    history.upgrade("r0")
    assert any(reasons(each) for each in history.predicted())


@pytest.mark.parametrize("name", BACKFILLS)
def test_rows_that_are_changed_leave_no_doubt(name: str, tmp_path: Path) -> None:
    history = History(tmp_path, [TABLE, BACKFILLS[name], "op.execute('CREATE TABLE n (x)')"])
    history.upgrade("r0")
    predictions = history.predicted()
    assert all(each.unproven == () for each in predictions), [reasons(each) for each in predictions]
    assert predictions[0].cut is None
    whole = [each for each in predictions if each.cut is None]
    assert all(columns(each.after, "n") == ["x"] for each in whole)


@pytest.mark.parametrize("own", ["sqlite_sequence", "sqlite_stat1"])
def test_sqlites_own_tables_are_there_where_nothing_needs_them(own: str, tmp_path: Path) -> None:
    history = History(tmp_path, [TABLE, f"op.execute('DELETE FROM {own}')\nop.execute('CREATE TABLE n (x)')"])
    history.upgrade("r0")
    history.execute("CREATE TABLE k (id INTEGER PRIMARY KEY AUTOINCREMENT)")
    history.execute("DROP TABLE k")
    history.execute("ANALYZE")
    assert [(reasons(each), columns(each.after, "n")) for each in history.predicted()] == [([], ["x"])]


def test_a_script_that_wants_rows(tmp_path: Path) -> None:
    history = History(
        tmp_path, [TABLE, "op.get_bind().execute(sa.text('SELECT a FROM t')).one()\nop.execute('CREATE TABLE n (x)')"]
    )
    history.upgrade("r0")
    predictions = history.predicted()
    assert [each.cut is None for each in predictions] == [True, True, False]
    assert all(columns(each.after, "n") == ["x"] for each in predictions[:2])


def test_between_revisions_of_a_history_tables_may_have_been_filled(tmp_path: Path) -> None:
    code = "if op.get_bind().execute(sa.text('SELECT 1 FROM t LIMIT 1')).first():\n    op.execute('CREATE TABLE n (x)')"
    history = History(tmp_path, [TABLE, code])
    assert [columns(each.after, "n") for each in history.predicted(offline=True)] == [[], ["x"]]
    assert [columns(each.after, "n") for each in history.predicted()] == [[]]


@pytest.mark.parametrize("trigger", ["AFTER INSERT", "BEFORE INSERT"])
def test_triggers_do_not_see_rows_that_are_made_up(trigger: str, tmp_path: Path) -> None:
    history = History(
        tmp_path,
        [
            f"{TABLE}\nop.execute(\"CREATE TRIGGER g {trigger} ON t BEGIN SELECT RAISE(ABORT, 'no'); END\")",
            "if op.get_bind().execute(sa.text('SELECT 1 FROM t LIMIT 1')).first():\n    op.execute('CREATE TABLE n (x)')",
        ],
    )
    history.upgrade("r0")
    predictions = history.predicted()
    assert [columns(each.after, "n") for each in predictions] == [[], ["x"]]
    assert [step.fingerprint for step in predictions[0].steps] != [step.fingerprint for step in predictions[1].steps]


OF_THE_FILE = [
    "PRAGMA database_list",
    "PRAGMA journal_mode",
    "SELECT file FROM pragma_database_list",
    "SELECT page_size FROM pragma_page_size",
    "PRAGMA main.auto_vacuum",
]


@pytest.mark.parametrize("question", OF_THE_FILE)
def test_what_a_copy_in_memory_answers_otherwise_is_unproven(question: str, tmp_path: Path) -> None:
    code = f'if "e" in str(op.get_bind().execute(sa.text("{question}")).first()):\n    op.drop_column("t", "a")'
    history = History(tmp_path, [TABLE, code])
    history.upgrade("r0")
    assert reasons(history.predicted()[0]) == [GOES_BY_FILE]


def test_rows_beside_the_file_are_seen_in_both_worlds(tmp_path: Path) -> None:
    code = """
        if op.get_bind().execute(sa.text("SELECT t.a FROM t, pragma_database_list")).first():
            op.execute("ALTER TABLE t DROP COLUMN a")
    """
    history = History(tmp_path, [TABLE, code])
    history.upgrade("r0")
    assert [columns(each.after) for each in history.predicted()] == [["id", "a"], ["id"]]


@pytest.mark.parametrize("question", ["PRAGMA user_version", "SELECT application_id FROM pragma_application_id"])
def test_without_a_database_nothing_is_known_of_its_header(question: str, tmp_path: Path) -> None:
    code = f'if op.get_bind().execute(sa.text("{question}")).scalar():\n    op.drop_column("t", "a")'
    history = History(tmp_path, [TABLE, code])
    assert reasons(history.predicted(offline=True)[0]) == [GOES_BY_FILE]
