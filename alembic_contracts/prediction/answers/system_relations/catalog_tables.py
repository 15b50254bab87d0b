"""The tables of ``pg_catalog`` that version scripts ask, as rows over the in-memory catalog."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from alembic_contracts.prediction.answers.bindings import MANY
from alembic_contracts.prediction.answers.deferred import Stored, has_index, lost_columns, number, numbers_of
from alembic_contracts.prediction.answers.elsewhere import Besides, Dropped, DroppedNumber, Elsewhere, OneOf
from alembic_contracts.prediction.answers.oids import namespace_number, oid, type_number
from alembic_contracts.prediction.answers.system_relations import relation, relation_by_name
from alembic_contracts.prediction.answers.type_modifiers import number_of
from alembic_contracts.prediction.answers.values import Int2, UnanswerableError, Unknown, Vector
from alembic_contracts.schemas.schema import Name

if TYPE_CHECKING:
    from alembic_contracts.prediction.answers.bindings import World
    from alembic_contracts.prediction.catalog.catalog import Catalog
    from alembic_contracts.schemas.schema import Column, Table

__all__: list[str] = []

Row = dict[str, Any]

_KINDS = {"table": "r", "partitioned table": "p", "view": "v", "materialized view": "m", "foreign table": "f"}
_TYPED = frozenset("rvmpf")
"""Kinds of relations that a row type comes along with."""
_SECURED = frozenset("rp")
_UNINDEXED = frozenset({"view", "foreign table"})
_PERSISTENCE = {"permanent": "p", "unlogged": "u", "temporary": "t"}


@relation("pg_catalog", "pg_namespace")
def pg_namespace(world: World) -> Iterator[Row]:
    """Yield schemas."""
    for name in ("pg_catalog", "information_schema", *world.catalog.namespaces):
        yield {"oid": namespace_number(name), "nspname": name, "nspowner": Unknown("who owns a schema", nullable=False)}


def _class(name: Name, kind: str, persistence: str = "p", **more: Any) -> Row:
    return {
        "oid": oid("class", name),
        "relname": name.name,
        "relnamespace": namespace_number(name.schema),
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


@relation_by_name("pg_catalog", "pg_class", "relname")
def pg_class(world: World, only: str | None) -> Iterator[Row]:
    """Yield tables, views, indexes and sequences: those of a name, or all."""
    for table in tuple(world.catalog.tables.values()):
        if only is None or table.name.name == only:
            yield _class(
                table.name,
                _KINDS[table.kind],
                _PERSISTENCE[table.persistence],
                relispartition=table.partition,
                relhasindex=has_index(table) if table.kind not in _UNINDEXED else False,
                relnatts=_had_columns(world.catalog, table),
            )
        for index in (each for each in table.indexes if only is None or each.name == only):
            kind = "I" if table.kind == "partitioned table" else "i"
            persistence, keys = _PERSISTENCE[table.persistence], len(index.columns) + len(index.include)
            yield _class(Name(table.name.schema, index.name), kind, persistence, relnatts=keys)
    for name in tuple(world.catalog.sequences):
        if only is None or name.name == only:
            yield _class(name, "S", relnatts=3)
    for name, definition in tuple(world.catalog.types.items()):
        if definition.kind == "composite" and (only is None or name.name == only):
            yield _class(
                name, "c", reltype=oid("type", name), relnatts=Unknown("how many fields a type has", nullable=False)
            )


def _had_columns(catalog: Catalog, table: Table) -> int | Unknown:
    """Return ``relnatts``, which counts the columns that were dropped as well."""
    lost = lost_columns(catalog, table)
    return Unknown("how many columns a table has had", nullable=False) if lost else Int2(len(table.columns))


@relation("pg_catalog", "pg_attribute")
def pg_attribute(world: World) -> Iterator[Row]:
    """Yield columns."""
    for table in tuple(world.catalog.tables.values()):
        numbers = numbers_of(world.catalog, table)
        for column in table.columns:
            yield _attribute(table, column, numbers[column.name])
        if lost_columns(world.catalog, table):
            yield {
                "attrelid": oid("class", table.name),
                "attname": _DROPPED,
                "attnum": DroppedNumber("the number of a dropped column", nullable=False, table=table.name),
                "attisdropped": True,
                MANY: _FIELDS,
            }
        if table.kind != "view":
            yield from _system_attributes(table.name)
        for index in table.indexes:
            yield {"attrelid": oid("class", Name(table.name.schema, index.name)), MANY: _FIELDS}
    for name in tuple(world.catalog.sequences):
        yield {"attrelid": oid("class", name), MANY: _FIELDS}
        yield from _system_attributes(name)
    for name, definition in tuple(world.catalog.types.items()):
        if definition.kind == "composite":
            yield {"attrelid": oid("class", name), MANY: _FIELDS}


_FIELDS = Unknown("columns of indexes, sequences and types, and those that were dropped", nullable=False)
_OF_PARENTS = Unknown("which columns a table has of its parents", nullable=False)
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
        "atttypid": None if column.type is None else type_number(column.type),
        "attnum": position,
        "attndims": Unknown("attndims of an array") if column.type is not None and column.type.dimensions else 0,
        "atttypmod": -1 if column.type is None else number_of(column.type),
        "attnotnull": column.not_null,
        "atthasdef": column.default is not None or bool(column.generated),
        "attidentity": {"always": "a", "by default": "d"}.get(column.identity, ""),
        "attgenerated": {"stored": "s", "virtual": "v"}.get(column.generated, ""),
        "attisdropped": False,
        "attislocal": _OF_PARENTS if table.parents else True,
        "attinhcount": _OF_PARENTS if table.parents else 0,
    }


@relation("pg_catalog", "pg_attrdef")
def pg_attrdef(world: World) -> Iterator[Row]:
    """Yield defaults."""
    for table in tuple(world.catalog.tables.values()):
        for position, column in enumerate(table.columns, 1):
            if column.default is not None or column.generated:
                yield {
                    "oid": oid("default", (table.name, column.name)),
                    "adrelid": oid("class", table.name),
                    "adnum": number(world.catalog, table, position),
                    "adbin": Stored(column.default or column.expression or "", table),
                }


@relation("pg_catalog", "pg_index")
def pg_index(world: World) -> Iterator[Row]:
    """Yield indexes."""
    for table in tuple(world.catalog.tables.values()):
        numbers: dict[Any, Int2] = dict(numbers_of(world.catalog, table))
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
    for table in tuple(world.catalog.tables.values()):
        for position, parent in enumerate(table.parents, 1):
            yield {
                "inhrelid": oid("class", table.name),
                "inhparent": oid("class", parent),
                "inhseqno": position,
                "inhdetachpending": False,
            }
    indexes = frozenset(
        oid("class", Name(table.name.schema, index.name))
        for table in tuple(world.catalog.tables.values())
        if table.partition or table.kind == "partitioned table"
        for index in table.indexes
    )
    if indexes:
        one = OneOf("an index of a partition", nullable=False, numbers=indexes)
        yield {"inhrelid": one, "inhparent": one, MANY: one}


@relation("pg_catalog", "pg_depend")
def pg_depend(world: World) -> Iterator[Row]:
    """Yield the sequences that columns own, which is what Alembic itself asks for in batch mode; and some others."""
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
            "refobjsubid": numbers_of(world.catalog, table)[sequence.owner[1]],
            "deptype": "i" if sequence.internal else "a",
        }
    yield from _other_dependencies(world.catalog, classes)


def _other_dependencies(catalog: Catalog, classes: int) -> Iterator[Row]:
    """Yield what stands for the rows that are not known: among relations, no other sequence depends on any."""
    what = "what else depends on what"
    some, other_catalog = Unknown(what), Besides(what, nullable=False, number=classes)
    relations = frozenset(
        oid("class", name)
        for table in tuple(catalog.tables.values())
        for name in (table.name, *(Name(table.name.schema, index.name) for index in table.indexes))
    )
    columns = ("classid", "objid", "objsubid", "refclassid", "refobjid", "refobjsubid", "deptype", MANY)
    row: Row = dict.fromkeys(columns, some)
    between = {"classid": classes, "refclassid": classes}
    yield row | {"classid": other_catalog}
    yield row | {"classid": classes, "refclassid": other_catalog}
    yield row | between | {"objid": OneOf(what, nullable=False, numbers=relations)}
    yield row | between | {"objid": Elsewhere(what, nullable=False)}


@relation("pg_catalog", "pg_description")
def pg_description(world: World) -> Iterator[Row]:
    """Yield comments of tables and columns."""
    classes = oid("class", Name("pg_catalog", "pg_class"))
    for table in tuple(world.catalog.tables.values()):
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
            "extnamespace": namespace_number(schema),
            "extversion": Unknown("an extension's version", nullable=False),
        }
