"""Operators of users' own: which names there are, as long as it is known when they go.

An operator of this name may be what ``=`` stands for in any query, so that nothing is known of it then. Held is what is
made of types and a function that are held; of all others the name is noted for good.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_contracts.prediction.catalog.state import Operator
from alembic_contracts.prediction.catalog.type_names import find_named, qualified
from alembic_contracts.prediction.sql import parser

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.dependencies import Object
    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.prediction.sql.parser import Node
    from alembic_contracts.schemas.schema import Type, TypeDefinition

__all__ = ["drop_operator", "drop_with", "note_operator", "put_operator"]


def note_operator(state: State, name: str) -> None:
    """Note that there is one of this name, of which nothing else is known."""
    state.traits.put(("operator", name), "user")


def put_operator(state: State, schema: str, node: Node) -> None:
    """Keep what CREATE OPERATOR makes.

    Args:
        state: the catalog.
        schema: where it is made.
        node: the ``DefineStmt``.
    """
    name = parser.strings(node.defnames)[-1]
    options = {each.defname: parser.unwrap(each.arg) for each in parser.children(node.definition)}
    for other in options.keys() & {"commutator", "negator"}:  # PostgreSQL makes up one that is not there
        note_operator(state, parser.strings(options[other].items)[-1])
    types = _types(state, [options.get("leftarg"), options.get("rightarg")])
    definitions = () if types is None else _definitions(state, types)
    # Where its schema is that of a type, who renames the schema makes another value of the type.
    is_known = types is not None and schema in {each.name.schema for each in definitions}
    if types is None or not is_known or options.keys() - {"leftarg", "rightarg", "procedure", "function"}:
        note_operator(state, name)
        return
    called = parser.strings((options.get("procedure") or options["function"]).names)
    functions = state.find_functions(called[-1], called[-2] if len(called) > 1 else None)
    made = Operator(schema, types, definitions, functions[0] if len(functions) == 1 else None)
    state.operators.put(name, (*state.operators.get(name, ()), made))


def drop_operator(state: State, target: Node) -> None:
    """Forget the operator that a target of DROP OPERATOR stands for, where that is certain."""
    names = parser.strings(target.objname)
    schema = names[-2] if len(names) > 1 else None
    there = state.operators.get(names[-1], ())
    types = _types(state, parser.children(target.objargs))
    found = [
        each
        for each in there
        if each.types == types
        and (each.schema == schema or (schema is None and each.schema in state.search_path))
        and _is_as_it_was(state, each)
    ]
    if len(found) == 1:
        _keep(state, names[-1], tuple(each for each in there if each is not found[0]))


def drop_with(state: State, dropped: Object) -> None:
    """Forget the operators that go with a type or a function, as CASCADE has it; what is dropped is still there."""
    for name, there in list(state.operators.items()):
        kept = tuple(each for each in there if not (_uses(state, each, dropped)))
        if len(kept) != len(there):
            _keep(state, name, kept)


def _uses(state: State, operator: Operator, dropped: Object) -> bool:
    if dropped.kind == "type":
        definition = state.types.get(dropped.name)
        return definition is not None and any(each is definition for each in operator.definitions)
    if dropped.kind != "function" or operator.function is None:
        return False
    there = state.functions.get(dropped.name, ())
    return any(each is operator.function and ", ".join(each.arguments) == dropped.part for each in there)


def _keep(state: State, name: str, operators: tuple[Operator, ...]) -> None:
    if operators:
        state.operators.put(name, operators)
    else:
        state.operators.remove(name)


def _is_as_it_was(state: State, operator: Operator) -> bool:
    return all(state.types.get(each.name) is each for each in operator.definitions)


def _types(state: State, nodes: list[Node | None]) -> tuple[Type, Type] | None:
    """Return the types of two operands, None where there is one alone, or one is not known."""
    found: list[Type] = []
    for node in nodes:
        if node is None or node.DESCRIPTOR.name != "TypeName" or node.array_bounds or node.pct_type:
            return None
        schema, name = qualified(parser.strings(node.names))
        type_ = find_named(state, name, schema)
        if type_ is None:
            return None
        found.append(type_)
    return (found[0], found[1]) if len(found) == 2 else None


def _definitions(state: State, types: tuple[Type, Type]) -> tuple[TypeDefinition, ...]:
    """Return those of types of users' own."""
    return tuple(state.types[each.name] for each in types if each.name in state.types)
