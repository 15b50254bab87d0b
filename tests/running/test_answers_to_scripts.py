"""Scripts that go by what the database answers them: offline, beside what PostgreSQL then does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.project import Project

CONTRACT = {
    "spec-version": "1.0.0",
    "name": "legacy",
    "namespace": "team",
    "owner": {"name": "Team", "email": "team@example.org"},
    "schema": {
        "table_schema": "public",
        "table_name": "legacy",
        "properties": {"id": {"constraints": {"data_type": "integer", "is_nullable": False}}},
    },
}
TABLES = """
op.execute("CREATE TABLE legacy (id int NOT NULL, x int)")
op.execute("CREATE TABLE m (id int) PARTITION BY RANGE (id)")
op.execute("CREATE TYPE mood AS ENUM ('sad', 'ok')")
op.execute("CREATE TABLE g (id int PRIMARY KEY, v int, b boolean, j jsonb, m mood DEFAULT 'sad')")
op.execute("INSERT INTO g (id, v, b, j) VALUES (1, '1', 't', '{\\"k\\": 1}')")
"""
ASK = "answer = op.get_bind().execute(sa.text({!r})).scalar()\nif answer == {!r}:\n    op.drop_table('legacy')"


def block(code: str) -> str:
    """Return a script that runs PL/pgSQL."""
    return f"op.execute({f'DO $$ BEGIN {code} END $$'!r})"


KNOWN = {
    "a name that is put together": block("EXECUTE format('DROP TABLE %I', replace('le-gacy', '-', ''));"),
    "positions in format": block("EXECUTE format('DROP TABLE %2$I', 'x', 'legacy');"),
    "the sign of a remainder": block("IF -7 % 3 = -1 THEN DROP TABLE legacy; END IF;"),
    "rounding": block("IF round(2.5) = 3 THEN DROP TABLE legacy; END IF;"),
    "an array": "op.execute(\"DO $$ DECLARE t text[] := '{m,legacy}'; BEGIN EXECUTE 'DROP TABLE ' || t[2]; END $$\")",
    "an order in an aggregate": block(
        "IF (SELECT string_agg(x, ',' ORDER BY x DESC) FROM unnest(ARRAY['a', 'b']) AS x) = 'b,a' "
        "THEN DROP TABLE legacy; END IF;"
    ),
    "text for Python": ASK.format("SELECT 'log_' || to_char(date '2024-01-15', 'YYYYMM')", "log_202401"),
    "a number that was inserted as text": ASK.format("SELECT v FROM g WHERE id = 1", 1),
    "a truth that was inserted as text": ASK.format("SELECT b FROM g WHERE id = 1", True),
    "a document": ASK.format("SELECT j FROM g WHERE id = 1", {"k": 1}),
    "a default as it is printed": ASK.format(
        "SELECT column_default FROM information_schema.columns WHERE table_name = 'g' AND column_name = 'm'",
        "'sad'::mood",
    ),
    "no row": "if op.get_bind().execute(sa.text('SELECT 1 FROM g WHERE v IS NULL')).first() is None:\n"
    "    op.drop_table('legacy')",
}
"""All of these drop the table, and everything that they ask follows from the scripts."""

UNKNOWN = {
    "a size": block("IF pg_relation_size('legacy') = 0 THEN DROP TABLE legacy; END IF;"),
    "a privilege": block(
        "IF NOT has_table_privilege('pg_monitor', 'legacy', 'SELECT') THEN DROP TABLE legacy; END IF;"
    ),
    "a setting": block("IF current_setting('work_mem') <> 'x' THEN DROP TABLE legacy; END IF;"),
    "chance": block("IF random() < 2 THEN DROP TABLE legacy; END IF;"),
    "the clock": block("IF now() > '2020-01-01' THEN DROP TABLE legacy; END IF;"),
    "the role": block("IF current_user = session_user THEN DROP TABLE legacy; END IF;"),
    "a size, in Python": ASK.format("SELECT pg_relation_size('legacy')", 0),
    "a setting, in Python": ASK.format("SHOW work_mem", "4MB"),
    "a class, in Python": "size = op.get_bind().execute(sa.text(\"SELECT pg_relation_size('legacy')\")).scalar()\n"
    "if isinstance(size, int):\n    op.drop_table('legacy')",
    "a text of a size": "name = op.get_bind().execute(sa.text(\"SELECT 'legacy' || left(version(), 0)\")).scalar()\n"
    "op.execute(f'DROP TABLE {name}')",
    "rows of the server's own": "if op.get_bind().execute(sa.text('SELECT count(*) FROM pg_class')).scalar() > 100:\n"
    "    op.drop_table('legacy')",
}
"""All of these drop the table, which only the server knows."""


def checked(project: Project, script: str) -> str:
    """Return the status offline; where nothing is refused, PostgreSQL drops the table."""
    project.contract("legacy", CONTRACT)
    project.revision("r1", TABLES)
    project.revision("r2", script)
    done = project.alembic("check-contracts", "--offline", "--format", "json")
    assert done.stdout, done.stderr
    upgraded = project.alembic("upgrade", "head", env={"ALEMBIC_CONTRACTS_ENFORCE": "report"})
    assert upgraded.returncode == 0, upgraded.stderr
    assert project.sql("SELECT to_regclass('legacy') IS NULL") == [(True,)]
    return str(json.loads(done.stdout)["status"])


@pytest.mark.parametrize("script", KNOWN.values(), ids=KNOWN)
def test_what_follows_from_the_scripts_is_answered(project: Project, script: str) -> None:
    assert checked(project, script) == "broken"


@pytest.mark.parametrize("script", UNKNOWN.values(), ids=UNKNOWN)
def test_what_only_the_server_knows_is_not_answered(project: Project, script: str) -> None:
    """Blocks are followed down both branches, so what one of them breaks is told as well."""
    assert checked(project, script) == ("broken" if "DO $$" in script else "unproven")


def test_triggers_elsewhere_leave_rows_of_a_scripts_own_table_known(project: Project) -> None:
    project.contract("legacy", CONTRACT)
    project.sql(
        "CREATE TABLE legacy (id int NOT NULL)",
        "CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "CREATE TRIGGER x BEFORE INSERT ON legacy FOR EACH ROW EXECUTE FUNCTION tf()",
    )
    count = "op.get_bind().execute(sa.text('SELECT count(*) FROM {}')).scalar()"
    own = 'op.execute("CREATE TABLE own (id int)")\nop.execute("INSERT INTO own VALUES (1)")\n'
    project.revision("own", f"{own}if {count.format('own')} != 1:\n    op.drop_table('legacy')")
    done = project.alembic("check-contracts")
    assert done.returncode == 0, done.stdout
    theirs = 'op.execute("INSERT INTO legacy VALUES (1)")\n'
    project.revision("theirs", f"{theirs}if {count.format('legacy')} == 0:\n    op.drop_table('legacy')")
    done = project.alembic("check-contracts")
    assert done.returncode != 0, done.stdout
    project.alembic("upgrade", "head", env={"ALEMBIC_CONTRACTS_ENFORCE": "report"})
    assert project.sql("SELECT to_regclass('own') IS NOT NULL, to_regclass('legacy') IS NULL") == [(True, True)]
