"""Two types in, whether PostgreSQL makes the one of the other out (``find_coercion_pathway``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from alembic_contracts.prediction.catalog.type_names import base_type, category, shown
from alembic_contracts.prediction.sql import sqlstate, system
from alembic_contracts.schemas.schema import Type

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.catalog.state import State

__all__ = ["Context", "can_coerce", "cast_between", "is_plain", "knows_operators", "require_coercion"]

Context = Literal["i", "a", "e"]
"""Implicit, in assignments, explicit: each allows what those before it do (``pg_cast.castcontext``)."""

_ORDER = "iae"
_NO_ARRAYS = frozenset({"oidvector", "int2vector"})


def require_coercion(run: Execution, source: Type | None, target: Type | None, context: Context, message: str) -> None:
    """Refuse to make one type of another where that cannot be; nothing is said where a type is not known.

    Raises:
        PostgresError: 42846 there is no cast of this kind, 42804 where none was written.
    """
    if can_coerce(run.state, source, target, context):
        return
    if not knows_operators(run.state):
        one, two = shown(source, run.state), shown(target, run.state)
        run.doubt(f"whether there is a cast from {one} to {two} is not known here")
        return
    raise sqlstate.PostgresError("42846" if context == "e" else "42804", message)


def knows_operators(state: State) -> bool:
    """Whether casts, operators and operator classes that are not known here do not exist."""
    return state.complete_others and all(name in system.EXTENSIONS for name in state.extensions)


def can_coerce(state: State, source: Type | None, target: Type | None, context: Context) -> bool:
    """Whether there is a way from one type to another in a context; true where a type is not known."""
    if source is None or target is None:
        return True
    one, two = base_type(source, state), base_type(target, state)
    if not is_plain(state, one) or not is_plain(state, two) or "unknown" in {one.name.name, two.name.name}:
        return True
    if one.name == two.name and bool(one.dimensions) == bool(two.dimensions):
        return True
    found = cast_between(state, one, two)
    if found is not None:
        return _ORDER.index(found) <= _ORDER.index(context)
    if one.dimensions and two.dimensions:
        return can_coerce(state, Type(one.name), Type(two.name), context)
    return _by_text(state, one, two, context) or _by_rows(state, one, two)


def is_plain(state: State, type_: Type) -> bool:
    """Whether all is known of a type: not so of those that extensions bring, and of pseudo-types."""
    if type_.name.schema == "pg_catalog":
        return category(type_, state) not in {"?", "P"} and type_.name.name not in _NO_ARRAYS
    definition = state.types.get(type_.name)
    if definition is None:
        return type_.name in state.tables
    return definition.kind != "base"


def cast_between(state: State, one: Type, two: Type) -> str | None:
    """Return the context of a cast in ``pg_cast``."""
    bare = Type(one.name, (), one.dimensions), Type(two.name, (), two.dimensions)
    own = state.casts.get(bare)
    if own is not None or one.dimensions or two.dimensions:
        return own
    if {one.name.schema, two.name.schema} == {"pg_catalog"}:
        return system.casts(state.server_version).get((one.name.name, two.name.name))
    multirange = state.traits.get(("multirange", str(one.name)))
    return "e" if multirange == two.name.name else None


def _by_text(state: State, one: Type, two: Type, context: Context) -> bool:
    """Whether the text forms lead from one to the other: into strings in assignments, out of them in casts."""
    if context != "i" and category(two, state) == "S":
        return True
    return context == "e" and category(one, state) == "S"


def _by_rows(state: State, one: Type, two: Type) -> bool:
    """Whether rows of one type may be taken for rows of the other: children for their parents."""
    return category(one, state) == "C" and category(two, state) == "C"
