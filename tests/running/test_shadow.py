"""``check --shadow``: the history replayed on a scratch PostgreSQL, as exact as it gets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.object_images import CONTRACT, CREATE, UNSEEN

if TYPE_CHECKING:
    from tests.support.project import Project


@pytest.fixture
def history(project: Project, postgres_url: str) -> Project:
    project.contract("object_images", CONTRACT)
    project.revision("r1", CREATE)
    project.revision(
        "r2", 'op.execute("CREATE TABLE other (id integer)")\nop.execute("INSERT INTO other VALUES (1)")' + UNSEEN
    )
    project.environment["ALEMBIC_CONTRACTS_SHADOW_URL"] = postgres_url
    project.environment["DATABASE_URL"] = "postgresql+psycopg://nobody@127.0.0.1:1/nowhere"
    return project


def test_what_is_unproven_offline_is_exact_on_the_shadow(history: Project) -> None:
    assert history.alembic("check-contracts", "--offline").returncode == 3
    done = history.alembic("check-contracts", "--shadow", "--format", "json")
    assert done.returncode == 1, done.stderr
    report = json.loads(done.stdout)
    assert report["unproven"] == []
    [violation] = report["violations"]
    assert (violation["rule"], violation["column"]) == ("column-exists", "primary_image")
    assert violation["location"] == {"revision": "r2", "file": "migrations/versions/r2.py", "line": 16}
    assert history.alembic("check-contracts", "--shadow", "--to", "r1").returncode == 0


def test_the_scratch_database_is_gone_afterwards(history: Project) -> None:
    history.environment["DATABASE_URL"] = history.database
    history.alembic("check-contracts", "--shadow")
    assert not history.scratch_databases_that_stay()


def test_an_embedded_server_stands_in_for_shadow_url(history: Project) -> None:
    history.environment["ALEMBIC_CONTRACTS_SHADOW_URL"] = ""
    assert history.alembic("check-contracts", "--shadow", "--to", "r1").returncode == 0


def test_a_history_that_does_not_run_cannot_be_checked(history: Project) -> None:
    history.revision("r3", 'op.execute("nonsense")')
    done = history.alembic("check-contracts", "--shadow")
    assert done.returncode == 2
    assert "migrations/versions/r3.py:14" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_asynchronous_driver_is_none_for_a_shadow(history: Project) -> None:
    history.environment["ALEMBIC_CONTRACTS_SHADOW_URL"] = "postgresql+asyncpg://nobody@127.0.0.1:1/nowhere"
    done = history.alembic("check-contracts", "--shadow")
    assert done.returncode == 2
    assert "shadow_url names an asynchronous driver" in done.stderr


def test_shadow_and_offline_exclude_each_other(history: Project) -> None:
    assert history.alembic("check-contracts", "--shadow", "--offline").returncode == 2
