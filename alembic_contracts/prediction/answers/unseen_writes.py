"""A statement in, the tables out of which it may have changed rows in ways that are not followed: these are not known.

Followed are INSERT, UPDATE, DELETE and TRUNCATE of ordinary tables on which nothing hangs. Triggers, rules, actions of
foreign keys, inheritance, views, functions, blocks and what takes changes back write rows that nobody sees here.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING

from alembic_contracts.dialects.postgresql.names import KEYWORDS
from alembic_contracts.patterns import pattern
from alembic_contracts.prediction.catalog.relations import descendants
from alembic_contracts.prediction.catalog.traits import HANGING, HIDDEN
from alembic_contracts.prediction.sql import parser, system
from alembic_contracts.prediction.sql.mentions import functions_in, functions_of, split_name, texts_of
from alembic_contracts.schemas.schema import Name

if TYPE_CHECKING:
    from alembic_contracts.prediction.answers.rows import Data
    from alembic_contracts.prediction.catalog.catalog import Catalog
    from alembic_contracts.prediction.catalog.execution import Effect
    from alembic_contracts.prediction.catalog.state import Function, State
    from alembic_contracts.prediction.sql.parser import Node, Statement
    from alembic_contracts.schemas.schema import Table

__all__ = ["Written", "changed_beside", "targets", "written"]

Written = frozenset[Name] | None
"""Tables of which rows may have changed; None: any."""

NOTHING: Written = frozenset()

Actions = Mapping[str, frozenset[str] | None]
_ANY: Actions = {"on_update": None, "on_delete": None}

_AROUND = frozenset({"explain_stmt", "select_stmt", "create_table_as_stmt", "declare_cursor_stmt"})
"""Kinds of statements that can have others in them."""
_CHANGES = frozenset({"InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt", "ExecuteStmt"})
_WRITES = pattern(r"\b(?:insert|update|delete|merge|truncate|copy|execute|call)\b", re.IGNORECASE)
_LOCKS = pattern(r"\bfor\s+(?:no\s+key\s+)?update\b|\bdo\s+update\s+set\b|\bon\s+(?:delete|update)\b", re.IGNORECASE)
"""Words of locks, conflicts and foreign keys, which write nothing by themselves."""
_BACK = pattern(r"\s*(?:rollback|abort)\b", re.IGNORECASE)
_MOVED = pattern(r"\b(?:attach|detach)\s+partition\b", re.IGNORECASE)
_MAKES = pattern(r"\b(?:create|alter|drop)\b", re.IGNORECASE)
_CALLS = pattern(r"([\w\"]+)\s*\(")
_WORDS = KEYWORDS | {"by", "conflict", "elsif", "elseif", "filter", "if", "over", "return", "set", "while", "within"}
"""What can stand before a parenthesis and is no function."""
_TARGET = pattern(
    r'\b(?:insert\s+into|update(?:\s+only)?|delete\s+from(?:\s+only)?)\s+((?:"[^"]+"|\w+)(?:\.(?:"[^"]+"|\w+))?)',
    re.IGNORECASE,
)


def written(effect: Effect, catalog: Catalog, data: Data) -> Written:
    """Return the tables of which a statement that is no change of rows may have changed any.

    Args:
        effect: what it did.
        catalog: as it is.
        data: what is known of rows.
    """
    kind, node, state = effect.kind, effect.statement.node, catalog.state
    if kind == "execute_stmt" or (kind in _AROUND and any(m.DESCRIPTOR.name in _CHANGES for m in parser.walk(node))):
        return None
    if kind == "transaction_stmt":
        return None if _BACK.match(effect.sql) else NOTHING
    if kind == "alter_table_stmt" and _MOVED.search(effect.sql):
        return None
    if kind == "do_stmt":
        return _by_block(effect.sql, catalog, data)
    if kind == "create_stmt" and not node.HasField("partbound"):
        return NOTHING  # what it calls is called when there are rows
    # Without a parenthesis only the server's own functions are called, such as by AT TIME ZONE.
    if ("(" in effect.sql or state.functions) and _may_write(functions_of(node), state):
        return None
    if kind == "copy_stmt" and node.is_from:
        return _by_change(targets(effect.statement, catalog), {}, catalog, data, itself=True)
    if kind == "refresh_mat_view_stmt":
        return frozenset(name for name in targets(effect.statement, catalog) if name is not None)
    return NOTHING


def changed_beside(statement: Statement, catalog: Catalog, data: Data) -> Written:
    """Return the tables of which a change of rows may have changed other rows than it seems to.

    Args:
        statement: INSERT, UPDATE, DELETE, TRUNCATE or MERGE.
        catalog: as it is.
        data: what is known of rows.

    Returns:
        With the table that it names among them, the statement may not have done what it seems to, either.
    """
    kind, node = statement.kind, statement.node
    if (kind != "truncate_stmt" and _has_writing_cte(node)) or _may_write(functions_of(node), catalog.state):
        return None
    return _by_change(targets(statement, catalog), _actions(kind, node), catalog, data, itself=kind == "merge_stmt")


def targets(statement: Statement, catalog: Catalog) -> list[Name | None]:
    """Return the tables that a change of rows names, None for one that is not there."""
    node = statement.node
    relations = parser.children(node.relations) if statement.kind == "truncate_stmt" else [node.relation]
    return [catalog.resolve(each.relname, each.schemaname or None) for each in relations]


def _actions(kind: str, node: Node) -> Actions:
    """Return the actions of foreign keys that a change sets off, each with the columns that it changes (None: any)."""
    if kind == "merge_stmt":
        return _ANY
    if kind == "update_stmt":
        return {"on_update": frozenset(each.res_target.name for each in node.target_list)}
    return {"on_delete": None} if kind == "delete_stmt" else {}


def _has_writing_cte(node: Node) -> bool:
    return any(not each.common_table_expr.ctequery.HasField("select_stmt") for each in node.with_clause.ctes)


def _by_change(
    names: Iterable[Name | None], actions: Actions, catalog: Catalog, data: Data, *, itself: bool
) -> Written:
    """Return what a change of rows changes beside. ``itself``: the rows of the tables named are not followed."""
    found = set[Name]()
    for name in names:
        table = None if name is None else catalog.table(name)
        if table is None:
            return None
        beside = _beside(table, actions, catalog.state, data)
        if beside is None:
            return None
        found |= beside | ({table.name} if itself else set())
    return frozenset(found)


def _beside(table: Table, actions: Actions, state: State, data: Data) -> set[Name] | None:
    """Return the tables that a change of a table's rows reaches, this one if what becomes of its rows is not known."""
    found, seen, waiting = set[Name](), {table.name}, [table]
    while waiting:
        current = waiting.pop()
        here, further = _of_table(current, state, data), set[Name]()
        if here is None:
            return None
        found |= here
        if current.kind == "view":
            further |= {name for name, _ in current.depends_on}
        if not data.is_empty(current.name):
            taken = actions if current is table else _ANY
            users = [user for user in state.mentioned_by(current.name) if _follows(user, current, taken)]
            further |= {
                user.name for user in users if not data.is_empty(user.name) or _of_table(user, state, data) != set()
            }
        found |= further
        waiting += [state.tables[name] for name in further - seen if name in state.tables]
        seen |= further
    return found


def _follows(user: Table, changed: Table, actions: Actions) -> bool:
    """Whether a foreign key changes or deletes rows of a table with those of another one."""
    return any(
        getattr(key, action) not in {"", "RESTRICT"}
        and (columns is None or not columns.isdisjoint(key.referenced_columns))
        for key in user.constraints
        if key.references == changed.name
        for action, columns in actions.items()
    )


def _of_table(table: Table, state: State, data: Data) -> set[Name] | None:
    """Return the tables whose rows what hangs on a table changes, None for any; nothing: its rows are as they seem."""
    if not state.holds_all(HANGING) and table.name not in data.made:
        return None
    found = set[Name]()
    if table.parents or any(table.name in other.parents for other in state.mentioned_by(table.name)):
        found |= {table.name, *table.parents, *descendants(state, table.name)}
        found.update(name for parent in table.parents for name in descendants(state, parent))
    for attachment in state.attachments.values():
        if attachment.table != table.name or attachment.kind in {"statistics", "publication"}:
            continue
        functions = state.functions.get(attachment.function, ()) if attachment.function is not None else ()
        is_harmless = attachment.kind == "trigger" and functions and all(_only_reads(each, state) for each in functions)
        if not is_harmless and attachment.kind != "policy":
            return None
        found.add(table.name)
    texts = () if table.kind == "view" else texts_of(table)
    return None if any(_may_write(functions_in(text), state) for _, _, text in texts) else found


# -- functions and blocks ----------------------------------------------------------------------------------------------


def _may_write(called: Collection[Name], state: State) -> bool:
    """Whether one of the functions that are called may change rows: all that is not PostgreSQL's, unless it is seen."""
    for each in called:
        own = [function for name, found in state.functions.items() if name.name == each.name for function in found]
        if any(not _only_reads(function, state) for function in own) or (not own and each.name not in _library()):
            return True
    return False


def _only_reads(function: Function, state: State) -> bool:
    """Whether the body of a function is known, and neither writes nor calls what may."""
    body = function.body
    if body is None or function.language not in {"sql", "plpgsql"} or _WRITES.search(_LOCKS.sub("", body)):
        return False
    return not _MAKES.search(body) and _calls_library(body, state, itself=function.name.name)


def _calls_library(text: str, state: State, itself: str = "") -> bool:
    """Whether all that may be calls in a text are of functions that PostgreSQL and its extensions bring along."""
    own = {name.name for name in state.functions} - {itself}
    words = {match[1].strip('"').lower() for match in _CALLS.finditer(text)} - {itself}
    return not any(name in text for name in own) and all(
        word in _WORDS or word in _library() or word in system.categories() for word in words
    )


def _by_block(text: str, catalog: Catalog, data: Data) -> Written:
    """Return the tables that a block may have written to, which it names right after the words for that."""
    state, bare = catalog.state, _LOCKS.sub("", text)
    writes, names = len(_WRITES.findall(bare)), [match[1] for match in _TARGET.finditer(bare)]
    if not writes:
        uses_others = not state.holds_all(HIDDEN) or any(name.name in text for name in state.functions)
        return None if uses_others else NOTHING
    if (
        writes > len(names)
        or _MAKES.search(bare)
        or not _calls_library(_TARGET.sub("", bare), state)
        or not state.holds_all(HIDDEN)
    ):
        return None
    targeted = [catalog.resolve(name, schema) for schema, name in map(split_name, names)]
    return _by_change(targeted, _ANY, catalog, data, itself=True)


@cache
def _library() -> frozenset[str]:
    brought = (name for extension in system.EXTENSIONS.values() for name in extension.functions)
    return frozenset((*system.functions(), *brought))
