"""Two SQL expressions in, whether they are the same but for their spelling out: token by token, without a parser."""

from __future__ import annotations

import re
from decimal import Decimal

from alembic_contracts.dialects.sqlite.names import KEYWORDS, fold
from alembic_contracts.dialects.sqlite.tokens import Token, meaning
from alembic_contracts.patterns import pattern

__all__ = ["are_same", "bare", "closing", "same_expression"]

_PLAIN = pattern(r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e[+-]?[0-9]{1,3})?", re.ASCII)
"""Numbers, but for those beyond what a number can be."""
_SAME_MARKS = {"==": "=", "<>": "!="}
_LITERALS = frozenset({"null", "true", "false", "current_date", "current_time", "current_timestamp"})


def same_expression(one: str, other: str) -> bool:
    """Tell whether two SQL expressions are the same but for spaces, comments, outer parentheses and case of words.

    String literals have to be the same exactly. A name in double quotes is the same as one without only where it is
    written alike: where there is no such column, SQLite takes it for a string. So is a word alone, which is a string as
    a default (``DEFAULT abc``).
    """
    return are_same(bare(meaning(one)), bare(meaning(other)))


def are_same(one: list[Token], other: list[Token], *, alone: bool | None = None) -> bool:
    """Tell the same of what has no parentheses around it.

    Args:
        one: the tokens of an expression.
        other: those of another one.
        alone: whether a word that is all of it may be a string; None: it may.
    """
    if len(one) != len(other):
        return False
    alone = len(one) == 1 if alone is None else alone
    return all(_is_same(left, right, alone=alone) for left, right in zip(one, other, strict=True))


def _constant(token: Token) -> tuple[str, Decimal] | None:
    """Return the type and value of a number, and of TRUE and FALSE, which are 1 and 0; None: it is something else.

    Source: https://sqlite.org/lang_expr.html#boolean_expressions
    """
    word = fold(token.text)
    if token.kind == "word" and word in ("true", "false"):
        return "integer", Decimal(word == "true")
    if token.kind == "number" and _PLAIN.fullmatch(word):
        return "integer" if word.isdigit() else "real", Decimal(word)
    return None


def bare(parts: list[Token]) -> list[Token]:
    """Return tokens without parentheses around all of them."""
    while len(parts) > 2 and parts[0].text == "(" and closing(parts) == len(parts) - 1:
        parts = parts[1:-1]
    return parts


def closing(parts: list[Token]) -> int | None:
    """Return where the parenthesis is closed that is the first token."""
    depth = 0
    for at, token in enumerate(parts):
        depth += (token.text == "(") - (token.text == ")")
        if depth == 0:
            return at
    return None


def _is_same(one: Token, other: Token, *, alone: bool) -> bool:
    kinds = {one.kind, other.kind}
    if alone or kinds == {"number"}:
        value = _constant(one)
        if value is not None and value == _constant(other):
            return True
    if kinds <= {"word", "quoted"}:
        if kinds == {"word"} and (not alone or fold(one.text) in _LITERALS):
            return fold(one.text) == fold(other.text)
        if kinds == {"word", "quoted"} and _is_keyword_like(one, other):
            return False
        if kinds == {"quoted"} and not any(token.text.startswith('"') for token in (one, other)):
            return fold(one.identifier) == fold(other.identifier)
        return one.identifier == other.identifier
    if one.kind != other.kind:
        return False
    if one.kind == "mark":
        return _SAME_MARKS.get(one.text, one.text) == _SAME_MARKS.get(other.text, other.text)
    if one.kind in ("number", "blob"):
        return fold(one.text) == fold(other.text)
    return one.text == other.text


def _is_keyword_like(one: Token, other: Token) -> bool:
    """Whether a word would mean something else than a name without its quotes."""
    return fold(one.identifier) in KEYWORDS or fold(other.identifier) in KEYWORDS
