"""What expressions mention, worked out from their text (all that an observed schema carries of them)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from alembic_contracts.prediction.sql import parser
from alembic_contracts.schemas.schema import Name

if TYPE_CHECKING:
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["columns_in", "columns_of", "rename_column", "sequences_in", "split_name"]


@lru_cache(maxsize=8192)
def columns_in(text: str) -> tuple[str, ...]:
    """Return the columns that the text of a scalar expression refers to, in order; ``*`` for a whole row."""
    node = parser.parse_expression(text)
    return () if node is None else columns_of(node)


def columns_of(node: Node) -> tuple[str, ...]:
    """Return the columns that a scalar expression refers to, in order; ``*`` for a whole row."""
    found: dict[str, None] = {}
    for message in parser.walk(node):
        if message.DESCRIPTOR.name == "ColumnRef":
            last = message.fields[-1]
            found[last.string.sval if last.HasField("string") else "*"] = None
    return tuple(found)


def rename_column(text: str, old: str, new: str) -> str:
    """Return an expression's text with a column called otherwise."""
    if old not in columns_in(text):
        return text

    def change(message: Node) -> None:
        if message.DESCRIPTOR.name == "ColumnRef" and message.fields[-1].HasField("string"):
            last = message.fields[-1].string
            if last.sval == old:
                last.sval = new

    return parser.rewrite_expression(text, change)


@lru_cache(maxsize=8192)
def sequences_in(text: str) -> frozenset[Name]:
    """Return the sequences that a default takes values from, schema ``""`` where it was not written."""
    node = parser.parse_expression(text)
    if node is None:
        return frozenset()
    found = set()
    for message in parser.walk(node):
        if message.DESCRIPTOR.name != "FuncCall" or parser.strings(message.funcname)[-1] != "nextval":
            continue
        for inner in parser.walk(message):
            if inner.DESCRIPTOR.name == "A_Const" and inner.HasField("sval"):
                schema, name = split_name(inner.sval.sval)
                found.add(Name(schema or "", name))
    return frozenset(found)


def split_name(text: str) -> tuple[str | None, str]:
    """Return schema and name of a possibly qualified name as written in a ``regclass`` literal."""
    parts: list[str] = []
    current, quoted, at = "", False, 0
    while at < len(text):
        char = text[at]
        if char == '"':
            if quoted and text[at : at + 2] == '""':
                current += char
                at += 1
            else:
                quoted = not quoted
        elif char == "." and not quoted:
            parts.append(current)
            current = ""
        else:
            current += char if quoted else char.lower()
        at += 1
    parts.append(current)
    return (parts[-2] if len(parts) > 1 else None), parts[-1]
