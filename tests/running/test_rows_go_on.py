"""What writers of a partitioned table or view meet in tables that no contract names, through real processes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.project import Project

ROOT = (
    "CREATE TABLE t (id integer, d integer) PARTITION BY LIST (id)",
    "CREATE TABLE two PARTITION OF t FOR VALUES IN (2)",
)
VIEW = ("CREATE TABLE b (id integer CHECK (id <> 7), d integer)", "CREATE VIEW t AS SELECT id FROM b")
OTHERS = tuple(f"CREATE TABLE other{number} (id integer)" for number in range(60))
"""With so many, only those are read that scripts can be about."""


def promised(project: Project, side: str = "writer") -> None:
    contract = {
        "spec-version": "1.0.0",
        "name": "t",
        "namespace": "test",
        "owner": {"name": "Facts"},
        "compatibility": side,
        "schema": {"table_name": "t", "properties": {"id": {}}},
    }
    project.contract("t.json", json.dumps(contract))


@pytest.mark.parametrize("others", [(), OTHERS], ids=["few tables", "many tables"])
@pytest.mark.parametrize(
    ("made", "script", "told"),
    [
        (ROOT, 'op.create_check_constraint("q", "two", "d > 5")', "a new check q of public.two"),
        (ROOT, 'op.alter_column("two", "d", nullable=False)', "newly required column d of public.two"),
        (VIEW, 'op.create_check_constraint("q", "b", "id > 5")', "a new check q of public.b"),
        (VIEW, 'op.create_unique_constraint("q", "b", ["id"])', "a new unique q of public.b"),
        (
            VIEW,
            'op.add_column("b", sa.Column("z", sa.Integer, nullable=False))',
            "newly required column z of public.b",
        ),
    ],
)
def test_what_rows_meet_further_on_is_refused(
    made: tuple[str, ...], script: str, told: str, others: tuple[str, ...], project: Project
) -> None:
    project.sql(*made, *others)
    promised(project)
    project.revision("r1", script)
    done = project.alembic("upgrade", "head")
    assert done.returncode != 0
    assert told in done.stderr
    promised(project, "reader")
    done = project.alembic("upgrade", "head")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("made", "script"),
    [
        (ROOT, 'op.add_column("t", sa.Column("f", sa.Integer))\nop.create_index("i", "two", ["d"])'),
        (VIEW, 'op.add_column("b", sa.Column("f", sa.Integer))\nop.create_index("i", "b", ["id"])'),
        (VIEW, 'op.execute("CREATE OR REPLACE VIEW t AS SELECT id, d FROM b")'),
    ],
)
def test_what_was_there_further_on_is_nothing_new(made: tuple[str, ...], script: str, project: Project) -> None:
    project.sql(*made)
    promised(project)
    project.revision("r1", script)
    done = project.alembic("upgrade", "head")
    assert done.returncode == 0, done.stderr


def test_tables_that_a_run_makes_are_compared_with_what_it_made(project: Project) -> None:
    promised(project)
    project.revision("r1", "\n".join(f"op.execute({statement!r})" for statement in VIEW))
    assert project.alembic("upgrade", "head").returncode == 0
    project.revision("r2", 'op.create_check_constraint("q", "b", "id > 5")')
    for command in (("check-contracts", "--offline", "--from", "r1"), ("upgrade", "head")):
        done = project.alembic(*command)
        assert done.returncode != 0, done.stdout + done.stderr
        assert "a new check q of public.b" in done.stdout + done.stderr
