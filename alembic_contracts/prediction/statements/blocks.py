"""DO blocks, CALL, and functions that a query does nothing but call: what is in them is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alembic_contracts.prediction.catalog.execution import Doubtful, Handler, Harmless
from alembic_contracts.prediction.plpgsql import tree
from alembic_contracts.prediction.plpgsql.grammar import parse_body, read_body
from alembic_contracts.prediction.plpgsql.known_values import value_of
from alembic_contracts.prediction.plpgsql.machine import Machine, nested
from alembic_contracts.prediction.plpgsql.reach import of_call
from alembic_contracts.prediction.queries.calls import calls_in, check_calls
from alembic_contracts.prediction.queries.ddl_expressions import is_known_function
from alembic_contracts.prediction.sql import parser, sqlstate
from alembic_contracts.prediction.sql.scopes import Entry, Field, Scope

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Run
    from alembic_contracts.prediction.catalog.state import Function
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["HANDLERS", "run_function"]


def do(run: Run, node: Node) -> None:
    """Apply DO.

    Raises:
        PostgresError: 42601 the block does not parse; as its statements would.
    """
    options = {option.defname: option.arg.string.sval for option in parser.children(node.args)}
    language = options.get("language", "plpgsql")
    if language != "plpgsql":
        run.doubt(f"a block in {language} is not understood")
        return
    block = read_body(options.get("as", ""))
    if block is None:
        run.doubt("a block is not understood")
        return
    _check_syntax(block)
    Machine(run).start(block)


def _check_syntax(block: tree.Block) -> None:
    """Refuse SQL that does not parse wherever it stands, as the server does before it runs anything."""
    for step in tree.walk(block):
        if isinstance(step, tree.Sql):
            parser.parse(step.text)
        elif not isinstance(step, (tree.ForRows, tree.Return, tree.Block)):
            for text in tree.texts(step):
                parser.parse(f"SELECT {text}")


def call(run: Run, node: Node) -> None:
    """Apply CALL.

    Raises:
        PostgresError: 42883 there is no such procedure, 42809 it is a function; as its statements would.
    """
    check_calls(run, (inner for argument in node.funccall.args for inner in calls_in(argument)))
    names = tuple(parser.strings(node.funccall.funcname))
    known = run.state.find_functions(names[-1], names[-2] if len(names) > 1 else None)
    if not is_known_function(run, list(names)):
        raise sqlstate.PostgresError("42883", f"procedure {'.'.join(names)}() does not exist")
    if known and all(function.kind != "procedure" for function in known):
        raise sqlstate.wrong_object_type(f"{names[-1]}() is not a procedure")
    tables = of_call(run.state, names)
    if (tables is None or tables) and not run_function(run, node.funccall):
        run.doubt(f"procedure {'.'.join(names)}() may change tables", tables)
    run.query = node if any(function.outputs for function in known) else None


def run_function(run: Run, node: Node) -> bool:
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


def _arguments(run: Run, node: Node, definition: Node) -> dict[str, Any] | None:
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


def _run_body(run: Run, function: Function, variables: dict[str, Any]) -> None:
    body = function.body or ""
    if function.language == "plpgsql":
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
            nested(run, statement)
    finally:
        run.scope, run.values = scope, values


HANDLERS: dict[str, Handler | Harmless | Doubtful] = {"do_stmt": do, "call_stmt": call}
