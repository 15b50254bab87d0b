"""One env.py that migrates three tenants, of which the second is refused: what is said of each, and what is so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.aftermath import refusal
from tests.support.object_images import CONTRACT, CREATE, UNSEEN

if TYPE_CHECKING:
    from tests.support.project import Project

ENV = """
import os
import alembic_contracts
from alembic import context
from sqlalchemy import NullPool, create_engine, text

engine = create_engine(os.environ["DATABASE_URL"], poolclass=NullPool{engine})


def migrate(connection, tenant):
    connection.execute(text(f"SET search_path TO {{tenant}}"))
    {commit}
    context.configure(connection=connection, version_table_schema=tenant{options})
    with context.begin_transaction(), alembic_contracts.guard(context):
        context.run_migrations()

{body}
"""
TENANTS = ("t1", "t2", "t3")
SEPARATE = """
for tenant in ("t1", "t2", "t3"):
    with engine.connect() as connection:
        migrate(connection, tenant)
"""
TOGETHER = """
with engine.begin() as connection:
    for tenant in ("t1", "t2", "t3"):
        migrate(connection, tenant)
"""
SAVEPOINTS = """
with engine.begin() as connection:
    for tenant in ("t1", "t2", "t3"):
        with connection.begin_nested():
            migrate(connection, tenant)
"""
# One guard() around all of them, on one connection.
UNDER_ONE = """
with engine.connect() as connection:
    context.configure(connection=connection, version_table_schema="t1"{options})
    with {begin}alembic_contracts.guard(context):
        for tenant in ("t1", "t2", "t3"):
            connection.execute(text(f"SET search_path TO {{tenant}}"))
            {commit}
            context.configure(connection=connection, version_table_schema=tenant{options})
            with context.begin_transaction():
                context.run_migrations()
"""
EACH = ", transaction_per_migration=True"
ALONE = ', isolation_level="AUTOCOMMIT"'
COMMIT = "connection.commit()"
WAYS = {
    "separate": ENV.format(engine="", commit=COMMIT, options="", body=SEPARATE),
    "separate, each": ENV.format(engine="", commit=COMMIT, options=EACH, body=SEPARATE),
    "separate, none": ENV.format(engine=ALONE, commit="", options="", body=SEPARATE),
    "together": ENV.format(engine="", commit="", options="", body=TOGETHER),
    "savepoints": ENV.format(engine="", commit="", options="", body=SAVEPOINTS),
    "one guard": ENV.format(
        engine="", commit=COMMIT, options="", body=UNDER_ONE.format(begin="", commit=COMMIT, options="")
    ),
    "one guard, each": ENV.format(
        engine="", commit=COMMIT, options=EACH, body=UNDER_ONE.format(begin="", commit=COMMIT, options=EACH)
    ),
    "one guard, one transaction": ENV.format(
        engine="", commit="", options="", body=UNDER_ONE.format(begin="connection.begin(), ", commit="pass", options="")
    ),
}
DROP = 'op.drop_column("object_images", "primary_image")'


def states(project: Project) -> dict[str, tuple[str, bool]]:
    """By tenant: the revision that it is at, and whether the contracted column is there."""
    found = {}
    for tenant in TENANTS:
        [(version,)] = project.sql(f"SELECT version_num FROM {tenant}.alembic_version")
        has = "SELECT true FROM pg_attribute WHERE attname = 'primary_image' AND NOT attisdropped AND attrelid = "
        found[tenant] = version, bool(project.sql(f"{has}'{tenant}.object_images'::regclass"))
    return found


def expected(way: str, upgrade: str) -> dict[str, tuple[str, bool]]:
    migrated, untouched = ("r2", False), ("r1", True)
    if way in ("together", "savepoints", "one guard, one transaction"):
        return dict.fromkeys(TENANTS, untouched)
    # A statement that commits by itself is looked at when its revision is through.
    second = migrated if way == "separate, none" and upgrade == UNSEEN else untouched
    return {"t1": migrated, "t2": second, "t3": untouched}


@pytest.mark.parametrize("upgrade", [DROP, UNSEEN], ids=["before", "commit"])
@pytest.mark.parametrize("way", WAYS)
def test_what_is_said_of_the_tenants_before_the_refused_one(project: Project, way: str, upgrade: str) -> None:
    project.contract("object_images", CONTRACT.replace('"table_schema": "public"', '"table_schema": "t2"'))
    project.sql(*(f"CREATE SCHEMA {tenant}" for tenant in TENANTS))
    project.write("migrations/env.py", WAYS["separate"])
    project.revision("r1", CREATE)
    done = project.alembic("upgrade", "head")
    assert done.returncode == 0, done.stderr
    project.write("migrations/env.py", WAYS[way])
    project.revision("r2", upgrade)
    said = refusal(project.alembic("upgrade", "head"))
    found = states(project)
    assert found == expected(way, upgrade), said
    assert "schema t1 was brought from r1 to r2" in said
    assert ("which is committed and stays" in said) == (found["t1"][0] == "r2"), said
    assert "t3" not in said
    if upgrade == DROP:
        assert "Here nothing was run; this database is unchanged." in said
    elif way == "separate, none":
        assert "The schema has already changed, for good" in said
    else:
        undone = "The run is rolled back to the savepoint" if way == "savepoints" else "The transaction is rolled back"
        assert undone in said, said
        assert "contracted tables and the version table were read again, and are as before" in said
    if way == "separate":  # once what is refused is mended, the next upgrade goes on with the rest
        project.revision("r2", "pass", down="r1")
        assert project.alembic("upgrade", "head").returncode == 0
        assert {tenant: version for tenant, (version, _) in states(project).items()} == dict.fromkeys(TENANTS, "r2")
