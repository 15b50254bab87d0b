"""Scripts on SQLite that wait, under an env.py with an engine for async code."""

from __future__ import annotations

import json
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
