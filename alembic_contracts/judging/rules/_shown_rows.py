"""Rows that a view with WITH CHECK OPTION took and refuses now, as it would not show them (SQLSTATE 44000)."""

from __future__ import annotations

import re
from typing import cast

from alembic_contracts.judging.rules import Subject, Unknown
from alembic_contracts.patterns import pattern
from alembic_contracts.schemas.remarks import Printed
from alembic_contracts.schemas.schema import Table

__all__ = ["no_more_shown"]

_TOKEN = pattern(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|[()]|\bWHERE\b", re.IGNORECASE)
_WORD = pattern(r"'(?:[^']|'')*'|\w+")


def no_more_shown(subject: Subject, *, held: bool) -> bool | Unknown:
    """Return whether rows meet a condition of a view that they did not meet before.

    Its query is not looked at at a commit, as printing it takes locks.

    Args:
        subject: a view, before and after.
        held: whether a view above it holds rows to what this one shows.
    """
    before, after = subject.reference, cast("Table", subject.table)
    if subject.is_new or before is None or before.kind != "view" or after.kind != "view":
        return False
    if not held and not (before.check_option and after.check_option):
        return False  # what is new of it is told by itself
    if before.definition is None or after.definition is None or before.definition == after.definition:
        return False
    was, now = _renamed(_condition(before), before, after), _condition(after)
    if not now:
        return False
    doubt = Unknown(f"whether {after.name} shows as many rows as it did could not be worked out")
    if was is None:
        return doubt
    if was and (subject.dialect.is_looser(was, now) or subject.dialect.same_expression(was, now)):
        return False
    fewer = not was or subject.dialect.same_expression(was, now) is False or subject.dialect.is_looser(now, was)
    return True if fewer else doubt


def _condition(view: Table) -> str:
    """Return what follows WHERE in a view that rows can be written to: it has neither groups, an order nor a limit."""
    text, depth = (view.definition or "").rstrip().rstrip(";"), 0
    for token in _TOKEN.finditer(text):
        depth += {"(": 1, ")": -1}.get(token[0], 0)
        if depth == 0 and token[0].upper() == "WHERE":
            found = text[token.end() :].strip()
            return Printed(found, None) if isinstance(view.definition, Printed) else found
    return ""


def _renamed(text: str, before: Table, after: Table) -> str | None:
    """Return a condition with the name that a column of the table below has by now; None: that is not plain."""
    then, now = ({column for _, column in view.depends_on} for view in (before, after))
    gone, new = then - now, now - then
    if gone.isdisjoint(_WORD.findall(text)):
        return text
    if len(gone) != 1 or len(new) != 1:
        return None
    [old], [name] = gone, new
    return _WORD.sub(lambda found: name if found[0] == old else found[0], text)
