"""A condition and columns in, whether a row that gives them no value meets it out, where that is plain."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal

from alembic_contracts.dialects import null_of_null
from alembic_contracts.dialects.postgresql.equivalence import Called, Constant, tree_of
from alembic_contracts.schemas.schema import Column

__all__ = ["meets", "nulls_from"]

_Truth = bool | None | Literal["unknown"]
"""None: NULL."""
_COMPARING = {
    "=": operator.eq, "<>": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_NULL_OF_NULL = frozenset(
    {"abs", "btrim", "ceil", "char_length", "floor", "length", "lower", "ltrim", "octet_length", "round", "rtrim",
     "trim", "upper"}
)  # fmt: skip
"""Functions that are STRICT (``pg_proc.proisstrict``)."""
_WHOLE, _TEXTS = frozenset({"int2", "int4", "int8"}), frozenset({"text", "varchar"})
_NULL = "null"
_IS_NULL = 1
"""``IS_NULL`` of PostgreSQL's ``NullTestType``, as the parser's library numbers it."""


def meets(condition: str, columns: Sequence[Column]) -> bool:
    """Tell whether a row in which columns have their defaults certainly meets a condition on them alone.

    It is for literals, NULL, comparisons of numbers, lists of values, NULL tests, and parts of AND, OR and NOT.

    Args:
        condition: of a CHECK.
        columns: all that it names.
    """
    if any(column.generated or column.identity or not _is_exact(column) for column in columns):
        return False
    values = {column.name: _NULL if column.default is None else tree_of(column.default) for column in columns}
    return _truth(tree_of(condition), values) in (True, None)


def nulls_from(expression: str, columns: Sequence[Column]) -> tuple[str, ...]:
    """Return the columns of which each makes an expression NULL, by its text."""
    return null_of_null.nulls_from(expression, columns, minds_case=True)


def _is_exact(column: Column) -> bool:
    """Whether a column keeps its default as that is written."""
    type_ = column.type
    if type_ is None or type_.name.schema != "pg_catalog":  # a domain has a default, and checks, of its own
        return False
    if column.default is None:
        return True
    default, name = tree_of(column.default), type_.name.name
    if not isinstance(default, Constant) or type_.dimensions:
        return False
    if name == "bool":
        return default.text in ("true", "false")
    if name in _WHOLE:
        return default.type_name == "number" and default.text.lstrip("-").isdigit()
    if name == "numeric":
        return default.type_name == "number" and not type_.modifiers
    return name in _TEXTS and default.type_name not in ("number", "bool")


def _truth(tree: Any, values: Mapping[str, Any]) -> _Truth:
    match tree:
        case ("AND_EXPR", tuple(parts)):
            return _all([_truth(part, values) for part in parts])
        case ("OR_EXPR", tuple(parts)):
            return _not(_all([_not(_truth(part, values)) for part in parts]))
        case ("NOT_EXPR", (part,)):
            return _not(_truth(part, values))
        case ("null_test", (("arg", argument), ("nulltesttype", kind))):
            value = _value(argument, values)
            return "unknown" if value is None else (value == _NULL) == (kind == _IS_NULL)
        case ("operator", str(sign), left, right) if sign in _COMPARING:
            return _compared(sign, _value(left, values), _value(right, values))
        case ("any", "=", left, tuple(listed)):
            found = [_compared("=", _value(left, values), _value(each, values)) for each in listed]
            return _not(_all([_not(each) for each in found]))
    value = _value(tree, values)
    if isinstance(value, Constant) and value.type_name == "bool":
        return value.text == "true"
    return None if value == _NULL else "unknown"


def _value(tree: Any, values: Mapping[str, Any]) -> Any:
    """Return a literal, ``"null"``, or None where it is not known which."""
    match tree:
        case Constant():
            return tree
        case ("column", str(name)):
            return _value(values.get(name), {}) if values.get(name) != _NULL else _NULL
        case ("call", Called(name=name), tuple(arguments)) if name in _NULL_OF_NULL:
            found = [_value(each, values) for each in arguments]
            return _NULL if found and _NULL in found and None not in found else None
    return None


def _compared(sign: str, left: Any, right: Any) -> _Truth:
    if left is None or right is None:
        return "unknown"
    if _NULL in (left, right):
        return None
    if left.type_name == right.type_name == "number":
        return bool(_COMPARING[sign](Decimal(left.text), Decimal(right.text)))
    # Texts that differ may be equal to a collation.
    is_same = left.text == right.text and "number" not in (left.type_name, right.type_name)
    return sign in ("=", "<=", ">=") if is_same else "unknown"


def _not(truth: _Truth) -> _Truth:
    return truth if truth is None or truth == "unknown" else not truth


def _all(truths: Sequence[_Truth]) -> _Truth:
    if False in truths:
        return False
    if "unknown" in truths:
        return "unknown"
    return None if None in truths else True
