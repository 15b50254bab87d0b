"""CREATE and ALTER FUNCTION and PROCEDURE applied to the catalog; bodies are kept, so that calls can be followed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_contracts.prediction.catalog.doubts import Doubtful, Harmless
from alembic_contracts.prediction.catalog.execution import Handler
from alembic_contracts.prediction.catalog.state import Function
from alembic_contracts.prediction.catalog.traits import SQL_BODY
from alembic_contracts.prediction.catalog.type_names import resolve, written
from alembic_contracts.prediction.plpgsql import tree
from alembic_contracts.prediction.plpgsql.grammar import read_body
from alembic_contracts.prediction.queries.lookup import check_query
from alembic_contracts.prediction.sql import parser
from alembic_contracts.prediction.sql.scopes import Entry, Field, Scope
from alembic_contracts.prediction.statements._routines import PSEUDO_TYPES, named, new_routine_name, put_function

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["HANDLERS"]

_INPUTS = frozenset({"FUNC_PARAM_IN", "FUNC_PARAM_INOUT", "FUNC_PARAM_VARIADIC", "FUNC_PARAM_DEFAULT"})
_OUTPUTS = frozenset({"FUNC_PARAM_OUT", "FUNC_PARAM_INOUT", "FUNC_PARAM_TABLE"})


def create_function(run: Execution, node: Node) -> None:
    """Apply CREATE FUNCTION and CREATE PROCEDURE.

    Raises:
        PostgresError: 42723 it exists, 42704 a type does not, 42601 its body does not parse, 42P01 and 42703 its body
            (in SQL) names what does not exist.
    """
    parameters = parser.children(node.parameters)
    options = {option.defname: option for option in parser.children(node.options)}
    language = options["language"].arg.string.sval.lower() if "language" in options else "sql"
    inputs = [p for p in parameters if parser.enum_name(p, "mode") in _INPUTS]
    outputs = [p for p in parameters if parser.enum_name(p, "mode") in _OUTPUTS]
    for parameter in parameters:
        _check_type(run, parameter.arg_type)
    if node.HasField("return_type"):
        _check_type(run, node.return_type)
    function = Function(
        name=new_routine_name(run, parser.strings(node.funcname)),
        arguments=tuple(written(parameter.arg_type) for parameter in inputs),
        kind="procedure" if node.is_procedure else "function",
        language=language,
        body=_body(node, options),
        definition=run.statement.sql,
        returns=_returns(node),
        outputs=tuple((p.name, written(p.arg_type)) for p in outputs),
    )
    _check_body(run, function, parameters)
    if node.HasField("sql_body"):
        run.state.traits.put((SQL_BODY, ""), "")
    put_function(run, function, or_replace=node.replace)


def _check_type(run: Execution, node: Node) -> None:
    if parser.strings(node.names)[-1] not in PSEUDO_TYPES:
        resolve(run, node)


def _returns(node: Node) -> str | None:
    if not node.HasField("return_type"):
        return None
    return ("setof " if node.return_type.setof else "") + written(node.return_type)


def _body(node: Node, options: dict[str, Node]) -> str | None:
    """Return the body as text; that of ``BEGIN ATOMIC`` and ``RETURN`` as statements."""
    if node.HasField("sql_body"):
        return "; ".join(_deparsed(node.sql_body))
    if "as" not in options:
        return None
    return "".join(parser.strings(options["as"].arg.list.items)[:1])


def _deparsed(node: Node) -> list[str]:
    inner = parser.unwrap(node)
    if inner.DESCRIPTOR.name == "List":
        return [text for item in inner.items for text in _deparsed(item)]
    if inner.DESCRIPTOR.name == "ReturnStmt":
        return [f"SELECT {parser.deparse_expression(inner.returnval)}"]
    return [parser.deparse_statement(node)]


def _check_body(run: Execution, function: Function, parameters: list[Node]) -> None:
    """Look at a body as CREATE FUNCTION does: SQL is analysed, of PL/pgSQL only the syntax is checked."""
    if function.body is None or run.state.setting("check_function_bodies") in {"off", "false"}:
        return
    if function.language == "plpgsql":
        block = read_body(function.body)
        for step in tree.walk(block) if block is not None else ():
            if isinstance(step, tree.Sql):
                parser.parse(step.text)
    elif function.language == "sql":
        outer = run.scope
        named = [parameter.name for parameter in parameters if parameter.name]
        entries = [Entry(name, (), complete=False, visible=False) for name in (function.name.name, *named)]
        run.scope = Scope([Entry("", tuple(Field(name, None) for name in named)), *entries])
        reads = set(run.reads)
        try:
            _check_sql(run, function.body)
        finally:
            run.scope, run.reads = outer, reads


def _check_sql(run: Execution, body: str) -> None:
    for statement in parser.parse(body):
        if statement.kind in {"select_stmt", "insert_stmt", "update_stmt", "delete_stmt", "merge_stmt"}:
            check_query(run, statement.node)


def alter_function(run: Execution, node: Node) -> None:
    """Check ALTER FUNCTION; what it changes concerns how a function runs, not what it does.

    Raises:
        PostgresError: 42883, there is no such function.
    """
    named(run, node.func)


HANDLERS: dict[str, Handler | Harmless | Doubtful] = {
    "create_function_stmt": create_function,
    "alter_function_stmt": alter_function,
}
