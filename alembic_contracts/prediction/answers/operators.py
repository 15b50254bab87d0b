"""A binary operator and two values in, its value out where the register has it, else unknown."""

from __future__ import annotations

from typing import Any

from alembic_contracts.prediction.answers.casts import convert
from alembic_contracts.prediction.answers.elsewhere import Elsewhere, of_columns, of_objects
from alembic_contracts.prediction.answers.overloads import chosen_operator, result_of_operator
from alembic_contracts.prediction.answers.register import registered_operator
from alembic_contracts.prediction.answers.values import (
    Int2,
    Label,
    Literal,
    Number,
    TypedNull,
    Unknown,
    guess,
    is_guess,
    known,
    type_of,
    unknown_among,
)
from alembic_contracts.prediction.sql.sqlstate import PostgresError

__all__ = ["apply", "negated", "operate"]


def operate(operator: str, left: Any, right: Any) -> Any:
    """Return the result of a binary operator.

    Raises:
        PostgresError: PostgreSQL would refuse it.
    """
    unknown = unknown_among((left, right))
    if unknown is not None:
        return _of_unknown(operator, left, right, unknown)
    if any(isinstance(known(side), Label) for side in (left, right)):
        return _of_labels(operator, left, right)
    if any(type(known(side)) is Number for side in (left, right)):
        return of_columns(operator, left, right)
    by_number = of_objects(operator, left, right)
    if by_number is not ...:
        return by_number
    types = type_of(left), type_of(right)
    chosen = None if None in types else chosen_operator(operator, *map(str, types))
    compute = None if chosen is None else registered_operator(operator, *chosen)
    if compute is None or chosen is None:
        return Unknown(f"operator {operator} of {types[0]} and {types[1]}")
    return apply(compute, (left, right), chosen, result_of_operator(operator, *chosen))


def _of_labels(operator: str, left: Any, right: Any) -> Any:
    """Compare labels of one enum, of which one may be a literal; their order is left to the server."""
    one, other = known(left), known(right)
    types = {each.of for each in (one, other) if isinstance(each, Label)}
    are_labels = all(isinstance(each, Label | Literal) for each in (one, other))
    if operator not in {"=", "<>"} or not are_labels or len(types) > 1:
        return Unknown(f"operator {operator} of an enum")
    return guess((str(one) == str(other)) is (operator == "="), left, right)


def _of_unknown(operator: str, left: Any, right: Any, unknown: Unknown) -> Any:
    one, other = known(left), known(right)
    if operator in {"=", "<>"}:
        for some, value in ((one, other), (other, one)):
            if isinstance(some, Elsewhere) and value is None:
                return guess(TypedNull("bool"), left, right)
            if isinstance(some, Elsewhere) and not isinstance(value, Unknown) and not some.may_be(value):
                return operator == "<>"
    return unknown


def apply(
    compute: Any, arguments: tuple[Any, ...], parameters: tuple[str, ...], result_type: str, *, strict: bool = True
) -> Any:
    """Return what a function of the register computes from arguments, converted to its parameters' types.

    Raises:
        PostgresError: PostgreSQL would refuse it; where an argument is made up that says nothing.
    """
    plain = [known(argument) for argument in arguments]
    try:
        values = [None if v is None else convert(v, p) for v, p in zip(plain, parameters, strict=True)]
        unknown = unknown_among(values)
        if unknown is not None:
            return unknown
        result = None if strict and any(value is None for value in values) else compute(*values)
    except PostgresError:
        if any(map(is_guess, arguments)):
            return Unknown("what comes of a made-up row")
        raise
    return guess(TypedNull(result_type) if result is None else result, *arguments)


def negated(value: Any) -> Any:
    """Return a value with a minus before it."""
    plain = known(value)
    if plain is None or isinstance(plain, Unknown):
        return value
    kind = type_of(plain)
    if kind in {"int2", "int4", "int8"}:
        return operate("-", Int2(0) if isinstance(plain, Number) else type(plain)(0), value)
    if kind == "numeric":
        return guess(plain.copy_negate() if plain else plain.copy_abs(), value)
    return guess(-plain, value) if kind == "float8" and plain else Unknown(f"a minus before a {kind}")
