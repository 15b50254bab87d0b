"""Two conditions in, whether one lets pass all that the other one does out: token by token, without a parser.

It is for lists that got longer (``IN``), for bounds that are numbers, and for parts of AND and OR. A condition lets a
row pass that makes it true or NULL (https://sqlite.org/lang_createtable.html, CHECK constraints).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from alembic_contracts.dialects.sqlite.equivalence import are_same, bare, closing
from alembic_contracts.dialects.sqlite.names import fold
from alembic_contracts.dialects.sqlite.purposes import affinity
from alembic_contracts.dialects.sqlite.tokens import Token, meaning
from alembic_contracts.schemas.schema import Column

__all__ = ["is_looser"]

_WIDER = {">": (">", ">="), ">=": (">=",), "<": ("<", "<="), "<=": ("<=",)}
"""Comparisons, and those that let the same and more pass."""
_UNSPLIT = frozenset({"between", "case"})
"""Words with an AND, or a condition, of their own."""
_LITERALS = frozenset({"blob", "number", "string"})


class _Listed(NamedTuple):
    """That something is one of several values."""

    subject: list[Token]
    values: list[list[Token]]


class _Bounded(NamedTuple):
    """That something is on one side of a number."""

    subject: list[Token]
    sign: str
    bound: Decimal


def is_looser(before: str, after: str, columns: Sequence[Column] = ()) -> bool:
    """Tell whether one condition is certainly not false where another is not; False where that is not plain.

    Args:
        before: the one that is met.
        after: the one that is asked for.
        columns: that they may be about, as they were and are; of others it is not known whether they have texts.
    """
    of_texts = {fold(each.name) for each in columns if each.type is None or affinity(each.type) == "TEXT"}
    numeric = frozenset(fold(each.name) for each in columns) - of_texts
    return _lets_pass(bare(meaning(before)), bare(meaning(after)), numeric)


def _lets_pass(before: list[Token], after: list[Token], numeric: frozenset[str]) -> bool:
    """Tell it of tokens; ``numeric``: columns that compare with a number as what it is."""
    if are_same(before, after):
        return True
    either, both = (_parts(after, word) for word in ("or", "and"))
    if len(both) > 1:
        return all(_lets_pass(before, part, numeric) for part in both)
    given_either, given_both = (_parts(before, word) for word in ("or", "and"))
    if len(given_either) > 1:
        return all(_lets_pass(part, after, numeric) for part in given_either)
    if len(given_both) > 1 and any(_lets_pass(part, after, numeric) for part in given_both):
        return True
    if len(either) > 1:
        return any(_lets_pass(before, part, numeric) for part in either)
    return _is_longer(_listed(before), _listed(after)) or _is_wider(_bounded(before), _bounded(after), numeric)


def _parts(tokens: Sequence[Token], word: str) -> list[list[Token]]:
    """Return what stands between ANDs or ORs, which bind all that they stand between."""
    found: list[list[Token]] = [[]]
    depth = 0
    words = set[str]()
    for token in tokens:
        depth += (token.text == "(") - (token.text == ")")
        here = fold(token.text) if depth == 0 and token.kind == "word" else ""
        words.add(here)
        if here == word:
            found.append([])
        else:
            found[-1].append(token)
    if not words.isdisjoint(_UNSPLIT) or (word == "and" and "or" in words):
        return [list(tokens)]
    return [bare(part) for part in found]


def _subject(tokens: Sequence[Token]) -> tuple[list[Token], list[Token]] | None:
    """Return a name or a call at the beginning, and what follows it; None: there is something else."""
    if not tokens or tokens[0].kind not in ("word", "quoted") or fold(tokens[0].text) in ("not", "exists", "cast"):
        return None
    end = 1
    if len(tokens) > 1 and tokens[1].text == "(":
        end = 1 + (closing(list(tokens[1:])) or 0) + 1
    return list(tokens[:end]), list(tokens[end:])


def _listed(tokens: Sequence[Token]) -> _Listed | None:
    found = _subject(tokens)
    if found is None:
        return None
    subject, rest = found
    if len(rest) > 1 and rest[0].text in ("=", "==") and (value := _value(rest[1:])) is not None:
        return _Listed(subject, [value])
    if len(rest) < 4 or fold(rest[0].text) != "in" or rest[1].text != "(" or closing(rest[1:]) != len(rest) - 2:
        return None
    values: list[list[Token]] = [[]]
    for token in rest[2:-1]:
        if token.text == ",":
            values.append([])
        else:
            values[-1].append(token)
    literals = [_value(each) for each in values]
    return _Listed(subject, [each for each in literals if each is not None]) if None not in literals else None


def _value(tokens: Sequence[Token]) -> list[Token] | None:
    """Return a literal, be it with a sign."""
    last = tokens[-1] if tokens else None
    is_literal = last is not None and (last.kind in _LITERALS or fold(last.text) == "null")
    signed = len(tokens) == 2 and tokens[0].text in ("-", "+")
    return list(tokens) if is_literal and (len(tokens) == 1 or signed) else None


def _bounded(tokens: Sequence[Token]) -> _Bounded | None:
    found = _subject(tokens)
    if found is None or not found[1] or found[1][0].text not in _WIDER:
        return None
    value = _value(found[1][1:])
    if value is None or value[-1].kind != "number":
        return None
    try:
        bound = Decimal("".join(token.text for token in value))
    except InvalidOperation:  # in hexadecimal digits
        return None
    return _Bounded(found[0], found[1][0].text, bound)


def _is_longer(before: _Listed | None, after: _Listed | None) -> bool:
    if before is None or after is None or not are_same(before.subject, after.subject, alone=False):
        return False
    return all(any(are_same(value, other) for other in after.values) for value in before.values)


def _is_wider(before: _Bounded | None, after: _Bounded | None, numeric: frozenset[str]) -> bool:
    if before is None or after is None or not are_same(before.subject, after.subject, alone=False):
        return False
    if before.bound == after.bound:
        return after.sign in _WIDER[before.sign]
    down = before.sign[0] == ">"
    is_beyond = (after.bound < before.bound) if down else (after.bound > before.bound)
    subject = before.subject
    if len(subject) == 1 and fold(subject[0].identifier) not in numeric:
        # What a column of texts is compared with is a text, too (https://sqlite.org/datatype3.html, section 4.2).
        was, now = (str(float(each)) if "." in str(each) else str(each) for each in (before.bound, after.bound))
        is_beyond = is_beyond and (now < was if down else now > was) and "E" not in f"{was}{now}".upper()
    return before.sign[0] == after.sign[0] and is_beyond
