"""The museum on databases of the tests' own."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.support.museum import REPOSITORY, Museum

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.database import Databases


@pytest.fixture
def museum(database: str) -> Museum:
    """The museum on a new, empty database."""
    return Museum(REPOSITORY, database)


@pytest.fixture(scope="module")
def migrated_museum(databases: Databases) -> Iterator[Museum]:
    """The museum on a database at head, shared by the tests of a module."""
    with databases.new() as url:
        museum = Museum(REPOSITORY, url)
        museum.alembic("upgrade", "head")
        yield museum


@pytest.fixture
def checkout(tmp_path: Path) -> Museum:
    """A copy of what the museum is made of, with no ``DATABASE_URL``."""
    for name in ("migrations", "contracts", "seed"):
        shutil.copytree(REPOSITORY / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "data"))
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    return Museum(tmp_path)
