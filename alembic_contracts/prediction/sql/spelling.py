"""A text that PostgreSQL prints of an expression in, the users' names in it out, or the text with others.

What is printed is kept (``Printed``) with every user's name qualified, as under an empty ``search_path``: a rename or
another ``search_path`` changes just these places of it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Literal

from msgspec import Struct

from alembic_contracts.dialects.postgresql.names import quote, quote_name
from alembic_contracts.prediction.sql import parser
from alembic_contracts.prediction.sql.sqlstate import PostgresError
from alembic_contracts.schemas.remarks import Printed
from alembic_contracts.schemas.schema import Name

__all__ = [
    "Mention",
    "mentioned",
    "moved",
    "observed",
    "printed_of",
    "renamed_column",
    "respelled",
    "spelled",
]


def observed(text: str) -> str:
    """Return a text that a server printed under an empty ``search_path``."""
    return text if isinstance(text, Printed) else Printed(text, text)


def printed_of(text: str) -> str | None:
    """Return what PostgreSQL prints, every user's name qualified; None where that is not known."""
    return text.printed if isinstance(text, Printed) else None


class Mention(Struct, frozen=True):
    """A place in a printed text where a name stands that is not PostgreSQL's own; positions count bytes."""

    kind: Literal["column", "type", "function", "relation", "regclass"]
    name: Name
    start: int
    end: int


_PREFIX = "SELECT ("
_QUERIES = (["SELECT"], ["WITH"], ["VALUES"])
_SYSTEM = frozenset({"", "pg_catalog", "information_schema"})


@lru_cache(maxsize=8192)
def mentioned(printed: str) -> tuple[Mention, ...] | None:
    """Return the users' names in a printed expression or query; None where there are some that are not understood."""
    query = printed.split(None, 1)[:1] in _QUERIES
    text = printed if query else f"{_PREFIX}{printed})"
    offset = 0 if query else len(_PREFIX)
    try:
        (statement,) = parser.parse(text)
        tokens = {token.start: token for token in parser.scan(text)}
    except (PostgresError, ValueError):
        return None
    found = _Mentions(tokens, offset, query=query)
    for message in parser.walk(statement.node):
        found.look(message)
    return None if found.lost else tuple(sorted(found.all, key=lambda mention: mention.start))


class _Mentions:
    """Collects the names of one text."""

    def __init__(self, tokens: dict[int, parser.Token], offset: int, *, query: bool) -> None:
        self.tokens, self.offset, self.query = tokens, offset, query
        self.starts = sorted(tokens)
        self.all: list[Mention] = []
        self.lost = False

    def look(self, node: parser.Node) -> None:
        """Take the name that one message of the tree is."""
        kind = node.DESCRIPTOR.name
        if kind == "ColumnRef" and not self.query:
            self._column(node)
        elif kind == "RangeVar" and node.schemaname not in _SYSTEM:
            self._put("relation", Name(node.schemaname, node.relname), node.location, 2)
        elif kind == "TypeName":
            self._qualified("type", parser.strings(node.names), node.location)
        elif kind == "FuncCall":
            self._qualified("function", parser.strings(node.funcname), node.location)
        elif kind == "TypeCast" and parser.strings(node.type_name.names)[-1].startswith("reg"):
            self._regclass(node)
        elif kind == "A_Expr" and len(node.name) > 1:
            self.lost = True  # OPERATOR(public.=)
        elif kind == "CollateClause" and len(node.collname) > 1:
            self.lost = self.lost or parser.strings(node.collname)[0] not in _SYSTEM

    def _column(self, node: parser.Node) -> None:
        names = parser.strings(node.fields)
        if len(names) < len(node.fields):
            self.lost = True
        elif names != ["value"] or self.tokens[node.location].text != "VALUE":  # of a domain's check
            self._put("column", Name("", names[-1]), node.location, len(names))

    def _qualified(self, kind: Literal["type", "function"], names: list[str], at: int) -> None:
        if len(names) > 1 and names[0] not in _SYSTEM:
            self._put(kind, Name(names[-2], names[-1]), at, len(names))

    def _regclass(self, node: parser.Node) -> None:
        value = parser.unwrap(node.arg)
        if value.DESCRIPTOR.name != "A_Const" or not value.HasField("sval"):
            return
        try:
            parts = [token for token in parser.scan(value.sval.sval) if token.kind != "ASCII_46"]
        except PostgresError:
            parts = []
        if parser.strings(node.type_name.names)[-1] != "regclass" or len(parts) != 2:
            self.lost = self.lost or len(parts) != 1
            return
        schema, name = (_unquoted(part.text) for part in parts)
        token = self.tokens.get(value.location)
        if token is None:
            self.lost = True
        else:
            self.all.append(Mention("regclass", Name(schema, name), token.start - self.offset, token.end - self.offset))

    def _put(self, kind: Literal["column", "type", "function", "relation"], name: Name, at: int, parts: int) -> None:
        first = self.tokens.get(at)
        if first is None or parts > 2 or (kind == "column" and parts != 1):
            self.lost = True
            return
        position = self.starts.index(at) + (2 if parts == 2 else 0)
        last = self.tokens[self.starts[position]] if position < len(self.starts) else None
        if last is None or _unquoted(last.text) != name.name:
            self.lost = True
            return
        self.all.append(Mention(kind, name, first.start - self.offset, last.end - self.offset))


def _unquoted(text: str) -> str:
    return text[1:-1].replace('""', '"') if text.startswith('"') else text


def respelled(printed: str, spell: Callable[[Mention], str | None]) -> str | None:
    """Return a printed text with other spellings of its names.

    Args:
        printed: the text.
        spell: returns how a name is to be written, None where that is not known.
    """
    found = mentioned(printed)
    if found is None:
        return None
    encoded, parts, at = printed.encode(), [], 0
    for mention in found:
        written = spell(mention)
        if written is None:
            return None
        parts += [encoded[at : mention.start], written.encode()]
        at = mention.end
    return b"".join((*parts, encoded[at:])).decode()


def spelled(name: Name, kind: str) -> str:
    """Return a name as it stands in a printed text."""
    written = quote(name.name) if kind == "column" or not name.schema else quote_name(name)
    return "'" + written.replace("'", "''") + "'" if kind == "regclass" else written


def renamed_column(text: str, changed: str, old: str, new: str) -> str:
    """Return the text ``changed``, which came of renaming a column in ``text``, with what PostgreSQL prints then."""
    printed = printed_of(text)
    if printed is None:
        return Printed(changed, None)

    def spell(mention: Mention) -> str:
        column = mention.kind == "column" and mention.name.name == old
        return spelled(Name("", new) if column else mention.name, mention.kind)

    return Printed(changed, respelled(printed, spell))


def moved(text: str, change: Callable[[Name], Name], words: set[str]) -> str:
    """Return a text after objects that it may mention got other names.

    Args:
        text: the text.
        change: returns an object's new name, or the name itself.
        words: one of these stands in every text that is concerned.
    """
    printed = printed_of(text)
    if printed is None or not any(word in printed for word in words):
        return text
    found = mentioned(printed)
    if found is None:
        return Printed(text, None)
    if all(mention.kind == "column" or change(mention.name) == mention.name for mention in found):
        return text
    if any(mention.kind == "relation" for mention in found):
        return Printed(text, None)  # a query's columns are printed with the table's name, which can need an alias

    def spell(mention: Mention) -> str:
        return spelled(mention.name if mention.kind == "column" else change(mention.name), mention.kind)

    return Printed(text, respelled(printed, spell))
