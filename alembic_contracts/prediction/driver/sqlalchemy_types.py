"""A column's type in, the SQLAlchemy type out that reflection would return."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import util
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.types import NULLTYPE, TypeEngine

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.catalog import Catalog
    from alembic_contracts.prediction.driver.shown_texts import ShownTexts
    from alembic_contracts.schemas.schema import Name, Type, TypeDefinition

__all__ = ["Visibility", "sqlalchemy_type"]

_TYPES: dict[str, Any] = {
    "bit": pg.BIT,
    "bool": pg.BOOLEAN,
    "bpchar": pg.CHAR,
    "bytea": pg.BYTEA,
    "char": pg.CHAR,
    "float4": pg.REAL,
    "float8": pg.DOUBLE_PRECISION,
    "int2": pg.SMALLINT,
    "int4": pg.INTEGER,
    "int8": pg.BIGINT,
    "interval": pg.INTERVAL,
    "name": PGDialect.ischema_names.get("name", pg.VARCHAR),
    "numeric": pg.NUMERIC,
    "text": pg.TEXT,
    "time": pg.TIME,
    "timestamp": pg.TIMESTAMP,
    "timestamptz": pg.TIMESTAMP,
    "timetz": pg.TIME,
    "varbit": pg.BIT,
    "varchar": pg.VARCHAR,
}
"""Internal names (``pg_type.typname``) that differ from those of ``format_type``, which SQLAlchemy goes by."""


class Visibility:
    """Which names PostgreSQL would show without their schema: those that the search path finds first."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog

    def table(self, name: Name) -> bool:
        """Return ``pg_table_is_visible``."""
        return self.catalog.resolve(name.name) == name

    def type(self, name: Name) -> bool:
        """Return ``pg_type_is_visible``."""
        return self.catalog.resolve_type(name.name) == name

    def sequence(self, name: Name) -> bool:
        """Return ``pg_table_is_visible`` of a sequence."""
        return self.catalog.resolve_sequence(name.name) == name


def sqlalchemy_type(type_: Type | None, texts: ShownTexts, collation: str | None = None) -> TypeEngine[Any]:
    """Return the SQLAlchemy type of a column; ``NullType`` with a warning where there is none, as reflection does."""
    if type_ is None:
        return NULLTYPE
    element = _element(type_, texts, collation)
    if element is None:
        util.warn(f"Did not recognize type '{type_.name}'")
        return NULLTYPE
    return pg.ARRAY(element) if type_.dimensions else element


def _element(type_: Type, texts: ShownTexts, collation: str | None) -> TypeEngine[Any] | None:
    if type_.name.schema != "pg_catalog":
        definition = texts.catalog.types.get(type_.name)
        if definition is not None and definition.kind == "enum":
            return _enum(definition, texts.catalog)
        if definition is not None and definition.kind == "domain":
            return _domain(definition, texts)
    kind = _TYPES.get(type_.name.name) or PGDialect.ischema_names.get(type_.name.name)
    if kind is None:
        return None
    arguments, options = _arguments(type_)
    if collation is not None:
        options["collation"] = collation
    built: TypeEngine[Any] = kind(*arguments, **options)
    return built


def _arguments(type_: Type) -> tuple[tuple[Any, ...], dict[str, Any]]:
    name = type_.name.name
    numbers = tuple(int(part) for part in type_.modifiers if part.lstrip("-").isdigit())
    options: dict[str, Any] = {}
    if name == "interval":
        fields = " ".join(part for part in type_.modifiers if not part.isdigit())
        return (), ({"fields": fields} if fields else {}) | ({"precision": numbers[0]} if numbers else {})
    if name in {"time", "timetz", "timestamp", "timestamptz"}:
        options["timezone"] = name.endswith("tz")
        return (), options | ({"precision": numbers[0]} if numbers else {})
    if name == "numeric":
        return ((*numbers, 0)[:2] if numbers else ()), {}
    if name == "varbit":
        return numbers, {"varying": True}
    if name == "float8":
        return (53,), {}
    if name == "bpchar" and not numbers:
        return (), {}
    return numbers, options


def _enum(definition: TypeDefinition, catalog: Catalog) -> TypeEngine[Any]:
    schema = None if Visibility(catalog).type(definition.name) else definition.name.schema
    return pg.ENUM(*definition.labels, name=definition.name.name, schema=schema)


def _domain(definition: TypeDefinition, texts: ShownTexts) -> TypeEngine[Any]:
    schema = None if Visibility(texts.catalog).type(definition.name) else definition.name.schema
    check = next(iter(definition.checks), None)
    default = definition.default
    return pg.DOMAIN(
        definition.name.name,
        sqlalchemy_type(definition.base, texts),
        default=None if default is None else texts.domain_default(default, definition.name),
        not_null=definition.not_null,
        constraint_name=check.name if check else None,
        check=texts.domain_check(check, definition) if check else None,
        create_type=False,
        **({"schema": schema} if schema else {}),
    )
