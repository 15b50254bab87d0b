"""One parse tree as PostgreSQL prints it (``debug_print_parse``) in, what is in it out, as a ``Tree``.

The server prints a tree after name resolution, so that it says by OID which function, operator and relation a statement
is about, however the statement was put together; and it prints one for every statement inside of functions and blocks.
"""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct

from alembic_contracts.patterns import pattern

__all__ = ["Tree", "tree_of"]

Command = Literal["select", "update", "insert", "delete", "merge", "utility"]
_COMMANDS: dict[str, Command] = {
    "1": "select",
    "2": "update",
    "3": "insert",
    "4": "delete",
    "5": "merge",
}
_DATES = {"1082", "1083", "1114", "1184", "1266", "1186", "1182", "1183", "1115", "1185", "1270", "1187"}
"""OIDs of the types of days and times, and of their arrays, whose input can say ``now``."""
_SCHEMA_OF_SESSION = "14"
"""``CURRENT_SCHEMA`` among the functions without parentheses; the others are about clock, role and database."""

_COMMAND = pattern(r"\{QUERY :commandType (\d+)")
_UTILITY = pattern(r":utilityStmt (?:\{(\w+)|\?)")
_RELATION = pattern(r":rtekind 0 :relid (\d+)")
_COLUMNS = pattern(r":relid (\d+)[^{}]*?:selectedCols \(b([ \d]*)\)")
_FUNCTION = pattern(r":(?:funcid|opfuncid|aggfnoid|winfnoid) (\d+)")
_VALUE = pattern(r"\{SQLVALUEFUNCTION :op (\d+)")
_THROUGH_TEXT = pattern(r"\{COERCEVIAIO .*?:resulttype (\d+)")
_CONSTANT_TYPE = pattern(r"\{CONST :consttype (\d+)[^{}]*?:constisnull false")
_CONSTANT = pattern(r":constvalue \d+ \[ ([-\d ]+)\]")
_STRING = pattern(r'"((?:[^"\\]|\\.)*)"')
_ALIAS = pattern(r":alias \{ALIAS :aliasname (\w+)")
_SETTING = pattern(r"\{VARIABLESETSTMT .*?:name (\w+)")

UNSHOWN = "?"
"""What ``utility`` is of a statement that the server does not print: before 16, most that are none of queries."""
_SYSTEM_COLUMNS = 7
"""What is added to a column's number in the sets that the server prints."""


class Tree(Struct, frozen=True):
    """What one statement is made of."""

    command: Command
    utility: str
    """Its node where it is a utility statement: ``DOSTMT``; ``UNSHOWN`` on a server that prints none (before 16)."""
    returning: bool
    """Whether a change of rows also hands rows out."""
    relations: tuple[int, ...]
    """Relations that are read, by OID; the target of an INSERT is not among them."""
    columns: dict[int, frozenset[int]]
    """Numbers of the columns that are read of a relation; 0 is the row as a whole."""
    functions: frozenset[int]
    """Functions that are called, those of operators and aggregates included."""
    asks: frozenset[str]
    """What it asks the server in other ways than by a function or relation."""
    is_key_check: bool
    """Whether it is one of the queries by which the server itself checks a foreign key."""
    setting: str
    """The setting that it changes, if that is what it does."""
    text: str
    """The SQL and the constants in it, where more SQL can be."""


def tree_of(printed: str) -> Tree:
    """Return what is in a printed tree."""
    line = " ".join(printed.split())
    command = _COMMAND.search(line)
    utility = _UTILITY.search(line)
    relations = [int(oid) for oid in _RELATION.findall(line)]
    kind: Command = "utility"
    if utility is None and command is not None:
        kind = _COMMANDS.get(command[1], "utility")
    if kind == "insert" and relations:
        relations = relations[1:]  # its target is always the first
    setting = _SETTING.search(line)
    return Tree(
        command=kind,
        utility=(utility[1] or UNSHOWN) if utility is not None else "",
        returning=":returningList (" in line,
        relations=tuple(relations),
        columns=_columns(line),
        functions=frozenset(int(oid) for oid in _FUNCTION.findall(line) if oid != "0"),
        asks=frozenset(_asks(line)),
        is_key_check=kind == "select" and _is_key_check(line),
        setting=setting[1] if setting is not None else "",
        text=_text(line),
    )


def _columns(line: str) -> dict[int, frozenset[int]]:
    found: dict[int, frozenset[int]] = {}
    for oid, numbers in _COLUMNS.findall(line):
        these = frozenset(int(number) - _SYSTEM_COLUMNS for number in numbers.split())
        found[int(oid)] = found.get(int(oid), frozenset()) | these
    return found


def _asks(line: str) -> set[str]:
    asked = {"the clock, the role or the database" for op in _VALUE.findall(line) if op != _SCHEMA_OF_SESSION}
    # ``now`` in a text is a constant by the time that it is printed.
    if any(oid in _DATES for oid in (*_THROUGH_TEXT.findall(line), *_CONSTANT_TYPE.findall(line))):
        asked.add("a day or time made from text")
    if "{NEXTVALUEEXPR" in line:
        asked.add("a sequence")
    if "{TABLESAMPLECLAUSE" in line:
        asked.add("chance")
    return asked


def _is_key_check(line: str) -> bool:
    """Tell by the names that the server gives (``ri_triggers.c``): ``FROM ONLY t x ... FOR KEY SHARE OF x``."""
    entries = line.split("{RANGETBLENTRY ")[1:]
    tables = [entry for entry in entries if ":rtekind 0" in entry]
    names = [match[1] if (match := _ALIAS.match(entry)) is not None else "" for entry in tables]
    if not all(":inh false" in entry for entry in tables):
        return False
    return (names == ["x"] and ":hasForUpdate true" in line) or (names == ["fk", "pk"] and ":jointype 1" in line)


def _text(line: str) -> str:
    """Return the strings of a utility statement, such as a block's body, and those among the constants."""
    # A query's own strings are the names of all columns of what it reads.
    found = _STRING.findall(line) if ":utilityStmt {" in line else []
    strings = [re.sub(r"\\(.)", r"\1", string) for string in found]
    for numbers in _CONSTANT.findall(line):
        values = bytes(int(number) % 256 for number in numbers.split())
        strings.append(values.decode("utf-8", "replace"))
    return "\n".join(strings)
