"""``pg_constraint``, as rows over the in-memory catalog: constraints of tables and domains."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from alembic_contracts.prediction.answers.deferred import Stored, numbers_of
from alembic_contracts.prediction.answers.elsewhere import OneOf
from alembic_contracts.prediction.answers.oids import namespace_number, oid
from alembic_contracts.prediction.answers.system_relations import relation_by_name
from alembic_contracts.prediction.answers.values import Unknown
from alembic_contracts.schemas.schema import Name

if TYPE_CHECKING:
    from alembic_contracts.prediction.answers.bindings import World
    from alembic_contracts.schemas.schema import Constraint, Table

__all__: list[str] = []

Row = dict[str, Any]

_DOMAINS_NOT_NULL = 170_000
"""The first version that keeps a domain's NOT NULL as a constraint."""
_CONTYPES = {"primary key": "p", "unique": "u", "check": "c", "foreign key": "f", "exclude": "x", "not null": "n"}


_OF_PARENTS = Unknown("which constraints a table has of its parents", nullable=False)


@relation_by_name("pg_catalog", "pg_constraint", "conname")
def pg_constraint(world: World, only: str | None) -> Iterator[Row]:
    """Yield constraints of tables and domains: of tables those of a name, or all."""
    for table in tuple(world.catalog.tables.values()):
        wanted = [each for each in table.constraints if only is None or each.name == only]
        numbers = numbers_of(world.catalog, table) if wanted else {}
        for constraint in wanted:
            target = constraint.references
            target_table = world.catalog.table(target) if target is not None else None
            target_numbers = numbers_of(world.catalog, target_table) if target_table else {}
            merged = constraint.inherited and not table.partition
            yield {
                "oid": oid("constraint", (table.name, constraint.name)),
                "conname": constraint.name,
                "connamespace": namespace_number(table.name.schema),
                "contype": _CONTYPES[constraint.kind],
                "condeferrable": constraint.deferrable,
                "condeferred": constraint.initially_deferred,
                "convalidated": constraint.valid,
                "conrelid": oid("class", table.name),
                "contypid": 0,
                "conindid": _index_of(world, table, constraint),
                "conparentid": Unknown("a constraint's parent", nullable=False) if table.partition else 0,
                "confrelid": oid("class", target) if target is not None else 0,
                "conislocal": _OF_PARENTS if merged else not constraint.inherited,
                "coninhcount": _OF_PARENTS if merged else int(constraint.inherited),
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
                "connamespace": namespace_number(name.schema),
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


def _index_of(world: World, table: Table, constraint: Constraint) -> Any:
    """Return ``conindid``: the index that enforces a key, or that a foreign key points at."""
    if constraint.kind in {"check", "not null"}:
        return 0
    if constraint.kind == "foreign key":
        target = world.catalog.table(constraint.references) if constraint.references is not None else None
        if target is None:
            return Unknown("the index that a foreign key points at", nullable=False)
        indexes = [
            oid("class", Name(target.name.schema, index.name))
            for index in target.indexes
            if index.unique and index.predicate is None and set(index.columns) == set(constraint.referenced_columns)
        ]
        several = OneOf("the index that a foreign key points at", nullable=False, numbers=frozenset(indexes))
        return indexes[0] if len(indexes) == 1 else several
    return oid("class", Name(table.name.schema, constraint.name))


def _no_inherit(table: Table, constraint: Constraint) -> bool | Unknown:
    if constraint.kind in {"check", "not null"}:
        return constraint.no_inherit
    # Keys are not inherited, but partitions have those of their parent.
    parted = table.partition or table.kind == "partitioned table"
    return Unknown("connoinherit where there are partitions") if parted else True
