"""SQL texts in, whether they are about rows alone out: what a version script's code is read with."""

from __future__ import annotations

import re

from alembic_contracts.dialects.sqlite.telling import apart
from alembic_contracts.patterns import pattern

__all__ = ["RowTexts", "asks_for_existence"]

_ABOUT_ROWS = pattern(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/)*(?:SELECT|INSERT|UPDATE|DELETE|REPLACE|WITH|VALUES)\b", re.IGNORECASE | re.DOTALL
)
_NOTHING = pattern(r"(?:\s|;|--[^\n]*(?:\n|$)|/\*.*?\*/)*$", re.DOTALL)
_TABLE = r"""(?:"[^"]+"|\w+)(?:\.(?:"[^"]+"|\w+))?"""
_EXISTENCE = pattern(
    rf"""\s*SELECT\s+(?:
        (?:NOT\s+)?EXISTS\s*\(\s*SELECT\s+[\w.*",\s]+\s+FROM\s+{_TABLE}\s*\)(?:\s+AS\s+\w+)?
        | count\s*\(\s*\*\s*\)\s*(?:>|=|<>|!=)\s*0(?:\s+AS\s+\w+)?\s+FROM\s+{_TABLE}
        | \d+(?:\s+AS\s+\w+)?\s+FROM\s+{_TABLE}(?:\s+LIMIT\s+(?:\d+|\?)(?:\s+OFFSET\s+(?:\d+|\?))?)?
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
        return all(_ABOUT_ROWS.match(each) or _NOTHING.match(each) for each in apart(sql))


def asks_for_existence(sql: str) -> bool:
    """Return whether a query asks whether a table has rows, and for nothing else."""
    return _EXISTENCE.match(sql) is not None
