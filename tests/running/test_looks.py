"""How often a guarded upgrade asks the catalog, as the server's log has it: a bound that a regression breaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from tests.support.cluster import LOGS_ALL, Cluster
from tests.support.project import ENV, Project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONTRACT = {
    "spec-version": "1.0.0",
    "name": "t",
    "namespace": "looks",
    "owner": {"name": "Readers"},
    "schema": {
        "table_schema": "public",
        "table_name": "t1",
        "properties": {"id": {"constraints": {"primaryKey": True}}, "name": {"constraints": {"data_type": "text"}}},
    },
}
READS_ROWS = """
for row in op.get_bind().execute(sa.text("SELECT name FROM t1")):
    op.execute("UPDATE t1 SET name = 'x'")
op.add_column("t1", sa.Column("b", sa.Text))
"""
MAKES = """
op.create_table("t1", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text))
"""
COMMITS = """
op.add_column("t1", sa.Column("c", sa.Text))
with op.get_context().autocommit_block():
    op.create_index("by_c", "t1", ["c"], postgresql_concurrently=True)
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster(**LOGS_ALL) as cluster:
        yield cluster


@pytest.fixture(params=[10, 1000], ids="{} tables".format)
def project(request: pytest.FixtureRequest, cluster: Cluster, tmp_path: Path) -> Iterator[Project]:
    engine = sa.create_engine(cluster.url(), poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE looks")
        project = Project.create(tmp_path / "project", cluster.url("looks"))
        made = sa.create_engine(project.database, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
        with made.connect() as there:
            for first in range(1, request.param, 250):
                there.exec_driver_sql(
                    f"DO $$ BEGIN FOR n IN {first}..{min(first + 249, request.param)} LOOP EXECUTE 'CREATE TABLE t' || "
                    "n || ' (id serial PRIMARY KEY, name text)'; END LOOP; END $$"
                )
        project.contract("t", CONTRACT)
        project.revision("r1", 'op.add_column("t1", sa.Column("a", sa.Text))')
        yield project
        connection.exec_driver_sql("DROP DATABASE looks WITH (FORCE)")


def looks(cluster: Cluster, project: Project, *arguments: str) -> list[str]:
    """The catalog queries that an upgrade sends beside what Alembic asks itself."""
    since = len(cluster.log.read_text())
    done = project.alembic("upgrade", "head", *arguments)
    assert done.returncode == 0, done.stderr
    assert "unproven" not in done.stderr
    return [sent for sent in cluster.logged(since) if "pg_catalog.pg_" in sent and "json_build" in sent]


def test_two_before_and_one_a_commit(cluster: Cluster, project: Project) -> None:
    assert len(looks(cluster, project)) == 2 + 1
    assert looks(cluster, project) == [], "nothing is pending"
    # Rows that a script reads are followed in two worlds, which start from one and the same look.
    project.revision("r2", READS_ROWS)
    assert len(looks(cluster, project)) == 2 + 1
    project.revision("r3", COMMITS)
    assert len(looks(cluster, project)) == 2 + 3, "before the block, after it, and at the end"


def test_a_database_without_tables_is_asked_as_often(cluster: Cluster, project: Project) -> None:
    project.revision("r1", MAKES, 'op.drop_table("t1")', down=None)
    engine = sa.create_engine(project.database, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE bare")
        project.database = cluster.url("bare")
        for run in ("predicted", "as it was predicted before"):
            assert len(looks(cluster, project)) == 2 + 1, run
            assert looks(cluster, project) == []
            assert project.alembic("downgrade", "base").returncode == 0
        connection.exec_driver_sql("DROP DATABASE bare WITH (FORCE)")


def test_a_database_is_asked_nothing_where_no_contract_is_about_it(cluster: Cluster, project: Project) -> None:
    schema = {**CONTRACT["schema"], "table_catalog": "another"}
    project.contract("t", {**CONTRACT, "schema": schema})
    project.write("migrations/env.py", ENV.replace("guard(context)", 'guard(context, database="this")'))
    assert looks(cluster, project) == []

    project.write("migrations/env.py", ENV)
    project.contract("t", {**CONTRACT, "dataAssetResourceName": "sqlite:///museum.db"})
    project.environment["ALEMBIC_CONTRACTS_ELSEWHERE"] = "off"
    project.revision("r2", 'op.add_column("t1", sa.Column("b", sa.Text))')
    assert looks(cluster, project) == []


def test_a_commit_asks_for_what_contracts_state(cluster: Cluster, project: Project) -> None:
    *_, last = looks(cluster, project)
    for catalog in ("pg_publication", "pg_roles", "aclexplode", "pg_get_viewdef", "pg_description", "pg_default_acl"):
        assert catalog not in last
    privileges = [{"role": "postgres", "privileges": ["SELECT"]}]
    project.contract("t", {**CONTRACT, "schema": {**CONTRACT["schema"], "privileges": privileges}})
    project.revision("r2", 'op.add_column("t1", sa.Column("b", sa.Text))')
    *_, last = looks(cluster, project)
    assert "pg_roles" in last
    assert "pg_get_viewdef" not in last


ROLES = ("pg_roles", "aclexplode", "pg_auth_members", "pg_default_acl")


def test_what_is_there_before_is_asked_for_as_far_as_it_matters(cluster: Cluster, project: Project) -> None:
    looks(cluster, project)
    project.revision("r2", 'op.add_column("t1", sa.Column("b", sa.Text))')
    names, tables, _ = looks(cluster, project)
    for catalog in (*ROLES, "pg_publication_rel", "md5"):
        assert catalog not in tables, "nobody states privileges, there is no publication, and nothing is printed"
    assert "md5" not in names

    project.revision("r3", 'op.execute("GRANT SELECT ON t1 TO postgres")')
    names, tables, whole, _ = looks(cluster, project)
    assert all(each not in tables and each in whole for each in ROLES), "a script is about roles"

    made = 'op.create_check_constraint("some", "t1", "name <> \'\'")\nop.execute("CREATE PUBLICATION all_of_it")'
    project.revision("r4", made)
    looks(cluster, project)
    project.revision("r5", 'op.add_column("t1", sa.Column("c", sa.Text))')
    _, tables, _ = looks(cluster, project)
    assert "pg_publication_rel" in tables
    assert "md5" in tables, "what is printed is compared where another session locks it"

    privileges = [{"role": "postgres", "privileges": ["SELECT"]}]
    project.contract("t", {**CONTRACT, "schema": {**CONTRACT["schema"], "privileges": privileges}})
    project.revision("r6", 'op.add_column("t1", sa.Column("d", sa.Text))')
    _, tables, _ = looks(cluster, project)
    assert all(each in tables for each in ROLES)
    project.revision("r7", 'op.execute("GRANT SELECT ON t1 TO nobody_of_that_name")')
    refused = project.alembic("upgrade", "head")
    assert 'role "nobody_of_that_name" does not exist' in refused.stderr


def test_a_role_that_is_not_there_is_missed_where_nobody_states_privileges(cluster: Cluster, project: Project) -> None:
    looks(cluster, project)
    project.revision("r2", 'op.execute("GRANT SELECT ON t1 TO nobody_of_that_name")')
    checked = project.alembic("check-contracts")
    assert 'role "nobody_of_that_name" does not exist' in checked.stdout + checked.stderr
