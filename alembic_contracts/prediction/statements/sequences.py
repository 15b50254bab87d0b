"""CREATE and ALTER SEQUENCE applied to the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from alembic_contracts.prediction.catalog.relations import check_free, new_name, require_column
from alembic_contracts.prediction.sql import parser, sqlstate
from alembic_contracts.schemas.schema import Name
from alembic_contracts.schemas.surroundings import Sequence

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["HANDLERS"]


def create_sequence(run: Execution, node: Node) -> None:
    """Apply CREATE SEQUENCE."""
    name = new_name(run, node.sequence)
    if node.if_not_exists and run.state.relation_kind(name) is not None:
        return
    check_free(run.state, name)
    run.state.sequences.put(name, Sequence(name, _owner(run, node, name)))


def _owner(run: Execution, node: Node, sequence: Name) -> tuple[Name, str] | None:
    """Return the table and column of ``OWNED BY``, None where there is none.

    Raises:
        PostgresError: 42P01, 42703, 42809 columns of such a relation own none, 55000 it is in another schema.
    """
    for option in parser.children(node.options):
        if option.defname != "owned_by":
            continue
        written = parser.strings(parser.unwrap(option.arg).items)
        if len(written) == 1:
            return None
        table = run.state.find_table(written[-2], written[-3] if len(written) > 2 else None)
        if table is None:
            if not run.state.complete_tables:
                return None
            raise sqlstate.undefined_table(written[-2])
        if table.kind == "materialized view":
            raise sqlstate.wrong_object_type(f'sequence cannot be owned by relation "{table.name.name}"')
        if table.name.schema != sequence.schema:
            message = "sequence must be in same schema as table it is linked to"
            raise sqlstate.PostgresError("55000", message)
        require_column(table, written[-1])
        return table.name, written[-1]
    return None


def alter_sequence(run: Execution, node: Node) -> None:
    """Apply ALTER SEQUENCE: only its owner matters."""
    relation = node.sequence
    found = run.state.find_relation(relation.relname, relation.schemaname or None)
    if found is None:
        if node.missing_ok or not run.state.complete_tables:
            return
        raise sqlstate.undefined_table(relation.relname)
    if found[1] != "sequence":
        raise sqlstate.wrong_object_type(f'"{relation.relname}" is not a sequence')
    if any(option.defname == "owned_by" for option in parser.children(node.options)):
        sequence = run.state.sequences[found[0]]
        if sequence.internal:
            raise sqlstate.feature_not_supported("cannot change ownership of identity sequence")
        run.state.sequences.put(found[0], replace(sequence, owner=_owner(run, node, found[0])))


HANDLERS = {"create_seq_stmt": create_sequence, "alter_seq_stmt": alter_sequence}
