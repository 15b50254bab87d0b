"""A condition and columns in, whether a row that gives them no value meets it out: SQLite's own answer."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing

from alembic_contracts.dialects.sqlite.beside_schema import depends_on
from alembic_contracts.dialects.sqlite.names import fold, quote
from alembic_contracts.dialects.sqlite.tokens import meaning
from alembic_contracts.dialects.sqlite.types import format_type
from alembic_contracts.schemas.schema import Column

__all__ = ["meets"]

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


def _definition(column: Column) -> str:
    words = [quote(column.name), format_type(column.type) if column.type is not None else ""]
    words += [] if column.collation is None else [f"COLLATE {quote(column.collation)}"]
    words += [] if column.default is None else [f"DEFAULT ({column.default})"]
    return " ".join(words)


def _is_the_same_each_time(action: int, one: str | None, two: str | None, *_: object) -> int:
    """Let nothing be asked whose answer is another one each time."""
    is_other = action == sqlite3.SQLITE_FUNCTION and depends_on(action, one, two) is not None
    return sqlite3.SQLITE_DENY if is_other else sqlite3.SQLITE_OK
