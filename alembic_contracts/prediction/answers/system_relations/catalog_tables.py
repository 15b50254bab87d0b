"""The tables of ``pg_catalog`` that version scripts ask, as rows over the in-memory catalog."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from alembic_contracts.prediction.answers.deferred import has_index, lost_columns, number
from alembic_contracts.prediction.answers.definitions import Stored, domain_default
from alembic_contracts.prediction.answers.elsewhere import Dropped, OneOf
from alembic_contracts.prediction.answers.oids import oid
from alembic_contracts.prediction.answers.system_relations import relation
from alembic_contracts.prediction.answers.type_modifiers import number_of
from alembic_contracts.prediction.answers.values import Int2, UnanswerableError, Unknown, Vector
from alembic_contracts.prediction.catalog.type_names import category as type_category
from alembic_contracts.prediction.sql import system
from alembic_contracts.schemas.schema import Name, Type

if TYPE_CHECKING:
    from alembic_contracts.prediction.answers.bindings import World
    from alembic_contracts.prediction.catalog.catalog import Catalog
    from alembic_contracts.schemas.schema import Column, Constraint, Table

__all__: list[str] = []

Row = dict[str, Any]

_KINDS = {"table": "r", "partitioned table": "p", "view": "v", "materialized view": "m", "foreign table": "f"}
_TYPED = frozenset("rvmpf")
"""Kinds of relations that a row type comes along with."""
_SECURED = frozenset("rp")
_UNINDEXED = frozenset({"view", "foreign table"})
_UNTOLD = Unknown("more about a type of the server's own", nullable=False)
_DOMAINS_NOT_NULL = 170_000
"""The first version that keeps a domain's NOT NULL as a constraint."""
_PERSISTENCE = {"permanent": "p", "unlogged": "u", "temporary": "t"}
_CONTYPES = {"primary key": "p", "unique": "u", "check": "c", "foreign key": "f", "exclude": "x", "not null": "n"}
_TYPTYPES = {"enum": "e", "domain": "d", "composite": "c", "range": "r", "base": "b"}


def _tables(catalog: Catalog) -> tuple[Table, ...]:
    return tuple(catalog.tables.values())


def _numbers(catalog: Catalog, table: Table) -> dict[str, Int2]:
    return {column.name: number(catalog, table, position) for position, column in enumerate(table.columns, 1)}


def _namespace(name: str) -> int:
    return oid("namespace", name)


def _type_number(type_: Type) -> int:
    return oid("array" if type_.dimensions else "type", type_.name)


@relation("pg_catalog", "pg_namespace")
def pg_namespace(world: World) -> Iterator[Row]:
    """Yield schemas."""
    for name in ("pg_catalog", "information_schema", *world.catalog.namespaces):
        yield {"oid": _namespace(name), "nspname": name, "nspowner": Unknown("who owns a schema", nullable=False)}


def _class(name: Name, kind: str, persistence: str = "p", **more: Any) -> Row:
    return {
        "oid": oid("class", name),
        "relname": name.name,
        "relnamespace": _namespace(name.schema),
        "reltype": oid("type", name) if kind in _TYPED else 0,
        "relowner": Unknown("who owns a relation", nullable=False),
        "relkind": kind,
        "relpersistence": persistence,
        "relispartition": Unknown("whether an index is of a partition", nullable=False) if kind in "iI" else False,
        "relhasindex": False,
        "relnatts": 0,
        "relrowsecurity": False if kind not in _SECURED else Unknown("whether there is row security", nullable=False),
        **more,
    }


@relation("pg_catalog", "pg_class")
def pg_class(world: World) -> Iterator[Row]:
    """Yield tables, views, indexes and sequences."""
    for table in _tables(world.catalog):
        yield _class(
            table.name,
            _KINDS[table.kind],
            _PERSISTENCE[table.persistence],
            relispartition=table.partition,
            relhasindex=has_index(table) if table.kind not in _UNINDEXED else False,
            relnatts=number(world.catalog, table, len(table.columns)),
        )
        for index in table.indexes:
            kind = "I" if table.kind == "partitioned table" else "i"
            persistence, keys = _PERSISTENCE[table.persistence], len(index.columns) + len(index.include)
            yield _class(Name(table.name.schema, index.name), kind, persistence, relnatts=keys)
    for name in tuple(world.catalog.sequences):
        yield _class(name, "S", relnatts=3)
    for name, definition in tuple(world.catalog.types.items()):
        if definition.kind == "composite":
            yield _class(
                name, "c", reltype=oid("type", name), relnatts=Unknown("how many fields a type has", nullable=False)
            )


@relation("pg_catalog", "pg_attribute")
def pg_attribute(world: World) -> Iterator[Row]:
    """Yield columns."""
    for table in _tables(world.catalog):
        for position, column in enumerate(table.columns, 1):
            yield _attribute(table, column, number(world.catalog, table, position))
        if lost_columns(world.catalog, table):
            yield {"attrelid": oid("class", table.name), "attname": _DROPPED, "attisdropped": True}
        if table.kind != "view":
            yield from _system_attributes(table.name)
        for index in table.indexes:
            yield {"attrelid": oid("class", Name(table.name.schema, index.name))}
    for name in tuple(world.catalog.sequences):
        yield {"attrelid": oid("class", name)}
        yield from _system_attributes(name)
    for name, definition in tuple(world.catalog.types.items()):
        if definition.kind == "composite":
            yield {"attrelid": oid("class", name)}


_DROPPED = Dropped("the name of a dropped column", nullable=False)
_SYSTEM_COLUMNS = ("ctid", "xmin", "cmin", "xmax", "cmax", "tableoid")
"""By their number, from -1 downwards."""


def _system_attributes(name: Name) -> Iterator[Row]:
    for place, column in enumerate(_SYSTEM_COLUMNS, 1):
        yield {
            "attrelid": oid("class", name),
            "attname": column,
            "attnum": Int2(-place),
            "attnotnull": True,
            "atthasdef": False,
            "attisdropped": False,
        }


def _attribute(table: Table, column: Column, position: Int2) -> Row:
    return {
        "attrelid": oid("class", table.name),
        "attname": column.name,
        "atttypid": None if column.type is None else _type_number(column.type),
        "attnum": position,
        "attndims": Unknown("attndims of an array") if column.type is not None and column.type.dimensions else 0,
        "atttypmod": -1 if column.type is None else number_of(column.type),
        "attnotnull": column.not_null,
        "atthasdef": column.default is not None or bool(column.generated),
        "attidentity": {"always": "a", "by default": "d"}.get(column.identity, ""),
        "attgenerated": {"stored": "s", "virtual": "v"}.get(column.generated, ""),
        "attisdropped": False,
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
                    "adnum": number(world.catalog, table, position),
                    "adbin": Stored(column.default or column.expression or "", table),
                }


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
            typbasetype=0 if base is None else _type_number(base),
            typdefault=domain_default(definition),
            typarray=oid("array", name),
        )
        yield _array(name)
        if definition.kind == "range":
            yield from _multirange(name)
    for table in _tables(world.catalog):
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
        "typnamespace": _namespace(name.schema),
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
        numbers = _numbers(world.catalog, table)
        for constraint in table.constraints:
            target = constraint.references
            target_table = world.catalog.table(target) if target is not None else None
            target_numbers = _numbers(world.catalog, target_table) if target_table else {}
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
                "conindid": _index_of(table, constraint),
                "conparentid": Unknown("a constraint's parent", nullable=False) if table.partition else 0,
                "confrelid": oid("class", target) if target is not None else 0,
                "conislocal": not constraint.inherited,
                "coninhcount": int(constraint.inherited),
                "connoinherit": _no_inherit(table, constraint),
                "conkey": [numbers[c] for c in constraint.columns if c in numbers] or None,
                "confkey": [target_numbers[c] for c in constraint.referenced_columns if c in target_numbers] or None,
                "conbin": Stored(constraint.expression or "", table) if constraint.kind == "check" else None,
            }
    yield from _of_domains(world)


def _of_domains(world: World) -> Iterator[Row]:
    for name, definition in tuple(world.catalog.types.items()):
        names: list[Any] = [check.name for check in definition.checks]
        if definition.not_null and world.catalog.server_version >= _DOMAINS_NOT_NULL:
            names.append(Unknown("the name of a domain's NOT NULL constraint", nullable=False))
        for constraint in names:
            known = isinstance(constraint, str)
            yield {
                "oid": oid("constraint", (name, constraint)),
                "conname": constraint,
                "connamespace": _namespace(name.schema),
                "contype": "c" if known else "n",
                "condeferrable": False,
                "condeferred": False,
                "convalidated": Unknown("whether a domain's constraint is valid", nullable=False),
                "conrelid": 0,
                "contypid": oid("type", name),
                "conindid": 0,
                "conparentid": 0,
                "confrelid": 0,
                "conislocal": True,
                "coninhcount": 0,
                "connoinherit": False,
                "conkey": None,
                "confkey": None,
                "conbin": Unknown("an expression in its internal form", nullable=False),
            }


def _index_of(table: Table, constraint: Constraint) -> Any:
    """Return ``conindid``: the index that enforces a key, or that a foreign key points at."""
    if constraint.kind in {"check", "not null"}:
        return 0
    if constraint.kind == "foreign key":
        return Unknown("the index that a foreign key points at", nullable=False)
    return oid("class", Name(table.name.schema, constraint.name))


def _no_inherit(table: Table, constraint: Constraint) -> bool | Unknown:
    if constraint.kind in {"check", "not null"}:
        return constraint.no_inherit
    # Keys are not inherited, but partitions have those of their parent.
    parted = table.partition or table.kind == "partitioned table"
    return Unknown("connoinherit where there are partitions") if parted else True


@relation("pg_catalog", "pg_index")
def pg_index(world: World) -> Iterator[Row]:
    """Yield indexes."""
    for table in _tables(world.catalog):
        numbers: dict[Any, Int2] = dict(_numbers(world.catalog, table))
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
                "indkey": Vector([numbers.get(column, Int2(0)) for column in (*index.columns, *index.include)], "int2"),
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
    indexes = frozenset(
        oid("class", Name(table.name.schema, index.name))
        for table in _tables(world.catalog)
        if table.partition or table.kind == "partitioned table"
        for index in table.indexes
    )
    if indexes:
        one = OneOf("an index of a partition", nullable=False, numbers=indexes)
        yield {"inhrelid": one, "inhparent": one}


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
            "refobjsubid": _numbers(world.catalog, table)[sequence.owner[1]],
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
            "extversion": Unknown("an extension's version", nullable=False),
        }
