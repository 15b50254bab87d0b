"""The text of an index, a view or a trigger in, the parts of it that no pragma tells out."""

from __future__ import annotations

import re

from msgspec import Struct

from alembic_contracts.dialects.sqlite.clauses import Clauses, Unread
from alembic_contracts.dialects.sqlite.names import fold
from alembic_contracts.patterns import pattern

__all__ = ["IndexText", "index_text", "updated_instead", "view_query"]

_ORDER = pattern(r"(?<=[\s)\"`\]'])(?:asc|desc)\Z", re.IGNORECASE)


class IndexText(Struct, frozen=True):
    """What a CREATE INDEX says."""

    keys: tuple[str, ...]
    """Columns or expressions, without their order."""
    predicate: str | None


def index_text(sql: str | None) -> IndexText | None:
    """Return what a CREATE INDEX says, None where it is not understood."""
    try:
        return _index(Clauses(sql or ""))
    except Unread:
        return None


def _index(text: Clauses) -> IndexText:
    text.need("create")
    text.words("unique")
    text.need("index")
    text.words("if", "not", "exists")
    text.qualified()
    text.need("on")
    text.name()
    text.need_mark("(")
    keys = [_key(text)]
    while text.mark(","):
        keys.append(_key(text))
    text.need_mark(")")
    predicate = text.rest() if text.words("where") else None
    return IndexText(tuple(keys), predicate)


def _key(text: Clauses) -> str:
    return _ORDER.sub("", text.until(",", ")")).rstrip()


def view_query(sql: str | None) -> str | None:
    """Return what a view selects, None where the text is not understood."""
    text = Clauses(sql or "")
    try:
        text.need("create")
        _ = text.words("temp") or text.words("temporary")
        text.need("view")
        text.words("if", "not", "exists")
        text.qualified()
        if text.is_mark("("):
            text.group()
        text.need("as")
        return text.rest()
    except Unread:
        return None


def updated_instead(sql: str | None) -> frozenset[str] | None:
    """Return the columns of a view that a trigger has taken care of when they are updated, folded.

    None where they are all taken care of, none for a trigger of another kind; those of a text that is not understood
    are the same as for another kind.
    """
    text = Clauses(sql or "")
    try:
        text.need("create")
        _ = text.words("temp") or text.words("temporary")
        text.need("trigger")
        text.words("if", "not", "exists")
        text.qualified()
        text.need("instead", "of", "update")
        if not text.words("of"):
            return None
        columns = [fold(text.name())]
        while text.mark(","):
            columns.append(fold(text.name()))
        return frozenset(columns)
    except Unread:
        return frozenset()
