"""The text of a file in, texts that PostgreSQL's grammar reads out, and where in the file each place of them is.

Placeholders of drivers become literals, psql's own commands and the data after ``COPY ... FROM stdin`` go. Lines stay
lines, so that a line of what is parsed is the same line of the file.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from alembic_contracts.patterns import pattern
from alembic_contracts.prediction.sql import parser
from alembic_contracts.prediction.sql.sqlstate import PostgresError

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["Parsed", "Prepared", "Template", "parse", "prepare"]

_PARTS = pattern(
    r"""(?xs)
    (?P<skipped>
        --[^\n]* | (?<=\b[eE])'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*"
        | \$(?P<tag>(?:[^\W\d]\w*)?)\$.*?\$(?P=tag)\$ | ::
    )
    | (?P<comment>/\*)
    | (?P<template>\{\{|\{%|\{\#)
    | (?P<end>;)
    | (?P<psql>\\;|\\\.?[^\n]*)
    | (?P<percent>%(?:\(\w+\))?[sbt](?!\w)|%%)
    | (?P<named>:'\w+'|:"\w+"|(?<![\w:]):[^\W\d]\w*|(?<![\w:\]\[]):\d+(?!\w)|(?<![\w@<~&|>*+=/!^%?-])@[^\W\d]\w*
        |\$\{\w+\}|\#\{\w+\}|(?<!\w)\$[^\W\d]\w*)
    | (?P<question>(?<!@)\?+[|&]?\d*)
    """
)
_BEGINNING = pattern(r"""[-'"$:/{;\\%@#?]""")
"""What any of them begins with; a set of characters is found fast."""
_NEWLINE = pattern(rb"\n")
_MESSAGE = 120
"""Characters of the parser's message that are shown."""
_LITERAL = "'1'"
_BEFORE_LIST = pattern(r"(?i)\b(?:in|values)\s*$")
_OPERAND = pattern(r"""(?:(?P<word>\w+)|["')\]])\s*$""")
_COPY_DATA = pattern(r"(?is)^\s*copy\b[^;]*\bfrom\s+stdin\b")
_NO_OPERANDS = frozenset(
    {
        "all", "and", "any", "array", "as", "asc", "at", "between", "both", "by", "call", "case", "check", "copy",
        "cross", "current", "date", "default", "delete", "desc", "distinct", "do", "else", "escape", "except",
        "execute",
        "exists", "explain", "fetch", "filter", "first", "following", "for", "from", "full", "group", "having", "if",
        "ilike", "in", "inner", "insert", "intersect", "interval", "into", "is", "join", "lateral", "leading", "left",
        "like", "limit", "natural", "next", "not", "nulls", "of", "offset", "on", "only", "or", "order", "outer",
        "over",
        "overlaps", "partition", "preceding", "range", "rename", "return", "returning", "right", "rows", "select",
        "set", "similar", "some", "symmetric", "table", "then", "time", "timestamp", "timestamptz", "to", "trailing",
        "union", "update", "using", "values", "when", "where", "window", "with",
    }
)  # fmt: skip
"""Words after which an operand may come: a question mark there is a placeholder, no operator."""


class Template(Exception):  # noqa: N818 - it is no error of anybody's
    """A text is a template's: what it becomes is not known."""

    def __init__(self, position: int) -> None:
        super().__init__()
        self.position = position
        """In characters."""


class Prepared(Struct, dict=True, kw_only=True):
    """A text as it is parsed, and how its places lead back to the file."""

    sql: str
    edits: tuple[tuple[int, int], ...] = ()
    """Each end of what was put in, in characters of ``sql``, and by how much the file's text is longer from there."""
    ends: tuple[int, ...] = ()
    """Semicolons between statements, in characters of ``sql``."""
    first_line: int = 1

    @cached_property
    def encoded(self) -> bytes:
        """What the parser's locations are positions in."""
        return self.sql.encode()

    @cached_property
    def stars(self) -> dict[int, int]:
        """Where stars are whose nodes do not say so: by the node's id, in characters."""
        return {}

    def byte(self, position: int) -> int:
        """Return where a character begins, in bytes."""
        return position if self.sql.isascii() else len(self.sql[:position].encode())

    @cached_property
    def lowered(self) -> bytes:
        """The same with ASCII letters in lower case, for keywords."""
        return self.encoded.lower()

    @cached_property
    def lines(self) -> list[int]:
        """Byte offsets at which lines begin, but for the first."""
        return [found.end() for found in _NEWLINE.finditer(self.encoded)]

    def is_edited(self, offset: int) -> bool:
        """Whether what begins at a byte was put in."""
        begin = len(self.encoded[:offset].decode(errors="ignore"))
        return any(begin < end <= begin + len(_LITERAL) + 1 for end, _ in self.edits)

    def line(self, offset: int) -> int:
        """Return the file's line of a byte."""
        return self.first_line + bisect_right(self.lines, offset)

    def line_and_column(self, offset: int) -> tuple[int, int]:
        """Return the file's line and column (in characters, from 1) of a byte."""
        before = self.encoded[:offset].decode(errors="ignore")
        here, start = len(before), before.rfind("\n") + 1
        longer = (
            [0, *(by for at, by in self.edits if at <= start)][-1],
            [0, *(by for at, by in self.edits if at <= here)][-1],
        )
        return self.line(offset), here - start + 1 + longer[1] - longer[0]


class Parsed(Struct, frozen=True):
    """One statement, or why it was not parsed."""

    node: Node | None
    base: int
    """What its locations count from, in bytes of the text."""
    start: int
    """Where it begins, in bytes of the text."""
    problem: str = ""
    position: int = 0
    """Of the problem, in bytes of the text."""


def prepare(text: str, first_line: int = 1) -> Prepared:
    """Return a text as PostgreSQL's grammar can read it.

    Raises:
        Template: it is one.
    """
    writing = _Writing(text)
    position = 0
    while (beginning := _BEGINNING.search(text, position)) is not None:
        found = _PARTS.match(text, beginning.start())
        position = beginning.end() if found is None else writing.take(found)
    return writing.done(first_line)


class _Writing:
    """A text being prepared."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.pieces: list[str] = []
        self.edits: list[tuple[int, int]] = []
        self.ends: list[int] = []
        self.copied = self.length = self.start = 0
        """How far the text was copied, the length of what was written, where the current statement begins."""

    def take(self, found: re.Match[str]) -> int:
        """Take one part; return where the text goes on after it."""
        kind, end = found.lastgroup, found.end()
        if kind == "comment":
            return _comment_end(self.text, end)
        if kind == "template":
            raise Template(found.start())
        if kind == "end":
            return self._end(end)
        instead = None if kind in {"skipped", "tag"} else _instead(self.text, found, self.start)
        if instead is not None:
            self._put(found.start(), end, instead)
            if instead.endswith(";"):
                self.ends.append(self.length - 1)
                self.start = end
        return end

    def _end(self, end: int) -> int:
        statement, self.start = self.text[self.start : end], end
        self.ends.append(self.length + end - 1 - self.copied)
        if _COPY_DATA.search(statement) is None:
            return end
        after = _data_end(self.text, end)
        self._put(end, after, _blank(self.text[end:after]))
        return after

    def _put(self, begin: int, end: int, instead: str) -> None:
        self.pieces += [self.text[self.copied : begin], instead]
        self.length += begin - self.copied + len(instead)
        self.copied = end
        self.edits.append((self.length, end - self.length))

    def done(self, first_line: int) -> Prepared:
        """Return what was written."""
        sql = "".join((*self.pieces, self.text[self.copied :])) if self.pieces else self.text
        return Prepared(sql=sql, edits=tuple(self.edits), ends=tuple(self.ends), first_line=first_line)


def _comment_end(text: str, position: int) -> int:
    """Comments nest."""
    depth = 1
    while depth:
        closing = text.find("*/", position)
        if closing < 0:
            return len(text)
        opening = text.find("/*", position, closing)
        depth, position = (depth + 1, opening + 2) if opening >= 0 else (depth - 1, closing + 2)
    return position


def _data_end(text: str, position: int) -> int:
    """Where the rows after ``COPY ... FROM stdin;`` end."""
    closing = text.find("\n\\.", position)
    return len(text) if closing < 0 else closing + 3


def _blank(text: str) -> str:
    return "\n" * text.count("\n")


def _instead(text: str, found: re.Match[str], start: int) -> str | None:
    """Return what a place becomes, None where it stays."""
    kind, written, begin = found.lastgroup, found[0], found.start()
    if kind == "psql":
        return _psql(text, written, begin, start)
    if kind == "percent":
        if written == "%%":
            return "%"
        if _is_operand(text, begin) and not written.startswith("%("):
            return None
    if kind == "question" and (_is_operand(text, begin) or written.endswith(("|", "&"))):
        return "?" + written[2:] if written.startswith("??") else None
    if written.startswith(':"'):
        return None  # the name of something
    return f"({_LITERAL})" if _BEFORE_LIST.search(text, max(0, begin - 12), begin) else _LITERAL


def _is_operand(text: str, end: int) -> bool:
    """Whether what stands before a place can be the left side of an operator."""
    found = _OPERAND.search(text, max(0, end - 80), end)
    return found is not None and (found["word"] is None or found["word"].lower() not in _NO_OPERANDS)


def _psql(text: str, written: str, begin: int, start: int) -> str:
    r"""Return the statement that one of psql's commands is: ``\copy`` is COPY, ``\gset`` and its like send a query."""
    if written == "\\;":  # what is before it is sent with what follows
        return ";"
    command, _, rest = written[1:].strip().partition(" ")
    if command == "copy":
        shown = rest.rstrip("; \r")
        return f"COPY {shown};"
    return ";" if command in {"g", "gx", "gset", "gexec", "gdesc", "crosstabview"} and text[start:begin].strip() else ""


def parse(prepared: Prepared) -> Iterator[Parsed]:
    """Yield the statements of a text; one that does not parse costs only itself."""
    try:
        statements = parser.parse_once(prepared.sql)
    except PostgresError:
        begin = 0
        for end in (*prepared.ends, len(prepared.sql)):
            yield from _parse_one(prepared.sql, begin, end)
            begin = end + 1
    else:
        for statement in statements:
            yield Parsed(statement.node, 0, statement.start)


def _parse_one(sql: str, begin: int, end: int) -> Iterator[Parsed]:
    shown = sql[begin:end].lstrip()
    if not shown:
        return
    before = len(sql[: end - len(shown)].encode())
    try:
        statements = parser.parse_once(shown)
    except PostgresError as error:
        yield Parsed(None, before, before, _shortened(error.message), before + (error.position or 0))
    else:
        for statement in statements:
            yield Parsed(statement.node, before, before + statement.start)


def _shortened(message: str) -> str:
    """What is not ended is quoted by the parser to the end of the text, which may be long."""
    first = message.partition("\n")[0]
    return message if first == message and len(message) <= _MESSAGE else f"{first[:_MESSAGE]}..."
