"""An expression's text in, the columns out that make it NULL: without a parser, where that is plain."""

from __future__ import annotations

import re
from collections.abc import Sequence

from alembic_contracts.patterns import pattern
from alembic_contracts.schemas.schema import Column

__all__ = ["nulls_from"]

_LITERAL = pattern(r"'(?:[^']|'')*'")
_NAMED = pattern(r'"(?:[^"]|"")*"|`(?:[^`]|``)*`|\w+')
"""A name, in quotes or not."""
_QUOTES = frozenset('"`')
_CALL = pattern(r"(\w+)\s*\(")
_NULL_OF_NULL = frozenset(
    {
        "abs", "btrim", "ceil", "date_trunc", "floor", "length", "lower", "ltrim", "md5", "replace", "round", "rtrim",
        "substr", "substring", "to_tsvector", "trim", "upper",
    }
)  # fmt: skip
"""Functions that make NULL of NULL."""
_TAKES_NULL = pattern(r"\b(is|null|case|distinct|and|or|array|row)\b|\[|->", re.IGNORECASE)
"""What an expression can have that makes something else of NULL."""


def nulls_from(expression: str, columns: Sequence[Column], *, minds_case: bool) -> tuple[str, ...]:
    """Return the columns of which each makes an expression NULL; nothing where that is not certain.

    Args:
        expression: of a generated column.
        columns: of its table.
        minds_case: whether names that differ in the case of letters are different ones.
    """
    text = _LITERAL.sub("''", expression)
    rest = _NAMED.sub(lambda found: "q" if found[0][0] in _QUOTES else found[0], text)
    if _TAKES_NULL.search(rest) or not {name.lower() for name in _CALL.findall(rest)} <= _NULL_OF_NULL:
        return ()
    fold = str if minds_case else str.lower
    named = {fold(_bare(each)) for each in _NAMED.findall(text)}
    sources = [each for each in columns if fold(each.name) in named]
    # An array || NULL is an array.
    is_certain = all(each.type is not None and not each.type.dimensions for each in sources)
    return tuple(each.name for each in sources) if is_certain else ()


def _bare(name: str) -> str:
    """Return a name without its quotes."""
    mark = name[0]
    return name[1:-1].replace(mark * 2, mark) if mark in _QUOTES else name
