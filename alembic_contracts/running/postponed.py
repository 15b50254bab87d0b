"""Version scripts in, those that refuse to run before a day out; and the Python by which one refuses.

The refusal is plain Python in the script itself, so that it holds wherever Alembic runs, with or without this package.
Where today is before the day, the real run stops there: so such a script, and what follows it, is not predicted. A
script counts as one only where its ``upgrade()`` begins with exactly these statements.
"""

from __future__ import annotations

import ast
import linecache
import textwrap
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from alembic_contracts import texts
from alembic_contracts.support.paths import shown

if TYPE_CHECKING:
    from alembic.runtime.migration import RevisionStep

__all__ = ["Postponed", "day_of", "refusing", "split"]

_IMPORTS = ("from datetime import UTC, date, datetime", "from alembic.util import CommandError")
_WIDTH = 88
"""Of a line of the reason, within a line of 100 characters or so."""


def refusing(day: date, reason: str) -> str:
    """Return the statements with which ``upgrade()`` refuses to run before a day.

    Args:
        day: the first on which it runs, in UTC.
        reason: what people read before it.
    """
    condition = f"if datetime.now(tz=UTC).date() < date({day.year}, {day.month}, {day.day}):"
    lines = _wrapped(reason) or [""]
    raised = "\n".join(("    raise CommandError(", *(f"        {texts.quoted(line)}" for line in lines), "    )"))
    return "\n\n".join((*_IMPORTS, f"{condition}\n{raised}"))


def _wrapped(text: str) -> list[str]:
    """Return a text in pieces, none of which is in the middle of a word; together they are the text."""
    return textwrap.wrap(text, _WIDTH, drop_whitespace=False, break_long_words=False, break_on_hyphens=False)


def day_of(script: str) -> date | None:
    """Return the day before which a script's ``upgrade()`` refuses to run; None where it does not begin with that."""
    if "CommandError" not in script:
        return None
    try:
        tree = ast.parse(script)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    found = [node for node in tree.body if _binds_upgrade(node)]
    if len(found) != 1 or not isinstance(found[0], ast.FunctionDef) or found[0].decorator_list:
        return None
    return _day(found[0])


def _binds_upgrade(node: ast.stmt) -> bool:
    """Whether a statement of a module may say what ``upgrade`` is."""
    names = {child.id for child in ast.walk(node) if isinstance(child, ast.Name)}
    defined = {getattr(child, "name", None) for child in ast.walk(node)}
    aliases = {child.asname for child in ast.walk(node) if isinstance(child, ast.alias)}
    return "upgrade" in names | defined | aliases or "*" in defined


def _day(function: ast.FunctionDef) -> date | None:
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    if len(body) <= len(_IMPORTS):
        return None
    *imports, condition = body[: len(_IMPORTS) + 1]
    if any(
        ast.dump(node) != ast.dump(ast.parse(code)) for node, code in zip(map(_module, imports), _IMPORTS, strict=True)
    ):
        return None
    if not isinstance(condition, ast.If) or condition.orelse or not isinstance(condition.body[0], ast.Raise):
        return None
    try:
        stated = ast.literal_eval(ast.Tuple(condition.test.comparators[0].args, ast.Load()))  # type: ignore[attr-defined] # else: AttributeError
        day = date(*stated)
    except (AttributeError, IndexError, TypeError, ValueError):
        return None
    wanted = ast.parse(refusing(day, "")).body[-1]
    assert isinstance(wanted, ast.If)  # noqa: S101 - as written above
    return day if ast.dump(condition.test) == ast.dump(wanted.test) else None


def _module(node: ast.stmt) -> ast.Module:
    return ast.Module([node], [])


class Postponed(Struct, frozen=True):
    """Pending revisions that do not run today."""

    steps: tuple[RevisionStep, ...]
    """The first one that refuses to, and all that follow it."""
    day: date
    """The first on which it runs."""

    def __str__(self) -> str:
        """Return what is to be said of them."""
        first, *others = (step.revision.revision for step in self.steps)
        more = f" and what follows it ({', '.join(others)}) were" if others else " was"
        place = shown(self.steps[0].revision.path)
        return f"Revision {first} ({place}) refuses to run before {self.day:%Y-%m-%d}: it{more} not looked at."


def split(steps: Sequence[RevisionStep]) -> tuple[tuple[RevisionStep, ...], Postponed | None]:
    """Return what is pending in two parts, before and from the first script that refuses to run today."""
    today = datetime.now(tz=UTC).date()
    for number, step in enumerate(steps):
        day = day_of(_text_of(step)) if step.is_upgrade and _may_refuse(step) else None
        if day is not None and today < day:
            return tuple(steps[:number]), Postponed(tuple(steps[number:]), day)
    return tuple(steps), None


def _may_refuse(step: RevisionStep) -> bool:
    """Whether a script's ``upgrade()``, if it is in memory, imports what a refusal raises; reading it takes longer."""
    code = getattr(getattr(step.revision.module, "upgrade", None), "__code__", None)
    return (
        code is None
        or code.co_filename != step.revision.path
        or "CommandError" in (*code.co_varnames, *code.co_cellvars)
    )


def _text_of(step: RevisionStep) -> str:
    """Return the source of a script as it is now, nothing where it has none."""
    path = step.revision.path
    linecache.checkcache(path)  # what is read here is what reports quote
    return "".join(linecache.getlines(path))
