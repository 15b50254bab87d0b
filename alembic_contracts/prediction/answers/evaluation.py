"""A scalar expression in, its value out: exact, a guess where rows are made up, unknown where nobody has shown it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from alembic_contracts.prediction.answers import aggregates, functions, logic
from alembic_contracts.prediction.answers.casts import cast_to
from alembic_contracts.prediction.answers.comparisons import (
    are_distinct,
    collected,
    is_between,
    is_in,
    item,
    nullif,
    of_common_type,
    quantified,
)
from alembic_contracts.prediction.answers.operators import negated, operate
from alembic_contracts.prediction.answers.texts import plain_decimal, read
from alembic_contracts.prediction.answers.values import (
    Array,
    Guess,
    Int8,
    Literal,
    NameText,
    Refused,
    UnanswerableError,
    Unknown,
    guarded,
    guess,
    is_guess,
    known,
    type_of,
    unknown_among,
)
from alembic_contracts.prediction.sql.parser import enum_name, kind_of, strings, unwrap
from alembic_contracts.prediction.sql.sqlstate import PostgresError
from alembic_contracts.schemas.schema import Name, Type

if TYPE_CHECKING:
    from alembic_contracts.prediction.answers.bindings import Scope
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["evaluate", "is_true"]


def evaluate(node: Node, scope: Scope) -> Any:
    """Return an expression's value; NULL is None, what depends on made-up rows is a ``Guess``.

    Raises:
        UnanswerableError: it cannot even be told which columns it is about.
        PostgresError: PostgreSQL would refuse it.
    """
    kind = kind_of(node)
    handler = _HANDLERS.get(kind)
    if handler is None:
        return Unknown(f"{kind or 'nothing'} in an expression")
    return handler(unwrap(node), scope)


def is_true(value: Any) -> bool:
    """Return whether a condition lets a row through; a guess is taken for the answer that was hoped for.

    Raises:
        UnanswerableError: nobody knows.
    """
    if isinstance(value, Unknown):
        raise UnanswerableError(value.reason)
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
        if re.fullmatch(r"-?\d+", text):
            number = int(text)
            if -(2**31) <= number < 2**31:
                return number
            return Int8(number) if -(2**63) <= number < 2**63 else Decimal(number)
        usual = re.fullmatch(r"-?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,2})?", text)
        return plain_decimal(text) if usual else Unknown("a number in an uncommon spelling")
    if kind == "boolval":
        return node.boolval.boolval
    return Literal(node.sval.sval) if kind == "sval" else Unknown("a bit string")


def _column(node: Node, scope: Scope) -> Any:
    names = strings(node.fields)
    if len(names) != len(node.fields):
        raise UnanswerableError("* in an expression")
    return scope.column(names)


def _session_value(node: Node, scope: Scope) -> Any:
    catalog = scope.world.catalog
    kind = enum_name(node, "op").removesuffix("_N").removeprefix("SVFOP_")
    if kind == "CURRENT_CATALOG":
        return catalog.known_database or Unknown("the database's name", nullable=False)
    if kind == "CURRENT_SCHEMA":
        return None if catalog.current_schema is None else NameText(catalog.current_schema)
    if kind in {"CURRENT_ROLE", "CURRENT_USER", "SESSION_USER", "USER"}:
        return catalog.known_user or Unknown("the role that runs this", nullable=False)
    return Unknown("the clock", nullable=False)


# -- operators ---------------------------------------------------------------------------------------------------------


def _expression(node: Node, scope: Scope) -> Any:
    kind = enum_name(node, "kind")
    operator = strings(node.name)[-1] if node.name else ""
    if scope.world.catalog.has_operator(operator):
        return Unknown(f"operator {operator}, of which there is one of the users'")
    left = evaluate(node.lexpr, scope) if node.HasField("lexpr") else None
    if kind in {"AEXPR_IN", "AEXPR_BETWEEN", "AEXPR_NOT_BETWEEN"}:
        values = _lazily(node.rexpr.list.items, scope)
        return is_in(left, values, operator) if kind == "AEXPR_IN" else is_between(left, values, kind)
    right = evaluate(node.rexpr, scope) if not isinstance(left, Unknown) else _lazily([node.rexpr], scope)[0]
    if kind == "AEXPR_OP" and not node.HasField("lexpr"):
        return negated(right) if operator == "-" else right if operator == "+" else Unknown(f"operator {operator}")
    if kind in {"AEXPR_OP_ANY", "AEXPR_OP_ALL"}:
        return quantified(operator, left, right, every=kind == "AEXPR_OP_ALL")
    if kind in {"AEXPR_DISTINCT", "AEXPR_NOT_DISTINCT"}:
        return are_distinct(left, right, wanted=kind == "AEXPR_DISTINCT")
    if kind == "AEXPR_NULLIF":
        return nullif(left, right)
    if kind in {"AEXPR_OP", "AEXPR_LIKE", "AEXPR_ILIKE"}:
        return operate(operator, left, right)
    return Unknown(f"{kind} in an expression")


def _lazily(nodes: Iterable[Node], scope: Scope) -> list[Any]:
    """Return values of which PostgreSQL may not come to all: one that it would refuse is unknown."""
    values: list[Any] = []
    for node in nodes:
        try:
            values.append(evaluate(node, scope))
        except PostgresError as error:
            values.append(Refused(f"what is refused if it is come to ({error.sqlstate})"))
    return values


def _in_order(nodes: Iterable[Node], scope: Scope) -> list[Any]:
    """Return the values of arguments; what is refused after one that is unknown is not the first refusal for sure."""
    values: list[Any] = []
    for node in nodes:
        unknown = any(isinstance(value, Unknown) for value in values)
        values.append(_lazily([node], scope)[0] if unknown else evaluate(node, scope))
    return values


# -- logic -------------------------------------------------------------------------------------------------------------


def _logic(node: Node, scope: Scope) -> Any:
    values = [_truth(value) for value in _lazily(node.args, scope)]
    operation = enum_name(node, "boolop")
    if operation == "NOT_EXPR":
        return logic.negation(values[0])
    return logic.all_of(values) if operation == "AND_EXPR" else logic.any_of(values)


def _truth(value: Any) -> Any:
    """Return a value as a condition; a literal is read as one."""
    return read(str(value), "bool") if isinstance(value, Literal) else value


def _is_null(node: Node, scope: Scope) -> Any:
    value = evaluate(node.arg, scope)
    if isinstance(value, Unknown):
        return value if value.nullable else enum_name(node, "nulltesttype") != "IS_NULL"
    return guess((known(value) is None) is (enum_name(node, "nulltesttype") == "IS_NULL"), value)


def _is_boolean(node: Node, scope: Scope) -> Any:
    value = _truth(evaluate(node.arg, scope))
    if isinstance(value, Unknown):
        return value
    test = enum_name(node, "booltesttype").removeprefix("IS_")
    wanted = {"TRUE": True, "FALSE": False, "UNKNOWN": None}[test.removeprefix("NOT_")]
    return guess((known(value) is wanted) is not test.startswith("NOT_"), value)


# -- conditionals and constructors -------------------------------------------------------------------------------------


def _coalesce(node: Node, scope: Scope) -> Any:
    values = _lazily(node.args, scope)
    for value in values:
        if isinstance(value, Unknown) or known(value) is not None:
            return of_common_type(value, values)
    return of_common_type(None, values)


def _case(node: Node, scope: Scope) -> Any:
    subject = evaluate(node.arg, scope) if node.HasField("arg") else None
    results = _lazily([when.case_when.result for when in node.args], scope)
    otherwise = _lazily([node.defresult], scope) if node.HasField("defresult") else [None]
    for when, result in zip(node.args, results, strict=True):
        condition = _truth(_lazily([when.case_when.expr], scope)[0])
        if node.HasField("arg"):
            condition = operate("=", subject, condition)
        if isinstance(condition, Unknown):
            return condition
        if known(condition) is True:
            return guess(of_common_type(result, [*results, *otherwise]), condition)
    return of_common_type(otherwise[0], [*results, *otherwise])


def _greatest(node: Node, scope: Scope) -> Any:
    values = _in_order(node.args, scope)
    unknown = unknown_among(values)
    types = {type_of(value) for value in values if known(value) is not None}
    if unknown is not None or len(types) != 1 or not types <= {"int4", "int8", "numeric", "date", "timestamp"}:
        return unknown or Unknown("GREATEST or LEAST of several types")
    if {type_of(value) for value in values} - {"unknown"} != types:
        return Unknown("GREATEST or LEAST of several types")
    plain = [known(value) for value in values if known(value) is not None]
    return guess((max if enum_name(node, "op") == "IS_GREATEST" else min)(plain), *values)


def _array(node: Node, scope: Scope) -> Any:
    values = _in_order(node.elements, scope)
    unknown = unknown_among(values)
    types = {type_of(value) for value in values} - {"unknown"}
    if unknown is not None or len(types) > 1:
        return unknown or Unknown("an array of several types")
    element = types.pop() if types else "text"
    if element is None or not values:
        return Unknown("an array of no type")
    plain = [read(str(v), element) if isinstance(v := known(value), Literal) else v for value in values]
    return unknown_among(plain) or guess(Array(plain, element), *values)


def _element(node: Node, scope: Scope) -> Any:
    value = evaluate(node.arg, scope)
    for step in node.indirection:
        if kind_of(step) == "string" and isinstance(known(value), dict):
            value = guarded(lambda row, key=step.string.sval: row.get(key), value)
            continue
        if kind_of(step) != "a_indices" or step.a_indices.is_slice:
            return Unknown("a slice or field selection")
        value = guarded(item, value, evaluate(step.a_indices.uidx, scope))
    return value


def _type_cast(node: Node, scope: Scope) -> Any:
    name = node.type_name
    is_array = bool(name.array_bounds)
    if is_array and kind_of(node.arg) == "a_array_expr" and not node.arg.a_array_expr.elements:
        return Array([], strings(name.names)[-1])
    try:
        value = evaluate(node.arg, scope)
    except PostgresError:
        return Unknown("a cast of what is refused")  # for its value, or before that for the cast
    numbers = [unwrap(each) for each in name.typmods]
    if isinstance(value, Unknown) or name.setof or any(not hasattr(each, "ival") for each in numbers):
        return value if isinstance(value, Unknown) else Unknown("a cast to a type with modifiers")
    names = strings(name.names)
    schema = names[-2] if len(names) > 1 else ""
    type_ = Type(Name(schema, names[-1]), tuple(str(each.ival.ival) for each in numbers), len(name.array_bounds))
    try:
        plain = value.value if isinstance(value, Guess) else value
        return guess(cast_to(plain, type_, scope.world.catalog), value)
    except PostgresError:
        if is_guess(value):
            return Unknown("what comes of a made-up row")
        raise


# -- subqueries and calls ----------------------------------------------------------------------------------------------


def _sub_link(node: Node, scope: Scope) -> Any:
    relation = scope.world.query(unwrap(node.subselect), scope)
    link = enum_name(node, "sub_link_type")
    first = [row[relation.columns[0]] for row in relation.rows] if relation.columns else []
    guessed = any(is_guess(value) for row in relation.rows for value in row.values())
    if link == "EXISTS_SUBLINK":
        return Guess(True) if guessed else bool(relation.rows)
    if link == "EXPR_SUBLINK":
        if len(first) > 1:
            return Unknown("a subquery that yields several rows")
        return first[0] if first else None
    if link == "ARRAY_SUBLINK":
        return collected(first)
    if link in {"ANY_SUBLINK", "ALL_SUBLINK"}:
        left = evaluate(node.testexpr, scope)
        operator = strings(node.oper_name)[-1] if node.oper_name else "="
        results = [operate(operator, left, value) for value in first]
        return logic.all_of(results) if link == "ALL_SUBLINK" else logic.any_of(results)
    return Unknown(f"{link} in an expression")


def _call(node: Node, scope: Scope) -> Any:
    names = strings(node.funcname)
    name = names[-1]
    users = scope.world.catalog.functions(name, names[-2] if len(names) > 1 and names[-2] != "pg_catalog" else None)
    if users or (len(names) > 1 and names[-2] != "pg_catalog"):
        return Unknown(f"function {name}(), one of the users'")
    if aggregates.is_aggregate(node):
        return aggregates.compute(name, node, scope, evaluate)
    modified = node.agg_order or node.agg_distinct or node.HasField("agg_filter") or node.func_variadic
    if node.HasField("over") or modified or any(kind_of(each) == "named_arg_expr" for each in node.args):
        return Unknown(f"this call of {name}()")
    if not functions.is_answered(name):  # there may be none, which is refused before its arguments are
        return functions.call(name, _lazily(node.args, scope), scope.world)
    return functions.call(name, _in_order(node.args, scope), scope.world)


_HANDLERS: dict[str, Callable[[Node, Scope], Any]] = {
    "a_array_expr": _array,
    "a_const": _constant,
    "a_expr": _expression,
    "a_indirection": _element,
    "bool_expr": _logic,
    "boolean_test": _is_boolean,
    "case_expr": _case,
    "coalesce_expr": _coalesce,
    "column_ref": _column,
    "func_call": _call,
    "min_max_expr": _greatest,
    "null_test": _is_null,
    "param_ref": lambda _node, _scope: Unknown("a value that the server gave the script", nullable=False),
    "sqlvalue_function": _session_value,
    "sub_link": _sub_link,
    "type_cast": _type_cast,
}
