"""JUnit's XML, as continuous integration servers read it: one test case a contract, failed where it is broken."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from alembic_contracts import texts
from alembic_contracts.reporters import _wording as wording

if TYPE_CHECKING:
    from alembic_contracts.judging.violations import Report, Violation
    from alembic_contracts.reporters import Options
    from alembic_contracts.schemas.steps import Unproven

__all__ = ["render"]

_SUITE = "alembic-contracts"


def render(report: Report, options: Options) -> str:  # noqa: ARG001  every format has this signature
    """Return one test suite: a case for every contract and one for every operation that is unproven."""
    names = dict.fromkeys((*report.contracts, *(violation.contract for violation in report.violations)))
    cases = [_contract(name, [v for v in report.violations if v.contract == name]) for name in names]
    for name, case in zip(names, cases, strict=True):
        if name in report.unheld:
            ET.SubElement(case, "skipped", message=texts.lines(f"not applicable on {report.checked.unheld_on}"))
    cases += [_unproven(entry, report.database) for entry in report.unproven]
    suite = ET.Element(
        "testsuite",
        name=_SUITE,
        tests=str(len(cases)),
        failures=str(sum(case.find("failure") is not None for case in cases)),
        errors=str(sum(case.find("error") is not None for case in cases)),
        skipped=str(sum(case.find("skipped") is not None for case in cases)),
    )
    suite.extend(cases)
    ET.SubElement(suite, "system-out").text = texts.lines(
        "\n".join([*(notice.message for notice in report.notices), wording.verdict(report)])
    )
    root = ET.Element("testsuites", {key: suite.get(key, "") for key in ("name", "tests", "failures", "errors")})
    root.append(suite)
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode")


def _contract(name: str, violations: Sequence[Violation]) -> ET.Element:
    attributes = {"name": texts.lines(name), "classname": f"{_SUITE}.contracts"}
    if violations:
        attributes["file"] = texts.lines(violations[0].contract_location.file)
    case = ET.Element("testcase", attributes)
    errors = [violation for violation in violations if violation.severity == "error"]
    warnings = [violation for violation in violations if violation.severity != "error"]
    if errors:
        message = wording.cause(errors[0]) + (f" (and {len(errors) - 1} more)" if len(errors) > 1 else "")
        failure = ET.SubElement(case, "failure", message=texts.lines(message), type=texts.lines(errors[0].rule))
        failure.text = texts.lines("\n\n".join(map(_details, errors)))
    if warnings:
        ET.SubElement(case, "system-out").text = texts.lines("\n\n".join(map(_details, warnings)))
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
            *([f"with it:   {wording.with_it(violation)}"] if violation.folded else []),
            f"stated in: {wording.stated_in(violation)}",
            f"owner:     {violation.owner}",
            *([f"evidence:  {seen}"] if (seen := wording.used_by_whom([violation])) else []),
            *([f"instead:\n{violation.remedy}"] if violation.remedy.strip() else []),
        ]
    )


def _unproven(entry: Unproven, database: str) -> ET.Element:
    location = entry.location
    name = wording.script_place(location) if location else wording.one_line(entry.reason)
    case = ET.Element("testcase", name=texts.lines(name), classname=f"{_SUITE}.unproven")
    error = ET.SubElement(case, "error", message=texts.lines(wording.one_line(entry.reason)), type="unproven")
    error.text = texts.lines(f"{entry.reason}\n{wording.unproven_advice([entry], database)}")
    return case
