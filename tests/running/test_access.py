"""Privileges and publications through real ``alembic`` processes: online, offline, from a snapshot, in upgrades."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.project import Project

ROLE = "access_bi"
CREATE = "CREATE TABLE orders (id int PRIMARY KEY)"


def contract(project: Project, **stated: Any) -> None:
    document = {
        "spec-version": "1.0.0",
        "name": "orders",
        "namespace": "shop",
        "owner": {"name": "Shop"},
        "schema": {"table_name": "orders", "properties": {"id": {}}} | stated,
    }
    project.write("contracts/orders.json", json.dumps(document))


SWAP = """
op.execute("CREATE TABLE orders_new (id bigint PRIMARY KEY)")
op.execute("DROP TABLE orders")
op.rename_table("orders_new", "orders")
"""
READS = [{"role": ROLE, "privileges": ["SELECT"]}]


@pytest.fixture
def role(project: Project) -> Iterator[Project]:
    project.sql(f"DROP ROLE IF EXISTS {ROLE}")
    project.sql(f"CREATE ROLE {ROLE}")
    yield project
    project.sql(f"DROP OWNED BY {ROLE}")
    project.sql(f"DROP ROLE {ROLE}")


@pytest.mark.xdist_group("roles")
def test_a_swap_that_loses_a_grant_is_refused_before_anything_runs(role: Project) -> None:
    role.revision(
        "r1", f'op.execute("CREATE TABLE orders (id int PRIMARY KEY)")\nop.execute("GRANT SELECT ON orders TO {ROLE}")'
    )
    contract(role)
    assert role.alembic("upgrade", "head").returncode == 0
    contract(role, privileges=READS)
    assert role.alembic("check-contracts").returncode == 0
    role.revision("r2", SWAP)
    done = role.alembic("upgrade", "head")
    assert done.returncode != 0
    assert f"no SELECT for {ROLE}" in done.stderr
    assert f'op.execute("GRANT SELECT ON public.orders TO {ROLE}")' in done.stderr
    assert role.sql("SELECT version_num FROM alembic_version") == [("r1",)]
    offline = role.alembic("check-contracts", "--offline")
    assert offline.returncode == 1, "the scripts granted it themselves, so that they are known to lose it"


def test_offline_nothing_is_known_of_roles_that_no_script_names(project: Project) -> None:
    project.revision("r1", 'op.execute("CREATE TABLE orders (id int PRIMARY KEY)")')
    contract(project, privileges=READS, publications=[{"name": "changes"}])
    done = project.alembic("check-contracts", "--offline")
    assert done.returncode == 3
    assert f"what the role {ROLE} may do with public.orders is not known" in done.stdout
    assert "whether public.orders is in the publication changes is not known" in done.stdout


def test_a_revoke_that_cannot_be_read_leaves_it_unproven(project: Project) -> None:
    grant = f'op.execute("{CREATE}; CREATE ROLE {ROLE}_2; GRANT SELECT ON orders TO {ROLE}_2")'
    hidden = "EXECUTE 'REVOKE SELECT ON ' || lower('ORDERS') || ' FROM ' || current_setting('x.y');"
    project.revision("r1", grant)
    project.revision("r2", f'op.execute("DO $$ BEGIN {hidden} END $$")')
    contract(project, privileges=[{"role": f"{ROLE}_2", "privileges": ["SELECT"]}])
    assert project.alembic("check-contracts", "--offline", "--to", "r1").returncode == 0
    assert project.alembic("check-contracts", "--offline").returncode == 3


def test_a_table_that_leaves_its_publication_is_refused(project: Project) -> None:
    project.revision("r1", 'op.execute("CREATE TABLE orders (id int PRIMARY KEY, hidden boolean)")')
    contract(project)
    assert project.alembic("upgrade", "head").returncode == 0
    project.sql("CREATE PUBLICATION changes FOR TABLE orders")
    contract(project, publications=[{"name": "changes"}])
    assert project.alembic("check-contracts").returncode == 0
    project.revision("r2", SWAP)
    done = project.alembic("upgrade", "head")
    assert done.returncode != 0
    assert "public.orders is not in it, but must be in publication changes" in " ".join(done.stderr.split())
    assert project.sql("SELECT version_num FROM alembic_version") == [("r1",)]


def test_a_renamed_table_gets_a_view_to_paste(project: Project) -> None:
    project.revision("r1", 'op.execute("CREATE TABLE orders (id int PRIMARY KEY)")')
    contract(project)
    assert project.alembic("upgrade", "head").returncode == 0
    script = project.revision("r2", 'op.rename_table("orders", "purchases")')
    report = json.loads(project.alembic("check-contracts", "--format", "json").stdout)
    [violation] = report["violations"]
    code = [line[4:] for line in violation["remedy"].splitlines() if line.startswith("    ")]
    assert code == [
        'op.execute("CREATE VIEW public.purchases AS SELECT * FROM public.orders")',
        'op.execute("DROP VIEW public.purchases")',
        'op.execute("ALTER TABLE public.orders RENAME TO purchases")',
    ]
    script.write_text(script.read_text().replace('op.rename_table("orders", "purchases")', code[0]))
    done = project.alembic("upgrade", "head")
    assert done.returncode == 0, done.stderr
    contract(project, table_name="purchases")
    project.revision("r3", "\n".join(code[1:]))
    assert project.alembic("upgrade", "head").returncode == 0
    assert project.sql("SELECT relkind::text FROM pg_class WHERE relname = 'purchases'") == [("r",)]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("GRANT UPDATE ON orders TO PUBLIC", 0),
        ("REVOKE SELECT ON orders FROM PUBLIC", 1),
        ("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC", 1),
        ("DO $$ BEGIN REVOKE SELECT ON orders FROM PUBLIC; END $$", 1),
        ("DROP OWNED BY CURRENT_USER", 3),
        ("CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'REVOKE SELECT ON orders FROM PUBLIC'; SELECT f()", 3),
    ],
)
def test_offline_what_scripts_do_with_grants_is_followed(change: str, code: int, project: Project) -> None:
    project.revision("r1", f'op.execute("{CREATE}; GRANT SELECT ON orders TO PUBLIC")')
    project.revision("r2", f'op.execute("{change}")')
    contract(project, privileges=[{"role": "PUBLIC", "privileges": ["SELECT"]}])
    done = project.alembic("check-contracts", "--offline")
    assert done.returncode == code, done.stdout + done.stderr


@pytest.mark.parametrize(
    "block",
    [
        "IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'bi') THEN RETURN; END IF; GRANT SELECT ON orders TO bi;",
        "IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'bi') THEN GRANT SELECT ON orders TO bi; END IF;",
        "IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'bi') THEN GRANT USAGE ON SCHEMA public TO bi; END IF;",
        "BEGIN GRANT SELECT ON orders TO bi; INSERT INTO orders VALUES (1); EXCEPTION WHEN OTHERS THEN NULL; END;",
    ],
)
def test_a_grant_that_may_not_happen_leaves_unproven_what_roles_may_do_alone(block: str, project: Project) -> None:
    project.revision("r1", f'op.execute("{CREATE}")')
    project.revision("r2", f'op.execute("DO $$ BEGIN {block} END $$")')
    contract(project)
    done = project.alembic("check-contracts", "--offline")
    assert done.returncode == 0, done.stdout + done.stderr
    contract(project, privileges=[{"role": "bi", "privileges": ["SELECT"]}])
    assert project.alembic("check-contracts", "--offline").returncode == 3


@pytest.mark.xdist_group("roles")
def test_a_grant_that_may_not_happen_gives_nothing_back_for_certain(role: Project) -> None:
    role.revision("r1", f'op.execute("{CREATE}; GRANT SELECT ON orders TO {ROLE}")')
    contract(role)
    stated = role.path / "contracts/orders.json"
    stated.write_text(json.dumps({**json.loads(stated.read_text()), "compatibility": "reader"}))
    assert role.alembic("upgrade", "head").returncode == 0
    grant = "IF current_setting('x.y', true) = 'z' THEN RETURN; END IF; GRANT SELECT ON orders TO"
    role.revision("r2", f'{SWAP}\nop.execute("DO $$ BEGIN {grant} {ROLE}; END $$")')
    done = role.alembic("check-contracts", env={"ALEMBIC_CONTRACTS_SETTLE": "never"})
    assert done.returncode == 3, done.stdout + done.stderr
    assert f"what the role {ROLE} may still do with public.orders is not known" in done.stdout
