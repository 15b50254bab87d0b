"""The hooks, run by the real ``pre-commit`` in a temporary repository, installed from this one as from GitHub."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.object_images import CONTRACT, CREATE

if TYPE_CHECKING:
    from tests.support.project import Project

ROOT = Path(__file__).parents[1]

CONFIG = """
repos:
- repo: {root}
  rev: {revision}
  hooks:
  - id: check-contracts
    args: [--dialect, postgresql]
  - id: lint-contracts
- repo: local
  hooks:
  - id: here
    name: as a local hook
    entry: {python} -c "from alembic_contracts.cli import main; main()" check --offline
    language: system
    pass_filenames: false
    files: ^(migrations|contracts)/
"""

ODCS = """\
kind: DataContract
apiVersion: v3.1.0
id: images
version: 1.0.0
status: active
schema:
- name: object_images
  properties:
  - name: primary_image
"""

KEPT = "check data contracts.....................................................Passed"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pre-commit keeps the environments that it installs."""
    return tmp_path_factory.mktemp("pre-commit")


def run(project: Project, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PRE_COMMIT_HOME": str(home), "DATABASE_URL": "postgresql://nobody.invalid/x"}
    return subprocess.run(
        arguments, cwd=project.path, env=environment, capture_output=True, text=True, check=False, timeout=300
    )


def commit(project: Project, home: Path, *files: str) -> str:
    """Stage files and run the hooks on them; returns what pre-commit says."""
    run(project, home, "git", "add", *files)
    done = run(project, home, sys.executable, "-m", "pre_commit", "run", "--color=never")
    run(project, home, "git", "-c", "user.name=t", "-c", "user.email=t@t.invalid", "commit", "-nm", "next")
    return done.stdout + done.stderr


@pytest.mark.timeout(600)
def test_hooks(project: Project, home: Path) -> None:
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True)
    config = CONFIG.format(root=ROOT.as_posix(), revision=head.stdout.strip(), python=sys.executable)
    project.write(".pre-commit-config.yaml", config)
    project.write(".gitignore", "__pycache__/\n")
    env = project.path / "migrations/env.py"
    source = env.read_text()
    project.contract("object_images", CONTRACT)
    project.revision("r1", CREATE)
    run(project, home, "git", "init")
    said = commit(project, home, ".")
    assert said.count("Passed") == 3, said

    project.write("README.md", "unrelated")
    said = commit(project, home, "README.md")
    assert said.count("Skipped") == 3, said

    script = project.revision("r2", 'op.drop_column("object_images", "primary_image")')
    said = commit(project, home, "migrations")
    assert said.count("Failed") == 2, said
    assert "public.object_images.primary_image no longer exists" in said
    assert "validate data contracts" in said
    assert "(no files to check)Skipped" in said
    script.unlink()

    env.write_text("import an_application_that_is_not_installed_here\n" + source)
    said = commit(project, home, "-A")
    assert KEPT in said, "the isolated hook runs without env.py"
    assert said.count("Failed") == 1, "the local one is for environments that have it"

    env.write_text(source)
    project.write("contracts/images.odcs.yaml", ODCS)
    said = commit(project, home, "-A")
    assert said.count("Passed") == 3, said
    project.write("contracts/images.odcs.yaml", ODCS.replace("name: primary_image", "name: picture"))
    said = commit(project, home, "-A")
    assert "contracts/images.odcs.yaml:" in said
    assert "public.object_images.picture does not exist" in said
    project.write("contracts/images.odcs.yaml", ODCS)

    project.contract("object_images", CONTRACT.replace('"primaryKey": true', '"primaryKey": 3', 1))
    said = commit(project, home, "-A")
    assert "contracts/object_images.json:" in said
    assert said.count("Failed") == 3, said


INFERRED = """
repos:
- repo: {root}
  rev: {revision}
  hooks:
  - id: infer-contracts
    args: [--dialect, postgresql]
"""


@pytest.mark.timeout(600)
def test_the_hook_for_contracts_that_are_inferred(project: Project, home: Path) -> None:
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True)
    project.write(".pre-commit-config.yaml", INFERRED.format(root=ROOT.as_posix(), revision=head.stdout.strip()))
    project.revision("r1", CREATE)
    project.write("queries/x.sql", "SELECT primary_image FROM object_images;\n")
    settings = (project.path / "pyproject.toml").read_text()
    project.write("pyproject.toml", f'{settings}\n[tool.alembic_contracts.infer.guide]\nsql = "queries"\n')
    run(project, home, "git", "init")
    said = commit(project, home, ".")
    assert "contracts/guide.odcs.yaml is not there:" in said
    assert "added: public.object_images.primary_image" in said
    assert project.cli("infer", "--all", "--offline").returncode == 0
    said = commit(project, home, ".")
    assert said.count("Passed") == 1, said
    project.write("queries/x.sql", "SELECT created_at FROM object_images;\n")
    said = commit(project, home, ".")
    assert "no longer used: public.object_images.primary_image" in said
