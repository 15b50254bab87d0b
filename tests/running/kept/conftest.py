"""A project with a history that is kept, on a database of each of two kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.cluster import Cluster
from tests.support.database import Databases
from tests.support.keeping import ADD, CREATE, contract
from tests.support.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def databases() -> Iterator[Databases]:
    """Shadows that of all tests: roles, which others of them make meanwhile on the same server, count as well."""
    with Cluster() as cluster, Databases(cluster.url()) as databases:
        yield databases


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Shadows that of all tests: each of two kinds."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/t.db"
        return
    with request.getfixturevalue("databases").new() as url:
        yield url


@pytest.fixture
def project(database: str, tmp_path: Path) -> Project:
    project = Project.create(tmp_path / "project", database)
    project.environment["PYTHONDONTWRITEBYTECODE"] = ""
    project.revision("r1", CREATE)
    project.revision("r2", ADD)
    project.contract("t", contract(is_nullable=False))
    return project
