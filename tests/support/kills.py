"""Upgrades that are ended at any moment, and what the database shows afterwards.

A project of four pending revisions is upgraded in each of four transaction modes. At a moment of it, counted in
statements and commits or in time, its process is killed, or the server, or its session, or a time limit strikes, or the
disk is full. An upgrade that nothing happens to shows which states it commits: any other one is wrong afterwards. Every
contract has to be kept, and the next upgrade has to come to the same end.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa
from alembic.config import main

from alembic_contracts.testing import Contracts
from tests.support.cluster import Cluster
from tests.support.project import Project

Mode = Literal["one transaction", "one a revision", "autocommit blocks", "AUTOCOMMIT"]
MODES: tuple[Mode, ...] = ("one transaction", "one a revision", "autocommit blocks", "AUTOCOMMIT")

ENV = '''\
import os
import signal

from alembic import context
from sqlalchemy import NullPool, create_engine, event

import alembic_contracts

url = os.environ["DATABASE_URL"]
moment, strike_at = 0, int(os.environ.get("STRIKE_AT", "-1"))
engine = create_engine(url, poolclass=NullPool, **{engine})
other = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")


def tick(*_):
    """One more moment is over: between two of them nothing happens in the session."""
    global moment
    moment += 1
    if "STATES" in os.environ:
        from tests.support.kills import note_state

        note_state(other, os.environ["STATES"])
    if moment == strike_at:
        strike(os.environ["STRIKE"])


def strike(what):
    if what == "client":
        os.kill(os.getpid(), signal.SIGKILL)
    elif what == "server":
        os.kill(int(os.environ["SERVER"]), signal.SIGKILL)
    else:
        with other.connect() as connection:
            connection.exec_driver_sql(f"SELECT pg_terminate_backend({{pid}}, 5000)")


with engine.connect() as connection:
    pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
    connection.rollback()
    commit = connection.dialect.do_commit

    def do_commit(driver):
        tick()  # after the guard has looked, before the server knows
        commit(driver)
        tick()

    connection.dialect.do_commit = do_commit
    event.listen(connection, "before_cursor_execute", tick)
    event.listen(connection, "after_cursor_execute", tick)
    event.listen(connection, "commit", tick)  # before the guard looks
    context.configure(connection=connection, transaction_per_migration={each})
    with context.begin_transaction(), alembic_contracts.guard(context):
        context.run_migrations()
'''
BASE = """
op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text, nullable=False),
                sa.Column("price", sa.Integer, sa.CheckConstraint("price > 0", name="positive")),
                sa.Column("old", sa.Text), sa.Column("size", sa.Integer))
op.execute("INSERT INTO t SELECT i, 'name ' || i, i FROM generate_series(1, 200) AS i")
op.execute("CREATE VIEW v AS SELECT id, name FROM t")
"""
IN_TRANSACTIONS = (
    """
op.add_column("t", sa.Column("note", sa.Text))
op.execute("UPDATE t SET note = name")
op.create_table("audit", sa.Column("id", sa.Integer, primary_key=True), sa.Column("what", sa.Text))
op.execute("INSERT INTO audit SELECT i, repeat('x', 1000) FROM generate_series(1, 100) AS i")
""",
    """
op.execute("DROP VIEW v")
op.alter_column("t", "name", new_column_name="label")
op.execute("UPDATE t SET label = label || '!'")
op.alter_column("t", "label", new_column_name="name")
op.execute("CREATE VIEW v AS SELECT id, name FROM t")
""",
    """
op.create_index("by_name", "t", ["name"])
op.alter_column("t", "size", type_=sa.BigInteger)
""",
    """
op.drop_column("t", "old")
op.execute("ALTER TABLE t DROP CONSTRAINT positive")
op.create_check_constraint("positive", "t", "price > 0")
op.execute("DELETE FROM audit WHERE id > 50")
""",
)
BLOCK = """
with op.get_context().autocommit_block():
    op.execute("DROP INDEX CONCURRENTLY IF EXISTS by_name")
    op.execute("CREATE INDEX CONCURRENTLY by_name ON t (name)")
    op.execute("ALTER TABLE t ALTER size TYPE bigint")
"""
BY_THEMSELVES = (
    """
op.execute("ALTER TABLE t ADD COLUMN IF NOT EXISTS note text")
op.execute("UPDATE t SET note = name")
op.execute("CREATE TABLE IF NOT EXISTS audit (id int PRIMARY KEY, what text)")
op.execute("INSERT INTO audit SELECT i, repeat('x', 1000) FROM generate_series(1, 100) AS i ON CONFLICT DO NOTHING")
""",
    """
op.execute("CREATE OR REPLACE VIEW v AS SELECT id, name FROM t WHERE true")
op.execute("UPDATE t SET note = name || '!'")
""",
    BLOCK,
    """
op.execute("ALTER TABLE t DROP COLUMN IF EXISTS old")
op.execute("ALTER TABLE t DROP CONSTRAINT IF EXISTS positive, ADD CONSTRAINT positive CHECK (price > 0)")
op.execute("DELETE FROM audit WHERE id > 50")
""",
)
"""Where statements commit one by one, scripts have to be such that they can be run again, guard or no guard."""


def _contract(table: str, columns: dict[str, dict[str, Any]], **more: Any) -> dict[str, Any]:
    properties = {name: {"constraints": facts} for name, facts in columns.items()}
    schema = {"table_schema": "public", "table_name": table, "properties": properties, **more}
    return {
        "spec-version": "1.0.0",
        "name": table,
        "namespace": "kills",
        "owner": {"name": "Readers"},
        "schema": schema,
    }


CONTRACTS = {
    "t": _contract(
        "t",
        {
            "id": {"primaryKey": True, "data_type": "integer"},
            "name": {"data_type": "text", "is_nullable": False},
            "price": {},
        },
    ),
    "v": _contract("v", {"id": {"data_type": "integer"}, "name": {"data_type": "text"}}),
}
STATE = """
    SELECT string_agg(part, E'\\n' ORDER BY part) FROM (
        SELECT concat_ws(' ', relname, relkind, attname, format_type(atttypid, atttypmod), attnotnull) AS part
        FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
        WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
        UNION ALL
        SELECT concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid), convalidated)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        UNION ALL
        SELECT concat_ws(' ', pg_get_indexdef(indexrelid), indisvalid, indisready)
        FROM pg_index WHERE indrelid >= 16384 AND indexrelid::regclass::text !~ '^pg_toast'
        UNION ALL
        SELECT pg_get_viewdef(oid) FROM pg_class WHERE relkind = 'v' AND relnamespace = 'public'::regnamespace
    ) AS parts
"""


def state_of(engine: sa.Engine) -> str:
    """Schema, revision and rows, as a session sees them that waits for nobody for long."""
    with engine.connect() as connection:
        connection.exec_driver_sql("SET lock_timeout = '200ms'")
        schema = connection.exec_driver_sql(STATE).scalar_one()
        rows = [tuple(row) for row in connection.exec_driver_sql("SELECT * FROM alembic_version")]
        rows.append(tuple(connection.exec_driver_sql("SELECT count(*), max(name) FROM t").one()))
        if connection.exec_driver_sql("SELECT to_regclass('audit')").scalar() is not None:
            rows.append(tuple(connection.exec_driver_sql("SELECT count(*) FROM audit").one()))
    return f"{schema}\n{rows}"


def note_state(engine: sa.Engine, file: str) -> None:
    """Write down the state that others see at a moment; nothing while a transaction hides it."""
    try:
        found = state_of(engine)
    except sa.exc.OperationalError:
        found = ""
    with Path(file).open("a") as lines:
        lines.write(json.dumps(found) + "\n")


@dataclass
class Outcome:
    """What came of some upgrades."""

    tried: int = 0
    ended: int = 0
    """Upgrades that did not come to their end."""
    bad: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.tried:5} tried, {self.ended:5} ended early, {len(self.bad):3} bad"


class Bench:
    """One transaction mode on one cluster."""

    def __init__(self, cluster: Cluster, mode: Mode, folder: Path, disk: Path | None = None) -> None:
        self.cluster, self.mode, self.number, self._options = cluster, mode, 0, ""
        self.template = f"template_{'disk_' if disk is not None else ''}" + "".join(filter(str.isalpha, mode)).lower()
        if disk is not None:
            self._options = " TABLESPACE small"
            if mode == MODES[0]:
                cluster.give(disk)
                self._run_sql(cluster.url(), f"CREATE TABLESPACE small LOCATION '{disk}'")
        self._run_sql(cluster.url(), f"CREATE DATABASE {self.template}")
        self.project = self._project(folder)
        self._begin()
        self.allowed, self.moments = self._unharmed()
        began = time.monotonic()
        with self.database() as name:
            assert self.upgrade(name) == 0
        self.seconds = time.monotonic() - began

    def _begin(self) -> None:
        """Bring the template to the first revision, in this process: upgrades begin with all that it has loaded."""
        environment, folder = dict(os.environ), Path.cwd()
        os.environ["DATABASE_URL"] = self.cluster.url(self.template)
        os.chdir(self.project.path)
        try:
            main(["upgrade", "r1"])
            with suppress(SystemExit):
                main(["check-contracts", "--output", os.devnull])
        finally:
            os.chdir(folder)
            os.environ.clear()
            os.environ.update(environment)

    def _project(self, folder: Path) -> Project:
        project = Project.create(folder, self.cluster.url(self.template))
        engine = {"isolation_level": "AUTOCOMMIT"} if self.mode == "AUTOCOMMIT" else {}
        each = self.mode in ("one a revision", "autocommit blocks")
        project.write("migrations/env.py", ENV.format(engine=engine, each=each))
        scripts = list(BY_THEMSELVES if self.mode == "AUTOCOMMIT" else IN_TRANSACTIONS)
        if self.mode == "autocommit blocks":
            scripts[2] = BLOCK
        project.revision("r1", BASE)
        for number, script in enumerate(scripts, start=2):
            project.revision(f"r{number}", script)
        for name, contract in CONTRACTS.items():
            project.contract(name, contract)
        return project

    @contextmanager
    def database(self) -> Iterator[str]:
        """The name of a new database at the first revision."""
        self.number += 1
        name = f"{self.template.removeprefix('template_')}_{self.number}"
        self._run_sql(self.cluster.url(), f"CREATE DATABASE {name} TEMPLATE {self.template}{self._options}")
        try:
            yield name
        finally:
            self._run_sql(self.cluster.url(), f"DROP DATABASE {name} WITH (FORCE)")

    def _unharmed(self) -> tuple[set[str], int]:
        """Run an upgrade to its end, and return the states that others can see meanwhile, and the number of moments."""
        file = self.project.path / "states"
        with self.database() as name:
            states = {self.state(name)}
            assert self.upgrade(name, STATES=str(file)) == 0, self.said()
            states.add(self.state(name))
        noted = [json.loads(line) for line in file.read_text().splitlines()]
        return states | set(filter(None, noted)), len(noted)

    # -- one upgrade -------------------------------------------------------------------------------------------------

    def start(self, database: str, to: str = "head", **environment: str) -> int:
        """Start an upgrade in a process of its own, which has all modules already; returns its number."""
        pid = os.fork()
        if pid:
            return pid
        try:
            os.setsid()
            out = os.open(self.project.path / "out", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(out, 1)
            os.dup2(out, 2)
            # Those of this moment may be pytest's.
            sys.stdout, sys.stderr = (os.fdopen(number, "w", buffering=1, closefd=False) for number in (1, 2))
            url = self.cluster.url(database)
            os.environ.update({"DATABASE_URL": url, "ALEMBIC_CONTRACTS_LOCK_TIMEOUT": "20", **environment})
            os.chdir(self.project.path)
            main(["upgrade", to])
        except SystemExit as error:
            os._exit(error.code if isinstance(error.code, int) else 1)
        except BaseException:  # noqa: BLE001 - this process must not go on as the parent
            import traceback

            traceback.print_exc()
            os._exit(99)
        os._exit(0)

    def upgrade(self, database: str, to: str = "head", **environment: str) -> int:
        """Run an upgrade to its end; returns its exit code, negative for a signal."""
        return os.waitstatus_to_exitcode(os.waitpid(self.start(database, to, **environment), 0)[1])

    def said(self) -> str:
        """What the last upgrade has written."""
        return (self.project.path / "out").read_text(errors="replace")

    # -- what is there afterwards -------------------------------------------------------------------------------------

    def state(self, database: str) -> str:
        """Schema, revision and rows, as another session sees them."""
        return state_of(self._engine(database))

    def judge(self, database: str, outcome: Outcome, what: str) -> None:
        """Look at what an upgrade has left, and let the next one go on."""
        self.await_alone(database)
        found = self.state(database)
        if not self._is_allowed(found):
            outcome.bad.append(f"{self.mode}, {what}: a state that no upgrade commits\n{found}\n{self.said()}")
        report = Contracts(self.project.path, None, ()).check(self._engine(database))
        if report.status != "kept":
            outcome.bad.append(f"{self.mode}, {what}: contracts are {report.status}\n{found}")
        if self.upgrade(database) != 0:
            outcome.bad.append(f"{self.mode}, {what}: the next upgrade fails\n{found}\n{self.said()}")
        elif "'r5'" not in (end := self.state(database)) or end not in self.allowed:
            outcome.bad.append(f"{self.mode}, {what}: the next upgrade ends elsewhere\n{end}")

    def _is_allowed(self, state: str) -> bool:
        # What CREATE INDEX CONCURRENTLY leaves when it is ended is an index that is not valid, with or without a guard.
        return state in self.allowed or any(state == each for each in self._with_index_in_the_making())

    def _with_index_in_the_making(self) -> Iterator[str]:
        if self.mode not in ("autocommit blocks", "AUTOCOMMIT"):
            return
        index = "CREATE INDEX by_name ON public.t USING btree (name) t t"
        for state in self.allowed:
            if index in state:
                for valid in ("f t", "f f"):
                    yield state.replace(index, f"{index[:-3]}{valid}")

    def close(self) -> None:
        """Take away what holds on to the small disk, if it has one."""
        if self._options:
            self._run_sql(self.cluster.url(), f"DROP DATABASE {self.template} WITH (FORCE)")
            self._run_sql(self.cluster.url(), "DROP TABLESPACE small")

    def run(self, database: str, statement: str) -> None:
        """Run a statement."""
        self._run_sql(self.cluster.url(database), statement)

    def await_alone(self, database: str) -> None:
        """Wait until the session of a process that was killed is gone."""
        others = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}'"
        with self._engine("postgres").connect() as connection:
            for _ in range(600):
                if connection.exec_driver_sql(others).scalar_one() == 0:
                    return
                time.sleep(0.02)
                connection.rollback()
        raise AssertionError("a session does not end")

    def _engine(self, database: str) -> sa.Engine:
        return sa.create_engine(self.cluster.url(database), poolclass=sa.NullPool)

    def _run_sql(self, url: str, statement: str) -> None:
        engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)
