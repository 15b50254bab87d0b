"""A report in, words on standard error and the error that stops Alembic out: how upgrades and autogenerate refuse."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from alembic.util import CommandError
from msgspec.structs import replace

from alembic_contracts import reporters
from alembic_contracts.judging import aftermath
from alembic_contracts.judging.violations import Report, Violation
from alembic_contracts.running.expected import is_seen_at_commit
from alembic_contracts.running.hooks import failure
from alembic_contracts.running.unheld import is_another_kind
from alembic_contracts.support import terminal

if TYPE_CHECKING:
    from alembic_contracts.judging.aftermath import Aftermath
    from alembic_contracts.running.pending import Run
    from alembic_contracts.running.terms import Terms

__all__ = ["Refused", "attributed", "because", "refusal", "show"]

_STILL_SO = "by another session, while this upgrade ran: its own transaction is rolled back, and this is still so."
_THEN = "Once the database is again as the contract states, run the upgrade again."
_OR_OURS = "That session may be one that a script opened itself: see what was unproven before the run."
_UNFORESEEN = (
    "not by the pending scripts, by their prediction, which leaves nothing open: it seems that another session did it "
    "while this upgrade ran, or env.py itself."
)


class Refused(CommandError):  # noqa: N818 - the name says what happened
    """Why a run must not go on; what has become of it is looked at, and said, once it has stopped."""

    def __init__(self, why: Report | str) -> None:
        """Begin with what was found, or why nothing could be."""
        super().__init__(why if isinstance(why, str) else _found(why, over=False))
        self._why = why
        self.report = None if isinstance(why, str) else why

    def attributed(self, foreseen: Report, left: Report | None) -> None:
        """Put nothing down to scripts that they did not do; see the function of this name."""
        if self.report is not None:
            self.report = attributed(self.report, foreseen, left)

    def told(self, found: Aftermath | None) -> CommandError:
        """Show the report with what became of the run, and return the error that says so.

        Args:
            found: None where the run had no database.
        """
        if self.report is None:
            more = "" if found is None else aftermath.runs_before(found.earlier)
            if found is not None and found.started:
                more = aftermath.outcome(found)
            return failure("\n".join(filter(None, (str(self._why), more))))
        report = replace(self.report, aftermath=found)
        show(report)
        ended = aftermath.summary(found)
        return refusal(f"{_found(report, over=found is not None and aftermath.stays(found))}; {ended}.", report)


def _found(report: Report, *, over: bool) -> str:
    """Return the first half of a sentence; ``over``: what was found cannot be undone any more."""
    errors = sum(violation.severity == "error" for violation in report.violations)
    verb = "are" if over else "would be"
    return {
        "broken": f"Data contracts {verb} broken ({errors} violation{'s' if errors != 1 else ''})",
        "unproven": "Whether data contracts are kept is unproven",
        "kept": "Data contracts are kept",
    }[report.status]


def attributed(report: Report, foreseen: Report, left: Report | None = None) -> Report:
    """Return a report that puts nothing down to scripts which they did not do.

    Args:
        report: what was found broken while scripts ran.
        foreseen: what was found before they ran.
        left: what is broken after all that they did was rolled back; None: not all of it was, or is known to be.
    """
    if report.phase != "commit":
        return report
    others = _broken(left if left is not None else report)
    if left is None:
        others = set() if foreseen.unproven else others - _broken(foreseen)
    reason = _UNFORESEEN if left is None else f"{_STILL_SO} {_OR_OURS if foreseen.unproven else _THEN}"

    def by_others(violation: Violation) -> bool:
        return violation.introduced and violation.severity == "error" and _what(violation) in others

    return replace(
        report,
        violations=tuple(
            replace(v, location=None, by_others=reason, remedy="") if by_others(v) else v for v in report.violations
        ),
    )


def _broken(report: Report) -> set[tuple[object, ...]]:
    return {_what(part) for violation in report.violations for part in violation.parts}


def _what(violation: Violation) -> tuple[object, ...]:
    return violation.contract, violation.rule, violation.table, violation.column


def because(report: Report, terms: Terms, run: Run) -> str:
    """Return why a report that is not of kept contracts refuses nothing, in a clause that follows "because"."""
    if report.status == "kept":
        return ""
    settings = terms.settings
    if settings.enforce == "report":
        return 'enforce = "report" refuses nothing'
    if run.is_downgrade and settings.downgrade == "report":
        return 'a downgrade is only reported on (downgrade = "report", the default)'
    setting = f'unproven = "warn"{", the default" if settings.unproven is None else ""}'
    if report.phase == "before" and is_seen_at_commit(report, run):
        return f"the result is checked again before the commit ({setting})"
    if settings.unproven is None and is_another_kind(terms, run):
        return f"no contract is about {run.dialect.NAME} ({setting} there); what results is looked at"
    return f"of {setting}"


def show(report: Report) -> None:
    """Write a report to standard error, after all that went to standard output before."""
    sys.stdout.flush()
    sys.stderr.write(reporters.render(report, "text", width=terminal.width(), color=terminal.uses_color(sys.stderr)))
    sys.stderr.flush()


def refusal(message: str, report: Report) -> CommandError:
    """Return the error that ends Alembic's command; the report is its attribute, for callers of ``alembic.command``."""
    error = failure(f"{message} The report is on standard error.")
    error.report = report  # type: ignore[attr-defined] # an exception may have attributes of its own
    return error
