"""The text of a PL/pgSQL body in, its tokens out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_contracts.prediction.sql import parser
from alembic_contracts.prediction.sql.sqlstate import PostgresError

if TYPE_CHECKING:
    from alembic_contracts.prediction.sql.parser import Token

__all__ = ["Tokens"]


class Tokens:
    """The tokens of a text, and a position among them."""

    def __init__(self, text: str) -> None:
        self._encoded = text.encode()
        self.all = parser.scan(text)
        self.at = 0

    def word(self, ahead: int = 0) -> str:
        """Return the text of a token in lower case, as it is where it is quoted; "" at the end."""
        if self.at + ahead >= len(self.all):
            return ""
        text = self.all[self.at + ahead].text
        return text if text.startswith(('"', "'", "$")) else text.lower()

    def next(self) -> Token:
        """Step over a token and return it.

        Raises:
            PostgresError: 42601, there is none.
        """
        if self.at >= len(self.all):
            raise PostgresError("42601", "syntax error at end of input")
        token = self.all[self.at]
        self.at += 1
        return token

    def take(self, *words: str) -> bool:
        """Step over these words if they are next."""
        if any(self.word(position) != word for position, word in enumerate(words)):
            return False
        self.at += len(words)
        return True

    def expect(self, *words: str) -> None:
        """Step over these words.

        Raises:
            PostgresError: 42601, something else is next.
        """
        for word in words:
            if not self.take(word):
                raise PostgresError("42601", f'syntax error at or near "{self.word()}"')

    def name(self) -> str:
        """Return a name, folded as PostgreSQL folds it; dots and all after the first part are left out."""
        text = self.next().text
        name = text[1:-1].replace('""', '"') if text.startswith('"') else text.lower()
        while self.take("."):
            self.next()
        while self.take("["):
            self.until("]")
            self.expect("]")
        return name

    def names(self) -> tuple[str, ...]:
        """Return names with commas between them."""
        found = [self.name()]
        while self.take(","):
            found.append(self.name())
        return tuple(found)

    def until(self, *words: str) -> str:
        """Return the text up to the first of these words that is not in parentheses (``read_sql_construct``)."""
        start, depth = self.at, 0
        while True:
            word = self.word()
            if not word:
                raise PostgresError("42601", "missing end of an SQL expression")
            if depth == 0 and word in words and self.at > start:
                break
            if depth == 0 and word in words and self.at == start:
                return ""
            depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(word, 0)
            self.at += 1
        return self.slice(start, self.at)

    def slice(self, start: int, end: int) -> str:
        """Return the text of the tokens from one position up to another."""
        if end <= start:
            return ""
        return self._encoded[self.all[start].start : self.all[end - 1].end].decode()
