"""What users of the real commands see of settings and contracts that cannot be used."""

from __future__ import annotations

import json

import pytest

CONTRACT = {
    "spec-version": "1.0.0",
    "name": "images",
    "namespace": "museum",
    "owner": {"name": "Data"},
    "schema": {"table_name": "images", "properties": {"id": {"constraints": {"data_type": "integer"}}}},
}
BROKEN = json.dumps(CONTRACT, indent=2).replace("data_type", "datatype")
PROBLEM = "contracts/images.json:13:11: unknown key `datatype`; did you mean `data_type`?"


@pytest.fixture
def museum(project):
    project.revision("one", "op.create_table('images', sa.Column('id', sa.Integer, primary_key=True))")
    return project


def test_a_broken_contract_refuses_the_upgrade_and_fails_the_check(museum) -> None:
    museum.contract("images", BROKEN)
    upgrade = museum.alembic("upgrade", "head")
    assert upgrade.returncode != 0
    assert PROBLEM in upgrade.stdout + upgrade.stderr  # Alembic's own errors go to stdout
    assert "Traceback" not in upgrade.stdout + upgrade.stderr
    assert museum.sql("SELECT to_regclass('images'), to_regclass('alembic_version')") == [(None, None)]
    for check in (museum.alembic("check-contracts"), museum.cli("check"), museum.cli("check", "--offline")):
        assert check.returncode == 2
        assert PROBLEM in check.stderr
        assert "Traceback" not in check.stderr
        assert check.stdout == ""
    museum.contract("images", CONTRACT)
    assert museum.alembic("upgrade", "head").returncode == 0
    assert museum.alembic("check-contracts").returncode == 0


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"ALEMBIC_CONTRACTS_ENFORSE": "report"}, "did you mean `ALEMBIC_CONTRACTS_ENFORCE`?"),
        ({"ALEMBIC_CONTRACTS_CONTRACTS": "missing"}, "There are no contracts at `missing`: no such file or folder."),
        ({"ALEMBIC_CONTRACTS_RULES": "column-typ=off"}, "unknown rule `column-typ`; did you mean `column-type`?"),
    ],
)
def test_settings_that_cannot_be_used(museum, environment, message) -> None:
    museum.contract("images", CONTRACT)
    for run in museum.alembic("upgrade", "head", env=environment), museum.cli("check", env=environment):
        assert run.returncode != 0
        assert message in run.stdout + run.stderr
        assert "Traceback" not in run.stdout + run.stderr
    assert museum.sql("SELECT to_regclass('images')") == [(None,)]
    # What does not migrate does not look at contracts.
    assert museum.alembic("current", env=environment).returncode == 0


def test_the_way_past_the_guard(museum) -> None:
    museum.contract("images", {**CONTRACT, "schema": {**CONTRACT["schema"], "properties": {"gone": {}}}})
    refused = museum.alembic("upgrade", "head")
    assert refused.returncode != 0
    passed = museum.alembic("upgrade", "head", env={"ALEMBIC_CONTRACTS_ENFORCE": "report"})
    assert passed.returncode == 0
    assert "gone" in passed.stderr
