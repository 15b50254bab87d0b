"""How a process ends that Alembic's command line was: sooner, and with all written that was to be written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.project import ENV, Project

if TYPE_CHECKING:
    from pathlib import Path

CREATE = 'op.create_table("t", sa.Column("id", sa.Integer, primary_key=True))'
WRITES = """
class Journal:
    def __init__(self, path):
        self.itself, self.file = self, open(path, "w")
        self.file.write("begun")
"""
CONTRACT = {
    "spec-version": "1.0.0",
    "name": "t",
    "namespace": "tests",
    "owner": {"name": "Team"},
    "schema": {"table_name": "t", "properties": {"id": {"constraints": {"is_nullable": False}}}},
}
PROGRAM = """
import atexit, gc, sys
from alembic.config import main
sys.argv[1:] = ["upgrade", "head"]
atexit.register(lambda: print(gc.get_freeze_count() > 0))  # the last to be called
before = gc.get_threshold()
{call}
print(gc.get_threshold() == before)
"""
PROGRAMMATIC = """
from alembic import command, config
command.upgrade(config.Config(toml_file="pyproject.toml"), "head")
"""

ASYNCHRONOUS = """
import asyncio, os
from alembic import context
from sqlalchemy.ext.asyncio import create_async_engine
import alembic_contracts

def migrate(connection):
    context.configure(connection=connection)
    with context.begin_transaction(), alembic_contracts.guard(context):
        context.run_migrations()

async def main():
    engine = create_async_engine(os.environ["DATABASE_URL"].replace("sqlite://", "sqlite+aiosqlite://"))
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()

asyncio.run(main())
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project.create(tmp_path / "project", f"sqlite:///{tmp_path}/t.db")
    project.revision("r1", CREATE)
    project.contract("t", CONTRACT)
    return project


@pytest.mark.parametrize(
    "command",
    [
        ("-m", "alembic", "upgrade", "head"),
        ("-c", "from alembic.config import main; main()", "upgrade", "head"),
    ],
)
def test_what_files_have_not_written_yet_is_written(command: tuple[str, ...], project: Project) -> None:
    project.write("migrations/env.py", f"{WRITES}\njournal = Journal('env.txt')\n{ENV}")
    done = project.run(*command)
    assert done.returncode == 0, done
    assert (project.path / "env.txt").read_text() == "begun"


def test_an_asynchronous_env_py_is_no_other_process(project: Project) -> None:
    project.write("migrations/env.py", ASYNCHRONOUS)
    assert project.run("-c", PROGRAM.format(call="main()")).stdout.splitlines() == ["True", "True"]


@pytest.mark.parametrize(
    ("call", "is_sooner"),
    [
        ("main()", True),
        ("main(argv=sys.argv[1:])", True),
        ("main(['-x', 'a=b', 'upgrade', 'head'])", False),
        ("def migrate():\n    main()\nmigrate()", False),
        (PROGRAMMATIC, False),
        ("gc.disable(); main()", False),
    ],
)
def test_a_program_that_goes_on_is_as_it_was(call: str, is_sooner: bool, project: Project) -> None:
    done = project.run("-c", PROGRAM.format(call=call))
    assert done.stdout.splitlines() == ["True", str(is_sooner)], done
