"""What is not worked out of a run on a database that no contract is about, such as the SQLite of a test suite."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING

import pytest

from tests.running.test_unheld import BREAK, CREATE, SQLITE
from tests.support.object_images import CONTRACT

if TYPE_CHECKING:
    from tests.support.project import Project

OWN_ENGINE = f"""
with sa.create_engine("sqlite:///other.db").connect() as other:
    sa.inspect(other).get_table_names()
if not sa.inspect(op.get_bind()).has_table("object_images"):
{textwrap.indent(CREATE, "    ")}
"""


@pytest.mark.parametrize(
    ("settings", "goes_on", "is_told"),
    [
        ({}, True, True),
        ({"ELSEWHERE": "warn"}, True, True),
        ({"ELSEWHERE": "off"}, True, False),
        ({"UNPROVEN": "refuse"}, False, True),
        ({"UNPROVEN": "refuse", "ELSEWHERE": "off"}, True, False),
    ],
)
def test_what_is_unproven_in_a_test_locks_nobody_out(
    project: Project, settings: dict[str, str], *, goes_on: bool, is_told: bool
) -> None:
    project.contract("object_images", CONTRACT)
    project.revision("r1", OWN_ENGINE)
    env = {**SQLITE, "COLUMNS": "200", **{f"ALEMBIC_CONTRACTS_{name}": value for name, value in settings.items()}}
    done = project.alembic("upgrade", "head", env=env)
    assert (done.returncode == 0) == goes_on, done.stderr
    assert ("opens a database connection of its own" in done.stderr) == is_told
    if goes_on and is_told:
        assert 'because no contract is about SQLite (unproven = "warn", the default there)' in done.stderr
    project.revision("r2", f"{OWN_ENGINE}{BREAK}")
    if goes_on:
        done = project.alembic("upgrade", "head", env=env)
        breaks = settings.get("ELSEWHERE") is None
        assert (done.returncode != 0) == breaks, done.stderr
        assert ("primary_image no longer exists" in done.stderr) == (settings.get("ELSEWHERE") != "off")


def test_what_is_unproven_of_the_own_kind_is_refused_beside_another_one(project: Project) -> None:
    project.contract("object_images", CONTRACT)
    own = {**json.loads(CONTRACT), "name": "own", "dataAssetResourceName": "sqlite:///test.db"}
    project.contract("own", own)
    project.revision("r1", OWN_ENGINE)
    done = project.alembic("upgrade", "head", env=SQLITE)
    assert (done.returncode, "Refused: it is not proven" in done.stderr) == (255, True), done.stderr


def test_of_no_fact_is_anything_unproven(project: Project) -> None:
    project.contract("object_images", CONTRACT)
    project.revision("r1", OWN_ENGINE)
    env = {**SQLITE, "ALEMBIC_CONTRACTS_ELSEWHERE": "off"}
    check = project.alembic("check-contracts", env=env)
    assert (check.returncode, "unproven" in check.stdout.lower()) == (0, False), check.stdout
    failing = project.revision("r2", 'op.execute("SELEKT 1")')
    done = project.alembic("upgrade", "head", env=env)
    assert 'OperationalError) near "SELEKT": syntax error' in done.stderr, failing
