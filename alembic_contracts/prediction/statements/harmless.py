"""Statements that cannot change the shape of a table, and those whose effect is not known.

What must stand alone is refused inside of a transaction block as PostgreSQL refuses it; names of tables are looked up
where the server does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_contracts.prediction.catalog.execution import Doubtful, Handler, Harmless
from alembic_contracts.prediction.catalog.relations import find
from alembic_contracts.prediction.sql import parser, sqlstate
from alembic_contracts.schemas.schema import Name, Table

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Run
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["HANDLERS"]

_SERVER = Harmless("tablespaces and databases belong to the whole server")
_TEXT_SEARCH = Harmless("text search configurations are used by functions at run time alone")
_OPERATORS = Harmless("operators, casts and their classes give columns no other type")
_FOREIGN = Harmless("servers and wrappers are where foreign tables' rows come from")
_MESSAGES = Harmless("messages between sessions")
_LABELS = Harmless("labels, statistics and dependency marks are kept beside the table")
_NEVER_ALONE = Harmless("the parser puts it only inside of other statements")


def _option(node: Node, name: str) -> str | None:
    """Return an option of a parenthesised list as text, "true" where it has no value; None where it is not there."""
    for option in parser.children(node):
        if option.defname == name:
            value = parser.child(option, "arg")
            if value is None:
                return "true"
            return str(value.sval if hasattr(value, "sval") else getattr(value, "ival", getattr(value, "boolval", "")))
    return None


def _is_on(node: Node, name: str) -> bool:
    value = _option(node, name)
    return value is not None and value.lower() not in {"false", "off", "0", "no"}


def _check_relation(run: Run, relation: Node) -> None:
    """Refuse a relation of any kind that does not exist."""
    state = run.state
    if state.find_relation(relation.relname, relation.schemaname or None) is not None or not state.complete_tables:
        return
    if relation.schemaname in {"pg_catalog", "information_schema"} or relation.relname.startswith("pg_"):
        return
    if relation.schemaname and not state.has_namespace(relation.schemaname):
        raise sqlstate.undefined_schema(relation.schemaname)
    raise sqlstate.undefined_table(relation.relname)


def lock(run: Run, node: Node) -> None:
    """Check LOCK TABLE.

    Raises:
        PostgresError: 25P01 outside of a transaction block, 42P01.
    """
    if not run.transactions.active and not run.depth:
        raise sqlstate.not_in_transaction_block("LOCK TABLE")
    for relation in parser.children(node.relations):
        _check_relation(run, relation)


def vacuum(run: Run, node: Node) -> None:
    """Check VACUUM and ANALYZE.

    Raises:
        PostgresError: 25001 (VACUUM alone), 42P01, 42703.
    """
    if node.is_vacuumcmd:
        run.forbid_transaction("VACUUM")
    for relation in parser.children(node.rels):
        _check_relation(run, relation.relation)
        table = run.state.find_table(relation.relation.relname, relation.relation.schemaname or None)
        for column in parser.strings(relation.va_cols):
            if table is not None and table.complete and table.column(column) is None:
                raise sqlstate.undefined_column(column, table.name.name)


def reindex(run: Run, node: Node) -> None:
    """Check REINDEX.

    Raises:
        PostgresError: 25001 (CONCURRENTLY, whole schemas and databases, partitioned tables), 42P01, 3F000.
    """
    kind = parser.enum_name(node, "kind").removeprefix("REINDEX_OBJECT_")
    if _is_on(node.params, "concurrently"):
        run.forbid_transaction("REINDEX CONCURRENTLY")
    if kind in {"SCHEMA", "SYSTEM", "DATABASE"}:
        run.forbid_transaction(f"REINDEX {kind}")
        if kind == "SCHEMA" and not run.state.has_namespace(node.name) and run.state.complete_tables:
            raise sqlstate.undefined_schema(node.name)
        return
    _check_relation(run, node.relation)
    name, schema = node.relation.relname, node.relation.schemaname or None
    found = run.state.find_relation(name, schema)
    table = None if found is None else run.state.tables.get(found[0]) or run.state.index_table(found[0])
    if table is not None and table.kind == "partitioned table":
        run.forbid_transaction(f"REINDEX {kind}")


def cluster(run: Run, node: Node) -> None:
    """Check CLUSTER.

    Raises:
        PostgresError: 25001 (all tables, a partitioned table), 42P01, 42704.
    """
    if not node.HasField("relation"):
        run.forbid_transaction("CLUSTER")
        return
    table = find(run, node.relation)
    if table is None:
        return
    if table.kind == "partitioned table":
        run.forbid_transaction("CLUSTER")
    if node.indexname and all(index.name != node.indexname for index in table.indexes):
        raise sqlstate.undefined_object("index", node.indexname)


def refresh(run: Run, node: Node) -> None:
    """Check REFRESH MATERIALIZED VIEW.

    Raises:
        PostgresError: 42P01, 0A000 it is none, 55000 CONCURRENTLY without a unique index over all rows.
    """
    table = find(run, node.relation)
    if table is None:
        return
    if table.kind != "materialized view":
        raise sqlstate.feature_not_supported(f'"{table.name.name}" is not a materialized view')
    usable = any(i.unique and i.predicate is None and None not in i.columns for i in table.indexes)
    if node.concurrent and not usable and run.state.complete_tables:
        message = f'cannot refresh materialized view "{table.name}" concurrently'
        raise sqlstate.PostgresError("55000", message)
    run.reads.update(name for name, _ in table.depends_on)


def _stands_alone(command: str) -> Handler:
    """Return the handler of a harmless command that is refused in a transaction block (25001)."""

    def check(run: Run, node: Node) -> None:
        del node
        run.forbid_transaction(command)

    return check


def create_subscription(run: Run, node: Node) -> None:
    """Check CREATE SUBSCRIPTION: 25001 where it creates a slot, which it does unless told otherwise."""
    connects = _option(node.options, "connect") is None or _is_on(node.options, "connect")
    creates = _option(node.options, "create_slot") is None or _is_on(node.options, "create_slot")
    if connects and creates:
        run.forbid_transaction("CREATE SUBSCRIPTION ... WITH (create_slot = true)")


def alter_database(run: Run, node: Node) -> None:
    """Check ALTER DATABASE: 25001 where it moves to another tablespace."""
    if _option(node.options, "tablespace") is not None:
        run.forbid_transaction("ALTER DATABASE SET TABLESPACE")


def import_foreign_schema(run: Run, node: Node) -> None:
    """Apply IMPORT FOREIGN SCHEMA: which tables come is known only where they are listed, their columns never.

    Raises:
        PostgresError: 3F000 there is no such local schema, 42P07 a table is there already.
    """
    schema = node.local_schema
    if not run.state.has_namespace(schema) and run.state.complete_tables:
        raise sqlstate.undefined_schema(schema)
    if parser.enum_name(node, "list_type") != "FDW_IMPORT_SCHEMA_LIMIT_TO":
        run.doubt(f"which tables IMPORT FOREIGN SCHEMA {node.remote_schema} creates is not known")
        return
    for relation in parser.children(node.table_list):
        name = Name(schema, relation.relname)
        if run.state.relation_kind(name) is not None:
            raise sqlstate.duplicate_table(name.name)
        run.state.tables.put(name, Table(name=name, kind="foreign table", complete=False))
        run.doubt(f"the columns of foreign table {name} are not known", [name])


HANDLERS: dict[str, Handler | Harmless | Doubtful] = {
    "alter_role_set_stmt": Harmless("a role's settings count from the next session on"),
    "drop_owned_stmt": Doubtful("what a role owns, and DROP OWNED drops, is not known"),
    "sec_label_stmt": _LABELS,
    "alter_stats_stmt": _LABELS,
    "alter_object_depends_stmt": _LABELS,
    "lock_stmt": lock,
    "vacuum_stmt": vacuum,
    "reindex_stmt": reindex,
    "cluster_stmt": cluster,
    "refresh_mat_view_stmt": refresh,
    "notify_stmt": _MESSAGES,
    "listen_stmt": _MESSAGES,
    "unlisten_stmt": _MESSAGES,
    "check_point_stmt": Harmless("writes what is in memory to disk"),
    "load_stmt": Doubtful("a library that is loaded into the server may change what statements do"),
    "create_table_space_stmt": _stands_alone("CREATE TABLESPACE"),
    "drop_table_space_stmt": _stands_alone("DROP TABLESPACE"),
    "alter_table_space_options_stmt": _SERVER,
    "alter_table_move_all_stmt": Harmless("tables only move to another tablespace"),
    "createdb_stmt": _stands_alone("CREATE DATABASE"),
    "dropdb_stmt": _stands_alone("DROP DATABASE"),
    "alter_database_stmt": alter_database,
    "alter_database_set_stmt": Harmless("a database's settings count from the next session on"),
    "alter_database_refresh_coll_stmt": _SERVER,
    "alter_system_stmt": _stands_alone("ALTER SYSTEM"),
    "create_subscription_stmt": create_subscription,
    "alter_subscription_stmt": Harmless("replication brings rows, no columns"),
    "drop_subscription_stmt": Harmless("replication brings rows, no columns"),
    "create_fdw_stmt": _FOREIGN,
    "alter_fdw_stmt": _FOREIGN,
    "create_foreign_server_stmt": _FOREIGN,
    "alter_foreign_server_stmt": _FOREIGN,
    "create_user_mapping_stmt": _FOREIGN,
    "alter_user_mapping_stmt": _FOREIGN,
    "drop_user_mapping_stmt": _FOREIGN,
    "import_foreign_schema_stmt": import_foreign_schema,
    "create_am_stmt": Harmless("how rows are stored is no part of a table's shape"),
    "create_plang_stmt": Harmless("a language is used by functions alone"),
    "create_cast_stmt": _OPERATORS,
    "create_op_class_stmt": _OPERATORS,
    "create_op_family_stmt": _OPERATORS,
    "alter_op_family_stmt": _OPERATORS,
    "alter_operator_stmt": _OPERATORS,
    "create_conversion_stmt": _OPERATORS,
    "create_transform_stmt": _OPERATORS,
    "alter_collation_stmt": Harmless("only the version that PostgreSQL remembers changes"),
    "alter_tsdictionary_stmt": _TEXT_SEARCH,
    "alter_tsconfiguration_stmt": _TEXT_SEARCH,
    "raw_stmt": _NEVER_ALONE,
    "set_operation_stmt": _NEVER_ALONE,
    "return_stmt": _NEVER_ALONE,
    "plassign_stmt": _NEVER_ALONE,
    "replica_identity_stmt": _NEVER_ALONE,
}
