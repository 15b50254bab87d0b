"""A query in, the functions that it calls out, refused where they do not exist, and the relations named in literals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_contracts.patterns import pattern
from alembic_contracts.prediction.catalog.traits import HIDDEN
from alembic_contracts.prediction.sql import parser, sqlstate, system
from alembic_contracts.prediction.sql.mentions import split_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.catalog.state import State
    from alembic_contracts.prediction.sql.parser import Node, Statement

__all__ = ["calls_in", "calls_of", "check_calls", "has_unknown_extension", "is_known_function", "names_of_calls"]

_TAKES_SEQUENCE = frozenset({"nextval", "currval", "setval"})
_BULK = 20_000
"""Characters; longer statements are data."""
_BEFORE_PARENTHESIS = pattern(r"([\w\"]+)\s*\(")
_LEAVES = frozenset({"a_const", "set_to_default", "column_ref", "param_ref"})


def calls_of(statement: Statement) -> list[Node]:
    """Return what ``calls_in`` yields for a whole statement; bulk data without any call is not walked through."""
    if len(statement.sql) > _BULK and not _may_call(statement.sql):
        return []
    return list(calls_in(statement.node))


def _may_call(text: str) -> bool:
    if "/*" in text or "--" in text or "regclass" in text:
        return True
    before = {match[1].lower() for match in _BEFORE_PARENTHESIS.finditer(text)}
    return len(before - {"values"}) > 1  # the target's name may stand before its columns


def calls_in(node: Node) -> Iterator[Node]:
    """Yield the messages below one that call functions, and casts to ``regclass``."""
    for message in parser.walk(node, into=_worth_entering):
        kind = message.DESCRIPTOR.name
        if kind == "FuncCall" or (kind == "TypeCast" and parser.strings(message.type_name.names)[-1:] == ["regclass"]):
            yield message
        elif kind == "SelectStmt" and message.values_lists:
            yield from _in_values(message)


def _worth_entering(message: Node) -> bool:
    return message.DESCRIPTOR.name != "SelectStmt" or not message.values_lists


def _in_values(select: Node) -> Iterator[Node]:
    """Bulk data is mostly literals, which are stepped over fast."""
    for row in select.values_lists:
        for item in row.list.items:
            if item.WhichOneof("node") not in _LEAVES:
                yield from calls_in(item)
    if select.HasField("with_clause"):
        yield from calls_in(select.with_clause)


def names_of_calls(nodes: Iterable[Node]) -> list[tuple[str, ...]]:
    """Return the names of functions that are called, each once."""
    calls = (node for node in nodes if node.DESCRIPTOR.name == "FuncCall")
    return list(dict.fromkeys(tuple(parser.strings(node.funcname)) for node in calls))


def check_calls(run: Execution, nodes: Iterable[Node], *, rows: bool = True) -> None:
    """Refuse functions and sequences that do not exist.

    Args:
        run: the statement.
        nodes: calls, and casts to ``regclass``.
        rows: whether the name of an argument may be that of a table.

    Raises:
        PostgresError: 42883 no such function, 42P01 no such relation in a literal that is one.
    """
    for node in nodes:
        if node.DESCRIPTOR.name == "TypeCast":
            if not node.type_name.array_bounds:
                _check_literal(run, node.arg)
            continue
        names = parser.strings(node.funcname)
        if names[-1] in _TAKES_SEQUENCE and node.args:
            _check_literal(run, node.args[0])
        known = run.state.find_functions(names[-1], names[-2] if len(names) > 1 else None)
        if known and all(function.kind == "procedure" for function in known):
            raise sqlstate.wrong_object_type(f"{names[-1]}() is a procedure")
        if known and all(len(function.arguments) != len(node.args) for function in known):
            run.state.uncertain.note_refusal()  # it may have defaults, or take any number of arguments
        if is_known_function(run, names):
            continue
        if not rows or not _may_be_column(node, names):
            raise sqlstate.PostgresError("42883", f"function {'.'.join(names)}() does not exist")
        run.state.uncertain.note_refusal()


def is_known_function(run: Execution, names: list[str]) -> bool:
    """Whether a function of this name exists, or may exist as far as is known: what calls it may fail then."""
    state = run.state
    schema, name = (names[-2] if len(names) > 1 else None), names[-1]
    if schema in {None, "pg_catalog"} and (name in system.functions() or name in system.categories()):
        return True
    if schema == "information_schema" or state.find_functions(name, schema):
        return True
    if not state.holds_all(HIDDEN):
        state.uncertain.note_refusal()
        return True
    if any(e not in system.EXTENSIONS or name in system.EXTENSIONS[e].functions for e in state.extensions):
        return True
    # A type's name works as a cast, and so do the many functions of an extension that brings types along.
    return state.find_type(name, schema) is not None or "postgis" in state.extensions


def _may_be_column(node: Node, names: list[str]) -> bool:
    """Whether a call may be a column in disguise (``name(t)`` is ``t.name``)."""
    return len(names) == 1 and len(node.args) == 1 and node.args[0].HasField("column_ref")


def has_unknown_extension(state: State) -> bool:
    """Whether an extension is installed of which it is not known what it brought along."""
    return any(name not in system.EXTENSIONS or name == "postgis" for name in state.extensions)


def _check_literal(run: Execution, argument: Node) -> None:
    """Look up a name that stands in a literal: ``regclass`` literals are looked up before anything runs."""
    if not argument.HasField("a_const") or not argument.a_const.HasField("sval") or not run.state.complete_tables:
        return
    text = argument.a_const.sval.sval
    schema, name = split_name(text)
    if name.isdigit() or name in {"-", ""} or name.startswith("pg_") or has_unknown_extension(run.state):
        return
    if run.state.find_relation(name, schema) is None and system.is_system_relation(name, schema) is None:
        raise sqlstate.undefined_table(text)
