"""The views of ``information_schema`` that version scripts ask, as rows over the in-memory catalog.

As PostgreSQL's they list what the role owns or may use, which under prediction is everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from alembic_contracts.dialects.postgresql import data_type, datetime_precision, numeric_precision
from alembic_contracts.prediction.answers.deferred import Deferred, number
from alembic_contracts.prediction.answers.definitions import domain_default, text, view_text
from alembic_contracts.prediction.answers.elsewhere import Numbered
from alembic_contracts.prediction.answers.system_relations import relation, relation_by_name
from alembic_contracts.prediction.answers.values import Unknown
from alembic_contracts.prediction.printing.definitions import is_match_full
from alembic_contracts.schemas.schema import Name, Type

if TYPE_CHECKING:
    from alembic_contracts.prediction.answers.bindings import World
    from alembic_contracts.prediction.catalog.catalog import Catalog
    from alembic_contracts.schemas.schema import Column, Constraint, Table, TypeDefinition

Row = dict[str, Any]

_TABLE_TYPES = {
    "table": "BASE TABLE",
    "partitioned table": "BASE TABLE",
    "foreign table": "FOREIGN",
    "view": "VIEW",
}
"""Materialized views are not in ``information_schema``."""
_NOT_NULL_IS_A_CONSTRAINT = 180_000
_CONSTRAINT_TYPES = {
    "primary key": "PRIMARY KEY",
    "unique": "UNIQUE",
    "check": "CHECK",
    "foreign key": "FOREIGN KEY",
    "not null": "CHECK",
}


def _database(catalog: Catalog) -> str | Unknown:
    return catalog.known_database or Unknown("the database's name", nullable=False)


def _tables(catalog: Catalog) -> Iterator[Table]:
    return (table for table in tuple(catalog.tables.values()) if table.kind in _TABLE_TYPES)


def _place(catalog: Catalog, table: Table) -> Row:
    return {"table_catalog": _database(catalog), "table_schema": table.name.schema, "table_name": table.name.name}


@relation("information_schema", "tables")
def tables(world: World) -> Iterator[Row]:
    """Yield tables, foreign tables and views."""
    for table in _tables(world.catalog):
        temporary = table.persistence == "temporary"
        yield _place(world.catalog, table) | {
            "table_type": "LOCAL TEMPORARY" if temporary else _TABLE_TYPES[table.kind],
            "is_insertable_into": "YES" if table.kind != "view" else Unknown("whether a view takes INSERT"),
        }


@relation("information_schema", "views")
def views(world: World) -> Iterator[Row]:
    """Yield views."""
    for table in _tables(world.catalog):
        if table.kind == "view":
            yield _place(world.catalog, table) | {"view_definition": Deferred(partial(view_text, world.catalog, table))}


@relation_by_name("information_schema", "columns", "table_name")
def columns(world: World, only: str | None) -> Iterator[Row]:
    """Yield columns: those of the tables of a name, or of all."""
    for table in _tables(world.catalog):
        if only is not None and table.name.name != only:
            continue
        place = _place(world.catalog, table)
        for position, column in enumerate(table.columns, 1):
            yield place | _column(table, column, position, world.catalog)


def _column(table: Table, column: Column, position: int, catalog: Catalog) -> Row:
    type_ = column.type
    domain = None if type_ is None else _domain(type_, catalog)
    not_null = column.not_null or (domain is not None and domain.not_null)
    row: Row = {
        "column_name": column.name,
        "ordinal_position": number(catalog, table, position),
        "column_default": text(catalog, column.default, table),
        "is_nullable": "NO" if not_null else "YES",
        "is_identity": "YES" if column.identity else "NO",
        "identity_generation": column.identity.upper() or None,
        "is_generated": "ALWAYS" if column.generated else "NEVER",
        "generation_expression": text(catalog, column.expression, table),
        "is_updatable": "YES" if column.updatable else "NO",
        "collation_name": _collation(column),
        "data_type": None,
        "udt_schema": None,
        "udt_name": None,
        "domain_name": None if domain is None else domain.name.name,
        "character_maximum_length": None,
        "numeric_precision": None,
        "numeric_scale": None,
        "datetime_precision": None,
    }
    if type_ is None:
        return row
    if domain is not None and domain.base is not None:
        type_ = domain.base  # no further down: a domain over another one is shown as the other one
    row["data_type"] = data_type(type_, {})
    row["udt_schema"], row["udt_name"] = type_.name.schema, ("_" if type_.dimensions else "") + type_.name.name
    if not type_.dimensions:
        numbers = [int(modifier) for modifier in type_.modifiers if modifier.isdigit()]
        if type_.name.name in {"varchar", "bpchar", "bit", "varbit"} and numbers:
            row["character_maximum_length"] = numbers[0]
        if type_.name.name == "numeric" and numbers:
            row["numeric_scale"] = numbers[1] if len(numbers) > 1 else 0
        elif type_.name.name in {"int2", "int4", "int8"}:
            row["numeric_scale"] = 0
        row["numeric_precision"] = numeric_precision(type_, {})
        row["datetime_precision"] = datetime_precision(type_, {})
    return row


def _domain(type_: Type, catalog: Catalog) -> TypeDefinition | None:
    found = None if type_.dimensions else catalog.types.get(type_.name)
    return found if found is not None and found.kind == "domain" else None


def _collation(column: Column) -> str | None:
    """Return the name of a collation that is not the database's own, as that of the type ``name`` is not."""
    if column.collation is None and column.type == Type(Name("pg_catalog", "name")):
        return "C"
    return column.collation


def _constraints(catalog: Catalog) -> Iterator[tuple[Table, Constraint]]:
    for table in _tables(catalog):
        for constraint in table.constraints:
            if constraint.kind in _CONSTRAINT_TYPES:
                yield table, constraint


def _constraint_place(catalog: Catalog, table: Table, constraint: Constraint) -> Row:
    return {
        "constraint_catalog": _database(catalog),
        "constraint_schema": table.name.schema,
        "constraint_name": constraint.name,
    }


@relation("information_schema", "table_constraints")
def table_constraints(world: World) -> Iterator[Row]:
    """Yield constraints."""
    for table, constraint in _constraints(world.catalog):
        yield (
            _constraint_place(world.catalog, table, constraint)
            | _place(world.catalog, table)
            | {
                "constraint_type": _CONSTRAINT_TYPES[constraint.kind],
                "is_deferrable": "YES" if constraint.deferrable else "NO",
                "initially_deferred": "YES" if constraint.initially_deferred else "NO",
                "enforced": "YES",
            }
        )
    for table, _, name in _numbered(world.catalog):
        deferral = {"is_deferrable": "NO", "initially_deferred": "NO", "enforced": "YES"}
        yield name | _place(world.catalog, table) | {"constraint_type": "CHECK"} | deferral


def _numbered(catalog: Catalog) -> Iterator[tuple[Table, Column, Row]]:
    """Yield the columns that forbid NULL where that is no constraint, with how it is called nevertheless."""
    if catalog.server_version >= _NOT_NULL_IS_A_CONSTRAINT:
        return
    name = Numbered("the name of a NOT NULL before PostgreSQL 18", nullable=False)
    for table in _tables(catalog):
        place = {"constraint_catalog": _database(catalog), "constraint_schema": table.name.schema}
        yield from ((table, column, place | {"constraint_name": name}) for column in table.columns if column.not_null)


@relation("information_schema", "key_column_usage")
def key_column_usage(world: World) -> Iterator[Row]:
    """Yield the columns of keys."""
    for table, constraint in _constraints(world.catalog):
        if constraint.kind not in {"primary key", "unique", "foreign key"}:
            continue
        for position, column in enumerate(constraint.columns, 1):
            yield (
                _constraint_place(world.catalog, table, constraint)
                | _place(world.catalog, table)
                | {
                    "column_name": column,
                    "ordinal_position": position,
                    "position_in_unique_constraint": position if constraint.kind == "foreign key" else None,
                }
            )


@relation("information_schema", "constraint_column_usage")
def constraint_column_usage(world: World) -> Iterator[Row]:
    """Yield the columns that constraints use; those of a foreign key are the ones that it points at."""
    for table, constraint in _constraints(world.catalog):
        used, names = table.name, constraint.columns
        if constraint.kind == "foreign key" and constraint.references is not None:
            used, names = constraint.references, constraint.referenced_columns
        for column in names:
            yield _constraint_place(world.catalog, table, constraint) | {
                "table_catalog": _database(world.catalog),
                "table_schema": used.schema,
                "table_name": used.name,
                "column_name": column,
            }


@relation("information_schema", "constraint_table_usage")
def constraint_table_usage(world: World) -> Iterator[Row]:
    """Yield the tables that constraints use."""
    for table, constraint in _constraints(world.catalog):
        if constraint.kind in {"check", "not null"}:
            continue
        used = constraint.references if constraint.references is not None else table.name
        yield _constraint_place(world.catalog, table, constraint) | {
            "table_catalog": _database(world.catalog),
            "table_schema": used.schema,
            "table_name": used.name,
        }


@relation("information_schema", "referential_constraints")
def referential_constraints(world: World) -> Iterator[Row]:
    """Yield foreign keys."""
    for table, constraint in _constraints(world.catalog):
        if constraint.kind != "foreign key" or constraint.references is None:
            continue
        target = world.catalog.table(constraint.references)
        unique = next(
            (c.name for c in (target.constraints if target is not None else ())
             if c.kind in {"primary key", "unique"} and set(c.columns) == set(constraint.referenced_columns)),
            None,
        )  # fmt: skip
        yield _constraint_place(world.catalog, table, constraint) | {
            "unique_constraint_catalog": _database(world.catalog),
            "unique_constraint_schema": constraint.references.schema,
            "unique_constraint_name": unique,
            "match_option": "FULL" if is_match_full(constraint) else "NONE",
            "update_rule": constraint.on_update.upper() or "NO ACTION",
            "delete_rule": constraint.on_delete.upper() or "NO ACTION",
        }


@relation("information_schema", "check_constraints")
def check_constraints(world: World) -> Iterator[Row]:
    """Yield check constraints."""
    for table, constraint in _constraints(world.catalog):
        if constraint.kind == "check":
            clause: Any = text(world.catalog, constraint.expression, table)
            if world.catalog.server_version < _NOT_NULL_IS_A_CONSTRAINT:
                clause = Unknown("a check constraint's clause on this version of PostgreSQL")
            yield _constraint_place(world.catalog, table, constraint) | {"check_clause": clause}
        elif constraint.kind == "not null":
            clause = f"{constraint.columns[0]} IS NOT NULL"
            yield _constraint_place(world.catalog, table, constraint) | {"check_clause": clause}
    for _, column, name in _numbered(world.catalog):
        yield name | {"check_clause": f"{column.name} IS NOT NULL"}
    yield from _of_domains(world)


def _of_domains(world: World) -> Iterator[Row]:
    for name, definition in tuple(world.catalog.types.items()):
        place = {"constraint_catalog": _database(world.catalog), "constraint_schema": name.schema}
        for check in definition.checks:
            clause: Any = text(world.catalog, check.expression)
            if world.catalog.server_version < _NOT_NULL_IS_A_CONSTRAINT:
                clause = Unknown("a check constraint's clause on this version of PostgreSQL")
            yield place | {"constraint_name": check.name, "check_clause": clause}
        if definition.not_null:
            constraint = Unknown("the name of a domain's NOT NULL constraint")
            yield place | {"constraint_name": constraint, "check_clause": "VALUE IS NOT NULL"}


@relation("information_schema", "schemata")
def schemata(world: World) -> Iterator[Row]:
    """Yield schemas."""
    for name in ("pg_catalog", "information_schema", *world.catalog.namespaces):
        yield {
            "catalog_name": _database(world.catalog),
            "schema_name": name,
            "schema_owner": Unknown("who owns a schema", nullable=False),
        }


@relation("information_schema", "sequences")
def sequences(world: World) -> Iterator[Row]:
    """Yield sequences, without those of identity columns."""
    for name, sequence in tuple(world.catalog.sequences.items()):
        if not sequence.internal:
            yield {
                "sequence_catalog": _database(world.catalog),
                "sequence_schema": name.schema,
                "sequence_name": name.name,
            }


@relation("information_schema", "domains")
def domains(world: World) -> Iterator[Row]:
    """Yield domains."""
    for name, definition in tuple(world.catalog.types.items()):
        if definition.kind == "domain":
            base = definition.base
            yield {
                "domain_catalog": _database(world.catalog),
                "domain_schema": name.schema,
                "domain_name": name.name,
                "data_type": None if base is None else data_type(base, {}),
                "domain_default": domain_default(definition),
            }
