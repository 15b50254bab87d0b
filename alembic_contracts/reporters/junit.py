"""JUnit's XML, as continuous integration servers read it: one test case a contract, failed where it is broken."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from alembic_contracts.reporters import _wording as wording

if TYPE_CHECKING:
    from alembic_contracts.judging.violations import Report, Violation
    from alembic_contracts.reporters import Options
    from alembic_contracts.schemas.steps import Unproven

__all__ = ["render"]

# What XML 1.0 cannot hold at all, not even escaped (https://www.w3.org/TR/xml/#charsets).
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SUITE = "alembic-contracts"


def render(report: Report, options: Options) -> str:  # noqa: ARG001  every format has this signature
    """Return one test suite: a case for every contract and one for every operation that is unproven."""
    names = dict.fromkeys((*report.contracts, *(violation.contract for violation in report.violations)))
    cases = [_contract(name, [v for v in report.violations if v.contract == name]) for name in names]
    cases += [_unproven(entry) for entry in report.unproven]
    suite = ET.Element(
        "testsuite",
        name=_SUITE,
        tests=str(len(cases)),
        failures=str(sum(case.find("failure") is not None for case in cases)),
        errors=str(sum(case.find("error") is not None for case in cases)),
        skipped="0",
    )
    suite.extend(cases)
    ET.SubElement(suite, "system-out").text = _text(
        "\n".join([*(notice.message for notice in report.notices), wording.verdict(report)])
    )
    root = ET.Element("testsuites", {key: suite.get(key, "") for key in ("name", "tests", "failures", "errors")})
    root.append(suite)
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode")


def _contract(name: str, violations: Sequence[Violation]) -> ET.Element:
    attributes = {"name": _text(name), "classname": f"{_SUITE}.contracts"}
    if violations:
        attributes["file"] = _text(violations[0].contract_location.file)
    case = ET.Element("testcase", attributes)
    errors = [violation for violation in violations if violation.severity == "error"]
    warnings = [violation for violation in violations if violation.severity != "error"]
    if errors:
        message = wording.cause(errors[0]) + (f" (and {len(errors) - 1} more)" if len(errors) > 1 else "")
        failure = ET.SubElement(case, "failure", message=_text(message), type=_text(errors[0].rule))
        failure.text = _text("\n\n".join(map(_details, errors)))
    if warnings:
        ET.SubElement(case, "system-out").text = _text("\n\n".join(map(_details, warnings)))
    return case


def _details(violation: Violation) -> str:
    location = violation.location
    script = [f"script:    {wording.script_place(location)} (revision {location.revision})"] if location else []
    return "\n".join(
        [
            f"{violation.severity}[{violation.rule}]: {violation.message}",
            *script,
            f"expected:  {violation.expected}",
            f"actual:    {violation.actual}",
            f"stated in: {wording.contract_place(violation.contract_location)}",
            f"owner:     {violation.owner}",
            *([f"instead:\n{violation.remedy}"] if violation.remedy.strip() else []),
        ]
    )


def _unproven(entry: Unproven) -> ET.Element:
    location = entry.location
    name = wording.script_place(location) if location else wording.one_line(entry.reason)
    case = ET.Element("testcase", name=_text(name), classname=f"{_SUITE}.unproven")
    error = ET.SubElement(case, "error", message=_text(wording.one_line(entry.reason)), type="unproven")
    error.text = _text(f"{entry.reason}\n{wording.unproven_advice([entry])}")
    return case


def _text(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
