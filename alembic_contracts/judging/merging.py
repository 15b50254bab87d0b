"""Reports on several databases in, one report on all of them out."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from alembic_contracts.judging.violations import Checked, Report

__all__ = ["merged"]


def merged(reports: Sequence[Report]) -> Report:
    """Return one report with all that some have found.

    Args:
        reports: one or more. Phase and aftermath are those of the first that is refused, else of the last one.
    """
    held = {contract for report in reports for contract in report.contracts if contract not in report.unheld}
    same = len({report.contracts for report in reports}) == 1
    decisive = next((report for report in reports if report.refuses), reports[-1])
    return replace(
        decisive,
        unheld=tuple(dict.fromkeys(each for report in reports for each in report.unheld if each not in held)),
        contracts=tuple(dict.fromkeys(contract for report in reports for contract in report.contracts)),
        violations=tuple(dict.fromkeys(v for report in reports for v in report.violations)),
        unproven=tuple(dict.fromkeys(u for report in reports for u in report.unproven)),
        in_doubt=tuple(dict.fromkeys(each for report in reports for each in report.in_doubt)),
        notices=tuple(dict.fromkeys(n for report in reports for n in report.notices)),
        checked=Checked(
            contracts=len({contract for report in reports for contract in report.contracts}),
            tables=max(report.checked.tables for report in reports) if same else sum(r.checked.tables for r in reports),
            facts=max(report.checked.facts for report in reports) if same else sum(r.checked.facts for r in reports),
            revisions=max(report.checked.revisions for report in reports),
            not_applicable=sum(report.checked.not_applicable for report in reports),
            unheld_on=" and ".join(dict.fromkeys(r.checked.unheld_on for r in reports if r.checked.unheld_on)),
        ),
    )
