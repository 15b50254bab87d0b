"""A function's name and arguments in, its value out: the scalar functions that version scripts call."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, Any

from alembic_contracts.dialects.postgresql.names import quote
from alembic_contracts.prediction.answers import definitions
from alembic_contracts.prediction.answers.casts import relation_named, type_named
from alembic_contracts.prediction.answers.oids import oid
from alembic_contracts.prediction.answers.values import (
    NOW,
    Guess,
    UnanswerableError,
    guarded,
    guess,
    is_guess,
    known,
    text_of,
)
from alembic_contracts.prediction.catalog.state import split_identifiers
from alembic_contracts.prediction.sql import sqlstate

if TYPE_CHECKING:
    from alembic_contracts.prediction.answers.bindings import World

__all__ = ["DEFAULTS", "call", "setting", "version"]

_numbers = count(1)


def call(name: str, arguments: list[Any], world: World) -> Any:
    """Return what a built-in function returns.

    Raises:
        UnanswerableError: it is not known here.
        PostgresError: PostgreSQL would refuse the call.
    """
    in_catalog = _CATALOG.get(name)
    if in_catalog is not None:
        return guess(in_catalog(world, *map(known, arguments)), *arguments)
    plain = _PLAIN.get(name)
    if plain is None:
        if any(map(is_guess, arguments)):
            return Guess(known(arguments[0]))
        raise UnanswerableError(f"function {name}()")
    if name in _STRICT and any(known(argument) is None for argument in arguments):
        return guess(None, *arguments)
    try:
        return guarded(plain, *arguments, otherwise=known(arguments[0]) if arguments else None)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise UnanswerableError(f"function {name}(): {error}") from None


# -- about the session -------------------------------------------------------------------------------------------------


def version(number: int) -> str:
    """Return a text as ``version()`` does, from ``server_version_num``."""
    return f"PostgreSQL {number // 10000}.{number % 10000} on x86_64-pc-linux-gnu, compiled by gcc, 64-bit"


DEFAULTS = {
    "client_encoding": "UTF8",
    "client_min_messages": "notice",
    "datestyle": "ISO, MDY",
    "default_transaction_isolation": "read committed",
    "integer_datetimes": "on",
    "intervalstyle": "postgres",
    "is_superuser": "on",
    "lock_timeout": "0",
    "max_identifier_length": "63",
    "server_encoding": "UTF8",
    "session_replication_role": "origin",
    "standard_conforming_strings": "on",
    "statement_timeout": "0",
    "timezone": "UTC",
    "transaction_isolation": "read committed",
    "transaction_read_only": "off",
}
"""Settings as a server has them that nobody configured otherwise, by their names in lower case."""


def setting(world: World, name: str) -> str | None:
    """Return a run-time setting as SHOW has it, None where it is not known."""
    folded = name.lower()
    given = world.catalog.setting(folded)
    if folded == "search_path" and given is not None:
        return ", ".join(map(_quoted, split_identifiers(given)))
    if given is not None:
        return given
    number = world.catalog.server_version
    if folded == "server_version":
        return f"{number // 10000}.{number % 10000}"
    if folded == "server_version_num":
        return str(number)
    return DEFAULTS.get(folded)


def _current_setting(world: World, name: str, missing_ok: bool = False) -> str | None:
    value = setting(world, name)
    if value is None and not missing_ok:
        if "." in name:
            raise sqlstate.PostgresError("42704", f'unrecognized configuration parameter "{name}"')
        raise UnanswerableError(f"the setting {name}")
    return value


def _schemas(world: World, implicit: bool) -> list[str]:
    path = [schema for schema in world.catalog.search_path if schema in world.catalog.namespaces]
    return ["pg_catalog", *path] if implicit and "pg_catalog" not in path else path


# -- about objects -----------------------------------------------------------------------------------------------------


def _visible(world: World, number: int) -> bool | None:
    found = oid.object(number)
    if found is None or found[0] not in {"class", "type"}:
        return None
    kind, name = found
    catalog = world.catalog
    if kind == "type":
        return bool(name.schema == "pg_catalog" or catalog.resolve_type(name.name) == name)
    if catalog.resolve(name.name) == name or catalog.resolve_sequence(name.name) == name:
        return True
    return bool(catalog.resolve(name.name) is None and name.schema in catalog.search_path)


def _serial_sequence(world: World, table: str, column: str) -> str | None:
    relation = relation_named(table, world.catalog)
    if relation is None:
        raise sqlstate.undefined_table(table)
    found = oid.object(relation)
    for sequence in world.catalog.sequences.values():
        if found is not None and sequence.owner == (found[1], column):
            return str(sequence.name)
    return None


def _quoted(name: Any) -> str:
    return quote(text_of(name))


_CATALOG: dict[str, Callable[..., Any]] = {
    "col_description": definitions.column_comment,
    "current_database": lambda world: world.catalog.database,
    "current_schema": lambda world: world.catalog.current_schema,
    "current_schemas": _schemas,
    "current_setting": _current_setting,
    "currval": lambda world, name: world.next_value(text_of(name)),
    "format_type": definitions.format_type,
    "getdatabaseencoding": lambda _: "UTF8",
    "lastval": lambda world: world.next_value("lastval"),
    "nextval": lambda world, name: world.next_value(text_of(name)),
    "obj_description": definitions.comment,
    "pg_get_constraintdef": definitions.constraint,
    "pg_get_expr": lambda _world, expression, *_: expression,
    "pg_get_indexdef": definitions.index,
    "pg_get_serial_sequence": _serial_sequence,
    "pg_get_userbyid": lambda world, _: world.catalog.user,
    "pg_get_viewdef": definitions.view,
    "pg_is_in_recovery": lambda _: False,
    "pg_table_is_visible": _visible,
    "pg_type_is_visible": _visible,
    "set_config": lambda _world, _name, value, *_: value,
    "setval": lambda _world, _name, value, *_: value,
    "to_regclass": lambda world, name: None if name is None else relation_named(text_of(name), world.catalog),
    "to_regtype": lambda world, name: None if name is None else type_named(text_of(name), world.catalog),
    "to_regnamespace": lambda world, name: name if name in world.catalog.namespaces else None,
    "version": lambda world: version(world.catalog.server_version),
}


def _format(template: str, *values: Any) -> str:
    items = iter(values)
    render: dict[str, Callable[[Any], str]] = {
        "s": lambda value: "" if value is None else text_of(value),
        "I": _quoted,
        "L": lambda value: "NULL" if value is None else _quote_literal(value),
    }
    return re.sub(r"%(?:%|([sIL]))", lambda m: "%" if m[1] is None else render[m[1]](next(items)), template)


def _quote_literal(value: Any) -> str:
    return "'" + text_of(value).replace("'", "''") + "'"


def _substring(text: str, start: int, length: int | None = None) -> str:
    if isinstance(start, str):
        raise UnanswerableError("substring by a pattern")
    end = len(text) if length is None else start - 1 + length
    return text[max(start - 1, 0) : max(end, 0)]


def _split_part(text: str, separator: str, position: int) -> str:
    parts = text.split(separator)
    return parts[position - 1] if 0 < position <= len(parts) else ""


def _random_uuid(*_: Any) -> uuid.UUID:
    return uuid.UUID(int=next(_numbers), version=4)


def _has_privilege(*_: Any) -> bool:
    return True


_PLAIN: dict[str, Callable[..., Any]] = {
    "abs": abs,
    "array_length": lambda array, _dimension: len(array) or None,
    "array_position": lambda array, item: array.index(item) + 1 if item in array else None,
    "array_to_string": lambda array, separator, *_: separator.join(text_of(i) for i in array if i is not None),
    "btrim": lambda text, *characters: text.strip(*(characters or (" ",))),
    "cardinality": len,
    "char_length": len,
    "character_length": len,
    "clock_timestamp": lambda: NOW,
    "concat": lambda *values: "".join(text_of(value) for value in values if value is not None),
    "concat_ws": lambda separator, *values: separator.join(text_of(value) for value in values if value is not None),
    "floor": lambda value: value // 1,
    "format": _format,
    "gen_random_uuid": _random_uuid,
    "has_column_privilege": _has_privilege,
    "has_database_privilege": _has_privilege,
    "has_schema_privilege": _has_privilege,
    "has_table_privilege": _has_privilege,
    "initcap": lambda text: text.title(),
    "json_typeof": definitions.json_type,
    "jsonb_typeof": definitions.json_type,
    "json_array_length": len,
    "jsonb_array_length": len,
    "left": lambda text, length: text[:length],
    "length": len,
    "lower": lambda text: text_of(text).lower(),
    "ltrim": lambda text, *characters: text.lstrip(*(characters or (" ",))),
    "md5": lambda text: hashlib.md5(text_of(text).encode(), usedforsecurity=False).hexdigest(),
    "mod": lambda left, right: left % right,
    "now": lambda: NOW,
    "pg_advisory_lock": lambda *_: "",
    "pg_advisory_unlock": lambda *_: True,
    "pg_advisory_unlock_all": lambda *_: "",
    "pg_advisory_xact_lock": lambda *_: "",
    "pg_backend_pid": lambda: 1,
    "pg_notify": lambda *_: "",
    "pg_sleep": lambda *_: "",
    "pg_total_relation_size": lambda *_: 8192,
    "pg_relation_size": lambda *_: 8192,
    "pg_try_advisory_lock": lambda *_: True,
    "pg_try_advisory_xact_lock": lambda *_: True,
    "position": lambda text, part: text.find(part) + 1,
    "quote_ident": _quoted,
    "quote_literal": _quote_literal,
    "random": lambda: 0.5,
    "regexp_replace": lambda text, pattern, by, *_: re.sub(pattern, by, text, count=1),
    "repeat": lambda text, number: text * number,
    "replace": lambda text, old, new: text.replace(old, new),
    "reverse": lambda text: text[::-1],
    "right": lambda text, length: text[-length:] if length else "",
    "round": round,
    "rtrim": lambda text, *characters: text.rstrip(*(characters or (" ",))),
    "split_part": _split_part,
    "statement_timestamp": lambda: NOW,
    "string_to_array": lambda text, separator, *_: text.split(separator),
    "strpos": lambda text, part: text.find(part) + 1,
    "substr": _substring,
    "substring": _substring,
    "to_char": lambda value, _format: text_of(value),
    "transaction_timestamp": lambda: NOW,
    "trim": lambda text, *characters: text.strip(*(characters or (" ",))),
    "txid_current": lambda: 1,
    "upper": lambda text: text_of(text).upper(),
    "uuid_generate_v1": _random_uuid,
    "uuid_generate_v4": _random_uuid,
}

_STRICT = frozenset(_PLAIN) - {"concat", "concat_ws", "format", "array_to_string"}
"""Functions that return NULL as soon as one argument is."""
