"""A script directory in, the steps that lead to a revision out, and where their scripts are."""

from __future__ import annotations

import inspect
import linecache
from typing import TYPE_CHECKING

from alembic_contracts.schemas.steps import Location
from alembic_contracts.support.paths import shown

if TYPE_CHECKING:
    from alembic.runtime.migration import RevisionStep
    from alembic.script import ScriptDirectory

__all__ = ["location_of", "upgrade_steps"]


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
