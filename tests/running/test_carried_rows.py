# ruff: noqa: E501 - a script a line
"""What scripts know of rows and leave for later ones, in tables or in Python; beside some, what the database makes of it."""

from __future__ import annotations

import builtins
import json
import textwrap
from typing import TYPE_CHECKING

import pytest

from tests.support.rehearsing import TABLE, History, columns, reasons

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.project import Project

CONTRACT = {
    "spec-version": "1.0.0",
    "name": "c",
    "namespace": "n",
    "owner": {"name": "o"},
    "schema": {"table_schema": "public", "table_name": "t", "properties": {"a": {}}},
}
KEPT = 'db = op.get_bind()\nop.execute("CREATE TABLE kept (n int)")\nop.execute("INSERT INTO kept VALUES (7)")\n'
"""What each of the scripts below begins with; ``t`` has two rows, of which one is special."""
ANYWHERE = {
    "a parameter": """
        n = db.execute(sa.text("SELECT count(*) FROM t")).scalar()
        db.execute(sa.text("INSERT INTO kept VALUES (:n)"), {"n": n})
    """,
    "a text": """
        n = db.execute(sa.text("SELECT max(id) FROM t")).scalar()
        op.execute(f"INSERT INTO kept VALUES ({n or 0})")
    """,
    "many": """
        rows = db.execute(sa.text("SELECT id FROM t")).all()
        op.bulk_insert(sa.table("kept", sa.column("n")), [{"n": len(rows)}, {"n": 5}])
    """,
    "a branch": """
        for row in db.execute(sa.text("SELECT a FROM t")):
            if row.a == "special":
                op.execute("INSERT INTO kept VALUES (2)")
    """,
    "a row that goes": """
        for row in db.execute(sa.text("SELECT a FROM t")):
            if row.a == "special":
                op.execute("DELETE FROM kept")
    """,
    "how many": """
        n = db.execute(sa.text("UPDATE t SET a = a")).rowcount
        db.execute(sa.text("INSERT INTO kept VALUES (:n)"), {"n": n})
    """,
    "a new table": """
        n = db.execute(sa.text("SELECT count(*) FROM t")).scalar()
        op.execute("DROP TABLE kept")
        op.execute(f"CREATE TABLE kept AS SELECT {n} AS n")
    """,
    "in SQL": 'op.execute("INSERT INTO kept SELECT count(*) FROM t")',
    "in Python": """
        import builtins
        builtins.found = db.execute(sa.text("SELECT count(*) FROM t")).scalar()
    """,
}
ON_SQLITE = {
    "a number that nobody looks at": """
        new = db.execute(sa.text("INSERT INTO t (a) VALUES ('x')")).lastrowid
        db.execute(sa.text("INSERT INTO kept VALUES (:n - 1)"), {"n": new})
    """,
    "the number of a row that is copied": """
        op.execute("CREATE TABLE copied (id INTEGER PRIMARY KEY)")
        new = db.execute(sa.text("INSERT INTO copied (id) SELECT NULL FROM t")).lastrowid
        db.execute(sa.text("INSERT INTO kept VALUES (:n)"), {"n": new})
    """,
    "numbers in a list": """
        new = db.execute(sa.text("INSERT INTO t (a) VALUES ('x')")).lastrowid
        db.connection.cursor().executemany("INSERT INTO kept VALUES (?)", [(1,), (new + -1,)])
    """,
    "a number that the driver keeps": """
        cursor = db.connection.cursor()
        cursor.execute("INSERT INTO t (a) VALUES ('x')")
        cursor.execute("SELECT 1")
        cursor.execute("INSERT INTO kept VALUES (?)", (cursor.lastrowid + -1,))
    """,
    "a session": """
        class T(declarative_base()):
            __tablename__ = "t"
            id = sa.Column(sa.Integer, primary_key=True)
            a = sa.Column(sa.String)
        session = Session(bind=db)
        new = T(a="x")
        session.add(new)
        session.flush()
        session.execute(sa.text("INSERT INTO kept VALUES (:n - 1)"), {"n": new.id})
    """,
}
ON_POSTGRESQL = {
    "a number": """
        new = db.execute(sa.text("INSERT INTO t (a) VALUES ('x') RETURNING id")).scalar()
        db.execute(sa.text("INSERT INTO kept VALUES (:n - 1)"), {"n": new})
    """,
    "in a block": """
        op.execute("DO $$ DECLARE n int; BEGIN SELECT count(*) INTO n FROM t; INSERT INTO kept VALUES (n); END $$")
    """,
    "in a branch of a block": """
        op.execute("DO $$ BEGIN IF EXISTS (SELECT FROM t WHERE a = 'special') THEN INSERT INTO kept VALUES (2); END IF; END $$")
    """,
    "a sequence": """
        op.execute("CREATE SEQUENCE s")
        for row in db.execute(sa.text("SELECT a FROM t")):
            db.execute(sa.text("INSERT INTO kept SELECT nextval('s')"))
    """,
    "a comment": """
        n = db.execute(sa.text("SELECT count(*) FROM t")).scalar()
        op.execute(f"COMMENT ON TABLE kept IS '{n}'")
        op.execute("INSERT INTO kept SELECT obj_description('kept'::regclass)::int")
    """,
    "a setting": """
        db.execute(sa.text("SELECT set_config('my.n', (SELECT count(*)::text FROM t), false)"))
        op.execute("INSERT INTO kept SELECT current_setting('my.n')::int")
    """,
}
BY_VALUES = """
import builtins
found = op.get_bind().execute(sa.text("SELECT n FROM kept")).scalars().all()
if 2 in found or not found or max(found) < 0 or getattr(builtins, "found", 0) == 2:
    op.drop_column("t", "a")
"""
BY_EXISTENCE = """
if not op.get_bind().execute(sa.text("SELECT EXISTS (SELECT 1 FROM kept)")).scalar():
    op.drop_column("t", "a")
"""
"""What later scripts ask."""
CASES = [(code, BY_VALUES) for code in ANYWHERE.values()] + [(ANYWHERE["a row that goes"], BY_EXISTENCE)]
NAMES = [*ANYWHERE, "a row that goes, and is missed"]


@pytest.mark.parametrize(
    ("code", "asks"), [*CASES, *((code, BY_VALUES) for code in ON_SQLITE.values())], ids=[*NAMES, *ON_SQLITE]
)
def test_what_a_script_leaves_of_rows_is_as_little_known_to_a_later_one(
    code: str, asks: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builtins, "found", 0, raising=False)  # which one of them sets in this process
    history = History(tmp_path, [TABLE, f"{KEPT}{textwrap.dedent(code)}", asks])
    history.upgrade("r0")
    history.execute("INSERT INTO t (a) VALUES ('special'), ('other')")
    assert any(reasons(each) for each in history.predicted())
    history.upgrade("head")
    assert columns(history.observed()[0]) == ["id"]


@pytest.mark.parametrize(
    ("code", "asks"), [*CASES, *((code, BY_VALUES) for code in ON_POSTGRESQL.values())], ids=[*NAMES, *ON_POSTGRESQL]
)
def test_what_it_leaves_on_postgresql(code: str, asks: str, project: Project) -> None:
    project.contract("c", CONTRACT)
    project.revision("r1", 'op.execute("CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a text)")')
    assert project.alembic("upgrade", "head").returncode == 0
    project.sql("INSERT INTO t (a) VALUES ('special'), ('other')")
    project.revision("r2", f"{KEPT}{textwrap.dedent(code)}")
    project.revision("r3", asks)
    done = project.alembic("check-contracts", "--format", "json")
    assert done.stdout, done.stderr
    upgraded = project.alembic("upgrade", "head", env={"ALEMBIC_CONTRACTS_ENFORCE": "report"})
    assert upgraded.returncode == 0, upgraded.stderr
    assert project.sql("SELECT FROM information_schema.columns WHERE table_name = 't' AND column_name = 'a'") == []
    found = json.loads(done.stdout)
    assert found["status"] in {"unproven", "broken"}
    assert not any("raised" in each["reason"] for each in found["unproven"])  # the row is there, if maybe another one


def test_what_a_script_writes_without_having_looked_is_known(tmp_path: Path) -> None:
    writes = """
        op.execute("CREATE TABLE kept (n)")
        op.execute("INSERT INTO kept VALUES (1)")
        n = op.get_bind().execute(sa.text("SELECT count(*) FROM kept")).scalar()
        op.get_bind().execute(sa.text("INSERT INTO kept VALUES (:n)"), {"n": n + 1})
    """
    asks = "if 3 in op.get_bind().execute(sa.text('SELECT n FROM kept')).scalars().all():\n    op.drop_column('t', 'a')"
    history = History(tmp_path, [TABLE, writes, asks])
    history.upgrade("r0")
    [prediction] = history.predicted()
    assert (reasons(prediction), columns(prediction.after)) == ([], ["id", "a"])


SEEDS = {
    "a session": """
        class T(declarative_base()):
            __tablename__ = "t"
            id = sa.Column(sa.Integer, primary_key=True)
            a = sa.Column(sa.String)
        session = Session(bind=op.get_bind())
        first = T(a="x")
        session.add(first)
        session.flush()
        session.execute(sa.update(T).where(T.id == first.id).values(a="y").execution_options(synchronize_session=False))
        op.execute("ALTER TABLE t ADD COLUMN b")
    """,
    "a key": """
        table = sa.Table("t", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.String))
        key = op.get_bind().execute(table.insert().values(a="x")).inserted_primary_key[0]
        op.get_bind().execute(table.update().where(table.c.id == key).values(a="y"))
        op.execute("ALTER TABLE t ADD COLUMN b")
    """,
}


@pytest.mark.parametrize("name", SEEDS)
def test_rows_that_are_new_leave_no_doubt(name: str, tmp_path: Path) -> None:
    history = History(tmp_path, [TABLE, SEEDS[name]])
    history.upgrade("r0")
    predictions = history.predicted()
    assert [(reasons(each), columns(each.after)) for each in predictions] == [([], ["id", "a", "b"])] * len(predictions)


LEAVES = {
    "in a module": "import builtins\nbuiltins.found = {}",
    "in the environment": "import os\nos.environ['FOUND'] = str({})",
    "in the configuration": "context.config.attributes['found'] = {}",
    "in the configuration, by another way": "op.get_context().config.attributes['found'] = {}",
}


@pytest.mark.parametrize("name", LEAVES)
def test_what_a_script_leaves_in_python_for_a_later_one_is_not_known(name: str, tmp_path: Path) -> None:
    leaves = LEAVES[name].format("op.get_bind().execute(sa.text('SELECT count(*) FROM t')).scalar()")
    history = History(tmp_path, [TABLE, leaves])
    history.upgrade("r0")
    assert any(reasons(each) for each in history.predicted())
