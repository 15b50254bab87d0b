"""A new project, whose folder for contracts is there before the first contract: nobody is stopped, and it is said."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.support.object_images import CONTRACT

if TYPE_CHECKING:
    from tests.support.project import Project

NOTE = "Nothing is held to contracts yet."
MODELS = """
import sqlalchemy as sa

metadata = sa.MetaData()
sa.Table("orders", metadata, sa.Column("id", sa.Integer, primary_key=True))
"""


@pytest.fixture
def greenfield(project: Project) -> Project:
    """Models, no revision, and what ``init`` puts into the folder."""
    project.write("models.py", MODELS)
    env = (project.path / "migrations/env.py").read_text()
    env = env.replace("target_metadata = None", "from models import metadata as target_metadata")
    project.write("migrations/env.py", env)
    project.write("contracts/README.md", "# Data contracts")
    project.environment["PYTHONPATH"] = str(project.path)
    return project


def test_models_come_first(greenfield: Project) -> None:
    """The first revision, the first upgrade, then the contract."""
    done = greenfield.alembic("revision", "--autogenerate", "-m", "first")
    assert done.returncode == 0, done.stderr
    assert NOTE in done.stderr
    done = greenfield.alembic("upgrade", "head")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count(NOTE) == 1
    assert greenfield.alembic("check").returncode == 0
    done = greenfield.alembic("check-contracts")
    assert (done.returncode, done.stdout) == (2, "")
    assert "There are no contracts in `contracts`: no file in it is named" in done.stderr
    done = greenfield.cli("generate", "public.orders", "--owner", "Shop <shop@example.org>")
    assert done.returncode == 0, done.stderr
    assert greenfield.alembic("check-contracts").returncode == 0


@pytest.mark.parametrize("file", [None, "contracts/broken.json"])
def test_what_is_off_reads_no_contract(greenfield: Project, file: str | None) -> None:
    if file is not None:
        greenfield.write(file, "{")
    off = {"ALEMBIC_CONTRACTS_AUTOGENERATE": "off"}
    done = greenfield.alembic("revision", "--autogenerate", "-m", "first", env=off)
    assert done.returncode == 0, done.stderr
    assert NOTE not in done.stderr


def test_a_folder_that_is_missing_stays_an_error(greenfield: Project) -> None:
    greenfield.revision("r1", "op.execute('CREATE TABLE t ()')")
    (greenfield.path / "contracts/README.md").unlink()
    (greenfield.path / "contracts").rmdir()
    done = greenfield.alembic("upgrade", "head")
    assert done.returncode != 0
    assert "There are no contracts at `contracts`: no such file or folder." in done.stdout


def git(project: Project, *arguments: str) -> None:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    subprocess.run(["git", *identity, *arguments], cwd=project.path, check=True, capture_output=True)


@pytest.mark.parametrize("content", [CONTRACT, json.dumps({"name": 3})], ids=["valid", "invalid"])
def test_contracts_that_the_last_commit_had_are_missed(greenfield: Project, content: str) -> None:
    greenfield.revision("r1", "op.execute('CREATE TABLE t ()')")
    git(greenfield, "init")
    git(greenfield, "add", ".")
    git(greenfield, "commit", "-m", "none yet")
    assert greenfield.alembic("upgrade", "head").returncode == 0
    file = greenfield.contract("object_images", content)
    git(greenfield, "add", ".")
    git(greenfield, "commit", "-m", "one")
    file.unlink()
    greenfield.revision("r2", "op.execute('CREATE TABLE u ()')")
    done = greenfield.alembic("upgrade", "head")
    assert done.returncode != 0
    assert "In the last commit there were some." in done.stdout
    assert greenfield.sql("SELECT to_regclass('u')") == [(None,)]
