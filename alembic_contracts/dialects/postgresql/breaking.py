"""The type that a column should have and the one it has in, whose uses break out.

Readers are told of a type by its number (``pg_type.oid``) and size their own by it; writers are refused what no longer
fits; change data capture and logical replication copy into columns of the type that they know, so that any change of it
breaks them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from alembic_contracts.dialects.postgresql.names import CATALOG
from alembic_contracts.dialects.postgresql.properties import base_type, datetime_precision
from alembic_contracts.schemas.schema import Name, Type, TypeDefinition
from alembic_contracts.schemas.uses import EVERYBODY, Breaks

__all__ = ["breaks", "is_narrower"]

Types = Mapping[Name, TypeDefinition]
_Change = Literal["wider", "narrower", "other"]

_WIDER: Breaks = MappingProxyType({"reader": "warning", "cdc": "error"})
_RESCALED: Breaks = MappingProxyType({"reader": "error", "writer": "warning", "cdc": "error"})
"""Writers' values are rounded."""
_UNBOUNDED: Breaks = MappingProxyType({"reader": "error", "cdc": "error"})
"""Readers no longer know a size that all values fit in."""

_INTEGERS = ("int2", "int4", "int8")
_FLOATS = ("float4", "float8")
_TEXTS = frozenset({"varchar", "text"})
_TIMES = frozenset({"time", "timetz", "timestamp", "timestamptz", "interval"})


def breaks(expected: Type, actual: Type, types: Types) -> Breaks:
    """Return whose uses of a column of the expected type break where it has the actual one, and how badly.

    Args:
        expected: what the contract states; its modifiers may be open.
        actual: what is there, which is not the same.
        types: the user's own types, for domains.
    """
    one, other = base_type(expected, types), base_type(actual, types)
    if one.dimensions and other.dimensions and one.name == other.name:
        return breaks(Type(one.name, one.modifiers), Type(other.name, other.modifiers), types)
    if one.dimensions or other.dimensions or CATALOG not in (one.name.schema or CATALOG, other.name.schema):
        return EVERYBODY
    before, after = one.name.name, other.name.name
    for family in (_INTEGERS, _FLOATS):
        if before in family and after in family:
            return _WIDER if family.index(after) > family.index(before) else EVERYBODY
    if before in _TEXTS and after in _TEXTS:
        return _WIDER if _fits(_length(one), _length(other)) else EVERYBODY
    if before != after:
        return EVERYBODY
    if before == "numeric":
        return _numeric(one, other)
    if before in _TIMES:
        more = (datetime_precision(other, types) or 0) > (datetime_precision(one, types) or 0)
        return _WIDER if more else _RESCALED
    return _WIDER if _fits(_length(one), _length(other)) and before in {"varbit", "bpchar"} else EVERYBODY


def is_narrower(before: Type, after: Type, types_before: Types, types: Types) -> bool:
    """Return whether one of two types of the same sort refuses values that the other one takes, as it has a limit.

    Args:
        before: what a column had.
        after: what it has.
        types_before: the user's own types then, for domains.
        types: those of now.
    """
    one, other = base_type(before, types_before), base_type(after, types)
    if bool(one.dimensions) != bool(other.dimensions):
        return False
    if CATALOG not in (one.name.schema, other.name.schema):
        return one.name == other.name and bool(other.modifiers) and not one.modifiers  # an extension's own
    sorts = (*map(frozenset, (_INTEGERS, _FLOATS)), _TEXTS, {one.name.name})
    if one == other or not any(sort >= {one.name.name, other.name.name} for sort in sorts):
        return False
    return breaks(one, other, types).get("writer") == "error"


def _length(type_: Type) -> int | None:
    return int(type_.modifiers[0]) if type_.modifiers and type_.modifiers[0].isdigit() else None


def _fits(before: int | None, after: int | None) -> bool:
    """Whether all that fits into the one length (None: any) fits into the other."""
    return after is None or (before is not None and before <= after)


def _numeric(one: Type, other: Type) -> Breaks:
    if not other.modifiers:
        return _UNBOUNDED
    if not one.modifiers:
        return EVERYBODY
    (digits, scale), (new_digits, new_scale) = ((*map(int, t.modifiers), 0)[:2] for t in (one, other))
    if new_digits - new_scale < digits - scale:
        return EVERYBODY
    return _WIDER if scale == new_scale else _RESCALED
