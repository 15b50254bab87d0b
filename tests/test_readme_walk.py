"""The README from its first command to its last, each as it stands there, in a fresh clone and a new environment.

What a person who reads it has beside it: git, with a name to commit under. The environment finds the packages of the
running one, so that nothing is downloaded; ``pip`` and ``alembic`` are its own.
"""

from __future__ import annotations

import os
import re
import shutil
import site
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.test_readme import assert_shown

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
WHOLE_SUITE = 'pip install -e ".[test]" && pytest'
PICTURE, WALK = README.split("## Try it")
"""What stands before is a picture of step III, and is compared with what that prints."""


@dataclass(frozen=True)
class Command:
    """A line behind a ``$``, and what the README shows below it, in parts (it leaves out what ``[...]`` stands for)."""

    line: str
    shown: tuple[str, ...]


def commands(text: str) -> Iterator[Command]:
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
        for run in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, _, output = run.partition("\n")
            yield Command(line, tuple(part.strip("\n") for part in output.split("[...]")) if output.strip() else ())


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that a server which runs as somebody else can enter, too."""
    made = Path(tempfile.mkdtemp(prefix="alembic-contracts-readme-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


def git(where: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=where, capture_output=True, text=True, check=True)
    return done.stdout


def clone(folder: Path, env: dict[str, str]) -> Path:
    """A clone of a repository that holds this working tree, as it would be after a commit."""
    origin = folder / "origin"
    for name in git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0"):
        if name and (ROOT / name).is_file():
            (origin / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, origin / name)
    for arguments in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "-m", "As it is")):
        subprocess.run(["git", *arguments], cwd=origin, env=env, check=True)
    git(folder, "clone", "--quiet", "origin", "clone")
    return folder / "clone"


def environment(folder: Path) -> Path:
    """A new virtual environment, which sees the packages of the running one; returns its scripts' folder."""
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    [packages] = (folder / "venv").glob("lib/python*/site-packages")
    (packages / "running.pth").write_text("\n".join(site.getsitepackages()) + "\n", encoding="utf-8")
    scripts = folder / "venv/bin"
    alembic = scripts / "alembic"  # which pip would have written, had it installed Alembic itself
    alembic.write_text(f"#!{scripts}/python\nfrom alembic.config import main\nmain(prog='alembic')\n", encoding="utf-8")
    alembic.chmod(alembic.stat().st_mode | stat.S_IXUSR)
    return scripts


def surroundings(folder: Path) -> dict[str, str]:
    """What a person has who has done nothing yet."""
    kept = {name: os.environ[name] for name in ("LANG", "TMPDIR") if name in os.environ}
    person = {"NAME": "A reader", "EMAIL": "reader@example.org"}
    identity = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in person.items()}
    path = f"{folder}/venv/bin{os.pathsep}{os.environ['PATH']}"
    pip = {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    return {**kept, **identity, **pip, "PATH": path, "HOME": str(folder), "COLUMNS": "96"}


def compare(command: Command, done: subprocess.CompletedProcess[str], parts: tuple[str, ...]) -> None:
    """What is shown is what was printed; of an upgrade, without the lines of Alembic's log."""
    if not parts:
        return
    output = done.stdout
    if parts[0].startswith("Refused"):
        output = done.stderr[done.stderr.index("Refused") :]
    if command.line.endswith("--help"):  # whose layout differs between Pythons; tests/test_readme.py looks at it
        parts, output = ("usage: alembic check-contracts",), "usage: alembic check-contracts"
    assert_shown(list(parts), output)


@pytest.mark.timeout(900)
def test_the_readme_word_by_word(folder: Path) -> None:
    env = surroundings(folder)
    environment(folder)
    here = clone(folder, env)
    [picture] = commands(PICTURE)
    ran: list[str] = []
    for command in commands(WALK):
        if command.line == WHOLE_SUITE:  # which runs this test
            continue
        done = subprocess.run(
            ["bash", "-c", command.line],
            cwd=here, env=env, capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        ran.append(command.line)
        said = f"$ {command.line}\n{done.stdout}\n{done.stderr}"
        broken = any("Broken: " in part for part in command.shown)
        assert (done.returncode != 0) == broken, said
        if broken and "check-contracts" in command.line:
            assert done.returncode == 1, said
        compare(command, done, command.shown)
        if command.line == picture.line and broken:
            compare(command, done, picture.shown)
    assert ran[0].startswith("pip install -e")
    assert len(ran) > 20
    assert git(here, "status", "--porcelain") == ""
    assert git(here, "log", "--format=%s", "-5").splitlines() == [
        "Add object_images_normalized",
        "A contract for object_images_normalized",
        'Revert "Normalise object_images"',
        "Normalise object_images",
        "As it is",
    ]
    versions = {file.name for file in (here / "migrations/versions").glob("*.py")}
    assert "c31f0a86d7e4_add_object_images_normalized.py" in versions
    assert "b9d4e1c07a52_normalise_object_images.py" not in versions


def test_the_command_that_runs_the_tests_is_what_ci_runs() -> None:
    assert WHOLE_SUITE in [command.line for command in commands(WALK)]
    steps = re.findall(r"^step (.*)$", (ROOT / ".ci/run").read_text(encoding="utf-8"), re.MULTILINE)
    install, run = WHOLE_SUITE.split(" && ")
    assert steps.index(install.replace("install", "install --quiet")) + 1 == steps.index(run)


def test_the_code_that_is_shown_is_the_code_that_is_copied() -> None:
    shown = re.findall(r"```python\n(def upgrade.*?)```", WALK, re.DOTALL)
    copied = re.findall(r"^\$ cp (tests/fixtures/\S+\.py) migrations/versions/$", WALK, re.MULTILINE)
    assert len(shown) == len(copied) == 2
    for code, file in zip(shown, copied, strict=True):
        assert code in (ROOT / file).read_text(encoding="utf-8")
