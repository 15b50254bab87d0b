"""Upgrades on SQLite whose scripts were predicted before: what is not as it was then is seen, whoever did it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from alembic_contracts.prediction.scripts import traces
from alembic_contracts.running.postponed import refusing
from tests.support.keeping import ADD, CREATE, contract
from tests.support.project import ENV, Project

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FOLLOWED = """
import glob, os, sqlite3
from contextlib import suppress
from alembic.config import main
from alembic_contracts.dialects.sqlite import fingerprints
from alembic_contracts.running import expected
from alembic_contracts.running.upgrade import Upgrade

path = os.environ["DATABASE_URL"].removeprefix("sqlite:///")
looks, of, foresee, starts = [], fingerprints.fingerprint_of, expected.foresee, Upgrade.starts


def counted(rows):
    looks.append(rows)
    return of(rows)


def interrupted(upgrade, step):
    if step.revision.revision == os.environ.get("COUNTED"):
        print(len(looks))
    if step.revision.revision == os.environ.get("INTERRUPTED"):
        interrupt()
    return starts(upgrade, step)


def interrupt():
    with sqlite3.connect(path + os.environ.get("IN", "")) as other:
        other.execute(os.environ["BY"])


def foreseen(*arguments, **options):
    found = foresee(*arguments, **options)
    if os.environ.get("INTERRUPTED") == "once foreseen":
        interrupt()
    return found


main(["upgrade", "r1"])
with suppress(SystemExit):
    main(["upgrade", "head"])
for file in glob.glob(path + "*"):
    os.unlink(file)
main(["upgrade", "r1"])
open("otherwise", "w").close()
fingerprints.fingerprint_of, expected.foresee, Upgrade.starts = counted, foreseen, interrupted
try:
    main(["upgrade", "head"])
finally:
    print(len(looks))
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project.create(tmp_path / "project", f"sqlite:///{tmp_path}/t.db")
    project.environment["PYTHONDONTWRITEBYTECODE"] = ""
    project.revision("r1", CREATE)
    project.revision("r2", ADD)
    project.contract("t", contract(is_nullable=False))
    return project


def test_scripts_that_do_the_same_are_looked_at_once(project: Project) -> None:
    project.revision("r3", 'op.create_table("u", sa.Column("id", sa.Integer, primary_key=True))')
    assert project.run("-c", FOLLOWED).stdout == "1\n"


@pytest.mark.parametrize(
    ("statement", "looks", "stays"),
    [
        ("CREATE TABLE other (x)", 2, "r4"),
        ("ALTER TABLE t RENAME COLUMN a TO z", 1, "r2"),
    ],
)
def test_what_another_session_changes_meanwhile_is_seen_at_the_next_revision(
    statement: str, looks: int, stays: str, project: Project
) -> None:
    for revision in ("r3", "r4"):
        project.revision(revision, f'op.create_table("{revision}", sa.Column("id", sa.Integer, primary_key=True))')
    done = project.run("-c", FOLLOWED, env={"INTERRUPTED": "r3", "BY": statement})
    assert (done.stdout.splitlines()[-1], done.returncode) == (str(looks), 0 if stays == "r4" else 255), done.stderr
    assert project.sql("SELECT version_num FROM alembic_version") == [(stays,)]


def test_what_another_session_changes_before_the_first_revision_is_seen_after_it(project: Project) -> None:
    project.revision("r3", 'op.create_table("u", sa.Column("id", sa.Integer, primary_key=True))')
    done = project.run("-c", FOLLOWED, env={"INTERRUPTED": "once foreseen", "BY": "ALTER TABLE t RENAME COLUMN a TO z"})
    assert (done.stdout.splitlines()[-1], done.returncode) == ("1", 255), done.stderr
    assert project.sql("SELECT version_num FROM alembic_version") == [("r1",)]


def test_what_another_session_changes_in_an_attached_database_is_seen(project: Project) -> None:
    configure = "context.configure(connection"
    attach = """connection.connection.execute("ATTACH '" + url.removeprefix("sqlite:///") + ".aux' AS aux")"""
    project.write("migrations/env.py", ENV.replace(configure, f"{attach}\n        {configure}"))
    project.revision("r1", 'op.execute("CREATE TABLE aux.t (id INTEGER PRIMARY KEY, a TEXT NOT NULL)")', down=None)
    for number, revision in ((2, "r2"), (3, "r3"), (4, "r4")):
        table = f'op.create_table("{revision}", sa.Column("id", sa.Integer, primary_key=True))'
        project.revision(revision, table, down=f"r{number - 1}")
    project.contract("t", contract(is_nullable=False).replace('"table_name"', '"table_schema": "aux", "table_name"'))
    done = project.run("-c", FOLLOWED)
    assert (done.stdout.splitlines()[-1], done.returncode) == ("1", 0), done.stderr
    for file in project.path.parent.glob("t.db*"):
        file.unlink()
    interrupted = {"INTERRUPTED": "r2", "IN": ".aux", "BY": "ALTER TABLE t RENAME COLUMN a TO z"}
    done = project.run("-c", FOLLOWED, env=interrupted)
    assert (done.stdout.splitlines()[-1], done.returncode) == ("1", 255), done.stderr
    assert project.sql("SELECT version_num FROM alembic_version") == [("r1",)]


def test_the_last_revision_before_one_that_waits_is_looked_at(project: Project) -> None:
    nested = "\ndef check(x):\n    raise CommandError(x)"  # a name that functions inside have as well
    project.revision("r3", refusing(date(9000, 1, 1), "later") + nested)
    done = project.run("-c", FOLLOWED, env={"COUNTED": "r3"})
    assert (done.stdout.splitlines()[-3], done.returncode) == ("1", 255), done.stderr
    assert "refuses to run before 9000-01-01: it was not looked at" in done.stderr
    assert project.sql("SELECT version_num FROM alembic_version") == [("r2",)]


@pytest.mark.parametrize(
    "lines",
    [
        ("PRAGMA writable_schema(ON)", "UPDATE sqlite_master SET sql = replace(sql, 'a TEXT NOT NULL', 'a TEXT')"),
        ("PRAGMA writable_schema = ON", "UPDATE sqlite_master SET sql = replace(sql, 'a TEXT NOT NULL', 'a TEXT')"),
        ("PRAGMA main.legacy_alter_table(ON)", "ALTER TABLE t RENAME TO u"),
    ],
)
def test_a_setting_that_was_not_made_before_is_seen(lines: Sequence[str], project: Project) -> None:
    if_otherwise = "\n".join(f'    op.execute("{line}")' for line in lines)
    project.revision("r2", f'import os\nif os.path.exists("otherwise"):\n{if_otherwise}', down="r1")
    project.revision("r3", ADD)
    done = project.run("-c", FOLLOWED)
    assert done.returncode == 255, done.stderr
    assert project.sql("SELECT version_num FROM alembic_version") == [("r1",)]
    assert "NOT NULL" in project.sql("SELECT sql FROM sqlite_master WHERE name = 't'")[0][0]


@pytest.mark.parametrize(
    ("statement", "is_compared"),
    [
        ('PRAGMA main.table_info("t")', False),
        ("PRAGMA foreign_keys;", False),
        ("SELECT name FROM sqlite_master", False),
        ("INSERT INTO t VALUES (1)", False),
        ("pragma [main].Foreign_Keys (1)", True),
        ("PRAGMA user_version = 3", True),
        ("DELETE FROM sqlite_schema", True),
        ("CREATE TABLE t (id)", True),
    ],
)
def test_which_statements_are_compared(statement: str, *, is_compared: bool) -> None:
    assert bool(traces._mark(statement)) is is_compared


@pytest.mark.parametrize(
    ("statement", "is_compared"),
    [
        ("SELECT f()", True),
        ("SELECT s.f (1)", True),
        ('SELECT "F"(1) FROM t', True),
        ("WITH x AS (SELECT 1) SELECT * FROM x", True),
        ("-- why\nINSERT INTO t (a) VALUES (1)", True),
        ("UPDATE t SET a = coalesce(a, 'x')", True),
        ("SELECT count(*) FROM t WHERE a IN (1, 2) AND (b OR c)", False),
        ("SELECT pg_catalog.pg_get_expr(adbin, adrelid) FROM pg_catalog.pg_attrdef", False),
        ("SHOW search_path", False),
        ("/* a\nb */ INSERT INTO t VALUES (1)", True),
        ("(INSERT INTO t VALUES (1))", True),
        ("EXPLAIN ANALYZE INSERT INTO t VALUES (1)", True),
        ("SELECT f/**/(1)", True),
        ("SELECT d.s.f(1)", True),
        ("SELECT s. lower(1)", True),
        ("SELECT pg_catalog.query_to_xml('DROP TABLE t', true, false, '')", True),
        ("SELECT pg_catalog.lower(a) FROM t", False),
    ],
)
def test_which_statements_are_compared_of_scripts_that_go_by_more(statement: str, *, is_compared: bool) -> None:
    assert bool(traces._mark(statement, is_strict=True)) is is_compared


@pytest.mark.parametrize(
    ("statement", "is_strict", "is_other"),
    [
        ("ALTER TABLE t ADD c integer %s", False, True),
        ("SELECT f(%s)", True, True),
        ("INSERT INTO t VALUES (%s)", True, False),
        ("INSERT INTO t VALUES (%s)", False, False),
    ],
)
def test_parameters_count_where_they_can_change_a_schema(statement: str, is_strict: bool, is_other: bool) -> None:
    one, other = (traces._mark(statement, (each,), is_strict=is_strict) for each in ("a", "b"))
    assert (one != other) is is_other


def test_an_index_that_is_made_after_what_came_after_it_is_seen(project: Project) -> None:
    """Indexes of a table have no order, but come before and after whatever else is done."""
    project.revision("r1", f'{CREATE}\nop.rename_table("t", "s")\n{CREATE}', down=None)
    project.revision(
        "r2",
        """
        index = "CREATE UNIQUE INDEX promised ON t (a)"
        names = ["ALTER TABLE t RENAME TO x", "ALTER TABLE s RENAME TO t", "ALTER TABLE x RENAME TO s"]
        for line in [*names, index] if os.path.exists("otherwise") else [index, *names]:
            op.execute(line)
        """,
        down="r1",
        prelude="import os",
    )
    project.revision("r3", 'op.create_table("u", sa.Column("id", sa.Integer, primary_key=True))')
    done = project.run("-c", FOLLOWED)
    assert (done.stdout, done.returncode) == ("2\n", 0), done.stderr  # as it was found out anew where they lead
