"""What another session does while an upgrade runs: refused, and put down to nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.aftermath import at_r1, holds, versions
from tests.support.object_images import UNSEEN, state

if TYPE_CHECKING:
    from tests.support.database import Databases
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


KILL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"


def test_after_a_lost_connection_a_new_one_is_asked(project: Project) -> None:
    before = at_r1(project)
    project.write("migrations/env.py", ENV.format(drop=f"{KILL} AND pid <> pg_backend_pid()"))
    project.revision("r2", 'op.create_table("free", sa.Column("a", sa.Integer))')
    done = project.alembic("upgrade", "head")
    assert done.returncode != 0
    assert "The schema could not be checked before its commit." in done.stdout
    assert "The transaction is rolled back; none of its changes stay." in done.stdout
    assert state(project) == before


def test_what_cannot_be_looked_at_is_not_told(project: Project, databases: Databases) -> None:
    before = at_r1(project)
    [(name,)] = project.sql("SELECT current_database()::text")
    kill = KILL.replace("current_database()", f"'{name}'")
    env = ENV.format(drop=kill).replace(
        "with engine.begin() as other:",
        f"with create_engine(engine.url.set(database='postgres')).begin() as other:\n"
        f"        other.execute(text('ALTER DATABASE {name} ALLOW_CONNECTIONS false'))",
    )
    project.write("migrations/env.py", env)
    project.revision("r2", 'op.create_table("free", sa.Column("a", sa.Integer))')
    done = project.alembic("upgrade", "head")
    databases.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    assert done.returncode != 0
    assert "The schema could not be checked before its commit." in done.stdout, done.stderr
    assert "could not be looked at" in done.stdout
    assert "rolled back;" not in done.stdout + done.stderr
    assert state(project) == before


def test_what_the_script_did_itself_is_still_its_own(project: Project) -> None:
    before = at_r1(project)
    project.write("migrations/env.py", ENV.format(drop="SELECT 1"))
    project.revision("r2", UNSEEN)
    done = project.alembic("upgrade", "head")
    holds(project, before, done)
    assert "r2.py:15" in done.stderr or "r2.py:14" in done.stderr
    assert "another session" not in done.stderr


def test_a_script_that_fails_by_itself_is_not_blamed_for_it(project: Project) -> None:
    before = at_r1(project)
    project.write("migrations/env.py", ENV.format(drop=DROP))
    project.revision("r2", 'op.create_table("free", sa.Column("a", sa.Integer))')
    project.revision("r3", 'op.execute("SELECT 1 / count(*) FROM free")')
    done = project.alembic("upgrade", "head", env={"ALEMBIC_CONTRACTS_UNPROVEN": "warn"})
    told = " ".join(done.stderr.partition("Refused")[2].split())
    assert "r3 failed by itself: division by zero" in told, done
    assert "another session" in told
    assert "--> migrations/versions/" not in told
    assert state(project) != before
