"""Databases on which contracts cannot be held: nobody is stopped there, and nothing counts as kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.object_images import CONTRACT
from tests.support.project import Project

if TYPE_CHECKING:
    from pathlib import Path

CREATE = """
op.create_table(
    "object_images",
    sa.Column("object_id", sa.Integer, primary_key=True),
    sa.Column("primary_image", sa.Text),
    sa.Column("additional_images", sa.Text().with_variant(postgresql.ARRAY(sa.Text), "postgresql")),
    sa.Column("created_at", sa.DateTime, nullable=False, server_default=sa.text("CURRENT_TIMESTAMP")),
)
"""
NOTE = "note: Data contracts are not held on sqlite yet, only on PostgreSQL: nothing there counts as kept."
NOTHING = "Nothing was checked: 0 facts kept, 21 not applicable on sqlite (1 contract, 1 revision checked)."
TWICE = """\
import os
from alembic import command
from alembic.config import Config

for name in ("one.db", "two.db"):
    os.environ["DATABASE_URL"] = f"sqlite:///{name}"
    command.upgrade(Config(toml_file="pyproject.toml"), "head")
"""
ASSERTED = """\
import sqlalchemy as sa


def test_kept(alembic_contracts):
    alembic_contracts.assert_kept(sa.create_engine("sqlite://"))
"""


@pytest.fixture
def both(project: Project) -> Project:
    """A project for PostgreSQL whose scripts run on SQLite as well."""
    project.contract("object_images", CONTRACT)
    project.revision("r1", CREATE)
    project.environment["COLUMNS"] = "200"
    return project


def test_the_same_scripts_on_sqlite_and_on_postgresql(both: Project) -> None:
    sqlite = {"DATABASE_URL": "sqlite:///test.db"}
    for env in (sqlite, {}):
        done = both.alembic("upgrade", "head", env=env)
        assert done.returncode == 0, done.stderr
        assert done.stderr.count(NOTE) == bool(env)
        assert "are kept" not in done.stderr or not env
    both.revision("r2", 'op.drop_column("object_images", "primary_image")')
    check = both.alembic("check-contracts", env=sqlite)
    assert (check.returncode, check.stdout.rstrip().splitlines()[-1]) == (0, NOTHING), check.stderr
    assert "`--offline --dialect postgresql` checks the scripts as they are for PostgreSQL." in check.stdout
    offline = both.alembic("check-contracts", "--offline", "--dialect", "postgresql", env=sqlite)
    assert (offline.returncode, "primary_image no longer exists" in offline.stdout) == (1, True)
    assert both.alembic("upgrade", "head", env=sqlite).returncode == 0
    refused = both.alembic("upgrade", "head")
    assert (refused.returncode != 0, "primary_image no longer exists" in refused.stderr) == (True, True)


def test_one_process_says_it_once(both: Project) -> None:
    both.write("twice.py", TWICE)
    done = both.run("twice.py")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("note: Data contracts are not held") == 1


def test_reports_count_nothing_as_kept(both: Project) -> None:
    sqlite = {"DATABASE_URL": "sqlite:///test.db"}
    found = json.loads(both.alembic("check-contracts", "--format", "json", env=sqlite).stdout)
    assert found["checked"] == {"contracts": 1, "tables": 1, "facts": 0, "revisions": 1, "not_applicable": 21}
    junit = both.alembic("check-contracts", "--format", "junit", env=sqlite).stdout
    assert 'tests="1" failures="0" errors="0" skipped="1"' in junit
    markdown = both.alembic("check-contracts", "--format", "markdown", env=sqlite).stdout
    assert "### Data contracts not checked" in markdown
    both.write("test_it.py", ASSERTED)
    tests = both.run("-m", "pytest", "-p", "no:cacheprovider", "--alembic-contracts", "-q", env=sqlite)
    assert "2 skipped" in tests.stdout, tests.stdout + tests.stderr
    plan = both.cli("plan", env=sqlite)
    assert (plan.returncode, "--offline --dialect postgresql" in plan.stderr) == (2, True)
    assert both.cli("plan", "--offline", "--dialect", "postgresql", env=sqlite).returncode == 0


def test_autogenerate_goes_on(both: Project) -> None:
    sqlite = {"DATABASE_URL": "sqlite:///test.db"}
    assert both.alembic("upgrade", "head", env=sqlite).returncode == 0
    env = both.path / "migrations/env.py"
    env.write_text(
        env.read_text().replace("target_metadata = None", "import sqlalchemy\ntarget_metadata = sqlalchemy.MetaData()")
    )
    written = both.alembic("revision", "--autogenerate", "-m", "drops all", "--rev-id", "r2", env=sqlite)
    assert written.returncode == 0, written.stderr
    assert written.stderr.count(NOTE) == 1
    assert "op.drop_table" in next((both.path / "migrations/versions").glob("r2_*.py")).read_text()


@pytest.mark.parametrize("kind", ["mysql", "mariadb", "mssql", "oracle"])
def test_other_databases_are_not_refused_either(kind: str, both: Project) -> None:
    url = {"DATABASE_URL": f"{kind}://me@nowhere.invalid/shop"}
    done = both.alembic("upgrade", "head", "--sql", env=url)
    assert done.returncode == 0, done.stderr
    assert f"note: Data contracts are not held on {kind} yet" in done.stderr
    assert both.alembic("check-contracts", "--offline", env=url).returncode == 0


def test_init_and_doctor_say_it(tmp_path: Path) -> None:
    project = Project(tmp_path, "sqlite:///ignored.db")
    assert project.alembic("init", "migrations").returncode == 0
    ini = tmp_path / "alembic.ini"
    ini.write_text(ini.read_text().replace("driver://user:pass@localhost/dbname", "sqlite:///%(here)s/test.db"))
    for _ in range(2):
        done = project.cli("init", "--yes")
        assert done.returncode == 0, done.stderr
        assert f"{NOTE} Upgrades there say so and go on." in done.stdout
    assert project.alembic("upgrade", "head").returncode == 0
    project.write("contracts/object_images.json", CONTRACT)
    doctor = project.cli("doctor")
    assert doctor.returncode == 0, doctor.stdout
    assert f"note    database: sqlite: {NOTE.removeprefix('note: ')} Upgrades say so and go on." in doctor.stdout
