"""The life of a contract through real Alembic: drafts, sunsets before and after, sidecars, waivers."""

from __future__ import annotations

import ast
import json
import re
import textwrap
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.object_images import CONTRACT, UNSEEN, museum

if TYPE_CHECKING:
    import subprocess

    from tests.support.project import Project

ID = "met-museum-data/object-images-contract-spec"
DROP = 'op.drop_column("object_images", "primary_image")'


@pytest.fixture
def project_that_drops(project: Project) -> Project:
    museum(project)
    project.revision("r2", DROP)
    return project


def upgrade(project: Project, today: str = "") -> subprocess.CompletedProcess[str]:
    return project.alembic("upgrade", "head", env={"ALEMBIC_CONTRACTS_TODAY": today})


def edited(project: Project, **changes: Any) -> None:
    project.contract("object_images", {**json.loads(CONTRACT), **changes})


def waive(project: Project, **changes: Any) -> None:
    waiver = {
        "contract": ID,
        "fact": "column-exists public.object_images.primary_image",
        "revision": "r2",
        "reason": "moved to the image service",
        "approver": "Data Engineering Team",
        "expiry": "2030-06-30",
    }
    stated = {key: value for key, value in {**waiver, **changes}.items() if value is not None}
    project.write("contracts/waivers.yaml", json.dumps({"waivers": [stated]}))


def test_a_draft_is_reported_and_never_blocks(project_that_drops: Project) -> None:
    edited(project_that_drops, status="draft")
    done = upgrade(project_that_drops)
    assert done.returncode == 0, done.stderr
    assert "warning[column-exists]" in done.stderr


def test_what_is_retired_is_not_judged(project_that_drops: Project) -> None:
    edited(project_that_drops, status="retired")
    done = upgrade(project_that_drops)
    assert (done.returncode, "column-exists" in done.stderr) == (0, False), done.stderr


@pytest.mark.parametrize("where", ["contract", "table", "column", "sidecar", "sidecar column"])
def test_it_stays_for_one_month(where: str, project_that_drops: Project) -> None:
    project, day = project_that_drops, "2030-07-15"
    value = json.loads(CONTRACT)
    if where == "contract":
        value |= {"status": "deprecated", "sunset": day}
    elif where == "table":
        value["schema"]["sunset"] = day
    elif where == "column":
        value["schema"]["properties"]["primary_image"]["sunset"] = day
    elif where == "sidecar":
        project.write("contracts/object_images.lifecycle.yaml", f"status: deprecated\nsunset: {day}\n")
    else:
        project.write("contracts/object_images.lifecycle.yaml", f"columns:\n  primary_image:\n    sunset: {day}\n")
    if not where.startswith("sidecar"):
        project.contract("object_images", value)
    before = upgrade(project, "2030-07-14")
    assert before.returncode != 0
    assert "stays until its sunset on 2030-07-15" in " ".join(before.stderr.split())
    assert "Judged as of 2030-07-14" in before.stderr
    after = upgrade(project, day)
    assert after.returncode == 0, after.stderr
    assert "its sunset was 2030-07-15" in " ".join(after.stderr.split())


def test_the_sidecar_covers_only_what_it_names(project_that_drops: Project) -> None:
    project_that_drops.write(
        "contracts/object_images.lifecycle.yaml", "columns:\n  additional_images: {sunset: 2020-01-01}\n"
    )
    assert upgrade(project_that_drops).returncode != 0


def test_deprecated_without_a_day_has_to_stay(project_that_drops: Project) -> None:
    edited(project_that_drops, status="deprecated")
    done = upgrade(project_that_drops)
    assert done.returncode != 0
    assert "without a sunset it has to stay" in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    "fact",
    [
        "column-exists public.object_images.primary_image",
        "column-exists object_images.primary_image",
        "column-exists: primary_image",
    ],
)
def test_a_waiver_permits_it(fact: str, project_that_drops: Project) -> None:
    waive(project_that_drops, fact=fact)
    done = upgrade(project_that_drops, "2030-06-30")
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stderr.split())
    assert "waived by Data Engineering Team until 2030-06-30: moved to the image service" in said
    report = json.loads(project_that_drops.alembic("check-contracts", "--format", "json").stdout)
    [violation] = [each for each in report["violations"] if each["rule"] == "column-exists"]
    assert violation["severity"] == "warning"
    assert violation["waiver"]["approver"] == "Data Engineering Team"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"expiry": "2030-06-29"}, "expired on 2030-06-29"),
        ({"revision": "r9"}, "is for revision r9"),
        ({"contract": "met-museum-data/other"}, "belongs to no contract"),
        ({"fact": "column-exists additional_images"}, "is not needed"),
        ({"fact": "column-exists primary_imag"}, "names a fact that the contract does not state"),
    ],
)
def test_a_waiver_that_does_not_fit(changes: dict[str, str], said: str, project_that_drops: Project) -> None:
    waive(project_that_drops, **changes)
    done = upgrade(project_that_drops, "2030-06-30")
    assert done.returncode != 0
    assert said in " ".join(done.stderr.split())


def test_what_is_unproven_may_need_a_waiver(project_that_drops: Project) -> None:
    """Nobody can say that nothing breaks it."""
    waive(project_that_drops)
    project_that_drops.revision("r2", UNSEEN, down="r1")
    done = project_that_drops.alembic("check-contracts", env={"ALEMBIC_CONTRACTS_SETTLE": "never"})
    assert done.returncode == 3, done.stderr
    said = " ".join((done.stdout + done.stderr).split())
    assert "is not used: nothing that is known breaks it." in said
    assert "is not needed" not in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("waivers: {}", "contracts/waivers.yaml:1:1: must be an object with one key, `waivers`, a list"),
        ("waivers:\n- contract: x", "contracts/waivers.yaml:2:3: the key `fact` is missing"),
        (
            "waivers:\n- {contract: x, fact: y, reason: '', approver: z, expiry: 2030-01-01}",
            "contracts/waivers.yaml:2:34: `reason` must not be empty",
        ),
        (
            "waivers:\n- {contract: x, fact: y, reason: z, approver: z, expiry: soon}",
            "`expiry` must be a day such as 2030-12-31, not 'soon'",
        ),
        (
            "waivers:\n- {contract: x, fact: y, reason: z, approvr: z, expiry: 2030-01-01}",
            "unknown key `approvr`; did you mean `approver`?",
        ),
    ],
)
def test_malformed_waivers(text: str, said: str, project_that_drops: Project) -> None:
    project_that_drops.write("contracts/waivers.yaml", text)
    done = project_that_drops.alembic("check-contracts")
    assert done.returncode == 2
    assert said in done.stderr
    assert upgrade(project_that_drops).returncode != 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("status: dead", "lifecycle.yaml:1:9: `status` must be one of draft, active, deprecated, retired, not 'dead'"),
        ("sunset: soon", "lifecycle.yaml:1:9: `sunset` must be a day such as 2030-12-31, not 'soon'"),
        ("statsu: draft", "lifecycle.yaml:1:1: unknown key `statsu`; did you mean `status`?"),
        (
            "columns: {primary_imag: {sunset: 2030-01-01}}",
            "the contract states nothing of `primary_imag`; did you mean",
        ),
        ("tables: {object_images: 2030-01-01}", "`object_images` must be an object with `sunset`"),
    ],
)
def test_malformed_sidecars(text: str, said: str, project_that_drops: Project) -> None:
    project_that_drops.write("contracts/object_images.lifecycle.yaml", text)
    done = project_that_drops.alembic("check-contracts")
    assert done.returncode == 2
    assert said in done.stderr


def test_a_clock_that_is_none(project_that_drops: Project) -> None:
    done = upgrade(project_that_drops, "tomorrow")
    assert done.returncode != 0
    assert "`ALEMBIC_CONTRACTS_TODAY` must be a day such as 2030-12-31, not 'tomorrow'" in done.stdout


def test_the_remedy_of_a_retyped_column_can_be_pasted(project: Project) -> None:
    museum(project)
    script = project.revision("r2", 'op.alter_column("object_images", "created_at", type_=sa.Date())')
    report = json.loads(project.alembic("check-contracts", "--format", "json").stdout)
    remedy = next(v["remedy"] for v in report["violations"] if v["rule"] == "column-type")
    script.unlink()
    project.revision("r2", "\n".join(code_of(remedy)), down="r1")
    check = json.loads(project.alembic("check-contracts", "--offline", "--format", "json").stdout)
    assert check["status"] == "kept", check
    done = upgrade(project)
    assert done.returncode == 0, done.stderr
    [(kind,)] = project.sql("SELECT data_type FROM information_schema.columns WHERE column_name = 'created_at_new'")
    assert kind == "date"


def test_the_trigger_for_a_renamed_column_can_be_pasted_into_revisions(project: Project) -> None:
    museum(project)
    script = project.revision("r2", 'op.alter_column("object_images", "primary_image", new_column_name="image")')
    [violation] = json.loads(project.alembic("check-contracts", "--format", "json").stdout)["violations"]
    script.unlink()
    code = [ast.unparse(node) for node in ast.parse("\n".join(code_of(violation["remedy"]))).body]
    project.revision("r2", "\n".join(code[3:6]), down="r1")
    project.revision("r3", code[6], down="r2")
    project.sql("INSERT INTO object_images (object_id, primary_image) VALUES (1, 'a')")
    assert upgrade(project).returncode == 0
    project.sql("INSERT INTO object_images (object_id, image) VALUES (2, 'b')")
    assert project.sql("SELECT primary_image, image FROM object_images ORDER BY 1") == [("a", "a"), ("b", "b")]
    contract = project.path / "contracts/object_images.json"
    stated = json.loads(contract.read_text())
    del stated["schema"]["properties"]["primary_image"]
    contract.write_text(json.dumps(stated))
    project.revision("r4", "\n".join(code[7:]), down="r3")
    for mode in ((), ("--offline",)):
        report = json.loads(project.alembic("check-contracts", *mode, "--format", "json").stdout)
        assert report["status"] == "kept", report
    assert upgrade(project).returncode == 0


def code_of(remedy: str) -> list[str]:
    """The code in a remedy: its indented lines."""
    return [line[4:] for line in remedy.splitlines() if line.startswith("    ")]


def test_the_waiver_that_a_refusal_prints_can_be_pasted(project_that_drops: Project) -> None:
    refused = upgrade(project_that_drops)
    assert refused.returncode != 0
    lines = refused.stderr.splitlines()
    start = lines.index("    waivers:")
    stanza = [line[4:] for line in lines[start : lines.index("", start)]]
    text = "\n".join(stanza).replace("YYYY-MM-DD", "2999-12-31").replace("reason: why", "reason: agreed")
    project_that_drops.write("contracts/waivers.yaml", text)
    done = upgrade(project_that_drops)
    assert done.returncode == 0, done.stderr
    assert "agreed" in done.stderr


OTHER = """\
contract: met-museum-data/object-images-contract-spec
fact: column-exists public.object_images.object_id
reason: another one
approver: Data Engineering Team
expiry: 2999-01-01
"""
ITEM = "- " + OTHER.replace("\n", "\n  ").rstrip()
IN_BRACES = "{" + ", ".join(OTHER.splitlines()) + "}"
PRINTED = re.compile(
    r"add to contracts/waivers\.yaml,\s(?:below\sline\s(\d+)|in\sthe\splace\sof\swhat\sline\s(\d+)\sbegins"
    r"|behind\sthe\sbracket\sin\sline\s(\d+),\scolumn\s(\d+)):\n\n((?:.+\n)+)"
)


@pytest.mark.parametrize(
    "there",
    [
        f"waivers:\n{ITEM}\n",
        f"# agreed\nwaivers:   # by hand\n{textwrap.indent(ITEM, '  ')}\n",
        f"---\nwaivers:\n    # one\n{textwrap.indent(ITEM, '    ')}\n",
        f"waivers: [{IN_BRACES}]\n",
        f"waivers: [\n  {IN_BRACES},\n]\n",
        f'{{"waivers":\n  [{IN_BRACES}]}}\n',
        "waivers:\n",
        "waivers: []  # none\n",
        '{"waivers": []}\n',
        "waivers: null\n",
        '{\n  "waivers": [\n  ]\n}\n',
    ],
)
def test_a_waiver_can_be_pasted_into_a_file_that_is_there(project_that_drops: Project, there: str) -> None:
    project_that_drops.write("contracts/waivers.yaml", there)
    refused = upgrade(project_that_drops)
    found = PRINTED.search(refused.stderr)
    assert found, refused.stderr
    below, instead, row, column, text = found.groups()
    lines = there.splitlines()
    text = text.rstrip("\n").replace("YYYY-MM-DD", "2999-12-31").replace("reason: why", "reason: agreed")
    if below:
        lines.insert(int(below), text)
    elif instead:
        lines[int(instead) - 1] = textwrap.dedent(text)
    else:
        line = lines[int(row) - 1]
        lines[int(row) - 1] = line[: int(column)] + text + line[int(column) :]
    project_that_drops.write("contracts/waivers.yaml", "\n".join(lines) + "\n")
    done = upgrade(project_that_drops)
    assert done.returncode == 0, done.stderr
    assert "agreed" in done.stderr


@pytest.mark.parametrize("there", ["", "# none yet\n"])
def test_a_file_of_waivers_may_hold_nothing(project_that_drops: Project, there: str) -> None:
    project_that_drops.write("contracts/waivers.yaml", there)
    refused = upgrade(project_that_drops)
    assert "add to contracts/waivers.yaml:\n\n    waivers:\n    - contract: " in refused.stderr, refused.stderr
