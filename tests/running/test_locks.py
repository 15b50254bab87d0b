"""Locks: none of ours stays, and none of others' is waited for without limit; real processes side by side."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from tests.support.project import ENV, Project

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

TABLES = (
    "CREATE TABLE a (id int PRIMARY KEY, price int NOT NULL CHECK (price > 0))",
    "ALTER TABLE a ADD twice int GENERATED ALWAYS AS (price * 2) STORED",
    "CREATE TABLE b (id int PRIMARY KEY, name text NOT NULL CHECK (name <> ''), unnamed int)",
    "CREATE INDEX short_names ON b (lower(name)) WHERE id > 10",
    "CREATE VIEW va AS SELECT id, price FROM a",
    "CREATE VIEW vb AS SELECT id, name FROM b WHERE id > 0",
)
COLUMNS = {"a": ("id", "price", "twice"), "b": ("id", "name"), "va": ("id", "price"), "vb": ("id", "name")}
CHECKS = {"a": ["price > 0"], "b": ["name <> ''::text"]}


def contract(table: str) -> dict[str, Any]:
    properties = {
        name: {"constraints": {"is_updatable": True} if table.startswith("v") else {}} for name in COLUMNS[table]
    }
    schema: dict[str, Any] = {"table_schema": "public", "table_name": table, "properties": properties}
    if table in CHECKS:
        schema["checks"] = CHECKS[table]
    return {
        "spec-version": "1.0.0",
        "name": table,
        "namespace": "locks",
        "owner": {"name": "Readers"},
        "schema": schema,
    }


def service(path: Path, database: str, script: str) -> Project:
    """A project with a version table of its own, all contracts, and one pending revision."""
    project = Project.create(path, database)
    own = f"target_metadata=target_metadata, version_table='versions_{path.name}')"
    project.write("migrations/env.py", ENV.replace("target_metadata=target_metadata)", own))
    for table in COLUMNS:
        project.contract(table, contract(table))
    project.revision(f"{path.name}1", script)
    return project


def meet(barrier: int) -> str:
    """Where a script waits for the test."""
    return f'op.execute("SELECT pg_advisory_xact_lock_shared({barrier})")'


@pytest.fixture
def services(tmp_path: Path, database: str) -> tuple[Project, Project]:
    """Two services on one database. Their scripts wait at the barriers 1 and 2, before and after their change."""
    one, other = (
        service(
            tmp_path / name, database, f'{meet(1)}\nop.add_column("{name}", sa.Column("more", sa.Integer))\n{meet(2)}'
        )
        for name in ("a", "b")
    )
    one.sql(*TABLES)
    return one, other


class Upgrade(threading.Thread):
    """``alembic upgrade head`` in another process, beside the test."""

    def __init__(self, project: Project, **environment: str) -> None:
        super().__init__()
        self._project, self._environment = project, environment
        self.done: subprocess.CompletedProcess[str] | None = None
        self.start()

    def run(self) -> None:
        self.done = self._project.alembic("upgrade", "head", env=self._environment)

    def end(self) -> subprocess.CompletedProcess[str]:
        """Wait for its end."""
        self.join(timeout=110)
        assert self.done is not None, "it hangs"
        return self.done


class Barriers:
    """Keeps scripts from passing ``meet`` until they may."""

    def __init__(self, connection: sa.Connection, *closed: int) -> None:
        self.connection, self._closed = connection, set(closed)
        for barrier in closed:
            connection.exec_driver_sql(f"SELECT pg_advisory_lock({barrier})")

    def await_at(self, barrier: int, count: int = 1) -> None:
        """Wait until as many scripts are there."""
        self.await_waiting(f"locktype = 'advisory' AND objid = {barrier}", count)

    def await_waiting(self, condition: str, count: int = 1) -> None:
        here = "database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        statement = f"SELECT count(*) FROM pg_locks WHERE NOT granted AND {here} AND {condition}"
        for _ in range(600):
            if self.connection.exec_driver_sql(statement).scalar_one() >= count:
                return
            time.sleep(0.1)
        raise AssertionError(f"nobody waits: {condition}")

    def open(self, barrier: int) -> None:
        """Let all pass."""
        if barrier in self._closed:
            self._closed.remove(barrier)
            self.connection.exec_driver_sql(f"SELECT pg_advisory_unlock({barrier})")


@pytest.fixture
def barriers(database: str) -> Iterator[Barriers]:
    engine = sa.create_engine(database, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        yield Barriers(connection, 1, 2, 3)


@contextmanager
def locked(database: str, *statements: str) -> Iterator[int]:
    """Run statements in a transaction that is open while the body runs; yields the session's process."""
    engine = sa.create_engine(database, poolclass=sa.NullPool)
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
        yield connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        connection.rollback()


def kept(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stdout + done.stderr


def test_two_valid_migrations_at_once_both_succeed(services: tuple[Project, Project], barriers: Barriers) -> None:
    upgrades = [Upgrade(each) for each in services]
    for barrier in (1, 2):
        barriers.await_at(barrier, 2)
        barriers.open(barrier)
    for upgrade in upgrades:
        kept(upgrade.end())


def test_who_waits_for_a_migration_is_not_waited_for_at_its_end(
    services: tuple[Project, Project], barriers: Barriers
) -> None:
    """Both could only wait for each other: the second one has locked what the first one's contracts are about."""
    one, other = services
    other.revision("b1", f"{meet(3)}\nop.execute('LOCK TABLE b')\nop.execute('LOCK TABLE a')", down=None)
    first, second = Upgrade(one), Upgrade(other)
    barriers.await_at(1)
    barriers.await_at(3)
    barriers.open(1)
    barriers.await_at(2)
    barriers.open(3)
    barriers.await_waiting("locktype = 'relation'")
    barriers.open(2)
    kept(first.end())
    kept(second.end())


def test_a_long_migration_keeps_nobody_from_changing_another_contracted_table(
    services: tuple[Project, Project], barriers: Barriers
) -> None:
    """Neither in SQL nor under guard: what is locked is unproven before, and known to be the same at the end."""
    one, other = services
    first = Upgrade(one)
    barriers.await_at(1)
    barriers.open(1)
    barriers.await_at(2)
    barriers.connection.exec_driver_sql("SET lock_timeout = '5s'")
    barriers.connection.exec_driver_sql("ALTER TABLE b ADD unrelated int")
    barriers.connection.exec_driver_sql("CREATE OR REPLACE VIEW vb AS SELECT id, name FROM b WHERE id > 1")
    other.revision("b1", 'op.add_column("b", sa.Column("more", sa.Integer))', down=None)
    beside = Upgrade(other, ALEMBIC_CONTRACTS_LOCK_TIMEOUT="1")
    kept(beside.end())
    assert "public.a is locked by session" in " ".join(beside.end().stderr.split())
    barriers.open(2)
    kept(first.end())


def test_a_migration_of_what_is_locked_is_refused_or_not_by_what_it_leaves(
    services: tuple[Project, Project], barriers: Barriers
) -> None:
    """The lock is gone by then, so that all is known but what was there before, which has not changed but by itself."""
    one, other = services
    other.revision("b1", 'op.execute("ALTER TABLE a DROP CONSTRAINT a_price_check")', down=None)
    first = Upgrade(one)
    barriers.await_at(1)
    barriers.open(1)
    barriers.await_at(2)
    beside = Upgrade(other, ALEMBIC_CONTRACTS_LOCK_TIMEOUT="1")
    barriers.await_waiting("locktype = 'relation'")
    barriers.open(2)
    kept(first.end())
    assert beside.end().returncode != 0
    assert "has changed it since" in beside.end().stdout + beside.end().stderr
    assert one.sql("SELECT count(*) FROM pg_constraint WHERE conname = 'a_price_check'") == [(1,)]


def test_what_others_have_locked_is_waited_for_as_long_as_the_setting_says(services: tuple[Project, Project]) -> None:
    one, _ = services
    began = time.monotonic()
    with locked(one.database, "SET application_name = 'night job'", "LOCK TABLE b IN ACCESS EXCLUSIVE MODE") as pid:
        done = one.alembic("check-contracts", env={"ALEMBIC_CONTRACTS_LOCK_TIMEOUT": "1.5"})
    assert time.monotonic() - began < 30
    assert (done.returncode, done.stdout) == (2, "")
    told = done.stderr
    assert "could not be checked" in told
    assert f"session {pid} (" in told
    assert "application 'night job'" in told
    assert "public.b is locked" in told
    assert "Waited 1.5 s, as the setting lock_timeout says" in told
    assert "Traceback" not in told


def test_a_lock_that_is_given_back_in_time_is_waited_for_in_words(
    services: tuple[Project, Project], barriers: Barriers
) -> None:
    one, _ = services
    barriers.open(1)
    barriers.open(2)
    with locked(one.database, "LOCK TABLE b IN ACCESS EXCLUSIVE MODE") as pid:
        upgrade = Upgrade(one, ALEMBIC_CONTRACTS_LOCK_TIMEOUT="60")
        time.sleep(10)
    kept(upgrade.end())
    assert f"public.b is locked by session {pid}" in upgrade.end().stderr


def test_what_takes_no_lock_to_read_is_not_waited_for(tmp_path: Path, database: str) -> None:
    project = Project.create(tmp_path / "plain", database)
    project.contract(
        "t", {**contract("b"), "schema": {"table_schema": "public", "table_name": "t", "properties": {"id": {}}}}
    )
    project.revision("r1", 'op.create_table("other", sa.Column("id", sa.Integer))')
    project.sql("CREATE TABLE t (id int PRIMARY KEY)")
    with locked(database, "ALTER TABLE t DROP id"):
        kept(project.alembic("check-contracts", env={"ALEMBIC_CONTRACTS_LOCK_TIMEOUT": "0"}))
        kept(project.alembic("upgrade", "head", env={"ALEMBIC_CONTRACTS_LOCK_TIMEOUT": "0"}))


def paused(project: Project, barriers: Barriers, **environment: str) -> Upgrade:
    """An upgrade that has made its change and is about to commit."""
    upgrade = Upgrade(project, **environment)
    barriers.await_at(1)
    barriers.open(1)
    barriers.await_at(2)
    return upgrade


NEW_COLUMN = "SELECT count(*) FROM information_schema.columns WHERE column_name = 'more'"


def test_a_table_that_was_changed_and_is_locked_at_the_commit_could_not_be_checked(
    services: tuple[Project, Project], barriers: Barriers
) -> None:
    one, _ = services
    upgrade = paused(one, barriers, ALEMBIC_CONTRACTS_LOCK_TIMEOUT="1")
    barriers.connection.exec_driver_sql("ALTER TABLE b ADD CHECK (unnamed > 0)")
    with locked(one.database, "LOCK TABLE b IN ACCESS EXCLUSIVE MODE") as pid:
        barriers.open(2)
        done = upgrade.end()
    assert done.returncode != 0
    assert f"session {pid} (" in done.stdout + done.stderr
    assert one.sql(NEW_COLUMN) == [(0,)]


def test_what_another_session_has_committed_by_the_commit_is_judged(
    services: tuple[Project, Project], barriers: Barriers
) -> None:
    one, _ = services
    upgrade = paused(one, barriers)
    barriers.connection.exec_driver_sql("ALTER TABLE b DROP name CASCADE")
    barriers.open(2)
    done = upgrade.end()
    assert done.returncode != 0
    assert "column-exists" in done.stderr
    assert one.sql(NEW_COLUMN) == [(0,)]


def test_what_another_session_commits_later_is_not(services: tuple[Project, Project], barriers: Barriers) -> None:
    """Its change is no migration under guard; the next check says that the contract is broken."""
    one, _ = services
    engine = sa.create_engine(one.database, poolclass=sa.NullPool)
    with engine.connect() as other:
        upgrade = paused(one, barriers)
        other.exec_driver_sql("ALTER TABLE b DROP name CASCADE")
        barriers.open(2)
        kept(upgrade.end())
        other.commit()
    assert one.alembic("check-contracts").returncode == 1


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2", "pg8000"])
@pytest.mark.parametrize("isolation", ["READ COMMITTED", "SERIALIZABLE", "AUTOCOMMIT"])
def test_no_lock_stays_with_any_driver(database: str, driver: str, isolation: str) -> None:
    pytest.importorskip(driver)
    from alembic_contracts.dialects.postgresql import observe, sight, workings
    from alembic_contracts.schemas.schema import Name

    url = sa.make_url(database).set(drivername=f"postgresql+{driver}")
    if driver == "pg8000" and (folder := url.query.get("host")):
        url = url.set(query={"unix_sock": f"{folder}/.s.PGSQL.{url.port or 5432}"})
    engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level=isolation)
    locks = "SELECT relation::regclass::text FROM pg_locks WHERE pid = pg_backend_pid() AND relation >= 16384"
    state = (
        "SELECT pg_current_xact_id_if_assigned()::text, current_setting('lock_timeout'), now() < statement_timestamp()"
    )
    with engine.connect() as connection:
        for statement in TABLES:
            connection.exec_driver_sql(statement)
        connection.commit()
        if isolation == "AUTOCOMMIT":
            connection.exec_driver_sql("BEGIN")
        connection.exec_driver_sql("SELECT 1")
        names = [Name("public", name) for name in COLUMNS]
        assert set(observe(connection, names).tables) == set(names) == set(sight(connection, names, names).fingerprints)
        workings(connection)
        assert connection.exec_driver_sql(locks).all() == []
        assert [tuple(row) for row in connection.exec_driver_sql(state)] == [(None, "0", True)]
