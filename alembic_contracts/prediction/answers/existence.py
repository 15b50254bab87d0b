"""A query in, whether it asks for no more than whether there are rows out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_contracts.prediction.answers.values import UnanswerableError
from alembic_contracts.prediction.sql import parser
from alembic_contracts.prediction.sql.sqlstate import PostgresError

if TYPE_CHECKING:
    from alembic_contracts.prediction.answers.bindings import Relation
    from alembic_contracts.prediction.answers.rows import Data
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["asks_for_existence", "may_shrink", "yields_same_without"]

_OF_NONE = frozenset({"=", "<>", "!=", ">"})
"""Operators between a number of rows and 0 whose result says whether there are any."""


def asks_for_existence(query: Node) -> bool:
    """Return whether a query is ``SELECT EXISTS (...)``, ``SELECT count(*) > 0 FROM ...`` or the like."""
    if query is None or query.DESCRIPTOR.name != "SelectStmt" or len(query.target_list) != 1:
        return False
    if query.group_clause or query.HasField("having_clause"):
        return False
    return _is_existence(parser.unwrap(query.target_list[0].res_target.val))


def yields_same_without(query: Node, relation: Relation, data: Data) -> bool:
    """Return whether a query yields the same where tables of unknown contents hold no rows.

    Args:
        query: the query.
        relation: what it yields where each holds one.
        data: what it is evaluated against.
    """
    from alembic_contracts.prediction.answers.bindings import Scope
    from alembic_contracts.prediction.answers.select import select

    asked = data.asked_unknown, data.asked_aged
    data.show_guesses = False
    try:
        return select(query, Scope(data)).rows == relation.rows
    except PostgresError:
        return False
    except UnanswerableError:  # nor is it known that it yields anything else
        return True
    finally:
        data.show_guesses = True
        data.asked_unknown, data.asked_aged = asked


def may_shrink(query: Node) -> bool:
    """Return whether a query may yield fewer rows, or other values, where tables hold more of them."""
    for node in parser.walk(query):
        kind = node.DESCRIPTOR.name
        if kind in ("SubLink", "FuncCall") or (
            kind == "JoinExpr" and parser.enum_name(node, "jointype") != "JOIN_INNER"
        ):
            return True
        if kind == "SelectStmt" and parser.enum_name(node, "op") == "SETOP_EXCEPT":
            return True
    return False


def _is_existence(node: Node) -> bool:
    kind = node.DESCRIPTOR.name
    if kind == "BoolExpr":
        return parser.enum_name(node, "boolop") == "NOT_EXPR" and _is_existence(parser.unwrap(node.args[0]))
    if kind == "SubLink":
        return parser.enum_name(node, "sub_link_type") == "EXISTS_SUBLINK"
    if kind != "A_Expr" or not node.HasField("lexpr") or parser.strings(node.name)[0] not in _OF_NONE:
        return False
    return _is_count(parser.unwrap(node.lexpr)) and _is_zero(parser.unwrap(node.rexpr))


def _is_count(node: Node) -> bool:
    if node.DESCRIPTOR.name == "SubLink":
        inner = parser.unwrap(node.subselect)
        return len(inner.target_list) == 1 and _is_count(parser.unwrap(inner.target_list[0].res_target.val))
    return node.DESCRIPTOR.name == "FuncCall" and parser.strings(node.funcname) == ["count"]


def _is_zero(node: Node) -> bool:
    return node.DESCRIPTOR.name == "A_Const" and node.HasField("ival") and not node.ival.ival
