"""env.py that calls ``context.configure()`` inside of ``guard()``, as where a library does that and the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.maria import contract
from tests.support.project import Project

if TYPE_CHECKING:
    from pathlib import Path

ENV = """
import os
import alembic_contracts
from alembic import context
from sqlalchemy import NullPool, create_engine

def run():
    if context.is_offline_mode():
        context.configure(url=os.environ["DATABASE_URL"], literal_binds=True)
        with context.begin_transaction():
            context.run_migrations()
        return
    with create_engine(os.environ["DATABASE_URL"], poolclass=NullPool).connect() as connection:
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()

with alembic_contracts.guard(context):
    run()
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project.create(tmp_path / "project", f"sqlite:///{tmp_path}/shop.db")
    project.write("migrations/env.py", ENV)
    project.revision(
        "r1", 'op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.Text))'
    )
    done = project.alembic("upgrade", "head")
    assert done.returncode == 0, done.stderr
    project.contract("t", contract("t", "id", "a", about="sqlite"))
    return project


def test_a_break_is_refused(project: Project) -> None:
    project.revision("r2", 'op.drop_column("t", "a")')
    assert project.alembic("check-contracts").returncode == 1
    for arguments in (("upgrade", "head", "--sql"), ("upgrade", "head")):
        done = project.alembic(*arguments)
        assert (done.returncode, "error[column-exists]" in done.stderr) == (255, True), done.stderr
    assert len(project.sql("SELECT a FROM t")) == 0


def test_what_keeps_all_goes_through_and_commands_work(project: Project) -> None:
    project.revision("r2", 'op.add_column("t", sa.Column("b", sa.Text))', 'op.drop_column("t", "b")')
    for arguments in (("upgrade", "head"), ("current",), ("downgrade", "-1"), ("history",), ("check-contracts",)):
        done = project.alembic(*arguments)
        assert done.returncode == 0, done.stderr


def test_an_error_before_is_its_own(project: Project) -> None:
    project.write("migrations/env.py", ENV.replace("    run()\n", "    raise LookupError('no settings')\n"))
    done = project.alembic("upgrade", "head")
    assert (done.returncode, done.stderr.strip().splitlines()[-1]) == (1, "LookupError: no settings")
