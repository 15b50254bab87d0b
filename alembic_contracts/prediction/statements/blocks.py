"""DO and CALL applied to the catalog: what is in the block or procedure is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_contracts.prediction.catalog.doubts import Doubtful, Harmless
from alembic_contracts.prediction.catalog.execution import Handler
from alembic_contracts.prediction.plpgsql import tree
from alembic_contracts.prediction.plpgsql.function_calls import run_function
from alembic_contracts.prediction.plpgsql.grammar import read_body
from alembic_contracts.prediction.plpgsql.reach import of_call
from alembic_contracts.prediction.queries.calls import calls_in, check_calls, is_known_function
from alembic_contracts.prediction.sql import parser, sqlstate

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["HANDLERS"]


def do(run: Execution, node: Node) -> None:
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
    from alembic_contracts.prediction.plpgsql.machine import Machine

    Machine(run).start(block)


def _check_syntax(block: tree.Block) -> None:
    """Refuse SQL that does not parse wherever it stands, as the server does before it runs anything."""
    for step in tree.walk(block):
        if isinstance(step, tree.Sql):
            parser.parse(step.text)
        elif not isinstance(step, (tree.ForRows, tree.Open, tree.Return, tree.Block)):
            for text in tree.texts(step):
                parser.parse(f"SELECT {text}")


def call(run: Execution, node: Node) -> None:
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


HANDLERS: dict[str, Handler | Harmless | Doubtful] = {"do_stmt": do, "call_stmt": call}
