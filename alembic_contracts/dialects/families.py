"""A type of SQLAlchemy's in, what it is for out: the one table by which types of different databases are compared.

SQLAlchemy's generic types are what all databases that it knows have in common; the name of a type of one of them leads
to such a type by the dialect's own ``ischema_names``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import types

if TYPE_CHECKING:
    from sqlalchemy.types import TypeEngine

    from alembic_contracts.schemas.schema import Type

__all__ = ["Family", "family_of", "fits", "logical", "stands_for"]

Family = Literal[
    "whole number",
    "decimal",
    "float",
    "text",
    "boolean",
    "boolean or whole number",
    "date",
    "time",
    "timestamp",
    "date and time",
    "interval",
    "binary",
    "JSON",
    "UUID",
    "array",
    "geometry",
    "network address",
    "vector",
]
"""``decimal``, ``float``: a number with a fraction, exact or not. ``boolean or whole number``, ``date and time``: what
is taken for either of them."""

_FAMILIES: tuple[tuple[type[TypeEngine[Any]], Family], ...] = (
    (types.ARRAY, "array"),
    (types.JSON, "JSON"),
    (types.Uuid, "UUID"),
    (types.Boolean, "boolean"),
    (types.Interval, "interval"),
    (types.DateTime, "timestamp"),
    (types.Date, "date"),
    (types.Time, "time"),
    (types.Integer, "whole number"),
    (types.Float, "float"),
    (types.Numeric, "decimal"),
    (types.LargeBinary, "binary"),
    (types.BINARY, "binary"),
    (types.VARBINARY, "binary"),
    (types.String, "text"),
)

_STAND_INS: Mapping[Family, frozenset[Family]] = {
    "decimal": frozenset({"float"}),
    "float": frozenset({"decimal"}),
    "boolean": frozenset({"whole number", "boolean or whole number"}),
    "whole number": frozenset({"boolean or whole number"}),
    "boolean or whole number": frozenset({"boolean", "whole number"}),
    "JSON": frozenset({"text"}),
    "UUID": frozenset({"text", "binary"}),
    "interval": frozenset({"timestamp"}),
    "date": frozenset({"date and time"}),
    "timestamp": frozenset({"date and time"}),
    "date and time": frozenset({"date", "timestamp"}),
}
"""What SQLAlchemy takes for a type where a database has none of its own (``sqlalchemy.types``: ``Boolean``, ``Uuid``,
``Interval``; MariaDB's JSON is a ``LONGTEXT``, its ``BOOL`` a ``TINYINT``; Oracle's ``DATE`` has a time of day)."""

_MADE_AS: Mapping[tuple[str, tuple[str, ...]], Family] = {
    ("CHAR", ("32",)): "UUID",
    ("DATETIME", ()): "interval",
    ("LONGTEXT", ()): "JSON",
}
"""The same the other way round, by a type's name and sizes: contracts about such databases have no word for it."""

_LOGICAL: Mapping[str, frozenset[Family]] = {
    "string": frozenset({"text", "UUID", "binary", "network address", "geometry"}),
    "date": frozenset({"date"}),
    "timestamp": frozenset({"timestamp"}),
    "time": frozenset({"time"}),
    "number": frozenset({"decimal", "whole number"}),
    "integer": frozenset({"whole number", "decimal"}),
    "boolean": frozenset({"boolean"}),
    "array": frozenset({"array", "vector"}),
    "object": frozenset({"JSON", "geometry"}),
    "map": frozenset({"JSON"}),
}
"""Logical types of ODCS."""


def logical(family: Family | None) -> frozenset[str]:
    """Return the logical types of ODCS that a type of a family is, or stands in for; of an unknown one any."""
    if family is None:
        return frozenset(_LOGICAL)
    found = frozenset(name for name, families in _LOGICAL.items() if any(fits(each, family) for each in families))
    return found - {"integer"} if family == "float" else found


def family_of(type_: TypeEngine[Any]) -> Family | None:
    """Return what a type is for; None: nothing that all databases have."""
    if isinstance(type_, types.TypeDecorator):
        return family_of(type_.impl_instance)
    return next((family for known, family in _FAMILIES if isinstance(type_, known)), None)


def stands_for(type_: Type) -> Family | None:
    """Return what else a type of a database may be for that has none for it; None: nothing else."""
    return _MADE_AS.get((type_.name.name, type_.modifiers))


def fits(expected: Family, actual: Family) -> bool:
    """Return whether a column of one family is what another database has for the other one."""
    return actual == expected or actual in _STAND_INS.get(expected, ())
