"""The views of ``pg_catalog`` that version scripts ask, as rows over the in-memory catalog."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from alembic_contracts.prediction.answers.deferred import Deferred, has_index
from alembic_contracts.prediction.answers.definitions import index_text, view_text
from alembic_contracts.prediction.answers.functions import setting
from alembic_contracts.prediction.answers.oids import oid
from alembic_contracts.prediction.answers.system_relations import relation
from alembic_contracts.prediction.answers.values import Unknown

if TYPE_CHECKING:
    from alembic_contracts.prediction.answers.bindings import World
    from alembic_contracts.schemas.schema import Table

__all__: list[str] = []

Row = dict[str, Any]

_SETTINGS = ("server_version_num", "search_path", "session_replication_role")
_TIMEOUTS = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
"""Settings that are shown in another unit than they may be given in."""
_SPELLED = {"datestyle": "DateStyle", "intervalstyle": "IntervalStyle", "timezone": "TimeZone"}


def _owner(world: World, table: Table) -> str | Unknown:
    catalog = world.catalog
    told = table.owner if table.owner != catalog.user else catalog.known_user
    return told or Unknown("who owns a relation", nullable=False)


@relation("pg_catalog", "pg_tables")
def pg_tables(world: World) -> Iterator[Row]:
    """Yield tables."""
    for table in tuple(world.catalog.tables.values()):
        if table.kind in {"table", "partitioned table"}:
            yield {
                "schemaname": table.name.schema,
                "tablename": table.name.name,
                "tableowner": _owner(world, table),
                "tablespace": Unknown("a tablespace"),
                "hasindexes": has_index(table),
            }


@relation("pg_catalog", "pg_views")
def pg_views(world: World) -> Iterator[Row]:
    """Yield views."""
    for table in tuple(world.catalog.tables.values()):
        if table.kind == "view":
            yield {
                "schemaname": table.name.schema,
                "viewname": table.name.name,
                "viewowner": _owner(world, table),
                "definition": Deferred(partial(view_text, world.catalog, table)),
            }


@relation("pg_catalog", "pg_matviews")
def pg_matviews(world: World) -> Iterator[Row]:
    """Yield materialized views."""
    for table in tuple(world.catalog.tables.values()):
        if table.kind == "materialized view":
            yield {
                "schemaname": table.name.schema,
                "matviewname": table.name.name,
                "matviewowner": _owner(world, table),
                "hasindexes": has_index(table),
                "ispopulated": Unknown("whether a materialized view is populated", nullable=False),
                "definition": Deferred(partial(view_text, world.catalog, table)),
            }


@relation("pg_catalog", "pg_indexes")
def pg_indexes(world: World) -> Iterator[Row]:
    """Yield indexes."""
    for table in tuple(world.catalog.tables.values()):
        for index in table.indexes:
            yield {
                "schemaname": table.name.schema,
                "tablename": table.name.name,
                "indexname": index.name,
                "tablespace": Unknown("a tablespace"),
                "indexdef": index_text(world.catalog, table, index.name),
            }


@relation("pg_catalog", "pg_sequences")
def pg_sequences(world: World) -> Iterator[Row]:
    """Yield sequences."""
    for name in tuple(world.catalog.sequences):
        owner = Unknown("who owns a sequence", nullable=False)
        yield {"schemaname": name.schema, "sequencename": name.name, "sequenceowner": owner}


@relation("pg_catalog", "pg_settings")
def pg_settings(world: World) -> Iterator[Row]:
    """Yield the settings that are asked for most."""
    for name in (*_SETTINGS, *_TIMEOUTS):
        value = None if name in _TIMEOUTS else setting(world, name)
        yield {
            "name": _SPELLED.get(name, name),
            "setting": value or Unknown(f"the setting {name}", nullable=False),
            "unit": "ms" if name in _TIMEOUTS else None,
        }


@relation("pg_catalog", "pg_stat_activity")
def pg_stat_activity(world: World) -> Iterator[Row]:
    """Yield the one session that there is."""
    yield {
        "datid": oid("database", world.catalog.database),
        "datname": world.catalog.known_database or Unknown("the database's name", nullable=False),
        "pid": Unknown("a process of the server", nullable=False),
    }
