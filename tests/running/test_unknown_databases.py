"""A kind of database that nobody knows: held where it can be read, left alone where it cannot, never locked out."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.support.aborting import PREAMBLE
from tests.support.project import ENV, Project

CREATE = 'op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("c", sa.String(20)))'
NOTE = "note: Where version scripts lead on aborting is not known before they run there. "
UNREAD = f"{NOTE}What aborting has of the tables cannot be read either: "
UNCHECKED = " This run goes on unchecked."
EMPTY = "it has no table to try that on, and says of one that is not there: "
UNREADABLE = {
    "fails=columns": (f"{EMPTY}no such table: pg_collation", "no such table: pg_collation"),
    "fails=columns&how=untold": ("SQLAlchemy's dialect for it does not tell",) * 2,
    "fails=columns&how=mistaken": (
        f"{EMPTY}'NoneType' object has no attribute 'oid'",
        "'NoneType' object has no attribute 'oid'",
    ),
    "fails=table_names": ("SQLAlchemy's dialect for it does not tell",) * 2,
}


@pytest.fixture
def shop(tmp_path: Path) -> Project:
    """A project whose contract is about PostgreSQL."""
    project = Project.create(tmp_path / "project", f"aborting:///{tmp_path / 'database.db'}")
    project.write("migrations/env.py", PREAMBLE + ENV)
    project.environment["PYTHONPATH"] = str(Path(__file__).parents[2])
    project.environment["COLUMNS"] = "400"
    project.contract(
        "t",
        {
            "spec-version": "1.0.0",
            "name": "t",
            "namespace": "shop",
            "owner": {"name": "Sales", "email": "sales@shop.org"},
            "schema": {"table_name": "t", "properties": {"c": {"constraints": {"data_type": "character varying"}}}},
        },
    )
    project.revision("r1", CREATE)
    return project


def there(shop: Project) -> tuple[list[str], list[str]]:
    """Columns of the table, and what the version table has."""
    with sqlite3.connect(shop.path.parent / "database.db") as connection:
        columns = [str(row[1]) for row in connection.execute("PRAGMA table_info(t)")]
        return columns, [str(row[0]) for row in connection.execute("SELECT version_num FROM alembic_version")]


def ask(shop: Project, how: str) -> None:
    shop.environment["DATABASE_URL"] = f"{shop.database}?{how}"


@pytest.mark.parametrize("transactional", [True, False])
def test_what_can_be_read_is_held_without_savepoints(transactional: bool, shop: Project) -> None:
    configured = f"context.configure(transactional_ddl={transactional}, connection"
    shop.write("migrations/env.py", PREAMBLE + ENV.replace("context.configure(connection", configured))
    done = shop.alembic("upgrade", "head")
    assert (done.returncode, done.stderr) == (0, f"{NOTE}What results is looked at before each commit.\n")
    shop.revision("r2", 'op.drop_column("t", "c")')
    done = shop.alembic("upgrade", "head")
    assert done.returncode == 255, done.stderr
    assert "error[column-exists]" in done.stderr
    assert (
        "The transaction is rolled back; whether this kind of database takes back changes of the schema with it is not "
        "known. The contracted tables and the version table were read again, and are as before." in done.stderr
    )
    assert "already changed" not in done.stderr
    assert "not seen" not in done.stderr
    assert "PREPARE" not in done.stderr
    assert there(shop) == (["id", "c"], ["r1"])


@pytest.mark.parametrize("how", UNREADABLE)
def test_what_cannot_be_read_is_said_once_and_counts_as_nothing(how: str, shop: Project) -> None:
    ask(shop, how)
    shop.revision("r2", 'op.add_column("t", sa.Column("d", sa.Integer))')
    done = shop.alembic("upgrade", "head")
    assert (done.returncode, done.stderr) == (0, f"{UNREAD}{UNREADABLE[how][0]}.{UNCHECKED}\n")
    assert there(shop) == (["id", "c", "d"], ["r2"])
    shop.revision("r3", 'op.drop_column("t", "c")')  # with a table that is there to be asked about
    done = shop.alembic("upgrade", "head")
    assert (done.returncode, done.stderr) == (0, f"{UNREAD}{UNREADABLE[how][1]}.{UNCHECKED}\n")
    assert there(shop) == (["id", "d"], ["r3"])


@pytest.mark.parametrize("setting", ["ENFORCE=report", "ELSEWHERE=off", "ELSEWHERE=warn", "ENFORCE=strict"])
def test_it_is_so_in_every_setting(setting: str, shop: Project) -> None:
    ask(shop, "fails=columns")
    name, value = setting.split("=")
    done = shop.alembic("upgrade", "head", env={f"ALEMBIC_CONTRACTS_{name}": value})
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    assert there(shop) == (["id", "c"], ["r1"])


def test_commands_say_that_nothing_is_held_there(shop: Project) -> None:
    ask(shop, "fails=columns")
    assert shop.alembic("upgrade", "head").returncode == 0
    check = shop.alembic("check-contracts")
    assert check.returncode == 0, check.stdout + check.stderr
    said = " ".join(check.stdout.split())
    assert "What aborting has of the tables cannot be read: no such table: pg_collation." in said
    assert "Nothing was checked" in said
    doctor = shop.cli("doctor")
    assert "no contract is held on aborting: what it has of the tables cannot be read" in doctor.stdout
    assert "looked at before each commit" not in doctor.stdout


@pytest.mark.parametrize("how", ["untold", "mistaken"])
def test_a_look_that_fails_at_the_commit_alone_holds_nothing_up(how: str, shop: Project) -> None:
    ask(shop, f"fails=columns&how={how}&seen=t")
    done = shop.alembic("upgrade", "head")
    assert done.returncode == 0, done.stderr
    assert "note: No data contract was checked before a commit, which goes on all the same. " in done.stderr
    assert "ended its transaction" not in done.stderr
    assert "are kept" not in done.stderr + done.stdout
    assert there(shop) == (["id", "c"], ["r1"])


def test_a_contracted_table_that_cannot_be_read_is_found_out_before_anything_runs(shop: Project) -> None:
    assert shop.alembic("upgrade", "head").returncode == 0
    shop.revision("r2", 'op.add_column("t", sa.Column("d", sa.Integer))')
    ask(shop, "fails=foreign_keys&seen=t")
    done = shop.alembic("upgrade", "head")
    assert (done.returncode, done.stderr) == (0, f"{UNREAD}no such table: pg_collation.{UNCHECKED}\n")
    assert there(shop) == (["id", "c", "d"], ["r2"])


@pytest.mark.parametrize("pool", ["StaticPool", "SingletonThreadPool", "QueuePool, pool_size=1, max_overflow=0"])
def test_pools_that_have_one_connection_lose_nothing(pool: str, shop: Project) -> None:
    env = PREAMBLE + ENV.replace("NullPool, create_engine", f"{pool.partition(',')[0]}, create_engine")
    shop.write("migrations/env.py", env.replace("poolclass=NullPool", f"poolclass={pool}"))
    for how in ("", "fails=columns"):
        ask(shop, how)
        shop.revision(f"r{len(how)}", 'op.add_column("t", sa.Column("d", sa.Integer))' if how else "pass")
        done = shop.alembic("upgrade", "head")
        assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    assert there(shop)[0] == ["id", "c", "d"]


def test_a_driver_s_connection_that_is_shared_is_left_alone(shop: Project, tmp_path: Path) -> None:
    shared = f"import sqlite3\nshared = sqlite3.connect({str(tmp_path / 'database.db')!r}, check_same_thread=False)\n"
    env = ENV.replace("poolclass=NullPool", "poolclass=NullPool, creator=lambda: shared")
    shop.write("migrations/env.py", PREAMBLE + shared + env)
    done = shop.alembic("upgrade", "head")
    assert (done.returncode, done.stderr) == (0, f"{UNREAD}there is no second connection to try it on.{UNCHECKED}\n")
    assert there(shop) == (["id", "c"], ["r1"])
