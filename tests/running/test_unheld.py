"""The same scripts on SQLite in tests and on PostgreSQL in production; and databases that nobody reaches."""

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
BREAK = """
with op.batch_alter_table("object_images") as batch:
    batch.drop_column("primary_image")
"""
SQLITE = {"DATABASE_URL": "sqlite:///test.db"}
TWICE = """\
import os
from alembic import command
from alembic.config import Config

for name in ("one.db", "two.db"):
    os.environ["DATABASE_URL"] = f"sqlite:///{name}"
    command.upgrade(Config(toml_file="pyproject.toml"), "head")
"""
ASSERTED = """\
import pytest
import sqlalchemy as sa


def test_kept(alembic_contracts):
    alembic_contracts.assert_kept(sa.create_engine("sqlite:///test.db"))


def test_broken(alembic_contracts):
    engine = sa.create_engine("sqlite://")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE object_images (object_id INTEGER PRIMARY KEY)")
        with pytest.raises(AssertionError, match="primary_image does not exist"):
            alembic_contracts.assert_kept(connection)
"""


@pytest.fixture
def both(project: Project) -> Project:
    """A project for PostgreSQL whose scripts run on SQLite as well."""
    project.contract("object_images", CONTRACT)
    project.revision("r1", CREATE)
    project.environment["COLUMNS"] = "200"
    return project


def test_a_break_is_refused_on_both(both: Project) -> None:
    for env in (SQLITE, {}):
        done = both.alembic("upgrade", "head", env=env)
        assert done.returncode == 0, done.stderr
    both.revision("r2", BREAK)
    for env in (SQLITE, {}):
        refused = both.alembic("upgrade", "head", env=env)
        assert refused.returncode != 0
        assert "public.object_images.primary_image no longer exists" in refused.stderr
        check = both.alembic("check-contracts", env=env)
        assert (check.returncode, "primary_image no longer exists" in check.stdout) == (1, True), check.stderr
    for dialect in ("sqlite", "postgresql"):
        offline = both.alembic("check-contracts", "--offline", "--dialect", dialect, env=SQLITE)
        assert (offline.returncode, "primary_image no longer exists" in offline.stdout) == (1, True), offline.stderr


def test_one_process_upgrades_several(both: Project) -> None:
    both.write("twice.py", TWICE)
    done = both.run("twice.py")
    assert (done.returncode, done.stderr.count("Traceback")) == (0, 0), done.stderr


def test_reports_say_what_is_not_applicable(both: Project) -> None:
    assert both.alembic("upgrade", "head", env=SQLITE).returncode == 0
    found = json.loads(both.alembic("check-contracts", "--format", "json", env=SQLITE).stdout)
    counted = found["checked"]
    assert (found["status"], counted["contracts"], counted["tables"]) == ("kept", 1, 1)
    assert (counted["facts"], counted["not_applicable"]) == (13, 8)
    summary = "13 facts kept, 8 not applicable on sqlite (1 contract, no pending revision)."
    assert both.alembic("check-contracts", env=SQLITE).stdout.strip() == summary
    markdown = both.alembic("check-contracts", "--format", "markdown", env=SQLITE).stdout
    assert "8 not applicable on sqlite" in markdown or "8 facts not applicable on sqlite" in markdown
    both.write("test_it.py", ASSERTED)
    tests = both.run("-m", "pytest", "-p", "no:cacheprovider", "--alembic-contracts", "-q", env=SQLITE)
    assert tests.returncode == 0, tests.stdout + tests.stderr
    assert "3 passed" in tests.stdout


def test_autogenerate_is_held_to_the_shape(both: Project) -> None:
    assert both.alembic("upgrade", "head", env=SQLITE).returncode == 0
    env = both.path / "migrations/env.py"
    env.write_text(
        env.read_text().replace("target_metadata = None", "import sqlalchemy\ntarget_metadata = sqlalchemy.MetaData()")
    )
    written = both.alembic("revision", "--autogenerate", "-m", "drops all", "--rev-id", "r2", env=SQLITE)
    assert written.returncode != 0
    assert "your models no longer have public.object_images" in written.stderr
    assert not list((both.path / "migrations/versions").glob("r2_*.py"))


@pytest.mark.parametrize(
    ("kind", "name"), [("mysql", "MySQL"), ("mariadb", "MariaDB"), ("mssql", "SQL Server"), ("oracle", "Oracle")]
)
def test_databases_that_nobody_reaches_are_not_refused(kind: str, name: str, both: Project) -> None:
    url = {"DATABASE_URL": f"{kind}://me@nowhere.invalid/shop"}
    done = both.alembic("upgrade", "head", "--sql", env=url)
    assert done.returncode == 0, done.stderr
    sentence = f"Where version scripts lead on {name} is not known before they run there."
    assert f"note: {sentence} This run goes on unchecked." in done.stderr
    check = both.alembic("check-contracts", "--offline", env=url)
    assert (check.returncode, sentence in check.stdout) == (0, True), check.stderr
    assert "Nothing was checked: 0 facts kept, 21 not applicable" in check.stdout


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("sqlite:///%(here)s/test.db", "On SQLite migrations are held to contracts about it exactly, and those about"),
        ("mysql+pymysql://me@nowhere.invalid/shop", "On MySQL migrations are held to the shape of tables, which is"),
    ],
)
def test_init_says_what_holds(url: str, said: str, tmp_path: Path) -> None:
    project = Project(tmp_path, "sqlite:///ignored.db")
    assert project.alembic("init", "migrations").returncode == 0
    ini = tmp_path / "alembic.ini"
    ini.write_text(ini.read_text().replace("driver://user:pass@localhost/dbname", url))
    for _ in range(2):
        done = project.cli("init", "--yes")
        assert done.returncode == 0, done.stderr
        assert f"note: {said}" in done.stdout


def test_a_project_on_sqlite_begins(tmp_path: Path) -> None:
    project = Project(tmp_path, "sqlite:///ignored.db")
    assert project.alembic("init", "migrations").returncode == 0
    ini = tmp_path / "alembic.ini"
    ini.write_text(ini.read_text().replace("driver://user:pass@localhost/dbname", "sqlite:///%(here)s/test.db"))
    assert project.cli("init", "--yes").returncode == 0
    (tmp_path / "migrations/versions").mkdir(exist_ok=True)
    project.revision("r1", CREATE)
    assert project.alembic("upgrade", "head").returncode == 0
    for arguments in (["generate", "object_images", "--owner", "Museum <museum@example.org>"], ["lint"], ["check"]):
        done = project.cli(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
    doctor = project.cli("doctor")
    assert doctor.returncode == 0, doctor.stdout
    assert "ok      database: test.db, SQLite 3." in doctor.stdout
    assert "ok      held: 1 contract about SQLite is held exactly" in doctor.stdout
    project.revision("r2", BREAK)
    refused = project.alembic("upgrade", "head")
    assert refused.returncode != 0
    assert "object_images.primary_image no longer exists" in refused.stderr


def test_only_postgresqls_prepared_statements_are_said_to_fail(tmp_path: Path) -> None:
    """SQLite prepares them anew by itself (``sqlite3_prepare_v2``)."""
    project = Project.create(tmp_path, "sqlite:///test.db")
    document = json.loads(CONTRACT)
    document["dataAssetResourceName"] = "sqlite:///test.db"
    document["schema"] = {
        "table_schema": "main",
        "table_name": "t",
        "properties": {"a": {"constraints": {"data_type": "VARCHAR"}}, "b": {"constraints": {}}},
    }
    project.contract("t", document)
    project.revision("r1", 'op.create_table("t", sa.Column("a", sa.String), sa.Column("b", sa.String))')
    retyped = 'with op.batch_alter_table("t") as batch: batch.alter_column("{}", type_=sa.Integer)'
    project.revision("r2", "\n".join(map(retyped.format, "ab")))
    assert project.alembic("upgrade", "r1").returncode == 0
    checked = json.loads(project.alembic("check-contracts", "--format", "json").stdout)
    assert [(each["rule"], each["transient"]) for each in checked["violations"]] == [("column-type", False)]
    assert checked["notices"] == []


def test_a_foreign_key_between_schemas_is_not_applicable_on_sqlite(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "project", f"sqlite:///{tmp_path / 'test.db'}")
    env = (project.path / "migrations/env.py").read_text()
    connected = (
        "connection = connection.execution_options(schema_translate_map={'app': None})\n        context.configure("
    )
    project.write(
        "migrations/env.py", env.replace("context.configure(connection=connection", f"{connected}connection=connection")
    )
    keys = {
        "people_id": {"table_schema": "app", "table_name": "people"},
        "other_id": {"table_schema": "public", "table_name": "others"},
    }
    stated = [{"columns": [column], "references": {**table, "columns": ["id"]}} for column, table in keys.items()]
    document = {
        "spec-version": "1.0.0",
        "name": "orders",
        "namespace": "n",
        "owner": {"name": "o"},
        "schema": {
            "table_schema": "public",
            "table_name": "orders",
            "properties": {"id": {}, **{column: {} for column in keys}},
            "foreign_keys": stated,
        },
    }
    project.contract("orders", document)
    project.revision(
        "r1",
        """
op.create_table("people", sa.Column("id", sa.Integer, primary_key=True), schema="app")
op.create_table("others", sa.Column("id", sa.Integer, primary_key=True))
op.create_table(
    "orders",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("people_id", sa.Integer, sa.ForeignKey("app.people.id")),
    sa.Column("other_id", sa.Integer, sa.ForeignKey("others.id")),
)
""",
    )
    done = project.alembic("upgrade", "head")
    assert done.returncode == 0, done.stderr
    project.revision("r2", "with op.batch_alter_table('orders') as batch:\n    batch.drop_column('other_id')")
    done = project.alembic("upgrade", "head")
    assert (done.returncode, "error[foreign-key]" in done.stderr) == (255, True), done.stderr
    assert "REFERENCES public.others" in done.stderr
    assert "app.people" not in done.stderr


@pytest.mark.parametrize("type_", ["", "FOO", "STRING", "YEAR"])
def test_a_type_that_nobody_knows_is_not_said_to_be_kept(both: Project, type_: str) -> None:
    assert both.alembic("upgrade", "head", env=SQLITE).returncode == 0
    before = json.loads(both.alembic("check-contracts", "--format", "json", env=SQLITE).stdout)["checked"]
    change = 'op.execute("ALTER TABLE object_images DROP COLUMN primary_image")'
    both.revision("r2", f'{change}\nop.execute("ALTER TABLE object_images ADD COLUMN primary_image {type_}")')
    done = both.alembic("check-contracts", "--format", "json", env=SQLITE)
    after = json.loads(done.stdout)["checked"]
    assert (after["facts"], after["not_applicable"]) == (before["facts"] - 1, before["not_applicable"] + 1)
