"""Defaults and checks that scripts make, held to what ``generate`` writes of them, and to people's own words."""

from __future__ import annotations

import json

from tests.support.database import Databases
from tests.support.project import Project

CREATE = """
op.create_table(
    "orders",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("tries", sa.Integer, nullable=False, server_default="1"),
    sa.Column("is_open", sa.Boolean, nullable=False, server_default="t"),
    sa.Column("least", sa.BigInteger, server_default=sa.text("-5")),
    sa.Column("state", sa.String(20), server_default="new"),
    sa.Column('a "quoted" name', sa.Integer),
    sa.Column("since", sa.DateTime, server_default="2020-01-01"),
    sa.CheckConstraint("state IN ('new', 'old')"),
    sa.CheckConstraint("tries BETWEEN -1 AND 5"),
    sa.CheckConstraint("state LIKE 'n%' OR tries <> 2"),
    sa.CheckConstraint("since > '2019-12-31'"),
)
"""
OWN_WORDS = {
    "columns": {"tries": "'1'", "is_open": "'t'", "least": "-5", "state": "'new'", "since": "'2020-01-01'"},
    "checks": [
        "state IN ('new', 'old')",
        "tries BETWEEN -1 AND 5",
        "state LIKE 'n%' OR tries <> 2",
        "since > '2019-12-31'",
    ],
}
BREAKS = {
    'op.alter_column("orders", "tries", server_default="2")': "column-default",
    'op.alter_column("orders", "is_open", server_default="f")': "column-default",
    'op.execute("ALTER TABLE orders DROP CONSTRAINT orders_tries_check")': "check",
}


def in_own_words(**stated_besides: str) -> str:
    stated = {name: {"constraints": {"column_default": text}} for name, text in OWN_WORDS["columns"].items()}
    return json.dumps(
        {
            "spec-version": "1.0.0",
            "name": "orders",
            "namespace": "shop",
            "owner": {"name": "Sales"},
            **stated_besides,
            "schema": {"table_name": "orders", "properties": stated, "checks": OWN_WORDS["checks"]},
        }
    )


def test_what_generate_writes_is_kept_by_the_scripts_that_made_it(project: Project, databases: Databases) -> None:
    project.revision("r1", CREATE)
    assert project.alembic("upgrade", "head").returncode == 0
    made = project.cli("generate", "orders")
    assert made.returncode == 0, made.stderr
    for command in (("check-contracts", "--offline"), ("check-contracts",)):
        done = project.alembic(*command)
        assert done.returncode == 0, done.stdout + done.stderr
    with databases.new() as fresh:
        again = project.alembic("upgrade", "head", env={"DATABASE_URL": fresh})
        assert again.returncode == 0, again.stderr


def test_people_s_own_words_are_kept_before_the_run_and_at_its_commit(project: Project) -> None:
    project.contract("orders", in_own_words())
    project.revision("r1", CREATE)
    assert project.alembic("check-contracts", "--offline").returncode == 0
    done = project.alembic("upgrade", "head")
    assert done.returncode == 0, done.stderr
    assert project.alembic("check-contracts").returncode == 0


def test_what_changes_them_is_refused(project: Project) -> None:
    project.contract("orders", in_own_words())
    project.revision("r1", CREATE)
    assert project.alembic("upgrade", "head").returncode == 0
    for number, (script, rule) in enumerate(BREAKS.items()):
        path = project.revision(f"r2_{number}", script, down="r1")
        done = project.alembic("check-contracts", "--format", "json")
        assert [violation["rule"] for violation in json.loads(done.stdout)["violations"]] == [rule], script
        assert project.alembic("upgrade", "head").returncode != 0
        path.unlink()


def test_a_constraint_that_is_made_anew_is_no_new_one(project: Project) -> None:
    project.revision("r1", CREATE)
    assert project.alembic("upgrade", "head").returncode == 0
    project.contract("orders", in_own_words(compatibility="full"))
    project.revision(
        "r2",
        """
        op.drop_constraint("orders_since_check", "orders")
        op.create_check_constraint("since_when", "orders", "since > '2019-12-31'")
        """,
    )
    done = project.alembic("check-contracts")
    assert done.returncode == 0, done.stdout + done.stderr
    assert project.alembic("upgrade", "head").returncode == 0
    project.revision("r3", 'op.create_check_constraint("later", "orders", "since > \'2020-12-31\'")')
    assert "new-constraint" in project.alembic("check-contracts").stdout


def test_what_is_not_known_to_be_new_is_unproven_and_let_pass(project: Project) -> None:
    """How a comparison of rows is printed is not known beforehand; at the commit it is seen."""
    pair = 'op.create_check_constraint("pair", "orders", "(tries, least) = (1, 2)")'
    project.revision("r1", CREATE + pair)
    assert project.alembic("upgrade", "head").returncode == 0
    stated = json.loads(in_own_words(compatibility="full"))
    stated["schema"]["checks"] = project.sql(
        "SELECT pg_get_expr(conbin, conrelid) FROM pg_constraint WHERE conname = 'pair'"
    )[0]
    project.contract("orders", json.dumps({**stated, "schema": {**stated["schema"], "properties": {}}}))
    project.revision("r2", f'op.drop_constraint("pair", "orders")\n{pair}')
    done = project.alembic("check-contracts", "--format", "json")
    found = json.loads(done.stdout)
    assert (done.returncode, found["violations"]) == (3, [])
    assert "could not be worked out" in found["unproven"][0]["reason"]
    done = project.alembic("upgrade", "head")
    assert done.returncode == 0, done.stderr
