"""Types of operands in, the type of the expression out as far as it follows plainly; None where it does not."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from alembic_contracts.prediction.catalog.type_names import array_of, base_type, builtin, category
from alembic_contracts.prediction.queries.coercion import cast_between, is_plain
from alembic_contracts.prediction.sql import system
from alembic_contracts.prediction.sql.overload_choice import PREFERRED, internal_name, preferred
from alembic_contracts.schemas.schema import Name, Type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.prediction.sql.system import Signature

    Overload = tuple[Signature, tuple[str, ...]]

__all__ = [
    "UNKNOWN",
    "call",
    "common",
    "implicit",
    "literal_is",
    "no_operator",
    "operate",
    "operators_for",
    "overloads",
    "reads_as_same",
]

UNKNOWN = builtin("unknown")
"""A literal or NULL whose type its surroundings decide."""

_POLYMORPHIC = frozenset(
    {
        "any", "anyelement", "anyarray", "anynonarray", "anyenum", "anyrange", "anycompatible", "anycompatiblearray",
        "anycompatiblenonarray", "anymultirange", "anycompatiblerange", "anycompatiblemultirange", "record",
    }
)  # fmt: skip


def literal_is(text: str) -> Type:
    """Return the type of a number that is no 32-bit integer."""
    if text.isdigit() and int(text) < 2**63:
        return builtin("int8")
    return builtin("numeric")


def common(state: State, types: Sequence[Type | None]) -> Type | None:
    """Return the type of CASE, COALESCE, UNION ... over these (``select_common_type``)."""
    known = [type_ for type_ in types if type_ != UNKNOWN]
    if not known:
        return builtin("text") if types else None
    if any(type_ is None for type_ in known):
        return None
    first, *rest = [type_ for type_ in known if type_ is not None]
    if all(other == first for other in rest):
        return first if len(known) == len(types) else Type(first.name, (), first.dimensions)
    if all(other.name == first.name and bool(other.dimensions) == bool(first.dimensions) for other in rest):
        return Type(first.name, (), first.dimensions)
    if any(other.dimensions for other in (first, *rest)):
        return None
    return _preferred(state, first, rest)


def _preferred(state: State, first: Type, rest: list[Type]) -> Type | None:
    """Return the type that the others are converted to."""
    chosen = Type(base_type(first, state).name)
    for other in rest:
        candidate = Type(base_type(other, state).name)
        if candidate == chosen:
            continue
        if category(candidate, state) != category(chosen, state):
            return None
        forward, back = implicit(state, chosen, candidate), implicit(state, candidate, chosen)
        if chosen.name.name not in PREFERRED and forward and not back:
            chosen = candidate
        elif not back:
            return None
    return chosen


def implicit(state: State, source: Type, target: Type) -> bool:
    """Whether a value is converted without a cast being written."""
    one, two = base_type(source, state), base_type(target, state)
    if one.dimensions and two.dimensions:
        return implicit(state, Type(one.name), Type(two.name))
    if one.dimensions or two.dimensions:
        return False
    return one.name == two.name or cast_between(state, one, two) == "i"


def call(state: State, name: str, arguments: Sequence[Type | None]) -> Type | None:
    """Return the result of a built-in function for arguments of these types."""
    chosen = overloads(state, name, arguments)
    if not chosen:
        return builtin(name) if name in system.categories() and len(arguments) == 1 else None
    if any(argument is None for argument in arguments):
        names = {signature.result for signature, _ in chosen}
        single = names.pop() if len(names) == 1 else None
        return _named(single) if single is not None and single not in _POLYMORPHIC else None
    bare = [base_type(a, state) for a in arguments if a is not None]
    results = {_result(signature, parameters, bare) for signature, parameters in chosen}
    return results.pop() if len(results) == 1 else None


def overloads(state: State, name: str, arguments: Sequence[Type | None]) -> list[Overload]:
    """Return those of a built-in function that a call may be of; where all types are known, mostly one."""
    fitting = [s for s in system.functions().get(name, ()) if _takes(s, len(arguments))]
    options = [(s, _expanded(s, len(arguments))) for s in fitting]
    if any(argument is None for argument in arguments):
        return options
    return _resolve(state, options, [base_type(a, state) for a in arguments if a is not None])


def _takes(signature: Signature, count: int) -> bool:
    if signature.variadic:
        return count >= len(signature.arguments) - 1
    return signature.required <= count <= len(signature.arguments)


def _expanded(signature: Signature, count: int) -> tuple[str, ...]:
    arguments = signature.arguments
    if signature.variadic and arguments:
        last = system.element_types().get(arguments[-1], "any" if arguments[-1] == "any" else "anyelement")
        return (*arguments[:-1], *(last,) * (count - len(arguments) + 1))
    return arguments[:count]


def _resolve(state: State, options: Sequence[Overload], types: list[Type]) -> list[Overload]:
    """Return the best overloads (``func_select_candidate``)."""
    possible = [o for o in options if all(_accepts(state, p, t) for p, t in zip(o[1], types, strict=False))]
    return (
        preferred(
            possible,
            lambda overload: overload[1],
            tuple(map(internal_name, types)),
            [category(type_, state) for type_ in types],
            lambda parameter, n: _accepts(state, parameter, types[n]),
        )
        or possible
    )


def _exact(parameter: str, type_: Type) -> bool:
    named = _named(parameter)
    return named.name == type_.name and bool(named.dimensions) == bool(type_.dimensions)


def _accepts(state: State, parameter: str, type_: Type) -> bool:
    if type_ == UNKNOWN:
        return True
    if parameter in _POLYMORPHIC:
        return _accepts_polymorphic(state, parameter, type_)
    return _exact(parameter, type_) or implicit(state, type_, _named(parameter))


def _accepts_polymorphic(state: State, parameter: str, type_: Type) -> bool:
    if parameter.endswith("array") and not parameter.endswith("nonarray"):
        return type_.dimensions > 0
    if parameter.endswith("nonarray"):
        return type_.dimensions == 0
    if parameter == "anyenum":
        return category(type_, state) == "E"
    if "range" in parameter:
        return category(type_, state) == "R"
    return parameter != "record" or category(type_, state) == "C"


def _named(name: str) -> Type:
    """Return the built-in type of an internal name, ``_int4`` included."""
    element = system.element_types().get(name)
    return Type(Name("pg_catalog", name)) if element is None else Type(Name("pg_catalog", element), (), 1)


def _result(signature: Signature, parameters: tuple[str, ...], types: list[Type]) -> Type | None:
    result = signature.result
    if result not in _POLYMORPHIC:
        return None if result in {"void", "trigger"} else _named(result)
    wants_array = result.endswith("array") and not result.endswith("nonarray")
    for parameter, type_ in zip(parameters, types, strict=False):
        if parameter not in _POLYMORPHIC or parameter == "any" or type_ == UNKNOWN or "range" in parameter:
            continue
        bare = Type(type_.name, (), type_.dimensions)
        takes_array = parameter.endswith("array") and not parameter.endswith("nonarray")
        if "range" in result:
            return None
        if takes_array == wants_array:
            return bare
        return array_of(bare) if wants_array else Type(type_.name)
    return None


def operate(state: State, name: str, left: Type | None, right: Type | None, *, prefix: bool) -> Type | None:
    """Return the result of a built-in operator. With ``prefix`` there is no left operand."""
    options = _built_in(name, prefix=prefix)
    results = {signature.result for signature, _ in options}
    if len(results) == 1 and not results & _POLYMORPHIC:
        return _named(results.pop())
    operands = [right] if prefix else [left, right]
    if any(operand is None for operand in operands):
        return None
    types = _operands(state, options, [operand for operand in operands if operand is not None])
    found = {_result(s, parameters, types) for s, parameters in _resolve(state, options, types)}
    return found.pop() if len(found) == 1 else None


def operators_for(state: State, name: str, left: Type | None, right: Type | None) -> list[tuple[str, ...]]:
    """Return the operand types of the built-in operators that an operation may be; mostly one."""
    options = _built_in(name, prefix=False)
    if left is None or right is None:
        return [parameters for _, parameters in options]
    return [parameters for _, parameters in _resolve(state, options, _operands(state, options, [left, right]))]


@lru_cache(maxsize=64)
def _built_in(name: str, *, prefix: bool) -> tuple[Overload, ...]:
    overloads = [o for o in system.operators().get(name, ()) if (o[0] == "-") == prefix]
    return tuple((_signature(o, prefix=prefix), (o[1],) if prefix else (o[0], o[1])) for o in overloads)


def _operands(state: State, options: Sequence[Overload], operands: list[Type]) -> list[Type]:
    """Return the types of operands, where a literal is taken for what stands beside it if there is such an operator."""
    types = [base_type(operand, state) for operand in operands]
    if len(types) == 2 and UNKNOWN in types and types[0] != types[1]:
        other = types[0] if types[1] == UNKNOWN else types[1]
        if any(_exact(one, other) and _exact(two, other) for _, (one, two) in options):
            return [other, other]
    return types


def no_operator(state: State, name: str, left: Type | None, right: Type | None) -> bool:
    """Whether there is certainly no built-in operator for operands of these types.

    Nothing is said of pseudo-types and of types that extensions bring.
    """
    if left is None or right is None or left == right == UNKNOWN:
        return False
    one, two = base_type(left, state), base_type(right, state)
    if any(type_ != UNKNOWN and not is_plain(state, type_) for type_ in (one, two)):
        return False
    if category(one, state) == category(two, state) == "C":
        return False
    if state.casts or {one.name.schema, two.name.schema} != {"pg_catalog"}:
        return not _takes_operands(state, name, one, two)
    key = name, _bare(one), _bare(two), state.server_version
    if key not in _TAKEN:  # the same in every database
        _TAKEN[key] = _takes_operands(state, name, one, two)
    return not _TAKEN[key]


_TAKEN: dict[tuple[str, Type, Type, int], bool] = {}
"""Whether built-in operators take operands of built-in types, by those and the server's version."""


def _bare(type_: Type) -> Type:
    return Type(type_.name, (), type_.dimensions)


def _takes_operands(state: State, name: str, one: Type, two: Type) -> bool:
    return any(
        _accepts(state, o[0], one) and _accepts(state, o[1], two) and _alike(o, one, two)
        for o in system.operators().get(name, ())
        if o[0] != "-"
    )


def reads_as_same(state: State, name: str, type_: Type) -> bool:
    """Whether a literal beside an operand of this type is read in the same type (``binary_oper_exact``)."""
    if type_ == UNKNOWN or type_.dimensions or state.has_operator(name):
        return False
    if category(type_, state) == "E":
        return name in _COMPARISONS and base_type(type_, state) == type_
    bare = base_type(type_, state)
    return any(_exact(one, bare) and _exact(two, bare) for one, two, _ in system.operators().get(name, ()))


_COMPARISONS = frozenset({"=", "<>", "<", "<=", ">", ">="})


def _alike(operator: tuple[str, str, str], one: Type, two: Type) -> bool:
    """Polymorphic operators take two operands of one type, but for those whose types need to be compatible alone."""
    if operator[0] != operator[1] or operator[0] not in _POLYMORPHIC or operator[0].startswith("anycompatible"):
        return True
    return UNKNOWN in {one, two} or (one.name == two.name and bool(one.dimensions) == bool(two.dimensions))


def _signature(operator: tuple[str, str, str], *, prefix: bool) -> Signature:
    left, right, result = operator
    arguments = (right,) if prefix else (left, right)
    return system.Signature("f", result, is_set=False, required=len(arguments), variadic=False, arguments=arguments)
