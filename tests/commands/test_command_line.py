"""What the command line does for people: it names what was meant, completes what is known, colours what is wanted."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from alembic_contracts.support.terminal import uses_color
from tests.support.object_images import CONTRACT, CREATE
from tests.support.project import Project

if TYPE_CHECKING:
    from typing import TextIO


@pytest.fixture
def museum(tmp_path: Path) -> Project:
    """A project without a database."""
    museum = Project.create(tmp_path / "museum", "")
    museum.contract("object_images", CONTRACT)
    museum.revision("r1", f"raise AssertionError('no completion runs a script')\n{CREATE}")
    museum.revision("r2", "pass")
    return museum


def completed(project: Project, *words: str) -> list[str]:
    """Return what bash is told to complete the last word with."""
    done = subprocess.run(
        [Path(sys.executable).with_name("alembic-contracts")],
        cwd=project.path, capture_output=True, text=True, check=True, timeout=60,
        env={
            **os.environ,
            "_ALEMBIC_CONTRACTS_COMPLETE": "bash_complete",
            "COMP_WORDS": " ".join(["alembic-contracts", *words]),
            "COMP_CWORD": str(len(words)),
        },
    )  # fmt: skip
    return [line.partition(",")[2] for line in done.stdout.splitlines() if line]


def test_completion(museum: Project) -> None:
    assert completed(museum, "pla") == ["plan"]
    assert completed(museum, "explain", "column-or") == ["column-order"]
    assert completed(museum, "check", "--from", "r") == ["r1", "r2"]
    assert completed(museum, "check", "--to", "he") == ["head", "heads"]
    assert completed(museum, "check", "--color", "a") == ["auto", "always"]
    assert completed(museum, "who", "object_images.p") == ["object_images.primary_image"]
    assert completed(museum, "fix", "public.object_images.c") == ["public.object_images.created_at"]
    assert completed(museum, "generate", "obj") == ["object_images"] + [
        f"object_images.{column}" for column in ("additional_images", "created_at", "object_id", "primary_image")
    ]


def test_completion_of_what_is_broken_is_none(museum: Project) -> None:
    museum.contract("object_images", "{")
    assert completed(museum, "who", "o") == []
    museum.write("pyproject.toml", "[")
    assert completed(museum, "check", "--from", "r") == []
    assert completed(museum, "generate", "o") == []


@pytest.mark.parametrize(
    ("word", "hint"),
    [("chekc", "did you mean `check`?"), ("pull_reqest", "did you mean `pull-request`?"), ("x", "known here: `check`")],
)
def test_commands_that_were_meant(word: str, hint: str, museum: Project) -> None:
    done = museum.cli(word)
    assert done.returncode == 2
    assert f"No such command '{word}'; {hint}" in done.stderr


class Terminal:
    """A stream that says whether it is a terminal."""

    def __init__(self, *, is_terminal: bool) -> None:
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


@pytest.mark.parametrize(
    ("environment", "terminal", "pipe"),
    [
        ({}, True, False),
        ({"NO_COLOR": "1"}, False, False),
        ({"FORCE_COLOR": "1"}, True, True),
        ({"FORCE_COLOR": "0"}, True, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
    ],
)
def test_when_there_is_colour(
    environment: dict[str, str], terminal: bool, pipe: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    streams: list[TextIO] = [Terminal(is_terminal=True), Terminal(is_terminal=False)]  # type: ignore[list-item]
    assert [uses_color(stream) for stream in streams] == [terminal, pipe]
    assert [uses_color(stream, "always") for stream in streams] == [True, True]
    assert [uses_color(stream, "never") for stream in streams] == [False, False]


def test_colours_of_a_check(museum: Project) -> None:
    museum.revision("r3", "op.drop_column('object_images', 'primary_image')", down=None)
    arguments = ("check-contracts", "--offline", "--dialect", "postgresql", "--to", "r3", "--no-exec")
    assert "\x1b[" not in museum.alembic(*arguments).stdout
    assert "\x1b[1;35m" in museum.alembic(*arguments, "--color", "always").stdout
    assert "\x1b[1;35m" in museum.alembic(*arguments, env={"FORCE_COLOR": "1"}).stdout
    assert "\x1b[" not in museum.alembic(*arguments, "--color", "never", env={"FORCE_COLOR": "1"}).stdout
