"""A type in, what follows from it out: its name and precisions in ``information_schema``, its elements, its base.

All functions take the definitions of the user types (``Schema.types``); a type that is not in them is taken as it is.
"""

from __future__ import annotations

from collections.abc import Mapping

from alembic_contracts.dialects.postgresql.names import CATALOG, SPELLINGS
from alembic_contracts.schemas.schema import Name, Type, TypeDefinition

__all__ = [
    "base_type",
    "character_length",
    "data_type",
    "datetime_precision",
    "element",
    "enum_labels",
    "forbids_null",
    "logical",
    "numeric_precision",
    "numeric_scale",
    "same_type",
]

_DEFAULT_PRECISION = 6
_BINARY_DIGITS = {"int2": 16, "int4": 32, "int8": 64, "float4": 24, "float8": 53}
_WITH_FRACTION = frozenset({"time", "timetz", "timestamp", "timestamptz", "interval"})
_SIZED = frozenset({"varchar", "bpchar", "bit", "varbit"})
_VECTORS = frozenset({"int2vector", "oidvector"})

_LOGICAL: Mapping[str, frozenset[str]] = {
    "string": frozenset({"text", "character varying", "character", "uuid", "citext", "name", "bytea", "inet", "xml"}),
    "date": frozenset({"date"}),
    "timestamp": frozenset({"timestamp without time zone", "timestamp with time zone"}),
    "time": frozenset({"time without time zone", "time with time zone"}),
    "number": frozenset({"numeric", "real", "double precision", "smallint", "integer", "bigint", "money"}),
    "integer": frozenset({"smallint", "integer", "bigint", "numeric"}),
    "boolean": frozenset({"boolean"}),
    "array": frozenset({"ARRAY"}),
    "object": frozenset({"json", "jsonb"}),
    "map": frozenset({"json", "jsonb"}),
}
"""Logical types of ODCS with names of ``information_schema.columns.data_type``."""

Types = Mapping[Name, TypeDefinition]


def base_type(type_: Type, types: Types) -> Type:
    """Return what a domain is based on, through domains over domains; any other type as it is.

    An array of a domain is no domain, so it is returned as it is.
    """
    seen: set[Name] = set()
    while not type_.dimensions and type_.name not in seen:
        seen.add(type_.name)
        definition = types.get(type_.name)
        if definition is None or definition.kind != "domain" or definition.base is None:
            break
        type_ = definition.base
    return type_


def data_type(type_: Type, types: Types) -> str:
    """Return ``information_schema.columns.data_type``: ``ARRAY``, ``USER-DEFINED`` or SQL's name without modifiers.

    A domain has its base type's; ``information_schema`` itself says ``USER-DEFINED`` for a domain over another domain.
    """
    base = base_type(type_, types)
    if base.dimensions or (base.name.schema == CATALOG and base.name.name in _VECTORS):
        return "ARRAY"
    if base.name.schema != CATALOG:
        return "USER-DEFINED"
    return SPELLINGS.get(base.name.name, base.name.name)


def numeric_precision(type_: Type, types: Types) -> int | None:
    """Return ``information_schema.columns.numeric_precision``: binary digits, or decimal ones for ``numeric``.

    None for what is no number and for a ``numeric`` of any precision.
    """
    base = base_type(type_, types)
    if base.dimensions or base.name.schema != CATALOG:
        return None
    if base.name.name == "numeric":
        return int(base.modifiers[0]) if base.modifiers else None
    return _BINARY_DIGITS.get(base.name.name)


def numeric_scale(type_: Type, types: Types) -> int | None:
    """Return ``information_schema.columns.numeric_scale``: 0 for integers; None for any scale and for no number."""
    base = base_type(type_, types)
    if base.dimensions or base.name.schema != CATALOG:
        return None
    if base.name.name == "numeric" and base.modifiers:
        return int(base.modifiers[1]) if len(base.modifiers) > 1 else 0
    return 0 if base.name.name in {"int2", "int4", "int8"} else None


def character_length(type_: Type, types: Types) -> int | None:
    """Return ``information_schema.columns.character_maximum_length``; None for any length and for no text."""
    base = base_type(type_, types)
    if base.dimensions or base.name.schema != CATALOG or base.name.name not in _SIZED:
        return None
    if base.modifiers:
        return int(base.modifiers[0])
    return 1 if base.name.name in {"bpchar", "bit"} else None


def logical(type_: Type, types: Types) -> frozenset[str]:
    """Return the logical types of ODCS that a type is one of; one that users created can be nearly any."""
    kind = data_type(type_, types)
    if kind == "USER-DEFINED":
        return frozenset(_LOGICAL.keys() - {"array", "boolean"})
    return frozenset(name for name, kinds in _LOGICAL.items() if kind in kinds)


def enum_labels(type_: Type, types: Types) -> tuple[str, ...] | None:
    """Return the labels of an enum, also through domains and arrays; None for what is no enum."""
    base = base_type(type_, types)
    definition = types.get(base_type(Type(base.name), types).name)
    return definition.labels if definition is not None and definition.kind == "enum" else None


def forbids_null(type_: Type, types: Types) -> bool:
    """Tell whether a domain, or one that it is based on, is NOT NULL itself (``pg_type.typnotnull``)."""
    seen: set[Name] = set()
    while not type_.dimensions and type_.name not in seen:
        seen.add(type_.name)
        definition = types.get(type_.name)
        if definition is None or definition.kind != "domain":
            return False
        if definition.not_null:
            return True
        type_ = definition.base or type_
    return False


def datetime_precision(type_: Type, types: Types) -> int | None:
    """Return ``information_schema.columns.datetime_precision``: digits of a second's fraction, 0 for dates, or None."""
    base = base_type(type_, types)
    if base.dimensions or base.name.schema != CATALOG:
        return None
    if base.name.name == "date":
        return 0
    if base.name.name not in _WITH_FRACTION:
        return None
    return next((int(modifier) for modifier in base.modifiers if modifier.isdigit()), _DEFAULT_PRECISION)


def element(type_: Type, types: Types) -> Type | None:
    """Return the type of an array's elements, also of a domain over an array; None for what is no array."""
    base = base_type(type_, types)
    if base.dimensions:
        return Type(base.name, base.modifiers)
    if base.name.schema == CATALOG and base.name.name in _VECTORS:
        return Type(Name(CATALOG, base.name.name.removesuffix("vector")))
    return None


def same_type(expected: Type, actual: Type, types: Types) -> bool:
    """Tell whether a column of the actual type is what a contract means by the expected one.

    Modifiers count only where the contract states any: ``varchar`` holds for ``varchar(50)``, not the other way round.
    An expected name without a schema matches the type of this name in every schema. A domain is what it is based on,
    as in ``information_schema``: both ``text`` and the domain's own name hold for a domain over text. An array of a
    domain is no array of what it is based on: it has a type number of its own, and drivers hand it out as a string.
    """
    if _matches(expected, actual):
        return True
    base = base_type(actual, types)
    if base is not actual:
        return same_type(expected, _next_base(actual, types), types)
    return False


def _next_base(domain: Type, types: Types) -> Type:
    """Return a domain's direct base, so that every domain on the way down can be the expected one."""
    base = types[domain.name].base
    return domain if base is None else base


def _matches(expected: Type, actual: Type) -> bool:
    if bool(expected.dimensions) != bool(actual.dimensions) or expected.name.name != actual.name.name:
        return False
    if expected.name.schema not in ("", actual.name.schema):
        return False
    return not expected.modifiers or _full(expected) == _full(actual)


def _full(type_: Type) -> tuple[str, ...]:
    """Return the modifiers with what PostgreSQL takes for those left out, in lower case (``geometry(Point)``)."""
    modifiers = tuple(modifier.lower() for modifier in type_.modifiers)
    if type_.name.schema != CATALOG or type_.name.name not in _WITH_FRACTION:
        return modifiers
    return modifiers if any(modifier.isdigit() for modifier in modifiers) else (*modifiers, str(_DEFAULT_PRECISION))
