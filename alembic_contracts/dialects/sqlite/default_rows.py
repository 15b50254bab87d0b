"""An expression and columns in, what it is for a row out: SQLite's own answer."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from itertools import product

from alembic_contracts.dialects.sqlite.beside_schema import depends_on
from alembic_contracts.dialects.sqlite.names import fold, quote
from alembic_contracts.dialects.sqlite.tokens import meaning
from alembic_contracts.dialects.sqlite.types import format_type
from alembic_contracts.schemas.schema import Column

__all__ = ["meets", "nulls_from"]

_VALUES = ("", "x", 0, 1)
"""What rows are tried with: of each kind what counts as nothing, and what does not."""
_MOST = 4
"""Columns for which all of them are tried, in all combinations."""
_ROW_NUMBER = frozenset({"_rowid_", "oid", "rowid"})
"""Names of what each row has, and no list of columns (https://sqlite.org/lang_createtable.html, section 5)."""


def meets(condition: str, columns: Sequence[Column]) -> bool:
    """Tell whether a row in which columns have their defaults certainly meets a condition on them alone.

    Args:
        condition: of a CHECK.
        columns: all that it names.
    """
    if any(column.generated or column.identity or column.type is None for column in columns):
        return False
    named = {fold(token.identifier) for token in meaning(condition)}
    if named & _ROW_NUMBER - {fold(column.name) for column in columns}:
        return False
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.set_authorizer(_is_the_same_each_time)
        try:
            connection.execute(f"CREATE TABLE t ({', '.join(map(_definition, columns))}, CHECK ({condition}))")
            connection.execute("INSERT INTO t DEFAULT VALUES")
        except sqlite3.Error:
            return False
    return True


def nulls_from(expression: str, columns: Sequence[Column]) -> tuple[str, ...]:
    """Return the columns that may be NULL and an expression with them.

    Args:
        expression: of a generated column.
        columns: of its table.

    Returns:
        Nothing where it is NULL for none of the rows that were tried.
    """
    names = {fold(token.identifier) for token in meaning(expression)}
    used = [each for each in columns if fold(each.name) in names and each.type is not None and not each.generated]
    values = [_VALUES if each.not_null else (None, *_VALUES) for each in used[:_MOST]]
    rest = tuple("" if each.not_null else None for each in used[_MOST:])
    with closing(sqlite3.connect(":memory:")) as connection:
        is_null = any(_is_null(expression, used, (*row, *rest), connection) for row in product(*values))
    return tuple(each.name for each in used if is_null and not each.not_null)


def _is_null(
    expression: str, columns: Sequence[Column], row: tuple[object, ...], connection: sqlite3.Connection
) -> bool:
    """Whether an expression is NULL for a row; not where it fails for it, as for what is no JSON."""
    try:
        connection.execute(f"CREATE TABLE IF NOT EXISTS t ({', '.join(map(_definition, columns))})")
        connection.execute("DELETE FROM t")
        connection.execute(f"INSERT INTO t VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608 - question marks
        return connection.execute(f"SELECT 1 FROM t WHERE ({expression}) IS NULL").fetchone() is not None  # noqa: S608 - the schema's own
    except sqlite3.Error:
        return False


def _definition(column: Column) -> str:
    words = [quote(column.name), format_type(column.type) if column.type is not None else ""]
    words += [] if column.collation is None else [f"COLLATE {quote(column.collation)}"]
    words += [] if column.default is None else [f"DEFAULT ({column.default})"]
    return " ".join(words)


def _is_the_same_each_time(action: int, one: str | None, two: str | None, *_: object) -> int:
    """Let nothing be asked whose answer is another one each time."""
    is_other = action == sqlite3.SQLITE_FUNCTION and depends_on(action, one, two) is not None
    return sqlite3.SQLITE_DENY if is_other else sqlite3.SQLITE_OK
