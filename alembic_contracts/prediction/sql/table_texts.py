"""CREATE TABLE as SQLAlchemy writes it: put together of columns and constraints that were parsed before.

The parser's time goes with the nodes of a tree and how deep they lie: a table of six columns takes it five times as
long as a short query, while most of what stands behind the names of columns is the same in many tables.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import cast

from alembic_contracts.prediction.sql import parser
from alembic_contracts.prediction.sql.parser import Node, Statement
from alembic_contracts.prediction.sql.sqlstate import PostgresError

__all__ = ["parse"]

_START, _FIRST, _BETWEEN, _END = "CREATE TABLE ", " (\n\t", ", \n\t", "\n)"
_SPACE = " \t\r\n"
_ANY = "c"
"""Stands for a column's name where its definition is parsed: no keyword."""
_LONGEST = 63
"""Characters of a name: PostgreSQL cuts what is longer (``NAMEDATALEN``)."""


def parse(sql: str) -> tuple[Statement, ...]:
    """Return the statements of a text, as ``parser.parse`` does; positions within tables are none that can be used.

    Raises:
        PostgresError: 42601, it does not parse.
    """
    created = _created(sql)
    return parser.parse(sql) if created is None else (created,)


def _created(sql: str) -> Statement | None:
    """Return one CREATE TABLE, None where it is not put together of its elements.

    This is done with serialized messages: copying nodes would take five times as long.
    """
    text = sql.strip(_SPACE)
    called, _, body = text.removeprefix(_START).partition(_FIRST)
    names = called.split(".")
    if not (text.startswith(_START) and body.endswith(_END) and len(names) <= 2):
        return None
    # Behind a comment there is no comma, behind NUL nothing. All else that one may stand in does not parse as a half.
    if "--" in body or "\0" in body or not all(map(_is_name, names)):
        return None
    fields = zip(("relname", "schemaname"), reversed(names), strict=False)
    relation = b"".join(parser.as_field("RangeVar", field, name.encode()) for field, name in fields)
    serialized = _without_elements().SerializeToString() + parser.as_field("CreateStmt", "relation", relation)
    for written in body.removesuffix(_END).split(_BETWEEN):
        element = _element(written)
        if element is None:
            return None
        serialized += element
    node = parser.from_serialized("CreateStmt", serialized)
    return Statement(text, "create_stmt", node, len(sql) - len(sql.lstrip(_SPACE)))


@lru_cache(maxsize=2048)
def _element(text: str) -> bytes | None:
    """Return a column or constraint as a serialized table has it, None where a text is not just one."""
    name, _, definition = text.partition(" ")
    if _is_name(name):
        element = _parsed(f"{_ANY} {definition}")
        if element is not None:
            element += parser.as_field("Node", "column_def", parser.as_field("ColumnDef", "colname", name.encode()))
    else:
        element = _parsed(text)
    return None if element is None else parser.as_field("CreateStmt", "table_elts", element)


@lru_cache(maxsize=2048)
def _parsed(text: str) -> bytes | None:
    """Return the serialized wrapper of a column or constraint, None where a text is not just one."""
    try:
        statements = parser.parse_once(f"CREATE TABLE {_ANY} (\n\t{text}\n)")
    except PostgresError:
        return None
    if len(statements) != 1 or statements[0].kind != "create_stmt" or len(statements[0].node.table_elts) != 1:
        return None
    table = type(statements[0].node)()
    table.CopyFrom(statements[0].node)
    element = table.table_elts.pop()
    return cast("bytes", element.SerializeToString()) if table == _without_elements() else None


@cache
def _without_elements() -> Node:
    return parser.parse_once(f"CREATE TABLE {_ANY} ()")[0].node


@lru_cache(maxsize=2048)
def _is_name(word: str) -> bool:
    """Whether a word is taken as a name wherever one stands, whatever follows, and as it is."""
    if not (word.isascii() and word.isidentifier() and word.islower() and len(word) <= _LONGEST):
        return False
    if not any(_is_token(word + end) for end in ("", "_p")):
        return True
    if _is_token(f"{word}_la"):  # the scanner looks ahead at the next word
        return False
    try:
        node = parser.parse_once(f"CREATE TABLE {word}.{word} ({word} int)")[0].node
    except PostgresError:
        return False
    return bool(node.relation.schemaname == node.relation.relname == node.table_elts[0].column_def.colname == word)


def _is_token(name: str) -> bool:
    """Whether the scanner has a token of a name: of every keyword, and others."""
    return name.upper() in parser.ENUMS["Token"].values_by_name
