"""A type of MySQL's or MariaDB's in any of its spellings in, the one that the server keeps out; two types compared.

Sources: https://mariadb.com/kb/en/data-types/, https://dev.mysql.com/doc/refman/en/other-vendor-data-types.html.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from types import MappingProxyType

from alembic_contracts.dialects.inspected.types import split
from alembic_contracts.schemas.schema import Name, Type
from alembic_contracts.schemas.uses import EVERYBODY, Breaks

__all__ = ["breaks", "kept_as", "same_type"]

_INTEGERS = ("TINYINT", "SMALLINT", "MEDIUMINT", "INT", "BIGINT")
_SIZED = {
    "TEXT": ("TINYTEXT", "TEXT", "MEDIUMTEXT", "LONGTEXT"),
    "BLOB": ("TINYBLOB", "BLOB", "MEDIUMBLOB", "LONGBLOB"),
}
"""Each takes more than those before it."""
_KEPT = frozenset(_INTEGERS).union(
    *_SIZED.values(),
    ("BINARY", "BIT", "CHAR", "VARBINARY", "VARCHAR", "VECTOR", "ENUM", "SET", "JSON"),
    ("DATE", "DATETIME", "TIME", "TIMESTAMP", "YEAR", "DECIMAL", "DOUBLE", "FLOAT", "INET4", "INET6", "UUID"),
    ("GEOMETRY", "GEOMETRYCOLLECTION", "POINT", "LINESTRING", "POLYGON"),
    ("MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON"),
)
"""The names that a server has for the types of columns."""
_OF_MARIADB = frozenset({"INET4", "INET6", "UUID"})
_ALIASES: Mapping[str, str] = {
    "CHAR BYTE": "BINARY",
    "CHAR VARYING": "VARCHAR",
    "CHARACTER": "CHAR",
    "CHARACTER VARYING": "VARCHAR",
    "DEC": "DECIMAL",
    "DOUBLE PRECISION": "DOUBLE",
    "FIXED": "DECIMAL",
    "FLOAT4": "FLOAT",
    "FLOAT8": "DOUBLE",
    "GEOMCOLLECTION": "GEOMETRYCOLLECTION",
    "INT1": "TINYINT",
    "INT2": "SMALLINT",
    "INT3": "MEDIUMINT",
    "INT4": "INT",
    "INT8": "BIGINT",
    "INTEGER": "INT",
    "LONG": "MEDIUMTEXT",
    "LONG CHAR VARYING": "MEDIUMTEXT",
    "LONG CHARACTER VARYING": "MEDIUMTEXT",
    "LONG VARBINARY": "MEDIUMBLOB",
    "LONG VARCHAR": "MEDIUMTEXT",
    "MIDDLEINT": "MEDIUMINT",
    "NATIONAL CHAR": "CHAR",
    "NATIONAL CHAR VARYING": "VARCHAR",
    "NATIONAL CHARACTER": "CHAR",
    "NATIONAL CHARACTER VARYING": "VARCHAR",
    "NATIONAL VARCHAR": "VARCHAR",
    "NCHAR": "CHAR",
    "NCHAR VARCHAR": "VARCHAR",
    "NCHAR VARYING": "VARCHAR",
    "NUMERIC": "DECIMAL",
    "NVARCHAR": "VARCHAR",
    "REAL": "DOUBLE",
    "VARCHARACTER": "VARCHAR",
}
_USUAL: Mapping[str, tuple[str, ...]] = {
    "BINARY": ("1",),
    "BIT": ("1",),
    "CHAR": ("1",),
    "DATETIME": ("0",),
    "TIME": ("0",),
    "TIMESTAMP": ("0",),
}
"""What is meant where no size is stated."""
_ROOMIER = (
    ("CHAR", "VARCHAR", *_SIZED["TEXT"]),
    ("BINARY", "VARBINARY", *_SIZED["BLOB"]),
)
"""Each takes all values that one before it takes, where it is not of a smaller size.

No DATETIME is one of a TIMESTAMP: what is kept as a moment is kept as the time of a clock from then on."""
_BYTES: Mapping[str, int] = {
    name: (1 << bits) - 1 for names in _SIZED.values() for name, bits in zip(names, (8, 16, 24, 32), strict=True)
}
_BYTES_OF_A_CHARACTER = 4
"""Of utf8mb4, the largest."""
_FLOATING = frozenset({"FLOAT", "DOUBLE"})
_BY_NUMBER = frozenset({"DATETIME", "TIME", "TIMESTAMP", "VARBINARY", "VARCHAR"})
_WIDER: Breaks = MappingProxyType({"reader": "warning", "cdc": "error"})
_MOST_DIGITS = 24
"""Of a FLOAT's precision in bits; more make it a DOUBLE."""


def kept_as(type_: Type, *, mariadb: bool) -> Type | None:
    """Return a type as ``information_schema.columns.column_type`` has it, but for what integers are shown with.

    Args:
        type_: in any spelling that the server takes.
        mariadb: whether it is one of MariaDB's, which has no JSON of its own.

    Returns:
        None where no such type is known.
    """
    name, behind = split(type_.name.name)
    modifiers = type_.modifiers
    if name in ("BOOL", "BOOLEAN"):
        name, modifiers = "TINYINT", ("1",)
    elif name == "SERIAL":
        name, behind = "BIGINT", "UNSIGNED"
    elif name == "JSON" and mariadb:
        name = "LONGTEXT"
    name = _ALIASES.get(name, name)
    if name not in _KEPT or type_.dimensions or (name in _OF_MARIADB and not mariadb):
        return None
    if name == "FLOAT" and len(modifiers) == 1 and modifiers[0].isdecimal():
        name, modifiers = "FLOAT" if int(modifiers[0]) <= _MOST_DIGITS else "DOUBLE", ()
    unsigned = " UNSIGNED" if {"UNSIGNED", "ZEROFILL"} & set(behind.split()) else ""
    return Type(Name(type_.name.schema, name + unsigned), _sizes(name, modifiers))


def _sizes(name: str, modifiers: tuple[str, ...]) -> tuple[str, ...]:
    """Return the sizes that tell a type from others of its name."""
    if name == "DECIMAL":
        return (modifiers + ("10", "0")[len(modifiers) :])[:2]
    if name in _INTEGERS or name == "YEAR" or name in _SIZED["TEXT"] or name in _SIZED["BLOB"]:
        return ()  # how wide they are shown; the size by which another one of them was chosen
    return modifiers or _USUAL.get(name, ())


def same_type(expected: Type, actual: Type, *, mariadb: bool) -> bool | None:
    """Return whether a column of the actual type is one of the expected type; None: one of them is not known.

    Sizes count where they are stated, as do labels. A FLOAT or DOUBLE of which none is stated has none.
    """
    one, other = kept_as(expected, mariadb=mariadb), kept_as(actual, mariadb=mariadb)
    if one is None or other is None:
        return None
    chosen = _chosen_by_size(expected, one)
    if chosen:
        return other.name.name in chosen
    if one.name.name != other.name.name:
        return False
    is_open = not expected.modifiers and one.name.name.split()[0] not in _FLOATING
    return is_open or one.modifiers == other.modifiers


def _chosen_by_size(stated: Type, kept: Type) -> tuple[str, ...]:
    """Return the types of which the server chooses one by a stated size: ``TEXT(100)`` is a TINYTEXT, or a TEXT.

    It is the first that takes so many characters, of one to four bytes each; of none, where no size is stated.
    """
    size = stated.modifiers[0] if stated.modifiers else ""
    names = _SIZED.get(kept.name.name, ())
    if not names or not size.isdecimal():
        return ()
    most = int(size) * (_BYTES_OF_A_CHARACTER if kept.name.name == "TEXT" else 1)
    fits = [name for name in names if _BYTES[name] >= int(size)]
    return tuple(name for number, name in enumerate(fits) if number == 0 or _BYTES[fits[number - 1]] < most)


def breaks(expected: Type, actual: Type, *, mariadb: bool) -> Breaks:
    """Return whose uses of a column of the expected type break where it has the actual one, which is another.

    What takes all values that the other one did is for those to look at who sized their own by it, and breaks those
    whose schemas are made of it.
    """
    one, other = kept_as(expected, mariadb=mariadb), kept_as(actual, mariadb=mariadb)
    return EVERYBODY if one is None or other is None or not _is_wider(one, other) else _WIDER


def _is_wider(one: Type, other: Type) -> bool:
    """Whether a column of the other type takes each value that one of the first takes, and as it is."""
    (before, sign), (after, new_sign) = split(one.name.name), split(other.name.name)
    if new_sign and not sign:
        return False
    if before in _INTEGERS and after in _INTEGERS:
        return _INTEGERS.index(after) > _INTEGERS.index(before)
    if before in _FLOATING:
        return (before, after) != ("DOUBLE", "FLOAT") and after in _FLOATING and _has_digits(one, other)
    for names in _ROOMIER:
        if before in names and after in names and before != after:
            return names.index(after) > names.index(before) and _room(other) >= _need(one, other)
    if before != after:
        return False
    if before == "ENUM":
        return other.modifiers[: len(one.modifiers)] == one.modifiers
    if before == "DECIMAL":
        return one.modifiers[1:] == other.modifiers[1:] and _number(other) >= _number(one)
    return before in _BY_NUMBER and _number(other) > _number(one)


def _has_digits(one: Type, other: Type) -> bool:
    """Whether a FLOAT or DOUBLE has as many digits as another one, before the point and behind it."""
    if not other.modifiers:
        return True
    if not all(map(str.isdecimal, one.modifiers + other.modifiers)) or not one.modifiers:
        return False
    (digits, behind), (new_digits, new_behind) = (map(int, type_.modifiers) for type_ in (one, other))
    return new_behind >= behind and new_digits - new_behind >= digits - behind


def _room(type_: Type) -> float:
    """Return how much a type takes, in what it is counted in."""
    return _BYTES.get(type_.name.name) or _number(type_)


def _need(one: Type, other: Type) -> float:
    """Return how much of the other type's room the first one's values can need."""
    if one.name.name in _BYTES or other.name.name not in _BYTES:
        return _room(one)
    each = _BYTES_OF_A_CHARACTER if other.name.name in _SIZED["TEXT"] else 1
    return min(_number(one) * each, _BYTES["TEXT"])  # a row has no more for all of its columns


def _number(type_: Type) -> float:
    """Return a type's first size; of one that has none, more than any: nothing that is stated is less."""
    number = type_.modifiers[0] if type_.modifiers else ""
    return int(number) if number.isdecimal() else inf
