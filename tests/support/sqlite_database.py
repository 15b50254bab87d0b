"""Connections to SQLite databases, each with an engine of its own that is gone afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa


@contextmanager
def connected(url: str = "sqlite://", *, recipe: bool = False, **options: Any) -> Iterator[sa.Connection]:
    """Connect to a database, by default to an empty one in memory.

    Args:
        url: SQLAlchemy's.
        recipe: whether SQLAlchemy's recipe for transactional DDL is followed: pysqlite begins nothing, we do.
        options: of ``create_engine``.
    """
    engine = sa.create_engine(url, **options)
    if recipe:

        @sa.event.listens_for(engine, "connect")
        def leave_to_us(driver: Any, _record: Any) -> None:
            driver.isolation_level = None

        @sa.event.listens_for(engine, "begin")
        def begin(connection: sa.Connection) -> None:
            connection.exec_driver_sql("BEGIN")

    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()
