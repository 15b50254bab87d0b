"""Functions and operators on numbers: integers with overflow, numeric with its scale, floating point by IEEE 754."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal
from typing import Any

from alembic_contracts.prediction.answers.register import function, operator
from alembic_contracts.prediction.answers.values import Int2, Int8, Unknown
from alembic_contracts.prediction.sql.sqlstate import PostgresError

__all__ = ["as_integer"]

_EXACT = Context(prec=2000)
_BITS: dict[str, tuple[int, type[int], str]] = {
    "int2": (16, Int2, "smallint"),
    "int4": (32, int, "integer"),
    "int8": (64, Int8, "bigint"),
}
_WIDER = ("int2", "int4", "int8")


def as_integer(number: int, type_: str) -> int:
    """Return a number as an integer type.

    Raises:
        PostgresError: 22003, it does not fit.
    """
    bits, kind, name = _BITS[type_]
    if not -(2 ** (bits - 1)) <= number < 2 ** (bits - 1):
        raise PostgresError("22003", f"{name} out of range")
    return kind(number)


def _by_zero() -> PostgresError:
    return PostgresError("22012", "division by zero")


def _divided(left: int, right: int) -> int:
    if right == 0:
        raise _by_zero()
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) is (right < 0) else -quotient


def _remainder(left: int, right: int) -> int:
    if right == 0:
        raise _by_zero()
    return int(math.copysign(1, left)) * (abs(left) % abs(right)) if left else 0


def _register_integers() -> None:
    operations: dict[str, Callable[[int, int], int]] = {
        "+": lambda a, b: a + b,
        "-": lambda a, b: a - b,
        "*": lambda a, b: a * b,
        "/": _divided,
    }
    for one in _WIDER:
        for other in _WIDER:
            result = max(one, other, key=_WIDER.index)
            for symbol, compute in operations.items():
                operator(symbol, f"{one} {other}")(
                    lambda a, b, compute=compute, result=result: as_integer(compute(int(a), int(b)), result)
                )
        operator("%", f"{one} {one}")(lambda a, b, t=one: as_integer(_remainder(int(a), int(b)), t))
        function("mod", f"{one} {one}")(lambda a, b, t=one: as_integer(_remainder(int(a), int(b)), t))
        function("abs", one)(lambda a, t=one: as_integer(abs(int(a)), t))


_register_integers()


# -- comparisons -------------------------------------------------------------------------------------------------------

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
_COMPARABLE = (
    *(f"{one} {other}" for one in _WIDER for other in _WIDER),
    *(f"{t} {t}" for t in ("numeric", "float8", "bool", "oid", "date", "time", "timestamp", "uuid")),
    "date timestamp", "timestamp date",
)  # fmt: skip


def _compare(holds: Callable[[Any, Any], bool]) -> Callable[[Any, Any], Any]:
    def compare(left: Any, right: Any) -> Any:
        if isinstance(left, float) and (math.isnan(left) or math.isnan(right)):
            return Unknown("a comparison with NaN")
        if type(left) is not type(right) and hasattr(left, "year"):
            left, right = ((v.year, v.month, v.day, *_clock(v)) for v in (left, right))
        return holds(left, right)

    return compare


def _clock(value: Any) -> tuple[int, ...]:
    return (value.hour, value.minute, value.second, value.microsecond) if hasattr(value, "hour") else (0, 0, 0, 0)


for _symbol, _holds in _COMPARISONS.items():
    operator(_symbol, *_COMPARABLE)(_compare(_holds))


# -- numeric -----------------------------------------------------------------------------------------------------------


def _scale(number: Decimal) -> int:
    return max(-int(number.as_tuple().exponent), 0)


@operator("+", "numeric numeric")
def _sum(left: Decimal, right: Decimal) -> Decimal:
    return _EXACT.add(left, right)


@operator("-", "numeric numeric")
def _difference(left: Decimal, right: Decimal) -> Decimal:
    return _without_sign_of_zero(_EXACT.subtract(left, right))


@operator("*", "numeric numeric")
def _product(left: Decimal, right: Decimal) -> Decimal:
    return _without_sign_of_zero(_EXACT.multiply(left, right))


def _without_sign_of_zero(number: Decimal) -> Decimal:
    return number.copy_abs() if number == 0 else number


@operator("%", "numeric numeric")
@function("mod", "numeric numeric")
def _numeric_remainder(left: Decimal, right: Decimal) -> Any:
    if right == 0:
        raise _by_zero()
    scale = max(_scale(left), _scale(right))
    rest = _EXACT.remainder(left, right)
    return _without_sign_of_zero(rest.quantize(Decimal(1).scaleb(-scale), context=_EXACT))


@function("abs", "numeric")
def _absolute(number: Decimal) -> Decimal:
    return number.copy_abs()


def rounded(number: Decimal, scale: int) -> Decimal:
    """Return a number rounded to a scale, halves away from zero."""
    result = number.quantize(Decimal(1).scaleb(-scale), rounding=ROUND_HALF_UP, context=_EXACT)
    return _without_sign_of_zero(result)


@function("round", "numeric", "numeric int4")
def _round(number: Decimal, scale: int = 0) -> Any:
    return rounded(number, scale) if 0 <= scale <= 100 else Unknown("a scale out of the ordinary")


@function("trunc", "numeric", "numeric int4")
def _trunc(number: Decimal, scale: int = 0) -> Any:
    if not 0 <= scale <= 100:
        return Unknown("a scale out of the ordinary")
    result = number.quantize(Decimal(1).scaleb(-scale), rounding=ROUND_DOWN, context=_EXACT)
    return _without_sign_of_zero(result)


@function("floor", "numeric")
def _floor(number: Decimal) -> Decimal:
    return Decimal(math.floor(number))


@function("ceil", "numeric")
@function("ceiling", "numeric")
def _ceil(number: Decimal) -> Decimal:
    return Decimal(math.ceil(number))


@function("sign", "numeric")
def _sign(number: Decimal) -> Decimal:
    return Decimal((number > 0) - (number < 0))


# -- floating point ----------------------------------------------------------------------------------------------------


def _finite(number: float) -> Any:
    return number if math.isfinite(number) else Unknown("a number that is not finite")


@operator("+", "float8 float8")
def _float_sum(left: float, right: float) -> Any:
    return _finite(left + right)


@operator("-", "float8 float8")
def _float_difference(left: float, right: float) -> Any:
    return _finite(left - right)


@operator("*", "float8 float8")
def _float_product(left: float, right: float) -> Any:
    result = left * right
    return Unknown("an underflow") if result == 0 and left and right else _finite(result)


@operator("/", "float8 float8")
def _float_quotient(left: float, right: float) -> Any:
    if right == 0:
        raise _by_zero()
    result = left / right
    return Unknown("an underflow") if result == 0 and left else _finite(result)


@function("abs", "float8")
def _float_absolute(number: float) -> float:
    return abs(number)


@function("floor", "float8")
def _float_floor(number: float) -> Any:
    return float(math.floor(number)) if abs(number) < 1e15 and number != 0 else Unknown("a number of this size")


@function("ceil", "float8")
@function("ceiling", "float8")
def _float_ceil(number: float) -> Any:
    if not 0 < abs(number) < 1e15 or -1 < number < 0:
        return Unknown("a number of this size")
    return float(math.ceil(number))


@function("round", "float8")
def _float_round(number: float) -> Any:
    if not 0.5 < abs(number) < 1e15:
        return Unknown("a number of this size")
    return float(round(number))  # halves to even, as rint() has it
