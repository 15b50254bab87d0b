"""CREATE SCHEMA applied to the catalog, with the objects that it may list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from alembic_contracts.prediction.catalog.access import owner_of
from alembic_contracts.prediction.sql import sqlstate
from alembic_contracts.prediction.sql.parser import Statement, kind_of, unwrap

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["HANDLERS"]


def create_schema(run: Execution, node: Node) -> None:
    """Apply CREATE SCHEMA; what it lists is made in that schema, whatever the search path.

    Raises:
        PostgresError: 42P06 it exists, 42939 its name is reserved, 42704 no such role.
    """
    owner = owner_of(run.state, node.authrole) if node.HasField("authrole") else ""
    name = node.schemaname or owner or run.state.current_user
    if name.startswith("pg_"):
        raise sqlstate.PostgresError("42939", f'unacceptable schema name "{name}"')
    if run.state.has_namespace(name):
        if node.if_not_exists:
            return
        raise sqlstate.duplicate_schema(name)
    run.state.namespaces.put(name, owner or run.state.current_user)
    usage = run.state.access_so_far.schema_usage | {(name, owner or run.state.current_user)}
    run.state.set_access(replace(run.state.access_so_far, schema_usage=usage))
    if not len(node.schema_elts):
        return
    before = run.state.local_settings.get("search_path")
    rest = ", ".join(f'"{part}"' for part in run.state.search_path)
    run.state.local_settings.put("search_path", f'"{name}", {rest}')
    with run.inside():
        for element in node.schema_elts:
            run.apply(Statement(run.statement.sql, kind_of(element), unwrap(element)))
    if before is None:
        run.state.local_settings.remove("search_path")
    else:
        run.state.local_settings.put("search_path", before)


HANDLERS = {"create_schema_stmt": create_schema}
