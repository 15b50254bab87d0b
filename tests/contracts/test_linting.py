"""What ``alembic-contracts lint`` finds, in contracts of both formats, sidecars and waivers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from alembic_contracts.contracts.linting import lint
from alembic_contracts.dialects import postgresql
from tests.support.object_images import CONTRACT

ODCS = """\
kind: DataContract
apiVersion: {version}
id: images
version: 1.0.0
status: {status}
team:
  {members}
  - {{username: training@example.org, role: {role}}}
schema:
- name: object_images
  properties:
  - name: primary_image
    physicalType: {type}
"""
WAIVER = """\
waivers:
- contract: {contract}
  fact: {fact}
  reason: moved
  approver: Data Engineering Team
  expiry: 2030-06-30
"""
ID = "met-museum-data/object-images-contract-spec"
FACT = "column-exists public.object_images.primary_image"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "contracts").mkdir()
    return tmp_path / "contracts"


def found(*paths: str) -> list[str]:
    root = Path.cwd()
    contracts = root / "contracts"
    result = lint([root / path for path in paths] or [contracts], project=[contracts], root=root)
    return [str(problem) for problem in result.problems]


def odcs(
    *, version: str = "v3.1.0", status: str = "active", role: str = "owner", type_: str = "text", more: str = ""
) -> str:
    members = "members:" if version != "v3.0.2" else "-\n"
    text = ODCS.format(version=version, status=status, role=role, type=type_, members=members) + more
    return text if version != "v3.0.2" else text.replace("  -\n\n", "")


@pytest.mark.parametrize("version", ["v3.0.2", "v3.1.0", "v3.2.0"])
def test_a_good_file_of_each_version(version: str, folder: Path) -> None:
    (folder / "images.odcs.yaml").write_text(odcs(version=version))
    assert found() == []


STATUSES = "`proposed`, `draft`, `active`, `deprecated`, `retired`"
OWN = "A type of your own is named with its schema here:"
DOUBTS = [
    ({"status": "live"}, f"5:9: the status 'live' is none of {STATUSES}: it counts as `active` (at /status)"),
    ({"status": "retird"}, "5:9: the status 'retird' is not known; did you mean `retired`? (at /status)"),
    ({"role": "owmer"}, "8:44: the role 'owmer' is not known; did you mean `owner`? (at /team/members/0/role)"),
    (
        {"type_": "txet"},
        (
            f"13:5: PostgreSQL has no type `txet`; did you mean `text`? {OWN} `public.txet` "
            "(at /schema/0/properties/0/physicalType)"
        ),
    ),
    (
        {"more": "    required: 'true'\n"},
        (
            "14:15: `required` must be true or false, not 'true'; leave the quotes out "
            "(at /schema/0/properties/0/required)"
        ),
    ),
    (
        {"more": "    customProperties: [{property: closed, value: 1, vendor: x}]\n"},
        (
            "14:53: not valid in ODCS v3.1.0: unknown key `vendor`; known here: `id`, `property`, `value`, "
            "`description` (at /schema/0/properties/0/customProperties/0/vendor)"
        ),
    ),
    (
        {"more": "    colour: blue\n"},
        "14:5: not valid in ODCS v3.1.0: unknown key `colour` (at /schema/0/properties/0/colour)",
    ),
    (
        {"version": "v3.1.7"},
        (
            '2:13: not valid in ODCS v3.1.7: `apiVersion` must be one of "v3.1.0", "v3.0.2", "v3.0.1", "v3.0.0", '
            '"v2.2.2", "v2.2.1", "v2.2.0", not the text "v3.1.7"; did you mean `v3.1.0`? (at /apiVersion)'
        ),
    ),
]


@pytest.mark.parametrize(("changes", "expected"), DOUBTS, ids=[str(changes) for changes, _ in DOUBTS])
def test_what_is_wrong_in_an_odcs_file(changes: dict[str, str], expected: str, folder: Path) -> None:
    (folder / "images.odcs.yaml").write_text(odcs(**changes))
    assert found() == [f"contracts/images.odcs.yaml:{expected}"]


def test_keys_of_a_part_that_another_mistake_makes_fail_are_not_called_unknown(folder: Path) -> None:
    (folder / "images.odcs.yaml").write_text(
        odcs(more="servers:\n- {server: s, type: postgres, host: h, database: d, colour: blue}\n")
    )
    assert [line.partition("v3.1.0: ")[2].partition(" (")[0] for line in found()] == [
        "the key `port` is missing",
        "the key `schema` is missing",
        "unknown key `colour`",
    ]


@pytest.mark.parametrize("type_", ["citext", "hstore", "vector", "mood", "geometry(Point, 4326)", "public.txet", "int"])
def test_types_of_others_are_left_alone(type_: str, folder: Path) -> None:
    (folder / "images.odcs.yaml").write_text(odcs(type_=type_))
    assert found() == []


@pytest.mark.parametrize(("name", "meant"), [("bigit", "bigint"), ("jsnob", "jsonb"), ("uuidd", "uuid"), ("dat", None)])
def test_names_of_types_that_are_a_slip_away(name: str, meant: str | None) -> None:
    assert postgresql.misspelt_type(postgresql.parse_type(name)) == meant


def test_types_in_the_base_format(folder: Path) -> None:
    (folder / "images.json").write_text(CONTRACT.replace('"data_type": "text"', '"data_type": "txet"', 1))
    [problem] = found()
    assert "PostgreSQL has no type `txet`; did you mean `text`?" in problem
    stated = json.loads(CONTRACT)
    stated["schema"]["properties"]["mood"] = {"constraints": {"data_type": "texts", "enum": ["sad", "happy"]}}
    (folder / "images.json").write_text(json.dumps(stated))
    assert found() == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"fact": "column-exists primary_image"}, []),
        (
            {"contract": ID[:-1]},
            [f"contracts/waivers.yaml:3:3: there is no contract `{ID[:-1]}`; did you mean `{ID}`?"],
        ),
        (
            {"fact": "column-exists public.object_images.primary_imag"},
            [f"contracts/waivers.yaml:3:3: {ID} does not state `{FACT[:-1]}`; did you mean `{FACT}`?"],
        ),
        ({"fact": "''"}, ["contracts/waivers.yaml:3:9: `fact` must not be empty"]),
    ],
    ids=["good", "short", "contract", "fact", "empty"],
)
def test_waivers(changes: dict[str, str], expected: list[str], folder: Path) -> None:
    (folder / "images.json").write_text(CONTRACT)
    (folder / "waivers.yaml").write_text(WAIVER.format(**{"contract": ID, "fact": FACT, **changes}))
    for paths in ((), ("contracts/waivers.yaml",)):
        assert [line.partition(" (at ")[0] for line in found(*paths)] == expected


def test_waivers_and_sidecars_that_nobody_reads(folder: Path) -> None:
    (folder / "images.json").write_text(CONTRACT)
    (folder / "images.lifecycle.yaml").write_text("status: retird\n")
    (folder / "image.lifecycle.yaml").write_text("status: retired\n")
    (folder / "more").mkdir()
    (folder / "more/waivers.yaml").write_text(WAIVER.format(contract=ID, fact=FACT))
    status = (
        "contracts/images.lifecycle.yaml:1:9: `status` must be one of draft, active, deprecated, retired, not 'retird'"
    )
    assert [line.partition(" (at ")[0] for line in found()] == [
        "contracts/image.lifecycle.yaml: belongs to no contract: none beside it has this name",
        status,
        "contracts/more/waivers.yaml: is not read: waivers lie in the folder that the setting `contracts` names",
    ]
    assert [line.partition(" (at ")[0] for line in found("contracts/images.lifecycle.yaml")] == [status]


def test_the_command(folder: Path) -> None:
    (folder / "images.odcs.yaml").write_text(odcs(status="live"))

    def run(*arguments: str) -> tuple[int, str]:
        command = [sys.executable, "-c", "from alembic_contracts.cli import main; main()", "lint", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    assert run()[0] == run("contracts/images.odcs.yaml")[0] == 2
    (folder / "images.odcs.yaml").write_text(odcs())
    assert run() == (0, "1 contract with 5 facts is valid.\n")
    (folder / "waivers.yaml").write_text(WAIVER.format(contract="odcs/image", fact=FACT))
    code, said = run("contracts/waivers.yaml")
    assert (code, "there is no contract `odcs/image`; did you mean `odcs/images`?" in said) == (2, True)
