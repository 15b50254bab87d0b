"""An expression in, the refusal out where a part of it is certainly not immutable (``contain_mutable_functions``).

Nothing is said of users' own functions: SQL functions are put in their calls' places before the server looks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_contracts.prediction.catalog.type_names import base_type, resolve
from alembic_contracts.prediction.queries import inference
from alembic_contracts.prediction.queries.analysis import Analysis
from alembic_contracts.prediction.queries.coercion import cast_between, is_plain
from alembic_contracts.prediction.queries.expressions import Expressions
from alembic_contracts.prediction.queries.inference import UNKNOWN
from alembic_contracts.prediction.sql import parser, sqlstate, system
from alembic_contracts.prediction.sql.scopes import Scope, of_table
from alembic_contracts.schemas.schema import Type

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.prediction.sql.parser import Node
    from alembic_contracts.schemas.schema import Table

__all__ = ["require_immutable"]


def require_immutable(run: Execution, table: Table, node: Node, message: str) -> None:
    """Refuse an expression over a table's columns that is not immutable.

    Raises:
        PostgresError: 42P17.
    """
    expressions = Expressions(Analysis(run), Scope([of_table(table, table.name.name)]), {})
    if any(_is_mutable(run, expressions, part) for part in parser.walk(node)):
        raise sqlstate.invalid_definition(message)


def _is_mutable(run: Execution, expressions: Expressions, part: Node) -> bool:
    kind = part.DESCRIPTOR.name
    if kind == "SQLValueFunction":
        return True
    if kind == "TypeCast":
        source, target = expressions.infer(part.arg), resolve(run, part.type_name)
        return source is not None and target is not None and _is_mutable_cast(run.state, source, target)
    if kind == "FuncCall":
        return _is_mutable_call(run.state, expressions, part)
    if kind == "A_Expr" and parser.enum_name(part, "kind") in {"AEXPR_OP", "AEXPR_DISTINCT", "AEXPR_NULLIF"}:
        return _is_mutable_operation(run.state, expressions, part)
    return False


def _is_mutable_cast(state: State, source: Type, target: Type) -> bool:
    one, two = base_type(source, state), base_type(target, state)
    if UNKNOWN in {one, two} or (one.name == two.name and bool(one.dimensions) == bool(two.dimensions)):
        return False
    if not is_plain(state, one) or not is_plain(state, two):
        return False
    if one.dimensions and two.dimensions:
        return _is_mutable_cast(state, Type(one.name), Type(two.name))
    if cast_between(state, one, two) is not None:
        return ("cast", one.name.name, two.name.name) in system.mutable()
    return _has_mutable_text(one, "output") or _has_mutable_text(two, "input")


def _has_mutable_text(type_: Type, direction: str) -> bool:
    """Whether a type's input or output function is not immutable; arrays', rows', enums' and ranges' never are."""
    if type_.dimensions or type_.name.schema != "pg_catalog":
        return True
    return (direction, type_.name.name) in system.mutable()


def _is_mutable_call(state: State, expressions: Expressions, part: Node) -> bool:
    names = parser.strings(part.funcname)
    schema = names[-2] if len(names) > 1 else None
    if schema not in {None, "pg_catalog"} or (schema is None and state.find_functions(names[-1])):
        return False
    types = [expressions.infer(argument) for argument in part.args]
    chosen = inference.overloads(state, names[-1], types)
    signatures = [("function", names[-1], *signature.arguments) for signature, _ in chosen]
    return bool(signatures) and all(signature in system.mutable() for signature in signatures)


def _is_mutable_operation(state: State, expressions: Expressions, part: Node) -> bool:
    name = parser.strings(part.name)[-1]
    if state.has_operator(name) or not part.HasField("lexpr"):
        return False
    left, right = expressions.infer(part.lexpr), expressions.infer(part.rexpr)
    chosen = inference.operators_for(state, name, left, right)
    return bool(chosen) and all(("operator", name, one, two) in system.mutable() for one, two in chosen)
