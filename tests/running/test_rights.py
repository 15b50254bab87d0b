"""What the programs do on a server: with a role that may do nothing but connect, and as the server's log has it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from alembic_contracts.prediction.sql.parser import parse, walk
from tests.support.cluster import LOGS_ALL, Cluster
from tests.support.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SCHEMA = """
op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text, nullable=False),
                sa.Column("price", sa.Integer, sa.CheckConstraint("price > 0")),
                sa.Column("twice", sa.Integer, sa.Computed("price * 2")))
op.create_index("by_name", "t", [sa.text("lower(name)")], postgresql_where=sa.text("id > 10"))
op.execute("INSERT INTO t (id, name, price) VALUES (1, 'a secret', 2)")
op.execute("CREATE VIEW v AS SELECT id, name FROM t")
op.execute("CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'")
op.execute("CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW WHEN (new.id > 1) EXECUTE FUNCTION f()")
op.execute("CREATE TYPE mood AS ENUM ('sad', 'ok')")
op.execute("CREATE TABLE other (id int, mood mood)")
"""
PENDING = """
op.add_column("t", sa.Column("note", sa.Text))
if "other" in sa.inspect(op.get_bind()).get_table_names():
    op.drop_table("other")
"""
CONTRACT = {
    "spec-version": "1.0.0",
    "name": "t",
    "namespace": "rights",
    "owner": {"name": "Readers"},
    "schema": {
        "table_schema": "public",
        "table_name": "t",
        "properties": {"id": {"constraints": {"primaryKey": True}}, "name": {"constraints": {"data_type": "text"}}},
        "checks": ["price > 0"],
    },
}
LOOKS = (
    ("check-contracts",),
    ("cli", "check"),
    ("cli", "snapshot", "--output", "-"),
    ("cli", "coverage"),
    ("cli", "generate", "--stdout", "t", "v"),
    ("cli", "plan"),
    ("cli", "docs", "--output", "site"),
    ("cli", "doctor"),
)
"""Commands that look at a database."""
BY_ALEMBIC = re.compile(r"SELECT alembic_version\.version_num\s+FROM alembic_version")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A server that logs every statement, each with its user in front."""
    with Cluster(**LOGS_ALL) as cluster:
        yield cluster


@pytest.fixture
def project(cluster: Cluster, tmp_path: Path) -> Iterator[Project]:
    """A project with one revision applied and one pending."""
    engine = sa.create_engine(cluster.url(), poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE rights")
        project = Project.create(tmp_path / "project", cluster.url("rights"))
        project.contract("t", CONTRACT)
        project.revision("r1", SCHEMA)
        project.revision("r2", PENDING)
        assert project.alembic("upgrade", "r1").returncode == 0
        yield project
        connection.exec_driver_sql("DROP DATABASE rights WITH (FORCE)")


FOR_A_LOOK = "SET LOCAL jit = off"
"""What is taken back with its savepoint or transaction."""


def relations(statement: str) -> set[str]:
    """The relations that a statement names, without the catalog's (pg_ is reserved) and those that it makes itself."""
    found: set[str] = set()
    for each in parse(statement):
        nodes = [(node.DESCRIPTOR.name, node) for node in walk(each.node)]
        own = {node.ctename for kind, node in nodes if kind == "CommonTableExpr"}
        named = [node for kind, node in nodes if kind == "RangeVar" and node.schemaname != "pg_catalog"]
        found |= {node.relname for node in named if not node.relname.startswith("pg_")} - own
    return found


@pytest.mark.parametrize("command", LOOKS, ids=" ".join)
def test_a_role_that_may_only_connect_suffices(cluster: Cluster, project: Project, command: tuple[str, ...]) -> None:
    """But for the version table, which Alembic itself reads; a transaction that may not write is enough as well."""
    project.sql(
        "DROP ROLE IF EXISTS reader",
        "CREATE ROLE reader LOGIN",
        "ALTER ROLE reader SET default_transaction_read_only = on",
        "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM public",
        "GRANT SELECT ON alembic_version TO reader",
    )
    since = len(cluster.log.read_text())
    mine = {"DATABASE_URL": project.database.replace("postgres@", "reader@")}
    done = project.cli(*command[1:], env=mine) if command[0] == "cli" else project.alembic(*command, env=mine)
    project.sql("REVOKE ALL ON alembic_version FROM reader", "DROP ROLE reader")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "secret" not in done.stdout + done.stderr
    statements = [each for each in cluster.logged(since, "reader") if each != FOR_A_LOOK]
    assert any("pg_catalog.json_build_object" in statement for statement in statements), "it was looked at"
    for statement in statements:
        if not BY_ALEMBIC.match(statement):
            assert relations(statement) <= set(), statement
            kinds = {each.kind for each in parse(statement)}
            assert kinds <= {"select_stmt", "transaction_stmt", "variable_show_stmt"}, statement


def test_the_guard_adds_nothing_but_looks_at_the_catalog(cluster: Cluster, project: Project) -> None:
    since = len(cluster.log.read_text())
    assert project.alembic("upgrade", "head").returncode == 0
    statements = cluster.logged(since)
    done = [statement for statement in statements if relations(statement)]
    assert [statement.split(" WHERE")[0] for statement in done if not BY_ALEMBIC.match(statement)] == [
        "ALTER TABLE t ADD COLUMN note TEXT",
        "UPDATE alembic_version SET version_num='r2'",
    ]
    others = [
        statement for statement in statements if statement not in done and statement.strip() != "DROP TABLE other"
    ]
    assert sum("json_build_object" in statement for statement in others) == 3, "two before, and one at the commit"
    put_off = statements.index("SET CONSTRAINTS ALL IMMEDIATE")
    assert statements[put_off - 1] == "SAVEPOINT alembic_contracts"
    assert statements[put_off:].count("ROLLBACK TO SAVEPOINT alembic_contracts") == 2, "of the look, and around it"
    for statement in set(others) - {"SET CONSTRAINTS ALL IMMEDIATE", FOR_A_LOOK}:
        kinds = {each.kind for each in parse(statement)}
        # psycopg forgets what it has prepared after each ALTER, DROP and ROLLBACK.
        assert kinds <= {"select_stmt", "transaction_stmt", "variable_show_stmt", "deallocate_stmt"}, statement


def test_no_look_takes_more_than_access_share(project: Project) -> None:
    """Nor any lock on a user's relation that stays for longer than the look."""
    from alembic_contracts.dialects import postgresql
    from alembic_contracts.schemas.schema import Name

    engine = sa.create_engine(project.database, poolclass=sa.NullPool)
    held = (
        "SELECT DISTINCT mode, relation >= 16384 FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'relation'"
    )
    names = [Name("public", name) for name in ("t", "v")]
    looks = (
        lambda connection: postgresql.observe(connection, names),
        lambda connection: postgresql.observe(connection, None),
        lambda connection: postgresql.sight(connection, names, names),
        lambda connection: postgresql.sight(connection, None, names),
        postgresql.session,
        postgresql.surroundings,
        postgresql.workings,
    )
    for look in looks:
        with engine.connect() as connection:
            connection.exec_driver_sql("SELECT 1")
            look(connection)
            assert {tuple(row) for row in connection.exec_driver_sql(held)} <= {("AccessShareLock", False)}
            assert connection.exec_driver_sql("SELECT pg_current_xact_id_if_assigned()").scalar() is None, (
                "nothing written"
            )
