"""What values are between a query's parts: plain ones that know their type, guesses about rows, and what is unknown.

A value's class says its PostgreSQL type: ``int`` is ``integer``, ``str`` is ``text``, ``Decimal`` is ``numeric``; where
Python has one class and PostgreSQL has several types, the others have a class here.
"""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self

from msgspec import Struct
from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from alembic_contracts.schemas.schema import Name, Type, TypeDefinition

__all__ = [
    "Array",
    "Char",
    "Guess",
    "Int2",
    "Int8",
    "Json",
    "Jsonb",
    "Literal",
    "NameText",
    "Number",
    "Oid",
    "Padded",
    "Refused",
    "Reg",
    "TypedNull",
    "UnanswerableError",
    "Unknown",
    "Varchar",
    "Vector",
    "guarded",
    "guess",
    "is_guess",
    "is_known",
    "known",
    "plausible",
    "shown",
    "type_of",
    "unknown_among",
]

_NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)


class UnanswerableError(Exception):
    """A query cannot be answered from what is known; ``str()`` of it says why."""

    def __init__(self, reason: str, instead: str | None = None) -> None:
        """Take the reason, and a text that means the same as the one that only the server could write."""
        super().__init__(reason)
        self.instead = instead


class Unknown(Struct, frozen=True):
    """A value that is not known: nobody has shown what PostgreSQL would say. What is computed from one is one."""

    reason: str
    nullable: bool = True
    """Whether it may be NULL."""
    instead: str | None = None
    """A text that means the same as the one that only the server could write: what a script is handed, and told of at
    once, so that what it makes of it is there."""


class Refused(Unknown, frozen=True):
    """What PostgreSQL would refuse if it comes to it: an error in a part of a condition, for example."""


class Guess(Struct, frozen=True):
    """A value that is plausible, not known: that of a row of which nothing is known, or computed from one."""

    value: Any


class TypedNull(Struct, frozen=True):
    """NULL of a type, by its internal name; ``None`` is NULL of no type of its own."""

    type: str


# -- types that Python has no class for --------------------------------------------------------------------------------


class Int2(int):
    """``smallint``."""


class Number(Int2):
    """The number of a column (``attnum``) of a table that may have lost some: only the order is known."""

    of: Name
    """Whose column: those of two tables cannot be compared."""

    def __new__(cls, position: int, of: Name) -> Self:
        """Return the number of the column at a position among those that are there."""
        self = super().__new__(cls, position)
        self.of = of
        return self


class Int8(int):
    """``bigint``."""


class Oid(int):
    """``oid``."""


class Reg(int):
    """An object identifier that is shown as a name (``regclass``, ``regtype``)."""

    name: str
    kind: str

    def __new__(cls, number: int, name: str, kind: str = "regclass") -> Self:
        """Return a number with a name."""
        self = super().__new__(cls, number)
        self.name, self.kind = name, kind
        return self


class Float4(float):
    """``real``."""


class Literal(str):
    """A string literal whose type its surroundings decide (``unknown``)."""

    __slots__ = ()


class Varchar(str):
    """``character varying``."""

    __slots__ = ()


class Padded(str):
    """``character(n)``, padded with blanks."""

    __slots__ = ()


class NameText(str):
    """``name``, or a text of a system relation that sorts as one (collation "C")."""

    __slots__ = ()


class Char(str):
    """The one-byte type ``"char"``."""

    __slots__ = ()


class Label(str):
    """A label of an enum."""

    __slots__ = ("of",)
    of: Name


class Json(Struct, frozen=True):
    """``json``, which keeps its text."""

    text: str
    value: Any


class Jsonb(Struct, frozen=True):
    """``jsonb``."""

    value: Any


class Array(list[Any]):
    """An array of one dimension, with the internal name of its elements' type."""

    element: str

    def __init__(self, items: Iterable[Any], element: str) -> None:
        """Keep the items."""
        super().__init__(items)
        self.element = element


class Vector(Array):
    """``int2vector``: an array whose first item has the number 0."""


_TYPES: dict[type, str] = {
    bool: "bool",
    int: "int4",
    Int2: "int2",
    Int8: "int8",
    Oid: "oid",
    Decimal: "numeric",
    float: "float8",
    Float4: "float4",
    str: "text",
    Literal: "unknown",
    Varchar: "varchar",
    Padded: "bpchar",
    NameText: "name",
    Char: "char",
    date: "date",
    time: "time",
    timedelta: "interval",
    uuid.UUID: "uuid",
    bytes: "bytea",
    Json: "json",
    Jsonb: "jsonb",
    type(None): "unknown",
}


def type_of(value: Any) -> str | None:
    """Return the internal name of a value's type, ``unknown`` for NULL and literals; None where that is not known."""
    if isinstance(value, Guess):
        value = value.value
    if isinstance(value, TypedNull):
        return value.type
    if isinstance(value, Array):
        return "int2vector" if isinstance(value, Vector) else f"_{value.element}"
    if isinstance(value, Reg):
        return value.kind
    if isinstance(value, datetime):
        return "timestamp" if value.tzinfo is None else "timestamptz"
    if isinstance(value, time) and value.tzinfo is not None:
        return "timetz"
    return _TYPES.get(type(value))


# -- what is known of a value ------------------------------------------------------------------------------------------


def is_guess(value: Any) -> bool:
    """Return whether a value is a guess."""
    return isinstance(value, Guess)


def is_known(value: Any) -> bool:
    """Return whether a value is neither a guess nor unknown."""
    return not isinstance(value, (Guess, Unknown))


def known(value: Any) -> Any:
    """Return the plain value, guessed or not, with None for NULL; what is unknown stays so."""
    plain = value.value if isinstance(value, Guess) else value
    return None if isinstance(plain, TypedNull) else plain


def unknown_among(values: Iterable[Any]) -> Unknown | None:
    """Return the first value that is unknown."""
    found = next((value for value in map(known, values) if isinstance(value, Unknown)), None)
    return found if found is None or found.instead is None else replace(found, instead=None)


def guess(value: Any, *because_of: Any) -> Any:
    """Return a value as a guess if any value that it was computed from is one."""
    return Guess(value) if any(map(is_guess, because_of)) and is_known(value) else value


def guarded(compute: Callable[..., Any], *values: Any) -> Any:
    """Compute from plain values: unknown where one of them is, a guess where one of them is."""
    unknown = unknown_among(values)
    if unknown is not None:
        return unknown
    return guess(compute(*map(known, values)), *values)


def shown(value: Any) -> Any:
    """Return a known value as a driver hands it out."""
    value = known(value)
    if isinstance(value, Reg):
        return value.name
    if isinstance(value, list):
        return [shown(item) for item in value]
    if isinstance(value, (Json, Jsonb)):
        return _loaded(value.value)
    for plain in (str, float):
        if isinstance(value, plain):
            return plain(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    return value


def _loaded(value: Any) -> Any:
    """Return JSON as ``json.loads`` gives it, which is what drivers call."""
    if isinstance(value, dict):
        return {key: _loaded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_loaded(item) for item in value]
    return float(value) if isinstance(value, Decimal) else value


# -- rows that are made up ---------------------------------------------------------------------------------------------

_PLAUSIBLE: dict[str, Any] = {
    "bool": True,
    "bytea": b"",
    "date": date(2024, 1, 1),
    "float4": Float4(1.0),
    "float8": 1.0,
    "hstore": {},
    "int2": Int2(1),
    "int4": 1,
    "int8": Int8(1),
    "interval": timedelta(days=1),
    "json": Json("{}", {}),
    "jsonb": Jsonb({}),
    "numeric": Decimal(1),
    "oid": Oid(1),
    "time": time(12),
    "timestamp": _NOON.replace(tzinfo=None),
    "timestamptz": _NOON,
    "timetz": time(12, tzinfo=UTC),
    "uuid": uuid.UUID(int=1),
    "cidr": "192.0.2.0/24",
    "inet": "192.0.2.1",
    "money": "$1.00",
    "varchar": Varchar("1"),
    "bpchar": Padded("1"),
    "name": NameText("1"),
}
"""One value for each type by its internal name; all else is a short text."""


def plausible(type_: Type | None, types: Mapping[Name, TypeDefinition]) -> Any:
    """Return a value that a column of this type could well hold."""
    if type_ is None:
        return "1"
    if type_.dimensions:
        return Array([], type_.name.name)
    definition = types.get(type_.name)
    if definition is not None and definition.kind == "enum":
        return definition.labels[0] if definition.labels else None
    if definition is not None and definition.kind == "domain":
        return plausible(definition.base, types)
    return _PLAUSIBLE.get(type_.name.name, "1")
