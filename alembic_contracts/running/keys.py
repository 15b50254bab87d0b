"""What something follows from in, a key for it out: within a process (``same``), and in any other (``digest_of``)."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterator, Mapping
from marshal import dumps
from pathlib import Path
from types import CodeType, FunctionType, MethodType
from typing import Any

from msgspec import Struct
from msgspec.structs import astuple
from sqlalchemy import MetaData

from alembic_contracts.prediction.scripts.words import NO_REFERENCES

__all__ = ["UnknownError", "digest_of", "same"]


class _Itself:
    """A value that is the same as no other one."""

    def __init__(self, value: object) -> None:
        self._value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Itself) and self._value is other._value

    def __hash__(self) -> int:
        return id(self._value)


class _Models(_Itself):
    """What tables belong to: the files of models are looked at, and what scripts execute is (``kept_predictions``)."""


def same(value: object) -> Hashable:
    """Return what is equal for values that are the same to scripts."""
    match value:
        case str() if type(value) is not str:
            return _parts_of_text(value)
        case None | str() | bytes() | int() | float() | Path():
            return type(value), value
        case tuple() | list():
            return type(value), tuple(map(same, value))
        case Mapping():
            return tuple((same(key), same(each)) for key, each in value.items())
        case FunctionType():  # env.py runs anew each time, and makes the same functions
            return value.__code__ if value.__closure__ is None else _Itself(value), same(value.__defaults__)
        case MethodType():
            return same(value.__func__), _Itself(value.__self__)
        case MetaData():
            columns = tuple((name, tuple(table.columns.keys())) for name, table in value.tables.items())
            return _Models(value), columns, same(value.naming_convention)
    return _Itself(value)


def _parts_of_text(value: str) -> tuple[Hashable, ...]:
    """Return what a text of a type of its own consists of, such as SQLAlchemy's ``quoted_name``."""
    return type(value), str(value), getattr(value, "quote", None)


class UnknownError(Exception):
    """It is not known what a value consists of."""


def digest_of(*values: object) -> str:
    """Return a text that is the same in any process for values which consist of the same, and for no other ones.

    Raises:
        UnknownError: it is not known of one of them what it consists of.
        OSError: the file that code is from cannot be read.
    """
    digest = hashlib.sha256()
    for part in _parts(values):
        digest.update(part)
    return digest.hexdigest()


def _parts(value: Any) -> Iterator[bytes]:
    match value:
        case str() if type(value) is not str:  # one that remembers more than its letters
            yield from _parts(_parts_of_text(value))
        case None | str() | bytes() | int() | float() | Path():
            text = repr(value).encode()
            yield b"%s %d " % (type(value).__name__.encode(), len(text))
            yield text
        case tuple():
            yield b"( %d " % len(value)
            for each in value:
                yield from _parts(each)
        case frozenset() | Mapping():
            members = value.items() if isinstance(value, Mapping) else value
            yield from _parts(tuple(sorted(b"".join(_parts(each)) for each in members)))
        case Struct():
            yield from _parts((type(value), *astuple(value)))
        case type():
            yield from _parts((value.__module__, value.__qualname__))
        case _Models():
            return  # what matters of them stands beside it in the key
        case CodeType():
            yield from _parts((dumps(value, NO_REFERENCES), Path(value.co_filename).read_bytes()))
        case _:
            raise UnknownError
