"""ODCS files that we write, or show, are valid for others: by the published JSON Schema, and by datacontract-cli."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from alembic_contracts.contracts import formats
from alembic_contracts.contracts.linting import lint
from tests.commands.test_authoring import RICH, TABLES

if TYPE_CHECKING:
    from tests.support.project import Project

ROOT = Path(__file__).parents[2]
DATACONTRACT = os.environ.get("DATACONTRACT") or shutil.which("datacontract")
EXAMPLES: list[str] = re.findall(r"```yaml\n(kind: .*?)```", (ROOT / "docs/odcs.md").read_text(), re.DOTALL)


def without_problems(folder: Path) -> None:
    """Assert that ``lint`` finds nothing, and, where it is installed, nor does ``datacontract lint``."""
    assert lint([folder], project=[folder], root=folder).problems == ()
    files = sorted(folder.glob("*.yaml"))
    assert files
    for file in files if DATACONTRACT else ():
        command = [DATACONTRACT, "lint", str(file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.partition("name: ")[2].partition("\n")[0])
def test_what_the_docs_show(example: str, tmp_path: Path) -> None:
    (tmp_path / "example.odcs.yaml").write_text(example)
    without_problems(tmp_path)


ODD = """
CREATE SCHEMA "Exhibits";
CREATE TYPE "Exhibits"."Mood" AS ENUM ('sad', 'happy');
CREATE TABLE "Exhibits"."Gallery Labels" (
    id uuid PRIMARY KEY, "Title" text COLLATE "C" DEFAULT 'a: b', m "Exhibits"."Mood"[], v "Exhibits"."Mood",
    t time(3) with time zone, i interval year to month, b bit(3), x xml, r int4range, z "char"
);
CREATE TABLE nothing ();
"""


@pytest.mark.parametrize("owner", ["Sales <sales@example.org>", "Sales", None])
def test_what_generate_writes(owner: str | None, project: Project) -> None:
    project.revision("r1", f"op.execute({RICH + ODD!r})")
    tables = [table if "." in table else f"public.{table}" for table in TABLES]
    who = () if owner is None else ("--owner", owner)
    odd = ("Exhibits.Gallery Labels", "public.nothing")
    done = project.cli("generate", "--offline", "--format", "odcs", *who, *tables, *odd)
    assert done.returncode == 0, done.stderr
    without_problems(project.path / "contracts")
    for contract in formats.load([project.path / "contracts"], root=project.path):
        assert owner is None or str(contract.owner) == owner


@pytest.mark.skipif(
    DATACONTRACT is None, reason="datacontract-cli is not installed; .ci/run has it, in a place of its own"
)
def test_datacontract_cli_refuses_what_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "wrong.odcs.yaml"
    file.write_text(EXAMPLES[0].replace("status: active\n", "colour: blue\nstatus: active\n"))
    done = subprocess.run([DATACONTRACT, "lint", str(file)], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode != 0
    assert lint([tmp_path], project=[tmp_path], root=tmp_path).problems != ()
