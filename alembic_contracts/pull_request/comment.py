"""A report in, the text of the comment on a pull request out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from alembic_contracts import reporters
from alembic_contracts.reporters.markdown import MARKER
from alembic_contracts.texts import markdown as prose
from alembic_contracts.texts import markdown_code as code

if TYPE_CHECKING:
    from alembic_contracts.judging.violations import Report

__all__ = ["not_checked", "of_report"]

_WHAT = (
    "A data contract states what another team relies on in this database. This check predicts what the pull request's "
    "migrations do to it, without running them."
)


def of_report(report: Report, owners: Mapping[str, tuple[str, ...]]) -> str:
    """Return the comment: what is broken, for whom, what to do instead, and who has a say.

    Args:
        report: the verdict.
        owners: owners by contract file (CODEOWNERS).
    """
    text = reporters.render(report, "markdown").rstrip()
    lines = [text, *_owners(report, owners)]
    if report.status != "kept":
        lines.append(f"<sub>{_WHAT}</sub>")
    return "\n\n".join(lines) + "\n"


def _owners(report: Report, owners: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    broken = {v.contract_location.file: v.contract for v in report.violations if v.severity == "error"}
    named = [(file, contract) for file, contract in broken.items() if file in owners]
    if named:
        yield "**Who can change these contracts** (CODEOWNERS):"
        yield "\n".join(
            f"- {code(contract)} in {code(file)}: {', '.join(map(code, owners[file]))}" for file, contract in named
        )


def not_checked(reason: str) -> str:
    """Return the comment where there is no verdict, so that no old one stays as if it still counted."""
    shown = "\n".join(f"> {prose(line)}" for line in reason.splitlines())
    return f"{MARKER}\n\n### Data contracts not checked\n\n{shown}\n"
