"""A generated column in, those out that it is computed from."""

from __future__ import annotations

import re

from alembic_contracts.dialects import Dialect
from alembic_contracts.patterns import pattern
from alembic_contracts.schemas.schema import Column, Table

__all__ = ["sources_of"]

_LITERAL = pattern(r"'(?:[^']|'')*'")
_NAMED = pattern(r'"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|\w+')
"""A name, in quotes or not."""
_QUOTES = {'"': '"', "`": "`", "[": "]"}
_CAST_TO = pattern(r"\bas\s+[\w\s]+(\([\d\s,]*\))?\s*(?=\))", re.IGNORECASE)
_CALL = pattern(r"(\w+)\s*\(")
_NULL_OF_NULL = frozenset(
    {
        "abs", "btrim", "ceil", "date_trunc", "floor", "length", "lower", "ltrim", "md5", "replace", "round", "rtrim",
        "substr", "substring", "to_tsvector", "trim", "upper",
    }
)  # fmt: skip
"""Functions that make NULL of NULL."""
_NULL_OF_NULL_ON_SQLITE = _NULL_OF_NULL | frozenset(
    {
        "cast", "date", "datetime", "instr", "json", "json_array_length", "json_extract", "julianday", "sign",
        "strftime", "time", "unicode", "unixepoch",
    }
)  # fmt: skip
_TAKES_NULL = pattern(r"\b(is|null|case|distinct|and|or|array|row)\b|\[|->", re.IGNORECASE)
"""What an expression can have that makes something else of NULL."""
_TAKES_NULL_ON_SQLITE = pattern(r"\b(is|isnull|notnull|null|case|distinct|and|or|in|between)\b", re.IGNORECASE)


def sources_of(column: Column, table: Table, dialect: Dialect) -> tuple[str, ...]:
    """Return the columns that a generated one is computed from, where it is NULL as soon as one of them is.

    Args:
        column: a generated one.
        table: that it is in.
        dialect: of the database.

    Returns:
        Nothing where it is not certain that it is NULL then.
    """
    if dialect.makes_null(column.expression or "", table.columns):
        return _named_in(column.expression or "", table, dialect)
    text, on_sqlite = _LITERAL.sub("''", column.expression or ""), dialect.KIND == "sqlite"
    known, takes_null = _NULL_OF_NULL, _TAKES_NULL
    if on_sqlite:
        text, known, takes_null = _CAST_TO.sub("", text), _NULL_OF_NULL_ON_SQLITE, _TAKES_NULL_ON_SQLITE
    names = [each for each in _NAMED.findall(text) if on_sqlite or each[0] != "["]
    rest: str = text
    for each in names:
        rest = rest if each[0] not in _QUOTES else rest.replace(each, "q")
    if takes_null.search(rest) or not {name.lower() for name in _CALL.findall(rest)} <= known:
        return ()
    written = {_folded(_bare(each), dialect) for each in names}
    sources = [each for each in table.columns if _folded(each.name, dialect) in written]
    # An array || NULL is an array.
    is_certain = all(each.type is not None and not each.type.dimensions for each in sources)
    return tuple(each.name for each in sources) if is_certain else ()


def _named_in(expression: str, table: Table, dialect: Dialect) -> tuple[str, ...]:
    """Return the columns that may be NULL in an expression, all of them where none may."""
    written = {_folded(_bare(each), dialect) for each in _NAMED.findall(_LITERAL.sub("''", expression))}
    named = [each for each in table.columns if _folded(each.name, dialect) in written]
    return tuple(each.name for each in named if not each.not_null) or tuple(each.name for each in named)


def _bare(name: str) -> str:
    """Return a name without its quotes."""
    end = _QUOTES.get(name[0])
    return name if end is None else name[1:-1].replace(end * 2, end)


def _folded(name: str, dialect: Dialect) -> str:
    """Return what names of one column have in common: PostgreSQL alone minds the case of letters in them."""
    return name if dialect.KIND == "postgresql" else name.lower()
