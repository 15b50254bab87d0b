"""For programs: the report's public form, described by report.schema.json."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from alembic_contracts import texts

if TYPE_CHECKING:
    from alembic_contracts.contracts.contract import Waiver
    from alembic_contracts.documents.document import ContractLocation
    from alembic_contracts.judging.violations import Notice, Report, Violation
    from alembic_contracts.reporters import Options
    from alembic_contracts.schemas.steps import Location, Unproven

__all__ = ["render"]

VERSION = 1
"""Grows when a key changes its meaning or goes away; new keys may come without."""


def render(report: Report, options: Options) -> str:  # noqa: ARG001  every format has this signature
    """Return one JSON object, in ASCII so that no terminal or pipe can spoil it."""
    checked = report.checked
    document = {
        "version": VERSION,
        "status": report.status,
        "phase": report.phase,
        "violations": [_violation(violation) for violation in report.violations],
        "unproven": [_unproven(entry) for entry in report.unproven],
        "notices": [_notice(notice) for notice in report.notices],
        "checked": {
            "contracts": checked.contracts,
            "tables": checked.tables,
            "facts": checked.facts,
            "revisions": checked.revisions,
            **({"not_applicable": checked.not_applicable} if checked.not_applicable else {}),
        },
    }
    return json.dumps(document, indent=2)


def _violation(violation: Violation) -> dict[str, object]:
    return {
        "rule": violation.rule,
        "severity": violation.severity,
        "contract": texts.json_text(violation.contract),
        "table": texts.json_text(str(violation.table)),
        "column": None if violation.column is None else texts.json_text(violation.column),
        "expected": texts.json_text(violation.expected),
        "actual": texts.json_text(violation.actual),
        "introduced": violation.introduced,
        "message": texts.json_text(violation.message),
        "remedy": texts.json_text(violation.remedy),
        "owner": {
            "name": texts.json_text(violation.owner.name),
            "email": None if violation.owner.email is None else texts.json_text(violation.owner.email),
        },
        "location": _location(violation.location),
        "contract_location": _contract_location(violation.contract_location),
        "breaks": list(violation.breaks),
        "transient": violation.transient,
        "sunset": None if violation.sunset is None else violation.sunset.isoformat(),
        "waiver": None if violation.waiver is None else _waiver(violation.waiver),
        "at": violation.at or None,
        "used_by": [place.as_json for place in violation.used_by],
        **({"folded": [_folded(each) for each in violation.folded]} if violation.folded else {}),
    }


def _folded(violation: Violation) -> dict[str, object]:
    return {
        "rule": violation.rule,
        "severity": violation.severity,
        "expected": texts.json_text(violation.expected),
        "actual": texts.json_text(violation.actual),
        "message": texts.json_text(violation.message),
        "contract_location": _contract_location(violation.contract_location),
    }


def _waiver(waiver: Waiver) -> dict[str, object]:
    return {
        "reason": texts.json_text(waiver.reason),
        "approver": texts.json_text(waiver.approver),
        "expiry": waiver.expiry.isoformat(),
        "contract_location": _contract_location(waiver.location),
    }


def _unproven(entry: Unproven) -> dict[str, object]:
    return {"reason": texts.json_text(entry.reason), "location": _location(entry.location)}


def _notice(notice: Notice) -> dict[str, object]:
    location = None if notice.location is None else _contract_location(notice.location)
    return {"message": texts.json_text(notice.message), "contract_location": location}


def _location(location: Location | None) -> dict[str, object] | None:
    if location is None:
        return None
    return {
        "revision": texts.json_text(location.revision),
        "file": texts.json_text(location.file),
        "line": location.line,
    }


def _contract_location(location: ContractLocation) -> dict[str, object]:
    return {"file": texts.json_text(location.file), "line": location.line}
