"""A type's name as SQL writes it in, a ``Type`` out (``typenameType`` of PostgreSQL's parser)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from alembic_contracts.dialects.postgresql import format_type
from alembic_contracts.dialects.postgresql.names import quote
from alembic_contracts.prediction.sql import parser, sqlstate, system
from alembic_contracts.schemas.schema import Name, Type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.prediction.sql.parser import Node

__all__ = [
    "SERIAL",
    "array_of",
    "base_type",
    "builtin",
    "category",
    "find_named",
    "modifiers",
    "own_type",
    "qualified",
    "refuse_itself",
    "resolve",
    "shown",
    "written",
]

SERIAL = {
    "serial": "int4", "serial4": "int4", "bigserial": "int8", "serial8": "int8", "smallserial": "int2",
    "serial2": "int2",
}  # fmt: skip
"""Pseudo-types of columns that bring a sequence along, and what they are stored as."""

_INTERVAL_FIELDS = {
    4: "year", 2: "month", 8: "day", 1024: "hour", 2048: "minute", 4096: "second", 6: "year to month",
    1032: "day to hour", 3080: "day to minute", 7176: "day to second", 3072: "hour to minute",
    7168: "hour to second", 6144: "minute to second",
}  # fmt: skip
"""Masks of ``INTERVAL_MASK`` (utils/timestamp.h)."""

_FRACTIONS = frozenset({"timestamp", "timestamptz", "time", "timetz", "interval"})


def builtin(name: str, *modifiers: str) -> Type:
    """Return one of PostgreSQL's own types."""
    return Type(Name("pg_catalog", name), modifiers)


def array_of(element: Type | None) -> Type | None:
    """Return the array type over an element type."""
    return None if element is None else Type(element.name, element.modifiers, max(element.dimensions, 1))


def written(node: Node) -> str:
    """Return a type's name as SQL text, for messages and for functions' signatures."""
    names = parser.strings(node.names)
    if names[:1] == ["pg_catalog"]:
        names = names[1:]
    return ".".join(names) + "[]" * len(node.array_bounds)


def shown(type_: Type | None, state: State) -> str:
    """Return a type's name as PostgreSQL's messages have it (``format_type_be``): no modifiers, no visible schema."""
    if type_ is None:
        return "unknown"
    if type_.name.schema == "pg_catalog":
        return format_type(Type(type_.name, (), type_.dimensions))
    visible = find_named(state, type_.name.name, None) == Type(type_.name)
    parts = (type_.name.name,) if visible else type_.name
    return ".".join(quote(part) for part in parts) + ("[]" if type_.dimensions else "")


def qualified(names: Sequence[str]) -> tuple[str | None, str]:
    """Return schema (None: not given) and name of a dotted name."""
    return (names[-2] if len(names) > 1 else None), names[-1]


def resolve(run: Execution, node: Node) -> Type | None:
    """Return the type that a TypeName node stands for; None where it is not known which (a doubt is left then).

    Raises:
        PostgresError: 42704 there is no such type, 3F000 no such schema.
    """
    own = own_type(node)
    if own is not None:
        return own
    if node.pct_type:
        return _column_type(run.state, parser.strings(node.names))
    schema, name = qualified(parser.strings(node.names))
    found = find_named(run.state, name, schema)
    if found is None:
        if not _may_exist(run.state):
            if schema is not None and not run.state.has_namespace(schema):
                raise sqlstate.undefined_schema(schema)
            raise sqlstate.undefined_object("type", ".".join(parser.strings(node.names)))
        found = Type(Name(schema or run.state.current_schema() or "public", name))
    dimensions = max(found.dimensions, 0) + len(node.array_bounds)
    return _made(found.name, modifiers(found.name, node), dimensions)


def own_type(node: Node) -> Type | None:
    """Return the type where a TypeName node stands for one of PostgreSQL's own, whatever else there is, else None."""
    return _own_type(node.SerializeToString())


@lru_cache(maxsize=1024)
def _own_type(serialized: bytes) -> Type | None:
    node = parser.from_serialized("TypeName", serialized)
    schema, name = (None, "") if node.pct_type else qualified(parser.strings(node.names))
    own = _own(name) if schema is None or schema == "pg_catalog" else None
    return None if own is None else _made(own.name, modifiers(own.name, node), own.dimensions + len(node.array_bounds))


@lru_cache(maxsize=1024)
def _made(name: Name, modifiers: tuple[str, ...], dimensions: int) -> Type:
    """Return a type, mostly one that other columns have as well: the same object takes no room."""
    return Type(name, modifiers, dimensions)


def refuse_itself(state: State, whole: Name, part: Type | None) -> None:
    """Refuse a column or attribute that would make a row type a part of itself, arrays, domains and others included.

    Raises:
        PostgresError: 42P16.
    """
    waiting, seen = [part], set[Name]()
    while waiting:
        type_ = waiting.pop()
        if type_ is None or type_.name in seen:
            continue
        if type_.name == whole:
            what = shown(Type(whole), state)
            raise sqlstate.invalid_table_definition(f"composite type {what} cannot be made a member of itself")
        seen.add(type_.name)
        definition, table = state.types.get(type_.name), state.tables.get(type_.name)
        if definition is not None:
            waiting += [definition.base, *(field for _, field in definition.fields)]
        if table is not None:
            waiting += [column.type for column in table.columns]


def _may_exist(state: State) -> bool:
    """Whether types may exist that are not known here."""
    unknown = any(name not in system.EXTENSIONS for name in state.extensions)
    return unknown or not state.complete_others or not state.complete_tables


def find_named(state: State, name: str, schema: str | None) -> Type | None:
    """Return the type of a name: built-in, user-defined, or a table's row type."""
    own = _own(name) if schema is None or schema == "pg_catalog" else None
    if own is not None:
        return own
    for candidate in state.candidates(name, schema):
        if _is_there(state, candidate):
            return Type(candidate)
        multirange = _multirange(state, candidate)
        if multirange is not None:
            return multirange
        element = Name(candidate.schema, candidate.name[1:])
        if candidate.name.startswith("_") and _is_there(state, element):
            return Type(element, (), 1)
    return None


@lru_cache(maxsize=1024)
def _own(name: str) -> Type | None:
    """Return PostgreSQL's own type of a name."""
    if name in system.element_types():
        return Type(Name("pg_catalog", system.element_types()[name]), (), 1)
    return Type(Name("pg_catalog", name)) if name in system.categories() else None


_OF_INFORMATION_SCHEMA = frozenset({"cardinal_number", "character_data", "sql_identifier", "time_stamp", "yes_or_no"})
"""Its domains."""


def _is_there(state: State, name: Name) -> bool:
    if name.schema == "information_schema" and name.name in _OF_INFORMATION_SCHEMA:
        return True
    return name in state.types or name in state.tables or name in state.further_types


def _multirange(state: State, name: Name) -> Type | None:
    """Return the multirange type of this name, if a range type brought it along."""
    for (kind, _), made in state.traits.items():
        if kind == "multirange" and made == name.name:
            return Type(name)
    return None


def _column_type(state: State, names: list[str]) -> Type | None:
    """Return the type of ``table.column%TYPE``."""
    table = state.find_table(names[-2], names[-3] if len(names) > 2 else None) if len(names) > 1 else None
    column = table.column(names[-1]) if table is not None else None
    return column.type if column is not None else None


def modifiers(name: Name, node: Node) -> tuple[str, ...]:
    """Return what stands in parentheses behind a type's name, as PostgreSQL keeps it."""
    if not node.typmods:
        return ()
    values = [_modifier(mod) for mod in parser.children(node.typmods)]
    if name.schema != "pg_catalog":
        return tuple(values)
    if name.name == "interval":
        fields = _INTERVAL_FIELDS.get(int(values[0]))
        return (*((fields,) if fields else ()), *values[1:])
    if name.name == "numeric" and len(values) == 1:
        return (values[0], "0")
    if name.name in _FRACTIONS and int(values[0]) > 6:
        return ("6",)
    return tuple(values)


def _modifier(node: Node) -> str:
    if node.DESCRIPTOR.name == "A_Const":
        which = node.WhichOneof("val")
        if which == "ival":
            return str(node.ival.ival)
        if which == "sval":
            return str(node.sval.sval)
        return str(node.fval.fval)
    if node.DESCRIPTOR.name == "ColumnRef":
        return ".".join(parser.strings(node.fields))
    return parser.deparse_message(node)


def base_type(type_: Type, state: State) -> Type:
    """Return what a domain is based on in the end; any other type as it is."""
    definition = state.types.get(type_.name)
    if type_.dimensions or definition is None or definition.kind != "domain" or definition.base is None:
        return type_
    return base_type(definition.base, state)


def category(type_: Type, state: State) -> str:
    """Return the category of a type (``pg_type.typcategory``), ``?`` where it is not known."""
    if type_.dimensions:
        return "A"
    if type_.name.schema == "pg_catalog":
        return system.categories().get(type_.name.name, "?")
    definition = state.types.get(type_.name)
    if definition is None:
        return "C" if type_.name in state.tables else "?"
    if definition.kind == "domain" and definition.base is not None:
        return category(definition.base, state)
    return {"enum": "E", "composite": "C", "range": "R"}.get(definition.kind, "?")
