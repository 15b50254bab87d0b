"""The real PostgreSQL, for what is held against it statement by statement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.parity import Server

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def server(databases) -> Iterator[Server]:
    with databases.new() as url:
        server = Server(url)
        yield server
        server.close()
