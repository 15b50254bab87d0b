"""A script directory in, the steps that lead to a revision out, and where their scripts are."""

from __future__ import annotations

import inspect
import linecache
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

from alembic_contracts import texts
from alembic_contracts.schemas.steps import Location
from alembic_contracts.support.paths import shown

if TYPE_CHECKING:
    from alembic.runtime.migration import RevisionStep
    from alembic.script import Script, ScriptDirectory

__all__ = ["Strayed", "location_of", "misfit", "upgrade_steps"]


class Strayed(Struct, frozen=True):
    """A version table that is not where the revisions lead that were seen."""

    now: tuple[str, ...]
    """What it has."""
    is_ours: bool
    """Whether only what ran on this connection can have brought it there."""


def upgrade_steps(
    script: ScriptDirectory, destination: str | tuple[str, ...], current: tuple[str, ...]
) -> list[RevisionStep]:
    """Return the steps of ``alembic upgrade DESTINATION`` from the current heads, in the order Alembic applies them.

    Raises:
        alembic.util.CommandError: a revision is unknown or cannot be reached.
    """
    # What alembic.command.upgrade itself calls: it turns revision errors into messages for people.
    return script._upgrade_revs(destination, current)  # type: ignore[arg-type] # noqa: SLF001


def location_of(step: RevisionStep) -> Location:
    """Return where the function of a step begins in its version script."""
    function = inspect.unwrap(step.revision.module.upgrade if step.is_upgrade else step.revision.module.downgrade)
    file = step.revision.path
    line = function.__code__.co_firstlineno if inspect.isfunction(function) else 1
    return Location(step.revision.revision, shown(file), line, linecache.getline(str(file), line).strip())


def misfit(script: ScriptDirectory) -> str | None:
    """Return what is wrong with the first version script that fits in no history, with its place; None: all do.

    For errors of Alembic, which itself names no file.
    """
    scripts = list(script._load_revisions())  # noqa: SLF001 - nothing public yields them before they fit together
    return next((f"{shown(s.path)}:{_line(s, name)}: {words}" for s, name, words in _misfits(scripts)), None)


def _misfits(scripts: list[Script]) -> Iterator[tuple[Script, str, str]]:
    """Yield a script, the name in it that is wrong, and why."""
    first: dict[str, Script] = {}
    for each in scripts:
        revision = each.module.revision
        if not isinstance(revision, str) or not revision:
            yield each, "revision", f"`revision` must be text, not {_shown(revision)}"
        elif first.setdefault(revision, each) is not each:
            yield each, "revision", f"{shown(first[revision].path)} has the revision {_shown(revision)} as well"
        if not callable(getattr(each.module, "upgrade", None)):
            yield each, "upgrade", "there is no function `upgrade`"
    yield from _misleading(scripts)


def _misleading(scripts: list[Script]) -> Iterator[tuple[Script, str, str]]:
    """Yield the same for what scripts follow."""
    known = {str(each.module.revision) for each in scripts}
    names = known | {label for each in scripts for label in _listed(getattr(each.module, "branch_labels", None))}
    for each in scripts:
        for name in ("down_revision", "depends_on"):
            for other in _listed(getattr(each.module, name, None)):
                if not isinstance(other, str):
                    yield each, name, f"`{name}` must be a revision or several, not {_shown(other)}"
                elif other not in names and not any(revision.startswith(other) for revision in known):
                    yield each, name, f"`{name}` is {_shown(other)}, which no script has as its revision"


def _listed(stated: object) -> tuple[object, ...]:
    return () if stated is None else tuple(stated) if isinstance(stated, tuple | list | set) else (stated,)


def _shown(value: object) -> str:
    return texts.shortened(repr(value), 100)


def _line(script: Script, name: str) -> int:
    """Return where a name is assigned or defined in a script, 1 where it is not found."""
    pattern = re.compile(rf"(?:def\s+)?{name}\b")
    lines = enumerate(linecache.getlines(str(script.path)), 1)
    return next((number for number, line in lines if pattern.match(line)), 1)
