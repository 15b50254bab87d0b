"""Version scripts of a project whose database nobody can reach."""

from pathlib import Path

import pytest

from tests.support.project import Project
from tests.support.scripts import Scripts


@pytest.fixture
def scripts(tmp_path: Path) -> Scripts:
    return Scripts(Project.create(tmp_path / "project", "postgresql://nowhere.invalid/x"))
