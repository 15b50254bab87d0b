"""What a statement may be instead of understood: a doubt about some tables, harmless, or doubtful as a whole.

So is all that follows a setting by which PostgreSQL's parser reads a text in another way than the one here does.
"""

from __future__ import annotations

from msgspec import Struct

from alembic_contracts.schemas.schema import Name

__all__ = ["READ_OTHERWISE", "Doubt", "Doubtful", "Harmless", "otherwise"]


class Doubt(Struct, frozen=True):
    """Something whose effect is not known: why, and on which tables (None: it could be any)."""

    reason: str
    tables: frozenset[Name] | None = None


class Harmless(Struct, frozen=True):
    """A statement that cannot change the shape of any table, and why."""

    why: str


class Doubtful(Struct, frozen=True):
    """A statement that may change tables in ways that are not worked out, and why."""

    why: str


_NO = ("off", "of", "false", "fals", "fal", "fa", "f", "no", "n", "0")
_YES = ("on", "true", "tru", "tr", "t", "yes", "ye", "y", "1")
READ_OTHERWISE = {"standard_conforming_strings": _NO, "transform_null_equals": _YES}
"""Settings by which texts are read otherwise, and their values of that kind."""


def otherwise(setting: str) -> str:
    """Return why it is not known what a text does that is executed after a setting was changed."""
    return f"what is executed after {setting} is set may be read in another way than it is here"
