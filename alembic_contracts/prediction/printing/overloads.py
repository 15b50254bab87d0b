"""Operators' and functions' argument types in, the one that PostgreSQL takes out (``func_select_candidate``)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from msgspec import Struct

from alembic_contracts.prediction.printing.conversion import bare, base, can_cast, category, element
from alembic_contracts.prediction.printing.primitives import UNKNOWN, UnprintableError, builtin
from alembic_contracts.prediction.sql import system
from alembic_contracts.prediction.sql.overload_choice import PREFERRED, internal_name, preferred
from alembic_contracts.schemas.schema import Type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alembic_contracts.prediction.catalog.state import State

__all__ = ["Chosen", "choose", "choose_operator", "common_type"]

_POLYMORPHIC = frozenset({"anyelement", "anyarray", "anynonarray", "anyenum", "anycompatible", "anycompatiblearray"})


class Chosen(Struct, frozen=True):
    """An overload: the types that its arguments are cast to, and its result."""

    arguments: tuple[Type, ...]
    result: Type


_known: dict[tuple[int, str, tuple[Type, ...]], Chosen] = {}
"""By a server's version and an operator's name what its own types lead to, which only users' casts change."""

Overload = tuple[tuple[str, ...], str]
"""Names of the parameters' types, and of the result's."""


def choose_operator(state: State, name: str, types: Sequence[Type]) -> Chosen:
    """Return a built-in operator for one operand (prefix) or two (``oper``).

    Raises:
        UnprintableError: none or more than one fits.
    """
    if state.casts or any(type_.name.schema != "pg_catalog" for type_ in types):
        return _chosen_operator(state, name, types)
    key = (state.server_version, name, tuple(types))
    if key not in _known:
        _known[key] = _chosen_operator(state, name, types)
    return _known[key]


def _chosen_operator(state: State, name: str, types: Sequence[Type]) -> Chosen:
    prefix = len(types) == 1
    overloads: list[Overload] = [
        ((right,) if prefix else (left, right), result)
        for left, right, result in system.operators().get(name, ())
        if (left == "-") == prefix
    ]
    if not prefix and UNKNOWN in types:
        other = types[0] if types[1] == UNKNOWN else types[1]
        for exact in (other, base(state, other)):
            found = [o for o in overloads if all(_named(parameter) == bare(exact) for parameter in o[0])]
            if found:
                return _resolved(state, found[0], [exact, exact])
    return choose(state, overloads, types)


def choose(state: State, overloads: Sequence[Overload], types: Sequence[Type]) -> Chosen:
    """Return the overload that is taken for arguments of these types.

    Raises:
        UnprintableError: none or more than one fits.
    """
    given = [bare(type_) for type_ in types]
    for overload in overloads:
        if all(_named(parameter) == type_ for parameter, type_ in zip(overload[0], given, strict=True)):
            return _resolved(state, overload, types)
    fitting = [o for o in overloads if all(_takes(state, p, t) for p, t in zip(o[0], given, strict=True))]
    plain = [bare(base(state, type_)) for type_ in given]
    left = (
        fitting
        if len(fitting) < 2
        else preferred(
            fitting,
            lambda overload: overload[0],
            tuple(map(internal_name, plain)),
            [category(state, type_) for type_ in plain],
            lambda parameter, n: _takes(state, parameter, plain[n]),
        )
    )
    if len(left) != 1:
        raise UnprintableError("an operator or function that is not found")
    return _resolved(state, left[0], types)


def _takes(state: State, parameter: str, type_: Type) -> bool:
    if parameter in _POLYMORPHIC or parameter == "any":
        return type_ == UNKNOWN or _fits_polymorphic(state, parameter, type_)
    target = _named(parameter)
    if system.categories().get(parameter) == "P":
        return False
    return type_ == UNKNOWN or can_cast(state, bare(base(state, type_)), target, "implicit")


def _fits_polymorphic(state: State, parameter: str, type_: Type) -> bool:
    if parameter.endswith("nonarray"):
        return not type_.dimensions
    if parameter.endswith("array"):
        return bool(type_.dimensions)
    return parameter != "anyenum" or category(state, base(state, type_)) == "E"


@cache
def _named(name: str) -> Type:
    inner = system.element_types().get(name)
    return builtin(name) if inner is None else builtin(inner, 1)


def _resolved(state: State, overload: Overload, types: Sequence[Type]) -> Chosen:
    """Put types in the places of polymorphic ones (``enforce_generic_type_consistency``)."""
    parameters, result = overload
    generic = _generic(state, parameters, types)
    return Chosen(tuple(_put(p, generic) for p in parameters), _put(result, generic))


def _generic(state: State, parameters: Sequence[str], types: Sequence[Type]) -> Type | None:
    """Return the type that stands for ``anyelement``, as the arguments have it."""
    found = set()
    for parameter, type_ in zip(parameters, types, strict=True):
        if parameter in _POLYMORPHIC and type_ != UNKNOWN:
            plain = bare(base(state, type_)) if parameter.endswith("array") else bare(type_)
            takes_array = parameter.endswith("array") and not parameter.endswith("nonarray")
            found.add(element(plain) if takes_array else plain)
    if len(found) > 1:
        raise UnprintableError("arguments of several types")
    return found.pop() if found else None


def _put(name: str, generic: Type | None) -> Type:
    if name == "any":
        raise UnprintableError("an argument of any type")
    if name not in _POLYMORPHIC:
        if system.categories().get(name) == "P" and name != "void":
            raise UnprintableError(f"a result of type {name}")
        return _named(name)
    if generic is None:
        raise UnprintableError("arguments of no type")
    if name.endswith("array") and not name.endswith("nonarray"):
        if generic.dimensions:
            raise UnprintableError("an array of arrays")
        return Type(generic.name, (), 1)
    return generic


def common_type(state: State, types: Sequence[Type]) -> Type:
    """Return the type of COALESCE, CASE, IN, ARRAY[...] (``select_common_type``).

    Raises:
        UnprintableError: there is none, or it is not known here.
    """
    known = [bare(type_) for type_ in types if type_ != UNKNOWN]
    if not known:
        return builtin("text")
    if all(type_ == known[0] for type_ in known):
        return known[0] if len(known) == len(types) else bare(base(state, known[0]))
    chosen = bare(base(state, known[0]))
    for other in known[1:]:
        candidate = bare(base(state, other))
        if candidate == chosen:
            continue
        if category(state, candidate) != category(state, chosen):
            raise UnprintableError("values of several types")
        forth = can_cast(state, chosen, candidate, "implicit")
        if chosen.name.name not in PREFERRED and forth and not can_cast(state, candidate, chosen, "implicit"):
            chosen = candidate
    return chosen
