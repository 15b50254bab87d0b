"""What SQLite asks leave for in, what its answer depends on beside the schema out: all rows, or the file.

See ``sqlite3.Connection.set_authorizer`` and SQLite's list of pragmas.
"""

from __future__ import annotations

import re
import sqlite3
from typing import TYPE_CHECKING

from alembic_contracts.dialects.sqlite.names import fold
from alembic_contracts.patterns import pattern
from alembic_contracts.schemas.steps import GOES_BY_CHANCE, GOES_BY_FILE
from alembic_contracts.support.greenlets import frames

if TYPE_CHECKING:
    from alembic_contracts.dialects.sqlite.effects import Effect

__all__ = ["COUNTS", "depends_on", "goes_by", "says_what_is_otherwise"]

COUNTS = ("", "counts")
"""Stands among tables for what SQLite knows of all their rows: how many were changed, whether they are sound."""
FILE = ("", "file")
"""Stands there for what is so of one file, or of one connection to it."""
CHANCE = ("", "chance")
"""Stands there for what is another value each time."""
CLOCK = ("", "clock")
"""Stands there for what may be (``_asks_the_clock``)."""
_COUNTING = frozenset({"changes", "last_insert_rowid", "total_changes"})
"""Functions that tell of rows."""
_BY_CHANCE = frozenset({"current_date", "current_time", "current_timestamp", "random", "randomblob"})
"""Functions of which no two answers need to be the same."""
_CHANCE_IN_TEXT = pattern(r"\b(?:current_date|current_time|current_timestamp|random|randomblob)\b", re.IGNORECASE)
_OF_TIME = frozenset({"date", "datetime", "julianday", "strftime", "time", "timediff", "unixepoch"})
"""Those that are so where they are asked of no time or of ``now`` (https://sqlite.org/lang_datefunc.html)."""
_CALL_OF_TIME = pattern(
    r"\b(?:(?:date|datetime|julianday|time|unixepoch)\s*\(|strftime\s*\(\s*(?:'[^']*'|[?:@$]\w*)\s*,)"
    r"\s*(?P<asked>'[^']*'|[\w.]+|[?:@$]\w*)\s*[,)]",
    re.IGNORECASE,
)
"""A call whose only time is a literal, a column or a parameter."""
_TIME = pattern(r"\b(?:date|datetime|julianday|strftime|time|timediff|unixepoch)\s*\(", re.IGNORECASE)
_CHECKING = frozenset({"foreign_key_check", "freelist_count", "integrity_check", "page_count", "quick_check"})
"""Pragmas that do."""
_OF_FILE = frozenset(
    {
        "auto_vacuum", "busy_timeout", "cache_size", "cache_spill", "data_version", "database_list", "fullfsync",
        "journal_mode", "journal_size_limit", "locking_mode", "max_page_count", "mmap_size", "page_size",
        "schema_version", "secure_delete", "soft_heap_limit", "synchronous", "temp_store", "wal_autocheckpoint",
        "wal_checkpoint",
    }
)  # fmt: skip
"""Pragmas that tell of the file or the connection, where they set nothing."""
_OF_HEADER = frozenset({"application_id", "user_version"})
"""Those of which a copy has what is in the file, where there is one."""
_OWN = ("sqlite_", "dbstat")
"""How the names of SQLite's own tables begin."""
_DEFINES = frozenset({"sqlite_master", "sqlite_schema", "sqlite_temp_master", "sqlite_temp_schema"})
"""Those that say nothing of rows."""
_FUNCTIONS = {COUNTS: _COUNTING, CHANCE: _BY_CHANCE, CLOCK: _OF_TIME}
_FUNCTION_OF_PRAGMA = "pragma_"


def depends_on(action: int, one: str | None, two: str | None, *, is_copy: bool = True) -> tuple[str, str] | None:
    """Return ``COUNTS``, ``FILE``, ``CHANCE`` or ``CLOCK`` where an answer depends on that, or may.

    Args:
        action: as ``sqlite3`` names it.
        one: its first argument.
        two: its second one.
        is_copy: whether there is a database that is copied.
    """
    first, second = fold(one or ""), fold(two or "")
    if action == sqlite3.SQLITE_FUNCTION:
        return next((what for what, functions in _FUNCTIONS.items() if second in functions), None)
    if action == sqlite3.SQLITE_READ:
        if first.startswith(_FUNCTION_OF_PRAGMA):
            first, two = first.removeprefix(_FUNCTION_OF_PRAGMA), None
        else:
            return COUNTS if first.startswith(_OWN) and first not in _DEFINES else None
    elif action != sqlite3.SQLITE_PRAGMA:
        return None
    if first in _CHECKING:
        return COUNTS
    return FILE if two is None and first in (_OF_FILE if is_copy else _OF_FILE | _OF_HEADER) else None


def goes_by(effect: Effect) -> str | None:
    """Return what a script may go by that looks at an answer, where that is neither a row nor the schema."""
    if CHANCE in effect.reads or (CLOCK in effect.reads and _asks_the_clock(effect.sql, effect.parameters)):
        return GOES_BY_CHANCE
    return GOES_BY_FILE if FILE in effect.reads and not _asks_for_names() else None


def says_what_is_otherwise(effect: Effect) -> bool:
    """Whether a statement itself has a value that is another one each time, not by a column's default."""
    if CHANCE in effect.reads and _CHANCE_IN_TEXT.search(effect.sql):
        return True
    return CLOCK in effect.reads and bool(_TIME.search(effect.sql)) and _asks_the_clock(effect.sql, effect.parameters)


def _asks_the_clock(sql: str, parameters: object) -> bool:
    """Whether a statement that has functions of time may ask them what time it is, be it by a view that it reads."""
    asked = [found["asked"].lower().strip("' ") for found in _CALL_OF_TIME.finditer(sql)]
    return not asked or len(asked) < len(_TIME.findall(sql)) or "now" in asked or "'now'" in repr(parameters).lower()


def _asks_for_names() -> bool:
    """Whether it is SQLAlchemy that asks for the file of each database, for its name alone."""
    return any(
        frame.f_code.co_name == "get_schema_names" and str(frame.f_globals.get("__name__")).startswith("sqlalchemy.")
        for frame in frames()
    )
