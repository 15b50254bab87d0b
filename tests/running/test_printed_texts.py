"""Scripts that branch on a stored expression's text are predicted down the branch that PostgreSQL takes."""

from __future__ import annotations

import json

import pytest

from tests.support.project import Project

CONTRACT = {
    "spec-version": "1.0.0",
    "name": "t",
    "namespace": "shop",
    "owner": {"name": "Shop"},
    "schema": {"table_name": "t", "properties": {"a": {}}},
}


CASES = {
    "reflected default": (
        """
        op.create_table("t", sa.Column("id", sa.Integer), sa.Column("a", sa.Text, server_default="x"))
        """,
        """
        columns = {column["name"]: column for column in sa.inspect(op.get_bind()).get_columns("t")}
        if columns["a"]["default"] == "'x'::text":
            op.drop_column("t", "a")
        """,
    ),
    "reflected table": (
        """
        op.create_table("t", sa.Column("id", sa.Integer), sa.Column("a", sa.String(20), server_default="x"))
        """,
        """
        table = sa.Table("t", sa.MetaData(), autoload_with=op.get_bind())
        if str(table.c.a.server_default.arg) == "'x'::character varying":
            op.drop_column("t", "a")
        """,
    ),
    "sequence": (
        'op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.Text))',
        """
        default = op.get_bind().execute(sa.text(
            "SELECT column_default FROM information_schema.columns WHERE table_name = 't' AND column_name = 'id'"
        )).scalar()
        if default == "nextval('t_id_seq'::regclass)":
            op.drop_column("t", "a")
        """,
    ),
    "renamed type": (
        """
        op.execute("CREATE TYPE s AS ENUM ('A', 'B')")
        op.execute("CREATE TABLE t (id int, a s DEFAULT 'A'::public.s)")
        """,
        """
        op.execute("ALTER TYPE s RENAME TO old_s")
        default = op.get_bind().execute(sa.text(
            "SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = 't'::regclass"
        )).scalar()
        if default == "'A'::old_s":
            op.execute("ALTER TABLE t ALTER a DROP DEFAULT")
            op.execute("ALTER TABLE t ALTER a TYPE text")
            op.drop_column("t", "a")
        """,
    ),
    "check": (
        """op.execute("CREATE TABLE t (id int, a varchar(9) CHECK (a IN ('x', 'y')))")""",
        """
        op.execute('''DO $$ BEGIN IF EXISTS (
            SELECT FROM pg_constraint WHERE conrelid = 't'::regclass AND pg_get_constraintdef(oid) =
            'CHECK (((a)::text = ANY ((ARRAY[''x''::character varying, ''y''::character varying])::text[])))'
        ) THEN ALTER TABLE t DROP COLUMN a; END IF; END $$''')
        """,
    ),
    "key word": (
        """
        op.execute('CREATE TABLE k ("order" int PRIMARY KEY)')
        op.execute('''CREATE TABLE t (
            id int, a text, "order" int, FOREIGN KEY ("order") REFERENCES k ON DELETE SET NULL ("order")
        )''')
        """,
        """
        op.execute('ALTER TABLE t RENAME "order" TO "limit"')
        op.execute('''DO $$ BEGIN IF EXISTS (
            SELECT FROM pg_constraint WHERE conrelid = 't'::regclass AND pg_get_constraintdef(oid) =
            'FOREIGN KEY ("limit") REFERENCES k("order") ON DELETE SET NULL ("limit")'
        ) THEN ALTER TABLE t DROP COLUMN a; END IF; END $$''')
        """,
    ),
    "index": (
        """
        op.execute("CREATE TABLE t (id int, a text)")
        op.execute("CREATE INDEX i ON t (lower(a) DESC) WHERE a > ''")
        """,
        """
        definition = op.get_bind().scalar(sa.text("SELECT indexdef FROM pg_indexes WHERE indexname = 'i'"))
        if definition.endswith("USING btree (lower(a) DESC) WHERE (a > ''::text)"):
            op.drop_column("t", "a")
        """,
    ),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("arguments", [(), ("--offline",)])
def test_a_branch_on_a_text_is_taken_as_on_the_server(project: Project, case: str, arguments: tuple[str, ...]) -> None:
    before, after = CASES[case]
    project.contract("t", json.dumps(CONTRACT))
    project.revision("r1", before)
    assert project.alembic("upgrade", "head").returncode == 0
    project.revision("r2", after)
    done = project.alembic("check-contracts", "--format", "json", *arguments)
    report = json.loads(done.stdout)
    assert (done.returncode, report["status"], report["unproven"]) == (1, "broken", [])
    assert [violation["rule"] for violation in report["violations"]] == ["column-exists"]
    done = project.alembic("upgrade", "head", env={"ALEMBIC_CONTRACTS_ENFORCE": "report"})
    assert done.returncode == 0
    assert ("a",) not in project.sql("SELECT column_name FROM information_schema.columns WHERE table_name = 't'")


@pytest.mark.parametrize(
    "look",
    [
        """sa.inspect(op.get_bind()).get_columns("t")[1]["default"] == "current_setting('x.y'::text, true)" """,
        """str(sa.Table("t", sa.MetaData(), autoload_with=op.get_bind()).c.a.server_default.arg) == "x" """,
        """op.get_bind().scalar(sa.text("SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef")) == "x" """,
    ],
)
def test_a_branch_on_a_text_that_is_not_known_is_unproven(project: Project, look: str) -> None:
    project.revision("r1", "op.execute(\"CREATE TABLE t (id int, a text DEFAULT current_setting('x.y', true))\")")
    project.contract("t", json.dumps(CONTRACT))
    project.revision("r2", f'if {look}:\n    op.drop_column("t", "a")')
    done = project.alembic("check-contracts", "--format", "json", "--offline")
    assert (done.returncode, json.loads(done.stdout)["status"]) == (3, "unproven")
