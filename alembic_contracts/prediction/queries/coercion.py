"""Two types in, whether PostgreSQL stores the one in the other out (``find_coercion_pathway``), as far as plain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_contracts.prediction.catalog.type_names import base_type, category
from alembic_contracts.prediction.sql import system

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.schemas.schema import Type

__all__ = ["can_assign"]


def can_assign(state: State, source: Type | None, target: Type | None) -> bool:
    """Whether a value of one type can be stored in a column of another without an explicit cast.

    True where it is not known: only a plain impossibility is worth an error.
    """
    if source is None or target is None:
        return True
    one, two = base_type(source, state), base_type(target, state)
    if one.name == two.name and bool(one.dimensions) == bool(two.dimensions):
        return True
    if one.dimensions and two.dimensions:
        return can_assign(state, _element(one), _element(two))
    kinds = category(one, state), category(two, state)
    if "?" in kinds:
        return True
    if kinds[1] == "S" and two.name.name != "char":
        return True  # everything has a text form, and storing that is an assignment
    if one.dimensions or two.dimensions:
        return False
    return (one.name.name, two.name.name) in system.casts() and _context(one, two) in {"i", "a"}


def _context(one: Type, two: Type) -> str:
    return system.casts()[one.name.name, two.name.name]


def _element(type_: Type) -> Type:
    return type(type_)(type_.name, type_.modifiers)
