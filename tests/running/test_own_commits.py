"""Scripts that commit by themselves, under guard: asked before where that can be, else found, and reported as it is."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from tests.prediction.driver.test_drivers import url_for
from tests.support.aftermath import at_r1, goes_back, holds, is_held, refusal, versions
from tests.support.object_images import CONTRACT, CREATE, UNSEEN, state

if TYPE_CHECKING:
    from tests.support.project import Project

ASYNC = """
import asyncio, os
import alembic_contracts
from alembic import context
from sqlalchemy import NullPool
from sqlalchemy.ext.asyncio import create_async_engine

target_metadata = None


def migrate(connection):
    context.configure(connection=connection, target_metadata=target_metadata)
    with context.begin_transaction(), alembic_contracts.guard(context):
        context.run_migrations()


async def main():
    engine = create_async_engine(os.environ["DATABASE_URL"], poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()


asyncio.run(main())
"""
MODES = {
    "one": ("", ""),
    "each": ("target_metadata=target_metadata", "transaction_per_migration=True"),
    "none": ("poolclass=NullPool)", 'poolclass=NullPool, isolation_level="AUTOCOMMIT")'),
}
DRIVER = "op.get_bind().connection.dbapi_connection"
ADD = 'op.add_column("object_images", sa.Column("primary_image", sa.Text))'
CURSOR = 'op.get_bind().connection.cursor().execute("COMMIT")'
ASKED = """
import psycopg

execute = psycopg.Cursor.execute


def told(cursor, query, *arguments, **keywords):
    if "pg_current_xact_id" in str(query):
        print("asked which transaction")
    return execute(cursor, query, *arguments, **keywords)


psycopg.Cursor.execute = told
"""
"""Before env.py does anything else: says which statements of the guard's ask for the transaction."""
TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
EXTRA = 'op.create_table("extra", sa.Column("a", sa.Integer))\n'


def on(project: Project, driver: str, mode: str = "one") -> Project:
    """Have a project use a driver, and a way of transactions."""
    if driver == "asyncpg":
        project.write("migrations/env.py", ASYNC)
    env = (project.path / "migrations/env.py").read_text()
    project.write("migrations/env.py", env.replace(*MODES[mode]))
    assert mode == "one" or MODES[mode][1] in env.replace(*MODES[mode])
    project.environment["DATABASE_URL"] = url_for(project.database, driver).render_as_string(hide_password=False)
    return project


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2", "pg8000", "asyncpg"])
@pytest.mark.parametrize("mode", ["one", "each"])
@pytest.mark.parametrize("command", ["COMMIT", "/* so */ COMMIT AND CHAIN", "END", "PREPARE TRANSACTION 'x'"])
def test_a_commit_in_sql_is_asked_before(project: Project, driver: str, mode: str, command: str) -> None:
    before = at_r1(on(project, driver, mode))
    project.revision("r2", UNSEEN + f'op.execute("{command}")')
    said = holds(project, before, project.alembic("upgrade", "head"))
    assert "The transaction is rolled back; none of its changes stay." in said
    assert "were read again" in said
    assert state(project) == before


@pytest.mark.parametrize("mode", ["one", "each"])
def test_what_follows_a_commit_is_committed_with_the_next_revision(project: Project, mode: str) -> None:
    at_r1(on(project, "psycopg", mode))
    project.revision("r2", 'op.get_bind().commit()\nop.create_table("extra", sa.Column("a", sa.Integer))')
    project.revision("r3", 'op.create_table("more", sa.Column("a", sa.Integer))')
    offline = project.alembic("check-contracts", "--offline")
    assert ("never committed" in offline.stdout + offline.stderr) == (mode == "one")
    project.alembic("upgrade", "head", env={"ALEMBIC_CONTRACTS_ENFORCE": "report"})
    assert versions(project) == (["r1"] if mode == "one" else ["r3"])


@pytest.mark.parametrize("driver", ["psycopg", "pg8000"])
def test_so_is_one_among_other_statements_and_a_drivers_own(project: Project, driver: str) -> None:
    before = at_r1(on(project, driver))
    project.revision("r2", UNSEEN + 'op.execute("CREATE TABLE extra (a int); COMMIT; CREATE TABLE more (a int)")')
    holds(project, before, project.alembic("upgrade", "head"))
    assert state(project) == before
    project.revision("r2", UNSEEN + f"{DRIVER}.commit()", down="r1")
    holds(project, before, project.alembic("upgrade", "head"))
    assert state(project) == before


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2", "pg8000", "asyncpg"])
@pytest.mark.parametrize("mode", ["one", "each"])
def test_what_the_driver_was_not_asked_for_is_found(project: Project, driver: str, mode: str) -> None:
    before = at_r1(on(project, driver, mode))
    way = f"{DRIVER}.commit()" if driver in ("psycopg2", "asyncpg") else CURSOR
    project.revision("r2", EXTRA + UNSEEN + way, 'op.drop_table("extra")')
    done = project.alembic("upgrade", "head")
    said = holds(project, before, done)
    assert "Revision r2 committed by itself after migrations/versions/r2.py:16" in said
    assert "Data contracts are broken" in done.stdout
    assert not is_held(project)
    assert versions(project) == ["r1"]
    goes_back(project, said)


def test_it_is_found_before_the_next_revision_runs(project: Project) -> None:
    before = at_r1(project)
    project.revision("r2", EXTRA + UNSEEN + CURSOR, 'op.drop_table("extra")')
    project.revision("r3", 'op.create_table("more", sa.Column("a", sa.Integer))')
    said = holds(project, before, project.alembic("upgrade", "head"))
    assert "Revision r2 committed by itself after migrations/versions/r2.py:16" in said
    assert ("extra",) in project.sql(TABLES)
    assert ("more",) not in project.sql(TABLES)
    goes_back(project, said)


@pytest.mark.parametrize("command", ["COMMIT", "COMMIT; BEGIN"])
def test_what_went_past_the_driver_is_found_at_the_end(project: Project, command: str) -> None:
    before = at_r1(project)
    project.revision("r2", EXTRA + UNSEEN + f'{DRIVER}.pgconn.exec_(b"{command}")', 'op.drop_table("extra")')
    project.revision("r3", 'op.create_table("more", sa.Column("a", sa.Integer))')
    said = holds(project, before, project.alembic("upgrade", "head"))
    assert "committed" in said
    assert not is_held(project)
    assert ("extra",) in project.sql(TABLES)


def test_the_server_is_not_asked_at_each_line_which_transaction_it_is(project: Project) -> None:
    at_r1(project)
    env = (project.path / "migrations/env.py").read_text()
    project.write("migrations/env.py", ASKED + env)

    def asked(revisions: int) -> int:
        for number in range(revisions):
            lines = [f'op.create_table("more{number}{letter}", sa.Column("a", sa.Integer))\n' for letter in "abc"]
            drops = [f'op.drop_table("more{number}{letter}")\n' for letter in "abc"]
            down = f"n{number - 1}" if number else "r1"
            project.revision(f"n{number}", "".join(lines), "".join(drops), down=down)
        done = project.alembic("upgrade", "head")
        assert done.returncode == 0, done.stderr
        assert project.alembic("downgrade", "r1").returncode == 0
        return done.stdout.count("asked which transaction")

    assert 0 < asked(1) == asked(6)


@pytest.mark.parametrize("driver", ["psycopg2", "asyncpg"])
def test_a_driver_that_opens_no_transaction_after_a_commit_in_sql(project: Project, driver: str) -> None:
    before = at_r1(on(project, driver))
    project.revision(
        "r2", 'op.execute("COMMIT")\n' + UNSEEN, 'op.add_column("object_images", sa.Column("primary_image", sa.Text))'
    )
    said = holds(project, before, project.alembic("upgrade", "head"))
    assert "The schema has already changed, for good" in said
    goes_back(project, said)


def test_without_transactions_each_revision_is_judged_at_its_end(project: Project) -> None:
    before = at_r1(on(project, "psycopg", "none"))
    project.revision("r2", UNSEEN, ADD)
    project.revision("r3", 'op.create_table("extra", sa.Column("a", sa.Integer))')
    said = holds(project, before, project.alembic("upgrade", "head"))
    assert versions(project) == ["r2"]
    assert "To undo r2: `alembic downgrade r1`" in said
    goes_back(project, said)


def test_what_came_before_an_own_commit_is_not_called_rolled_back(project: Project) -> None:
    before = at_r1(project)
    project.revision("r2", EXTRA + 'op.execute("COMMIT")\n' + UNSEEN)
    said = holds(project, before, project.alembic("upgrade", "head"))
    assert "Revision r2 committed by itself at migrations/versions/r2.py:15" in said
    assert "What came after the last commit is rolled back." in said
    assert is_held(project)
    assert project.sql("SELECT to_regclass('extra') IS NOT NULL") == [(True,)]


def test_a_script_that_commits_and_fails_is_reported(project: Project) -> None:
    before = at_r1(project)
    project.revision("r2", UNSEEN + CURSOR + '\nraise ValueError("afterwards")')
    done = project.alembic("upgrade", "head")
    said = holds(project, before, done)
    assert "Revision r2 committed by itself" in said
    goes_back(project, said)


def test_a_script_that_fails_for_its_own_reasons_fails_as_ever(project: Project) -> None:
    before = at_r1(project)
    project.revision("r2", EXTRA + 'raise ValueError("mine")')
    done = project.alembic("upgrade", "head")
    assert "ValueError: mine" in done.stderr
    assert "Refused" not in done.stderr
    assert state(project) == before


@pytest.mark.parametrize("how", ["engine", "process"])
def test_other_connections_of_a_script_are_found(project: Project, how: str) -> None:
    before = at_r1(project)
    drop = "ALTER TABLE object_images DROP COLUMN primary_image"
    upgrade = f'with op.get_bind().engine.begin() as other:\n    other.execute(sa.text("{drop}"))'
    if how == "process":
        connect = "psycopg.connect(os.environ['PLAIN'], autocommit=True)"
        code = f"import os, psycopg; {connect}.execute('{drop}').connection.close()"
        project.environment["PLAIN"] = project.database.replace("+psycopg", "")
        upgrade = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {code!r}], check=True)"
    project.revision("r2", upgrade)
    done = project.alembic("upgrade", "head", env={"ALEMBIC_CONTRACTS_ENFORCE": "introduced"})
    if "Nothing was run" in refusal(done):
        assert state(project) == before
        return
    said = holds(project, before, done)
    assert "by another session" in " ".join(done.stderr.split())
    assert ("migrations/versions/r2.py:15" in said) == (how == "engine")
    goes_back(project, said)


def test_an_autocommit_block_is_told_by_its_line(project: Project) -> None:
    before = at_r1(project)
    block = "with op.get_context().autocommit_block():\n" + textwrap.indent(textwrap.dedent(UNSEEN).strip(), "    ")
    project.revision("r2", EXTRA + block)
    said = holds(project, before, project.alembic("upgrade", "head"))
    assert "Revision r2 committed by itself at migrations/versions/r2.py:15" in said
    goes_back(project, said)


def test_valid_migrations_with_commits_of_their_own_run(project: Project) -> None:
    at_r1(project)
    project.revision(
        "r2",
        EXTRA
        + f"""
        op.execute("COMMIT")
        op.add_column("extra", sa.Column("b", sa.Text))
        {DRIVER}.commit()
        op.execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
        op.execute("CREATE TABLE more (a int); COMMIT; CREATE TABLE most (a int)")
        """.replace("\n        ", "\n"),
    )
    done = project.alembic("upgrade", "head")
    assert done.returncode == 0, done.stderr
    assert versions(project) == ["r2"]
    assert project.sql("SELECT to_regclass('most') IS NOT NULL, to_regclass('more') IS NOT NULL") == [(True, True)]


def test_what_a_script_mends_after_a_refused_commit_is_kept(project: Project) -> None:
    at_r1(project)
    swallowed = 'try:\n    op.execute("COMMIT")\nexcept Exception as error:\n    print(type(error).__name__)\n'
    project.revision("r2", UNSEEN + swallowed + ADD)
    done = project.alembic("upgrade", "head")
    assert done.returncode == 0, done.stderr
    assert "Refused" in done.stdout
    assert is_held(project)
    assert versions(project) == ["r2"]


def test_what_is_new_is_dropped_before_it_is_made_again(project: Project) -> None:
    """Nothing is lost, so that nothing has to come from a backup."""
    project.contract("object_images", CONTRACT)
    project.revision("r1", f"{CREATE}\n{CURSOR}", 'op.drop_table("object_images")')
    project.revision("r2", UNSEEN)
    said = refusal(project.alembic("upgrade", "head"))
    assert "Revision r1 committed by itself" in said
    assert "backup" not in said
    assert "Run again, r1 meets what it has done itself: that has to be put back before, " in said
    assert "and public.object_images dropped." in said
    project.revision("r2", ADD.replace("primary", "second"), down="r1")
    assert "already exists" in project.alembic("upgrade", "head").stderr
    project.sql("DROP TABLE public.object_images")
    done = project.alembic("upgrade", "head")
    assert done.returncode == 0, done.stderr
    assert versions(project) == ["r2"]


@pytest.mark.parametrize(
    "options",
    [
        'isolation_level="AUTOCOMMIT"',
        'execution_options={"isolation_level": "AUTOCOMMIT"}',
        'connect_args={"autocommit": True}',
    ],
)
def test_each_statement_on_its_own_is_foreseen(project: Project, options: str) -> None:
    before = at_r1(project)
    env = (project.path / "migrations/env.py").read_text()
    project.write("migrations/env.py", env.replace("poolclass=NullPool)", f"poolclass=NullPool, {options})"))
    project.revision("r2", f'op.drop_column("object_images", "primary_image")\n{ADD}')
    done = project.alembic("upgrade", "head")
    assert "Nothing was run" in holds(project, before, done)
    assert state(project) == before


@pytest.mark.parametrize(
    "options", ['isolation_level="AUTOCOMMIT"', 'execution_options={"isolation_level": "AUTOCOMMIT"}']
)
def test_behind_a_block_alembic_leaves_a_transaction(project: Project, options: str) -> None:
    at_r1(project)
    env = (project.path / "migrations/env.py").read_text()
    project.write("migrations/env.py", env.replace("poolclass=NullPool)", f"poolclass=NullPool, {options})"))
    block = 'with op.get_context().autocommit_block():\n    op.execute("SELECT 1")\n'
    project.revision(
        "r2", f'{block}with op.get_bind().begin_nested():\n    op.execute("CREATE TABLE made (a integer)")'
    )
    checked = project.alembic("check-contracts")
    assert checked.returncode == 0, checked.stdout
    assert project.alembic("upgrade", "head").returncode == 0
    project.revision("r3", f'{block}op.execute("CREATE INDEX CONCURRENTLY by_a ON made (a)")')
    reason = "CREATE INDEX CONCURRENTLY cannot run inside a transaction block"
    assert reason in " ".join(project.alembic("check-contracts").stdout.split())
    assert reason in " ".join(project.alembic("upgrade", "head").stderr.split())
