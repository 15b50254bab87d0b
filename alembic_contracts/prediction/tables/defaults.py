"""A DEFAULT as it is written in, what is stored of it out; of a literal and ``now()``, that is found out once."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

from alembic_contracts.prediction.catalog.traits import HIDDEN, has_functions
from alembic_contracts.prediction.sql import parser, system
from alembic_contracts.prediction.sql.spelling import printed_of

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.prediction.sql.parser import Node
    from alembic_contracts.schemas.schema import Column, Type

__all__ = ["stored_default"]

_known: dict[Hashable, str | None] = {}
"""What is stored, by what is written, the column's type and the server's version."""
_MOST = 1024


def stored_default(run: Execution, column: Column, node: Node) -> str | None:
    """Return the text of the default that a column is given, None where none is kept.

    Args:
        run: the statement.
        column: with its type.
        node: the (wrapped) expression.

    Raises:
        PostgresError: 0A000 it refers to a column or has a subquery, 42883 it calls a function that does not exist, or
            it does not fit into the column (``check_fits``).
    """
    written, type_ = _written(node), column.type
    if written is None or type_ is None or not (_is_plain(type_) and _is_as_shipped(run.state)):
        return _found_out(run, column, node)
    key = written, type_, run.state.server_version
    if key in _known:
        return _known[key]
    doubts = len(run.doubts)
    found = _found_out(run, column, node)
    if len(run.doubts) == doubts:
        if len(_known) >= _MOST:
            _known.clear()
        _known[key] = found
    return found


def _is_plain(type_: Type) -> bool:
    """Whether it is a type of PostgreSQL's own, and none whose values are the names of objects."""
    return type_.name.schema == "pg_catalog" and not type_.name.name.startswith("reg")


def _is_as_shipped(state: State) -> bool:
    """Whether there are no functions and casts but PostgreSQL's own."""
    return not has_functions(state) and not state.casts and state.holds_all(HIDDEN)


def _written(node: Node) -> Hashable | None:
    """Return what makes a literal, a keyword or a call without arguments what it is, None of others."""
    inner = parser.unwrap(node)
    match inner.DESCRIPTOR.name:
        case "A_Const":
            which = inner.WhichOneof("val")
            return "literal", which, None if which is None else getattr(inner, which).SerializeToString()
        case "SQLValueFunction":
            return "keyword", inner.op, inner.typmod
        case "FuncCall" if all(field.name in _OF_PLAIN_CALLS for field, _ in inner.ListFields()):
            *schema, name = parser.strings(inner.funcname)
            if name in system.functions():  # others are an extension's, or a type's, as long as there is one
                return "call", *schema, name, inner.funcformat
    return None


_OF_PLAIN_CALLS = frozenset({"funcname", "funcformat", "location"})


def _found_out(run: Execution, column: Column, node: Node) -> str | None:
    """Check a default, and return what is kept: NULL is none, unless it has to be fitted to the column's type."""
    from alembic_contracts.prediction.printing import texts
    from alembic_contracts.prediction.queries.constants import check_fits
    from alembic_contracts.prediction.queries.ddl_expressions import check_default

    text = check_default(run, node)
    check_fits(run, column, node)
    if text == "NULL":
        if column.type is None or not (column.type.modifiers or _is_domain(run, column.type)):
            return None
        text = f"NULL::{column.type.name.name}"
        return texts.of_value(run.state, text, node, column.type)
    stored = texts.of_value(run.state, text, node, column.type)
    bare = column.type is not None and not column.type.modifiers and not _is_domain(run, column.type)
    return None if bare and (printed_of(stored) or "").startswith("NULL::") else stored


def _is_domain(run: Execution, type_: Type) -> bool:
    definition = run.state.types.get(type_.name)
    return definition is not None and definition.kind == "domain" and not type_.dimensions
