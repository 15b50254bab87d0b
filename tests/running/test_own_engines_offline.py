"""Scripts that ask through an engine of their own, without a database: led to where the configuration has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.maria import contract
from tests.support.project import Project

if TYPE_CHECKING:
    from pathlib import Path

CONFIGURED = 'sa.engine_from_config(op.get_context().config.get_section("alembic"), prefix="sqlalchemy.")'
ASKS = """engine = {}
for name in ("t", "u"):
    if not sa.inspect(engine).has_table(name):
        op.create_table(name, sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.Integer))"""
URL = 'context.config.get_main_option("sqlalchemy.url")'
ENV = """
import alembic_contracts
from alembic import context
from sqlalchemy import NullPool, create_engine

url = context.config.get_main_option("sqlalchemy.url")
if context.is_offline_mode():
    context.configure(url=url, literal_binds=True)
    with context.begin_transaction(), alembic_contracts.guard(context):
        context.run_migrations()
else:
    with create_engine(url, poolclass=NullPool).connect() as connection:
        context.configure(connection=connection)
        with context.begin_transaction(), alembic_contracts.guard(context):
            context.run_migrations()
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project.create(tmp_path / "project", f"sqlite:///{tmp_path}/project/shop.db")
    project.write(
        "alembic.ini", "[alembic]\nscript_location = %(here)s/migrations\nsqlalchemy.url = sqlite:///shop.db\n"
    )
    project.write("migrations/env.py", ENV)
    project.revision(
        "r1", 'op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.Integer))'
    )
    project.revision("r2", ASKS.format(CONFIGURED))
    project.contract("u", contract("u", "id", "a", about="sqlite"))
    return project


def test_they_see_what_scripts_have_made(project: Project) -> None:
    done = project.alembic("check-contracts", "--offline")
    assert (done.returncode, "3 facts" in done.stdout) == (0, True), done.stdout + done.stderr
    done = project.alembic("upgrade", "head")
    assert done.returncode == 0, done.stderr
    assert len(project.sql("SELECT a FROM u")) == 0
    project.revision("r3", 'op.drop_column("u", "a")')
    assert project.alembic("check-contracts", "--offline").returncode == 1


def test_an_engine_to_another_file_is_not_led_anywhere(project: Project) -> None:
    project.revision("r3", ASKS.format('sa.create_engine("sqlite:///other.db")'))
    assert project.alembic("check-contracts", "--offline").returncode == 3
    assert not (project.path / "other.db").exists()


def test_a_configuration_that_cannot_be_read_is_none(project: Project) -> None:
    ini = (project.path / "alembic.ini").read_text()
    project.write("alembic.ini", ini.replace("sqlite:///shop.db", "driver://no"))
    project.write("migrations/env.py", ENV.replace(URL, '"sqlite:///shop.db"'))
    script = project.path / "migrations/versions/r2.py"
    script.write_text(script.read_text().replace(CONFIGURED, 'sa.create_engine("sqlite:///shop.db")'))
    assert project.alembic("check-contracts", "--offline").returncode == 3
