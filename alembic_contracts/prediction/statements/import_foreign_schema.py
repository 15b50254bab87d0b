"""IMPORT FOREIGN SCHEMA applied to the catalog: which tables come is known only where they are listed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_contracts.prediction.catalog.doubts import Doubtful, Harmless
from alembic_contracts.prediction.catalog.execution import Handler
from alembic_contracts.prediction.sql import parser, sqlstate
from alembic_contracts.schemas.schema import Name, Table

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["HANDLERS"]


def import_foreign_schema(run: Execution, node: Node) -> None:
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


HANDLERS: dict[str, Handler | Harmless | Doubtful] = {"import_foreign_schema_stmt": import_foreign_schema}
