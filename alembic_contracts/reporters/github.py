"""Workflow commands of GitHub Actions: annotations on the lines of a pull request.

The syntax is that of actions/toolkit (packages/core/src/command.ts).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_contracts import texts
from alembic_contracts.reporters import _wording as wording

if TYPE_CHECKING:
    from alembic_contracts.documents.document import ContractLocation
    from alembic_contracts.judging.violations import Notice, Report, Violation
    from alembic_contracts.reporters import Options
    from alembic_contracts.schemas.steps import Unproven

__all__ = ["command", "render"]


def render(report: Report, options: Options) -> str:  # noqa: ARG001  every format has this signature
    """Return one workflow command a finding and the verdict as an ordinary last line of the log."""
    unproven_level = "error" if report.refuses else "warning"
    lines = [
        *(_violation(violation) for violation in report.violations),
        *(_unproven(entry, unproven_level, report.database) for entry in report.unproven),
        *(_notice(notice) for notice in report.notices),
        wording.verdict(report),
    ]
    return "\n".join(lines)


def _violation(violation: Violation) -> str:
    stated = wording.stated_in(violation)
    message = "\n".join(
        [
            violation.message,
            f"Expected {violation.expected}, actual {violation.actual}.",
            *([f"With it: {wording.with_it(violation)}."] if violation.folded else []),
            f"Relied on by {violation.contract} ({stated}), owner {violation.owner}.",
            *([f"{seen[0].upper()}{seen[1:]}."] if (seen := wording.used_by_whom([violation])) else []),
            *(["", "Instead:", violation.remedy] if violation.remedy.strip() else []),
        ]
    )
    script = violation.location
    title = f"{violation.rule}: {wording.place(violation)}"
    if script is None and violation.at:  # the file is another tree's, and may not be here
        return command(violation.severity, None, None, title, message)
    file, line = (script.file, script.line) if script else _of(violation.contract_location)
    return command(violation.severity, file, line, title, message)


def _unproven(entry: Unproven, level: str, database: str) -> str:
    file, line = (entry.location.file, entry.location.line) if entry.location else (None, None)
    return command(level, file, line, "unproven", f"{entry.reason}\n{wording.unproven_advice([entry], database)}")


def _notice(notice: Notice) -> str:
    file, line = _of(notice.location) if notice.location else (None, None)
    return command("notice", file, line, "data contracts", notice.message)


def _of(location: ContractLocation) -> tuple[str, int]:
    return location.file, location.line


def command(name: str, file: str | None, line: int | None, title: str, message: str) -> str:
    """Return one workflow command: ``error``, ``warning`` or ``notice`` at a line of a file."""
    properties = {"file": file, "line": None if line is None else str(line), "title": title}
    listed = ",".join(f"{key}={texts.github_property(value)}" for key, value in properties.items() if value is not None)
    return f"::{name} {listed}::{texts.github_data(message)}"
