"""Projects whose env.py or scripts do with a database what they cannot do without one: checked, and then upgraded."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.backfills import CONTRACT, CREATE, checked
from tests.support.project import ENV

if TYPE_CHECKING:
    from tests.support.project import Project

ADD = 'op.add_column("t", sa.Column("a", sa.Text, nullable=False))'
BEGIN = "        context.configure(connection=connection, target_metadata=target_metadata)\n"
RUN = "            context.run_migrations()\n\n\nif"


def begun(project: Project, statement: str, *, commits: bool = True) -> None:
    """Have env.py execute a statement before ``configure()``, and commit at the end."""
    env = ENV.replace(BEGIN, f"        connection.execute(text({statement!r}))\n{BEGIN}")
    env = env.replace("from sqlalchemy import NullPool,", "from sqlalchemy import text, NullPool,")
    if commits:
        env = env.replace(RUN, RUN.replace("\n\n\nif", "\n        connection.commit()\n\n\nif"))
    project.write("migrations/env.py", env)


def history(project: Project, second: str = ADD, **options: Any) -> None:
    project.contract("t", CONTRACT)
    project.revision("r1", CREATE)
    project.revision("r2", second, **options)


def test_a_script_that_commits_is_harmless_where_env_py_has_begun_and_commits(project: Project) -> None:
    begun(project, "SET statement_timeout = '1min'")
    history(project, f"{ADD}\nop.get_bind().commit()\nop.create_table('u', sa.Column('id', sa.Integer))")
    assert checked(project) == (0, [], [])
    done = project.alembic("upgrade", "head")
    assert done.returncode == 0, done.stderr
    assert project.sql("SELECT to_regclass('u')::text, version_num::text FROM alembic_version") == [("u", "r2")]


def test_what_such_a_script_commits_in_between_counts(project: Project) -> None:
    begun(project, "SET statement_timeout = '1min'")
    history(project)
    assert project.alembic("upgrade", "head").returncode == 0
    drop, add = 'op.drop_column("t", "keep")', 'op.add_column("t", sa.Column("keep", sa.Text))'
    project.revision("r3", f"{drop}\nop.get_bind().commit()\n{add}")
    done = project.alembic("upgrade", "head")
    assert done.returncode != 0
    assert "public.t.keep no longer exists" in done.stderr


def test_it_stays_unproven_where_env_py_never_commits(project: Project) -> None:
    begun(project, "SET statement_timeout = '1min'", commits=False)
    history(project, f"{ADD}\nop.get_bind().commit()\nop.create_table('u', sa.Column('id', sa.Integer))")
    assert checked(project)[0] == 3
    project.alembic("upgrade", "head")
    assert project.sql("SELECT to_regclass('u')::text") == [(None,)]


def test_a_table_in_a_schema_that_env_py_makes_is_not_known_to_be_absent(project: Project) -> None:
    begun(project, "CREATE SCHEMA IF NOT EXISTS application")
    contract = json.loads(json.dumps(CONTRACT))
    contract["schema"]["table_schema"] = "application"
    contract["schema"]["properties"].pop("a")
    project.contract("t", contract)
    project.revision(
        "r1", CREATE.replace('sa.Column("keep", sa.Text),', "sa.Column(\"keep\", sa.Text), schema='application',")
    )
    code, broken, unproven = checked(project)
    assert (code, broken) == (3, [])
    assert unproven == [('PostgreSQL would refuse this migration: schema "application" does not exist', "r1:14")]
    assert project.alembic("upgrade", "head").returncode == 0
    assert project.alembic("check-contracts").returncode == 0


UNKNOWN = """
op.execute('''
    DO $$ BEGIN
        EXECUTE convert_from(decode('{text}', 'base64'), 'UTF8');
    END $$
''')
"""


def test_what_an_unproven_operation_would_have_made_is_not_known_to_be_absent(project: Project) -> None:
    statement = "ALTER TABLE t ADD COLUMN a text NOT NULL"
    history(project, UNKNOWN.format(text=base64.b64encode(statement.encode()).decode()))
    code, broken, unproven = checked(project)
    assert (code, broken, [place for _, place in unproven]) == (3, [], ["r2:14"])
    assert project.alembic("upgrade", "head").returncode == 0
    assert project.alembic("check-contracts").returncode == 0


def test_what_is_made_wrong_after_an_unproven_operation_is_broken(project: Project) -> None:
    history(project, UNKNOWN.format(text="U0VMRUNUIDE="))
    project.revision("r3", ADD.replace("sa.Text", "sa.Integer"))
    code, broken, _ = checked(project)
    assert (code, broken) == (1, [("column-type", "a")])


def test_what_ends_after_an_unproven_operation_is_broken(project: Project) -> None:
    history(project, UNKNOWN.format(text="U0VMRUNUIDE="))
    project.revision("r3", f'{ADD}\nop.drop_column("t", "keep")')
    assert checked(project)[:2] == (1, [("column-exists", "keep")])


def test_a_script_that_asks_for_the_database_while_it_is_loaded(project: Project) -> None:
    history(project, ADD, prelude="database = op.get_bind().engine.url.database")
    code, broken, unproven = checked(project)
    assert (code, broken) == (3, [])
    assert unproven == [("the script asks for the database's name, which only a real run knows", "r2:12")]
    assert project.alembic("upgrade", "head").returncode == 0
    assert project.alembic("check-contracts").returncode == 0


def test_a_script_that_asks_for_the_driver_is_told(project: Project) -> None:
    history(
        project,
        f"assert driver.startswith('postgresql')\n{ADD}",
        prelude="driver = op.get_bind().engine.url.drivername",
    )
    assert checked(project) == (0, [], [])
    assert project.alembic("upgrade", "head").returncode == 0


def test_a_script_that_cannot_be_loaded_is_no_fault_of_env_py(project: Project) -> None:
    history(project, ADD, prelude="None.engine")
    done = project.alembic("check-contracts", "--offline")
    assert done.returncode == 3
    assert "the script raised AttributeError under prediction" in " ".join(done.stdout.split())
    assert "r2.py:12" in done.stdout


ASYNC = """
import asyncio
import os

from alembic import context
from sqlalchemy import NullPool
from sqlalchemy.ext.asyncio import create_async_engine

import alembic_contracts

url = os.environ["DATABASE_URL"]


def run(**options):
    context.configure(**options)
    with context.begin_transaction(), alembic_contracts.guard(context):
        context.run_migrations()


async def online():
    async with create_async_engine(url, poolclass=NullPool).connect() as connection:
        await connection.run_sync(lambda connection: run(connection=connection))


if context.is_offline_mode():
    run(dialect_name="postgresql", literal_binds=True)
else:
    asyncio.run(online())
"""


@pytest.mark.parametrize("offline", ['dialect_name="postgresql"', 'url="postgresql+psycopg2://x/y"', "url=url"])
def test_async_operations(project: Project, offline: str) -> None:
    project.write("migrations/env.py", ASYNC.replace('dialect_name="postgresql"', offline))
    history(
        project,
        "op.run_async(change, 'a')",
        prelude="""
        async def change(connection, name):
            assert (await connection.execute(sa.text("SELECT 1"))).scalar() == 1
            await connection.execute(sa.text(f"ALTER TABLE t ADD COLUMN {name} text NOT NULL"))
        """,
    )
    project.revision("r3", 'op.create_table("u", sa.Column("id", sa.Integer))')
    assert checked(project) == (0, [], [])
    done = project.alembic("upgrade", "head")
    assert done.returncode == 0, done.stderr
    assert project.alembic("check-contracts").returncode == 0
