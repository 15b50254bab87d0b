"""A view's text and a table in, whether the view groups by the table's key and shows what the key alone decides.

Such a view depends on the constraint (``check_functional_grouping``). Nothing is said where the table has another name
by now, or where a column is not plainly one of the table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_contracts.prediction.sql import parser, system
from alembic_contracts.prediction.sql.sqlstate import PostgresError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from alembic_contracts.prediction.sql.parser import Node
    from alembic_contracts.schemas.schema import Table

__all__ = ["groups_by_key", "may_be_ungrouped"]


def groups_by_key(definition: str, table: Table, key: tuple[str, ...]) -> bool:
    """Whether a query would not be valid without the primary key of a table."""
    try:
        statements = parser.parse(definition)
    except PostgresError:
        return False
    selects = (part for statement in statements for part in parser.walk(statement.node) if _groups(part))
    return any(_needs_key(select, table, key) for select in selects)


def may_be_ungrouped(select: Node) -> bool:
    """Whether PostgreSQL may refuse columns beside aggregates or GROUP BY (42803), unless a key decides them."""
    shown = [*select.target_list, select.having_clause]
    calls = (part for node in shown for part in parser.walk(node) if part.DESCRIPTOR.name == "FuncCall")
    if not _groups(select) and all(_is_plain(call) for call in calls):
        return False
    grouped = set(_names(_by_position(select)))
    return any(name not in grouped for name in _names(shown))


def _names(nodes: Iterable[Node]) -> Iterator[str]:
    """Yield the last names of columns that are used outside of aggregates and subqueries, ``*`` for all of them."""
    for node in nodes:
        for part in parser.walk(node, into=_is_plain):
            if part.DESCRIPTOR.name == "ColumnRef":
                yield "*" if part.fields[-1].HasField("a_star") else parser.strings(part.fields)[-1]


def _groups(part: Node) -> bool:
    return part.DESCRIPTOR.name == "SelectStmt" and len(part.group_clause) > 0


def _needs_key(select: Node, table: Table, key: tuple[str, ...]) -> bool:
    sources = list(_sources(select.from_clause))
    for source in sources:
        if source.relname == table.name.name and source.schemaname in {"", table.name.schema}:
            alias = source.alias.aliasname if source.HasField("alias") else source.relname
            alone = len(sources) == 1 and len(select.from_clause) == 1 and select.from_clause[0].HasField("range_var")
            grouped = set(_columns(_by_position(select), alias, table, alone=alone))
            shown = set(_columns([*select.target_list, select.having_clause], alias, table, alone=alone))
            if grouped.issuperset(key) and shown - grouped:
                return True
    return False


def _by_position(select: Node) -> Iterator[Node]:
    """Yield what is grouped by, where ``GROUP BY 1`` stands for the first column."""
    for item in select.group_clause:
        if not item.HasField("a_const"):
            yield item
        elif item.a_const.HasField("ival") and item.a_const.ival.ival <= len(select.target_list):
            yield select.target_list[item.a_const.ival.ival - 1].res_target.val


def _sources(items: Iterable[Node]) -> Iterator[Node]:
    for item in items:
        if item.HasField("range_var"):
            yield item.range_var
        elif item.HasField("join_expr"):
            yield from _sources([item.join_expr.larg, item.join_expr.rarg])


def _columns(nodes: Iterable[Node], alias: str, table: Table, *, alone: bool) -> Iterator[str]:
    """Yield the table's columns that are used outside of aggregates and subqueries."""
    for node in nodes:
        for part in parser.walk(node, into=_is_plain):
            if part.DESCRIPTOR.name != "ColumnRef":
                continue
            names = parser.strings(part.fields)
            is_own = names[:-1] == [alias] if len(names) > 1 else alone
            if names and is_own and table.column(names[-1]) is not None:
                yield names[-1]


def _is_plain(part: Node) -> bool:
    if part.DESCRIPTOR.name == "FuncCall":
        overloads = system.functions().get(parser.strings(part.funcname)[-1], ())
        return not any(overload.kind == "a" for overload in overloads)
    return part.DESCRIPTOR.name not in {"SubLink", "SelectStmt"}
