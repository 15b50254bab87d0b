"""What tests of SQLite share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa


@pytest.fixture
def connection() -> Iterator[sa.Connection]:
    """A connection to an empty database in memory."""
    with sa.create_engine("sqlite://").connect() as connection:
        yield connection
