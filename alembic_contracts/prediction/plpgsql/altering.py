"""A catalog in, the names of users' functions out that may change tables; a change of rows in, the triggers out.

Most databases have none. Where there are some, ``indirect_calls`` asks of each statement what it may run. A name stands
for all functions that are called so, whatever their schema: which one a call means depends on its arguments, too.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from alembic_contracts.patterns import pattern
from alembic_contracts.prediction.catalog.traits import has_functions
from alembic_contracts.prediction.plpgsql.row_changes import written

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.state import Attachment, Function, State
    from alembic_contracts.prediction.sql.parser import Node

__all__ = ["OBSERVED", "OF_EVENTS", "OF_EXPRESSIONS", "TRIGGERS", "changes_rows", "fired", "named"]

OBSERVED = "observed "
"""Begins the kinds of attachments that stand for the use of a function which the observed database has."""
OF_EVENTS, OF_EXPRESSIONS = f"{OBSERVED}event trigger", f"{OBSERVED}expression"
TRIGGERS = frozenset({"trigger", f"{OBSERVED}trigger"})
"""Kinds of attachments that stand for triggers."""

_WORD = pattern(r"[^\W\d][\w$]*")
_CALLED = pattern(r'([^\W\d][\w$]*|")\s*\(')
_DEFINES = frozenset(
    {"alter", "call", "comment", "create", "do", "drop", "execute", "grant", "import", "load", "revoke"}
)
"""Words without one of which no statement changes a table by itself."""
_LATER = frozenset({"domain", "grant", "index", "revoke", "type"})
"""Words of statements that may change tables some day, although they change none of those that there are now."""
_CHANGES = frozenset({"copy", "delete", "insert", "merge", "truncate", "update"})
_NO_CALLS = frozenset(
    {
        "all", "and", "any", "array", "as", "between", "by", "case", "check", "coalesce", "distinct", "else", "elsif",
        "exists", "filter", "from", "if", "in", "into", "is", "join", "like", "limit", "not", "on", "or", "over",
        "raise", "return", "returning", "select", "set", "some", "then", "using", "values", "when", "where", "while",
        "with", "within",
    }
)  # fmt: skip
"""Keywords that stand before a parenthesis."""
_NOTHING = frozenset[str]()


def named(
    state: State, is_harmless: Callable[[Function], bool], is_harmless_call: Callable[[str], bool]
) -> frozenset[str]:
    """Return the names, without schemas, of users' functions and procedures that may change tables.

    Args:
        state: the catalog.
        is_harmless: whether a look into a function shows that it changes nothing.
        is_harmless_call: whether no function of a name changes anything.
    """
    if not has_functions(state):
        return _NOTHING
    moment = len(state.functions.changes), len(state.attachments.changes)
    if state.altering[0] != moment:
        state.altering = moment, _with_what_calls_them(state, is_harmless_call)
        # Each is looked into while all of them are still taken for some, as one may call the other.
        state.altering = moment, _confirmed(state, state.altering[1], is_harmless)
    return state.altering[1]


def _functions(state: State) -> list[Function]:
    kept = (function for overloads in state.functions.values() for function in overloads)
    return [
        function for function in kept if function.kind != "aggregate" and function.language not in {"internal", "c"}
    ]


def _observed(state: State) -> set[str]:
    return {name for name, tables in state.observed_reach.items() if tables is None or tables}


def _with_what_calls_them(state: State, is_harmless_call: Callable[[str], bool]) -> frozenset[str]:
    """Return the names of functions that may change tables by themselves, and of all that mention one of those."""
    names, functions = _observed(state), _functions(state)
    known = {function.name.name for function in functions}
    others = _NOTHING.union(*(_called(function.body or "") for function in functions)) - known
    harmful = {name for name in others if not is_harmless_call(name)}
    left = []
    for function in functions:
        name, words = function.name.name, _words(function.body or "")
        is_read = function.body is not None and function.language in {"sql", "plpgsql"}
        if not is_read or not words.isdisjoint(_DEFINES) or not _called(function.body or "").isdisjoint(harmful):
            names.add(name)
        else:
            left.append((name, words))
    triggers = {each.function.name for each in state.attachments.values() if each.kind in TRIGGERS and each.function}
    grows = True
    while grows:
        grows = False
        fires = not names.isdisjoint(triggers)
        for name, words in left:
            if name not in names and (words & names or (fires and words & _CHANGES)):
                names.add(name)
                grows = True
    return frozenset(names)


def _confirmed(state: State, names: Collection[str], is_harmless: Callable[[Function], bool]) -> frozenset[str]:
    """Return those of which a closer look does not show that they change nothing."""
    confirmed = _observed(state)
    for function in _functions(state):
        name = function.name.name
        if name in names and name not in confirmed:
            is_open = function.body is None or _words(function.body) & _LATER
            if is_open or not is_harmless(function):
                confirmed.add(name)
    return frozenset(confirmed)


def fired(state: State, node: Node, names: Collection[str]) -> Iterator[Attachment]:
    """Yield the triggers with functions of these names that may fire when a statement changes rows."""
    triggers = [
        each
        for each in state.attachments.values()
        if each.kind in TRIGGERS and each.function is not None and each.function.name in names
    ]
    changed = written(state, node) if triggers else ()
    yield from (trigger for trigger in triggers if trigger.table in changed)


def changes_rows(language: str, body: str | None) -> bool:
    """Return whether a function may change rows, and so fire triggers."""
    return body is None or language not in {"sql", "plpgsql"} or bool(_words(body) & (_CHANGES | {"execute"}))


@lru_cache(maxsize=4096)
def _words(text: str) -> frozenset[str]:
    return frozenset(word.lower() for word in _WORD.findall(text))


@lru_cache(maxsize=4096)
def _called(text: str) -> frozenset[str]:
    """Return the words before parentheses; a quotation mark stands for all names in quotes."""
    return frozenset(word.lower() for word in _CALLED.findall(text)) - _NO_CALLS
