"""Idioms of real histories about rows and errors, offline: nothing in them is a reason for doubt, unlike in others.

Beside each, PostgreSQL says whether the table is there in the end.
"""

from __future__ import annotations

import json
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
op.execute("CREATE TABLE p (id int primary key, n text)")
op.execute("CREATE TABLE log (id int)")
op.execute("CREATE VIEW v AS SELECT id, n FROM p")
op.execute("CREATE FUNCTION pure() RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN lower(''X''); END'")
op.execute("CREATE FUNCTION writes() RETURNS text LANGUAGE sql AS 'INSERT INTO log VALUES (1) RETURNING id::text'")
op.execute("CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.n := lower(NEW.n); RETURN NEW; END'")
op.execute("INSERT INTO p VALUES (1, 'a')")
"""
DROP = "op.drop_table('legacy')"
COUNT = f"if op.get_bind().execute(sa.text('SELECT count(*) FROM log')).scalar() != 0:\n    {DROP}"


def known(statement: str) -> str:
    """Return a script whose statement leaves another table as it is, and which looks."""
    return f"op.execute({statement!r})\n{COUNT}"


INSERTED = """op.execute('INSERT INTO legacy VALUES (1, jsonb_build_object($$k$$, $$x$$))')\n"""
NO_INDEX = (
    "try:\n    with op.get_bind().begin_nested():\n        op.create_index('i', 'legacy', "
    "[sa.text(\"((data ->> 'k')::int)\")])\nexcept sa.exc.DBAPIError:\n"
)
NO_EXTENSION = (
    "try:\n    with op.get_bind().begin_nested():\n        op.execute('CREATE EXTENSION \"uuid-ossp\"')\n"
    "except sa.exc.DBAPIError as error:\n    print('skipped', error)\n"
)
KEPT = {
    "a loop by the number of rows of a change with a query before it": (
        "while True:\n    done = op.get_bind().execute(sa.text(\"WITH few AS (SELECT id FROM p WHERE n = 'a' LIMIT 5) "
        "UPDATE p SET n = 'b' FROM few WHERE p.id = few.id\"))\n    if done.rowcount < 5:\n        break"
    ),
    "a foreign key whose column stays": (
        'op.execute("CREATE TABLE r (id int REFERENCES p ON UPDATE CASCADE)")\nop.execute("INSERT INTO r VALUES (1)")\n'
        "op.execute(\"UPDATE p SET n = 'x'\")\n"
        f"if op.get_bind().execute(sa.text('SELECT id FROM r')).scalar() != 1:\n    {DROP}"
    ),
    "a block that adds a key": known(
        "CREATE TABLE r (id int); DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM information_schema.table_constraints WHERE "
        "table_name = 'r') THEN ALTER TABLE r ADD FOREIGN KEY (id) REFERENCES p ON DELETE CASCADE; END IF; END $$"
    ),
    "a function that writes nothing": known("UPDATE p SET n = pure()"),
    "a trigger that changes its own row": known(
        "CREATE TRIGGER x BEFORE UPDATE ON p FOR EACH ROW EXECUTE FUNCTION touch(); UPDATE p SET n = 'c'"
    ),
    "a view over another table": known("UPDATE v SET n = 'c'"),
    "a block that names what it writes to": known("DO $$ BEGIN UPDATE p SET n = 'c' WHERE id = 1; END $$"),
    "a block that merges rows": known(
        "DO $$ BEGIN INSERT INTO p VALUES (1, lower('A')) ON CONFLICT (id) DO UPDATE SET n = 'd'; END $$"
    ),
    "a materialized view": known("CREATE MATERIALIZED VIEW mv AS SELECT * FROM p; REFRESH MATERIALIZED VIEW mv"),
    "a statistics object": known("CREATE STATISTICS st ON id, n FROM p; UPDATE p SET n = 'c'"),
    "an index that rows may prevent": (
        "try:\n    with op.get_bind().begin_nested():\n        op.create_index('i', 'legacy', "
        "[sa.text(\"(data ->> 'k')\")])\nexcept sa.exc.DBAPIError as error:\n    print('skipped', error)"
    ),
    "an extension that the server does not have": f"{NO_EXTENSION}op.add_column('legacy', sa.Column('x', sa.Integer))",
    "a trigger that is not there": (
        "try:\n    with op.get_bind().begin_nested():\n        op.execute('DROP TRIGGER nope ON legacy')\n"
        "except sa.exc.DBAPIError:\n    pass"
    ),
}
NOT_KEPT = {
    "an extension that the server does not have, and a function of it": (
        f"{NO_EXTENSION}try:\n    with op.get_bind().begin_nested():\n        "
        f"op.execute('ALTER TABLE p ADD COLUMN u uuid DEFAULT uuid_generate_v4()')\nexcept Exception:\n    {DROP}"
    ),
    "a function that is not there, and what is done then": (
        "try:\n    with op.get_bind().begin_nested():\n        op.execute('DROP FUNCTION nope()')\n"
        f"except sa.exc.DBAPIError:\n    {DROP}"
    ),
    "a change before it that writes": known("WITH gone AS (INSERT INTO log VALUES (1)) UPDATE p SET n = 'c'"),
    "a function that writes": known("UPDATE p SET n = writes()"),
    "a function that calls one that writes": (
        "op.execute(\"CREATE FUNCTION outer_one() RETURNS text LANGUAGE sql AS 'SELECT writes()'\")\n"
        + known("UPDATE p SET n = outer_one()")
    ),
    "a view with a rule": known(
        "CREATE RULE r AS ON UPDATE TO v DO INSTEAD INSERT INTO log VALUES (1); UPDATE v SET n = 'c'"
    ),
    "a block that writes to the table": known("DO $$ BEGIN INSERT INTO log VALUES (1); END $$"),
    "a block that writes in a way that is not seen": known(
        "DO $$ BEGIN UPDATE p SET n = 'c'; EXECUTE 'INSERT INTO ' || 'log VALUES (1)'; END $$"
    ),
    "a block that calls": known("DO $$ BEGIN UPDATE p SET n = 'c'; PERFORM writes(); END $$"),
    "an index that rows prevent, and what is done then": (
        "op.execute(\"INSERT INTO legacy VALUES (1, '1'), (1, '2')\")\ntry:\n    with op.get_bind().begin_nested():\n"
        f"        op.create_index('i', 'legacy', ['id'], unique=True)\nexcept sa.exc.DBAPIError:\n    {DROP}"
    ),
    "an index that rows prevent, and which is looked for in SQL": (
        INSERTED
        + NO_INDEX
        + "    pass\nif op.get_bind().execute(sa.text(\"SELECT to_regclass('i')\")).scalar() is None:\n"
        f"    {DROP}"
    ),
    "an index that rows prevent, and which is dropped": (
        f"{INSERTED}{NO_INDEX}    pass\ntry:\n    with op.get_bind().begin_nested():\n        op.drop_index('i')\n"
        f"except sa.exc.DBAPIError:\n    {DROP}"
    ),
    "an index that rows prevent, and which is looked for": (
        f"{INSERTED}{NO_INDEX}    pass\nif not sa.inspect(op.get_bind()).get_indexes('legacy'):\n    {DROP}"
    ),
}


def outcome(project: Project, script: str) -> tuple[str, bool]:
    """Return the status offline, and whether PostgreSQL keeps the table."""
    project.contract("c", CONTRACT)
    project.revision("r1", 'op.execute("CREATE TABLE legacy (id int, data jsonb)")')
    project.revision("r2", TABLES + script)
    done = project.alembic("check-contracts", "--offline", "--format", "json")
    assert done.stdout, done.stderr
    upgraded = project.alembic("upgrade", "head", env={"ALEMBIC_CONTRACTS_ENFORCE": "report"})
    assert upgraded.returncode == 0, upgraded.stderr
    return str(json.loads(done.stdout)["status"]), project.sql("SELECT to_regclass('legacy') IS NOT NULL") == [(True,)]


@pytest.mark.parametrize("script", KEPT.values(), ids=KEPT)
def test_there_is_no_doubt(project: Project, script: str) -> None:
    assert outcome(project, script) == ("kept", True)


@pytest.mark.parametrize("script", NOT_KEPT.values(), ids=NOT_KEPT)
def test_there_is(project: Project, script: str) -> None:
    status, kept = outcome(project, script)
    assert status in {"unproven", "broken"}
    assert not kept
