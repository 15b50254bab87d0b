"""What another session does while an upgrade runs: refused, and put down to nobody else."""

from __future__ import annotations

import pytest

from tests.support.aftermath import at_r1, holds, versions
from tests.support.object_images import UNSEEN
from tests.support.project import Project

DROP = "ALTER TABLE object_images DROP COLUMN primary_image"
ENV = """
import os
import alembic_contracts
from alembic import context
from sqlalchemy import NullPool, create_engine, text

engine = create_engine(os.environ["DATABASE_URL"], poolclass=NullPool)


def somebody_else(**_):
    with engine.begin() as other:
        other.execute(text({drop!r}))


with engine.connect() as connection:
    context.configure(connection=connection, on_version_apply=somebody_else)
    with context.begin_transaction(), alembic_contracts.guard(context):
        context.run_migrations()
"""


@pytest.mark.parametrize("enforce", ["introduced", "report"])
def test_it_is_refused_and_no_script_is_blamed(project: Project, enforce: str) -> None:
    before = at_r1(project)
    project.write("migrations/env.py", ENV.format(drop=DROP))
    project.revision("r2", 'op.create_table("free", sa.Column("a", sa.Integer))')
    done = project.alembic("upgrade", "head", env={"ALEMBIC_CONTRACTS_ENFORCE": enforce})
    told = " ".join(done.stderr.split())
    assert "another session" in told
    assert "r2.py" not in told
    assert "waivers:" not in told
    if enforce == "report":
        assert done.returncode == 0, done.stderr
        return
    said = holds(project, before, done)
    assert "The migration's own transaction is rolled back." in said
    assert versions(project) == ["r1"]


def test_what_the_script_did_itself_is_still_its_own(project: Project) -> None:
    before = at_r1(project)
    project.write("migrations/env.py", ENV.format(drop="SELECT 1"))
    project.revision("r2", UNSEEN)
    done = project.alembic("upgrade", "head")
    holds(project, before, done)
    assert "r2.py:15" in done.stderr or "r2.py:14" in done.stderr
    assert "another session" not in done.stderr
