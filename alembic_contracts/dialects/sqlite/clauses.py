"""A position in an SQL text that moves from clause to clause, for those who read what SQLite has written down."""

from __future__ import annotations

from alembic_contracts.dialects.sqlite.names import fold
from alembic_contracts.dialects.sqlite.tokens import Token, meaning

__all__ = ["Clauses", "Unread"]

_END = Token("other", "", 0, 0)
_NAMES = frozenset({"word", "quoted", "string"})
"""Kinds of tokens that SQLite takes for a name."""


class Unread(Exception):  # noqa: N818 - nobody's error: what is not understood stays unknown
    """The text goes on in another way than those that are known."""


class Clauses:
    """Reads a text from its beginning; what is not where it has to be raises ``Unread``."""

    def __init__(self, sql: str, start: int = 0) -> None:
        """``start``: where a token begins, from which on it is read."""
        self.sql = sql
        self._start = start
        self._tokens = meaning(sql, start)
        self._at = 0

    # -- a look --------------------------------------------------------------------------------------------------------

    def at_end(self) -> bool:
        """Whether nothing follows but a semicolon."""
        return all(token.text == ";" for token in self._tokens[self._at :])

    def is_word(self, *words: str, ahead: int = 0) -> bool:
        """Whether one of some words follows, not in quotes."""
        token = self._token(ahead)
        return token.kind == "word" and fold(token.text) in words

    def are_words(self, *words: str) -> bool:
        """Whether words follow one after the other."""
        return all(self.is_word(word, ahead=at) for at, word in enumerate(words))

    def is_mark(self, *marks: str) -> bool:
        """Whether one of some marks follows."""
        token = self._token()
        return token.kind == "mark" and token.text in marks

    def is_name(self) -> bool:
        """Whether something follows that SQLite takes for a name."""
        return self._token().kind in _NAMES

    def has_unknown(self) -> bool:
        """Whether anything is no token of SQLite's, such as a quote that is never closed."""
        return any(token.kind == "other" for token in self._tokens)

    def end_of_last(self) -> int:
        """Return where what was stepped over ends in the text."""
        return self._tokens[self._at - 1].end if self._at else self._start

    # -- a step, where it fits -----------------------------------------------------------------------------------------

    def words(self, *words: str) -> bool:
        """Step over words, if all of them follow one after the other."""
        there = self.are_words(*words)
        self._at += len(words) if there else 0
        return there

    def mark(self, mark: str) -> bool:
        """Step over a mark, if it follows."""
        there = self.is_mark(mark)
        self._at += there
        return there

    # -- a step --------------------------------------------------------------------------------------------------------

    def need(self, *words: str) -> None:
        """Step over words."""
        if not self.words(*words):
            raise Unread

    def need_mark(self, mark: str) -> None:
        """Step over a mark."""
        if not self.mark(mark):
            raise Unread

    def take(self) -> Token:
        """Step over any token, and return it."""
        token = self._token()
        if token is _END:
            raise Unread
        self._at += 1
        return token

    def word(self) -> str:
        """Step over a word, and return it folded."""
        token = self.take()
        if token.kind != "word":
            raise Unread
        return fold(token.text)

    def name(self) -> str:
        """Step over a name, and return it without quotes."""
        if not self.is_name():
            raise Unread
        return self.take().identifier

    def qualified(self) -> str:
        """Step over an object's name, its schema's before it, and return the former."""
        name = self.name()
        return self.name() if self.mark(".") else name

    def group(self) -> str:
        """Step over a pair of parentheses with all that is in it, and return that."""
        self.need_mark("(")
        start, depth = self._tokens[self._at - 1].end, 1
        while depth:
            token = self.take()
            depth += (token.text == "(") - (token.text == ")")
        return self.sql[start : self._tokens[self._at - 1].start].strip()

    def until(self, *marks: str) -> str:
        """Step up to one of some marks outside of parentheses, or to the end, and return what was before it."""
        start = end = self._token().start
        while not self.at_end() and not self.is_mark(*marks):
            if self.is_mark("("):
                self.group()
            else:
                self.take()
            end = self._tokens[self._at - 1].end
        return self.sql[start:end]

    def rest(self) -> str:
        """Return all that follows."""
        return self.sql[self._token().start :].strip().removesuffix(";").rstrip() if not self.at_end() else ""

    def _token(self, ahead: int = 0) -> Token:
        at = self._at + ahead
        return self._tokens[at] if at < len(self._tokens) else _END
