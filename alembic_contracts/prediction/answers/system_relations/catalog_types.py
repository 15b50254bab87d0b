"""The tables of ``pg_catalog`` about types, as rows over the in-memory catalog."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from alembic_contracts.prediction.answers.definitions import domain_default
from alembic_contracts.prediction.answers.oids import namespace_number, oid, type_number
from alembic_contracts.prediction.answers.system_relations import relation
from alembic_contracts.prediction.answers.values import Unknown
from alembic_contracts.prediction.catalog.type_names import category as type_category
from alembic_contracts.prediction.sql import system
from alembic_contracts.schemas.schema import Name, Type

if TYPE_CHECKING:
    from alembic_contracts.prediction.answers.bindings import World

__all__: list[str] = []

Row = dict[str, Any]

_UNTOLD = Unknown("more about a type of the server's own", nullable=False)
_TYPTYPES = {"enum": "e", "domain": "d", "composite": "c", "range": "r", "base": "b"}


@relation("pg_catalog", "pg_type")
def pg_type(world: World) -> Iterator[Row]:
    """Yield types: PostgreSQL's own, users' and those that tables bring along."""
    for own, category in system.categories().items():
        qualified = Name("pg_catalog", own)
        element = system.element_types().get(own)
        number = oid("type", qualified) if element is None else oid("array", Name("pg_catalog", element))
        kind = {"P": "p", "R": "r"}.get(category, "b")
        yield _type(qualified, kind, category, oid=number, typarray=_UNTOLD, typelem=_UNTOLD)
    for name, definition in tuple(world.catalog.types.items()):
        base = definition.base
        yield _type(
            name,
            _TYPTYPES[definition.kind],
            type_category(Type(name), world.catalog.state).replace("?", "U"),
            typnotnull=definition.not_null,
            typrelid=oid("class", name) if definition.kind == "composite" else 0,
            typbasetype=0 if base is None else type_number(base),
            typdefault=domain_default(definition),
            typarray=oid("array", name),
        )
        yield _array(name)
        if definition.kind == "range":
            yield from _multirange(name)
    for table in tuple(world.catalog.tables.values()):
        number = oid("class", table.name)
        yield _type(table.name, "c", "C", typrelid=number, typarray=oid("array", table.name))
        yield _array(table.name)


def _array(element: Name) -> Row:
    """Return the array type that comes along with a type (``makeArrayTypeName``)."""
    name = Name(element.schema, f"_{element.name}"[:63])
    return _type(name, "b", "A", oid=oid("array", element), typelem=oid("type", element))


def _multirange(name: Name) -> Iterator[Row]:
    """Yield the type of several ranges (``makeMultirangeTypeName``) and its array."""
    many = name.name.replace("range", "multirange", 1) if "range" in name.name else f"{name.name}_multirange"
    multirange = Name(name.schema, many[:63])
    yield _type(multirange, "m", "R", typarray=oid("array", multirange))
    yield _array(multirange)


def _type(name: Name, kind: str, category: str, **more: Any) -> Row:
    return {
        "oid": oid("type", name),
        "typname": name.name,
        "typnamespace": namespace_number(name.schema),
        "typtype": kind,
        "typcategory": category,
        "typrelid": 0,
        "typelem": 0,
        "typarray": 0,
        "typnotnull": False,
        "typbasetype": 0,
        "typdefault": None,
        "typisdefined": True,
        **more,
    }


@relation("pg_catalog", "pg_enum")
def pg_enum(world: World) -> Iterator[Row]:
    """Yield labels of enums."""
    for name, definition in tuple(world.catalog.types.items()):
        for position, label in enumerate(definition.labels, 1):
            yield {
                "oid": oid("label", (name, label)),
                "enumtypid": oid("type", name),
                "enumsortorder": float(position),
                "enumlabel": label,
            }
