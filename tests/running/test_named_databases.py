"""An env.py with a loop of its own over databases, which it calls by their names in ``guard(database=...)``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.maria import contract

if TYPE_CHECKING:
    from tests.support.project import Project

ENV_PY = """\
import alembic_contracts
from alembic import context
from sqlalchemy import create_engine

for name in ("orders", "stock"):
    with create_engine(f"sqlite:///{name}.db").connect() as connection:
        context.configure(connection=connection, target_metadata=None)
        with context.begin_transaction(), alembic_contracts.guard(context, database=name):
            context.run_migrations()
"""
EACH_ITS_OWN = """
name = op.get_bind().engine.url.database.removesuffix(".db")
op.execute(f"CREATE TABLE {name} (id INTEGER)")
"""


@pytest.fixture
def two(project: Project) -> Project:
    project.write("migrations/env.py", ENV_PY)
    for name in ("orders", "stock"):
        project.contract(name, contract(name, "id", about="sqlite", table_catalog=name))
    project.revision("r1", EACH_ITS_OWN)
    return project


def test_each_is_held_to_its_own_contracts(two: Project) -> None:
    for _ in range(2):
        check = two.alembic("check-contracts", "--format", "json")
        assert (check.returncode, json.loads(check.stdout)["violations"]) == (0, []), check.stdout
        assert two.alembic("upgrade", "head").returncode == 0
    two.revision("r2", 'if "stock" in str(op.get_bind().engine.url):\n    op.drop_table("stock")')
    check = two.alembic("check-contracts")
    assert (check.returncode, check.stdout.count("no longer exists")) == (1, 1), check.stdout
    upgrade = two.alembic("upgrade", "head")
    assert "stock no longer exists" in upgrade.stderr


def test_a_command_is_about_the_one_that_is_named(two: Project) -> None:
    plan = two.cli("plan", "--database", "stock")
    assert plan.returncode == 0, plan.stderr
    assert "stock" in plan.stdout


def test_a_database_that_no_contract_is_about_is_told_of_as_well(two: Project) -> None:
    assert two.alembic("upgrade", "head").returncode == 0
    (two.path / "contracts" / "orders.json").unlink()
    break_ = 'if "stock" in str(op.get_bind().engine.url):\n    op.drop_table("stock")\nelse:\n    '
    two.revision("r2", f'{break_}op.execute("ALTER TABLE orders ADD COLUMN a")')
    said = " ".join(two.alembic("upgrade", "head").stderr.split())
    assert "database orders was brought from r1 to r2, which was not looked at again: no contract is about it." in said
    assert "Here nothing was run; this database is unchanged." in said
