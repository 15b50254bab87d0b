# ruff: noqa: E501 - a script a line
"""Runs on SQLite predicted on an empty copy: what it has of the database, which worlds there are, what is refused."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from alembic_contracts.dialects.sqlite.copies import copied, engine_of, fingerprint, made
from alembic_contracts.errors import CannotCheck
from alembic_contracts.running import rehearsals
from alembic_contracts.schemas.schema import Name, Schema
from alembic_contracts.schemas.snapshots import Snapshot
from tests.support.rehearsing import History, recipe

if TYPE_CHECKING:
    from pathlib import Path

    from alembic_contracts.schemas.steps import Prediction

TABLE = """
op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.String(50), nullable=False))
"""


def columns(schema: Schema, name: str = "t") -> list[str]:
    table = schema.tables.get(Name("main", name))
    return [] if table is None else [column.name for column in table.columns]


def reasons(prediction: Prediction) -> list[str]:
    return [each.reason for each in prediction.unproven]


def lines(prediction: Prediction, step: int) -> list[str]:
    return [each.location.source for each in prediction.steps[step].operations if each.location is not None]


# -- the copy ----------------------------------------------------------------------------------------------------------

DATABASE = '''
PRAGMA user_version = 7; PRAGMA application_id = 12;
CREATE TABLE "of ""quotes""" (id INTEGER PRIMARY KEY AUTOINCREMENT, "x y" TEXT DEFAULT 'a''b');
CREATE TABLE strict_one (a INT PRIMARY KEY, b ANY) STRICT, WITHOUT ROWID;
CREATE TABLE generated (a, b AS (a + 1) STORED, c AS (a || 'x'), CHECK (a > 0));
CREATE UNIQUE INDEX ix ON generated (lower(a)) WHERE a > 5;
CREATE VIEW v AS SELECT * FROM w; CREATE VIEW w AS SELECT a FROM generated;
CREATE TRIGGER g AFTER INSERT ON generated BEGIN DELETE FROM strict_one; SELECT 1; END;
CREATE TRIGGER h INSTEAD OF INSERT ON w BEGIN SELECT 1; END;
CREATE VIRTUAL TABLE f USING fts5(x, y);
INSERT INTO generated (a) VALUES (1); INSERT INTO f VALUES ('x', 'y');
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL); INSERT INTO alembic_version VALUES ('r0');
ALTER TABLE strict_one RENAME TO "Renamed"; ANALYZE;
'''


def test_a_copy_has_the_schema_and_no_rows(tmp_path: Path) -> None:
    for name in ("main.db", "other.db"):
        with sqlite3.connect(tmp_path / name) as raw:
            raw.executescript(DATABASE)
    engine = sa.create_engine(f"sqlite:///{tmp_path}/main.db")
    with engine.connect() as real:
        real.exec_driver_sql("PRAGMA foreign_keys=ON")
        real.exec_driver_sql(f"ATTACH '{tmp_path}/other.db' AS 'an other'")
        real.exec_driver_sql("CREATE TEMP TABLE passing (x)")
        real.commit()
        copy = copied(real, "alembic_version", None)
        assert not real.connection.dbapi_connection.in_transaction
        told: list[str] = []
        with engine_of(copy, engine, engine.dialect, told.append).connect() as there:
            assert made(there.connection.dbapi_connection, copy, "alembic_version") == []
            assert fingerprint(there) == fingerprint(real)
            assert copied(there, "alembic_version", None) == copy
            assert there.exec_driver_sql("SELECT count(*) FROM generated").scalar() == 0
            assert there.exec_driver_sql("SELECT * FROM alembic_version").scalars().all() == ["r0"]
            there.exec_driver_sql("CREATE TABLE more (x)")
            assert fingerprint(there) != fingerprint(real)
    assert told == []
    engine.dispose()


def test_what_cannot_be_copied_is_said(tmp_path: Path) -> None:
    history = History(tmp_path, ["op.execute('CREATE TABLE n (x)')", "op.execute('DROP TABLE strange')"])
    engine = sa.create_engine(history.url)
    with engine.begin() as connection:
        connection.connection.dbapi_connection.create_function("own", 1, str, deterministic=True)
        connection.exec_driver_sql("CREATE TABLE strange (x, y AS (own(x)))")
    engine.dispose()
    [prediction] = history.predicted()
    assert any("the database cannot be copied as it is: CREATE TABLE strange" in each for each in reasons(prediction))
    assert not any("would refuse" in each for each in reasons(prediction))


def test_the_users_listeners_count(tmp_path: Path) -> None:
    def changed(engine: sa.Engine) -> sa.Engine:
        @sa.event.listens_for(engine, "connect")
        def connects(connection: Any, _record: Any) -> None:
            connection.create_function("own", 1, lambda x: x * 2, deterministic=True)
            connection.execute("PRAGMA foreign_keys=ON")

        return engine

    history = History(
        tmp_path,
        [
            TABLE + "op.execute('CREATE INDEX ix ON t (own(id))')",
            """
            if op.get_bind().exec_driver_sql("PRAGMA foreign_keys").scalar():
                op.execute("CREATE TABLE n AS SELECT own(2) AS four")
            """,
        ],
    )
    history.changed = changed
    [prediction] = history.predicted()
    assert prediction.unproven == ()
    assert columns(prediction.after, "n") == ["four"]


def test_a_listener_that_fails_is_said(tmp_path: Path) -> None:
    def changed(engine: sa.Engine) -> sa.Engine:
        @sa.event.listens_for(engine, "connect")
        def greets(connection: Any, _record: Any) -> None:
            if not connection.execute("PRAGMA database_list").fetchone()[2]:
                raise RuntimeError("not a file")

        return engine

    history = History(tmp_path, [TABLE])
    history.changed = changed
    [prediction] = history.predicted()
    assert reasons(prediction) == [
        "the engine's listener greets does not work on an empty copy: RuntimeError: not a file"
    ]


def test_nothing_is_written(tmp_path: Path) -> None:
    history = History(tmp_path, [TABLE, "op.execute('INSERT INTO t VALUES (1, 2)')"])
    history.upgrade("r0")
    before = (tmp_path / "database.db").read_bytes()
    history.predicted()
    assert (tmp_path / "database.db").read_bytes() == before
    assert not [each.name for each in tmp_path.iterdir() if each.name.startswith("database.db-")]


def test_a_snapshot_is_not_enough(tmp_path: Path) -> None:
    history = History(tmp_path, [TABLE])
    snapshot = Snapshot(revisions=("r0",), server_version=0, schema=Schema())
    with pytest.raises(CannotCheck, match="does not hold what makes a SQLite database"):
        history.predicted(offline=True, snapshot=snapshot)


# -- operations --------------------------------------------------------------------------------------------------------


def test_each_statement_has_its_line(tmp_path: Path) -> None:
    history = History(
        tmp_path,
        [
            TABLE,
            """
            with op.batch_alter_table("t") as batch:
                batch.add_column(sa.Column("b", sa.Integer))
                batch.create_index("ix", ["b"])
            op.get_bind().connection.cursor().executescript(
                "CREATE TABLE m (x); -- a ; comment\\nCREATE TRIGGER g AFTER INSERT ON m BEGIN SELECT 1; END; CREATE TABLE n (y)"
            )
            op.execute("INSERT INTO n VALUES (1)")
            op.execute("DROP TABLE m")
            """,
        ],
    )
    [prediction] = history.predicted(tables=[Name("main", name) for name in ("t", "m", "n")])
    assert prediction.unproven == ()
    labels = [(each.label.split("(")[0].strip(), each.commits) for each in prediction.steps[1].operations]
    assert labels == [
        ("ALTER TABLE t ADD COLUMN b INTEGER", False),
        ("CREATE INDEX ix ON t", False),
        ("CREATE TABLE m", False),
        ("CREATE TABLE n", False),
        ("DROP TABLE m", False),
    ]
    found = lines(prediction, 1)
    assert found[:2] == ['batch.add_column(sa.Column("b", sa.Integer))', 'batch.create_index("ix", ["b"])']
    assert found[4] == 'op.execute("DROP TABLE m")'


@pytest.mark.parametrize(
    ("code", "commits"),
    {
        "op.get_bind().commit()": [("COMMIT", True)],
        "op.get_bind().connection.dbapi_connection.commit()": [("COMMIT", True)],
        'op.execute("INSERT INTO t VALUES (1, 2)")\nop.get_bind().exec_driver_sql("COMMIT")': [("COMMIT", True)],
        "with op.get_context().autocommit_block():\n    op.execute('CREATE INDEX ix ON t (a)')": [
            ("COMMIT", True),
            ("CREATE INDEX ix ON t (a)", False),
            ("COMMIT", True),
        ],
    }.items(),
)
def test_commits_in_the_middle(code: str, commits: list[tuple[str, bool]], tmp_path: Path) -> None:
    history = History(tmp_path, [TABLE, code, "op.execute('CREATE TABLE later (x)')"])
    [prediction] = history.predicted()
    assert [(each.label, each.commits) for each in prediction.steps[1].operations] == commits
    assert not any(each.commits for step in (0, 2) for each in prediction.steps[step].operations)
    assert columns(prediction.after, "later") == ["x"]


def test_what_a_script_rolls_back_is_gone(tmp_path: Path) -> None:
    history = History(
        tmp_path,
        [
            TABLE,
            """
            op.execute("SAVEPOINT one")
            op.execute("ALTER TABLE t ADD COLUMN b")
            op.execute("ROLLBACK TO one")
            op.execute("RELEASE one")
            """,
        ],
        transactional_ddl=True,
    )
    history.changed = recipe
    [prediction] = history.predicted()
    assert [columns(each.after) for each in prediction.steps[1].operations] == [["id", "a", "b"], ["id", "a"]]


def test_a_downgrade(tmp_path: Path) -> None:
    history = History(
        tmp_path,
        [
            (TABLE, 'op.drop_table("t")'),
            (
                'op.add_column("t", sa.Column("b", sa.Integer))',
                'with op.batch_alter_table("t") as b:\n    b.drop_column("b")',
            ),
        ],
    )
    history.upgrade("head")
    [prediction] = history.predicted("base", down=True)
    assert prediction.unproven == ()
    assert [step.revision for step in prediction.steps] == ["r1", "r0"]
    assert columns(prediction.before) == ["id", "a", "b"]
    assert columns(prediction.steps[0].operations[-1].after) == ["id", "a"]
    assert columns(prediction.after) == []


def test_a_run_that_is_only_written(tmp_path: Path) -> None:
    history = History(
        tmp_path,
        [
            TABLE,
            """
            assert context.is_offline_mode() and op.get_context().as_sql
            op.bulk_insert(sa.table("t", sa.column("a", sa.String)), [{"a": "it's; so"}])
            op.add_column("t", sa.Column("b", sa.Integer, server_default="1"))
            """,
            'op.drop_column("t", "nope")\nop.add_column("t", sa.Column("c", sa.Integer))',
            'with op.batch_alter_table("t") as batch:\n    batch.drop_column("b")',
        ],
    )
    [prediction] = history.predicted(as_sql=True)
    refused, raised = reasons(prediction)
    assert refused == 'SQLite would refuse this migration: no such column: "nope"'
    assert raised.startswith(
        "the script raised CommandError under prediction: This operation cannot proceed in --sql mode"
    )
    assert columns(prediction.after) == ["id", "a", "b", "c"]


# -- failures ----------------------------------------------------------------------------------------------------------


def test_what_sqlite_refuses(tmp_path: Path) -> None:
    history = History(tmp_path, [TABLE, 'op.create_index("ix", "t", ["nope"])', 'op.execute("CREATE TABLE n (x)")'])
    [prediction] = history.predicted()
    [doubt] = prediction.unproven
    assert doubt.reason == "SQLite would refuse this migration: no such column: nope"
    assert doubt.location is not None
    assert (doubt.location.file.endswith("r1.py"), doubt.location.source) == (
        True,
        'op.create_index("ix", "t", ["nope"])',
    )
    assert [len(step.operations) for step in prediction.steps] == [1, 0, 0]


OUTSIDE = {
    "a file": ("open('{folder}/written', 'w')", "writes the file"),
    "a process": ("__import__('subprocess').run(['true'])", "starts a process"),
    "a connection": (
        "sa.create_engine('sqlite:///{folder}/other.db').connect()",
        "opens a database connection of its own",
    ),
    "the network": ("__import__('socket').create_connection(('127.0.0.1', 9))", "uses the network"),
    "the driver": ("__import__('sqlite3').connect('{folder}/other.db')", "opens a database connection of its own"),
    "the engine": ("op.get_bind().engine.connect()", "opens a second connection to the database"),
    "attach": ("op.execute(\"ATTACH '{folder}/other.db' AS other\")", "attaches the database"),
    "vacuum into": ("op.execute(\"VACUUM INTO '{folder}/other.db'\")", "attaches the database"),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_what_is_outside_is_refused(name: str, tmp_path: Path) -> None:
    code, reason = OUTSIDE[name]
    history = History(tmp_path, [TABLE, f"try:\n    {code.format(folder=tmp_path)}\nexcept Exception:\n    pass"])
    before = sorted(each.name for each in tmp_path.iterdir())
    [prediction] = history.predicted()
    assert any(reason in each for each in reasons(prediction)), reasons(prediction)
    assert not any("would refuse" in each for each in reasons(prediction))
    after = sorted(each.name for each in tmp_path.iterdir())
    assert [each for each in after if each not in ("__pycache__", "database.db")] == [
        each for each in before if each not in ("__pycache__", "database.db")
    ]


def test_a_script_that_ends_its_process(tmp_path: Path) -> None:
    history = History(tmp_path, [TABLE, "__import__('os')._exit(3)"])
    [prediction] = history.predicted()
    assert columns(prediction.after) == ["id", "a"]
    [doubt] = prediction.unproven
    assert "_exit(3)" in doubt.reason


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


# -- not twice ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    found: list[int] = []
    once = rehearsals._once

    def counting(*arguments: Any) -> Any:
        found.append(1)
        return once(*arguments)

    monkeypatch.setattr(rehearsals, "_once", counting)
    return found


def test_the_same_is_not_predicted_twice(tmp_path: Path, counted: list[int]) -> None:
    history = History(tmp_path, [TABLE, 'op.add_column("t", sa.Column("b", sa.Integer))'])
    first = history.predicted()
    assert (history.predicted(fresh=False), len(counted)) == (first, 1)
    (tmp_path / "database.db").unlink()
    assert (history.predicted(fresh=False), len(counted)) == (first, 1)
    history.execute("CREATE TABLE another (x)")
    assert history.predicted(fresh=False) != first
    assert len(counted) == 2
    history.upgrade("r0")
    history.predicted(fresh=False)
    assert len(counted) == 3
    script = tmp_path / "versions" / "r1.py"
    script.write_text(script.read_text().replace('"b"', '"longer"'))
    assert columns(history.predicted(fresh=False)[0].after) == ["id", "a", "longer"]
    assert len(counted) == 4
    history.options["process_revision_directives"] = lambda *_: history  # env.py makes it anew each time
    history.predicted(fresh=False)
    assert len(counted) == 4
    history.predicted(fresh=False, tables=[Name("main", "t")])
    history.options["transaction_per_migration"] = True
    history.predicted(fresh=False)
    history.changed = recipe
    history.predicted(fresh=False)
    assert len(counted) == 7


@pytest.mark.parametrize("code", ["__import__('os').environ.get('X')", "open('x').close()", "op.execute('NONSENSE')"])
def test_what_goes_by_more_is_predicted_again(code: str, tmp_path: Path, counted: list[int]) -> None:
    history = History(tmp_path, [TABLE, code])
    history.predicted()
    history.predicted(fresh=False)
    assert len(counted) == 2


def test_what_only_the_copy_refuses_ends_no_run(tmp_path: Path) -> None:
    second = "with op.get_bind().engine.connect() as other:\n    other.execute(sa.text('SELECT 1'))"
    history = History(tmp_path, [TABLE, second, "op.execute('CREATE TABLE n (x)')"])
    history.upgrade("r0")
    [prediction] = history.predicted()
    assert "the script opens a second connection to the database" in reasons(prediction)
    assert not any(reason.startswith("SQLite would refuse") for reason in reasons(prediction))
    history.upgrade("head")
    assert columns(prediction.after, "n") == columns(history.observed()[0], "n") == ["x"]
