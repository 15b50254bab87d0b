"""An aggregate's call and the rows of a group in, its value out."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from alembic_contracts.prediction.answers.values import Guess, UnanswerableError, is_guess, known, text_of
from alembic_contracts.prediction.sql.parser import strings, walk

if TYPE_CHECKING:
    from alembic_contracts.prediction.answers.bindings import Scope
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["compute", "contains", "is_aggregate"]

_Evaluate = Callable[["Node", "Scope"], Any]


def _sum(values: list[Any]) -> Any:
    return sum(values[1:], values[0]) if values else None


def _average(values: list[Any]) -> Any:
    return sum(map(Decimal, values)) / len(values) if values else None


_FUNCTIONS: dict[str, Callable[[list[Any]], Any]] = {
    "any_value": lambda values: values[0] if values else None,
    "array_agg": lambda values: values or None,
    "avg": _average,
    "bool_and": lambda values: all(values) if values else None,
    "bool_or": lambda values: any(values) if values else None,
    "count": len,
    "every": lambda values: all(values) if values else None,
    "json_agg": lambda values: values or None,
    "jsonb_agg": lambda values: values or None,
    "max": lambda values: max(values) if values else None,
    "min": lambda values: min(values) if values else None,
    "string_agg": lambda values: "".join(values) if values else None,
    "sum": _sum,
}


def is_aggregate(call: Node) -> bool:
    """Return whether a function call is that of an aggregate known here."""
    return not call.HasField("over") and strings(call.funcname)[-1] in _FUNCTIONS


def contains(expression: Node) -> bool:
    """Return whether an expression has an aggregate of its own query in it."""
    return any(
        message.DESCRIPTOR.name == "FuncCall" and is_aggregate(message)
        for message in walk(expression, lambda message: message.DESCRIPTOR.name != "SelectStmt")
    )


def compute(name: str, call: Node, scope: Scope, evaluate: _Evaluate) -> Any:
    """Return an aggregate's value over the scope's group; a guess where one of its rows is one.

    Raises:
        UnanswerableError: there is no group, or the values cannot be computed with.
    """
    if scope.group is None:
        raise UnanswerableError(f"{name}() where no rows are grouped")
    rows = scope.group
    if call.HasField("agg_filter"):
        rows = [row for row in rows if known(evaluate(call.agg_filter, row)) is True]
    guessed = any(is_guess(value) for row in rows for values in row.rows.values() for value in values.values())
    if call.agg_star:
        values: list[Any] = [True] * len(rows)
    else:
        values = [known(evaluate(call.args[0], row)) for row in rows]
        values = values if name.endswith("array_agg") else [value for value in values if value is not None]
    if call.agg_distinct:
        values = list({repr(value): value for value in values}.values())
    if name == "string_agg" and rows:
        separator = text_of(evaluate(call.args[1], rows[0]))
        values = [separator.join(map(text_of, values))] if values else []
    try:
        result = _FUNCTIONS[name](values)
    except (ArithmeticError, TypeError, ValueError) as error:
        if not guessed:
            raise UnanswerableError(f"{name}(): {error}") from None
        result = values[0] if values else None
    return Guess(result) if guessed else result
