"""A function's name and arguments in, its value out: by the register, or from the catalog; else unknown."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from alembic_contracts.dialects.postgresql.names import quote
from alembic_contracts.prediction.answers import definitions
from alembic_contracts.prediction.answers.casts import relation_named, type_named
from alembic_contracts.prediction.answers.oids import oid
from alembic_contracts.prediction.answers.operators import apply
from alembic_contracts.prediction.answers.overloads import chosen_function, result_of_function
from alembic_contracts.prediction.answers.register import is_registered, is_strict, registered_function
from alembic_contracts.prediction.answers.values import (
    Array,
    NameText,
    Reg,
    UnanswerableError,
    Unknown,
    guess,
    known,
    type_of,
    unknown_among,
)
from alembic_contracts.prediction.catalog.state import split_identifiers
from alembic_contracts.prediction.sql import sqlstate

if TYPE_CHECKING:
    from alembic_contracts.prediction.answers.bindings import World
    from alembic_contracts.prediction.catalog.catalog import Catalog

__all__ = ["call", "is_answered", "setting"]


_NEVER_NULL = frozenset(
    {
        "now", "clock_timestamp", "statement_timestamp", "transaction_timestamp", "timeofday", "random", "version",
        "gen_random_uuid", "uuid_generate_v4", "uuid_generate_v1", "nextval", "txid_current", "pg_backend_pid",
        "pg_current_xact_id", "pg_try_advisory_lock", "pg_try_advisory_xact_lock", "pg_advisory_unlock", "uuidv4",
        "uuidv7",
    }
)  # fmt: skip
"""Functions of the server's own business that always give a value."""


def call(name: str, arguments: list[Any], world: World) -> Any:
    """Return what a built-in function returns.

    Raises:
        PostgresError: PostgreSQL would refuse the call.
    """
    unknown = unknown_among(arguments)
    if unknown is not None:
        return unknown
    in_catalog = _CATALOG.get(name)
    if in_catalog is not None and name != "format_type" and any(known(argument) is None for argument in arguments):
        return guess(None, *arguments)
    if in_catalog is not None:
        try:
            return guess(in_catalog(world, *map(known, arguments)), *arguments)
        except UnanswerableError as error:
            return Unknown(str(error), instead=error.instead)
    types = tuple(type_of(argument) or "" for argument in arguments)
    parameters = None if "" in types else chosen_function(name, types)
    if name == "to_char" and types[0] == "date":
        parameters = ("date", "text")  # by way of a timestamp at midnight, of which a date's parts show no time zone
    compute = None if parameters is None else registered_function(name, parameters)
    if compute is None or parameters is None:
        return Unknown(f"function {name}()", nullable=name not in _NEVER_NULL)
    result = result_of_function(name, parameters)
    return apply(compute, tuple(arguments), parameters, result, strict=is_strict(name))


def is_answered(name: str) -> bool:
    """Return whether there is anything about calls of this function that is answered."""
    return name in _CATALOG or is_registered(name)


# -- about the session -------------------------------------------------------------------------------------------------


_SHOWN_AS_SET = frozenset({"session_replication_role", "client_min_messages", "check_function_bodies", "role"})
"""Settings whose value is a word that SHOW gives back as it was set."""


def setting(world: World, name: str) -> str | None:
    """Return a run-time setting as SHOW has it, None where it is not known: what a server has is its own business."""
    folded = name.lower()
    given = world.catalog.setting(folded)
    if folded == "search_path" and world.catalog.known_database is None and not world.catalog.has_set(folded):
        return None  # no session was seen, and it may be set for the role or the database
    if folded == "search_path" and given is not None:
        return ", ".join(quote(part) for part in split_identifiers(given))
    if given is not None and ("." in folded or folded in _SHOWN_AS_SET):
        return given
    number = world.catalog.server_version
    return {"server_version_num": str(number), "transaction_read_only": "off"}.get(folded)


def _current_setting(world: World, name: str, missing_ok: bool = False) -> Any:
    value = setting(world, str(name))
    if value is not None:
        return value
    return Unknown(f"the setting {name}", nullable=missing_ok)


def _schemas(world: World, implicit: bool) -> Array | Unknown:
    if implicit:
        return Unknown("whether there is a schema of temporary objects")
    return Array([schema for schema in world.catalog.search_path if schema in world.catalog.namespaces], "name")


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
    relation = relation_named(str(table), world.catalog)
    if relation is None:
        raise sqlstate.undefined_table(table)
    found = oid.object(relation)
    for sequence in world.catalog.sequences.values():
        if found is not None and sequence.owner == (found[1], str(column)):
            return str(sequence.name)
    return None


def _found(world: World, name: str, look_up: Callable[[str, Catalog], Reg | None]) -> Reg | Unknown | None:
    """Return an object by its name; before PostgreSQL 16 some of the texts that are none are refused."""
    if world.catalog.server_version < 160_000 and not re.fullmatch(r"\w+(\.\w+)?", name):
        return Unknown("whether this is taken for a name", nullable=False)
    return look_up(name, world.catalog)


def _named(value: str | None) -> NameText | None:
    return None if value is None else NameText(value)


_CATALOG: dict[str, Callable[..., Any]] = {
    "col_description": definitions.column_comment,
    "current_database": lambda world: world.catalog.known_database or Unknown("the database's name", nullable=False),
    "current_schema": lambda world: _named(world.catalog.current_schema),
    "current_schemas": _schemas,
    "current_setting": _current_setting,
    "format_type": definitions.format_type,
    "obj_description": definitions.comment,
    "pg_advisory_lock": lambda *_: "",
    "pg_advisory_xact_lock": lambda *_: "",
    "pg_get_constraintdef": definitions.constraint,
    "pg_get_expr": definitions.expression,
    "pg_get_indexdef": definitions.index,
    "pg_get_serial_sequence": _serial_sequence,
    "pg_get_viewdef": definitions.view,
    "pg_is_in_recovery": lambda _: False,
    "pg_notify": lambda *_: "",
    "pg_sleep": lambda *_: "",
    "pg_table_is_visible": _visible,
    "pg_type_is_visible": _visible,
    "to_regclass": lambda world, name: _found(world, str(name), relation_named),
    "to_regtype": lambda world, name: _found(world, str(name), type_named),
}
"""Functions whose results follow from the catalog, or are void."""
