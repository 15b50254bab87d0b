"""An SQL text in, its tokens out, as SQLite's own tokenizer splits it: four kinds of quotes, two kinds of comments.

Or its statements, of which SQLite itself says where they end.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from typing import Literal, NamedTuple, cast

from alembic_contracts.patterns import pattern

__all__ = ["Kind", "Token", "apart", "meaning", "tokens"]

Kind = Literal["space", "string", "quoted", "blob", "number", "word", "variable", "mark", "other"]
"""``quoted``: an identifier in double quotes, backticks or square brackets; ``space``: a comment as well;
``other``: what SQLite takes for no token, such as a quote that is never closed."""

_TOKEN = pattern(  # letters are all but ASCII's other characters: a range up to the last one takes 4 ms to compile
    r"""
    (?P<space>[ \t\n\f\r\ufeff]+|--[^\n]*|/\*(?=[\s\S])(?:(?!\*/)[\s\S])*(?:\*/|\Z))
    |(?P<blob>[xX]'[0-9a-fA-F]*')
    |(?P<string>'(?:[^']|'')*')
    |(?P<quoted>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])
    |(?P<number>0[xX][0-9a-fA-F_]+|(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9_]+)?)
    |(?P<word>[^\x00-@\[-^`{-\x7f][^\x00-\#%-/:-@\[-^`{-\x7f]*)
    |(?P<variable>[?][0-9]*|[:@$\#][^\x00-\#%-/:-@\[-^`{-\x7f]+)
    |(?P<mark>->>|->|\|\||<=|<>|<<|>=|>>|==|!=|[-+*/%(),.;<>=&|~])
    |(?P<other>[\s\S])
    """,
    re.VERBOSE,
)


class Token(NamedTuple):
    """A token of a text, of which it is the part from ``start`` to ``end``."""

    kind: Kind
    text: str
    start: int
    end: int

    @property
    def identifier(self) -> str:
        """What it names, where it stands for a name: without its quotes."""
        if self.kind not in ("quoted", "string"):
            return self.text
        mark = self.text[-1]
        inside = self.text[1:-1]
        return inside if mark == "]" else inside.replace(mark * 2, mark)


def tokens(text: str) -> list[Token]:
    """Return all tokens of a text, spaces included: put together again they are the text."""
    return list(map(_token, _TOKEN.finditer(text)))


def meaning(text: str, start: int = 0) -> list[Token]:
    """Return the tokens that mean something, neither spaces nor comments, from where one begins on."""
    return [_token(found) for found in _TOKEN.finditer(text, start) if found.lastgroup != "space"]


def _token(found: re.Match[str]) -> Token:
    return Token(cast("Kind", found.lastgroup), found[0], *found.span())


def apart(script: str) -> Iterator[str]:
    """Yield the statements of a text, one by one: a trigger's body is part of its statement."""
    start = 0
    for found in re.finditer(";", script):
        piece = script[start : found.end()]
        if sqlite3.complete_statement(piece):
            yield piece
            start = found.end()
    if script[start:].strip():
        yield script[start:]
