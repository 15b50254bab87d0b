"""A statement in, the tables out whose rows change with it: those that it names, and those that follow.

What hangs on any of them (triggers above all) may run with the statement.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from alembic_contracts.prediction.catalog.relations import descendants
from alembic_contracts.prediction.sql import parser

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.prediction.sql.parser import Node
    from alembic_contracts.schemas.schema import Name, Table

__all__ = ["following", "written"]

_OF_ONE = frozenset({"InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"})


def written(state: State, node: Node) -> dict[Name, None]:
    """Return the tables whose rows a statement may change, wherever in it: WITH, COPY and TRUNCATE included."""
    return following(state, _named(state, node))


def _named(state: State, node: Node) -> Iterator[Table]:
    for message in parser.walk(node):
        kind, relations = message.DESCRIPTOR.name, list[parser.Node]()
        if kind in _OF_ONE or (kind == "CopyStmt" and message.is_from):
            relations = [message.relation]
        elif kind == "TruncateStmt":
            relations = list(parser.children(message.relations))
        for relation in relations:
            table = state.find_table(relation.relname, relation.schemaname or None)
            if table is not None:
                yield table


def following(state: State, tables: Iterable[Table]) -> dict[Name, None]:
    """Return tables with those whose rows change when theirs do, in the order in which they are found.

    These are partitions and children; tables with foreign keys (``ON DELETE``, ``ON UPDATE``); those that a view or a
    rule leads to; and partitioned tables, whose triggers PostgreSQL copies to their partitions.
    """
    found: dict[Name, None] = {}
    queue = [(table, True) for table in tables]
    while queue:
        table, downwards = queue.pop()
        if table.name in found:
            continue
        found[table.name] = None
        names = [user.name for user in state.mentioned_by(table.name) if _has_key_to(user, table.name)]
        names += descendants(state, table.name) if downwards else ()
        names += (name for name, _ in table.depends_on if table.kind == "view")
        names += _of_rules(state, table.name)
        queue += [(state.tables[name], True) for name in names if name in state.tables]
        queue += [(state.tables[name], False) for name in table.parents if name in state.tables]
    return found


def _has_key_to(table: Table, other: Name) -> bool:
    return any(constraint.references == other for constraint in table.constraints)


def _of_rules(state: State, name: Name) -> Iterator[Name]:
    for attachment in state.attachments.values():
        if attachment.kind == "rule" and attachment.table == name:
            yield from (used for used, _ in attachment.uses)
