"""A value and the type it is cast to in, the value of that type out; unknown where a cast is not shown to be exact."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from alembic_contracts.dialects.postgresql import format_type, parse_type
from alembic_contracts.dialects.postgresql.names import quote, quote_name
from alembic_contracts.prediction.answers.oids import oid
from alembic_contracts.prediction.answers.register.numbers import as_integer, rounded
from alembic_contracts.prediction.answers.texts import READERS, cast_text, read
from alembic_contracts.prediction.answers.values import (
    Array,
    Jsonb,
    Label,
    Literal,
    NameText,
    Number,
    Oid,
    Reg,
    TypedNull,
    UnanswerableError,
    Unknown,
    Varchar,
    type_of,
)
from alembic_contracts.prediction.sql import sqlstate, system
from alembic_contracts.prediction.sql.mentions import split_name
from alembic_contracts.prediction.sql.sqlstate import PostgresError
from alembic_contracts.schemas.schema import Name, Type

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.catalog import Catalog

__all__ = ["cast_to", "convert", "name_text", "relation_named", "shown_type", "stored", "type_named"]

_INTEGERS = ("int2", "int4", "int8")
_TEXTS = ("text", "varchar", "name")


def cast_to(value: Any, type_: Type, catalog: Catalog) -> Any:
    """Return a known value cast to a type explicitly.

    Args:
        value: plain; None is NULL.
        type_: the target; names without a schema are PostgreSQL's own or found by the search path.
        catalog: knows users' types.

    Raises:
        PostgresError: PostgreSQL would refuse the value.
    """
    name = type_.name.name
    if type_.name.schema not in {"pg_catalog", ""} or name not in system.categories():
        return _to_users(value, type_, catalog)
    if value is None or isinstance(value, TypedNull):
        return _null(value, f"_{name}" if type_.dimensions else name)
    if type_.dimensions:
        return _to_array(value, name, type_.modifiers, catalog)
    if name in {"regclass", "regtype", "regnamespace"}:
        return _reg(value, name, catalog)
    return _modified(convert(value, name), name, type_.modifiers)


def _null(value: TypedNull | None, target: str) -> TypedNull:
    from alembic_contracts.prediction.answers.overloads import has_cast

    if value is not None and not has_cast(value.type, target):
        raise PostgresError("42846", f"cannot cast type {value.type} to {target}")
    return TypedNull(target)


def stored(value: Any, type_: Type | None, catalog: Catalog) -> Any:
    """Return a known value as a column of a type keeps it (an assignment cast): unknown where that is not shown."""
    if type_ is None:
        return Unknown("a column of unknown type")
    if value is None or isinstance(value, TypedNull):
        return TypedNull(f"_{type_.name.name}" if type_.dimensions else type_.name.name)
    if not isinstance(value, Literal) and type_.modifiers and type_.name.name in {"varchar", "bpchar"}:
        limit = type_.modifiers[0]
        if type_.name.name == "bpchar" or len(str(value)) > int(limit):
            return Unknown("a text that may not fit")
    return cast_to(value, type_, catalog)


# -- PostgreSQL's own types --------------------------------------------------------------------------------------------


def convert(value: Any, target: str) -> Any:
    """Return a known value, not NULL, as one of another built-in type, by its internal name.

    Raises:
        PostgresError: 22P02, 22003 ... as the server would.
    """
    source = type_of(value)
    if isinstance(value, (Number, Oid)) and value != 0 and target not in {source, "any", "anyelement", "oid"}:
        return Unknown("a number that only the server knows", nullable=False)
    if source == target or target in {"any", "anyelement", "anynonarray", "anyarray"}:
        return str(value) if isinstance(value, Literal) else value
    if source == "unknown":
        return read(str(value), target)
    if target in {"text", "varchar"}:
        text = cast_text(value)
        return text if isinstance(text, Unknown) or target == "text" else Varchar(text)
    if source in _TEXTS:
        return read(str(value), target) if target in READERS else Unknown(f"a cast to {target}")
    compute = _CASTS.get((source or "", target))
    return Unknown(f"a cast from {source} to {target}") if compute is None else compute(value)


def _as_integer(target: str) -> Callable[[Any], Any]:
    return lambda value: as_integer(int(value), target)


def _rounded_integer(target: str) -> Callable[[Any], Any]:
    return lambda value: as_integer(int(rounded(value, 0)), target)


def _float_integer(target: str) -> Callable[[Any], Any]:
    def compute(value: float) -> Any:
        return as_integer(round(value), target) if abs(value) < 1e15 else Unknown("a number of this size")

    return compute


_CASTS: dict[tuple[str, str], Callable[[Any], Any]] = {
    **{(one, other): _as_integer(other) for one in _INTEGERS for other in _INTEGERS},
    **{(one, "numeric"): lambda value: Decimal(int(value)) for one in _INTEGERS},
    **{(one, "float8"): lambda value: float(int(value)) for one in ("int2", "int4")},
    **{
        (one, "oid"): lambda v: Oid(v) if 0 <= v < 2**32 else Unknown("an oid out of range") for one in ("int4", "int8")
    },
    **{("numeric", other): _rounded_integer(other) for other in _INTEGERS},
    **{("float8", other): _float_integer(other) for other in _INTEGERS},
    **{(reg, "oid"): Oid for reg in ("regclass", "regtype", "regnamespace")},
    ("oid", "int8"): lambda value: as_integer(int(value), "int8"),
    ("numeric", "float8"): float,
    ("int4", "bool"): bool,
    ("bool", "int4"): int,
    ("date", "timestamp"): lambda value: datetime(value.year, value.month, value.day),  # noqa: DTZ001 - as the type is
    ("timestamp", "date"): lambda value: date(value.year, value.month, value.day),
    ("json", "jsonb"): lambda value: Jsonb(value.value),
    ("jsonb", "json"): lambda value: read(text, "json") if isinstance(text := cast_text(value), str) else text,
}


def _modified(value: Any, target: str, modifiers: tuple[str, ...]) -> Any:
    if isinstance(value, Unknown) or not modifiers:
        return value
    if target == "varchar":
        return Varchar(str(value)[: int(modifiers[0])])
    if target == "numeric":
        digits, scale = (*map(int, modifiers), 0)[:2]
        return _bounded(value, digits, scale)
    return Unknown(f"a value of {target} with a modifier")


def _bounded(value: Decimal, digits: int, scale: int) -> Any:
    if scale < 0:
        return Unknown("a numeric of negative scale")
    result = rounded(value, scale)
    if abs(result) >= Decimal(10) ** (digits - scale):
        raise PostgresError("22003", "numeric field overflow")
    return result


def _to_array(value: Any, element: str, modifiers: tuple[str, ...], catalog: Catalog) -> Any:
    if isinstance(value, Array):
        items = [cast_to(item, Type(Name("pg_catalog", element), modifiers), catalog) for item in value]
        bad = next((item for item in items if isinstance(item, Unknown)), None)
        return bad or Array(items, element)
    is_text = isinstance(value, str)
    return read(str(value), f"_{element}") if is_text and not modifiers else Unknown("a cast to an array")


def _to_users(value: Any, type_: Type, catalog: Catalog) -> Any:
    """Cast to a user's type: an enum from its labels; domains, with their checks, are left to the server."""
    schema = type_.name.schema or None
    found = catalog.resolve_type(type_.name.name, schema)
    definition = catalog.types.get(found) if found is not None else None
    if definition is None or definition.kind != "enum" or type_.dimensions:
        return Unknown(f"a value of type {type_.name.name}")
    if value is None or isinstance(value, TypedNull):
        return None
    if not isinstance(value, str):
        return Unknown(f"a cast to {type_.name.name}")
    if str(value) not in definition.labels:
        raise PostgresError("22P02", f'invalid input value for enum {definition.name.name}: "{value}"')
    label = Label(value)
    label.of = definition.name
    return label


# -- names of objects --------------------------------------------------------------------------------------------------


def _reg(value: Any, target: str, catalog: Catalog) -> Any:
    if isinstance(value, int):
        return value if isinstance(value, Reg) and value.kind == target else _of_number(value, target, catalog)
    text = str(value)
    if target == "regnamespace":
        if text not in catalog.namespaces:
            raise sqlstate.undefined_schema(text)
        return Reg(oid("namespace", text), quote(text), target)
    found = relation_named(text, catalog) if target == "regclass" else type_named(text, catalog)
    if found is None:
        kind = "relation" if target == "regclass" else "type"
        raise PostgresError("42P01" if target == "regclass" else "42704", f'{kind} "{text}" does not exist')
    return found


def relation_named(text: str, catalog: Catalog) -> Reg | None:
    """Return the object identifier of a table, view, index or sequence by its name as SQL writes it."""
    schema, name = split_name(text)
    if schema is None and name.isdecimal():
        raise UnanswerableError("an object by its number")
    relation = catalog.state.find_relation(name, schema)
    found = None if relation is None else relation[0]
    system_name = system.is_system_relation(name, schema) if found is None else None
    if system_name is not None:
        return Reg(oid("class", system_name), system_name.name)
    if found is None:
        if not catalog.complete_tables:
            raise UnanswerableError(f"whether {text} exists")
        return None
    return Reg(oid("class", found), shown_relation(found, catalog))


def _object(number: int) -> tuple[str, Any]:
    return oid.object(number) or ("", None)


def _of_number(number: int, target: str, catalog: Catalog) -> Reg | Unknown:
    """Return what an object's number is shown as."""
    kind, key = _object(number)
    name: str | None = "-" if number == 0 else None
    if target == "regclass" and kind == "class":
        name = shown_relation(key, catalog)
    elif target == "regnamespace" and kind == "namespace":
        name = quote(key)
    elif target == "regtype" and kind in {"type", "array"}:
        name = shown_type(Type(key, (), int(kind == "array")), catalog)
    return Unknown(f"a number as {target}", nullable=False) if name is None else Reg(number, name, target)


def shown_relation(name: Name, catalog: Catalog) -> str:
    """Return a relation's name as ``regclass`` shows it: without its schema where the search path finds it."""
    found = catalog.resolve(name.name) or catalog.resolve_sequence(name.name)
    hidden = found not in {name, None} or name.schema not in {"pg_catalog", *catalog.search_path}
    return quote_name(name) if hidden else quote(name.name)


def shown_type(type_: Type, catalog: Catalog) -> str:
    """Return a type as ``format_type`` spells it: without its schema where the search path finds it."""
    spelled, name = format_type(type_), type_.name
    named = {catalog.resolve_type(name.name), catalog.resolve(name.name)} - {None}
    visible = name in named if named else name.schema in catalog.search_path
    if name.schema != "pg_catalog" and visible:
        return spelled.partition(".")[2]
    return spelled


def type_named(text: str, catalog: Catalog) -> Reg | None:
    """Return the object identifier of a type by its name as SQL writes it."""
    schema, name = split_name(text)
    found = catalog.resolve_type(name, schema)
    if found is not None:
        return Reg(oid("type", found), shown_type(Type(found), catalog), "regtype")
    try:
        parsed = parse_type(text)
    except ValueError:
        raise UnanswerableError(f"whether {text} is a type") from None
    if parsed.name.schema != "pg_catalog":
        if quote(name) != name or not name.isidentifier():
            raise UnanswerableError(f"whether {text} is a type")
        return None
    return Reg(oid("type", parsed.name), format_type(parsed), "regtype")


def name_text(value: Any) -> Any:
    """Return a system relation's value with the type that it has there: its texts sort as names do."""
    if type(value) is str:
        return NameText(value)
    if isinstance(value, list) and not isinstance(value, Array):
        return Array(value, "int2" if all(isinstance(item, int) for item in value) else "name")
    return value
