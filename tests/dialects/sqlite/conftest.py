"""What tests of SQLite share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.support.sqlite_database import connected

if TYPE_CHECKING:
    import sqlalchemy as sa


@pytest.fixture
def connection() -> Iterator[sa.Connection]:
    """A connection to an empty database in memory."""
    with connected() as connection:
        yield connection
