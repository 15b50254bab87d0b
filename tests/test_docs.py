"""The pages of ``docs``: those that follow from the code do, the site builds, the tutorial is what programs print."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from alembic_contracts.commands import Commands
from alembic_contracts.config import sources
from alembic_contracts.judging import rules
from alembic_contracts.running import options
from tests.support.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"

sys.path.insert(0, str(DOCS))
import generate  # noqa: E402 - a script beside the pages

sys.path.remove(str(DOCS))


def read(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", generate.pages())
def test_pages_follow_from_the_code(name: str) -> None:
    assert read(name) == generate.pages()[name], "run `python docs/generate.py`"


def test_no_page_is_of_a_rule_that_is_gone() -> None:
    pages = {file.stem for file in (DOCS / "reference/rules").glob("*.md")}
    assert pages == {*rules.load(), "index"}


def test_settings_commands_and_options_are_documented() -> None:
    settings = read("reference/settings.md")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for key in sources.KEYS:
        assert f"| `{key}` |" in settings
        assert f"| `{key}` |" in readme
    commands = read("reference/commands.md")
    for name in Commands().list_commands(None):  # type: ignore[arg-type]
        assert f"\n## {name}\n" in commands
        assert f"`alembic-contracts {name}" in readme
    for option in options.CHECK:
        assert option.flag in commands


def test_every_command_has_examples() -> None:
    for name in Commands().list_commands(None):  # type: ignore[arg-type]
        section = read("reference/commands.md").split(f"\n## {name}\n")[1].split("\n## ")[0]
        assert re.search(rf"Examples:\n +alembic-contracts {name}\b", section), name


def test_the_site_builds(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "mkdocs", "build", "--strict", "-f", ".mkdocs.yml",
         "-d", tmp_path / "site"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "site/reference/rules/column-exists/index.html").is_file()


def blocks(page: str) -> Iterator[tuple[str, str]]:
    yield from re.findall(r"^```(\w+)\n(.*?)^```", page, re.DOTALL | re.MULTILINE)


def test_the_tutorial_is_real(tmp_path: Path, database: str) -> None:
    project = Project(tmp_path, database, {"COLUMNS": "96"})
    script: Path | None = None
    for language, text in blocks(read("tutorial.md")):
        if language == "python":
            assert script is not None
            empty = re.sub(r"def upgrade\(\).*?(?=\n\n\ndef|\Z)", "", script.read_text(), flags=re.DOTALL)
            script.write_text(f"{empty.rstrip()}\n\n\n{text}")
            continue
        for run in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            command, _, shown = run.partition("\n")
            program, *arguments = shlex.split(command)
            if program == "pip":
                continue
            before = set(tmp_path.glob("migrations/versions/*.py"))
            done = project.alembic(*arguments) if program == "alembic" else project.cli(*arguments)
            output = done.stdout + done.stderr
            position = 0
            for part in shown.split("[...]"):
                found = output.find(part.strip("\n"), position)
                assert found >= 0, f"{command}\n{part}\nis not in\n{output}"
                position = found
            if arguments[0] == "init" and program == "alembic":
                ini = tmp_path / "alembic.ini"
                url = f"sqlalchemy.url = {database.replace('%', '%%')}"
                ini.write_text(re.sub(r"sqlalchemy.url = .*", lambda _match, url=url: url, ini.read_text()))
            new = set(tmp_path.glob("migrations/versions/*.py")) - before
            script = new.pop() if new else script


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shell_completion(shell: str, tmp_path: Path) -> None:
    project = Project(tmp_path, "")
    done = project.run(
        "-c", "from alembic_contracts.cli import main; main(prog_name='alembic-contracts')",
        env={"_ALEMBIC_CONTRACTS_COMPLETE": f"{shell}_source"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "_ALEMBIC_CONTRACTS_COMPLETE" in done.stdout
    words = {"COMP_WORDS": "alembic-contracts ex", "COMP_CWORD": "ex" if shell == "fish" else "1"}
    done = project.run(
        "-c", "from alembic_contracts.cli import main; main(prog_name='alembic-contracts')",
        env={"_ALEMBIC_CONTRACTS_COMPLETE": f"{shell}_complete", **words},
    )  # fmt: skip
    assert "explain" in done.stdout
