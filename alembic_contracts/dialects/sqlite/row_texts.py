"""SQL texts in, whether they are about rows alone out: what a version script's code is read with."""

from __future__ import annotations

import re
from typing import Any

from alembic_contracts.dialects.sqlite.tokens import apart
from alembic_contracts.patterns import pattern

__all__ = ["RowTexts", "asked_for_existence"]

_ABOUT_ROWS = pattern(
    r"""(?:\s|--[^\n]*\n|/\*.*?\*/)*(?:
        SELECT | INSERT | UPDATE | DELETE | REPLACE | WITH | VALUES | EXPLAIN
        | PRAGMA\s+(?:[\w"]+\.)?(?:foreign_key_check|foreign_key_list|integrity_check|quick_check|\w+_x?info|index_list)
    )\b""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_OF_SCHEMA = pattern(
    r"(?:UPDATE|INTO|DELETE\s+FROM)\s+(?:\w+\.)?\W?sqlite_(?:temp_)?(?:master|schema)\b", re.IGNORECASE
)
"""A change of SQLite's own table of the schema."""
_NOTHING = pattern(r"(?:\s|;|--[^\n]*(?:\n|$)|/\*.*?\*/)*$", re.DOTALL)
_TABLE = r"""(?:"[^"]+"|\w+)(?:\.(?:"[^"]+"|\w+))?"""
_EXISTENCE = pattern(
    rf"""\s*SELECT\s+(?:
        (?:NOT\s+)?EXISTS\s*\(\s*SELECT\s+[\w.*",\s]+\s+FROM\s+(?P<exists>{_TABLE})\s*\)(?:\s+AS\s+\w+)?
        | count\s*\(\s*\*\s*\)\s*(?:>|=|<>|!=)\s*0(?:\s+AS\s+\w+)?\s+FROM\s+(?P<counts>{_TABLE})
        | \d+(?:\s+AS\s+\w+)?\s+FROM\s+(?P<first>{_TABLE})\s+LIMIT\s+(?P<limit>1|\?)(?:\s+OFFSET\s+(?P<offset>0|\?))?
    )\s*;?\s*$""",
    re.IGNORECASE | re.VERBOSE,
)


class RowTexts:
    """What SQLite makes of texts: its triggers and functions change rows at most."""

    def triggers_change_tables(self) -> bool:
        """Return whether a change of rows may run something that changes a table."""
        return False

    def function_changes_tables(self, _name: str) -> bool:
        """Return whether a function of this name may change a table."""
        return False

    def are_about_rows(self, sql: str) -> bool:
        """Return whether a text, values of which may be missing, consists of statements about rows alone."""
        if _OF_SCHEMA.search(sql):
            return False
        return all(_ABOUT_ROWS.match(each) or _NOTHING.match(each) for each in apart(sql))


def asked_for_existence(sql: str, parameters: Any) -> str | None:
    """Return the table or view, as SQL names it, of which a query asks whether it has rows, and for nothing else."""
    found = _EXISTENCE.match(sql)
    if found is None:
        return None
    bound = [value for name, value in (("limit", 1), ("offset", 0)) if found[name] == "?"]
    if bound and (not isinstance(parameters, tuple | list) or list(parameters) != bound):
        return None
    return found["exists"] or found["counts"] or found["first"]
