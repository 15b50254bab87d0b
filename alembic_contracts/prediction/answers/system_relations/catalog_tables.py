"""The tables of ``pg_catalog`` that version scripts ask, as rows over the in-memory catalog."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from alembic_contracts.prediction.answers.definitions import Stored, domain_default
from alembic_contracts.prediction.answers.oids import oid
from alembic_contracts.prediction.answers.system_relations import relation
from alembic_contracts.prediction.answers.values import UnanswerableError
from alembic_contracts.prediction.sql import system
from alembic_contracts.schemas.schema import Name, Type

if TYPE_CHECKING:
    from alembic_contracts.prediction.answers.bindings import World
    from alembic_contracts.prediction.catalog.catalog import Catalog
    from alembic_contracts.schemas.schema import Column, Table

__all__: list[str] = []

Row = dict[str, Any]

_KINDS = {"table": "r", "partitioned table": "p", "view": "v", "materialized view": "m", "foreign table": "f"}
_PERSISTENCE = {"permanent": "p", "unlogged": "u", "temporary": "t"}
_CONTYPES = {"primary key": "p", "unique": "u", "check": "c", "foreign key": "f", "exclude": "x", "not null": "n"}
_TYPTYPES = {"enum": "e", "domain": "d", "composite": "c", "range": "r", "base": "b"}


def _tables(catalog: Catalog) -> tuple[Table, ...]:
    return tuple(catalog.tables.values())


def _namespace(name: str) -> int:
    return oid("namespace", name)


def _owner(world: World) -> int:
    return oid("role", world.catalog.user)


def _type_number(type_: Type) -> int:
    return oid("array" if type_.dimensions else "type", type_.name)


@relation("pg_catalog", "pg_namespace")
def pg_namespace(world: World) -> Iterator[Row]:
    """Yield schemas."""
    for name in ("pg_catalog", "information_schema", *world.catalog.namespaces):
        yield {"oid": _namespace(name), "nspname": name, "nspowner": _owner(world), "nspacl": None}


def _class(world: World, name: Name, kind: str, persistence: str = "p", **more: Any) -> Row:
    return {
        "oid": oid("class", name),
        "relname": name.name,
        "relnamespace": _namespace(name.schema),
        "reltype": oid("type", name),
        "relowner": _owner(world),
        "relkind": kind,
        "relpersistence": persistence,
        "relispartition": False,
        "relhasindex": False,
        "relnatts": 0,
        "relrowsecurity": None,
        "reltuples": -1.0,
        "reloptions": None,
        "relpartbound": None,
        **more,
    }


@relation("pg_catalog", "pg_class")
def pg_class(world: World) -> Iterator[Row]:
    """Yield tables, views, indexes and sequences."""
    for table in _tables(world.catalog):
        yield _class(
            world,
            table.name,
            _KINDS[table.kind],
            _PERSISTENCE[table.persistence],
            relispartition=table.partition,
            relhasindex=bool(table.indexes),
            relnatts=len(table.columns),
        )
        for index in table.indexes:
            kind = "I" if table.kind == "partitioned table" else "i"
            yield _class(world, Name(table.name.schema, index.name), kind, _PERSISTENCE[table.persistence])
    for name in tuple(world.catalog.sequences):
        yield _class(world, name, "S")


@relation("pg_catalog", "pg_attribute")
def pg_attribute(world: World) -> Iterator[Row]:
    """Yield columns."""
    for table in _tables(world.catalog):
        for position, column in enumerate(table.columns, 1):
            yield _attribute(table, column, position)


def _attribute(table: Table, column: Column, position: int) -> Row:
    modifiers = column.type.modifiers if column.type is not None else ()
    return {
        "attrelid": oid("class", table.name),
        "attname": column.name,
        "atttypid": None if column.type is None else _type_number(column.type),
        "attnum": position,
        "attndims": column.type.dimensions if column.type is not None else 0,
        "atttypmod": oid("modifiers", modifiers) if modifiers else -1,
        "attnotnull": column.not_null,
        "atthasdef": column.default is not None or bool(column.generated),
        "attidentity": {"always": "a", "by default": "d"}.get(column.identity, ""),
        "attgenerated": {"stored": "s", "virtual": "v"}.get(column.generated, ""),
        "attisdropped": False,
        "attislocal": True,
        "attinhcount": 0,
    }


@relation("pg_catalog", "pg_attrdef")
def pg_attrdef(world: World) -> Iterator[Row]:
    """Yield defaults."""
    for table in _tables(world.catalog):
        for position, column in enumerate(table.columns, 1):
            if column.default is not None or column.generated:
                yield {
                    "oid": oid("default", (table.name, column.name)),
                    "adrelid": oid("class", table.name),
                    "adnum": position,
                    "adbin": Stored(column.default or column.expression or "", table),
                }


@relation("pg_catalog", "pg_type")
def pg_type(world: World) -> Iterator[Row]:
    """Yield types: PostgreSQL's own, users' and those that tables bring along."""
    for own, category in system.categories().items():
        qualified = Name("pg_catalog", own)
        element = system.element_types().get(own)
        number = oid("type", qualified) if element is None else oid("array", Name("pg_catalog", element))
        yield _type(world, qualified, "p" if category == "P" else "b", category, oid=number)
    for name, definition in tuple(world.catalog.types.items()):
        base = definition.base
        yield _type(
            world,
            name,
            _TYPTYPES[definition.kind],
            {"enum": "E", "range": "R", "composite": "C"}.get(definition.kind, "U"),
            typnotnull=definition.not_null,
            typbasetype=0 if base is None else _type_number(base),
            typdefault=domain_default(definition),
            typarray=oid("array", name),
        )
        yield _type(world, Name(name.schema, f"_{name.name}"), "b", "A", oid=oid("array", name))
    for table in _tables(world.catalog):
        yield _type(world, table.name, "c", "C", typrelid=oid("class", table.name))


def _type(world: World, name: Name, kind: str, category: str, **more: Any) -> Row:
    return {
        "oid": oid("type", name),
        "typname": name.name,
        "typnamespace": _namespace(name.schema),
        "typowner": _owner(world),
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


@relation("pg_catalog", "pg_constraint")
def pg_constraint(world: World) -> Iterator[Row]:
    """Yield constraints of tables and domains."""
    for table in _tables(world.catalog):
        numbers = {column.name: position for position, column in enumerate(table.columns, 1)}
        for constraint in table.constraints:
            target = constraint.references
            target_table = world.catalog.table(target) if target is not None else None
            target_numbers = {c.name: n for n, c in enumerate(target_table.columns, 1)} if target_table else {}
            yield {
                "oid": oid("constraint", (table.name, constraint.name)),
                "conname": constraint.name,
                "connamespace": _namespace(table.name.schema),
                "contype": _CONTYPES[constraint.kind],
                "condeferrable": constraint.deferrable,
                "condeferred": constraint.initially_deferred,
                "convalidated": constraint.valid,
                "conrelid": oid("class", table.name),
                "contypid": 0,
                "conindid": oid("class", Name(table.name.schema, constraint.name)),
                "conparentid": 0,
                "confrelid": oid("class", target) if target is not None else 0,
                "conislocal": not constraint.inherited,
                "coninhcount": int(constraint.inherited),
                "connoinherit": constraint.no_inherit,
                "conkey": [numbers[c] for c in constraint.columns if c in numbers] or None,
                "confkey": [target_numbers[c] for c in constraint.referenced_columns if c in target_numbers] or None,
                "conbin": Stored(constraint.expression or "", table) if constraint.kind == "check" else None,
            }


@relation("pg_catalog", "pg_index")
def pg_index(world: World) -> Iterator[Row]:
    """Yield indexes."""
    for table in _tables(world.catalog):
        numbers: dict[str | None, int] = {column.name: n for n, column in enumerate(table.columns, 1)}
        keys = {c.name for c in table.constraints if c.kind == "primary key"}
        for index in table.indexes:
            yield {
                "indexrelid": oid("class", Name(table.name.schema, index.name)),
                "indrelid": oid("class", table.name),
                "indnatts": len(index.columns) + len(index.include),
                "indnkeyatts": len(index.columns),
                "indisunique": index.unique,
                "indisprimary": index.constraint is not None and index.constraint in keys,
                "indisvalid": index.valid,
                "indisready": True,
                "indislive": True,
                "indnullsnotdistinct": index.nulls_not_distinct,
                "indkey": [numbers.get(column, 0) for column in (*index.columns, *index.include)],
                "indpred": None if index.predicate is None else Stored(index.predicate, table),
            }


@relation("pg_catalog", "pg_inherits")
def pg_inherits(world: World) -> Iterator[Row]:
    """Yield who inherits from whom, partitions included."""
    for table in _tables(world.catalog):
        for position, parent in enumerate(table.parents, 1):
            yield {
                "inhrelid": oid("class", table.name),
                "inhparent": oid("class", parent),
                "inhseqno": position,
                "inhdetachpending": False,
            }


@relation("pg_catalog", "pg_depend")
def pg_depend(world: World) -> Iterator[Row]:
    """Yield the sequences that columns own, which is what Alembic itself asks for in batch mode."""
    classes = oid("class", Name("pg_catalog", "pg_class"))
    for sequence in tuple(world.catalog.sequences.values()):
        table = world.catalog.table(sequence.owner[0]) if sequence.owner is not None else None
        if table is None or sequence.owner is None:
            continue
        yield {
            "classid": classes,
            "objid": oid("class", sequence.name),
            "objsubid": 0,
            "refclassid": classes,
            "refobjid": oid("class", table.name),
            "refobjsubid": [column.name for column in table.columns].index(sequence.owner[1]) + 1,
            "deptype": "i" if sequence.internal else "a",
        }


@relation("pg_catalog", "pg_description")
def pg_description(world: World) -> Iterator[Row]:
    """Yield comments of tables and columns."""
    classes = oid("class", Name("pg_catalog", "pg_class"))
    for table in _tables(world.catalog):
        comments = [(0, table.comment), *((n, column.comment) for n, column in enumerate(table.columns, 1))]
        for position, text in comments:
            if text is not None:
                yield {
                    "objoid": oid("class", table.name),
                    "classoid": classes,
                    "objsubid": position,
                    "description": text,
                }


@relation("pg_catalog", "pg_database")
def pg_database(world: World) -> Iterator[Row]:
    """Yield this database; others are not known, and do not matter to it."""
    yield {"oid": oid("database", world.catalog.database), "datname": world.catalog.database, "datallowconn": True}


@relation("pg_catalog", "pg_extension")
def pg_extension(world: World) -> Iterator[Row]:
    """Yield extensions.

    Raises:
        UnanswerableError: not all of them are known.
    """
    if not world.catalog.complete:
        raise UnanswerableError("which extensions are installed")
    for name, schema in {"plpgsql": "pg_catalog", **world.catalog.extensions}.items():
        yield {
            "oid": oid("extension", name),
            "extname": name,
            "extnamespace": _namespace(schema),
            "extversion": "1.0",
        }
