"""Scripts that end an upgrade with what is no ``Exception``: what stays is said, and the exception goes on."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.running.test_own_commits import ADD, CURSOR, EXTRA, on
from tests.support.aftermath import at_r1, goes_back, holds, is_held, versions
from tests.support.object_images import UNSEEN, state

if TYPE_CHECKING:
    from tests.support.project import Project

RAISES = {
    "CancelledError": "import asyncio\nraise asyncio.CancelledError",
    "GeneratorExit": "raise GeneratorExit",
    "SystemExit": "raise SystemExit(0)",
    "KeyboardInterrupt": "import os, signal\nos.kill(os.getpid(), signal.SIGINT)",
    "Own": "class Own(BaseException): pass\nraise Own",
}


@pytest.mark.parametrize("mode", ["one", "each", "none"])
@pytest.mark.parametrize("name", RAISES)
def test_what_stays_is_told_before_it_goes_on(project: Project, name: str, mode: str) -> None:
    before = at_r1(on(project, "psycopg", mode))
    # What comes after the script's own commit is rolled back, where there is a transaction.
    after = 'op.create_table("after", sa.Column("a", sa.Integer))\n'
    project.revision("r2", EXTRA + UNSEEN + CURSOR + "\n" + after + RAISES[name], ADD)
    done = project.alembic("upgrade", "head")
    said = holds(project, before, done)
    if mode == "none":
        assert "each statement committed by itself" in said
    else:
        assert "Revision r2 committed by itself after migrations/versions/r2.py:16" in said
    assert project.sql("SELECT to_regclass('after') IS NOT NULL") == [(mode == "none",)]
    assert versions(project) == ["r1"]
    assert not is_held(project)
    assert "column-exists" in done.stderr
    if name == "KeyboardInterrupt":
        assert done.returncode in (1, -signal.SIGINT, 128 + signal.SIGINT)
    assert name == "SystemExit" or name in done.stderr.splitlines()[-1]
    goes_back(project, said)


@pytest.mark.parametrize("mode", ["one", "none"])
@pytest.mark.parametrize("way", ["raise ValueError", RAISES["CancelledError"]])
def test_so_it_is_in_a_transaction_that_env_py_has_begun(project: Project, mode: str, way: str) -> None:
    before = at_r1(on(project, "psycopg", mode))
    env = (project.path / "migrations/env.py").read_text()
    configure = "        context.configure(connection"
    project.write("migrations/env.py", env.replace(configure, f"        connection.begin()\n{configure}"))
    project.revision("r2", UNSEEN + CURSOR + "\n" + EXTRA + way, ADD)
    done = project.alembic("upgrade", "head")
    said = holds(project, before, done)
    assert ("each statement committed by itself" if mode == "none" else "Revision r2 committed by itself") in said
    assert project.sql("SELECT to_regclass('extra') IS NOT NULL") == [(mode == "none",)]
    goes_back(project, said)


@pytest.mark.parametrize("mode", ["one", "each", "none"])
@pytest.mark.parametrize("name", ["CancelledError", "SystemExit"])
def test_it_goes_on_in_silence_where_nothing_is_broken(project: Project, name: str, mode: str) -> None:
    before = at_r1(on(project, "psycopg", mode))
    project.revision("r2", RAISES[name])
    done = project.alembic("upgrade", "head")
    assert "Refused" not in done.stderr
    assert name == "SystemExit" or name in done.stderr.splitlines()[-1]
    assert state(project) == before


@pytest.mark.parametrize("mode", ["one", "each"])
def test_a_task_that_is_cancelled_in_the_middle_of_a_statement(project: Project, mode: str) -> None:
    before = at_r1(on(project, "asyncpg", mode))
    env = (project.path / "migrations/env.py").read_text()
    limited = "await asyncio.wait_for(connection.run_sync(migrate), 5)"
    assert "await connection.run_sync(migrate)" in env
    project.write("migrations/env.py", env.replace("await connection.run_sync(migrate)", limited))
    way = "op.get_bind().connection.dbapi_connection.commit()\n"
    project.revision("r2", UNSEEN + way + 'op.execute("SELECT pg_sleep(30)")')
    done = project.alembic("upgrade", "head")
    said = holds(project, before, done)
    assert "Revision r2 committed by itself" in said
    assert "TimeoutError" in done.stderr
    goes_back(project, said)
