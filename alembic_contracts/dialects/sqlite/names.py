"""An identifier in, its spelling out: when quotes are needed, and which names are one and the same to SQLite.

SQLite tells names apart without regard to the case of ASCII letters, quoted or not, and keeps them as they are written.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from alembic_contracts.dialects.casing import fold, fold_name
from alembic_contracts.patterns import pattern

if TYPE_CHECKING:
    from collections.abc import Collection

    from alembic_contracts.schemas.schema import Name

__all__ = [
    "KEYWORDS",
    "KIND",
    "fold",
    "fold_name",
    "literal",
    "mentioning",
    "quote",
    "quote_name",
    "stored_in",
    "upper",
]

KIND = "sqlite"
"""``Name.schema`` of types."""

_KEYWORDS = """
abort action add after all alter always analyze and as asc attach autoincrement before begin between by cascade case
cast check collate column commit conflict constraint create cross current current_date current_time current_timestamp
database default deferrable deferred delete desc detach distinct do drop each else end escape except exclude exclusive
exists explain fail filter first following for foreign from full generated glob group groups having if ignore
immediate in index indexed initially inner insert instead intersect into is isnull join key last left like limit match
materialized natural no not nothing notnull null nulls of offset on or order others outer over partition plan pragma
preceding primary query raise range recursive references regexp reindex release rename replace restrict returning
right rollback row rows savepoint select set table temp temporary then ties to transaction trigger unbounded union
unique update using vacuum values view virtual when where window with without false true
"""
KEYWORDS = frozenset(_KEYWORDS.split())
"""https://sqlite.org/lang_keywords.html, and the two words that are literals."""

_PLAIN = pattern(r"[A-Za-z_][A-Za-z0-9_]*")
_UPPER = {letter + 32: letter for letter in range(ord("A"), ord("Z") + 1)}


def mentioning(names: Collection[str]) -> re.Pattern[str]:
    """Return what finds any of the names, in lower case, as they may be written in SQL that is in lower case."""
    written = {form for name in names for form in (name, *(name.replace(mark, mark * 2) for mark in "\"`'"))}
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, sorted(written)))})(?!\w)")


def upper(text: str) -> str:
    """Return a text with its ASCII letters in upper case."""
    return text.translate(_UPPER)


def quote(identifier: str) -> str:
    """Return an identifier as SQL writes it: in double quotes where it needs them, which any keyword does."""
    if _PLAIN.fullmatch(identifier) and fold(identifier) not in KEYWORDS:
        return identifier
    return '"' + identifier.replace('"', '""') + '"'


def stored_in(schema: str) -> str:
    """Return SQLite's own table of a schema: the names and texts of all that is in it."""
    return "sqlite_temp_master" if schema == "temp" else f"{quote(schema)}.sqlite_master"


def quote_name(name: Name) -> str:
    """Return an object's name with its schema's, each as ``quote`` does."""
    return f"{quote(name.schema)}.{quote(name.name)}"


def literal(text: str) -> str:
    """Return a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"
