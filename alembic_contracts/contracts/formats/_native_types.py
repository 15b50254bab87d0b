"""Types as the base format spells them in, a ``Type`` out, and what cannot be true of a column at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from alembic_contracts import dialects
from alembic_contracts.dialects import postgresql
from alembic_contracts.schemas.schema import Type

__all__ = ["ColumnType", "contradictions", "read_type"]

ColumnType = Type | Literal["ARRAY", "USER-DEFINED"] | None
"""A type, a word of information_schema for a whole family of types, or nothing stated."""

_ADJUSTABLE = frozenset({"interval", "time", "timestamp", "timestamptz", "timetz"})
"""Types whose precision is open as long as no modifier states it."""


def read_type(text: str, kind: str) -> ColumnType:
    """Return the type that a contract about a kind of database spells.

    Raises:
        ValueError: it cannot be a type.
    """
    match text.strip().upper():
        case "ARRAY":
            return "ARRAY"
        case "USER-DEFINED":
            return "USER-DEFINED"
        case _:
            return dialects.load(kind).parse_type(text)


def contradictions(type_: ColumnType, element: ColumnType, stated: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what cannot hold of one column, as the key that says it (``array_element`` or a constraint) and a message.

    Args:
        type_: What ``data_type`` states.
        element: What ``array_element`` states.
        stated: The constraints, by key.
    """
    if element is not None and (message := _wrong_element(type_, element)):
        yield "array_element", message
    if type_ is None:
        return
    for key, message in (
        ("numeric_precision", _wrong_numeric_precision(type_, stated.get("numeric_precision"))),
        ("datetime_precision", _wrong_datetime_precision(type_, stated.get("datetime_precision"))),
    ):
        if message:
            yield key, message


def _wrong_element(type_: ColumnType, element: ColumnType) -> str | None:
    if element == "ARRAY" or (isinstance(element, Type) and element.dimensions):
        return "the elements of an array are never arrays; PostgreSQL keeps no number of dimensions"
    if type_ is None or type_ == "ARRAY" or _may_be_a_domain(type_):
        return None
    inner = postgresql.element(type_, {}) if isinstance(type_, Type) else None
    if inner is None:
        return f"`array_element` is for arrays, but `data_type` is `{_spelt(type_)}`"
    if isinstance(element, Type) and not _compatible(inner, element):
        return f"the elements of `{_spelt(type_)}` are not `{_spelt(element)}`"
    return None


def _compatible(one: Type, other: Type) -> bool:
    """Whether both can be right: the same type, with the same modifiers where both state some."""
    schemas = {one.name.schema, other.name.schema}
    same_name = one.name.name == other.name.name and (len(schemas) == 1 or "" in schemas)
    return same_name and (one.modifiers == other.modifiers or not one.modifiers or not other.modifiers)


def _wrong_numeric_precision(type_: Type | str, stated: float | None) -> str | None:
    if stated is None or _may_be_a_domain(type_):
        return None
    actual = postgresql.numeric_precision(type_, {}) if isinstance(type_, Type) else None
    if actual is None:
        if isinstance(type_, Type) and type_.name.name == "numeric" and not type_.dimensions:
            return None  # numeric without a modifier leaves it open
        return f"`numeric_precision` is for numbers, but `data_type` is `{_spelt(type_)}`"
    return None if actual == stated else f"`numeric_precision` of `{_spelt(type_)}` is {actual}, not {stated:g}"


def _wrong_datetime_precision(type_: Type | str, stated: float | None) -> str | None:
    if stated is None or _may_be_a_domain(type_):
        return None
    actual = postgresql.datetime_precision(type_, {}) if isinstance(type_, Type) else None
    if actual is None:
        return f"`datetime_precision` is for dates and times, but `data_type` is `{_spelt(type_)}`"
    if isinstance(type_, Type) and type_.name.name in _ADJUSTABLE and not type_.modifiers:
        return None
    return None if actual == stated else f"`datetime_precision` of `{_spelt(type_)}` is {actual}, not {stated:g}"


def _may_be_a_domain(type_: Type | str) -> bool:
    """Whether users created it, so that anything can be behind it."""
    return isinstance(type_, Type) and type_.name.schema != "pg_catalog" and not type_.dimensions


def _spelt(type_: Type | str) -> str:
    return type_ if isinstance(type_, str) else postgresql.format_type(type_)
