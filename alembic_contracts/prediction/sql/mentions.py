"""An expression's text in, the columns, sequences, functions and types that it mentions out.

The text is all that an observed schema carries of an expression. Functions and types are worked out on demand, as
dropping those is rare.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from alembic_contracts.patterns import pattern
from alembic_contracts.prediction.sql import parser
from alembic_contracts.prediction.sql.spelling import renamed_column
from alembic_contracts.prediction.sql.sqlstate import PostgresError
from alembic_contracts.schemas.schema import Column, Constraint, Name, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from alembic_contracts.prediction.sql.parser import Node

__all__ = [
    "columns_in",
    "columns_of",
    "functions_in",
    "functions_of",
    "mentions_function",
    "mentions_type",
    "relations_in",
    "relations_of",
    "rename_column",
    "sequences_in",
    "split_name",
    "texts_of",
]


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
    """Return an expression's text with a column called otherwise, with what is printed of it."""
    if old not in columns_in(text):
        return text

    def change(message: Node) -> None:
        if message.DESCRIPTOR.name == "ColumnRef" and message.fields[-1].HasField("string"):
            last = message.fields[-1].string
            if last.sval == old:
                last.sval = new

    return renamed_column(text, parser.rewrite_expression(text, change), old, new)


_PRINTED = pattern(r"nextval\('([^'\\]+)'::regclass\)")
"""A default as PostgreSQL prints it of serial columns."""


@lru_cache(maxsize=8192)
def sequences_in(text: str) -> frozenset[Name]:
    """Return the sequences that a default takes values from, schema ``""`` where it was not written.

    A name that is text until the default is evaluated makes no dependency.
    """
    printed = _PRINTED.fullmatch(text)
    if printed is not None:  # as nearly all are
        schema, name = split_name(printed[1])
        return frozenset({Name(schema or "", name)})
    node = parser.parse_expression(text)
    if node is None:
        return frozenset()
    found = set()
    for message in parser.walk(node):
        if message.DESCRIPTOR.name != "FuncCall" or parser.strings(message.funcname)[-1] != "nextval":
            continue
        literal = _regclass(message)
        if literal is not None:
            schema, name = split_name(literal)
            found.add(Name(schema or "", name))
    return frozenset(found)


def _regclass(call: Node) -> str | None:
    """Return the literal that a call takes as a ``regclass``."""
    casts: list[str] = []
    argument = parser.unwrap(call.args[0]) if len(call.args) else None
    while argument is not None and argument.DESCRIPTOR.name == "TypeCast":
        casts.append(parser.strings(argument.type_name.names)[-1])
        argument = parser.unwrap(argument.arg)
    if argument is None or argument.DESCRIPTOR.name != "A_Const" or not argument.HasField("sval"):
        return None
    is_regclass = not casts or casts[-1] == "regclass"
    return str(argument.sval.sval) if is_regclass else None


def split_name(text: str) -> tuple[str | None, str]:
    """Return schema and name of a possibly qualified name as written in a ``regclass`` literal."""
    if '"' not in text:
        *before, last = text.lower().split(".")
        return (before[-1] if before else None), last
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


def mentions_function(text: str, name: Name, *, is_visible: bool) -> bool:
    """Whether a scalar expression or query calls a function. ``is_visible``: its name alone means this one."""
    return name.name in text and _is_among(name, functions_in(text), is_visible=is_visible)


def functions_in(text: str) -> frozenset[Name]:
    """Return the functions that a scalar expression or a query calls, schema ``""`` where it was not written."""
    return _mentioned(text)[0]


def functions_of(node: Node) -> frozenset[Name]:
    """Return the same of a parsed statement."""
    if node.DESCRIPTOR.name == "CallStmt" or parser.may_hold(node, *_CALLS):
        return _in_trees([node])[0]
    return frozenset()


_CALLS = ("func_call", "call_stmt")
"""The kinds of nodes that are a ``FuncCall`` or have one that is in no wrapper."""


def mentions_type(text: str, name: Name, *, is_visible: bool) -> bool:
    """Whether a scalar expression or query casts to a type. ``is_visible``: its name alone means this one."""
    return name.name in text and _is_among(name, _mentioned(text)[1], is_visible=is_visible)


def _is_among(name: Name, mentioned: frozenset[Name], *, is_visible: bool) -> bool:
    return name in mentioned or (is_visible and Name("", name.name) in mentioned)


@lru_cache(maxsize=4096)
def _mentioned(text: str) -> tuple[frozenset[Name], frozenset[Name]]:
    """Return the functions and the types in a text, schema ``""`` where it was not written."""
    node = parser.parse_expression(text)
    if node is not None:
        return _in_trees([node])
    try:
        return _in_trees([statement.node for statement in parser.parse(text)])
    except PostgresError:
        return frozenset(), frozenset()


def _in_trees(trees: Iterable[Node]) -> tuple[frozenset[Name], frozenset[Name]]:
    functions, types = set[Name](), set[Name]()
    for tree in trees:
        for message in parser.walk(tree):
            kind = message.DESCRIPTOR.name
            if kind == "FuncCall":
                functions.add(_written(message.funcname))
            elif kind == "TypeName" and len(message.names):
                types.add(_written(message.names))
    return frozenset(functions), frozenset(types)


def _written(names: Iterable[Node]) -> Name:
    parts = parser.strings(names)
    return Name(parts[-2] if len(parts) > 1 else "", parts[-1])


def relations_of(table: Table) -> set[Name]:
    """Return the tables, sequences and types that a table's definition points at."""
    return {*(name for name, _ in table.depends_on), *table.parents, *relations_in(table.columns, table.constraints)}


def relations_in(columns: Iterable[Column], constraints: Iterable[Constraint]) -> set[Name]:
    """Return the tables, sequences and types that columns and constraints of a table point at."""
    found = {constraint.references for constraint in constraints if constraint.references is not None}
    for column in columns:
        if column.type is not None and column.type.name.schema != "pg_catalog":
            found.add(column.type.name)
        if column.default is not None and "nextval" in column.default:
            found.update(sequences_in(column.default))
    return found


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
