"""A statement in, which rows it may have changed in ways that are not followed out: these are not known any more.

Followed are INSERT, UPDATE, DELETE and TRUNCATE of ordinary tables on which nothing hangs. Triggers, rules, actions of
foreign keys, inheritance, views, functions, blocks and what takes changes back write rows that nobody sees here.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache
from typing import TYPE_CHECKING

from alembic_contracts.prediction.catalog.unseen_users import HANGING, HIDDEN
from alembic_contracts.prediction.sql import parser, system
from alembic_contracts.prediction.sql.mentions import functions_in, functions_of, texts_of
from alembic_contracts.schemas.schema import Name

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.catalog import Catalog
    from alembic_contracts.prediction.catalog.execution import Effect
    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.prediction.sql.parser import Statement
    from alembic_contracts.schemas.schema import Table

__all__ = ["changed_beside", "may_write"]

_WRITING = frozenset({"execute_stmt", "copy_stmt", "refresh_mat_view_stmt", "call_stmt"})
_AROUND = frozenset({"do_stmt", "explain_stmt", "select_stmt", "create_table_as_stmt", "declare_cursor_stmt"})
"""Kinds of statements that can have others in them."""
_WRITES = re.compile(r"\b(?:insert|update|delete|merge|truncate|copy|execute|call)\b", re.IGNORECASE)
_LOCKS = re.compile(r"\bfor\s+(?:no\s+key\s+)?update\b", re.IGNORECASE)
_BACK = re.compile(r"\s*(?:rollback|abort)\b", re.IGNORECASE)
_MOVED = re.compile(r"\b(?:attach|detach)\s+partition\b", re.IGNORECASE)


def may_write(effect: Effect, catalog: Catalog) -> bool:
    """Whether a statement that is no change of rows may have changed any."""
    if effect.kind in _WRITING:
        return True
    if effect.kind in _AROUND and _WRITES.search(_LOCKS.sub("", effect.sql)):
        return True
    if effect.kind == "transaction_stmt":
        return _BACK.match(effect.sql) is not None
    if effect.kind == "alter_table_stmt" and _MOVED.search(effect.sql):
        return True
    if effect.kind == "do_stmt":  # what it calls is not told from what it is about
        state = catalog.state
        return (HIDDEN, "") in state.traits or any(name.name in effect.sql for name in state.functions)
    return _calls_users(functions_of(effect.statement.node), catalog.state)


def changed_beside(statement: Statement, catalog: Catalog, made: Collection[Name]) -> frozenset[Name] | None:
    """Return the tables of which a change of rows may have changed other rows than those that it names.

    Args:
        statement: INSERT, UPDATE, DELETE, TRUNCATE or MERGE.
        catalog: as it is.
        made: tables that scripts have made: nothing hangs on them that is not known.

    Returns:
        None: of any table; then it may not have done what it seems to have, either.
    """
    kind, node = statement.kind, statement.node
    targets = parser.children(node.relations) if kind == "truncate_stmt" else [node.relation]
    if kind == "merge_stmt" or (kind != "truncate_stmt" and len(node.with_clause.ctes)):
        return None
    found = set[Name]()
    for target in targets:
        name = catalog.resolve(target.relname, target.schemaname or None)
        table = None if name is None else catalog.table(name)
        if table is None or not _is_plain(table, catalog.state, made):
            return None
        found |= _following(table.name, _ACTIONS.get(kind), catalog.state)
    return None if _calls_users(functions_of(statement.node), catalog.state) else frozenset(found)


def _is_plain(table: Table, state: State, made: Collection[Name]) -> bool:
    if table.kind != "table" or table.parents or ((HANGING, "") in state.traits and table.name not in made):
        return False
    if any(table.name in other.parents for other in state.mentioned_by(table.name)):
        return False
    if any(attachment.table == table.name for attachment in state.attachments.values()):
        return False
    return not any(_calls_users(functions_in(text), state) for _, _, text in texts_of(table))


def _calls_users(called: Collection[Name], state: State) -> bool:
    """Whether PostgreSQL and its extensions do not bring along all functions that are called."""
    own = {name.name for name in state.functions} if called else ()
    return any(each.name in own or each.name not in _library() for each in called)


@cache
def _library() -> frozenset[str]:
    brought = (name for extension in system.EXTENSIONS.values() for name in extension.functions)
    return frozenset((*system.functions(), *brought))


_ACTIONS = {"update_stmt": "on_update", "delete_stmt": "on_delete"}


def _following(name: Name, action: str | None, state: State) -> set[Name]:
    """Return the tables whose foreign keys change or delete rows with those of a table, and with theirs in turn."""
    found, waiting = set[Name](), [name] if action is not None else []
    while waiting:
        current = waiting.pop()
        for user in state.mentioned_by(current):
            actions = {getattr(each, str(action)) for each in user.constraints if each.references == current}
            if actions - {"", "RESTRICT"} and user.name not in found:
                found.add(user.name)
                waiting.append(user.name)
    return found
