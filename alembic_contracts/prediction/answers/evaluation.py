"""A scalar expression in, its value out."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from alembic_contracts.prediction.answers import aggregates, functions
from alembic_contracts.prediction.answers.casts import cast_to
from alembic_contracts.prediction.answers.operators import operate
from alembic_contracts.prediction.answers.values import NOW, Guess, UnanswerableError, guarded, guess, is_guess, known
from alembic_contracts.prediction.sql.parser import enum_name, kind_of, strings, unwrap

if TYPE_CHECKING:
    from alembic_contracts.prediction.answers.bindings import Scope
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["evaluate", "is_true"]


def evaluate(node: Node, scope: Scope) -> Any:
    """Return an expression's value; NULL is None, what depends on unknown rows is a ``Guess``.

    Raises:
        UnanswerableError: it cannot be worked out.
        PostgresError: PostgreSQL would refuse it.
    """
    kind = kind_of(node)
    handler = _HANDLERS.get(kind)
    if handler is None:
        raise UnanswerableError(f"{kind or 'nothing'} in an expression")
    return handler(unwrap(node), scope)


def is_true(value: Any) -> bool:
    """Return whether a condition lets a row through; a guess is taken for the answer that was hoped for."""
    return is_guess(value) or value is True


# -- leaves ------------------------------------------------------------------------------------------------------------


def _constant(node: Node, _scope: Scope) -> Any:
    if node.isnull:
        return None
    kind = node.WhichOneof("val")
    if kind == "ival":
        return node.ival.ival
    if kind == "fval":
        text = node.fval.fval
        return int(text) if re.fullmatch(r"\d+", text) else Decimal(text)
    if kind == "boolval":
        return node.boolval.boolval
    if kind == "sval":
        return node.sval.sval
    raise UnanswerableError("a bit string")


def _column(node: Node, scope: Scope) -> Any:
    names = strings(node.fields)
    if len(names) != len(node.fields):
        raise UnanswerableError("* in an expression")
    return scope.column(names)


_SESSION: dict[str, Callable[[Scope], Any]] = {
    "SVFOP_CURRENT_CATALOG": lambda scope: scope.world.catalog.database,
    "SVFOP_CURRENT_ROLE": lambda scope: scope.world.catalog.user,
    "SVFOP_CURRENT_SCHEMA": lambda scope: scope.world.catalog.current_schema,
    "SVFOP_CURRENT_USER": lambda scope: scope.world.catalog.user,
    "SVFOP_SESSION_USER": lambda scope: scope.world.catalog.user,
    "SVFOP_USER": lambda scope: scope.world.catalog.user,
    "SVFOP_CURRENT_DATE": lambda _: NOW.date(),
    "SVFOP_CURRENT_TIME": lambda _: NOW.timetz(),
    "SVFOP_CURRENT_TIMESTAMP": lambda _: NOW,
    "SVFOP_LOCALTIME": lambda _: NOW.time(),
    "SVFOP_LOCALTIMESTAMP": lambda _: NOW.replace(tzinfo=None),
}


def _session_value(node: Node, scope: Scope) -> Any:
    return _SESSION[enum_name(node, "op").removesuffix("_N")](scope)


# -- operators ---------------------------------------------------------------------------------------------------------


def _expression(node: Node, scope: Scope) -> Any:
    kind = enum_name(node, "kind")
    operator = strings(node.name)[-1] if node.name else ""
    left = evaluate(node.lexpr, scope) if node.HasField("lexpr") else None
    if kind in {"AEXPR_IN", "AEXPR_BETWEEN", "AEXPR_NOT_BETWEEN"}:
        values = [evaluate(item, scope) for item in node.rexpr.list.items]
        return _in(left, values, operator) if kind == "AEXPR_IN" else _between(left, values, kind)
    right = evaluate(node.rexpr, scope)
    if kind == "AEXPR_OP" and not node.HasField("lexpr"):
        return guarded(lambda value: None if value is None else -value, right) if operator == "-" else right
    if kind in {"AEXPR_OP_ANY", "AEXPR_OP_ALL"}:
        return _quantified(operator, left, right, every=kind == "AEXPR_OP_ALL")
    if kind in {"AEXPR_DISTINCT", "AEXPR_NOT_DISTINCT"}:
        return guess((known(left) == known(right)) is (kind == "AEXPR_NOT_DISTINCT"), left, right)
    if kind == "AEXPR_NULLIF":
        return guess(None, left, right) if known(left) == known(right) else left
    if kind in {"AEXPR_OP", "AEXPR_LIKE", "AEXPR_ILIKE"}:
        return operate(operator, left, right)
    raise UnanswerableError(f"{kind} in an expression")


def _in(left: Any, values: list[Any], operator: str) -> Any:
    found = _any([operate("=", left, value) for value in values])
    return found if operator == "=" else _not(found)


def _between(left: Any, limits: list[Any], kind: str) -> Any:
    inside = _all([operate(">=", left, limits[0]), operate("<=", left, limits[1])])
    return inside if kind == "AEXPR_BETWEEN" else _not(inside)


def _quantified(operator: str, left: Any, array: Any, *, every: bool) -> Any:
    items = known(array)
    if items is None:
        return guess(None, array)
    if isinstance(items, str):
        items = _array_items(items)
    results = [guess(operate(operator, left, item), array) for item in items]
    return _all(results) if every else _any(results)


def _array_items(text: str) -> list[str]:
    """Return the items of an array literal without nesting, ``{a,b}``."""
    if not re.fullmatch(r"\{[^{}\"\\]*\}", text):
        raise UnanswerableError("an array literal with quotes or nesting")
    return [item.strip() for item in text[1:-1].split(",")] if text != "{}" else []


# -- three-valued logic ------------------------------------------------------------------------------------------------


def _any(values: list[Any]) -> Any:
    if any(value is True for value in values):
        return True
    guessed = [value for value in values if is_guess(value)]
    if guessed:
        return Guess(any(value.value is True for value in guessed))
    return None if None in values else False


def _all(values: list[Any]) -> Any:
    if any(value is False for value in values):
        return False
    guessed = [value for value in values if is_guess(value)]
    if guessed:
        return Guess(all(value.value is True for value in guessed))
    return None if None in values else True


def _not(value: Any) -> Any:
    return guarded(lambda plain: None if plain is None else not plain, value)


def _logic(node: Node, scope: Scope) -> Any:
    values = [evaluate(argument, scope) for argument in node.args]
    operation = enum_name(node, "boolop")
    if operation == "NOT_EXPR":
        return _not(values[0])
    return _all(values) if operation == "AND_EXPR" else _any(values)


def _is_null(node: Node, scope: Scope) -> Any:
    value = evaluate(node.arg, scope)
    return guess((known(value) is None) is (enum_name(node, "nulltesttype") == "IS_NULL"), value)


def _is_boolean(node: Node, scope: Scope) -> Any:
    value = evaluate(node.arg, scope)
    test = enum_name(node, "booltesttype").removeprefix("IS_")
    wanted = {"TRUE": True, "FALSE": False, "UNKNOWN": None}[test.removeprefix("NOT_")]
    return guess((known(value) is wanted) is not test.startswith("NOT_"), value)


# -- conditionals and constructors -------------------------------------------------------------------------------------


def _coalesce(node: Node, scope: Scope) -> Any:
    value = None
    for argument in node.args:
        value = evaluate(argument, scope)
        if known(value) is not None:
            return value
    return value


def _case(node: Node, scope: Scope) -> Any:
    subject = evaluate(node.arg, scope) if node.HasField("arg") else None
    for when in node.args:
        condition = evaluate(when.case_when.expr, scope)
        if node.HasField("arg"):
            condition = operate("=", subject, condition)
        if known(condition) is True:
            return guess(evaluate(when.case_when.result, scope), condition)
    return evaluate(node.defresult, scope) if node.HasField("defresult") else None


def _greatest(node: Node, scope: Scope) -> Any:
    values = [evaluate(argument, scope) for argument in node.args]
    plain = [known(value) for value in values if known(value) is not None]
    choose = max if enum_name(node, "op") == "IS_GREATEST" else min
    return guess(choose(plain) if plain else None, *values)


def _array(node: Node, scope: Scope) -> Any:
    values = [evaluate(element, scope) for element in node.elements]
    return guess([known(value) for value in values], *values)


def _row(node: Node, scope: Scope) -> Any:
    values = [evaluate(argument, scope) for argument in node.args]
    return guess([known(value) for value in values], *values)


def _element(node: Node, scope: Scope) -> Any:
    value = evaluate(node.arg, scope)
    for step in node.indirection:
        if kind_of(step) != "a_indices" or step.a_indices.is_slice:
            raise UnanswerableError("a slice or field selection")
        index = evaluate(step.a_indices.uidx, scope)
        value = guarded(_item, value, index)
    return value


def _item(value: Any, index: Any) -> Any:
    if value is None or index is None:
        return None
    if isinstance(value, dict):
        return value.get(index)
    return value[index - 1] if 0 < index <= len(value) else None


def _type_cast(node: Node, scope: Scope) -> Any:
    value = evaluate(node.arg, scope)
    type_name = node.type_name
    return cast_to(value, strings(type_name.names), bool(type_name.array_bounds), scope.world.catalog)


# -- subqueries and calls ----------------------------------------------------------------------------------------------


def _sub_link(node: Node, scope: Scope) -> Any:
    relation = scope.world.query(unwrap(node.subselect), scope)
    link = enum_name(node, "sub_link_type")
    first = [row[relation.columns[0]] for row in relation.rows] if relation.columns else []
    guessed = any(is_guess(value) for row in relation.rows for value in row.values())
    if link == "EXISTS_SUBLINK":
        return Guess(True) if guessed else bool(relation.rows)
    if link == "EXPR_SUBLINK":
        return first[0] if first else None
    if link == "ARRAY_SUBLINK":
        return guess([known(value) for value in first], *first)
    if link in {"ANY_SUBLINK", "ALL_SUBLINK"}:
        left = evaluate(node.testexpr, scope)
        operator = strings(node.oper_name)[-1] if node.oper_name else "="
        results = [operate(operator, left, value) for value in first]
        return _all(results) if link == "ALL_SUBLINK" else _any(results)
    raise UnanswerableError(f"{link} in an expression")


def _call(node: Node, scope: Scope) -> Any:
    name = strings(node.funcname)[-1]
    if aggregates.is_aggregate(node):
        return aggregates.compute(name, node, scope, evaluate)
    if node.HasField("over"):
        raise UnanswerableError("a window function")
    arguments = [evaluate(argument, scope) for argument in node.args]
    return functions.call(name, arguments, scope.world)


_HANDLERS: dict[str, Callable[[Node, Scope], Any]] = {
    "a_array_expr": _array,
    "a_const": _constant,
    "a_expr": _expression,
    "a_indirection": _element,
    "bool_expr": _logic,
    "boolean_test": _is_boolean,
    "case_expr": _case,
    "coalesce_expr": _coalesce,
    "collate_clause": lambda node, scope: evaluate(node.arg, scope),
    "column_ref": _column,
    "func_call": _call,
    "min_max_expr": _greatest,
    "named_arg_expr": lambda node, scope: evaluate(node.arg, scope),
    "null_test": _is_null,
    "row_expr": _row,
    "sqlvalue_function": _session_value,
    "sub_link": _sub_link,
    "type_cast": _type_cast,
}
