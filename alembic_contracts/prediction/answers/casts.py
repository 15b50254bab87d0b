"""A value and the type it is cast to in, the value of that type out."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any
from uuid import UUID

from alembic_contracts.dialects.postgresql import format_type, parse_type
from alembic_contracts.prediction.answers.oids import oid
from alembic_contracts.prediction.answers.values import Reg, UnanswerableError, guarded, guess, is_guess, known, text_of
from alembic_contracts.prediction.sql import sqlstate, system
from alembic_contracts.prediction.sql.mentions import split_name
from alembic_contracts.prediction.sql.sqlstate import PostgresError
from alembic_contracts.schemas.schema import Name

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.catalog import Catalog

__all__ = ["cast_to", "relation_named", "type_named"]


def cast_to(value: Any, type_names: list[str], is_array: bool, catalog: Catalog) -> Any:
    """Return a value cast to a type as the parser names it.

    Raises:
        PostgresError: PostgreSQL would refuse the value.
        UnanswerableError: this cast is not known here.
    """
    target = type_names[-1]
    plain = known(value)
    if plain is None:
        return value
    if is_array:
        return guess([item if item is None else _one(item, target, catalog) for item in _items(plain)], value)
    if is_guess(value):
        return guarded(lambda inner: _one(inner, target, catalog), value, otherwise=plain)
    return _one(plain, target, catalog)


def _items(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    text = str(value)
    if text == "{}":
        return []
    if text.startswith("{") and text.endswith("}") and not set(text[1:-1]) & set('{}"\\'):
        return text[1:-1].split(",")
    raise UnanswerableError("an array literal with quotes or nesting")


def _one(value: Any, target: str, catalog: Catalog) -> Any:
    convert = _CONVERSIONS.get(target)
    if convert is not None:
        try:
            return convert(value)
        except (ArithmeticError, TypeError, ValueError, InvalidOperation):
            raise PostgresError("22P02", f'invalid input syntax for type {target}: "{text_of(value)}"') from None
    if target in {"regclass", "regtype", "regnamespace"}:
        return _reg(value, target, catalog)
    # An enum, a domain or anything else that is written as text stays as it is.
    return value


def _reg(value: Any, target: str, catalog: Catalog) -> Any:
    if isinstance(value, int):
        return value if isinstance(value, Reg) else Reg(value, oid.name_of(value) or str(int(value)))
    text = text_of(value)
    if target == "regnamespace":
        if text not in catalog.namespaces:
            raise sqlstate.undefined_schema(text)
        return Reg(oid("namespace", text), text)
    found = relation_named(text, catalog) if target == "regclass" else type_named(text, catalog)
    if found is None:
        kind = "relation" if target == "regclass" else "type"
        raise PostgresError("42P01" if target == "regclass" else "42704", f'{kind} "{text}" does not exist')
    return found


def relation_named(text: str, catalog: Catalog) -> Reg | None:
    """Return the object identifier of a table, view, index or sequence by its name as SQL writes it."""
    schema, name = _split(text)
    found = catalog.resolve(name, schema) or catalog.resolve_sequence(name, schema)
    if found is None:
        found = next(
            (Name(t.name.schema, name) for t in catalog.tables.values() for i in t.indexes
             if i.name == name and schema in {None, t.name.schema}),
            None,
        )  # fmt: skip
    system_name = system.is_system_relation(name, schema) if found is None else None
    if system_name is not None:
        return Reg(oid("class", system_name), system_name.name)
    if found is None:
        if not catalog.complete_tables:
            raise UnanswerableError(f"whether {text} exists")
        return None
    visible = catalog.resolve(found.name) == found
    return Reg(oid("class", found), found.name if visible else str(found))


def type_named(text: str, catalog: Catalog) -> Reg | None:
    """Return the object identifier of a type by its name as SQL writes it."""
    schema, name = _split(text)
    found = catalog.resolve_type(name, schema)
    if found is not None:
        return Reg(oid("type", found), found.name if catalog.resolve_type(found.name) == found else str(found))
    try:
        parsed = parse_type(text)
    except ValueError:
        return None
    if parsed.name.schema != "pg_catalog":
        return None
    return Reg(oid("type", parsed.name), format_type(parsed))


def _split(text: str) -> tuple[str | None, str]:
    return split_name(text)


def _boolean(value: Any) -> bool:
    if isinstance(value, str):
        folded = value.strip().lower()
        if folded in {"t", "true", "y", "yes", "on", "1"}:
            return True
        if folded in {"f", "false", "n", "no", "off", "0"}:
            return False
        raise ValueError(value)
    return bool(value)


def _integer(value: Any) -> int:
    return int(value) if isinstance(value, (int, str)) else int(Decimal(str(value)).to_integral_value())


def _timestamp(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - a timestamp without time zone
    return datetime.fromisoformat(str(value))


def _date(value: Any) -> date:
    return (
        value.date() if isinstance(value, datetime) else value if isinstance(value, date) else _timestamp(value).date()
    )


_CONVERSIONS: dict[str, Callable[[Any], Any]] = {
    "bool": _boolean,
    "bpchar": text_of,
    "char": text_of,
    "date": _date,
    "float4": float,
    "float8": float,
    "int2": _integer,
    "int4": _integer,
    "int8": _integer,
    "json": lambda value: json.loads(value) if isinstance(value, str) else value,
    "jsonb": lambda value: json.loads(value) if isinstance(value, str) else value,
    "name": text_of,
    "numeric": lambda value: Decimal(str(value)),
    "oid": _integer,
    "text": text_of,
    "time": lambda value: value if isinstance(value, time) else time.fromisoformat(str(value)),
    "timestamp": lambda value: _timestamp(value).replace(tzinfo=None),
    "timestamptz": _timestamp,
    "uuid": lambda value: value if isinstance(value, UUID) else UUID(str(value)),
    "varchar": text_of,
}
