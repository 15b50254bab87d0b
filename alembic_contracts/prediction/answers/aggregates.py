"""An aggregate's call and the rows of a group in, its value out: exact, or unknown."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from alembic_contracts.prediction.answers.logic import all_of, any_of
from alembic_contracts.prediction.answers.values import (
    Array,
    Guess,
    Int8,
    UnanswerableError,
    Unknown,
    is_guess,
    known,
    type_of,
    unknown_among,
)
from alembic_contracts.prediction.sql.parser import children, enum_name, strings, walk

if TYPE_CHECKING:
    from alembic_contracts.prediction.answers.bindings import Scope
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["compute", "contains", "is_aggregate"]

_Evaluate = Callable[["Node", "Scope"], Any]

_KNOWN = frozenset(
    {
        "any_value", "array_agg", "avg", "bool_and", "bool_or", "count", "every", "json_agg", "jsonb_agg", "max", "min",
        "string_agg", "sum",
    }
)  # fmt: skip
_IN_ORDER = frozenset({"array_agg", "string_agg", "any_value"})
"""Aggregates whose result depends on the order of rows."""


def is_aggregate(call: Node) -> bool:
    """Return whether a function call is that of an aggregate known here."""
    return not call.HasField("over") and strings(call.funcname)[-1] in _KNOWN


def contains(expression: Node) -> bool:
    """Return whether an expression has an aggregate of its own query in it."""
    return any(
        message.DESCRIPTOR.name == "FuncCall" and is_aggregate(message)
        for message in walk(expression, lambda message: message.DESCRIPTOR.name != "SelectStmt")
    )


def compute(name: str, call: Node, scope: Scope, evaluate: _Evaluate) -> Any:
    """Return an aggregate's value over the scope's group; a guess where one of its rows is one.

    Raises:
        UnanswerableError: there is no group.
    """
    from alembic_contracts.prediction.answers.ordering import sorted_by

    if scope.group is None:
        raise UnanswerableError(f"{name}() where no rows are grouped")
    rows = scope.group
    if call.HasField("agg_filter"):
        kept = [evaluate(call.agg_filter, row) for row in rows]
        unknown = unknown_among(kept)
        if unknown is not None:
            return unknown
        rows = [row for row, keep in zip(rows, kept, strict=True) if known(keep) is True]
    guessed = any(is_guess(value) for row in scope.group for values in row.rows.values() for value in values.values())
    for part in reversed(children(call.agg_order)):
        descending = enum_name(part, "sortby_dir") == "SORTBY_DESC"
        rows = sorted_by(rows, partial(evaluate, part.node), descending=descending)
    result = _result(name, call, rows, evaluate)
    return Guess(result) if guessed and not isinstance(result, Unknown) else result


def _result(name: str, call: Node, rows: list[Scope], evaluate: _Evaluate) -> Any:
    from alembic_contracts.prediction.answers.hashable import hashable

    if call.agg_star:
        return Int8(len(rows))
    values = [known(evaluate(call.args[0], row)) for row in rows]
    if name != "count":
        unknown = unknown_among(values)
        if unknown is not None:
            return unknown
    elif any(isinstance(value, Unknown) for value in values):
        return Unknown("a count of values that are not known")
    if name in _IN_ORDER and len(values) > 1 and not call.agg_order:
        return Unknown(f"{name}() of rows in no order")
    if name != "array_agg":
        values = [value for value in values if value is not None]
    if call.agg_distinct:
        values = list({hashable(value): value for value in values}.values())
    if name == "string_agg":
        return _joined(values, [evaluate(call.args[1], row) for row in rows])
    compute = _SIMPLE.get(name)
    return Unknown(f"{name}()") if compute is None else compute(values)


def _joined(values: list[Any], separators: list[Any]) -> Any:
    texts = {str(known(each)) for each in separators if known(each) is not None}
    if not values:
        return None
    if len(texts) != 1 or any(type_of(value) not in {"text", "unknown", "varchar", "name"} for value in values):
        return Unknown("string_agg() of what is no text")
    return texts.pop().join(map(str, values))


def _array(values: list[Any]) -> Any:
    types = {type_of(value) for value in values} - {"unknown"}
    if not values:
        return None
    element = types.pop() if len(types) == 1 else None
    return Array(values, element) if element else Unknown("an array of several types")


def _sum(values: list[Any]) -> Any:
    if not values:
        return None
    types = {type_of(value) for value in values}
    if types <= {"int2", "int4"}:
        return Int8(sum(map(int, values)))
    return Decimal(sum(map(int, values))) if types == {"int8"} else Unknown("a sum of such numbers")


def _extreme(descending: bool) -> Callable[[list[Any]], Any]:
    from alembic_contracts.prediction.answers.ordering import sorted_by

    def compute(values: list[Any]) -> Any:
        if len({type_of(value) for value in values}) > 1:
            return Unknown("values of several types")
        return sorted_by(values, lambda value: value, descending=descending)[0] if values else None

    return compute


_SIMPLE: dict[str, Callable[[list[Any]], Any]] = {
    "any_value": lambda values: values[0] if values else None,
    "array_agg": _array,
    "bool_and": lambda values: all_of(values) if values else None,
    "bool_or": lambda values: any_of(values) if values else None,
    "count": lambda values: Int8(len(values)),
    "every": lambda values: all_of(values) if values else None,
    "max": _extreme(descending=True),
    "min": _extreme(descending=False),
    "sum": _sum,
}
