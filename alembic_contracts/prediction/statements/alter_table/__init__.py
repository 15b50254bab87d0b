"""ALTER TABLE applied to the catalog: one statement's subcommands, in the order in which the server takes them.

subcommands       the table being altered, and the passes of the server
columns, retyping, generation, constraints, whole_table, view_options   the subcommands, by what they are about
composite         ALTER TYPE for attributes
reprinting        what is printed of expressions whose columns have another type
"""

from __future__ import annotations

import heapq
import re
from typing import TYPE_CHECKING

from alembic_contracts.prediction.catalog import pending_events
from alembic_contracts.prediction.catalog.doubts import Harmless
from alembic_contracts.prediction.catalog.relations import find
from alembic_contracts.prediction.sql import parser, sqlstate
from alembic_contracts.prediction.statements.alter_table import columns, constraints, view_options, whole_table
from alembic_contracts.prediction.statements.alter_table.subcommands import DROP, Alteration, Later, Subcommand
from alembic_contracts.schemas.schema import Name

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.prediction.sql.parser import Node
    from alembic_contracts.schemas.schema import Table

__all__ = ["HANDLERS", "SUBCOMMANDS"]

SUBCOMMANDS: dict[str, Subcommand | Harmless] = {
    **columns.SUBCOMMANDS,
    **constraints.SUBCOMMANDS,
    **whole_table.SUBCOMMANDS,
    **view_options.SUBCOMMANDS,
}
"""What each AlterTableType does."""

_ON_VIEWS = frozenset({"AT_ColumnDefault", "AT_ChangeOwner", "AT_SetRelOptions", "AT_ResetRelOptions"})
_ON_MATERIALIZED = frozenset(
    {
        "AT_ChangeOwner", "AT_SetRelOptions", "AT_ResetRelOptions", "AT_SetStatistics", "AT_SetStorage",
        "AT_SetOptions", "AT_ResetOptions", "AT_SetCompression", "AT_ClusterOn", "AT_DropCluster",
        "AT_SetAccessMethod", "AT_SetTableSpace", "AT_ReplicaIdentity",
    }
)  # fmt: skip
_NOUNS = {
    "OBJECT_TABLE": ("table", frozenset({"table", "partitioned table", "view", "materialized view", "foreign table"})),
    "OBJECT_VIEW": ("view", frozenset({"view"})),
    "OBJECT_MATVIEW": ("materialized view", frozenset({"materialized view"})),
    "OBJECT_FOREIGN_TABLE": ("foreign table", frozenset({"foreign table"})),
}


def alter_table(run: Execution, node: Node) -> None:
    """Apply ALTER TABLE, VIEW, INDEX, SEQUENCE, and TYPE for attributes.

    Raises:
        PostgresError: as the server would.
    """
    kind = parser.enum_name(node, "objtype")
    if kind == "OBJECT_TYPE":
        from alembic_contracts.prediction.statements.alter_table.composite import alter_composite

        alter_composite(run, node)
    elif kind in {"OBJECT_INDEX", "OBJECT_SEQUENCE"}:
        _alter_other(run, node, "index" if kind == "OBJECT_INDEX" else "sequence")
    else:
        _alter(run, node, kind)


def _alter_other(run: Execution, node: Node, noun: str) -> None:
    """Check an index or sequence; its options concern no table's shape."""
    relation = node.relation
    found = run.state.find_relation(relation.relname, relation.schemaname or None)
    if found is None and not node.missing_ok and run.state.complete_tables:
        raise sqlstate.undefined_table(relation.relname)
    if found is not None and found[1] != noun:
        raise sqlstate.wrong_object_type(f'"{relation.relname}" is not a {noun}')
    if found is not None:
        _refuse_on_other(run.state, node, found)
    for command in parser.children(node.cmds):
        if parser.enum_name(command, "subtype") == "AT_AttachPartition":
            _require_index(run, parser.unwrap(getattr(command, "def")).name)


def _require_index(run: Execution, written: Node) -> None:
    """Refuse to attach to an index what is none."""
    found = run.state.find_relation(written.relname, written.schemaname or None)
    if found is None and run.state.complete_tables:
        raise sqlstate.undefined_table(written.relname)
    if found is not None and found[1] != "index":
        raise sqlstate.invalid_definition(f'"{written.relname}" is not an index')


def _alter(run: Execution, node: Node, kind: str) -> None:
    noun, kinds = _NOUNS[kind]
    relation = node.relation
    other = run.state.find_relation(relation.relname, relation.schemaname or None)
    if other is not None and other[1] in {"sequence", "index"} and kind == "OBJECT_TABLE":
        _refuse_on_other(run.state, node, other)
        return
    table = find(run, relation, missing_ok=node.missing_ok, noun=noun)
    if table is None:
        return
    if table.kind not in kinds:
        raise sqlstate.wrong_object_type(f'"{table.name.name}" is not a {noun}')
    pending_events.refuse(run, table, "ALTER TABLE")
    queue: list[tuple[int, int, Later]] = []
    for position, command in enumerate(parser.children(node.cmds)):
        subtype = parser.enum_name(command, "subtype")
        _refuse_on_views(table, subtype)
        entry = SUBCOMMANDS.get(subtype)
        if entry is None:
            run.doubt(f"{subtype} is not understood", [table.name])
        elif isinstance(entry, Subcommand):
            order = DROP if subtype == "AT_ColumnDefault" and not command.HasField("def") else entry.order
            heapq.heappush(queue, (order, position, Later(entry.apply, command)))
    alteration = Alteration(run, table.name, recurse=relation.inh)
    _carry_out(alteration, queue)


_ON_OTHERS = {
    "index": frozenset(
        {"AT_ChangeOwner", "AT_SetRelOptions", "AT_ResetRelOptions", "AT_SetTableSpace", "AT_SetStatistics"}
    ),
    "partitioned index": frozenset({"AT_SetTableSpace", "AT_SetStatistics", "AT_AttachPartition"}),
    "sequence": frozenset({"AT_ChangeOwner", "AT_SetLogged", "AT_SetUnLogged"}),
}
_OF_INDEXES_ALONE = frozenset({"AT_SetStatistics", "AT_AttachPartition"})
"""What ALTER INDEX does and ALTER TABLE does not."""


def _refuse_on_other(state: State, node: Node, other: tuple[Name, str]) -> None:
    """ALTER TABLE works on indexes and sequences for a few things that concern no table's shape."""
    name, kind = other
    owner = state.index_table(name) if kind == "index" else None
    if owner is not None and owner.kind == "partitioned table":
        kind = "partitioned index"
    as_table = parser.enum_name(node, "objtype") == "OBJECT_TABLE"
    allowed = _ON_OTHERS[kind] - _OF_INDEXES_ALONE if as_table else _ON_OTHERS[kind]
    for command in parser.children(node.cmds):
        if parser.enum_name(command, "subtype") not in allowed:
            raise sqlstate.wrong_object_type(f'"{name.name}" is a {kind}')
        if parser.enum_name(command, "subtype") == "AT_ChangeOwner":
            from alembic_contracts.prediction.catalog.access import owner_of

            owner_of(state, command.newowner)


def _carry_out(alteration: Alteration, queue: list[tuple[int, int, Later]]) -> None:
    count = len(queue)
    while queue:
        _, _, task = heapq.heappop(queue)
        task.apply(alteration, task.node)
        for order, later in alteration.take_later():
            count += 1
            heapq.heappush(queue, (order, count, later))


def _refuse_on_views(table: Table, subtype: str) -> None:
    allowed = {"view": _ON_VIEWS, "materialized view": _ON_MATERIALIZED}.get(table.kind)
    if allowed is not None and subtype not in allowed:
        message = f'ALTER action {_spelled(subtype)} cannot be performed on relation "{table.name.name}"'
        raise sqlstate.wrong_object_type(f"{message}: this operation is not supported for {table.kind}s")


def _spelled(subtype: str) -> str:
    """Return how SQL writes a subcommand (``AT_SetNotNull``: SET NOT NULL)."""
    words = _SPELLINGS.get(subtype) or re.sub(r"(?<!^)([A-Z])", r" \1", subtype.removeprefix("AT_"))
    return words.upper()


_SPELLINGS = {
    "AT_SetNotNull": "ALTER COLUMN ... SET NOT NULL",
    "AT_DropNotNull": "ALTER COLUMN ... DROP NOT NULL",
    "AT_AlterColumnType": "ALTER COLUMN ... SET DATA TYPE",
    "AT_SetStatistics": "ALTER COLUMN ... SET STATISTICS",
    "AT_SetStorage": "ALTER COLUMN ... SET STORAGE",
    "AT_AddIdentity": "ALTER COLUMN ... ADD IDENTITY",
    "AT_SetIdentity": "ALTER COLUMN ... SET",
    "AT_DropIdentity": "ALTER COLUMN ... DROP IDENTITY",
    "AT_DropExpression": "ALTER COLUMN ... DROP EXPRESSION",
}
"""As ``alter_table_type_to_string`` has them, where the name of the subcommand does not say the same."""


HANDLERS = {"alter_table_stmt": alter_table}
