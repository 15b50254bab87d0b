"""What a run leaves at each commit: only what has changed since the last one is judged, and nothing is missed."""

from __future__ import annotations

import json
import random
import textwrap
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.project import ENV

if TYPE_CHECKING:
    from tests.support.project import Project

EACH = ENV.replace(
    "target_metadata=target_metadata)", "target_metadata=target_metadata, transaction_per_migration=True)"
)
COMPARED = """
import json

from alembic_contracts.running.resulting import Resulting

judged = Resulting.verdict


def compared(self, course, now, at, **arguments):
    alone = Resulting(self.terms)
    alone._stayed = self._stayed
    found = judged(self, course, now, at, **arguments)
    whole = judged(alone, course, now, at, **{**arguments, "whole": True})
    said = [[each.message for each in report.violations if each.introduced] for report in (found, whole)]
    with open("compared.jsonl", "a") as file:
        print(json.dumps([found.status, whole.status, *said, found.unproven == whole.unproven]), file=file)
    return found


Resulting.verdict = compared
"""
UNKNOWN = """op.execute('''DO $$
DECLARE wanted text;
BEGIN
    SELECT statement INTO wanted FROM statements WHERE number = {number};
    EXECUTE wanted;
END $$''')"""
TABLES = """
CREATE TYPE colour AS ENUM ('red', 'green');
CREATE TABLE a (id int PRIMARY KEY, name varchar(50) NOT NULL, kind colour, n numeric(8, 2) DEFAULT 0);
CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a, note text);
CREATE TABLE p (id int NOT NULL, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE q PARTITION OF p FOR VALUES FROM ('2020-01-01') TO ('2030-01-01');
CREATE VIEW v AS SELECT id, note FROM b;
CREATE TABLE other (id int);
CREATE SCHEMA s;
GRANT SELECT ON a, b, p, q, v TO PUBLIC
"""
STATEMENTS = [
    "ALTER TABLE a ADD COLUMN x{n} int",
    "ALTER TABLE a ADD COLUMN y{n} int NOT NULL",
    "ALTER TABLE a DROP COLUMN IF EXISTS name",
    "ALTER TABLE a ADD COLUMN IF NOT EXISTS name varchar(50) NOT NULL",
    "ALTER TABLE a ALTER COLUMN n TYPE numeric(10, 2)",
    "ALTER TABLE a ALTER COLUMN n TYPE numeric(8, 2)",
    "ALTER TABLE a ALTER COLUMN kind SET NOT NULL",
    "ALTER TABLE a ALTER COLUMN kind DROP NOT NULL",
    "ALTER TYPE colour RENAME VALUE 'red' TO 'crimson'",
    "ALTER TYPE colour RENAME VALUE 'crimson' TO 'red'",
    "ALTER TABLE b RENAME COLUMN note TO remark",
    "ALTER TABLE b RENAME COLUMN remark TO note",
    "ALTER TABLE b ADD CONSTRAINT c{n} CHECK (id > 0)",
    "ALTER TABLE b DROP CONSTRAINT IF EXISTS b_a_fkey",
    "ALTER TABLE b RENAME TO b2",
    "ALTER TABLE b2 RENAME TO b",
    "ALTER TABLE q ADD CONSTRAINT d{n} CHECK (id > 0)",
    "ALTER TABLE q DROP CONSTRAINT IF EXISTS d3",
    "ALTER TABLE p ADD COLUMN z{n} text",
    "ALTER TABLE a SET SCHEMA s",
    "ALTER TABLE s.a SET SCHEMA public",
    "CREATE UNIQUE INDEX ON b (note)",
    "CREATE OR REPLACE VIEW v AS SELECT id, note FROM b WHERE id > 0",
    "DROP VIEW IF EXISTS v",
    "CREATE TABLE other{n} (id int)",
    "ALTER TABLE other ADD COLUMN o{n} int",
    "ALTER TABLE a ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE a DISABLE ROW LEVEL SECURITY",
    "SELECT 1",
]


def stating(table: str, more: dict[str, Any]) -> dict[str, Any]:
    return {
        "spec-version": "1.0.0",
        "name": table,
        "namespace": "test",
        "dataAssetResourceName": f"postgresql://localhost/test.{table}",
        "owner": {"name": "Data"},
        "schema": {
            "table_schema": "public",
            "table_name": {"m": "made"}.get(table, table),
            "properties": STATED[table],
            "privileges": [{"role": "PUBLIC", "privileges": ["SELECT"]}],
        },
        **more,
    }


def table(**columns: dict[str, Any]) -> dict[str, Any]:
    return {name: {"constraints": constraints} for name, constraints in columns.items()}


STATED = {
    "a": table(
        id={"data_type": "integer", "primaryKey": True, "is_nullable": False},
        name={"data_type": "character varying", "character_maximum_length": 50, "is_nullable": False},
        kind={"data_type": "USER-DEFINED", "is_nullable": True, "enum": ["red", "green"]},
        n={"data_type": "numeric", "numeric_precision": 8, "numeric_scale": 2},
    ),
    "b": table(
        id={"data_type": "integer"}, a={"data_type": "integer", "is_nullable": True}, note={"data_type": "text"}
    ),
    "p": table(id={"data_type": "integer", "is_nullable": False}, at={"data_type": "date"}),
    "q": table(id={"data_type": "integer"}),
    "m": table(id={"data_type": "integer"}),
    "v": table(id={"data_type": "integer"}, note={"data_type": "text"}),
}


BREAKS = {
    "a column": ("a", "ALTER TABLE a DROP COLUMN name"),
    "a label of a column's type": ("a", "ALTER TYPE colour RENAME VALUE 'red' TO 'crimson'"),
    "the schema's privileges": ("a", "REVOKE USAGE ON SCHEMA public FROM PUBLIC"),
    "whether a column can be NULL": ("b", "ALTER TABLE b ALTER COLUMN a SET NOT NULL"),
}
"""Tables that contracts are about, and what breaks those, with the table itself or with what is around it."""


REPORT = {"ALEMBIC_CONTRACTS_ENFORCE": "report"}


def apply(
    project: Project, names: str, statements: list[str], more: dict[str, Any], environment: dict[str, str] = REPORT
) -> list[Any]:
    """Have each statement run by a revision of its own, of which nobody knows what it does; returns what was compared.

    That is, of each commit, the status, the one that judging everything gives, and what both say.
    """
    project.sql("CREATE TABLE statements (number int, statement text)")
    for number, statement in enumerate(statements):
        tried = f"DO $q$ BEGIN {statement}; EXCEPTION WHEN OTHERS THEN END $q$".replace("SELECT 1", "PERFORM 1")
        quoted = tried.replace("'", "''").replace("%", "%%")
        project.sql(f"INSERT INTO statements VALUES ({number}, '{quoted}')")
        project.revision(f"r{number}", UNKNOWN.format(number=number))
    project.sql(*TABLES.split(";\n"))
    for name in names:
        project.contract(name, stating(name, more.get(name, {})))
    project.write("migrations/env.py", COMPARED + EACH)
    done = project.alembic("upgrade", "head", env=environment)
    assert done.returncode == 0, done.stderr
    compared = [json.loads(line) for line in (project.path / "compared.jsonl").read_text().splitlines()]
    assert len(compared) == len(statements)
    for status, expected, said, all_said, same_doubts in compared:
        assert (status, same_doubts) == (expected, True)
        assert status == "kept" or said == all_said
    return compared


@pytest.mark.parametrize("what", BREAKS)
def test_a_break_is_found_at_its_commit(what: str, project: Project) -> None:
    names, statement = BREAKS[what]
    statements = ["SELECT 1", "CREATE TABLE another (id int)", statement, "SELECT 1"]
    found = apply(project, names, statements, {names[0]: {"compatibility": "full"}})
    assert [status for status, *_ in found] == ["kept", "kept", "broken", "broken"]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("names", ["ab", "abp", "abpqv"])
def test_each_commit_has_the_verdict_that_all_facts_give(names: str, seed: int, project: Project) -> None:
    chance = random.Random(f"{names}{seed}")
    statements = ["SELECT 1", *(chance.choice(STATEMENTS).format(n=number) for number in range(25))]
    sides = [{}, *({"compatibility": each} for each in ("reader", "writer", "full"))]
    found = apply(project, names, statements, {name: chance.choice(sides) for name in names})
    assert {status for status, *_ in found} == {"kept", "broken"}


LATER = [
    "ALTER TABLE made ADD CHECK (id > 0)",
    "ALTER TABLE made ADD COLUMN more int",
    "ALTER TABLE made ADD COLUMN required int NOT NULL",
    "ALTER TABLE made ADD UNIQUE (k)",
    "ALTER TABLE made ENABLE ROW LEVEL SECURITY",
]


@pytest.mark.parametrize("later", LATER)
def test_a_table_that_the_run_has_made_is_held_to_what_was_committed_of_it(later: str, project: Project) -> None:
    made = "CREATE TABLE made (id int PRIMARY KEY, k text); GRANT SELECT ON made TO PUBLIC"
    found = apply(project, "m", ["SELECT 1", made, later, "SELECT 1"], {"m": {"compatibility": "full"}})
    assert [status for status, *_ in found] == ["kept", "kept", "kept", "broken"]


MIDDLES = {
    "a block": 'with op.get_context().autocommit_block():\n    op.execute("CREATE INDEX CONCURRENTLY ON made (k)")',
    "a statement": 'op.execute("COMMIT")\nop.create_table("beside", sa.Column("id", sa.Integer))',
    "the connection": "op.get_bind().commit()",
}


@pytest.mark.parametrize("env", [ENV, EACH], ids=["one", "each"])
@pytest.mark.parametrize("middle", MIDDLES)
def test_a_revision_that_commits_in_its_middle_has_made_a_table_when_it_is_through(
    middle: str, env: str, project: Project
) -> None:
    columns = 'sa.Column("id", sa.Integer, primary_key=True), sa.Column("k", sa.Text)'
    rest = 'op.create_check_constraint("positive", "made", "id > 0")\nop.execute("GRANT SELECT ON made TO PUBLIC")'
    project.revision("r1", f'op.create_table("made", {columns})\n{MIDDLES[middle]}\n{rest}')
    project.revision("r2", 'op.create_table("other", sa.Column("id", sa.Integer))')
    project.contract("m", stating("m", {"compatibility": "full"}))
    project.write("migrations/env.py", env)
    done = project.alembic("upgrade", "head")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("middle", MIDDLES)
@pytest.mark.parametrize("later", ["SELECT 1", *LATER])
def test_what_a_revision_made_that_committed_in_its_middle_is_held_to_what_it_was_at_its_end(
    later: str, middle: str, project: Project
) -> None:
    """In one transaction, of which the next revision is a part that nobody could predict."""
    columns = 'sa.Column("id", sa.Integer, primary_key=True), sa.Column("k", sa.Text)'
    rest = 'op.create_check_constraint("positive", "made", "k > \'\'")\nop.execute("GRANT SELECT ON made TO PUBLIC")'
    project.sql("CREATE TABLE statements (number int, statement text)")
    project.sql(f"INSERT INTO statements VALUES (2, '{later}')")
    project.revision("r1", f'op.create_table("made", {columns})\n{MIDDLES[middle]}\n{rest}')
    project.revision("r2", UNKNOWN.format(number=2))
    project.contract("m", stating("m", {"compatibility": "full"}))
    done = project.alembic("upgrade", "head")
    assert done.returncode == (0 if later == "SELECT 1" else 255), done.stderr


WAIVED = """\
waivers:
- contract: test/a
  fact: column-exists public.a.name
  revision: r1
  reason: agreed
  approver: Data
  expiry: 2999-01-01
"""


@pytest.mark.parametrize("asked", [{}, {"ALEMBIC_CONTRACTS_REPORT": "report.json"}], ids=["told", "in a file"])
@pytest.mark.parametrize("later", ["CREATE TABLE another (id int)", "ALTER TABLE a ADD COLUMN more int"])
def test_what_is_permitted_of_a_revision_stays_permitted_at_later_commits(
    later: str, asked: dict[str, str], project: Project
) -> None:
    project.write("contracts/waivers.yaml", textwrap.dedent(WAIVED))
    statements = ["SELECT 1", "ALTER TABLE a DROP COLUMN name", later, "SELECT 1"]
    found = apply(project, "a", statements, {}, {"ALEMBIC_CONTRACTS_ENFORCE": "", **asked})
    assert [status for status, *_ in found] == ["kept"] * 4


def test_what_is_permitted_of_one_revision_is_not_of_another(project: Project) -> None:
    project.write("contracts/waivers.yaml", textwrap.dedent(WAIVED))
    mended, again = "ALTER TABLE a ADD COLUMN name varchar(50) NOT NULL", "ALTER TABLE a DROP COLUMN name"
    found = apply(project, "a", ["SELECT 1", "ALTER TABLE a DROP COLUMN name", mended, again], {}, REPORT)
    assert [status for status, *_ in found] == ["kept", "kept", "kept", "broken"]


@pytest.mark.parametrize("warned", [True, False])
def test_a_warning_about_one_table_makes_no_difference_to_another(warned: bool, project: Project) -> None:
    made = "CREATE TABLE made (id int PRIMARY KEY); GRANT SELECT ON made TO PUBLIC"
    first = f"{made}; ALTER TABLE a ALTER COLUMN n TYPE numeric(10, 2)" if warned else made
    sides = {"a": {"compatibility": "reader"}, "m": {"compatibility": "full"}}
    found = apply(project, "am", ["SELECT 1", first, "ALTER TABLE made ADD CHECK (id > 0)", "SELECT 1"], sides)
    assert [status for status, *_ in found] == ["kept", "kept", "kept", "broken"]


@pytest.mark.parametrize(
    ("count", "told"), [(1, "r0 stays"), (2, "r0, r1 stay"), (8, "8 revisions, the last of them r7, stay")]
)
def test_what_stays_of_many_revisions_is_told_in_a_few_words(count: int, told: str, project: Project) -> None:
    project.sql("CREATE TABLE statements (number int, statement text)", *TABLES.split(";\n"))
    project.sql(f"INSERT INTO statements VALUES ({count}, 'ALTER TABLE b RENAME COLUMN note TO remark')")
    for number in range(count):
        project.revision(f"r{number}", f'op.create_table("x{number}", sa.Column("id", sa.Integer))')
    project.revision(f"r{count}", UNKNOWN.format(number=count))
    project.contract("b", stating("b", {}))
    project.write("migrations/env.py", EACH)
    done = project.alembic("upgrade", "head")
    assert done.returncode == 255
    assert f"{told}, the rest is rolled back" in done.stdout
