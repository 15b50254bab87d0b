"""Statements that were run in, those of them out that say what a consumer uses, each one once."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from alembic_contracts.patterns import pattern
from alembic_contracts.prediction.sql import parser
from alembic_contracts.prediction.sql.sqlstate import PostgresError

__all__ = ["OWN", "Ran", "is_whole", "merged", "queries"]


class Ran(Struct, frozen=True, kw_only=True):
    """A statement that somebody has run."""

    text: str
    role: str = ""
    """Who ran it; empty where nobody says."""
    calls: int = 1
    line: int | None = None
    """Of the export, where its text begins."""


_CONSTANTS = frozenset({"ICONST", "FCONST", "SCONST", "BCONST", "XCONST", "USCONST", "PARAM"})
_LIST = pattern(r"\?(?: , \?)+")
_JSON_PATH = pattern(r"(,\s*)\$\d+(?=\s+(?:COLUMNS|PASSING|AS)\b)", re.IGNORECASE)
"""The path of JSON_TABLE, which grammar wants to be a constant, as pg_stat_statements writes it."""

_KINDS = ("select", "insert", "update", "delete", "merge", "copy", "declare_cursor", "prepare", "create_table_as")
_QUERIES = frozenset(f"{kind}_stmt" for kind in _KINDS)
OWN = frozenset({"alembic_version", "pg_stat_statements", "pg_stat_statements_info"})
"""Tables that are about migrations and statements themselves: nobody's contract is on them."""
_SYSTEM = frozenset({"pg_catalog", "information_schema"})


def merged(ran: Iterable[Ran]) -> Iterator[Ran]:
    """Yield each statement of each role once, with all its calls, whatever constants it was run with."""
    found: dict[tuple[str, str], Ran] = {}
    for each in ran:
        key = (each.role, _shape(each.text))
        known = found.get(key)
        found[key] = each if known is None else replace(known, calls=known.calls + each.calls)
    yield from found.values()


def _shape(text: str) -> str:
    """Return a statement without its constants, comments and spacing."""
    try:
        tokens = parser.scan(text)
    except PostgresError:
        return text
    return _LIST.sub("?", " ".join("?" if token.kind in _CONSTANTS else token.text for token in tokens))


def queries(ran: Iterable[Ran], tables: Collection[str]) -> Iterator[Ran]:
    """Yield the statements that read or write tables of users, or make tables that others may read, one by one.

    Left out are the server's own tables, the one that Alembic keeps its version in, and what neither reads nor writes.
    What does not parse stays, for others to say why.

    Args:
        ran: statements.
        tables: the names of this database's tables, in whatever schema.
    """
    for each in ran:
        text = _JSON_PATH.sub(r"\1'$'", each.text)
        try:
            statements = parser.parse(text)
        except PostgresError:
            yield replace(each, text=text)
            continue
        position = 0
        for statement in statements:
            position = max(position, text.find(statement.sql, position))
            if _is_query(statement, tables):
                line = None if each.line is None else each.line + text.count("\n", 0, position)
                yield replace(each, text=statement.sql, line=line)


def is_whole(text: str) -> bool:
    """Whether a text parses."""
    try:
        parser.parse(text)
    except PostgresError:
        return False
    return True


def _is_query(statement: parser.Statement, tables: Collection[str]) -> bool:
    is_temporary = statement.kind == "create_stmt" and statement.node.relation.relpersistence == "t"
    if not is_temporary and statement.kind not in _QUERIES:
        return False
    nodes = list(parser.walk(statement.node))
    relations = (each for each in nodes if each.DESCRIPTOR.name == "RangeVar")
    inner = {each.ctename for each in nodes if each.DESCRIPTOR.name == "CommonTableExpr"}.difference(tables)
    return not all(each.relname in OWN or _is_system(each, tables, inner) for each in relations)


def _is_system(relation: parser.Node, tables: Collection[str], inner: Collection[str]) -> bool:
    if relation.schemaname:
        return relation.schemaname in _SYSTEM
    return relation.relname in inner or (relation.relname.startswith("pg_") and relation.relname not in tables)
