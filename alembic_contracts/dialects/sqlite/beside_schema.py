"""What SQLite asks leave for in, what its answer depends on beside the schema out: all rows, or the file.

See ``sqlite3.Connection.set_authorizer`` and SQLite's list of pragmas.
"""

from __future__ import annotations

import sqlite3

from alembic_contracts.dialects.sqlite.names import fold

__all__ = ["COUNTS", "FILE", "depends_on"]

COUNTS = ("", "counts")
"""Stands among tables for what SQLite knows of all their rows: how many were changed, whether they are sound."""
FILE = ("", "file")
"""Stands there for what is so of one file, or of one connection to it."""
_COUNTING = frozenset({"changes", "last_insert_rowid", "total_changes"})
"""Functions that tell of rows."""
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
_FUNCTION_OF_PRAGMA = "pragma_"


def depends_on(action: int, one: str | None, two: str | None, *, is_copy: bool = True) -> tuple[str, str] | None:
    """Return ``COUNTS`` or ``FILE`` where an answer depends on that.

    Args:
        action: as ``sqlite3`` names it.
        one: its first argument.
        two: its second one.
        is_copy: whether there is a database that is copied.
    """
    first, second = fold(one or ""), fold(two or "")
    if action == sqlite3.SQLITE_FUNCTION:
        return COUNTS if second in _COUNTING else None
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
