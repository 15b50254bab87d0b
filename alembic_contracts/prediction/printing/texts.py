"""What a statement stores in, its text with what PostgreSQL prints for it out; and that under the session's settings.

Everything here answers None where PostgreSQL's text was not shown to be known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from alembic_contracts.dialects.postgresql.names import quote
from alembic_contracts.prediction.catalog.type_names import find_named
from alembic_contracts.prediction.printing.analysis import Analyser
from alembic_contracts.prediction.printing.conversion import cast
from alembic_contracts.prediction.printing.deparsing import deparse
from alembic_contracts.prediction.printing.primitives import (
    Call,
    Keyword,
    Reference,
    SessionValue,
    Tree,
    UnprintableError,
)
from alembic_contracts.prediction.sql import parser, system
from alembic_contracts.prediction.sql.spelling import Mention, mentioned, printed_of, respelled, spelled
from alembic_contracts.prediction.sql.sqlstate import PostgresError
from alembic_contracts.schemas.remarks import Printed
from alembic_contracts.schemas.schema import Name, Type

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.prediction.sql.parser import Node
    from alembic_contracts.schemas.schema import Column

__all__ = [
    "of_condition",
    "of_domain_check",
    "of_expression",
    "of_value",
    "pretty",
    "reprinted",
    "shown",
    "shown_key",
    "without_names",
]


_LIKE_FUNCTIONS = (Call, Keyword, SessionValue, Reference)
"""What needs no parentheses as an index's key (``looks_like_function``, and columns)."""


# -- stored ------------------------------------------------------------------------------------------------------------


def of_value(state: State, text: str, node: Node, type_: Type | None, columns: Iterable[Column] = ()) -> str:
    """Return the text of a default or generation expression, with what is printed of it.

    Args:
        state: the catalog as it is when the expression is stored.
        text: as it is compared by its meaning.
        node: its parse tree.
        type_: the column's.
        columns: those that it may use.
    """
    if type_ is None:
        return Printed(text, None)
    wanted = type_
    return _stored(text, lambda: cast(state, _analyser(state, columns).tree(node), wanted, "assignment"))


def of_condition(state: State, text: str, node: Node, columns: Iterable[Column]) -> str:
    """Return the text of a check or predicate, with what is printed of it."""
    analyser = _analyser(state, columns)
    return _stored(text, lambda: analyser.boolean(analyser.tree(node)))


def of_domain_check(state: State, text: str, node: Node, type_: Type | None) -> str:
    """Return the text of a domain's check, with what is printed of it."""
    analyser = Analyser(state, value=type_)
    return _stored(text, lambda: analyser.boolean(analyser.tree(node)))


def of_expression(state: State, text: str, node: Node, columns: Iterable[Column]) -> str:
    """Return the text of an index's key, with what is printed of it."""
    return _stored(text, lambda: _analyser(state, columns).tree(node))


def reprinted(state: State, text: str, columns: Iterable[Column], *, condition: bool) -> str:
    """Return a text after a column that it uses got another type: the server parses what it printed once more."""
    printed = printed_of(text)
    node = parser.parse_expression(printed) if printed is not None else None
    if node is None:
        return Printed(text, None)
    return (of_condition if condition else of_expression)(state, text, node, columns)


def _analyser(state: State, columns: Iterable[Column], *, reading: bool = False) -> Analyser:
    return Analyser(
        state, {column.name: column.type for column in columns if column.collation is None}, reading=reading
    )


def _stored(text: str, analyse: Callable[[], Tree]) -> str:
    try:
        printed: str | None = deparse(analyse())
    except (UnprintableError, PostgresError):
        printed = None
    if printed is not None and "pg_temp" in printed:
        printed = None  # a temporary object's schema has a number
    return Printed(text, printed)


# -- asked for ---------------------------------------------------------------------------------------------------------


def shown(state: State, text: str, columns: Iterable[Column] = ()) -> str | None:
    """Return a stored text as ``pg_get_expr`` prints it now: names are qualified where the search path asks for it."""
    printed = _printed(state, text, columns)
    return None if printed is None else _under_path(state, printed)


def without_names(text: str) -> str | None:
    """Return a stored text that mentions nothing that could be called otherwise, as it is printed."""
    printed = printed_of(text)
    found = None if printed is None else mentioned(printed)
    return printed if found is not None and not found else None


def pretty(state: State, text: str, columns: Iterable[Column] = (), value: Type | None = None) -> str | None:
    """Return a stored text as it is printed where the caller wants it pretty; ``value`` is of a domain's check."""
    printed = _printed(state, text, columns)
    tree = None if printed is None else _read(state, printed, columns, value)
    return None if tree is None else _under_path(state, deparse(tree, pretty=True))


def shown_key(state: State, text: str, columns: Iterable[Column], *, is_pretty: bool = False) -> str | None:
    """Return an index's key as ``pg_get_indexdef`` prints it: in parentheses, unless it looks like a function."""
    printed = _printed(state, text, columns)
    tree = None if printed is None else _read(state, printed, columns)
    found = None if tree is None else _under_path(state, deparse(tree, pretty=is_pretty))
    return found if found is None or isinstance(tree, _LIKE_FUNCTIONS) else f"({found})"


def _printed(state: State, text: str, columns: Iterable[Column]) -> str | None:
    """Return what is printed under an empty search path.

    A text of which nothing is remembered is PostgreSQL's if it is what PostgreSQL would make of it.
    """
    if isinstance(text, Printed):
        return text.printed
    return str(text) if _read(state, text, columns) is not None else None


def _read(state: State, printed: str, columns: Iterable[Column], value: Type | None = None) -> Tree | None:
    """Return the tree that is printed so."""
    node = parser.parse_expression(printed)
    if node is None:
        return None
    try:
        tree = replace(_analyser(state, columns, reading=True), value=value).tree(node)
        return tree if deparse(tree) == printed else None
    except (UnprintableError, PostgresError):
        return None


def _under_path(state: State, printed: str) -> str | None:
    found = mentioned(printed)
    if found is None:
        return None
    if all(mention.kind == "column" for mention in found):
        return printed
    path = [schema for schema in state.search_path if state.has_namespace(schema)]
    if "pg_catalog" in path[1:]:
        return None  # users' names can hide PostgreSQL's own then
    return respelled(printed, lambda mention: _spell(state, path, mention))


def _spell(state: State, path: list[str], mention: Mention) -> str | None:
    name = mention.name
    if mention.kind == "column":
        return quote(name.name)
    visible: bool | None = False
    if name.schema in path:
        visible = _is_found(state, mention)
        first = next((schema for schema in path if schema != "pg_catalog"), None)
        if visible and name.schema != first and not state.complete_tables:
            visible = None
    if visible is None:
        return None
    return spelled(Name("", name.name) if visible else name, mention.kind)


def _is_found(state: State, mention: Mention) -> bool | None:
    """Whether a name is found without its schema; None where that is not known."""
    name = mention.name
    if mention.kind == "type":
        return find_named(state, name.name, None) == Type(name)
    if mention.kind == "function":
        if not state.complete or name.name in system.functions():
            return None
        return None if any(other.name == name.name and other != name for other in state.functions) else True
    if state.relation_kind(name) is None:
        return None
    found = state.find_relation(name.name)
    return found is not None and found[0] == name
