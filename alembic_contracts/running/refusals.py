"""A report in, words on standard error and the error that stops Alembic out: how upgrades and autogenerate refuse."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from alembic.util import CommandError

from alembic_contracts import reporters
from alembic_contracts.support import terminal

if TYPE_CHECKING:
    from alembic_contracts.judging.violations import Report

__all__ = ["refusal", "show"]


def show(report: Report) -> None:
    """Write a report to standard error, after all that went to standard output before."""
    sys.stdout.flush()
    sys.stderr.write(reporters.render(report, "text", width=terminal.width(), color=terminal.uses_color(sys.stderr)))
    sys.stderr.flush()


def refusal(message: str, report: Report) -> CommandError:
    """Return the error that ends Alembic's command; the report is its attribute, for callers of ``alembic.command``."""
    error = CommandError(f"{message} The report is on standard error.")
    error.report = report  # type: ignore[attr-defined] # an exception may have attributes of its own
    return error
