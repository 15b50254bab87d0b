"""The keys of the base format in, the facts that they state, and the places of uses, out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from alembic_contracts.contracts.contract import Expected, Fact, ForeignKey, Privileges, Publication
from alembic_contracts.documents.document import ContractLocation
from alembic_contracts.schemas.schema import Name
from alembic_contracts.schemas.uses import Place

__all__ = ["CONSTRAINTS", "SCHEMA", "column_fact", "rule_of", "table_facts", "used_by"]

SCHEMA = Path(__file__).with_name("native.schema.json")
"""Describes these keys; ODCS states some of them as custom properties."""


class _Statement(Struct, frozen=True):
    """What one key of a column's constraints states."""

    rule: str
    expected: Callable[[Any], Expected]


def _generated(stated: str | bool) -> str:
    return {True: "always", False: "", "ALWAYS": "always", "NEVER": ""}.get(stated, str(stated).lower())


CONSTRAINTS: Mapping[str, _Statement] = {
    "is_nullable": _Statement("column-nullable", bool),
    "is_updatable": _Statement("column-updatable", bool),
    "numeric_precision": _Statement("numeric-precision", int),
    "datetime_precision": _Statement("datetime-precision", int),
    "character_maximum_length": _Statement("character-length", int),
    "numeric_scale": _Statement("numeric-scale", int),
    "collation_name": _Statement("collation", str),
    "enum": _Statement("enum-labels", tuple),
    "domain_name": _Statement("domain", str),
    "is_generated": _Statement("column-generated", _generated),
    "identity_generation": _Statement("column-identity", lambda stated: "" if stated == "NEVER" else stated.lower()),
    "column_default": _Statement("column-default", str),
}
"""Keys whose value alone says what they state; ``data_type`` and ``primaryKey`` need more."""

_KINDS = {"BASE TABLE": "table", "VIEW": "view", "FOREIGN": "foreign table"}
"""``information_schema.tables.table_type``."""


_SINGLE: Mapping[str, _Statement] = {
    "table_type": _Statement("relation-kind", lambda stated: _KINDS.get(stated, stated)),
    "row_security": _Statement("row-level-security", bool),
    "replica_identity": _Statement("replica-identity", str),
}
"""Keys of the table whose value alone says what they state."""


def column_fact(table: Name, column: str, key: str, stated: Any, location: ContractLocation) -> Fact | None:
    """Return what one key of ``constraints`` states, None for keys of other kinds."""
    statement = CONSTRAINTS.get(key)
    return None if statement is None else Fact(statement.rule, table, column, statement.expected(stated), location)


Locate = Callable[[str, int | None], ContractLocation]
"""Says where a key of the table stands, or an item of its list."""


def table_facts(table: Name, stated: Mapping[str, Any], columns: tuple[str, ...], at: Locate) -> Iterator[Fact]:
    """Yield what the keys beside ``properties`` state.

    Args:
        table: the table under contract.
        stated: keys with their values.
        columns: the columns that are listed, in their order.
        at: where each key stands.
    """

    def fact(rule: str, expected: Expected, key: str, position: int | None = None) -> Fact:
        return Fact(rule, table, None, expected, at(key, position))

    for key, read in _SINGLE.items():
        if (value := stated.get(key)) is not None:
            yield fact(read.rule, read.expected(value), key)
    if stated.get("closed"):
        yield fact("extra-column", "closed", "closed")
    if stated.get("column_order") and columns:
        yield fact("column-order", columns, "column_order")
    for key, listed in _LISTED.items():
        for position, entry in enumerate(stated.get(key) or ()):
            yield fact(listed.rule, listed.expected(entry), key, position)
    for position, key in enumerate(stated.get("foreign_keys") or ()):
        yield fact("foreign-key", _foreign_key(table, key), "foreign_keys", position)
    yield from _privileges(table, stated, at)


def _privileges(table: Name, stated: Mapping[str, Any], at: Locate) -> Iterator[Fact]:
    for position, entry in enumerate(stated.get("privileges") or ()):
        role = Privileges(entry["role"], tuple(dict.fromkeys(entry["privileges"])))
        for column in entry.get("columns") or (None,):
            yield Fact("privileges", table, column, role, at("privileges", position))


def used_by(stated: Sequence[Mapping[str, Any]]) -> tuple[Place, ...]:
    """Return the places that ``x-used-by`` lists, each once."""
    return tuple(dict.fromkeys(_place(each) for each in stated))


def _place(stated: Mapping[str, Any]) -> Place:
    line = stated.get("line")  # 7.0 is a whole number to JSON Schema
    return Place(stated.get("file") or "", None if line is None else int(line), stated.get("what") or "")


def _publication(stated: Mapping[str, Any]) -> Publication:
    columns = stated.get("columns")
    return Publication(stated["name"], None if columns is None else tuple(columns), stated.get("row_filter"))


def _foreign_key(table: Name, stated: Mapping[str, Any]) -> ForeignKey:
    there = stated["references"]
    name = Name(there.get("table_schema") or table.schema, there["table_name"])
    return ForeignKey(tuple(stated["columns"]), name, tuple(there.get("columns") or ()))


_LISTED: Mapping[str, _Statement] = {
    "unique": _Statement("unique", tuple),
    "checks": _Statement("check", str),
    "publications": _Statement("publication", _publication),
}
"""Keys of the table with a list, each item of which states a fact by itself."""

_RULES: Mapping[str, str] = {
    **{key: statement.rule for key, statement in {**CONSTRAINTS, **_SINGLE, **_LISTED}.items()},
    "data_type": "column-type",
    "foreign_keys": "foreign-key",
    "primaryKey": "primary-key",
    "privileges": "privileges",
}


def rule_of(key: str) -> str:
    """Return the rule of the facts that a key of a table states, or one of a column's constraints."""
    return _RULES[key]
