"""VACUUM, REINDEX, LOCK, CREATE DATABASE and the like, checked as PostgreSQL checks them; no table's shape changes.

What must stand alone is refused inside of a transaction block; names of tables are looked up where the server does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_contracts.prediction.catalog.doubts import Doubtful, Harmless
from alembic_contracts.prediction.catalog.execution import Handler
from alembic_contracts.prediction.catalog.relations import find
from alembic_contracts.prediction.sql import parser, sqlstate

if TYPE_CHECKING:
    from collections.abc import Collection

    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.sql.parser import Node
    from alembic_contracts.schemas.schema import Table

__all__ = ["HANDLERS"]


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


def _check_relation(run: Execution, relation: Node) -> None:
    """Refuse a relation of any kind that does not exist."""
    state = run.state
    if state.find_relation(relation.relname, relation.schemaname or None) is not None or not state.complete_tables:
        return
    if relation.schemaname in {"pg_catalog", "information_schema"} or relation.relname.startswith("pg_"):
        return
    if relation.schemaname and not state.has_namespace(relation.schemaname):
        raise sqlstate.undefined_schema(relation.schemaname)
    raise sqlstate.undefined_table(relation.relname)


def lock(run: Execution, node: Node) -> None:
    """Check LOCK TABLE.

    Raises:
        PostgresError: 25P01 outside of a transaction block, 42P01, 42809 its rows cannot be locked.
    """
    if not run.transactions.active and not run.depth:
        raise sqlstate.not_in_transaction_block("LOCK TABLE")
    for relation in parser.children(node.relations):
        _check_relation(run, relation)
        _refuse_other_kinds(run, relation, _LOCKED, "a table or view")


_LOCKED = frozenset({"table", "partitioned table", "view"})
_INDEXED = frozenset({"table", "partitioned table", "materialized view"})


def _refuse_other_kinds(run: Execution, relation: Node, kinds: Collection[str], noun: str) -> None:
    found = run.state.find_relation(relation.relname, relation.schemaname or None)
    if found is not None and found[1] not in kinds:
        raise sqlstate.wrong_object_type(f'"{relation.relname}" is not {noun}')


def vacuum(run: Execution, node: Node) -> None:
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


def reindex(run: Execution, node: Node) -> None:
    """Check REINDEX.

    Raises:
        PostgresError: 25001 (CONCURRENTLY, whole schemas and databases, partitioned tables), 42P01, 3F000, 42809.
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
    if kind == "INDEX":
        _refuse_other_kinds(run, node.relation, {"index"}, "an index")
    else:
        _refuse_other_kinds(run, node.relation, _INDEXED, "a table or materialized view")
    name, schema = node.relation.relname, node.relation.schemaname or None
    found = run.state.find_relation(name, schema)
    table = None if found is None else run.state.tables.get(found[0]) or run.state.index_table(found[0])
    if table is not None and table.kind == "partitioned table":
        run.forbid_transaction(f"REINDEX {kind}")


def _refuse_without_storage(table: Table) -> None:
    if table.kind in {"view", "foreign table"}:
        raise sqlstate.wrong_object_type(f'"{table.name.name}" is not a table or materialized view')


def cluster(run: Execution, node: Node) -> None:
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
    _refuse_without_storage(table)
    if node.indexname and all(index.name != node.indexname for index in table.indexes):
        raise sqlstate.undefined_object("index", node.indexname)


def refresh(run: Execution, node: Node) -> None:
    """Check REFRESH MATERIALIZED VIEW.

    Raises:
        PostgresError: 42P01, 42809 it is a view, 0A000 it is a table, 55000 CONCURRENTLY without a unique index over
            all rows.
    """
    table = find(run, node.relation)
    if table is None:
        return
    if table.kind not in {"table", "materialized view"}:
        raise sqlstate.wrong_object_type(f'"{table.name.name}" is not a table or materialized view')
    if table.kind != "materialized view":
        raise sqlstate.feature_not_supported(f'"{table.name.name}" is not a materialized view')
    usable = any(i.unique and i.predicate is None and None not in i.columns for i in table.indexes)
    if node.concurrent and not usable and run.state.complete_tables:
        message = f'cannot refresh materialized view "{table.name}" concurrently'
        raise sqlstate.PostgresError("55000", message)
    run.reads.update(name for name, _ in table.depends_on)


def _stands_alone(command: str) -> Handler:
    """Return the handler of a harmless command that is refused in a transaction block (25001)."""

    def check(run: Execution, node: Node) -> None:
        del node
        run.forbid_transaction(command)

    return check


def create_subscription(run: Execution, node: Node) -> None:
    """Check CREATE SUBSCRIPTION: 25001 where it creates a slot, which it does unless told otherwise."""
    connects = _option(node.options, "connect") is None or _is_on(node.options, "connect")
    creates = _option(node.options, "create_slot") is None or _is_on(node.options, "create_slot")
    if connects and creates:
        run.forbid_transaction("CREATE SUBSCRIPTION ... WITH (create_slot = true)")


def alter_database(run: Execution, node: Node) -> None:
    """Check ALTER DATABASE: 25001 where it moves to another tablespace."""
    if _option(node.options, "tablespace") is not None:
        run.forbid_transaction("ALTER DATABASE SET TABLESPACE")


HANDLERS: dict[str, Handler | Harmless | Doubtful] = {
    "drop_owned_stmt": Doubtful("what a role owns, and DROP OWNED drops, is not known"),
    "lock_stmt": lock,
    "vacuum_stmt": vacuum,
    "reindex_stmt": reindex,
    "cluster_stmt": cluster,
    "refresh_mat_view_stmt": refresh,
    "load_stmt": Doubtful("a library that is loaded into the server may change what statements do"),
    "create_table_space_stmt": _stands_alone("CREATE TABLESPACE"),
    "drop_table_space_stmt": _stands_alone("DROP TABLESPACE"),
    "createdb_stmt": _stands_alone("CREATE DATABASE"),
    "dropdb_stmt": _stands_alone("DROP DATABASE"),
    "alter_database_stmt": alter_database,
    "alter_system_stmt": _stands_alone("ALTER SYSTEM"),
    "create_subscription_stmt": create_subscription,
    "return_stmt": Harmless("the parser puts it only inside of other statements"),
}
