"""Columns of MySQL's or MariaDB's as SQLAlchemy reads them in, as the server has them out.

SQLAlchemy takes ``SHOW CREATE TABLE`` apart, where a default with a quote in it, an invisible or a compressed column
hide what follows, and knows nothing of a view's NOT NULL. ``information_schema`` tells; all else stays SQLAlchemy's,
which is imported by what connects alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["corrected"]

_COLUMNS = """
    SELECT column_name AS name, is_nullable AS nullable, column_default AS default_, extra AS extra,
        generation_expression AS expression
    FROM information_schema.columns
    WHERE table_schema = :schema AND table_name = :name
    ORDER BY ordinal_position
"""
_NOTHING = "NULL"
"""What MariaDB has for the default of a column that has none."""


def corrected(
    connection: Connection, schema: str, table: str, columns: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return a table's columns, by one query.

    Args:
        connection: to the database.
        schema: the table's database.
        table: its name.
        columns: as the Inspector tells them.
    """
    from sqlalchemy import text

    found = connection.execute(text(_COLUMNS), {"schema": schema, "name": table}).mappings()
    return list(_merged(columns, {str(row["name"]): dict(row) for row in found}))


def _merged(columns: Sequence[Mapping[str, Any]], rows: Mapping[str, Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    from sqlalchemy.types import NullType

    told = {}
    for column in columns:
        name = str(column["name"])
        plain = name.replace("``", "`")  # which SQLAlchemy leaves as they are
        told[plain if plain in rows else name] = column
    for name, column in told.items():
        yield {**column, "name": name, **(_further(column, rows[name]) if name in rows else {})}
    for name in rows.keys() - told.keys():
        yield {"name": name, "type": NullType(), **_further({}, rows[name])}


def _further(column: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    extra = str(row["extra"] or "").upper()
    computed = column.get("computed")
    if computed is None and ("VIRTUAL GENERATED" in extra or "STORED GENERATED" in extra):
        computed = {"sqltext": row["expression"], "persisted": "STORED" in extra}
    default = column.get("default")
    if default is None and computed is None and row["default_"] not in (None, _NOTHING):
        default = row["default_"]
    return {
        "nullable": row["nullable"] == "YES",
        "default": default,
        "computed": computed,
        "autoincrement": "AUTO_INCREMENT" in extra or column.get("autoincrement"),
    }
