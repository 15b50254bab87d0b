"""Takes the text of a PL/pgSQL body and returns its blocks, branches and loops as a tree (``tree.Block``).

PostgreSQL's own parser of it (``parse_plpgsql`` of libpg_query) needs a catalog for every type that a variable has, so
this one follows the grammar (``pl_gram.y``) with PostgreSQL's scanner: SQL is cut out as the server cuts it out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import lru_cache

from alembic_contracts.prediction.plpgsql.simple_statements import SIMPLE, SimpleStatements
from alembic_contracts.prediction.plpgsql.tree import (
    Block,
    Case,
    Declaration,
    ExceptionHandler,
    ForEach,
    ForNumbers,
    ForRows,
    If,
    Loop,
    Statement,
)
from alembic_contracts.prediction.sql import parser
from alembic_contracts.prediction.sql.sqlstate import PostgresError

__all__ = ["parse_body", "read_body"]


def read_body(text: str) -> Block | None:
    """Return the outermost block of a body; None where PostgreSQL's parser sees no mistake in it but this one does.

    Raises:
        PostgresError: 42601, it does not parse.
    """
    try:
        return parse_body(text)
    except PostgresError:
        tag = "body"
        while f"${tag}$" in text:
            tag += "_"
        if not _is_wrong(f"DO ${tag}${text}${tag}$"):
            return None
        raise


def _is_wrong(block: str) -> bool:
    try:
        parser.parse_plpgsql(block)
    except PostgresError as error:
        return "not implemented" not in error.message.lower() and "RETURN" not in error.message
    except ValueError:  # the library's own output does not always parse
        return False
    return False


@lru_cache(maxsize=512)
def parse_body(text: str) -> Block:
    """Return the outermost block of a body.

    Raises:
        PostgresError: 42601, it does not parse.
    """
    return _Reader(text).outermost()


class _Reader(SimpleStatements):
    """Reads one body, statement by statement."""

    # -- blocks ------------------------------------------------------------------------------------------------------

    def outermost(self) -> Block:
        while self.take("#"):  # #variable_conflict use_column
            self.at += 2
        block = self.block(self.label())
        self.take(";")
        if self.word():
            raise PostgresError("42601", f'syntax error at or near "{self.word()}"')
        return block

    def label(self) -> str | None:
        if not self.take("<<"):
            return None
        name = self.name()
        self.expect(">>")
        return name

    def block(self, label: str | None) -> Block:
        declarations: list[Declaration] = []
        while self.take("declare"):
            while self.word() not in {"begin", "declare"}:
                declarations.append(self.declaration())
        self.expect("begin")
        body = self.statements({"end", "exception"})
        handlers = []
        if self.take("exception"):
            while self.take("when"):
                handlers.append(self.handler())
        self.end()
        return Block(label, tuple(declarations), body, tuple(handlers))

    def end(self, *words: str) -> None:
        """END, what it ends, a label, a semicolon (which may lack at the very end)."""
        self.expect("end", *words)
        if self.word() not in {";", ""}:
            self.name()
        if self.word():
            self.expect(";")

    def handler(self) -> ExceptionHandler:
        conditions = []
        while True:
            if self.take("sqlstate"):
                conditions.append(self.next().text.strip("'"))
            else:
                conditions.append(self.name())
            if not self.take("or"):
                break
        self.expect("then")
        return ExceptionHandler(tuple(conditions), self.statements({"end", "when"}))

    def declaration(self) -> Declaration:
        if self.word() == "<<":
            raise PostgresError("42601", "a block's label must stand before DECLARE")
        name = self.name()
        self.take("constant")
        if self.take("alias", "for"):
            original = self.name()
            self.expect(";")
            return Declaration(name, f"alias {original}")
        if self.word() in {"cursor", "no", "scroll"}:
            self.until("for", "is")
            self.next()
            query = self.until(";")
            self.expect(";")
            return Declaration(name, "cursor", query=query)
        type_name = self.until("collate", "not", "default", ":=", "=", ";")
        if self.take("collate"):
            self.name()
        self.take("not", "null")
        default = None
        if self.word() in {"default", ":=", "="}:
            self.next()
            default = self.until(";")
        self.expect(";")
        return Declaration(name, type_name, default)

    # -- statements --------------------------------------------------------------------------------------------------

    def statements(self, ends: Collection[str]) -> tuple[Statement, ...]:
        found: list[Statement] = []
        while self.word() not in ends:
            if not self.word():
                raise PostgresError("42601", "syntax error at end of input")
            found.append(self.statement())
        return tuple(found)

    def statement(self) -> Statement:
        label = self.label()
        word = self.word()
        if self.is_assignment():
            return self.assignment()
        if word in {"declare", "begin"}:
            return self.block(label)
        if word in {"loop", "while", "for", "foreach"}:
            self.next()
            return _LOOPS[word](self, label)
        read = _READERS.get(word)
        if read is None:
            return self.sql()
        self.next()
        return read(self)

    def branching(self) -> If:
        branches = [self.branch("then")]
        otherwise: tuple[Statement, ...] = ()
        while self.word() in {"elsif", "elseif"}:
            self.next()
            branches.append(self.branch("then"))
        if self.take("else"):
            otherwise = self.statements({"end"})
        self.end("if")
        return If(tuple(branches), otherwise)

    def branch(self, word: str) -> tuple[str, tuple[Statement, ...]]:
        condition = self.until(word)
        self.expect(word)
        return condition, self.statements({"elsif", "elseif", "else", "end", "when"})

    def case(self) -> Case:
        subject = self.until("when") or None
        branches = []
        while self.take("when"):
            branches.append(self.branch("then"))
        otherwise = self.statements({"end"}) if self.take("else") else None
        self.end("case")
        return Case(subject, tuple(branches), otherwise)

    # -- loops -------------------------------------------------------------------------------------------------------

    def body(self) -> tuple[Statement, ...]:
        self.expect("loop")
        body = self.statements({"end"})
        self.end("loop")
        return body

    def loop(self, label: str | None) -> Loop:
        self.at -= 1
        return Loop(label, None, self.body())

    def while_loop(self, label: str | None) -> Loop:
        condition = self.until("loop")
        return Loop(label, condition, self.body())

    def for_loop(self, label: str | None) -> ForNumbers | ForRows:
        names = self.names()
        self.expect("in")
        if self.take("execute"):
            query = self.until("loop", "using")
            if self.take("using"):
                self.expressions("loop")
            return ForRows(label, names, query, True, self.body())
        reverse = self.take("reverse")
        first = self.until("..", "loop")
        if not self.take(".."):
            return ForRows(label, names, first, False, self.body())
        upper = self.until("by", "loop")
        step = self.until("loop") if self.take("by") else None
        return ForNumbers(label, names[0], reverse, first, upper, step, self.body())

    def foreach(self, label: str | None) -> ForEach:
        names = self.names()
        if self.take("slice"):
            self.next()
        self.expect("in", "array")
        array = self.until("loop")
        return ForEach(label, names, array, self.body())


_READERS: dict[str, Callable[[_Reader], Statement]] = {**SIMPLE, "if": _Reader.branching, "case": _Reader.case}
_LOOPS: dict[str, Callable[[_Reader, str | None], Statement]] = {
    "loop": _Reader.loop,
    "while": _Reader.while_loop,
    "for": _Reader.for_loop,
    "foreach": _Reader.foreach,
}
