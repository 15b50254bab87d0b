# ruff: noqa: E501 - a script a line
"""Runs on SQLite predicted on an empty copy: what statements do, and what is refused."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from alembic_contracts.judging.refusal_advice import advice
from alembic_contracts.schemas.schema import Name
from tests.support.project import ENV, Project
from tests.support.rehearsing import TABLE, History, columns, lines, reasons, recipe

if TYPE_CHECKING:
    from pathlib import Path


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


FAILING = {
    "a view": """
        op.execute("CREATE VIEW v AS SELECT id FROM t")
        op.get_bind().commit()
        with op.batch_alter_table("t") as batch:
            batch.alter_column("a", type_=sa.String(10))
        """,
    "steps by hand": """
        op.execute("ALTER TABLE t ADD COLUMN stays INTEGER")
        op.execute("CREATE TABLE n (id INTEGER PRIMARY KEY)")
        op.execute("INSERT INTO n SELECT id FROM t")
        op.execute("DROP TABLE t")
        op.execute("ALTER TABLE nonesuch RENAME TO t")
        """,
    "an operation that Alembic has not": """
        op.execute("INSERT INTO t (a) VALUES ('x')")
        op.drop_column("t", "a")
        op.create_unique_constraint("u", "t", ["id"])
        """,
    "a constraint that is not there": """
        op.execute("INSERT INTO t (a) VALUES ('x')")
        op.drop_column("t", "a")
        with op.batch_alter_table("t") as batch:
            batch.drop_constraint("nope", type_="unique")
        """,
    "all of it stays": 'op.drop_column("t", "a")\nop.create_unique_constraint("u", "t", ["id"])',
}


@pytest.mark.parametrize("is_transactional", [False, True])
@pytest.mark.parametrize("name", FAILING)
def test_what_fails_leaves_what_the_database_keeps(name: str, is_transactional: bool, tmp_path: Path) -> None:
    history = History(tmp_path, [TABLE, FAILING[name], 'op.create_table("n", sa.Column("x", sa.Integer))'])
    if is_transactional:
        history.changed, history.options["transactional_ddl"] = recipe, True
    history.upgrade("r0")
    [prediction] = history.predicted()
    with pytest.raises((sa.exc.OperationalError, NotImplementedError, ValueError)):
        history.upgrade("head")
    [doubt] = prediction.unproven
    assert doubt.location is not None
    assert doubt.location.file.endswith("r1.py")
    after = history.observed()[0]
    assert after.tables.keys() >= {Name("main", "t")}
    kept = {each: columns(after, each) for each in ("t", "n", "v")}
    assert {each: columns(prediction.after, each) for each in kept} == kept


RECIPE = ENV.replace(
    "    with engine.connect() as connection:",
    """
    from sqlalchemy import event

    @event.listens_for(engine, "connect")
    def connects(connection, _record):
        connection.isolation_level = None

    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    with engine.connect() as connection:""",
).replace(
    "context.configure(connection=connection,", "context.configure(connection=connection, transactional_ddl=True,"
)
A_OF_T = {
    "spec-version": "1.0.0",
    "name": "t",
    "namespace": "tests",
    "owner": {"name": "Team"},
    "schema": {"table_name": "t", "properties": {"a": {}}},
}


@pytest.mark.parametrize(("is_transactional", "told"), [(True, 3), (False, 1)])
def test_a_script_that_raises_breaks_what_it_has_committed(is_transactional: bool, told: int, tmp_path: Path) -> None:
    project = Project.create(tmp_path / "project", f"sqlite:///{tmp_path}/t.db")
    project.write("migrations/env.py", RECIPE if is_transactional else ENV)
    project.revision("r1", TABLE)
    project.contract("t", A_OF_T)
    assert project.alembic("upgrade", "head").returncode == 0
    project.revision("r2", "op.alter_column('t', 'a', new_column_name='q')\nraise ValueError('no')")
    assert project.alembic("check-contracts").returncode == told
    assert project.alembic("upgrade", "head").returncode != 0
    assert project.alembic("upgrade", "head", env={"ALEMBIC_CONTRACTS_ENFORCE": "report"}).returncode != 0
    with closing(sqlite3.connect(tmp_path / "t.db")) as connection:
        names = [each[1] for each in connection.execute("PRAGMA table_info(t)")]
    assert names == ["id", "a" if is_transactional else "q"]


CHECKED = """
    op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.String(9)),
                    sa.CheckConstraint("a <> ''", name="ck"))
"""


def test_a_rename_that_leaves_a_check_behind_is_advised(tmp_path: Path) -> None:
    rename = 'with op.batch_alter_table("t") as batch:\n    batch.alter_column("a", new_column_name="b")'
    history = History(tmp_path, [CHECKED, rename])
    history.upgrade("r0")
    [doubt] = history.predicted()[0].unproven
    assert doubt.reason.endswith("no such column: a, which a CHECK or an expression of the table still names")
    assert "drop_constraint" in str(advice(doubt.reason, "r1"))
    with pytest.raises(sa.exc.OperationalError, match="no such column"):
        history.upgrade("head")


def test_that_advice_can_be_followed(tmp_path: Path) -> None:
    renamed = """
        with op.batch_alter_table("t") as batch:
            batch.drop_constraint("ck", type_="check")
            batch.alter_column("a", new_column_name="b")
            batch.create_check_constraint("ck", "b <> ''")
    """
    history = History(tmp_path, [CHECKED, renamed])
    history.upgrade("r0")
    [prediction] = history.predicted()
    assert prediction.unproven == ()
    history.upgrade("head")
    assert prediction.steps[-1].fingerprint == history.observed()[1]
    assert columns(prediction.after) == ["id", "b"]


def test_what_fails_for_a_row_that_is_made_up_is_not_what_a_run_leaves(tmp_path: Path) -> None:
    code = """
        names = [each for (each,) in op.get_bind().execute(sa.text("SELECT a FROM t"))]
        with op.batch_alter_table("t") as batch:
            batch.alter_column("a", new_column_name="c")
        op.execute("UPDATE t SET c = json(c || '}')")
    """
    history = History(tmp_path, [TABLE, code])
    history.upgrade("r0")
    found = history.predicted()
    assert any(each.cut is not None for each in found)
    assert [columns(each.after) for each in found] == [["id", "c"]] * len(found)


OUTSIDE = {
    "a file": ("open('{folder}/written', 'w')", "writes the file"),
    "a process": ("__import__('subprocess').run(['true'])", "starts a process"),
    "a connection": (
        "sa.create_engine('sqlite:///{folder}/other.db').connect()",
        "opens a database connection of its own",
    ),
    "the network": ("__import__('socket').create_connection(('127.0.0.1', 9))", "uses the network"),
    "the driver": ("__import__('sqlite3').connect('{folder}/other.db')", "opens a database connection of its own"),
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


def test_what_only_the_copy_refuses_ends_no_run(tmp_path: Path) -> None:
    second = "op.execute('DELETE FROM t')\nwith op.get_bind().engine.connect() as other:\n    other.execute(sa.text('SELECT a FROM t'))"
    history = History(tmp_path, [TABLE, second, "op.execute('CREATE TABLE n (x)')"])
    history.upgrade("r0")
    [prediction] = history.predicted()
    assert "the script uses a second connection to the database beside the first one" in reasons(prediction)
    assert not any(reason.startswith("SQLite would refuse") for reason in reasons(prediction))
    history.upgrade("head")
    assert columns(prediction.after, "n") == columns(history.observed()[0], "n") == ["x"]


def test_a_process_with_many_open_files(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="not on Windows, where scripts run in the check itself")
    most, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    history = History(tmp_path, [TABLE])
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(most, min(hard, 2000)), hard))
    opened = [os.dup(0) for _ in range(1100)]
    try:
        [prediction] = history.predicted()
    finally:
        for descriptor in opened:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    assert (prediction.unproven, columns(prediction.after)) == ((), ["id", "a"])
