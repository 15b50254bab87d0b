"""A type in, what it is for out, and an identifier in quotes, as SQLAlchemy's dialect for its kind of database has it.

That is loaded when it is needed: contracts are read and linted without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from alembic_contracts.dialects.inspected.mysql_types import kept_as
from alembic_contracts.dialects.inspected.types import split
from alembic_contracts.dialects.servers import is_like_mysql, is_like_postgresql, server

if TYPE_CHECKING:
    from sqlalchemy.sql.compiler import IdentifierPreparer
    from sqlalchemy.types import TypeEngine

    from alembic_contracts.dialects.families import Family
    from alembic_contracts.schemas.schema import Name, Type, TypeDefinition

__all__ = ["dialect_class", "family", "is_known", "preparer"]

_FURTHER: Mapping[str, Family] = {
    "BOOL": "boolean",
    "BPCHAR": "text",
    "BYTES": "binary",
    "CHARACTER": "text",
    "CHARACTER VARYING": "text",
    "DEC": "decimal",
    "FLOAT4": "float",
    "FLOAT8": "float",
    "INT": "whole number",
    "INT2": "whole number",
    "INT4": "whole number",
    "INT8": "whole number",
    "LONGBLOB": "binary",
    "MEDIUMBLOB": "binary",
    "RAW": "binary",
    "STRING": "text",
    "TIMESTAMPTZ": "timestamp",
    "TIMETZ": "time",
    "TINYBLOB": "binary",
}
"""What dialects do not list, or not as something that other databases have too."""


_OF_MYSQL: Mapping[str, Family] = {
    "BIT": "binary",
    "INET4": "network address",
    "INET6": "network address",
    "VECTOR": "vector",
    "YEAR": "whole number",
    **dict.fromkeys(("GEOMETRY", "GEOMETRYCOLLECTION", "POINT", "LINESTRING", "POLYGON"), "geometry"),
    **dict.fromkeys(("MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON"), "geometry"),
}
"""What its drivers give: bytes for several bits; and what no other database's type is taken for."""


def family(type_: Type, types: Mapping[Name, TypeDefinition]) -> Family | None:
    """Return what a type is for; None where that is nothing that other databases have, or not known.

    Args:
        type_: of a kind of database, or one that users made there.
        types: those that users made.
    """
    if type_.dimensions:
        return "array"
    made = types.get(type_.name)
    if made is not None:
        return "text" if made.kind == "enum" else None if made.base is None else family(made.base, types)
    kind, name = type_.name
    if kind == "oracle" and name == "NUMBER":
        whole = type_.modifiers and type_.modifiers[1:] in ((), ("0",))
        return "whole number" if whole else "decimal"
    if kind == "oracle" and name == "DATE":  # which has a time of day
        return "date and time"
    if not is_like_postgresql(kind) and (name, type_.modifiers) in _FLAGS:
        return "boolean"
    if is_like_mysql(kind):
        return _of_mysql(type_)
    return "interval" if name.partition(" ")[0] == "INTERVAL" else _by_name(kind, name)


def _of_mysql(type_: Type) -> Family | None:
    kind, name = type_.name
    if (name, type_.modifiers) == ("TINYINT", ()):  # as contracts name both
        return "boolean or whole number"
    known = kept_as(type_, mariadb=name != "JSON")
    kept = name if known is None else split(known.name.name)[0]
    return _OF_MYSQL.get(kept) or _by_name(kind, name) or _by_name(kind, kept)


_FLAGS = frozenset({("TINYINT", ("1",)), ("BIT", ("1",)), ("BIT", ())})
"""What is there for booleans: MySQL's ``BOOL`` is a ``TINYINT(1)``, and its ``BIT`` and SQL Server's is one bit."""


def is_known(type_: Type) -> bool:
    """Return whether it is known what a type is for, or SQLAlchemy knows it by name."""
    return family(type_, {}) is not None or split(type_.name.name)[0] in _listed(type_.name.schema)


@cache
def _by_name(kind: str, name: str) -> Family | None:
    from sqlalchemy import types

    from alembic_contracts.dialects.families import family_of

    listed = _listed(kind)
    for spelling in (name, split(name)[0]):
        known: Any = listed.get(spelling) or getattr(types, spelling.replace(" ", "_"), None)
        if isinstance(known, type) and issubclass(known, types.TypeEngine):
            made: TypeEngine[Any] = known(types.Integer) if issubclass(known, types.ARRAY) else known()
            if (found := family_of(made)) is not None:
                return found
        if spelling in _FURTHER:
            return _FURTHER[spelling]
    return None


@cache
def _listed(kind: str) -> Mapping[str, Any]:
    """Return the types that SQLAlchemy's dialect reads, by name in capitals."""
    listed: Mapping[str, Any] = getattr(dialect_class(kind), "ischema_names", {})
    return {spelling.upper(): known for spelling, known in listed.items()}


def dialect_class(kind: str) -> Any:
    """Return SQLAlchemy's dialect for a kind of database, or for the one that it is like; None without either."""
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    for name in filter(None, (kind, server(kind).like)):
        try:
            return make_url(f"{name}://").get_dialect()
        except (ArgumentError, ImportError):
            continue
    return None


@cache
def preparer(kind: str) -> IdentifierPreparer:
    """Return what puts identifiers in quotes where a kind of database needs them."""
    from sqlalchemy.engine.default import DefaultDialect

    return (dialect_class(kind) or DefaultDialect)().identifier_preparer
