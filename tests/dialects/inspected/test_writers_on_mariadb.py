"""Types of MariaDB that are said to take all values of another one do so on a real server; so do those "the same"."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from alembic_contracts.dialects.inspected import Inspected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.mariadb import MariaDB

TYPES = (
    *("TINYINT", "SMALLINT", "INT", "BIGINT", "TINYINT UNSIGNED", "INT UNSIGNED", "BIGINT UNSIGNED"),
    *("DECIMAL(10,2)", "DECIMAL(12,2)", "DECIMAL(12,4)", "DECIMAL(12,2) UNSIGNED", "DECIMAL(8,0)"),
    *("FLOAT", "DOUBLE", "DOUBLE UNSIGNED", "FLOAT(7,2)", "FLOAT(9,2)", "DOUBLE(8,6)", "DOUBLE(9,2)", "DOUBLE(5,2)"),
    *("CHAR(5)", "VARCHAR(5)", "VARCHAR(50)", "VARCHAR(100)", "VARCHAR(1000)", "TINYTEXT", "TEXT", "MEDIUMTEXT"),
    *(
        "TEXT(60)",
        "TEXT(300)",
        "TEXT(70000)",
        "LONGTEXT",
        "BINARY(5)",
        "VARBINARY(5)",
        "VARBINARY(300)",
        "VARBINARY(1000)",
    ),
    *("TINYBLOB", "BLOB", "BLOB(70000)", "DATETIME", "DATETIME(6)", "TIMESTAMP", "TIME", "TIME(3)", "DATE", "YEAR"),
    *("ENUM('a','b')", "ENUM('a','b','c')", "ENUM('b','a')", "SET('a','b')", "BIT(1)", "BIT(8)"),
)
VALUES: tuple[object, ...] = (
    *(-5, 0, 1, 130, 300, 40_000, -40_000, 3_000_000_000, 2**63, "12345.5", "0.25", "1.125", "99999999", "1e20"),
    *("a", "b", "c", "x" * 5, "x" * 50, "é" * 100, "€" * 100, "x" * 300, "x" * 70_000, "", "a,b"),
    *("2024-05-06 07:08:09.123456", "2024-05-06", "1900-01-01 00:00:00", "07:08:09.5", "-10:00:00", 2024),
)

SPELLED = (
    *("VARCHAR(50) CHARACTER SET utf8mb4", "VARCHAR(50) COLLATE utf8mb4_bin", "VARCHAR(50) CHARSET latin1 NOT NULL"),
    *(
        "NATIONAL CHARACTER VARYING(9)",
        "NATIONAL CHAR VARYING(9)",
        "NCHAR VARYING(9)",
        "NATIONAL VARCHAR(9)",
        "NCHAR(9)",
    ),
    *(
        "CHAR(5) BYTE",
        "LONG CHAR VARYING",
        "LONG VARCHAR",
        "LONG",
        "LONG VARBINARY",
        "INT(11) NOT NULL",
        "TIMESTAMP NULL",
    ),
    *(
        'ENUM("a","b")',
        "ENUM('it\\'s')",
        "ENUM('a ''b')",
        'SET("it\'s")',
        "CHAR(5) ASCII",
        "TEXT UNICODE",
        "INT SIGNED",
    ),
    *("BOOL", "BOOLEAN", "SERIAL", "DEC(5)", "FIXED(5,1)", "NUMERIC", "REAL", "DOUBLE PRECISION", "FLOAT(30)", "INT8"),
    *("MIDDLEINT", "INT UNSIGNED ZEROFILL", "BIT", "YEAR(4)", "JSON", "UUID", "INET6", "character varying ( 7 )"),
)
"""As the server takes them, and keeps them in other words."""

Taken = dict[object, object]
"""What is read back of each value that a column took."""


@pytest.fixture(scope="module")
def taken(mariadbs: MariaDB) -> Iterator[dict[str, tuple[str, Taken]]]:
    """For each type: as the server keeps it, and what it takes."""
    with mariadbs.new() as url:
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        with engine.connect() as connection:
            yield {type_: _takes(connection, type_) for type_ in TYPES}


def _takes(connection: sa.Connection, type_: str) -> tuple[str, Taken]:
    connection.exec_driver_sql("DROP TABLE IF EXISTS t")
    connection.exec_driver_sql(f"CREATE TABLE t (a {type_}) CHARACTER SET utf8mb4")
    kept = connection.exec_driver_sql(
        "SELECT column_type FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 't'"
    ).scalar_one()
    found: Taken = {}
    for value in VALUES:
        connection.exec_driver_sql("DELETE FROM t")
        try:
            connection.exec_driver_sql("INSERT INTO t VALUES (%s)", (value,))
        except DBAPIError:
            continue
        found[value] = connection.exec_driver_sql("SELECT a FROM t").scalar_one()
    return str(kept), found


def is_as_written(value: object, read: object) -> bool:
    """Whether nothing of a value was lost where it was kept first; what was is no loss later on."""
    if isinstance(read, bytes):
        return read == str(value).encode()
    try:
        return Decimal(str(value)) == Decimal(str(read))
    except InvalidOperation:
        return str(read) == str(value)


@pytest.mark.parametrize("stated", TYPES)
def test_what_a_writer_could_write_is_taken_as_it_was(stated: str, taken: dict[str, tuple[str, Taken]]) -> None:
    dialect = Inspected("mariadb")
    before, wrong = dialect.parse_type(stated), []
    for there in TYPES:
        kept, values = taken[there]
        after = dialect.parse_type(kept)
        if not dialect.same_type(before, after, {}) and dialect.breaks(before, after, {}).get("writer") == "error":
            continue
        for value, read in taken[stated][1].items():
            if value not in values or (is_as_written(value, read) and values[value] != read):
                wrong.append((there, value))
    assert wrong == []


@pytest.mark.parametrize("stated", TYPES)
def test_what_is_as_stated_is_the_same(stated: str, taken: dict[str, tuple[str, Taken]]) -> None:
    dialect = Inspected("mariadb")
    kept, _ = taken[stated]
    assert dialect.same_type(dialect.parse_type(stated), dialect.parse_type(kept), {})


@pytest.mark.parametrize("spelled", SPELLED)
def test_a_type_is_known_in_each_spelling(spelled: str, mariadb: str) -> None:
    dialect = Inspected("mariadb")
    engine = sa.create_engine(mariadb, poolclass=sa.NullPool)
    with engine.connect() as connection:
        kept, _ = _takes(connection, spelled)
    stated, there = dialect.parse_type(spelled), dialect.parse_type(kept)
    assert dialect.same_type(stated, there, {})
    assert not dialect.same_type(stated, dialect.parse_type("date"), {})
