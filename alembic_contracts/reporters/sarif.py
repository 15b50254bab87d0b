"""SARIF 2.1.0 (OASIS), as code scanning services read it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote

from alembic_contracts import texts
from alembic_contracts.reporters import _wording as wording

if TYPE_CHECKING:
    from alembic_contracts.documents.document import ContractLocation
    from alembic_contracts.judging.violations import Report, Violation
    from alembic_contracts.reporters import Options, RuleHelp
    from alembic_contracts.schemas.steps import Location, Unproven
    from alembic_contracts.schemas.uses import Place

__all__ = ["render"]

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
_ROOT = "%SRCROOT%"
_UNPROVEN = "unproven"
_UNPROVEN_HELP = (
    "The effect of this operation on a contracted table could not be worked out without running it, so it is neither "
    "passed as kept nor reported as broken."
)


def render(report: Report, options: Options) -> str:
    """Return one SARIF log with one run; ``options.rules`` documents the rules that occur."""
    run = {
        "tool": {"driver": {"name": "alembic-contracts", "rules": _rules(report, options.rules)}},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The directory in which the check ran."}}},
        "results": [
            *(_violation(violation) for violation in report.violations),
            *(_unproven(entry, entry.location, report) for entry in report.unproven if entry.location),
        ],
        "properties": {"status": report.status, "phase": report.phase, "verdict": wording.verdict(report)},
    }
    # Code scanning services refuse results that have no place in the code; those are told as notifications.
    placeless = [_notification(_unproven_level(report), e.reason) for e in report.unproven if not e.location]
    notifications = placeless + [_notification("note", notice.message) for notice in report.notices]
    if notifications:
        run["invocations"] = [{"executionSuccessful": True, "toolExecutionNotifications": notifications}]
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _rules(report: Report, known: Mapping[str, RuleHelp]) -> list[dict[str, object]]:
    """Describe every rule that a result refers to, from its documentation or else from its first violation."""
    ids = dict.fromkeys(violation.rule for violation in report.violations)
    described = [_rule(id_, known.get(id_)) for id_ in ids]
    if report.unproven:
        help_text = f"{_UNPROVEN_HELP} {wording.unproven_advice(report.unproven, report.database)}"
        described.append(
            {
                "id": _UNPROVEN,
                "shortDescription": {"text": "The effect of an operation is not known."},
                "help": {"text": help_text},
                "defaultConfiguration": {"level": "warning"},
            }
        )
    return described


def _rule(id_: str, known: RuleHelp | None) -> dict[str, object]:
    summary = known.summary if known else f"A data contract states {id_}."
    description = known.description if known else summary
    return {
        "id": texts.sarif_text(id_),
        "shortDescription": {"text": texts.sarif_text(summary)},
        "fullDescription": {"text": texts.sarif_text(description)},
        "help": {"text": texts.sarif_text(description)},
        "defaultConfiguration": {"level": "error"},
    }


def _violation(violation: Violation) -> dict[str, object]:
    stated = {
        **_contract_location(violation.contract_location),
        "id": 0,
        "message": {"text": texts.sarif_text(f"{violation.contract}, owner {violation.owner}")},
    }
    parts = [
        violation.message,
        f"Expected {violation.expected}, actual {violation.actual}.",
        *([f"With it: {wording.with_it(violation)}."] if violation.folded else []),
        f"Relied on by {violation.contract}, owner {violation.owner}.",
        *([f"{seen[0].upper()}{seen[1:]}."] if (seen := wording.used_by_whom([violation])) else []),
        violation.remedy,
    ]
    seen_in = (place for place in violation.used_by if place.file)
    fact = "|".join((violation.contract, str(violation.table), violation.column or "", violation.rule))
    return {
        "ruleId": texts.sarif_text(violation.rule),
        "level": violation.severity,
        "message": {"text": texts.sarif_text("\n".join(part for part in parts if part.strip()))},
        "locations": [
            _script_location(violation.location)
            if violation.location
            else _contract_location(violation.contract_location)
        ],
        "relatedLocations": [stated, *(_use(place, id_) for id_, place in enumerate(seen_in, start=1))],
        "partialFingerprints": {"contractFact/v1": texts.sarif_text(fact)},
        "properties": {"introduced": violation.introduced},
    }


def _unproven(entry: Unproven, location: Location, report: Report) -> dict[str, object]:
    return {
        "ruleId": _UNPROVEN,
        "level": _unproven_level(report),
        "message": {"text": texts.sarif_text(entry.reason)},
        "locations": [_script_location(location)],
    }


def _unproven_level(report: Report) -> str:
    return "error" if report.refuses else "warning"


def _notification(level: str, text: str) -> dict[str, object]:
    return {"level": level, "message": {"text": texts.sarif_text(text)}}


def _script_location(location: Location) -> dict[str, object]:
    region: dict[str, object] = {"startLine": max(location.line, 1)}
    if location.source:
        region["snippet"] = {"text": texts.sarif_text(location.source)}
    return {
        "physicalLocation": {"artifactLocation": _artifact(location.file), "region": region},
        "logicalLocations": [{"name": texts.sarif_text(location.revision), "kind": "revision"}],
    }


def _contract_location(location: ContractLocation) -> dict[str, object]:
    region = {"startLine": max(location.line, 1), "startColumn": max(location.column, 1)}
    return {"physicalLocation": {"artifactLocation": _artifact(location.file), "region": region}}


def _use(place: Place, id_: int) -> dict[str, object]:
    """Return where a consumer uses what is broken. The file is the consumer's: it need not lie below our root."""
    at: dict[str, object] = {"artifactLocation": {"uri": _artifact(place.file)["uri"]}}
    if place.line is not None:
        at["region"] = {"startLine": place.line}
    what = f"used by {place.what or place.file}"
    return {"physicalLocation": at, "id": id_, "message": {"text": texts.sarif_text(what)}}


def _artifact(file: str) -> dict[str, object]:
    """Return a URI reference: relative to the source root, or a file URI for a path that is absolute."""
    path = quote(file.encode("utf-8", "replace"))
    if file.startswith("/"):
        return {"uri": f"file://{path}"}
    return {"uri": path, "uriBaseId": _ROOT}
