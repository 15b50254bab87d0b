"""Every scenario runs on every database of the table, in a project and a database of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.databases.running import House
from tests.databases.table import DATABASES, Database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=DATABASES, ids=lambda database: database.name)
def on(request: pytest.FixtureRequest) -> Database:
    """The database's row."""
    return request.param


@pytest.fixture
def house(
    on: Database, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[House]:
    """A project on an empty database."""
    monkeypatch.setenv("ALEMBIC_CONTRACTS_SETTLE", "never")  # most is about what is known without a scratch server
    with on.fresh(request, tmp_path) as url:
        house = House(on, tmp_path, url)
        monkeypatch.chdir(house.project.path)
        yield house
