"""The development container is valid, and its commands work: run here in a clone, as they are in the container."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import jsonschema
import pytest

from tests.support.museum import REPOSITORY, Museum

TEXT = (REPOSITORY / ".devcontainer/devcontainer.json").read_text(encoding="utf-8")
CONTAINER = json.loads(re.sub(r"^\s*//.*$", "", TEXT, flags=re.MULTILINE))
SCHEMA = json.loads(Path(__file__).with_name("devContainer.base.schema.json").read_text(encoding="utf-8"))
COMMANDS = ("onCreateCommand", "updateContentCommand", "postCreateCommand")
"""In the order in which a container that is new runs them."""


def test_it_is_valid() -> None:
    validator = jsonschema.Draft201909Validator(SCHEMA)
    validator.check_schema(SCHEMA)
    assert [error.message for error in validator.iter_errors(CONTAINER)] == []
    assert [*validator.iter_errors({**CONTAINER, "postCreateComand": "true"})], "the schema knows its keys"


def test_its_extras_and_files_are_there() -> None:
    import tomllib

    pyproject = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = re.search(r"'\.\[([\w,]+)\]'", CONTAINER["updateContentCommand"])
    assert wanted is not None
    assert set(wanted[1].split(",")) <= set(pyproject["optional-dependencies"])
    python = CONTAINER["image"].partition(":")[2]
    assert f"Programming Language :: Python :: {python}" in pyproject["classifiers"]
    assert not [
        file for file in CONTAINER["customizations"]["codespaces"]["openFiles"] if not (REPOSITORY / file).is_file()
    ]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A checkout with the files of this one, whether or not they have been committed."""
    folder = tmp_path / "alembic-contracts"
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=REPOSITORY, capture_output=True, text=True, check=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.split("\0")):
        if (REPOSITORY / name).is_file() and not name.startswith("tests/"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((REPOSITORY / name).read_bytes())
    return folder


def test_its_commands_end_with_a_museum_that_is_migrated_and_seeded(clone: Path) -> None:
    # What the packages are installed from is this environment, so that nothing is downloaded; all else is as there.
    here_first = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    here = {
        "PIP_NO_INDEX": "1",
        "PIP_NO_DEPS": "1",
        "PIP_NO_BUILD_ISOLATION": "0",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    remote = {
        name: value.replace("${containerWorkspaceFolder}", str(clone)).replace("${containerEnv:PATH}", here_first)
        for name, value in CONTAINER["remoteEnv"].items()
    }
    museum = Museum(clone, environment={**here, **remote})
    for key in COMMANDS:
        done = subprocess.run(
            ["/bin/sh", "-c", CONTAINER[key]],
            cwd=clone, env=museum.variables(), capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, (CONTAINER[key], done.stdout, done.stderr)
        if key == "onCreateCommand":
            [packages] = (clone / ".venv/lib").glob("python*/site-packages")
            (packages / "here.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
        assert "does not provide the extra" not in done.stderr
    assert done.stdout.startswith("All data contracts are kept")
    assert "Loaded 3,000 objects into 8 tables" in done.stdout
    python = str(clone / ".venv/bin/python")
    located = subprocess.run(
        [python, "-c", "import alembic_contracts; print(alembic_contracts.__file__)"],
        cwd="/", capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert Path(located.stdout.strip()).is_relative_to(clone)
    subprocess.run([python, "-m", "alembic_contracts.embedded", "wipe"], cwd=clone, check=True, capture_output=True)
