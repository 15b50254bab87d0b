"""SQLite databases: connections, each with an engine of its own that is gone afterwards, and a shop's tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from alembic_contracts.schemas.schema import Name

SHOP = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE COLLATE NOCASE, name VARCHAR(50));
CREATE TABLE Orders (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    customer INT NOT NULL CONSTRAINT placed_by REFERENCES Customers ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    total DECIMAL(10, 2) DEFAULT 0 CHECK (total >= 0),
    cents INT AS (total * 100) STORED,
    CONSTRAINT sane CHECK (total < 1000000 AND customer <> 0)
);
CREATE UNIQUE INDEX big ON orders (customer, abs(total) DESC) WHERE total > 100;
CREATE TABLE items (
    "order" INT, position INT, "article no" TEXT, PRIMARY KEY (position, "order")
) WITHOUT ROWID;
CREATE VIEW spent AS SELECT customer, sum(total) AS total FROM orders GROUP BY customer;
CREATE VIEW named (number, called) AS SELECT id, name FROM customers;
CREATE TRIGGER rename_customer INSTEAD OF UPDATE OF Called ON named
BEGIN UPDATE customers SET name = new.called WHERE id = new.number; END;
"""
ORDERS, ITEMS, NAMED = Name("main", "Orders"), Name("main", "items"), Name("main", "named")


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


def main(name: str) -> Name:
    """Return the name of a table in the usual schema."""
    return Name("main", name)


def run(connection: sa.Connection, script: str) -> None:
    """Have the driver run several statements."""
    connection.connection.driver_connection.executescript(script)
