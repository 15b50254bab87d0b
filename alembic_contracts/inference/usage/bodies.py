"""The body of a function or a DO block in, the queries in it out, each where it stands in the body."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from alembic_contracts.prediction.plpgsql import grammar, tree
from alembic_contracts.prediction.sql import parser
from alembic_contracts.prediction.sql.sqlstate import PostgresError

__all__ = ["Embedded", "embedded"]


class Embedded(Struct, frozen=True):
    """One query or expression of a body."""

    node: parser.Node | None
    offset: int
    """What its locations count from, in bytes of the body."""
    problem: str = ""


def embedded(body: str) -> Iterator[Embedded]:
    """Yield the queries and expressions of a PL/pgSQL body.

    Raises:
        PostgresError: it does not parse.
    """
    block = grammar.read_body(body)
    if block is None:
        raise PostgresError("42601", "the block is not understood")
    for statement in tree.walk(block):
        if isinstance(statement, tree.Execute):
            yield from _executed(statement.text, body)
            yield from (each for text in statement.using for each in _parsed(text, body))
            continue
        found = [*tree.texts(statement), *([statement.text] if isinstance(statement, tree.Sql) else ())]
        for text in found:
            yield from _parsed(text, body)


def _executed(text: str, body: str) -> Iterator[Embedded]:
    """EXECUTE of a literal is its text; of more, nothing is known but what the expression reads."""
    node = parser.parse_expression(text)
    offset = len(body[: max(body.find(text), 0)].encode())
    if node is not None and node.HasField("a_const") and node.a_const.HasField("sval"):
        try:
            yield from (Embedded(each.node, offset) for each in parser.parse_once(node.a_const.sval.sval))
        except PostgresError as error:
            yield Embedded(None, offset, f"is not understood: {error.message}")
        return
    yield Embedded(None, offset, "runs EXECUTE of a text that is put together, which is not read")
    yield from _parsed(text, body)


def _parsed(text: str, body: str) -> Iterator[Embedded]:
    offset, padded = _placed(text, body)
    before = len(body[:offset].encode())
    for written, shift in ((padded, 0), (f"SELECT {padded}", len("SELECT "))):
        try:
            statements = parser.parse_once(written)
        except PostgresError:
            continue
        yield from (Embedded(each.node, before - shift) for each in statements)
        return
    yield Embedded(None, before, "is not understood")


def _placed(text: str, body: str) -> tuple[int, str]:
    """Return where a text stands in a body, and the text with blanks for what was cut out of it (INTO and its like)."""
    offset = body.find(text)
    if offset >= 0:
        return offset, text
    if text.startswith("SELECT "):  # of PERFORM
        found = re.search(r"\bperform\s+" + re.escape(text[7:].lstrip()), body, re.IGNORECASE)
        if found is not None:
            return found.start(), "SELECT " + found[0][len("SELECT ") :]
    low, high = 0, len(text)
    while low < high:  # the longest beginning that is there
        middle = (low + high + 1) // 2
        low, high = (middle, high) if text[:middle] in body else (low, middle - 1)
    offset = body.find(text[:low])
    rest = body.find(text[low:], offset + low)
    if low == 0 or rest < 0:
        return 0, text
    cut = re.sub(r"[^\n]", " ", body[offset + low : rest])
    return offset, text[:low] + cut + text[low:]
