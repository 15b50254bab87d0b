"""What scripts know of rows and leave for later ones: PostgreSQL says whether that makes a difference."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.project import Project

CONTRACT = {
    "spec-version": "1.0.0",
    "name": "c",
    "namespace": "n",
    "owner": {"name": "o"},
    "schema": {"table_schema": "public", "table_name": "legacy", "properties": {"id": {}}},
}
TABLES = """
op.execute("CREATE TABLE legacy (id int)")
op.execute("CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a text)")
"""
CARRIES = {
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
    "a number": """
        new = db.execute(sa.text("INSERT INTO t (a) VALUES ('x') RETURNING id")).scalar()
        db.execute(sa.text("INSERT INTO kept VALUES (:n - 1)"), {"n": new})
    """,
    "how many": """
        n = db.execute(sa.text("UPDATE t SET a = 'x'")).rowcount
        db.execute(sa.text("INSERT INTO kept VALUES (:n)"), {"n": n})
    """,
    "a new table": """
        n = db.execute(sa.text("SELECT count(*) FROM t")).scalar()
        op.execute("DROP TABLE kept")
        op.execute(f"CREATE TABLE kept AS SELECT {n} AS n")
    """,
    "in SQL": """
        op.execute("INSERT INTO kept SELECT count(*) FROM t")
    """,
    "in a block": """
        op.execute("DO $$ DECLARE n int; BEGIN SELECT count(*) INTO n FROM t; INSERT INTO kept VALUES (n); END $$")
    """,
    "in a branch of a block": """
        op.execute("DO $$ BEGIN IF EXISTS (SELECT FROM t WHERE a = 'special') THEN "
                   "INSERT INTO kept VALUES (2); END IF; END $$")
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
    "in Python": """
        import builtins
        builtins.found = db.execute(sa.text("SELECT count(*) FROM t")).scalar()
        op.execute("INSERT INTO kept VALUES (3)")
    """,
}
ASKS = """
import builtins
if 2 in [*op.get_bind().execute(sa.text("SELECT n FROM kept")).scalars(), getattr(builtins, "found", 0)]:
    op.drop_table("legacy")
"""


@pytest.mark.parametrize("name", CARRIES)
def test_what_a_script_writes_of_rows_is_as_little_known_to_a_later_one(name: str, project: Project) -> None:
    project.contract("c", CONTRACT)
    project.revision("r1", TABLES)
    assert project.alembic("upgrade", "head").returncode == 0
    project.sql("INSERT INTO t (a) VALUES ('special'), ('other')")
    writes = f"op.execute('CREATE TABLE kept (n int)')\ndb = op.get_bind()\n{textwrap.dedent(CARRIES[name])}"
    project.revision("r2", writes)
    project.revision("r3", ASKS)
    done = project.alembic("check-contracts", "--format", "json")
    assert done.stdout, done.stderr
    upgraded = project.alembic("upgrade", "head", env={"ALEMBIC_CONTRACTS_ENFORCE": "report"})
    assert upgraded.returncode == 0, upgraded.stderr
    assert project.sql("SELECT to_regclass('legacy')") == [(None,)]
    assert json.loads(done.stdout)["status"] in {"unproven", "broken"}
