"""A call of a user's function in, the statements of its body applied to the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alembic_contracts.prediction.plpgsql.grammar import parse_body
from alembic_contracts.prediction.plpgsql.known_values import value_of
from alembic_contracts.prediction.sql import parser
from alembic_contracts.prediction.sql.scopes import Entry, Field, Scope

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.catalog.state import Function
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["run_function"]


def run_function(run: Execution, node: Node) -> bool:
    """Do what a function does that is called exactly once.

    Args:
        run: the statement that calls it.
        node: the call, a ``FuncCall``.

    Returns:
        Whether it was followed; if not, nothing was done.

    Raises:
        PostgresError: as the statements in it would.
    """
    names = parser.strings(node.funcname)
    functions = run.state.find_functions(names[-1], names[-2] if len(names) > 1 else None)
    if len(functions) != 1 or functions[0].body is None or functions[0].definition is None:
        return False
    function, definition = functions[0], parser.parse(functions[0].definition)[0].node
    if any(option.defname == "set" for option in parser.children(definition.options)):
        return False
    variables = _arguments(run, node, definition)
    if variables is None or function.language not in {"sql", "plpgsql"}:
        return False
    _run_body(run, function, variables)
    return True


def _arguments(run: Execution, node: Node, definition: Node) -> dict[str, Any] | None:
    """Return the values of a function's parameters by their names; None where they do not fit."""
    if node.func_variadic:
        return None
    values = [value_of(run, argument) for argument in node.args if not argument.HasField("named_arg_expr")]
    named = {
        a.named_arg_expr.name: value_of(run, a.named_arg_expr.arg) for a in node.args if a.HasField("named_arg_expr")
    }
    variables: dict[str, Any] = {}
    for position, parameter in enumerate(parser.children(definition.parameters), 1):
        mode = parser.enum_name(parameter, "mode")
        name = parameter.name or f"${position}"
        if mode in {"FUNC_PARAM_OUT", "FUNC_PARAM_TABLE"}:
            variables[name] = None
        elif mode == "FUNC_PARAM_VARIADIC":
            return None
        elif values:
            variables[name] = values.pop(0)
        elif name in named:
            variables[name] = named[name]
        elif parameter.HasField("defexpr"):
            variables[name] = value_of(run, parameter.defexpr)
        else:
            return None
    return None if values else variables


def _run_body(run: Execution, function: Function, variables: dict[str, Any]) -> None:
    body = function.body or ""
    if function.language == "plpgsql":
        from alembic_contracts.prediction.plpgsql.machine import Machine

        machine = Machine(run, variables={**variables, function.name.name: {}})
        if function.kind == "procedure":
            machine.start(parse_body(body))
            return
        with run.inside():
            machine.start(parse_body(body))
        return
    scope, values = run.scope, run.values
    fields = tuple(Field(name, None) for name in variables)
    run.values = variables
    run.scope = Scope([Entry("", fields), Entry(function.name.name, (), complete=False, visible=False)])
    try:
        for statement in parser.parse(body):
            run.apply_nested(statement)
    finally:
        run.scope, run.values = scope, values
