"""An expression that puts a statement together in, its text out, with placeholders for what is not known."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from alembic_contracts.patterns import pattern
from alembic_contracts.prediction.plpgsql.known_values import UNKNOWN
from alembic_contracts.prediction.sql import parser

if TYPE_CHECKING:
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["PLACEHOLDER", "fill"]

PLACEHOLDER = "not_known_here"
"""Stands for a part that is not known. It parses as a name, and as an operand."""

_FORMAT = pattern(r"%(?:(\d+)\$)?-?\d*([sIL%])")

Evaluate = Callable[["Node"], Any]


def fill(node: Node, evaluate: Evaluate) -> str | None:
    """Return the text of an expression with placeholders for what is not known; None where all of it is not.

    Args:
        node: a wrapped expression.
        evaluate: gives the value of a wrapped expression, ``UNKNOWN`` where it has none.
    """
    value = evaluate(node)
    if value is not UNKNOWN:
        return None if value is None else str(value)
    inner = parser.unwrap(node)
    kind = inner.DESCRIPTOR.name
    if kind == "A_Expr" and parser.strings(inner.name) == ["||"] and inner.HasField("lexpr"):
        left, right = fill(inner.lexpr, evaluate), fill(inner.rexpr, evaluate)
        return (left or PLACEHOLDER) + (right or PLACEHOLDER)
    if kind == "TypeCast":
        return fill(inner.arg, evaluate)
    if kind == "FuncCall" and inner.args:
        name = parser.strings(inner.funcname)[-1]
        if name == "format":
            return _formatted(list(inner.args), evaluate)
        if name == "concat":
            return "".join(fill(argument, evaluate) or PLACEHOLDER for argument in inner.args)
    return None


def _formatted(arguments: list[Node], evaluate: Evaluate) -> str | None:
    template = evaluate(arguments[0])
    if not isinstance(template, str):
        return None
    position = 0

    def replacement(match: re.Match[str]) -> str:
        nonlocal position
        if match[2] == "%":
            return "%"
        position = int(match[1]) if match[1] else position + 1
        value = evaluate(arguments[position]) if position < len(arguments) else UNKNOWN
        return _part(value, match[2])

    return _FORMAT.sub(replacement, template)


def _part(value: Any, how: str) -> str:
    if value is UNKNOWN:
        return PLACEHOLDER if how != "L" else f"'{PLACEHOLDER}'"
    if how == "I":
        return '"' + str(value).replace('"', '""') + '"'
    if how == "L":
        return "NULL" if value is None else "'" + str(value).replace("'", "''") + "'"
    return "" if value is None else str(value)
