"""What values are between a query's parts: plain ones, guesses about unknown rows, and what cannot be answered."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from alembic_contracts.schemas.schema import Name, Type, TypeDefinition

__all__ = ["Guess", "Reg", "UnanswerableError", "guess", "is_guess", "known", "plausible", "shown", "text_of"]

NOW = datetime(2024, 1, 1, 12, tzinfo=UTC)
"""What the clock says under prediction: always the same, so that predictions are."""


class UnanswerableError(Exception):
    """A query cannot be answered from what is known; ``str()`` of it says why."""


@dataclass(frozen=True, slots=True)
class Guess:
    """A value that is plausible, not known: that of a row of which nothing is known, or computed from one."""

    value: Any


class Reg(int):
    """An object identifier that is shown as a name (``regclass``, ``regtype``)."""

    name: str

    def __new__(cls, number: int, name: str) -> Self:
        """Return a number with a name."""
        self = super().__new__(cls, number)
        self.name = name
        return self


def is_guess(value: Any) -> bool:
    """Return whether a value is a guess."""
    return isinstance(value, Guess)


def known(value: Any) -> Any:
    """Return the plain value, guessed or not."""
    return value.value if isinstance(value, Guess) else value


def guess(value: Any, *because_of: Any) -> Any:
    """Return a value as a guess if any value that it was computed from is one."""
    return Guess(value) if any(map(is_guess, because_of)) and not is_guess(value) else value


def shown(value: Any) -> Any:
    """Return a value as a driver hands it out."""
    value = known(value)
    if isinstance(value, Reg):
        return value.name
    if isinstance(value, list):
        return [shown(item) for item in value]
    return value


def text_of(value: Any) -> str:
    """Return a value's text, as a cast to ``text`` has it."""
    value = known(value)
    if isinstance(value, Reg):
        return value.name
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        return json.dumps(value, default=str)
    if isinstance(value, datetime):
        return value.isoformat(" ")
    return str(value)


_PLAUSIBLE: dict[str, Any] = {
    "bool": True,
    "bytea": b"",
    "cidr": "192.0.2.0/24",
    "date": date(2024, 1, 1),
    "float4": 1.0,
    "float8": 1.0,
    "hstore": {},
    "inet": "192.0.2.1",
    "int2": 1,
    "int4": 1,
    "int8": 1,
    "interval": timedelta(days=1),
    "json": {},
    "jsonb": {},
    "money": "$1.00",
    "numeric": Decimal(1),
    "oid": 1,
    "time": time(12),
    "timestamp": NOW.replace(tzinfo=None),
    "timestamptz": NOW,
    "timetz": time(12, tzinfo=UTC),
    "uuid": uuid.UUID(int=1),
}
"""One value for each type by its internal name; all else is a short text."""


def plausible(type_: Type | None, types: Mapping[Name, TypeDefinition]) -> Any:
    """Return a value that a column of this type could well hold."""
    if type_ is None:
        return "1"
    if type_.dimensions:
        return []
    definition = types.get(type_.name)
    if definition is not None and definition.kind == "enum":
        return definition.labels[0] if definition.labels else None
    if definition is not None and definition.kind == "domain":
        return plausible(definition.base, types)
    return _PLAUSIBLE.get(type_.name.name, "1")


def guarded(compute: Callable[..., Any], *values: Any, otherwise: Any = None) -> Any:
    """Compute from plain values; where one of them is a guess the result is one, ``otherwise`` where it fails."""
    if not any(map(is_guess, values)):
        return compute(*values)
    try:
        return Guess(compute(*map(known, values)))
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return Guess(otherwise)
