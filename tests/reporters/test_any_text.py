"""Whatever stands in a contract or script, every format stays well-formed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from alembic_contracts import reporters
from alembic_contracts.contracts.contract import Owner
from alembic_contracts.documents.document import ContractLocation
from alembic_contracts.judging.violations import Checked, Notice, Report, Violation
from alembic_contracts.reporters import FORMATS, render
from alembic_contracts.schemas.schema import Name
from alembic_contracts.schemas.steps import Location, Unproven
from alembic_contracts.schemas.uses import Place

HERE = Path(__file__).parent
SARIF = jsonschema.Draft4Validator(json.loads((HERE / "sarif-2.1.0-rtm.5.json").read_text()))
REPORT = jsonschema.Draft202012Validator(
    json.loads((Path(reporters.__file__).parent / "report.schema.json").read_text())
)

NASTY = [
    "# x",
    "- x",
    "+",
    "1. x",
    "1) x",
    "> x",
    "***",
    "===",
    "[x]: y",
    "::error::x",
    "]]>",
    "<b>&amp;",
    "a|b",
    "`",
    "```",
    "%0A",
    "\x1b[31m",
    "\ud800",
    "\x00",
    "\u2028",
    "a\r\nb",
    "    x",
]
# Unicode as it comes, lone surrogates (file names can carry them) and control characters included.
texts = st.one_of(st.sampled_from(NASTY), st.text(st.characters(), max_size=20))
lines = st.integers(1, 10**6)
scripts = st.builds(Location, texts, texts, lines, texts)
stated = st.builds(ContractLocation, texts, st.tuples(lines, lines), texts)
violations = st.builds(
    Violation,
    rule=st.sampled_from(["column-exists", "column-type"]),
    severity=st.sampled_from(["error", "warning"]),
    contract=texts,
    table=st.builds(Name, texts, texts),
    column=st.none() | texts,
    expected=texts,
    actual=texts,
    introduced=st.booleans(),
    message=texts,
    remedy=texts,
    owner=st.builds(Owner, texts, st.none() | texts),
    location=st.none() | scripts,
    contract_location=stated,
    used_by=st.lists(st.builds(Place, texts, st.none() | lines, texts), max_size=6).map(tuple),
)
reports = st.builds(
    Report,
    phase=st.sampled_from(["check", "before", "commit"]),
    violations=st.lists(violations, max_size=4).map(tuple),
    unproven=st.lists(st.builds(Unproven, texts, st.none() | scripts), max_size=2).map(tuple),
    notices=st.lists(st.builds(Notice, texts, st.none() | stated), max_size=2).map(tuple),
    checked=st.builds(Checked, *[st.integers(0, 9)] * 4),
    contracts=st.lists(texts, max_size=2).map(tuple),
    refused=st.none() | st.booleans(),
)
MARKDOWN = MarkdownIt("commonmark").enable("table")
TAGS = {"!--", "h3", "p", "strong", "table", "thead", "tbody", "tr", "th", "td", "code", "br", "details", "summary"}
TAGS |= {"pre", "ul", "li", "blockquote", "em"}
slow = settings(max_examples=100, deadline=None)
COMMAND = re.compile(r"::(error|warning|notice) (file=[^:,\r\n]*,line=\d+,)?title=[^:,\r\n]*::[^\r\n]*")


@slow
@given(reports, st.integers(0, 200), st.booleans())
def test_every_format_renders_encodes_and_repeats(report, width, color):
    for format_ in FORMATS:
        rendered = render(report, format_, width=width, color=color)
        assert rendered.encode("utf-8")
        assert rendered == render(report, format_, width=width, color=color)


@slow
@given(reports)
def test_json_is_json_and_of_the_published_schema(report):
    rendered = render(report, "json")
    assert rendered.isascii()
    document = json.loads(rendered)
    REPORT.validate(document)
    assert document["status"] == report.status
    assert len(document["violations"]) == len(report.violations)


@slow
@given(reports)
def test_sarif_is_sarif(report):
    document = json.loads(render(report, "sarif"))
    SARIF.validate(document)
    for result in document["runs"][0]["results"]:
        for at in (result["locations"][0], *result.get("relatedLocations", ())):
            assert re.fullmatch(r"(file://)?[A-Za-z0-9_.~/%-]*", at["physicalLocation"]["artifactLocation"]["uri"])


@slow
@given(reports)
def test_junit_is_xml_with_true_numbers(report):
    suite = ET.fromstring(render(report, "junit")).find("testsuite")
    cases = suite.findall("testcase")
    assert suite.get("tests") == str(len(cases))
    broken = {violation.contract for violation in report.violations if violation.severity == "error"}
    assert suite.get("failures") == str(len(broken)) == str(len(suite.findall("testcase/failure")))
    assert suite.get("errors") == str(len(report.unproven))


@slow
@given(reports)
def test_github_gets_one_command_a_finding_and_one_verdict(report):
    rendered = render(report, "github").removesuffix("\n").split("\n")
    assert "\r" not in "".join(rendered)
    assert len(rendered) == len(report.violations) + len(report.unproven) + len(report.notices) + 1
    assert all(COMMAND.fullmatch(line) for line in rendered[:-1])
    assert not rendered[-1].startswith("::")


@slow
@given(reports)
def test_text_has_no_control_character_and_no_trailing_blank(report):
    rendered = render(report, "text")
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", rendered)
    assert all(line == line.rstrip() for line in rendered.split("\n"))


@slow
@given(reports)
def test_markdown_starts_with_its_marker_and_shows_every_violation(report):
    rendered = render(report, "markdown")
    assert rendered.startswith("<!-- alembic-contracts -->\n")
    shown = MARKDOWN.render(rendered)
    assert shown.count("<td>") == 4 * len(report.violations)
    assert set(re.findall(r"<([a-z0-9!-]+)", shown)) <= TAGS
