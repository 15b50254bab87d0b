"""A type in, what it is for out, in words that are the same for every database."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.dialects.postgresql.base import ischema_names

from alembic_contracts.dialects.families import Family, family_of
from alembic_contracts.dialects.postgresql.properties import base_type, data_type, enum_labels
from alembic_contracts.schemas.schema import Name, Type, TypeDefinition

__all__ = ["family"]


def family(type_: Type, types: Mapping[Name, TypeDefinition]) -> Family | None:
    """Return what a type is for: of a domain what its base is for, of an enum text.

    None for what PostgreSQL alone has (ranges, addresses), and for types of users that ``types`` does not define.
    """
    base = base_type(type_, types)
    if data_type(base, types) == "ARRAY":
        return "array"
    if enum_labels(base, types) is not None:
        return "text"
    if base.name.name == "interval":  # which is no generic type of SQLAlchemy's there
        return "interval"
    known = ischema_names.get(data_type(base, types))
    return None if known is None else family_of(known())
