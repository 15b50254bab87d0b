"""What strangers read first, through real processes: each message leads on, and is true."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.object_images import CONTRACT, CREATE, museum
from tests.support.repository import commit, git

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


# -- once, and by the right name ---------------------------------------------------------------------------------------


def test_a_refusal_is_said_once_where_logs_go_to_the_terminal(project: Project) -> None:
    museum(project)
    env = project.path / "migrations/env.py"
    env.write_text("import logging\nlogging.basicConfig()\n" + env.read_text())
    project.revision("r2", DROP)
    for arguments in (("upgrade", "head"), ("-q", "upgrade", "head")):
        done = project.alembic(*arguments)
        assert done.returncode != 0
        assert (done.stdout + done.stderr).count("Data contracts would be broken") == 1, arguments
    unchecked = project.write("contracts/broken.json", "{")
    done = project.alembic("upgrade", "head")
    assert (done.stdout + done.stderr).count("Data contracts could not be checked") == 1
    unchecked.unlink()


def test_a_script_that_cannot_be_imported_is_not_env_py(project: Project) -> None:
    museum(project)
    head = "revision = 'r2'\ndown_revision = 'r1'\n"
    body = "def upgrade(): pass\ndef downgrade(): pass\n"
    for text, said in (
        (f"import nowhere_to_be_found\n{head}{body}", "nowhere_to_be_found"),
        (head, "upgrade"),
    ):
        project.write("migrations/versions/r2.py", text)
        for mode in ((), ("--offline",)):
            done = project.alembic("check-contracts", *mode)
            told = " ".join((done.stdout + done.stderr).split())
            assert done.returncode != 0
            assert "env.py failed" not in told
            assert "r2.py" in told
            assert said in told


def test_a_contract_that_the_branch_deleted_is_stated_at_the_base(project: Project) -> None:
    museum(project)
    git(project, "init", "-q", "-b", "main")
    commit(project)
    (project.path / "contracts/object_images.json").unlink()
    project.contract("other", json.dumps({**json.loads(CONTRACT), "name": "other"}))
    project.revision("r2", DROP)
    done = project.alembic("check-contracts", "--base", "main")
    assert "stated in: contracts/object_images.json:29 at main" in done.stdout
    github = project.alembic("check-contracts", "--base", "main", "--format", "github")
    assert "(contracts/object_images.json:29 at main)" in github.stdout


def test_lint_counts_as_check_does_and_says_that_an_owner_is_missing(project: Project) -> None:
    museum(project)
    project.contract("object_images", json.dumps({**json.loads(CONTRACT), "compatibility": "reader"}))
    checked = json.loads(project.alembic("check-contracts", "--format", "json").stdout)["checked"]["facts"]
    assert f"1 contract with {checked} facts is valid." in project.cli("lint").stdout
    project.write(
        "contracts/nobody.odcs.yaml",
        "apiVersion: v3.0.2\nkind: DataContract\nid: x\nname: nobody\nversion: 1.0.0\nstatus: active\n"
        "schema:\n- name: object_images\n  properties:\n  - name: no_such\n    logicalType: string\n",
    )
    done = project.cli("lint")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "states no owner" in done.stderr
    said = project.alembic("check-contracts").stdout
    assert "Owner    not stated" in said
    assert "ask not stated" not in said


def test_doctor_takes_the_url_of_the_template_for_a_problem(project: Project) -> None:
    museum(project)
    ini = project.path / "alembic.ini"
    ini.write_text("[alembic]\nscript_location = migrations\nsqlalchemy.url = driver://user:pass@localhost/dbname\n")
    env = project.path / "migrations/env.py"
    env.write_text(
        env.read_text().replace('os.environ["DATABASE_URL"]', 'context.config.get_main_option("sqlalchemy.url")')
    )
    done = project.cli("doctor")
    assert done.returncode == 1, done.stdout + env.read_text()
    assert "still the template's `driver://...`" in done.stdout


def test_doctor_looks_at_a_project_without_an_ini_file_whose_database_is_away(project: Project) -> None:
    museum(project)
    project.database = "postgresql+psycopg://nobody@localhost:1/nothing"
    done = project.cli("doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "note    database: could not be looked at: " in done.stdout


def test_what_rests_on_part_of_a_prediction_says_so(project: Project) -> None:
    museum(project)
    project.revision("r2", "raise ValueError('no')")
    for arguments in (("coverage",), ("coverage", "--fail-under", "0"), ("coverage", "--format", "markdown")):
        done = project.cli(*arguments, "--offline")
        assert done.returncode == 3, done.stderr
        assert "Only in part: the schema is a prediction" in done.stdout
    assert json.loads(project.cli("coverage", "--offline", "--format", "json").stdout)["partial"]
    done = project.cli("docs", "--offline", "--output", "site")
    assert done.returncode == 3
    for page in ("index.html", "tables.html"):
        assert "Only in part: the schema is a prediction" in (project.path / "site" / page).read_text()
    for arguments in (("generate", "object_images", "--stdout", "--offline"), ("lint", "--against", "head")):
        done = project.cli(*arguments)
        assert done.returncode == 3, done.stderr
        assert "Only in part: the schema is a prediction" in done.stderr
    done = project.cli("generate", "object_image", "--offline")
    assert done.returncode == 2
    assert (
        "no table `object_image` in what could be predicted; did you mean `object_images`?\nOnly in part" in done.stderr
    )


def test_a_minor_version_of_the_server_makes_no_snapshot_stale(project: Project) -> None:
    museum(project)
    assert project.cli("snapshot").returncode == 0
    file = project.path / "schema_snapshot.json"
    stated = json.loads(file.read_text())["server_version"]
    for other, code in ((stated + 1, 0), (stated - 10000, 1)):
        file.write_text(file.read_text().replace(f'"server_version": {stated}', f'"server_version": {other}'))
        assert project.cli("snapshot", "--check").returncode == code
        stated = other
