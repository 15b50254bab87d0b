"""A driver's name in, what it does otherwise than its like out: transactions, placeholders, values.

Seen with psycopg2 2.9, psycopg 3.3, asyncpg 0.32 and pg8000 1.31 on a server; the tests run each of them beside this.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

__all__ = ["PSYCOPG", "Manners", "manners_of"]


class Manners(Struct, frozen=True):
    """How one driver behaves."""

    driver: str = "psycopg"
    asks_server: bool = True
    """Whether it opens a transaction wherever the server says that none is open; otherwise it counts its own BEGIN,
    COMMIT and ROLLBACK alone, so that after a COMMIT in SQL each statement commits by itself."""
    placeholders: Literal["pyformat", "format", "numeric_dollar"] = "pyformat"
    single: Literal["never", "with values", "always"] = "with values"
    """When a text may hold one statement only."""
    keeps_autocommit: bool = True
    """Whether ``autocommit`` cannot be changed while a transaction is open."""
    commits_failed: bool = True
    """Whether a failed transaction may be committed, which rolls it back, or ended by any other word than ROLLBACK."""
    forgets_count: bool = True
    """Whether a closed cursor's ``rowcount`` is -1, as SQLAlchemy closes it after an INSERT without RETURNING."""
    counts_many: bool = True
    """Whether ``executemany`` says how many rows it changed."""
    tuples: Literal["list", "text"] = "text"
    """Whether a tuple is written as a list for IN, or as the text of a row."""
    refused: tuple[type, ...] = (dict, set, frozenset)
    """Types of values for which it has no adapter."""
    enums: Literal["refused", "name", "value"] = "name"
    """What becomes of an Enum that is neither a str nor an int."""


PSYCOPG = Manners()
"""psycopg 3's."""
_DRIVERS = {
    "psycopg2": Manners(
        "psycopg2", asks_server=False, single="never", forgets_count=False, tuples="list", enums="refused"
    ),
    "psycopg": PSYCOPG,
    "asyncpg": Manners(
        "asyncpg",
        asks_server=False,
        placeholders="numeric_dollar",
        single="always",
        keeps_autocommit=False,
        forgets_count=False,
        counts_many=False,
        enums="refused",
    ),
    "pg8000": Manners(
        "pg8000",
        placeholders="format",
        keeps_autocommit=False,
        commits_failed=False,
        forgets_count=False,
        refused=(),
        enums="value",
    ),
}


def manners_of(driver: str) -> Manners:
    """Return a driver's manners; what is not known is taken to behave as psycopg does."""
    return next((known for name, known in _DRIVERS.items() if driver.startswith(name)), PSYCOPG)
