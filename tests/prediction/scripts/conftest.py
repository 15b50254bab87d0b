"""Version scripts of a project whose database nobody can reach."""

import os
from pathlib import Path

import pytest

from alembic_contracts.prediction.containment import process
from tests.support.project import Project
from tests.support.scripts import Scripts


@pytest.fixture
def scripts(tmp_path: Path) -> Scripts:
    return Scripts(Project.create(tmp_path / "project", "postgresql://nowhere.invalid/x"))


@pytest.fixture(name="forked")
def forked_(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The processes that are made from here on."""
    made: list[int] = []
    fork = process.fork

    def told() -> int:
        made.append(os.getpid())
        return fork()

    monkeypatch.setattr(process, "fork", told)
    return made
