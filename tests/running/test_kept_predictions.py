"""What one process predicted of a run on SQLite another one does not predict again; it is judged all the same."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from alembic_contracts.running import kept_predictions
from tests.support.project import ENV, Project

if TYPE_CHECKING:
    from pathlib import Path

CREATE = """
op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.Text, nullable=False))
"""
ADD = 'op.add_column("t", sa.Column("b", sa.Integer))'
DROP = """
with op.batch_alter_table("t") as batch:
    batch.drop_column("a")
"""
PLAYS = "alembic_contracts.running.on_a_copy"
UPGRADE = f"""
import sys
from alembic.config import main
try:
    main(["upgrade", "head"])
finally:
    print("predicted" if {PLAYS!r} in sys.modules else "known before")
"""


def contract(**column: object) -> str:
    stated = {"a": {"constraints": column}}
    return json.dumps(
        {
            "spec-version": "1.0.0",
            "name": "t",
            "namespace": "n",
            "owner": {"name": "Sales"},
            "schema": {"table_name": "t", "properties": stated},
        }
    )


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project.create(tmp_path / "project", f"sqlite:///{tmp_path}/t.db")
    project.environment["PYTHONDONTWRITEBYTECODE"] = ""
    project.revision("r1", CREATE)
    project.revision("r2", ADD)
    project.contract("t", contract(is_nullable=False))
    return project


def upgraded(project: Project, **env: str) -> tuple[int, str]:
    """Exit code of an upgrade of a fresh database, and whether the scripts were run on a copy before."""
    for file in project.path.parent.glob("t.db*"):
        file.unlink()
    done = project.run("-c", UPGRADE, env=env)
    return done.returncode, done.stdout.splitlines()[-1] if done.stdout else done.stderr


def kept(project: Project) -> list[Path]:
    return sorted((project.path / "migrations" / "__pycache__").glob("alembic_contracts.*"))


def test_another_process_does_not_predict_again(project: Project) -> None:
    assert upgraded(project) == (0, "predicted")
    assert upgraded(project) == upgraded(project) == (0, "known before")
    project.revision("r3", 'op.create_table("u", sa.Column("id", sa.Integer, primary_key=True))')
    assert upgraded(project) == (0, "predicted")
    assert len(kept(project)) == 2
    shutil.rmtree(project.path / "migrations" / "__pycache__")
    assert upgraded(project) == (0, "predicted")


def test_models_in_env_py_are_no_hindrance(project: Project) -> None:
    models = "import sqlalchemy as sa\nmodels = sa.MetaData()\nsa.Table('t', models, sa.Column('id', sa.Integer))\n"
    project.write("migrations/env.py", models + ENV.replace("target_metadata = None", "target_metadata = models"))
    assert [upgraded(project), upgraded(project)] == [(0, "predicted"), (0, "known before")]


def test_a_contract_that_changes_is_judged_anew(project: Project) -> None:
    assert upgraded(project) == (0, "predicted")
    project.contract("t", contract(is_nullable=True))
    assert upgraded(project) == (255, "known before")


def test_what_the_scripts_begin_with_counts(project: Project) -> None:
    assert upgraded(project) == (0, "predicted")
    project.sql("CREATE TABLE other (x)", "DROP TABLE t", "DELETE FROM alembic_version")
    assert project.run("-c", UPGRADE).stdout == "predicted\n"


@pytest.mark.parametrize(
    ("prelude", "line"),
    [
        ("import helper", ADD),
        ("from migrations import helper", ADD),
        ("", "import os; os.getpid()"),
        ("", "op.get_context().opts"),
    ],
)
def test_scripts_that_go_by_more_are_predicted_each_time(prelude: str, line: str, project: Project) -> None:
    project.write("helper.py", "")
    project.write("migrations/__init__.py", "")
    project.write("migrations/helper.py", "")
    project.revision("r3", line.replace('"b"', '"c"'), prelude=prelude)
    for _ in range(2):
        assert upgraded(project, PYTHONPATH=".") == (0, "predicted")


def test_nothing_is_written_where_python_writes_nothing(project: Project) -> None:
    for _ in range(2):
        assert upgraded(project, PYTHONDONTWRITEBYTECODE="1") == (0, "predicted")
    assert kept(project) == []


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\x80\x05]."])
def test_a_file_that_is_something_else_is_left_alone(content: bytes, project: Project) -> None:
    assert upgraded(project) == (0, "predicted")
    (file,) = kept(project)
    file.write_bytes(content)
    assert upgraded(project) == (0, "predicted")


def test_what_a_script_does_otherwise_than_before_is_refused_at_its_commit(project: Project) -> None:
    assert upgraded(project) == (0, "predicted")
    (harmless,) = kept(project)
    project.revision("r2", DROP, down="r1")
    assert upgraded(project)[0] == 255
    (breaking,) = set(kept(project)) - {harmless}
    breaking.write_bytes(harmless.read_bytes())
    project.write("migrations/env.py", ENV)
    for file in project.path.parent.glob("t.db*"):
        file.unlink()
    done = project.run("-m", "alembic", "upgrade", "head")
    assert done.returncode == 255
    assert "a data contract is broken" in done.stderr
    assert "Committed and staying: r1." in done.stderr  # by pysqlite, with each revision


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


@pytest.mark.parametrize(
    ("text", "is_alone"),
    [
        ('"""Important."""\nfrom alembic import op\nimport sqlalchemy as sa', True),
        ("from typing import (\n    Any,\n)\nfrom sqlalchemy.dialects import sqlite", True),
        ("import json, re", True),
        ("import json, app", False),
        ("from . import helper", False),
        ("def upgrade():\n    from app import models", False),
        ("if True: import app", False),
        ("x = 1; import app", False),
        ('exec("import app")', False),
        ("context.get_context().opts", False),
        ("sa.text('SELECT date(\"now\")')", False),
        ("sa.Column('at', sa.DateTime, server_default=sa.text('CURRENT_TIMESTAMP'))", True),
    ],
)
def test_imports(text: str, *, is_alone: bool) -> None:
    assert kept_predictions._is_alone(text) is is_alone
