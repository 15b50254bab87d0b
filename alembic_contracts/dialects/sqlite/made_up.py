"""Empty tables in, one row made up in each: for scripts that do something else where tables have rows.

A row satisfies what can be told of its columns: types, NOT NULL, lists of values. Foreign keys fit each other, since
columns of a type have the same value everywhere. Triggers do not fire, and checks do not count.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from alembic_contracts.dialects.sqlite.names import quote, stored_in
from alembic_contracts.dialects.sqlite.telling import WatchedConnection

__all__ = ["emptied", "filled"]

_NUMBER = 746_391_827
"""One that scripts do not choose themselves, so that it fits beside what they insert."""
_TEXT = "made up by alembic-contracts"
_UUID = f"{_NUMBER:032x}"
_SHAPES: tuple[tuple[str, Any], ...] = (
    (r"BOOL", 1),
    (r"DATETIME|TIMESTAMP", "2000-01-01 00:00:00.000000"),
    (r"DATE", "2000-01-01"),
    (r"TIME", "00:00:00.000000"),
    (r"JSON", "{}"),
    (r"UUID|(?:VAR)?CHAR\s*\(\s*(?:32|36)\s*\)", _UUID),
    (r"INT", _NUMBER),
    (r"CHAR|CLOB|TEXT|STRING|ENUM|^$", _TEXT),
    (r"BLOB|BINARY", b"\x01"),
    (r"REAL|FLOA|DOUB", 1.0),
)
"""What declared types have in them, in this order, and a value of each; of any other one, a number."""
_HIDDEN = frozenset({1, 2, 3})
"""Columns of ``table_xinfo`` that are not inserted into."""


def filled(raw: WatchedConnection, tables: Collection[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Make up a row in each of some tables that is empty; returns why others are left so, by schema and table."""
    left = {}
    with _freely(raw, tables) as cursor:
        for schema, table in tables:
            name = f"{quote(schema)}.{quote(table)}"
            try:
                if cursor.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone() is None:  # noqa: S608 - names of tables
                    _insert(cursor, schema, table)
            except sqlite3.Error as error:
                left[schema, table] = str(error)
    return left


def emptied(raw: WatchedConnection, tables: Collection[tuple[str, str]]) -> None:
    """Take the rows out again that were made up, as far as they can be told from those that scripts inserted."""
    with _freely(raw, tables) as cursor:
        for schema, table in tables:
            columns = _columns(cursor, schema, table)
            tests = " AND ".join(f"{quote(column)} IS ?" for column in columns)
            key = next((c for c, v in columns.items() if v in (_NUMBER, _TEXT, _UUID)), None)
            name = f"{quote(schema)}.{quote(table)}"
            values = list(columns.values())
            if key is not None:
                tests, values = f"{quote(key)} IS ?", [columns[key]]
            cursor.execute(f"DELETE FROM {name} WHERE {tests}", values)  # noqa: S608 - names of columns


@contextmanager
def _freely(raw: WatchedConnection, tables: Collection[tuple[str, str]]) -> Iterator[sqlite3.Cursor]:
    """Hand out a cursor for changes that nothing reacts to; no transaction is open after it that was not before."""
    was_open = raw.in_transaction
    with raw.aside() as cursor:
        before = {
            name: cursor.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("foreign_keys", "ignore_check_constraints")
        }
        cursor.execute("PRAGMA foreign_keys = OFF")  # does nothing in a transaction: then they count at its end
        cursor.execute("PRAGMA defer_foreign_keys = ON")
        cursor.execute("PRAGMA ignore_check_constraints = ON")
        triggers = list(_triggers(cursor, {schema for schema, _ in tables}))
        for schema, name, _ in triggers:
            cursor.execute(f"DROP TRIGGER {quote(schema)}.{quote(name)}")
        try:
            yield cursor
        finally:
            for schema, _, statement in triggers:
                start = len("CREATE TRIGGER ")
                cursor.execute(f"{statement[:start]}{quote(schema)}.{statement[start:]}")
            if not was_open and raw.in_transaction:
                sqlite3.Connection.commit(raw)
            for name, value in before.items():
                cursor.execute(f"PRAGMA {name} = {value}")


def _triggers(cursor: sqlite3.Cursor, schemas: Collection[str]) -> Iterator[tuple[str, str, str]]:
    for schema in sorted(schemas):
        question = f"SELECT name, sql FROM {stored_in(schema)} WHERE type = 'trigger' ORDER BY rowid"  # noqa: S608 - its own names
        rows = cursor.execute(question).fetchall()
        yield from ((schema, name, sql) for name, sql in rows)


def _insert(cursor: sqlite3.Cursor, schema: str, table: str) -> None:
    columns = _columns(cursor, schema, table)
    names = ", ".join(map(quote, columns))
    marks = ", ".join("?" * len(columns))
    cursor.execute(f"INSERT INTO {quote(schema)}.{quote(table)} ({names}) VALUES ({marks})", [*columns.values()])  # noqa: S608


def _columns(cursor: sqlite3.Cursor, schema: str, table: str) -> dict[str, Any]:
    """Return the columns of a table that are inserted into, each with its value."""
    rows = cursor.execute(f"PRAGMA {quote(schema)}.table_xinfo({quote(table)})").fetchall()
    stored = cursor.execute(
        f"SELECT sql FROM {stored_in(schema)} WHERE type = 'table' AND name = ? COLLATE NOCASE",  # noqa: S608
        (table,),
    ).fetchone()
    text = stored[0] if stored is not None else ""
    return {name: _value(name, declared, text) for _, name, declared, *_, hidden in rows if hidden not in _HIDDEN}


_LISTED = r"""["`\[]?{name}["`\]]?\s+IN\s*\(\s*('(?:[^']|'')*'|-?\d+)"""


def _value(name: str, declared: str, table: str) -> Any:
    listed = re.search(_LISTED.format(name=re.escape(name)), table, re.IGNORECASE)
    if listed is not None:
        literal = listed[1]
        return literal[1:-1].replace("''", "'") if literal.startswith("'") else int(literal)
    for shape, value in _SHAPES:
        if re.search(shape, declared, re.IGNORECASE):
            return value
    return 1
