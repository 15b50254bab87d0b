"""The type that a column should have and the one it has in, whose uses break out.

SQLite stores any value in any column and only tries to convert it to the column's affinity; programs convert it by the
declared type. So another affinity or another kind of type changes values, for those who read and those who write them.
Another name or other sizes within one change none: no size is ever looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from alembic_contracts.dialects.sqlite.purposes import affinity, family
from alembic_contracts.schemas.schema import Name, Type, TypeDefinition
from alembic_contracts.schemas.uses import EVERYBODY, Breaks

__all__ = ["breaks", "is_narrower"]

_DECLARED: Breaks = MappingProxyType({"reader": "warning", "cdc": "warning"})
"""Those who make a table or a type of their own from the declared one get another."""


def breaks(expected: Type, actual: Type, types: Mapping[Name, TypeDefinition]) -> Breaks:
    """Return whose uses of a column of the expected type break where it has the actual one, and how badly.

    Args:
        expected: what the contract states; its modifiers may be open.
        actual: what is there, which is not the same.
        types: not used: users make no types.
    """
    kept = affinity(expected) == affinity(actual) and family(expected, types) == family(actual, types)
    known = expected.name == actual.name or family(expected, types) is not None
    return _DECLARED if kept and known else EVERYBODY


def is_narrower(
    _before: Type, _after: Type, _types_before: Mapping[Name, TypeDefinition], _types: Mapping[Name, TypeDefinition]
) -> bool:
    """Return False: no size is ever looked at."""
    return False
