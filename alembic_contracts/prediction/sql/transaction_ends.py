"""SQL in, where in it a transaction ends out: COMMIT, END, ROLLBACK, PREPARE TRANSACTION, alone or among statements.

The parser, which is slow to load, is imported for texts that may have one of them in it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from alembic_contracts.patterns import pattern

if TYPE_CHECKING:
    from alembic_contracts.prediction.sql.parser import Statement

__all__ = ["End", "first_end", "only_end"]

_WORDS = pattern(r"\b(commit|end|prepare|rollback|abort)\b", re.IGNORECASE)
"""One of which such a text has in it; most have none, and are not parsed."""
_COMMITS = ("TRANS_STMT_COMMIT", "TRANS_STMT_PREPARE")
_ENDS = (*_COMMITS, "TRANS_STMT_ROLLBACK")


_ALONE = pattern(
    r"(?:\s|--[^\n]*(?:\n|$)|/\*.*?\*/)*(?:(commit|end)|rollback(?!\s+(?:transaction\s+|work\s+)?to\b))\b",
    re.IGNORECASE | re.DOTALL,
)
"""How a text begins that is nothing but the end of a transaction."""


class End(Struct, frozen=True):
    """The first statement of a text that ends a transaction block."""

    before: str
    """The statements before it, empty where there are none."""
    statement: str
    after: str
    """The statements after it."""
    commits: bool
    """Whether what was done until here stays, or can be made to (PREPARE TRANSACTION)."""

    @property
    def is_alone(self) -> bool:
        """Whether there is nothing else in the text."""
        return not self.before and not self.after


def first_end(sql: str) -> End | None:
    """Return where the block ends that a text is sent in; None: it does not, or the text does not parse."""
    if not _WORDS.search(sql):
        return None
    from alembic_contracts.prediction.sql import parser
    from alembic_contracts.prediction.sql.sqlstate import PostgresError

    try:
        statements = parser.parse(sql)
    except PostgresError:
        return None
    for position, statement in enumerate(statements):
        kind = parser.enum_name(statement.node, "kind") if statement.kind == "transaction_stmt" else ""
        if kind in _ENDS:
            before, after = _joined(statements[:position]), _joined(statements[position + 1 :])
            return End(before, statement.sql, after, kind in _COMMITS)
    return None


def only_end(sql: str) -> End | None:
    """Return the same of a text with a single statement, as most drivers take it, whatever database it is for."""
    found = _ALONE.match(sql)
    return None if found is None else End("", sql, "", commits=found[1] is not None)


def _joined(statements: Sequence[Statement]) -> str:
    return ";\n".join(statement.sql for statement in statements)
