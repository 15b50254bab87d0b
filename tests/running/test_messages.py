"""What strangers read first, through real processes: each message leads on, and is true."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.object_images import CONTRACT, CREATE, museum

if TYPE_CHECKING:
    from subprocess import CompletedProcess

    from tests.support.project import Project

DROP = 'op.drop_column("object_images", "primary_image")'
DYNAMIC = "op.execute(\"DO $$ BEGIN EXECUTE 'SELECT 1' || coalesce(current_setting('my.x', true), ''); END $$\")"
OWNER = "Data Engineering Team <data-eng@museum.org>"
SPEC = "met-museum-data/object-images-contract-spec"


def words(done: CompletedProcess[str]) -> str:
    return " ".join(done.stderr.split())


def test_a_refusal_names_two_ways_out_and_whose_they_are(project: Project) -> None:
    museum(project)
    project.revision("r2", DROP)
    told = words(project.alembic("upgrade", "head"))
    assert (
        f"Two ways out, both for {OWNER} to take: (1) permit it until a day: add to contracts/waivers.yaml: waivers:"
    ) in told
    assert (
        "(2) let the promise of public.object_images.primary_image end on a day: add to contracts/object_images.json"
        in told
    )


def test_waivers_of_a_contract_in_a_folder_below_lie_in_the_one_that_is_configured(project: Project) -> None:
    museum(project)
    (project.path / "contracts/images").mkdir()
    (project.path / "contracts/object_images.json").rename(project.path / "contracts/images/object_images.json")
    project.revision("r2", DROP)
    assert "add to contracts/waivers.yaml:" in words(project.alembic("upgrade", "head"))


def test_a_migration_that_will_fail_says_so_and_why(project: Project) -> None:
    museum(project)
    assert project.alembic("stamp", "base").returncode == 0
    done = project.alembic("check-contracts")
    told = " ".join(done.stdout.split())
    assert done.returncode == 3
    assert 'unproven: This migration will fail: relation "object_images" already exists' in told
    assert "What to do: It is there already, although r1 is still to run. Was the database stamped back" in told
    assert "is the downgrade() of r1 empty" in told
    assert "--shadow" not in told
    # The advice, followed to the letter:
    assert project.alembic("stamp", "r1").returncode == 0
    assert project.alembic("check-contracts").returncode == 0


@pytest.mark.parametrize(
    ("settings", "because"),
    [
        ("", 'because the result is checked again before the commit (unproven = "warn", the default)'),
        ('unproven = "warn"', 'because the result is checked again before the commit (unproven = "warn")'),
        ('enforce = "report"', 'because enforce = "report" refuses nothing'),
    ],
)
def test_an_upgrade_that_goes_on_says_why_and_what_is_in_doubt(project: Project, settings: str, because: str) -> None:
    museum(project)
    project.revision("r2", DYNAMIC)
    pyproject = project.path / "pyproject.toml"
    pyproject.write_text(f"{pyproject.read_text()}{settings}\n")
    done = project.alembic("upgrade", "head")
    assert done.returncode == 0, done.stderr
    assert (
        f"Going on, {because}: the effect of migrations/versions/r2.py:14 on public.object_images "
        f"(relied on by {SPEC}, owner {OWNER}) could not be worked out."
    ) in words(done)
    assert "as the settings say" not in done.stderr


def test_a_downgrade_that_goes_on_says_why(project: Project) -> None:
    museum(project)
    told = words(project.alembic("downgrade", "base"))
    assert 'Going on, because a downgrade is only reported on (downgrade = "report", the default): a data' in told


def spelt(project: Project, **changes: str) -> tuple[int, str]:
    """Return how a check ends, and what it says, after words of the contract were spelt otherwise."""
    text = CONTRACT
    for old, new in changes.items():
        text = text.replace(f'"{old}"', f'"{new}"')
    project.contract("object_images", text)
    done = project.alembic("check-contracts")
    return done.returncode, " ".join(done.stdout.split())


def test_a_slip_in_a_contract_is_not_blamed_on_a_migration(project: Project) -> None:
    museum(project)
    code, told = spelt(project, primary_image="Primary_Image")
    assert code == 1
    assert "public.object_images has no column Primary_Image; did you mean primary_image?" in told
    assert f"No checked revision took it away. If the contract means primary_image, ask {OWNER} to correct" in told
    code, told = spelt(project, text="txet")
    assert "PostgreSQL has no type txet of its own; did you mean text?" in told
    assert "If the contract means text, ask" in told
    assert "TYPE txet" not in told


def test_a_column_that_is_to_come_is_no_slip(project: Project) -> None:
    museum(project)
    stated = json.loads(CONTRACT)
    stated["schema"]["properties"]["is_primary_image"] = {}
    project.contract("object_images", stated)
    told = " ".join(project.alembic("check-contracts").stdout.split())
    assert "public.object_images.is_primary_image does not exist." in told
    assert "did you mean" not in told, "the contract names primary_image itself"


def test_offline_a_slip_in_a_new_table_is_one_as_well(project: Project) -> None:
    project.revision("r1", CREATE)
    project.contract("object_images", CONTRACT.replace('"created_at"', '"createdAt"'))
    done = project.alembic("check-contracts", "--offline")
    assert "has no column createdAt; did you mean created_at?" in " ".join(done.stdout.split())


def test_a_slip_in_the_name_of_a_table_is_one_as_well(project: Project) -> None:
    project.revision("r1", CREATE)
    project.contract("object_images", CONTRACT)
    stated = json.loads(CONTRACT)
    stated["schema"]["table_name"] = "object_image"
    project.contract("other", {**stated, "name": "other"})
    told = " ".join(project.alembic("check-contracts", "--offline").stdout.split())
    assert "public.object_image does not exist; did you mean public.object_images?" in told
    stated["schema"]["table_name"] = "object_images_normalized"
    project.contract("other", {**stated, "name": "other"})
    told = " ".join(project.alembic("check-contracts", "--offline").stdout.split())
    assert "public.object_images_normalized does not exist." in told


BATCH = """
with op.batch_alter_table("object_images"{options}) as batch_op:
    {first}
    for name in ("primary_image",):
        batch_op.drop_column(name)
    {last}
"""
OTHERS = {
    "first": 'batch_op.add_column(sa.Column("image", sa.Text))',
    "last": 'batch_op.alter_column("additional_images", comment="x")',
}


@pytest.mark.parametrize(
    ("script", "line"),
    [
        (BATCH.format(options="", **OTHERS), 17),
        (BATCH.format(options=', recreate="always"', first="pass", last="pass"), 17),
        (BATCH.format(options=', recreate="always"', **OTHERS), 14),
    ],
)
def test_an_operation_of_batch_mode_is_told_with_its_own_line(project: Project, script: str, line: int) -> None:
    museum(project)
    project.revision("r2", script)
    modes: list[list[str]] = [[], ["--offline"], ["--shadow"]]
    for mode in modes if line == 17 else modes[:1]:
        done = project.alembic("check-contracts", "--format", "json", *mode)
        found = {v["column"]: v["location"]["line"] for v in json.loads(done.stdout)["violations"]}
        assert found["primary_image"] == line, mode
    assert f"migrations/versions/r2.py:{line} (revision r2)" in project.alembic("upgrade", "head").stderr


def test_an_operation_of_batch_mode_that_fails_is_told_with_its_own_line(project: Project) -> None:
    museum(project)
    project.revision("r2", BATCH.format(options="", first="pass", last="pass").replace("primary_image", "missing"))
    [unproven] = json.loads(project.alembic("check-contracts", "--format", "json").stdout)["unproven"]
    assert unproven["location"]["line"] == 17
