"""Functions and operators on JSON and on arrays."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from alembic_contracts.prediction.answers.register import function, operator
from alembic_contracts.prediction.answers.texts import out_text
from alembic_contracts.prediction.answers.values import Array, Json, Jsonb, Unknown
from alembic_contracts.prediction.sql.sqlstate import PostgresError

__all__: list[str] = []

_SPACED = Unknown("a part of a json text as it is written")


@function("json_typeof", "json")
@function("jsonb_typeof", "jsonb")
def _typeof(document: Json | Jsonb) -> str:
    value = document.value
    kinds = {dict: "object", list: "array", str: "string", bool: "boolean", type(None): "null"}
    return kinds.get(type(value), "number")


@function("json_array_length", "json")
@function("jsonb_array_length", "jsonb")
def _length(document: Json | Jsonb) -> int:
    if not isinstance(document.value, list):
        raise PostgresError("22023", "cannot get array length of what is no array")
    return len(document.value)


def _member(value: Any, key: Any) -> tuple[bool, Any]:
    if isinstance(value, dict) and isinstance(key, str):
        return key in value, value.get(key)
    if isinstance(value, list) and isinstance(key, int) and -len(value) <= key < len(value):
        return True, value[key]
    return False, None


@operator("->", "jsonb text", "jsonb int4")
def _part(document: Jsonb, key: Any) -> Any:
    if not isinstance(document.value, (dict, list)):
        return Unknown("a member of a scalar")
    found, value = _member(document.value, _plain(key))
    return Jsonb(value) if found else None


@operator("->", "json text", "json int4")
def _part_of_text(document: Json, key: Any) -> Any:
    if not isinstance(document.value, (dict, list)):
        return Unknown("a member of a scalar")
    found, value = _member(document.value, _plain(key))
    if not found:
        return None
    return (
        Json(json.dumps(value), value)
        if isinstance(value, (str, bool, int, type(None))) and _is_simple(value)
        else _SPACED
    )


@operator("->>", "jsonb text", "jsonb int4", "json text", "json int4")
def _text_part(document: Json | Jsonb, key: Any) -> Any:
    if not isinstance(document.value, (dict, list)):
        return Unknown("a member of a scalar")
    found, value = _member(document.value, _plain(key))
    if not found or value is None:
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, (dict, list, Decimal)) and isinstance(document, Json):
        return _SPACED
    return out_text(Jsonb(value))


def _is_simple(value: Any) -> bool:
    return not isinstance(value, str) or (value.isascii() and value.isprintable() and "/" not in value)


def _plain(key: Any) -> Any:
    return str(key) if isinstance(key, str) else int(key)


@operator("?", "jsonb text")
def _has(document: Jsonb, key: str) -> bool:
    value = document.value
    return str(key) in value if isinstance(value, (dict, list)) else value == str(key)


@operator("=", "jsonb jsonb")
def _equal(left: Jsonb, right: Jsonb) -> Any:
    return left.value == right.value and type(left.value) is type(right.value) if _comparable(left, right) else _SPACED


def _comparable(left: Jsonb, right: Jsonb) -> bool:
    return not any(isinstance(side.value, (dict, list)) and (side.value) for side in (left, right))


# -- arrays ------------------------------------------------------------------------------------------------------------


@function("array_length", "anyarray int4")
def _array_length(array: Array, dimension: int) -> int | None:
    return len(array) or None if dimension == 1 else None


@function("array_upper", "anyarray int4")
def _array_upper(array: Array, dimension: int) -> int | None:
    return _array_length(array, dimension)


@function("cardinality", "anyarray")
def _cardinality(array: Array) -> int:
    return len(array)
