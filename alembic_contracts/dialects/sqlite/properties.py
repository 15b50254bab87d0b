"""A declared type in, what follows from it out: sizes as they are declared, which SQLite itself never looks at."""

from __future__ import annotations

from collections.abc import Mapping

from alembic_contracts.dialects.sqlite.purposes import affinity, family
from alembic_contracts.schemas.schema import Name, Type, TypeDefinition

__all__ = [
    "character_length",
    "data_type",
    "datetime_precision",
    "element",
    "enum_labels",
    "forbids_null",
    "numeric_precision",
    "numeric_scale",
    "same_type",
]

Types = Mapping[Name, TypeDefinition]


def data_type(type_: Type, types: Types) -> str:
    """Return the declared type without what is in parentheses."""
    del types
    return type_.name.name


def numeric_precision(type_: Type, types: Types) -> int | None:
    """Return the declared digits of an exact number (``DECIMAL(10, 2)``); None for any number of them, and for others.

    ``INTEGER(11)`` declares no digits: integers are of 64 bits, and what the 11 is for depends on who wrote it.
    """
    return _number(type_, 0) if _is_exact(type_, types) else None


def numeric_scale(type_: Type, types: Types) -> int | None:
    """Return the declared digits after the point: 0 for whole numbers, and where digits alone are declared."""
    if family(type_, types) == "whole number":
        return 0
    if not _is_exact(type_, types) or not type_.modifiers:
        return None
    return _number(type_, 1) if len(type_.modifiers) > 1 else 0


def character_length(type_: Type, types: Types) -> int | None:
    """Return the declared length of a text; None for any length, and for what is no text."""
    return _number(type_, 0) if family(type_, types) == "text" and affinity(type_) == "TEXT" else None


def datetime_precision(type_: Type, types: Types) -> int | None:
    """Return None: times are texts or numbers, of any precision."""
    del type_, types
    return None


def enum_labels(type_: Type, types: Types) -> tuple[str, ...] | None:
    """Return None: there are no enums."""
    del type_, types
    return None


def forbids_null(type_: Type, types: Types) -> bool:
    """Return False: there are no domains."""
    del type_, types
    return False


def element(type_: Type, types: Types) -> Type | None:
    """Return None: there are no arrays."""
    del type_, types
    return None


def same_type(expected: Type, actual: Type, types: Types) -> bool:
    """Tell whether a column of the actual type is what a contract means by the expected one.

    The names have to be the same but for case and spaces. What follows a name in parentheses counts only where the
    contract states any. Two names of one affinity are not the same: SQLAlchemy makes other values of a ``DATETIME``
    than of a ``NUMERIC``, and an ``INT`` that is a primary key is not the row's number, as an ``INTEGER`` is.
    """
    del types
    return expected.name.name == actual.name.name and (not expected.modifiers or expected.modifiers == actual.modifiers)


def _is_exact(type_: Type, types: Types) -> bool:
    return affinity(type_) == "NUMERIC" and family(type_, types) == "decimal"


def _number(type_: Type, at: int) -> int | None:
    found = type_.modifiers[at] if len(type_.modifiers) > at else ""
    return int(found) if found.isascii() and found.removeprefix("-").isdigit() else None
