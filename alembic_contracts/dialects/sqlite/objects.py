"""The text of an index, a view or a trigger in, the parts of it that no pragma tells out."""

from __future__ import annotations

import re

from msgspec import Struct

from alembic_contracts.dialects.sqlite.clauses import Clauses, Unread
from alembic_contracts.dialects.sqlite.names import fold
from alembic_contracts.patterns import pattern

__all__ = ["IndexText", "Instead", "index_text", "instead", "view_query"]

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


class Instead(Struct, frozen=True):
    """What a trigger takes care of in the place of a view."""

    event: str = ""
    """``INSERT``, ``UPDATE`` or ``DELETE``; empty for a trigger of another kind, and a text that is not understood."""
    columns: frozenset[str] | None = None
    """Of an UPDATE, folded; None: all of them."""


def instead(sql: str | None) -> Instead:
    """Return what a CREATE TRIGGER takes care of."""
    text = Clauses(sql or "")
    try:
        text.need("create")
        _ = text.words("temp") or text.words("temporary")
        text.need("trigger")
        text.words("if", "not", "exists")
        text.qualified()
        text.need("instead", "of")
        event = next((word for word in ("insert", "delete") if text.words(word)), None)
        if event is not None:
            return Instead(event.upper())
        text.need("update")
        if not text.words("of"):
            return Instead("UPDATE")
        columns = [fold(text.name())]
        while text.mark(","):
            columns.append(fold(text.name()))
        return Instead("UPDATE", frozenset(columns))
    except Unread:
        return Instead()
