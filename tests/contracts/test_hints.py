"""What a refusal says can be pasted is pasted: a sunset into files of each format, and a waiver."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from alembic_contracts.contracts import formats
from alembic_contracts.contracts.contract import Contract, Ending
from tests.contracts.formats.test_odcs import FULL
from tests.support.object_images import CONTRACT, museum

if TYPE_CHECKING:
    from tests.support.project import Project

BLOCK = """\
kind: DataContract
apiVersion: v3.1.0
id: images
version: 1.0.0
status: active
schema:
- name: object_images
  # what others rely on
  properties:
    - physicalType: integer
      name: object_id
      required: true
    -   name: primary_image
        customProperties:
        # of others, too
        - property: colour
          value: blue
        physicalType: text
    - {name: additional_images, physicalType: "text[]"}
    - name: created_at
      customProperties: []
    - name: changed_at
      customProperties: [{property: colour, value: blue}]
    - name: seen_at
      customProperties:
"""
VALUE = yaml.safe_load(BLOCK)
FILES = {
    "museum.json": CONTRACT,
    "compact.json": json.dumps(json.loads(CONTRACT)),
    "empty.json": CONTRACT.replace('"properties": {', '"properties": { "nothing": {}, "less": { },', 1),
    "block.yaml": BLOCK,
    "windows.yaml": BLOCK.replace("\n", "\r\n"),
    "full.yaml": FULL,
    "flow.yaml": json.dumps(VALUE, indent=1),
    "one_line.yaml": yaml.safe_dump(VALUE, default_flow_style=True, width=10_000),
    "odcs.json": json.dumps(VALUE, indent=2),
    "odcs_compact.json": json.dumps(VALUE),
}


def pasted(text: str, ending: Ending, day: str) -> str:
    """Do what the hint says."""
    lines = text.splitlines(keepends=True)
    added = ending.text.replace("YYYY-MM-DD", day)
    line = lines[ending.line - 1]
    if ending.column is None:
        lines[ending.line - 1] = f"{line.rstrip()}\n{added}\n"
    else:
        assert line[ending.column - 1] in "[{"
        lines[ending.line - 1] = line[: ending.column] + added + line[ending.column :]
    return "".join(lines)


def load(name: str, text: str, folder: Path) -> Contract:
    file = folder / name
    file.write_bytes(text.encode())
    [contract] = formats.load([file], root=folder)
    return contract


@pytest.mark.parametrize("name", FILES)
def test_a_sunset_can_be_pasted_wherever_a_fact_is_stated(name: str, tmp_path: Path) -> None:
    before = load(name, FILES[name], tmp_path)
    assert before.ending is not None
    seen = set()
    for fact in before.facts:
        stated = before.deprecation(fact)
        ending = before.ending(fact)
        if ending is None:
            assert fact.column == "seen_at"  # where a null would have to be taken out first
        if ending is None or ending in seen or (stated is not None and stated.sunset is not None):
            continue
        seen.add(ending)
        after = load(name, pasted(FILES[name], ending, "2031-07-16"), tmp_path)
        assert [(f.id, f.expected) for f in after.facts] == [(f.id, f.expected) for f in before.facts]
        new = next(f for f in after.facts if (f.id, f.expected) == (fact.id, fact.expected))
        deprecation = after.deprecation(new)
        assert deprecation is not None
        assert (deprecation.sunset, deprecation.column) == (date(2031, 7, 16), fact.column)
        ends = [f for f in after.facts if (d := after.deprecation(f)) is not None and d.sunset == date(2031, 7, 16)]
        assert {(f.table, fact.column and f.column) for f in ends} == {(fact.table, fact.column)}  # and nothing else
    assert len(seen) >= 4


ODCS = """\
kind: DataContract
apiVersion: v3.1.0
id: images
name: images
version: 1.0.0
status: active
schema:
  - name: object_images
    properties:
      - name: object_id
        physicalType: integer
      - name: primary_image
        physicalType: text
"""
HINT = re.compile(
    r"end on a day: add to (\S+), (?:below line (\d+)|behind the bracket in line (\d+), column (\d+)):\n\n((?:.+\n)+)"
)


@pytest.mark.parametrize("format_", ["native", "odcs", "odcs on one line"])
def test_several_hints_work_in_the_order_in_which_they_are_printed(format_: str, project: Project) -> None:
    museum(project)
    file = project.path / "contracts/object_images.json"
    if format_ != "native":
        file.unlink()
        one_line = (
            "    properties: [{name: object_id, physicalType: integer}, {name: primary_image, physicalType: text}]\n"
        )
        text = ODCS if format_ == "odcs" else ODCS.partition("    properties:")[0] + one_line
        file = project.write("contracts/object_images.odcs.yaml", text)
    project.revision("r2", 'op.execute("ALTER TABLE object_images DROP COLUMN object_id, DROP COLUMN primary_image")')
    project.environment["COLUMNS"] = "400"
    refused = project.alembic("upgrade", "head").stderr
    hints = list(HINT.finditer(refused))
    assert len(hints) == 2, refused
    for hint in hints:
        at = (int(hint[2]), None) if hint[2] else (int(hint[3]), int(hint[4]))
        ending = Ending(hint[1], *at, hint[5].rstrip("\n"))
        file.write_text(pasted(file.read_text(encoding="utf-8"), ending, "2030-07-15"), encoding="utf-8")
    assert project.cli("lint").returncode == 0, file.read_text(encoding="utf-8")


@pytest.mark.parametrize("format_", ["native", "odcs"])
def test_the_hints_of_a_refusal_work_as_printed(format_: str, project: Project) -> None:
    museum(project)
    file = project.path / "contracts/object_images.json"
    if format_ == "odcs":
        file.unlink()
        file = project.write("contracts/object_images.odcs.yaml", ODCS)
    text = file.read_text(encoding="utf-8")
    project.revision("r2", 'op.drop_column("object_images", "primary_image")')
    project.environment["COLUMNS"] = "400"
    refused = project.alembic("upgrade", "head").stderr

    hint = HINT.search(refused)
    assert hint is not None, refused
    assert hint[1] == f"contracts/{file.name}"
    at = (int(hint[2]), None) if hint[2] else (int(hint[3]), int(hint[4]))
    file.write_text(pasted(text, Ending(hint[1], *at, hint[5].rstrip("\n")), "2030-07-15"), encoding="utf-8")
    assert project.cli("lint").returncode == 0
    early = project.alembic("upgrade", "head", env={"ALEMBIC_CONTRACTS_TODAY": "2030-07-14"})
    assert early.returncode != 0
    place = r"public.object_images.primary_image may be broken from 2030-07-15 on, as (\S+):(\d+) says"
    said = re.search(place, early.stderr)
    assert said is not None, early.stderr
    assert "2030-07-15" in "".join(file.read_text(encoding="utf-8").splitlines()[int(said[2]) - 1 :][:2])
    assert "end on a day" not in early.stderr
    late = project.alembic("upgrade", "head", "--sql", env={"ALEMBIC_CONTRACTS_TODAY": "2030-07-15"})
    assert late.returncode == 0, late.stderr

    file.write_text(text, encoding="utf-8")
    stanza = re.search(r"add to contracts/waivers.yaml:\n\n((?:.+\n)+)", refused)
    assert stanza is not None
    project.write("contracts/waivers.yaml", stanza[1].replace("YYYY-MM-DD", "2999-12-31"))
    assert project.cli("lint").returncode == 0
    permitted = project.alembic("upgrade", "head")
    assert permitted.returncode == 0, permitted.stderr
    assert "waived by who answers for the contract until 2999-12-31" in permitted.stderr
