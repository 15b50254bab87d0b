"""A statement in, whether it may change rows in ways that are not followed out: then no rows are known any more.

Followed are INSERT, UPDATE, DELETE and TRUNCATE of ordinary tables on which nothing hangs. Triggers, rules, actions of
foreign keys, inheritance, views, functions, blocks and what takes changes back write rows that nobody sees here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from alembic_contracts.prediction.catalog.unseen_users import HANGING
from alembic_contracts.prediction.sql import parser
from alembic_contracts.prediction.sql.mentions import texts_of
from alembic_contracts.schemas.schema import Name

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.catalog import Catalog
    from alembic_contracts.prediction.catalog.execution import Effect
    from alembic_contracts.prediction.sql.parser import Node
    from alembic_contracts.schemas.schema import Table

__all__ = ["writes_unseen", "writes_unseen_beside"]

_ALWAYS = frozenset({"execute_stmt", "copy_stmt", "merge_stmt", "refresh_mat_view_stmt", "call_stmt"})
_AROUND = frozenset({"do_stmt", "explain_stmt", "select_stmt", "create_table_as_stmt", "declare_cursor_stmt"})
"""Kinds of statements that can have others in them."""
_WRITES = re.compile(r"\b(?:insert|update|delete|merge|truncate|copy|execute|call)\b", re.IGNORECASE)
_LOCKS = re.compile(r"\bfor\s+(?:no\s+key\s+)?update\b", re.IGNORECASE)
_BACK = re.compile(r"\s*(?:rollback|abort)\b", re.IGNORECASE)
_MOVED = re.compile(r"\b(?:attach|detach)\s+partition\b", re.IGNORECASE)


def writes_unseen(effect: Effect, catalog: Catalog) -> bool:
    """Whether a statement that is no plain change of rows may have changed any."""
    if effect.kind in _ALWAYS:
        return True
    if effect.kind in _AROUND and _WRITES.search(_LOCKS.sub("", effect.sql)):
        return True
    if effect.kind == "transaction_stmt":
        return _BACK.match(effect.sql) is not None
    if effect.kind == "alter_table_stmt" and _MOVED.search(effect.sql):
        return True
    return any(name.name in effect.sql for name in catalog.state.functions)


def writes_unseen_beside(kind: str, node: Node, catalog: Catalog) -> frozenset[Name] | None:
    """Return the tables of which a change of rows may have changed rows that it does not name; None: of any.

    Then it may not have done what it seems to have, either.
    """
    if kind != "truncate_stmt" and len(node.with_clause.ctes):
        return None
    found = set[Name]()
    targets = parser.children(node.relations) if kind == "truncate_stmt" else [node.relation]
    for target in targets:
        name = catalog.resolve(target.relname, target.schemaname or None)
        table = None if name is None else catalog.table(name)
        if table is None or not _is_plain(table, catalog):
            return None
        if kind in _ACTIONS:
            found |= _following(table.name, kind, catalog)
    return frozenset(found)


def _is_plain(table: Table, catalog: Catalog) -> bool:
    state = catalog.state
    if table.kind != "table" or table.parents or (HANGING, "") in state.traits:
        return False
    if any(table.name in other.parents for other in state.mentioned_by(table.name)):
        return False
    if any(attachment.table == table.name for attachment in state.attachments.values()):
        return False
    functions = {name.name for name in state.functions}
    return not any(name in text for _, _, text in texts_of(table) for name in functions)


_ACTIONS = {"update_stmt": "on_update", "delete_stmt": "on_delete"}


def _following(name: Name, kind: str, catalog: Catalog) -> set[Name]:
    """Return the tables whose foreign keys change or delete rows with those of a table, and with theirs in turn."""
    found, waiting = set[Name](), [name]
    while waiting:
        current = waiting.pop()
        for user in catalog.state.mentioned_by(current):
            actions = {getattr(c, _ACTIONS[kind]) for c in user.constraints if c.references == current}
            if actions - {"", "RESTRICT"} and user.name not in found:
                found.add(user.name)
                waiting.append(user.name)
    return found
