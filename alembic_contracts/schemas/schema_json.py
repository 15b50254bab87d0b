"""A schema in, JSON out that people can read and compare, and back: by name, in a fixed order, without defaults.

The shape follows the values of ``schema``: what they get, files get. Tables, types and columns are objects by
their names; names and types that are plain words are written as ``public.objects`` and ``pg_catalog.varchar(20)[]``,
others as lists and objects.
"""

from __future__ import annotations

import re
import types
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cache
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

from msgspec import NODEFAULT, Struct, structs

from alembic_contracts.patterns import pattern
from alembic_contracts.schemas.schema import Column, Constraint, Index, Name, Schema, Table, Type, TypeDefinition

__all__ = ["MalformedError", "decode", "encode"]

_WORD = pattern(r"\w+")
_NAME = pattern(r"(\w+)\.(\w+)")
_TYPE = pattern(r"(\w+)\.(\w+)(?:\(([^()]*)\))?((?:\[\])*)")
_BY_NAME = (Column, Constraint, Index)
"""What lists become objects by name of, in their order."""


class MalformedError(ValueError):
    """The JSON is not what ``encode`` writes; ``pointer`` (RFC 6901) says where."""

    def __init__(self, pointer: str, message: str) -> None:
        super().__init__(message)
        self.pointer = pointer


def encode(schema: Schema) -> dict[str, Any]:
    """Return what ``json.dumps`` takes."""
    return cast("dict[str, Any]", _encode(schema))


def decode(value: object, pointer: str = "") -> Schema:
    """Return the schema that ``encode`` gave.

    Args:
        value: what ``json.loads`` gave.
        pointer: where in the document it stands, for errors.

    Raises:
        MalformedError: it is something else.
    """
    return cast("Schema", _decode(Schema, value, pointer))


# -- writing ---------------------------------------------------------------------------------------------------------


def _encode(value: Any) -> Any:
    match value:
        case Name():
            return str(value) if _NAME.fullmatch(str(value)) else list(value)
        case Type():
            return _encode_type(value)
        case Mapping():
            return {_key(key): _encode(value[key]) for key in sorted(value)}
        case AbstractSet():
            return [_encode(item) for item in sorted(value, key=_order)]
        case tuple() | list():
            if value and all(isinstance(item, _BY_NAME) for item in value) and _distinct(value):
                return {item.name: _encode_fields(item, without=("name",)) for item in value}
            return [_encode(item) for item in value]
    return _encode_fields(value) if isinstance(value, Struct) else value


def _encode_fields(value: Any, without: tuple[str, ...] = ()) -> dict[str, Any]:
    skipped = (*without, "name") if isinstance(value, Table | TypeDefinition) else without
    kind: Any = type(value)
    written = [(name, getattr(value, name), default) for name, default in _defaults(kind) if name not in skipped]
    return {name: _encode(member) for name, member, default in written if member != default}


def _encode_type(type_: Type) -> Any:
    modifiers = f"({','.join(type_.modifiers)})" if type_.modifiers else ""
    text = f"{type_.name.schema}.{type_.name.name}{modifiers}{'[]' * type_.dimensions}"
    return text if _TYPE.fullmatch(text) else _encode_fields(type_)


def _key(key: Any) -> str:
    """Return a mapping's key; names with dots of their own are quoted as in SQL."""
    if not isinstance(key, Name):
        return str(key)
    return ".".join(part if _WORD.fullmatch(part) else '"' + part.replace('"', '""') + '"' for part in key)


def _distinct(items: Sequence[Any]) -> bool:
    return len({item.name for item in items}) == len(items)


def _order(value: Any) -> Any:
    return tuple(part or "" for part in value) if isinstance(value, tuple) else value


@cache
def _defaults(kind: Any) -> tuple[tuple[str, Any], ...]:
    made = [(field.name, field.default_factory, field.default) for field in structs.fields(kind)]
    return tuple((name, default if make is NODEFAULT else make()) for name, make, default in made)


# -- reading ---------------------------------------------------------------------------------------------------------


def _decode(expected: Any, value: Any, pointer: str) -> Any:
    origin, arguments = get_origin(expected), get_args(expected)
    if origin in (Union, types.UnionType):
        kind = next(each for each in arguments if each is not type(None))
        return None if value is None else _decode(kind, value, pointer)
    if origin is Literal:
        if value not in arguments:
            raise MalformedError(pointer, f"must be one of {', '.join(map(repr, arguments))}, not {value!r}")
        return value
    if origin in (tuple, frozenset, AbstractSet):
        return _decode_items(tuple if origin is tuple else frozenset, arguments, value, pointer)
    if origin is not None:
        return _decode_mapping(arguments, _object(value, pointer), pointer)
    return _decode_single(expected, value, pointer)


def _decode_single(expected: Any, value: Any, pointer: str) -> Any:
    if expected is Name:
        return _decode_name(value, pointer)
    if expected is Type and isinstance(value, str):
        return _decode_type(value, pointer)
    if isinstance(expected, type) and issubclass(expected, Struct):
        return _decode_fields(expected, _object(value, pointer), pointer, {})
    if not isinstance(value, expected) or (expected is int and isinstance(value, bool)):
        raise MalformedError(pointer, f"must be {expected.__name__}, not {value!r}")
    return value


def _decode_mapping(arguments: tuple[Any, ...], value: Mapping[str, Any], pointer: str) -> Mapping[Any, Any]:
    decoded = {}
    for key, member in value.items():
        at = f"{pointer}/{_step(key)}"
        decoded[_decode_name(key, at) if arguments[0] is Name else key] = _decode_member(arguments, key, member, at)
    return types.MappingProxyType(decoded)


def _decode_items(origin: Any, arguments: tuple[Any, ...], value: Any, pointer: str) -> Any:
    several = origin is frozenset or (len(arguments) == 2 and arguments[1] is Ellipsis)
    if several and isinstance(value, dict) and arguments[0] in _BY_NAME:
        return tuple(
            _decode_fields(
                arguments[0], _object(item, f"{pointer}/{_step(name)}"), f"{pointer}/{_step(name)}", {"name": name}
            )
            for name, item in value.items()
        )
    if not isinstance(value, list):
        raise MalformedError(pointer, f"must be a list, not {value!r}")
    if several:
        return origin(_decode_element(arguments[0], item, f"{pointer}/{n}") for n, item in enumerate(value))
    if len(value) != len(arguments):
        raise MalformedError(pointer, f"must be a list of {len(arguments)}")
    return tuple(
        _decode(kind, item, f"{pointer}/{n}") for n, (kind, item) in enumerate(zip(arguments, value, strict=True))
    )


def _decode_element(expected: Any, value: Any, pointer: str) -> Any:
    """Return a list's element; named tuples other than ``Name`` are lists."""
    if isinstance(expected, type) and issubclass(expected, tuple) and expected is not Name:
        hints = tuple(get_type_hints(expected).values())
        return expected(*_decode_items(tuple, hints, value, pointer))
    return _decode(expected, value, pointer)


def _decode_member(arguments: tuple[Any, ...], key: str, value: Any, pointer: str) -> Any:
    kind = arguments[1]
    if kind in (Table, TypeDefinition):
        known = {"name": _decode_name(key, pointer)}
        return _decode_fields(kind, _object(value, pointer), pointer, known)
    return _decode(kind, value, pointer)


def _decode_fields(kind: Any, value: Mapping[str, Any], pointer: str, known: Mapping[str, Any]) -> Any:
    hints = _hints(kind)
    for key in value:
        if key not in hints or key in known:
            raise MalformedError(f"{pointer}/{_step(key)}", f"unknown key `{key}`")
    decoded = {key: _decode(hints[key], each, f"{pointer}/{_step(key)}") for key, each in value.items()}
    try:
        return kind(**known, **decoded)
    except TypeError:
        raise MalformedError(pointer, f"is not all of a {kind.__name__.lower()}") from None


@cache
def _hints(kind: Any) -> Mapping[str, Any]:
    return get_type_hints(kind)


def _object(value: Any, pointer: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise MalformedError(pointer, f"must be an object, not {value!r}")
    return value


def _decode_name(value: Any, pointer: str) -> Name:
    if isinstance(value, list) and len(value) == 2 and all(isinstance(part, str) for part in value):
        return Name(*value)
    if isinstance(value, str):
        parts = [quoted.replace('""', '"') or plain for quoted, plain in re.findall(r'"((?:[^"]|"")*)"|(\w+)', value)]
        if len(parts) == 2:
            return Name(*parts)
    raise MalformedError(pointer, f"must be a qualified name such as `public.objects`, not {value!r}")


def _decode_type(text: str, pointer: str) -> Type:
    match = _TYPE.fullmatch(text)
    if match is None:
        raise MalformedError(pointer, f"must be a type such as `pg_catalog.varchar(20)`, not {text!r}")
    schema, name, modifiers, dimensions = match.groups()
    return Type(Name(schema, name), tuple(modifiers.split(",")) if modifiers else (), len(dimensions) // 2)


def _step(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
