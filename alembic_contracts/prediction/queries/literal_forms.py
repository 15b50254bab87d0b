"""A literal and the type that it is read as in, the refusal out where the server would not read it so.

Only plain impossibilities are errors; a literal whose form is not known here passes.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from alembic_contracts.dialects.postgresql import format_type
from alembic_contracts.patterns import pattern
from alembic_contracts.prediction.catalog.type_names import base_type, shown
from alembic_contracts.prediction.sql import sqlstate
from alembic_contracts.schemas.schema import Name, Type

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.prediction.sql.parser import Node
    from alembic_contracts.schemas.schema import TypeDefinition

__all__ = ["check_literal"]

_INTEGERS = frozenset({"int2", "int4", "int8", "oid"})
_NUMBERS = frozenset({"numeric", "float4", "float8"})
_BOOLEANS = ("true", "false", "yes", "no", "on", "off", "1", "0")
_UUID = pattern(r"\{?[0-9a-fA-F]{4}(-?[0-9a-fA-F]{4}){7}\}?")


def check_literal(state: State, type_: Type | None, node: Node) -> None:
    """Refuse a string literal that is no value of the type that it is read as; anything else passes.

    Raises:
        PostgresError: 22P02 or 22007 it has not the type's form, 55P04 it is an enum's value that was added in this
            transaction.
    """
    if type_ is None or type_.dimensions or node.DESCRIPTOR.name != "A_Const" or not node.HasField("sval"):
        return
    text, base = node.sval.sval, base_type(type_, state)
    definition = state.types.get(base.name)
    if definition is not None and definition.kind == "enum":
        _check_label(state, definition, text)
    elif base.name.schema == "pg_catalog":
        name = base.name.name
        if not _has_form(name, text):
            shows = "" if name in _JSON else f': "{text}"'
            raise sqlstate.PostgresError("22P02", f"invalid input syntax for type {_spelled(name)}{shows}")
        if name in _DATES and not _is_moment(text):
            raise sqlstate.PostgresError("22007", f'invalid input syntax for type {_spelled(name)}: "{text}"')


def _spelled(name: str) -> str:
    """Return a type's name as its input function says it."""
    return {"timestamp": "timestamp", "jsonb": "json"}.get(name) or format_type(Type(Name("pg_catalog", name)))


_JSON = frozenset({"json", "jsonb"})


_DATES = frozenset({"date", "timestamp", "timestamptz"})
_SPAN = pattern(r"\s*[+-]?\d+\s*(second|minute|hour|day|week|month|year)s?\s*", re.IGNORECASE)
"""An interval, which is no moment."""
_MOMENTS = frozenset({"now", "today", "tomorrow", "yesterday", "epoch", "infinity", "allballs"})
_LETTERS = pattern(r"[a-z]+")
"""Marks between words are passed over: ``'now()'`` is now."""


def _is_moment(text: str) -> bool:
    if _SPAN.fullmatch(text):
        return False
    return any(char.isdigit() for char in text) or not _MOMENTS.isdisjoint(_LETTERS.findall(text.lower()))


def _check_label(state: State, definition: TypeDefinition, text: str) -> None:
    name = shown(Type(definition.name), state)
    if text not in definition.labels:
        raise sqlstate.PostgresError("22P02", f'invalid input value for enum {name}: "{text}"')
    if f"{definition.name} {text}" in state.fresh_labels:
        raise sqlstate.PostgresError("55P04", f'unsafe use of new value "{text}" of enum type {name}')


def _has_form(name: str, text: str) -> bool:
    stripped = text.strip()
    if name in _INTEGERS:
        return re.fullmatch(r"[+-]?(\d[\d_]*|0[xX][\da-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+)", stripped) is not None
    if name in _NUMBERS:
        return _is_number(stripped)
    if name == "bool":
        return bool(stripped) and any(word.startswith(stripped.lower()) for word in _BOOLEANS) and stripped != "o"
    if name == "uuid":
        return _UUID.fullmatch(stripped) is not None
    if name in _JSON:
        return _is_json(text)
    return True


def _is_number(text: str) -> bool:
    if text.lower().startswith("0x") or text.lower() in {
        "nan",
        "inf",
        "-inf",
        "+inf",
        "infinity",
        "-infinity",
        "+infinity",
    }:
        return True
    return re.fullmatch(r"[+-]?(\d[\d_]*\.?[\d_]*|\.\d[\d_]*|0[xX][\da-fA-F_]+)([eE][+-]?\d+)?", text) is not None


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except RecursionError:
        return True
    except ValueError:
        return False
    return True
