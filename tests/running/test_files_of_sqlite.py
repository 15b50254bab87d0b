"""An env.py that migrates several SQLite files, which nothing but their URLs tells apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.project import Project

if TYPE_CHECKING:
    from pathlib import Path

ENV = """
import sqlalchemy as sa
from alembic import context
import alembic_contracts

for name in ("one", "two"):
    url = f"sqlite:///{name}.db"
    if context.is_offline_mode():
        context.configure(url=url, literal_binds=True)
        with context.begin_transaction(), alembic_contracts.guard(context):
            context.run_migrations(engine_name=name)
        continue
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        context.configure(connection=connection)
        with context.begin_transaction(), alembic_contracts.guard(context):
            context.run_migrations(engine_name=name)
    engine.dispose()
"""
REVISION = """
def upgrade(engine_name):
    if engine_name == "two":
        op.create_table("t", sa.Column("id", sa.Integer, primary_key=True){more})
"""
CONTRACT = {
    "spec-version": "1.0.0",
    "name": "t",
    "namespace": "tests",
    "owner": {"name": "Team"},
    "dataAssetResourceName": "sqlite:///two.db",
    "schema": {"table_name": "t", "properties": {"id": {}, "a": {}}},
}


@pytest.mark.parametrize("where", [(), ("--offline",)])
@pytest.mark.parametrize(("more", "code"), [("", 1), (', sa.Column("a", sa.Text)', 0)])
def test_a_contract_is_held_to_the_file_that_it_names(
    more: str, code: int, where: tuple[str, ...], tmp_path: Path
) -> None:
    project = Project.create(tmp_path / "project", f"sqlite:///{tmp_path}/one.db")
    project.write("migrations/env.py", ENV)
    script = project.revision("r1", "pass")
    text = script.read_text(encoding="utf-8")
    script.write_text(text[: text.index("def upgrade")] + REVISION.format(more=more), encoding="utf-8")
    project.contract("t", CONTRACT)
    done = project.alembic("check-contracts", *where)
    assert done.returncode == code, done.stdout + done.stderr
    assert ("main.t.a" in done.stdout) == bool(code)
