"""A default value and its column's type in, the refusal out where the server would not store it.

Only plain impossibilities are errors; a literal whose form is not known here passes.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from alembic_contracts.prediction.catalog.type_names import base_type, resolve
from alembic_contracts.prediction.queries.analysis import Analysis
from alembic_contracts.prediction.queries.coercion import can_assign
from alembic_contracts.prediction.queries.expressions import Expressions
from alembic_contracts.prediction.queries.inference import UNKNOWN
from alembic_contracts.prediction.sql import parser, sqlstate
from alembic_contracts.prediction.sql.scopes import Scope, of_table

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.prediction.sql.parser import Node
    from alembic_contracts.schemas.schema import Table, Type

__all__ = ["check_fits"]

_INTEGERS = frozenset({"int2", "int4", "int8", "oid"})
_NUMBERS = frozenset({"numeric", "float4", "float8"})
_BOOLEANS = ("true", "false", "yes", "no", "on", "off", "1", "0")
_UUID = re.compile(r"\{?[0-9a-fA-F]{4}(-?[0-9a-fA-F]{4}){7}\}?")


def check_fits(run: Execution, type_: Type | None, node: Node, table: Table | None = None) -> None:
    """Refuse a default or generation expression that cannot be stored in a column.

    Args:
        run: the statement.
        type_: the column's type, None where it is not known.
        node: the (wrapped) expression.
        table: whose columns it may use, None for a default, which must not use any.

    Raises:
        PostgresError: 42804 it is of another type, 22P02 or 22007 the literal has not the type's form, 55P04 it is an
            enum's value that was added in this transaction.
    """
    if type_ is None:
        return
    value = parser.unwrap(node)
    if value.DESCRIPTOR.name == "TypeCast":
        written = resolve(run, value.type_name)
        _check_literal(run.state, written, parser.unwrap(value.arg))
    scope = Scope([of_table(table, table.name.name)] if table is not None else [])
    found = Expressions(Analysis(run), scope, {}).infer(node)
    if found == UNKNOWN:
        _check_literal(run.state, type_, value)
    elif not can_assign(run.state, found, type_):
        raise sqlstate.PostgresError("42804", f"column is of type {type_} but default expression is of type {found}")


def _check_literal(state: State, type_: Type | None, node: Node) -> None:
    if type_ is None or type_.dimensions or node.DESCRIPTOR.name != "A_Const" or not node.HasField("sval"):
        return
    text, base = node.sval.sval, base_type(type_, state)
    definition = state.types.get(base.name)
    if definition is not None and definition.kind == "enum":
        _check_label(state, definition.labels, str(definition.name), text)
    elif base.name.schema == "pg_catalog" and not _has_form(base.name.name, text):
        raise sqlstate.PostgresError("22P02", f'invalid input syntax for type {base.name.name}: "{text}"')
    elif base.name.schema == "pg_catalog" and base.name.name in _DATES and not _is_moment(text):
        raise sqlstate.PostgresError("22007", f'invalid input syntax for type {base.name.name}: "{text}"')


_DATES = frozenset({"date", "timestamp", "timestamptz"})
_MOMENTS = frozenset(
    {"now", "today", "tomorrow", "yesterday", "epoch", "infinity", "-infinity", "allballs", "+infinity"}
)


def _is_moment(text: str) -> bool:
    return any(char.isdigit() for char in text) or text.strip().lower() in _MOMENTS


def _check_label(state: State, labels: tuple[str, ...], name: str, text: str) -> None:
    if text not in labels:
        raise sqlstate.PostgresError("22P02", f'invalid input value for enum {name}: "{text}"')
    if f"{name} {text}" in state.fresh_labels:
        raise sqlstate.PostgresError("55P04", f'unsafe use of new value "{text}" of enum type {name}')


def _has_form(name: str, text: str) -> bool:
    stripped = text.strip()
    if name in _INTEGERS:
        return re.fullmatch(r"[+-]?(\d[\d_]*|0[xX][\da-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+)", stripped) is not None
    if name in _NUMBERS:
        return _is_number(stripped)
    if name == "bool":
        return bool(stripped) and any(word.startswith(stripped.lower()) for word in _BOOLEANS) and stripped != "o"
    if name == "uuid":
        return _UUID.fullmatch(stripped) is not None
    if name in {"json", "jsonb"}:
        return _is_json(text)
    return True


def _is_number(text: str) -> bool:
    if text.lower() in {"nan", "inf", "-inf", "+inf", "infinity", "-infinity", "+infinity"}:
        return True
    return re.fullmatch(r"[+-]?(\d[\d_]*\.?[\d_]*|\.\d[\d_]*|0[xX][\da-fA-F_]+)([eE][+-]?\d+)?", text) is not None


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
