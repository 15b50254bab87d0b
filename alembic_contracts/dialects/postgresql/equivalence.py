"""Two SQL expressions in, whether PostgreSQL parses them to the same out: a contract's beside the catalog's.

The parser is imported when two texts differ: most are equal, and it takes a tenth of a second to load.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

__all__ = ["same_expression"]

_ALIASES = {
    "now": "current_timestamp",
    "transaction_timestamp": "current_timestamp",
    "SVFOP_CURRENT_TIMESTAMP": "current_timestamp",
}
"""Functions that are the same by definition (PostgreSQL's manual, 9.9.5)."""


def same_expression(one: str, other: str) -> bool:
    """Tell whether two SQL expressions are the same but for brackets, spaces, case and casts of literals.

    Without the parser's library only texts that are equal but for spaces and one pair of outer brackets are the same.
    """
    if _bare(one) == _bare(other):
        return True
    if not one.strip() or not other.strip():
        return False
    first, second = _tree(one), _tree(other)
    return first is not None and first == second


def _bare(text: str) -> str:
    text = " ".join(text.split())
    return text[1:-1].strip() if text.startswith("(") and text.endswith(")") and text.count("(") == 1 else text


@lru_cache(maxsize=1024)
def _tree(text: str) -> Any:
    """Return the parse tree as plain values that can be compared, None where it cannot be parsed."""
    try:
        from alembic_contracts.dialects.postgresql import library
    except ModuleNotFoundError:
        return None
    try:
        statements = library.parse(f"SELECT ({text})").stmts
    except library.PgQueryError:
        return None
    if len(statements) != 1 or len(statements[0].stmt.select_stmt.target_list) != 1:
        return None
    return _plain(statements[0].stmt.select_stmt.target_list[0])


def _plain(message: Any) -> Any:
    """Return a node without its position; literals without the casts that PostgreSQL prints behind them."""
    kind = message.WhichOneof("node") if message.DESCRIPTOR.name == "Node" else None
    if kind == "type_cast" and message.type_cast.arg.WhichOneof("node") in ("a_const", "type_cast"):
        return _plain(message.type_cast.arg)
    if kind == "type_cast" and _is_text_of_column(message.type_cast):
        return _plain(message.type_cast.arg)
    if kind == "func_call":
        return _call(message.func_call)
    if kind == "sqlvalue_function":
        name = message.sqlvalue_function.DESCRIPTOR.fields_by_name["op"].enum_type.values_by_number
        return ("call", _ALIASES.get(name[message.sqlvalue_function.op].name, message.sqlvalue_function.op), ())
    if kind is not None:
        return (kind, _plain(getattr(message, kind)))
    parts = []
    for field, value in message.ListFields():
        if field.name == "location":
            continue
        if field.type != field.TYPE_MESSAGE:
            parts.append((field.name, tuple(value) if field.is_repeated else value))
        elif field.is_repeated:
            parts.append((field.name, tuple(_plain(item) for item in value)))
        else:
            parts.append((field.name, _plain(value)))
    return tuple(parts)


def _is_text_of_column(cast: Any) -> bool:
    """Whether it is the cast that PostgreSQL adds where a varchar column meets a function or operator of text."""
    names = [name.string.sval for name in cast.type_name.names]
    return cast.arg.WhichOneof("node") == "column_ref" and names in (["text"], ["pg_catalog", "text"])


def _call(call: Any) -> Any:
    """Return a function call; what PostgreSQL prints with its schema is the same without."""
    names = [name.string.sval for name in call.funcname]
    name = names[-1] if names[0] == "pg_catalog" else ".".join(names)
    return ("call", _ALIASES.get(name, name), tuple(_plain(argument) for argument in call.args))
