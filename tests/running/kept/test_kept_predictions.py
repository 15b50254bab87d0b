"""What one process predicted of a run another one does not predict again; it is judged all the same."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.support.database import Databases
from tests.support.keeping import UPGRADE, contract, kept, make_fresh, upgraded
from tests.support.project import ENV, Project

if TYPE_CHECKING:
    from pathlib import Path

TWICE = """
import os
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic_contracts.running import courses

made, anew = [], courses._predicted_anew
courses._predicted_anew = lambda *arguments: made.append(1) or anew(*arguments)
for _ in range(2):
    with sa.create_engine(os.environ["DATABASE_URL"]).begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    command.upgrade(Config(toml_file="pyproject.toml"), "head")
print(len(made))
"""


def test_another_process_does_not_predict_again(project: Project) -> None:
    assert upgraded(project) == (0, "predicted")
    assert upgraded(project) == upgraded(project) == (0, "known before")
    project.revision("r3", 'op.create_table("u", sa.Column("id", sa.Integer, primary_key=True))')
    assert upgraded(project) == (0, "predicted")
    assert len(kept(project)) == 2
    shutil.rmtree(project.path / "migrations" / "__pycache__")
    assert upgraded(project) == (0, "predicted")


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_the_same_process_does_not_predict_again(project: Project) -> None:
    done = project.run("-c", TWICE, env={"ALEMBIC_CONTRACTS_KEEP_PREDICTIONS": "never"})
    assert done.stdout == "1\n", done


def test_models_in_env_py_are_no_hindrance(project: Project) -> None:
    models = "import sqlalchemy as sa\nmodels = sa.MetaData()\nsa.Table('t', models, sa.Column('id', sa.Integer))\n"
    project.write("migrations/env.py", models + ENV.replace("target_metadata = None", "target_metadata = models"))
    assert [upgraded(project), upgraded(project)] == [(0, "predicted"), (0, "known before")]


def test_a_contract_that_changes_is_judged_anew(project: Project) -> None:
    assert upgraded(project) == (0, "predicted")
    project.contract("t", contract())
    assert upgraded(project) == (0, "known before")
    project.contract("t", contract(is_nullable=True))
    assert upgraded(project) == (255, "predicted")


def test_nothing_is_refused_for_what_other_code_did(project: Project) -> None:
    """What env.py imports is not looked at, and has a say in what scripts do."""
    more = """
from sqlalchemy import Text, event, Column

@event.listens_for(Column, "after_parent_attach")
def forbid_null(column, table):
    if column.name == "b":
        column.nullable = {nullable}
"""
    project.write("migrations/env.py", f"import helper\n{ENV}")
    stated = json.loads(contract(is_nullable=False))
    stated["schema"]["properties"]["b"] = {"constraints": {"is_nullable": False}}
    project.write("helper.py", more.format(nullable=False))
    assert upgraded(project, PYTHONPATH=".") == (0, "predicted")
    project.contract("t", json.dumps(stated))
    assert upgraded(project, PYTHONPATH=".") == (0, "known before")
    project.write("helper.py", more.format(nullable=True))
    stated["schema"]["properties"]["b"] = {"constraints": {"is_nullable": True}}
    project.contract("t", json.dumps(stated))
    assert upgraded(project, PYTHONPATH=".") == (0, "predicted")
    assert upgraded(project, PYTHONPATH=".") == (0, "known before")


def test_what_the_scripts_begin_with_counts(project: Project) -> None:
    assert upgraded(project) == (0, "predicted")
    project.sql("CREATE TABLE other (x integer)", "DROP TABLE t", "DELETE FROM alembic_version")
    assert project.run("-c", UPGRADE).stdout == "predicted\n"


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "CREATE SEQUENCE s",
        "CREATE TYPE kind AS ENUM ('a')",
        "CREATE DOMAIN whole AS integer",
        "CREATE SCHEMA beside",
        'CREATE COLLATION theirs FROM "C"',
    ],
)
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_whatever_is_there_on_postgresql_counts(statement: str, project: Project) -> None:
    assert [upgraded(project), upgraded(project)] == [(0, "predicted"), (0, "known before")]
    make_fresh(project)
    project.sql(statement)
    try:
        assert project.run("-c", UPGRADE).stdout == "predicted\n"
    finally:
        project.sql("DROP SCHEMA IF EXISTS beside")
    assert upgraded(project) == (0, "known before")


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_the_name_of_the_database_counts_where_scripts_may_go_by_it(project: Project, databases: Databases) -> None:
    def in_others() -> list[tuple[int, str]]:
        found = []
        for _ in range(2):
            with databases.new() as url:
                done = project.run("-c", UPGRADE, env={"DATABASE_URL": url})
                found.append((done.returncode, done.stdout.splitlines()[-1]))
        return found

    project.revision("r3", 'op.create_table("u", sa.Column("at", sa.DateTime, server_default=sa.func.now()))')
    assert in_others() == [(0, "predicted"), (0, "known before")]
    project.revision("r4", 'op.execute("SELECT current_database()")')
    assert in_others() == [(0, "predicted"), (0, "predicted")]


UNSEEN = {
    "sqlite": [
        'op.get_bind().connection.executescript("ALTER TABLE t ADD c")',
        'op.get_bind().connection.cursor().execute("ALTER TABLE t ADD c")',
    ],
    "postgresql": [
        'op.get_bind().connection.cursor().execute("ALTER TABLE t ADD c integer")',
        """op.execute("CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'ALTER TABLE t ADD c integer; SELECT 1'")
op.execute("SELECT f()")""",
    ],
}


@pytest.mark.parametrize(("database", "line"), [(k, line) for k in UNSEEN for line in UNSEEN[k]], indirect=["database"])
def test_what_would_not_be_seen_again_is_not_kept(line: str, project: Project) -> None:
    project.revision("r3", line)
    for _ in range(2):
        assert upgraded(project) == (0, "predicted")


def test_code_that_is_older_than_its_text_is_nothing_of_it(project: Project) -> None:
    """Python takes a script for unchanged that has been written in the same second, and is as long as before."""
    assert upgraded(project) == (0, "predicted")
    script = project.path / "migrations" / "versions" / "r2.py"
    written = script.stat()
    script.write_text(script.read_text().replace('"b"', '"c"'))
    os.utime(script, ns=(written.st_atime_ns, written.st_mtime_ns))
    assert upgraded(project) == (0, "predicted")
    os.utime(script, (written.st_atime + 9, written.st_mtime + 9))
    assert upgraded(project) == (0, "predicted")


def test_a_line_that_is_quoted_is_that_of_today(project: Project) -> None:
    """A comment is nothing to Python, but a part of the line that a report shows."""
    script = project.path / "migrations" / "versions" / "r2.py"
    assert [upgraded(project), upgraded(project)] == [(0, "predicted"), (0, "known before")]
    script.write_text("\n".join(f"{line}  # now" if "op." in line else line for line in script.read_text().split("\n")))
    assert [upgraded(project), upgraded(project)] == [(0, "predicted"), (0, "known before")]


def test_where_python_writes_nothing_a_user_s_folder_has_it(tmp_path: Path, project: Project) -> None:
    env = {"PYTHONDONTWRITEBYTECODE": "1", "XDG_CACHE_HOME": f"{tmp_path}/cache"}
    assert [upgraded(project, **env), upgraded(project, **env)] == [(0, "predicted"), (0, "known before")]
    assert not (project.path / "migrations" / "__pycache__").exists()
    (file,) = (tmp_path / "cache" / "alembic-contracts").iterdir()
    assert (file.parent.stat().st_mode & 0o777, file.suffix) == (0o700, ".foreseen")
    home = {**env, "XDG_CACHE_HOME": "relative", "HOME": f"{tmp_path}/home"}
    assert upgraded(project, **home) == (0, "predicted")
    assert (tmp_path / "home" / ".cache" / "alembic-contracts" / file.name).exists()
    nowhere = {**home, "HOME": "/dev/null"}
    assert upgraded(project, **nowhere) == upgraded(project, **nowhere) == (0, "predicted")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="files are given to others by root alone")
def test_somebody_else_s_file_does_not_count(project: Project) -> None:
    assert [upgraded(project), upgraded(project)] == [(0, "predicted"), (0, "known before")]
    (file,) = kept(project)
    os.chown(file, 12345, 12345)
    assert upgraded(project) == (0, "predicted")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes")
def test_a_pipe_is_not_waited_for(project: Project) -> None:
    assert upgraded(project) == (0, "predicted")
    [file] = kept(project)
    file.unlink()
    os.mkfifo(file)
    assert upgraded(project) == (0, "predicted")


def test_the_setting(project: Project) -> None:
    env = {"ALEMBIC_CONTRACTS_KEEP_PREDICTIONS": "never"}
    assert upgraded(project, **env) == upgraded(project, **env) == (0, "predicted")
    assert kept(project) == []


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\x80\x05]."])
def test_a_file_that_is_something_else_is_left_alone(content: bytes, project: Project) -> None:
    assert upgraded(project) == (0, "predicted")
    (file,) = kept(project)
    file.write_bytes(content)
    assert upgraded(project) == (0, "predicted")


def test_old_files_go(project: Project) -> None:
    assert upgraded(project) == (0, "predicted")
    (first,) = kept(project)
    for number in range(40):
        os.utime(project.write(f"{first.parent}/alembic_contracts.{number}.foreseen", ""), (number, number))
    project.write("migrations/env.py", f"{ENV}# another\n")
    assert upgraded(project) == (0, "predicted")
    assert len(kept(project)) == 32
    assert first in kept(project)
    assert upgraded(project) == (0, "known before")
