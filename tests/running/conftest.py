"""Fixtures of what goes through real ``alembic`` processes."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.contained import Checks
from tests.support.object_images import museum, state
from tests.support.project import Project
from tests.support.scripts_over_rows import APPLICATION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.database import Databases


@pytest.fixture
def shop(tmp_path: Path, mariadb: str) -> Project:
    return Project.create(tmp_path / "project", mariadb)


@pytest.fixture
def settling(project: Project, postgres_url: str) -> Project:
    """A project as users have it, on the server under test: that is faster than an embedded one for each check."""
    project.environment["ALEMBIC_CONTRACTS_SETTLE"] = ""
    project.environment["ALEMBIC_CONTRACTS_SHADOW_URL"] = postgres_url
    return project


@pytest.fixture(scope="module")
def checked_project(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[Project]:
    with databases.new() as url:
        yield museum(Project.create(tmp_path_factory.mktemp("contained"), url))


@pytest.fixture
def checks(checked_project: Project, tmp_path: Path) -> Checks:
    folder = tmp_path / "project"
    shutil.copytree(checked_project.path, folder)
    project = Project(folder, checked_project.database, {"ALEMBIC_CONTRACTS_PREDICT_TIMEOUT": "2"})
    project.environment["ALEMBIC_CONTRACTS_PREDICT_MEMORY"] = "300"
    project.write("there", "as it was")
    return Checks(project, state(project))


@pytest.fixture
def application(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    library = tmp_path / "library"
    library.mkdir()
    (library / "application_of_tests.py").write_text(APPLICATION)
    monkeypatch.syspath_prepend(str(library))
    yield library
    sys.modules.pop("application_of_tests", None)
