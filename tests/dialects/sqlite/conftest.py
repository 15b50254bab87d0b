"""What tests of SQLite share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from alembic_contracts.dialects import sqlite
from tests.support.sqlite_database import SHOP, connected, run

if TYPE_CHECKING:
    import sqlalchemy as sa

    from alembic_contracts.schemas.schema import Schema


@pytest.fixture
def connection() -> Iterator[sa.Connection]:
    """A connection to an empty database in memory."""
    with connected() as connection:
        yield connection


@pytest.fixture
def shop(connection: sa.Connection) -> Schema:
    """All that is observed of a shop's tables, which ``connection`` has."""
    run(connection, SHOP)
    return sqlite.observe(connection, None)
