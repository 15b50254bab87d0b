"""Which functions and types an SQL text mentions, worked out on demand: dropping those is rare."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from alembic_contracts.prediction.sql import parser
from alembic_contracts.prediction.sql.sqlstate import PostgresError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alembic_contracts.schemas.schema import Table

__all__ = ["mentions_function", "mentions_type", "texts_of"]


def mentions_function(text: str, name: str) -> bool:
    """Whether a scalar expression or query calls a function of this name."""
    return name in text and name in _mentioned(text)[0]


def mentions_type(text: str, name: str) -> bool:
    """Whether a scalar expression or query casts to a type of this name."""
    return name in text and name in _mentioned(text)[1]


@lru_cache(maxsize=4096)
def _mentioned(text: str) -> tuple[frozenset[str], frozenset[str]]:
    functions, types = set(), set()
    node = parser.parse_expression(text)
    trees = [node] if node is not None else []
    if node is None:
        try:
            trees = [statement.node for statement in parser.parse(text)]
        except PostgresError:
            return frozenset(), frozenset()
    for tree in trees:
        for message in parser.walk(tree):
            if message.DESCRIPTOR.name == "FuncCall":
                functions.add(parser.strings(message.funcname)[-1])
            elif message.DESCRIPTOR.name == "TypeName" and len(message.names):
                types.add(parser.strings(message.names)[-1])
    return frozenset(functions), frozenset(types)


def texts_of(table: Table) -> Iterator[tuple[str, str, str]]:
    """Yield the expressions of a table: (what has it, the name of that, the text)."""
    for column in table.columns:
        if column.default is not None:
            yield "default", column.name, column.default
        if column.expression is not None:
            yield "column", column.name, column.expression
    for constraint in table.constraints:
        if constraint.expression is not None:
            yield "constraint", constraint.name, constraint.expression
    for index in table.indexes:
        for text in (*index.expressions, *([index.predicate] if index.predicate else ())):
            yield "index", index.name, text
    if table.definition is not None:
        yield "table", "", table.definition
