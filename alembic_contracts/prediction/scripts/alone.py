"""What a script names in, whether it goes by nothing but its own text and the database out.

Another one may do otherwise the next time: by code or a file that nobody looks at, by the time or by chance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_contracts.patterns import pattern

if TYPE_CHECKING:
    from alembic_contracts.prediction.scripts.words import Words

__all__ = ["is_alone"]

_PURE = frozenset(
    {
        "__future__", "alembic", "base64", "collections", "contextlib", "copy", "dataclasses", "datetime", "decimal",
        "enum", "functools", "hashlib", "itertools", "json", "logging", "math", "operator", "re", "sqlalchemy",
        "string", "textwrap", "typing",
    }
)  # fmt: skip
"""Modules that bring nothing along which may be other by now, but for the time."""
_OF_TYPES = frozenset({"citext", "pgvector", "sqlalchemy_utils", "sqlmodel"})
"""Packages that scripts have types of, which are the same as long as these are."""
_FURTHER = frozenset(
    {"__import__", "create_all", "drop_all", "eval", "exec", "globals", "metadata", "open", "opts", "target_metadata"}
)
"""What leads further than to the database: to files, to code, and to models."""
_CLOCKS = frozenset({"now", "today", "utcnow"})
_READS_CLOCK = pattern(
    r"(?is)\bselect\b.*(?:\bnow\b|\bcurrent_(?:date|time)|\blocaltime|julianday|unixepoch|_timestamp|timeofday)"
)


def is_alone(words: Words) -> bool:
    """Whether a script goes by nothing that may be other the next time: code, models, chance, or what time it is."""
    if not words.modules <= _PURE | _OF_TYPES or words.names & _FURTHER:
        return False
    if words.names & _CLOCKS and ("datetime" in words.modules or "select" in words.names):
        return False
    return not any(map(_READS_CLOCK.search, words.texts))
