"""Scripts on SQLite that wait, under an env.py with an engine for async code."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING

import pytest

from tests.support.project import Project

if TYPE_CHECKING:
    from pathlib import Path

ENV = """
import asyncio, os
from alembic import context
from sqlalchemy.ext.asyncio import create_async_engine
import alembic_contracts

url = os.environ["DATABASE_URL"]

def migrate(connection=None):
    context.configure(connection=connection) if connection else context.configure(OFFLINE)
    with context.begin_transaction(), alembic_contracts.guard(context):
        context.run_migrations()

async def main():
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()

if context.is_offline_mode():
    migrate()
else:
    asyncio.run(main())
"""
CONTRACT = {
    "spec-version": "1.0.0",
    "name": "t",
    "namespace": "tests",
    "owner": {"name": "Team"},
    "schema": {"table_name": "t", "properties": {"a": {}}},
}
CREATE = 'op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.String))'
WAITS = """
async def change(connection, column):
    assert (await connection.execute(sa.text("SELECT 1"))).scalar() == 1
    await connection.exec_driver_sql("UPDATE t SET a = 'x'")
    result = await connection.stream(sa.text("SELECT name FROM pragma_table_info('t')"))
    names = [row.name async for row in result]
    await connection.execute(sa.text(f"ALTER TABLE t DROP COLUMN {column}" if column in names else "SELECT 2"))
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project.create(tmp_path / "project", f"sqlite+aiosqlite:///{tmp_path}/t.db")
    project.revision("r1", CREATE)
    project.contract("t", CONTRACT)
    return project


@pytest.mark.parametrize("offline", ["url=url", 'dialect_name="sqlite"'])
def test_what_waits_is_predicted(offline: str, project: Project) -> None:
    project.write("migrations/env.py", ENV.replace("OFFLINE", offline))
    project.revision("r2", 'op.run_async(change, "b")', prelude=WAITS)
    for where in ((), ("--offline",)):
        done = project.alembic("check-contracts", "--format", "json", *where)
        report = json.loads(done.stdout)
        assert (done.returncode, report["violations"], report["unproven"]) == (0, [], []), done.stderr
    done = project.alembic("upgrade", "head")
    assert done.returncode == 0, done.stderr
    project.revision("r3", 'op.run_async(change, "a")', prelude=WAITS)
    for where in ((), ("--offline",)):
        assert project.alembic("check-contracts", *where).returncode == 1
    assert "public.t.a" in project.alembic("upgrade", "head").stderr


LISTENER = """
from sqlalchemy import event

async def prepare(connection):
    await connection.create_function("slug", 1, lambda text: text.lower())
    async with connection.execute("PRAGMA foreign_keys=ON") as cursor:
        await cursor.fetchall()

@event.listens_for(engine.sync_engine, "connect")
def on_connect(connection, record):
    RUN
"""
RUNS = [
    "connection.run_async(prepare)",
    'connection.run_async(lambda own: own.create_function("slug", 1, str.lower))',
    'connection.driver_connection._conn.create_function("slug", 1, str.lower)',
    'connection.create_function("slug", 1, str.lower); connection.driver_connection.isolation_level = None',
]
ASYNCHRONOUS = """
raw = op.get_bind().connection
raw.dbapi_connection.run_async(lambda own: own.execute("UPDATE t SET a = slug(a)"))
columns = "SELECT name FROM pragma_table_info('t')"
for name, in raw.dbapi_connection.run_async(lambda own: own.execute_fetchall(columns)):
    if name == "b":
        await_only(raw.driver_connection.execute("ALTER TABLE t DROP COLUMN b"))
raw.driver_connection.execute("DROP TABLE t")
"""


@pytest.mark.parametrize("run", RUNS)
def test_what_listeners_and_scripts_do_to_the_drivers_own_connection(run: str, project: Project) -> None:
    made = "    engine = create_async_engine(url)\n"
    listener = textwrap.indent(LISTENER.replace("RUN", run), "    ")
    project.write("migrations/env.py", ENV.replace(made, f"{made}{listener}"))
    forgotten = "-W ignore::RuntimeWarning"
    for revision, column in (("r2", "b"), ("r3", "a")):
        script = ASYNCHRONOUS.replace('"b"', f'"{column}"').replace("COLUMN b", f"COLUMN {column}")
        project.revision(revision, script, prelude="from sqlalchemy.util import await_only")
        check = project.alembic("check-contracts", env={"PYTHONWARNINGS": forgotten.split()[1]})
        assert (check.returncode, "unproven" in check.stdout) == (int(column == "a"), False), check.stdout
        done = project.alembic("upgrade", "head", env={"PYTHONWARNINGS": forgotten.split()[1]})
        assert ("public.t.a no longer exists" in done.stderr) == (column == "a"), done.stderr
