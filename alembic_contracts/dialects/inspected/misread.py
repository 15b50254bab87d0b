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
    SELECT table_name AS table_, column_name AS name, is_nullable AS nullable, column_default AS default_,
        extra AS extra, generation_expression AS expression
    FROM information_schema.columns
    WHERE table_schema = :schema AND table_name IN :names
    ORDER BY table_name, ordinal_position
"""
_NOTHING = "NULL"
"""What MariaDB has for the default of a column that has none."""


def corrected(
    connection: Connection, schema: str, tables: Mapping[str, Sequence[Mapping[str, Any]]]
) -> dict[str, list[dict[str, Any]]]:
    """Return the columns of tables, by one query.

    Args:
        connection: to the database.
        schema: the tables' database.
        tables: columns by table, as the Inspector tells them.
    """
    from sqlalchemy import bindparam, text

    if not tables:
        return {}
    question = text(_COLUMNS).bindparams(bindparam("names", expanding=True))
    found: dict[str, dict[str, Mapping[str, Any]]] = {}
    for row in connection.execute(question, {"schema": schema, "names": list(tables)}).mappings():
        found.setdefault(str(row["table_"]), {})[str(row["name"])] = dict(row)
    return {name: list(_merged(columns, found.get(name, {}))) for name, columns in tables.items()}


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
