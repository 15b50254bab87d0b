"""A process that migrates again and again, as a test suite does, keeps nothing of the runs before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.project import Project

if TYPE_CHECKING:
    from pathlib import Path

CONTRACT: dict[str, Any] = {
    "spec-version": "1.0.0",
    "name": "t",
    "namespace": "tests",
    "owner": {"name": "Team"},
    "schema": {
        "table_schema": "public",
        "table_name": "t",
        "properties": {"a": {"constraints": {"is_nullable": True}}},
    },
}
ENV = """
import contextlib, os

import alembic_contracts
from alembic import context
from sqlalchemy import NullPool, create_engine

guard = alembic_contracts.guard if os.environ["GUARD"] == "on" else contextlib.nullcontext
own = context.config.attributes.get("connection")
if own is None:
    with create_engine(os.environ["DATABASE_URL"], poolclass=NullPool).connect() as connection:
        context.configure(connection=connection)
        with context.begin_transaction(), guard(context):
            context.run_migrations()
else:
    context.configure(connection=own)
    with context.begin_transaction(), guard(context):
        context.run_migrations()
"""
SUITE = """
import gc, os
from alembic import command
from alembic.config import Config
from sqlalchemy import NullPool, StaticPool, create_engine

def one_of_many():
    config = Config(toml_file="pyproject.toml")
    {each}

threshold = gc.get_threshold()

def objects():
    gc.collect()
    return len(gc.get_objects()) + gc.get_freeze_count()

{before}
for _ in range(4):
    one_of_many()
counts = [objects()]
for _ in range(3):
    for _ in range(5):
        one_of_many()
    counts.append(objects())
assert gc.get_freeze_count() == 0 and gc.get_threshold() == threshold
print((counts[-1] - counts[0]) / 15)
"""
FRESH_IN_MEMORY = """
    with create_engine("sqlite://", poolclass=StaticPool).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
"""
ROLLED_BACK = """
    with create_engine(os.environ["DATABASE_URL"], poolclass=NullPool).connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.rollback()
"""
THERE_AND_BACK = """
    command.upgrade(config, "head")
    command.downgrade(config, "base")
"""
ONE_CONNECTION = """
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    connection.commit()
    command.downgrade(config, "base")
    connection.commit()
"""
CONNECTED = 'connection = create_engine(os.environ["DATABASE_URL"], poolclass=StaticPool, query_cache_size=0).connect()'
WAYS = {
    "fresh in memory": ("", FRESH_IN_MEMORY),
    "rolled back": ("", ROLLED_BACK),
    "there and back": ("", THERE_AND_BACK),
    "one connection": (CONNECTED, ONE_CONNECTION),
}


@pytest.mark.parametrize(("kind", "way"), [*(("sqlite", way) for way in WAYS), ("postgresql", "there and back")])
def test_nothing_is_kept_of_runs_before(kind: str, way: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    url = request.getfixturevalue("database") if kind == "postgresql" else f"sqlite:///{tmp_path}/test.db"
    project = Project.create(tmp_path, url)
    project.write("migrations/env.py", ENV)
    project.contract("t", CONTRACT)
    project.revision("r1", 'op.create_table("t", sa.Column("a", sa.Text))', 'op.drop_table("t")')
    project.revision("r2", 'op.add_column("t", sa.Column("b", sa.Text))', 'op.drop_column("t", "b")')
    before, each = WAYS[way]
    project.write("suite.py", SUITE.format(before=before, each=each.strip()))

    def objects_of_a_run(guard: str) -> float:
        ran = project.run("suite.py", env={"GUARD": guard})
        assert ran.returncode == 0, ran.stderr
        return float(ran.stdout)

    # SQLAlchemy keeps statements that it has compiled.
    assert objects_of_a_run("on") < objects_of_a_run("off") + 20
