"""A declared type in, what it is for out: by its name in words of all databases, and as SQLite itself treats it.

SQLAlchemy is imported where a family is asked for: contracts are read and linted without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from alembic_contracts.dialects.families import Family, family_of
from alembic_contracts.dialects.families import logical as logical_of
from alembic_contracts.schemas.schema import Name, Type, TypeDefinition

__all__ = ["Affinity", "affinity", "family", "logical"]

Affinity = Literal["INTEGER", "TEXT", "BLOB", "REAL", "NUMERIC"]

_AFFINITIES: tuple[tuple[Affinity, tuple[str, ...]], ...] = (
    ("INTEGER", ("INT",)),
    ("TEXT", ("CHAR", "CLOB", "TEXT")),
    ("BLOB", ("BLOB",)),
    ("REAL", ("REAL", "FLOA", "DOUB")),
)
"""https://sqlite.org/datatype3.html, 3.1: the first that is part of a type's name."""

_NAMED: Mapping[str, Family] = {
    "BYTEA": "binary",
    "DATETIMEOFFSET": "timestamp",
    "INTERVAL": "interval",
    "JSONB": "JSON",
    "TIME WITH TIME ZONE": "time",
    "TIME WITHOUT TIME ZONE": "time",
    "TIMESTAMP WITH TIME ZONE": "timestamp",
    "TIMESTAMP WITHOUT TIME ZONE": "timestamp",
    "TIMESTAMPTZ": "timestamp",
    "UUID": "UUID",
}
"""Types that scripts for another database bring along, of which SQLAlchemy's table for SQLite does not know."""
_NUMBERS = frozenset({"DEC", "MONEY", "NUMBER", "SMALLMONEY"})
_BY_AFFINITY: Mapping[Affinity, Family] = {
    "INTEGER": "whole number",
    "TEXT": "text",
    "BLOB": "binary",
    "REAL": "float",
}


def affinity(type_: Type) -> Affinity:
    """Return how SQLite stores the values of a column of a type, that of a STRICT table aside."""
    name = type_.name.name
    if not name:
        return "BLOB"
    return next((found for found, parts in _AFFINITIES if any(part in name for part in parts)), "NUMERIC")


def family(type_: Type, types: Mapping[Name, TypeDefinition]) -> Family | None:
    """Return what a type is for: by SQLAlchemy's table of SQLite's types, else by the affinity.

    None where the name does not tell: a column without a type, ``ANY`` of STRICT tables, and a name that SQLite has
    never heard of. Its affinity is NUMERIC, but whoever writes ``STRING`` has no numbers in mind.
    """
    from sqlalchemy.dialects.sqlite.base import ischema_names

    del types
    name = type_.name.name
    known: Any = ischema_names.get(name)
    if known is not None:
        return family_of(known())
    if not name:
        return None
    return _NAMED.get(name) or ("decimal" if name in _NUMBERS else _BY_AFFINITY.get(affinity(type_)))


def logical(type_: Type, types: Mapping[Name, TypeDefinition]) -> frozenset[str]:
    """Return the logical types of ODCS that a declared type is, or stands in for; one that tells nothing can be any."""
    return logical_of(family(type_, types))
