"""Takes the tokens of a PL/pgSQL body and returns, one by one, those of its statements that hold no others."""

from __future__ import annotations

from collections.abc import Callable

from alembic_contracts.prediction.plpgsql.tokens import Tokens
from alembic_contracts.prediction.plpgsql.tree import (
    Assert,
    Assign,
    Close,
    Execute,
    Exit,
    Fetch,
    Open,
    Raise,
    Return,
    Sql,
    Statement,
    Transaction,
)
from alembic_contracts.prediction.sql.sqlstate import PostgresError

__all__ = ["SIMPLE", "SimpleStatements"]

_LEVELS = frozenset({"debug", "log", "info", "notice", "warning", "exception"})


class SimpleStatements(Tokens):
    """Reads single statements, each up to its semicolon."""

    def is_assignment(self) -> bool:
        """Whether a name, with fields and elements behind it, stands before := or =."""
        ahead = 1
        while self.word(ahead) in {".", "["}:
            if self.word(ahead) == ".":
                ahead += 2
                continue
            depth = 0
            while self.word(ahead):
                depth += {"[": 1, "]": -1}.get(self.word(ahead), 0)
                ahead += 1
                if depth == 0:
                    break
        return self.word(ahead) in {":=", "="}

    def assignment(self) -> Assign:
        """Read an assignment."""
        start = self.at
        name = self.name()
        part = self.at > start + 1
        self.next()
        value = self.until(";")
        self.expect(";")
        return Assign(name, part, value)

    def sql(self) -> Sql:
        """Read a statement of SQL, with INTO taken out of it (``make_execsql_stmt``).

        Raises:
            PostgresError: 42601, it does not end.
        """
        start, first, pieces, depth = self.at, self.word(), [], 0
        into: tuple[str, ...] = ()
        strict, before = False, ""
        atomic = 0
        while self.word() != ";" or depth or atomic:
            word = self.word()
            if not word:
                raise PostgresError("42601", "syntax error at end of input")
            depth += {"(": 1, ")": -1}.get(word, 0)
            atomic += 1 if (before, word) == ("begin", "atomic") else -1 if word == "end" and atomic else 0
            if word == "into" and before not in {"insert", "merge"} and first != "import":
                pieces.append(self.slice(start, self.at))
                self.next()
                strict = self.take("strict")
                into = self.names()
                start, before = self.at, ""
                continue
            self.next()
            before = word
        pieces.append(self.slice(start, self.at))
        self.expect(";")
        return Sql(" ".join(piece for piece in pieces if piece), into, strict)

    def perform(self) -> Sql:
        """Read PERFORM."""
        text = self.until(";")
        self.expect(";")
        return Sql(f"SELECT {text}", discards=True)

    def call(self) -> Sql:
        """Read CALL or DO, which are SQL with their first word."""
        self.at -= 1
        start = self.at
        self.until(";")
        text = self.slice(start, self.at)
        self.expect(";")
        return Sql(text)

    def execute(self) -> Execute:
        """Read EXECUTE."""
        text = self.until("into", "using", ";")
        into: tuple[str, ...] = ()
        using: tuple[str, ...] = ()
        while not self.take(";"):
            if self.take("into"):
                self.take("strict")
                into = self.names()
            else:
                self.expect("using")
                using = self.expressions("into", ";")
        return Execute(text, into, using)

    def expressions(self, *ends: str) -> tuple[str, ...]:
        """Read expressions with commas between them."""
        found = [self.until(",", *ends)]
        while self.take(","):
            found.append(self.until(",", *ends))
        return tuple(found)

    def exit(self) -> Exit:
        """Read EXIT or CONTINUE."""
        again = self.all[self.at - 1].text.lower() == "continue"
        label = self.name() if self.word() not in {"when", ";"} else None
        condition = self.until(";") if self.take("when") else None
        self.expect(";")
        return Exit(again, label, condition)

    def returning(self) -> Return:
        """Read RETURN, RETURN NEXT or RETURN QUERY."""
        if self.take("next"):
            text = self.until(";")
            self.expect(";")
            return Return(text or None, final=False)
        if self.take("query"):
            dynamic = self.take("execute")
            text = self.until("using", ";")
            if self.take("using"):
                self.until(";")
            self.expect(";")
            return Return(text, final=False, dynamic=dynamic, query=True)
        text = self.until(";")
        self.expect(";")
        return Return(text or None, final=True)

    def raising(self) -> Raise:
        """Read RAISE."""
        level = self.next().text.lower() if self.word() in _LEVELS else "exception"
        message = condition = None
        values: tuple[str, ...] = ()
        if self.word().startswith(("'", "$")) or self.word().startswith("e'"):
            message = self.next().text
            values = self.expressions("using", ";") if self.take(",") else ()
        elif self.take("sqlstate"):
            condition = self.next().text.strip("'")
        elif self.word() not in {"using", ";"}:
            condition = self.name()
        else:
            level = level if self.word() == "using" else "again"
        options = []
        if self.take("using"):
            while self.word() != ";":
                name = self.name()
                self.next()
                options.append((name, self.until(",", ";")))
                self.take(",")
        self.expect(";")
        return Raise(level, message, condition, values, tuple(options))

    def asserting(self) -> Assert:
        """Read ASSERT."""
        condition = self.until(",", ";")
        if self.take(","):
            self.until(";")
        self.expect(";")
        return Assert(condition)

    def get(self) -> Fetch:
        """Read GET DIAGNOSTICS, which sets variables as FETCH does."""
        self.take("current")
        self.take("stacked")
        self.expect("diagnostics")
        names = []
        while self.word() != ";":
            names.append(self.name())
            self.next()
            self.next()
            self.take(",")
        self.expect(";")
        return Fetch(tuple(names))

    def open(self) -> Open:
        """Read OPEN."""
        self.name()
        query = dynamic = None
        if self.word() == "(":
            self.until(";")
        self.take("no")
        self.take("scroll")
        if self.take("for"):
            if self.take("execute"):
                dynamic = self.until("using", ";")
                if self.take("using"):
                    self.until(";")
            else:
                query = self.until(";")
        self.expect(";")
        return Open(query, dynamic)

    def fetch(self) -> Fetch:
        """Read FETCH or MOVE."""
        self.until("into", ";")
        into = self.names() if self.take("into") else ()
        self.expect(";")
        return Fetch(into)

    def nothing(self) -> Close:
        """Read CLOSE or NULL, which change nothing."""
        self.until(";")
        self.expect(";")
        return Close()

    def transaction(self) -> Transaction:
        """Read COMMIT or ROLLBACK."""
        commit = self.all[self.at - 1].text.lower() == "commit"
        self.until(";")
        self.expect(";")
        return Transaction(commit)


SIMPLE: dict[str, Callable[[SimpleStatements], Statement]] = {
    "perform": SimpleStatements.perform,
    "call": SimpleStatements.call,
    "do": SimpleStatements.call,
    "execute": SimpleStatements.execute,
    "exit": SimpleStatements.exit,
    "continue": SimpleStatements.exit,
    "return": SimpleStatements.returning,
    "raise": SimpleStatements.raising,
    "assert": SimpleStatements.asserting,
    "get": SimpleStatements.get,
    "open": SimpleStatements.open,
    "fetch": SimpleStatements.fetch,
    "move": SimpleStatements.fetch,
    "close": SimpleStatements.nothing,
    "null": SimpleStatements.nothing,
    "commit": SimpleStatements.transaction,
    "rollback": SimpleStatements.transaction,
}
"""What reads a statement, by its first word, which is stepped over already."""
