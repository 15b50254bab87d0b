"""Names and texts that nobody vouches for, in every format that is written: they are shown, and do nothing."""

from __future__ import annotations

import dataclasses
import json
import re
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from markdown_it import MarkdownIt
from msgspec.structs import replace

from alembic_contracts import dialects, texts
from alembic_contracts.commands import coverage, diff, plan
from alembic_contracts.contracts.contract import (
    Deprecation,
    Fact,
    Waiver,
)
from alembic_contracts.judging.violations import Checked, Notice, Report
from alembic_contracts.pull_request import comment
from alembic_contracts.reporters import FORMATS, render
from alembic_contracts.reviews import site
from alembic_contracts.reviews.changes import Change
from alembic_contracts.reviews.coverage import Coverage, Row
from alembic_contracts.reviews.differences import Difference
from alembic_contracts.reviews.plans import Plan, Revision, Touch
from alembic_contracts.reviews.site.addresses import anchor_of, file_of
from alembic_contracts.schemas.schema import Column, Name, Schema, Table, Type
from alembic_contracts.schemas.steps import Location, Unproven
from tests.support.hostile import HOSTILE, WHERE, a_contract, violation

CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200c-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff\U000e0000-\U000e007f]"
)
MARKDOWN = MarkdownIt("commonmark").enable("table")
TAGS = {"h2", "h3", "p", "strong", "table", "thead", "tbody", "tr", "th", "td", "code", "br", "details", "summary"}
TAGS |= {"pre", "ul", "li", "blockquote", "em", "sub", "!--"}


def report(text: str) -> Report:
    waiver = Waiver(
        contract=text, fact=text, revision=text, reason=text, approver=text, expiry=date(2999, 1, 1), location=WHERE
    )
    return Report(
        phase="check",
        violations=(violation(text), violation(text, severity="warning", waiver=waiver, location=None)),
        unproven=(Unproven(text, Location(text, text, 7, text)), Unproven(text, None)),
        notices=(Notice(text, replace(WHERE, file=text)),),
        checked=Checked(contracts=1, tables=1, facts=1, revisions=1),
        contracts=(text,),
    )


def a_plan(text: str) -> Plan:
    contract = a_contract(text)
    change = Change(kind="column dropped", table=Name("public", text), column=text, text=f"column {text} dropped")
    revision = Revision(
        id=text,
        message=text,
        file=text,
        touches=(Touch(change, (contract,)),),
        violations=(violation(text),),
        unproven=(Unproven(text, None),),
    )
    dialect = dialects.load("postgresql")
    return Plan(
        revisions=(revision,), report=report(text), dialect=dialect, contracts=(), before=Schema(), after=Schema()
    )


def shown(lines, format_: str, capsys) -> str:
    from alembic_contracts.commands._shared import written

    written(lines, format_)
    return capsys.readouterr().out


def outputs(text: str, capsys):
    """Yield each text that people look at, with its language."""
    for format_ in FORMATS:
        yield format_, render(report(text), format_)
    yield "text", render(report(text), "text", width=60)
    yield "markdown", comment.of_report(report(text), {text: (text,)})
    yield "markdown", comment.not_checked(text)
    found = Coverage((Row(Name("public", text), (text,), (text,), (text,)),), ((text, text),))
    differences = [Difference("loosened", text, text, WHERE, f"column-exists {text}")]
    for format_ in ("text", "markdown", "json"):
        yield format_, shown(plan._FORMATS[format_]((a_plan(text),)), format_, capsys)
        yield format_, shown(coverage._FORMATS[format_](found, text), format_, capsys)
        yield format_, shown(diff._FORMATS[format_](differences, text), format_, capsys)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_character_does_anything(text, capsys):
    for format_, written in outputs(text, capsys):
        assert not CONTROL.search(written), format_
        assert written.encode("utf-8")
        match format_:
            case "json" | "sarif":
                json.loads(written)
            case "junit":
                ET.fromstring(written)
            case "markdown":
                html = MARKDOWN.render(written)
                assert set(re.findall(r"<([a-z0-9!-]+)", html)) <= TAGS, html
                assert "href" not in html
                assert not re.search(
                    r"(?<![\w`>])@\w|(?<!&)#\d", re.sub(r"<code>.*?</code>|<pre>.*?</pre>", "", html, flags=re.DOTALL)
                )


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_values_for_programs_are_what_they_were(text):
    printed = text.encode("utf-8", "replace").decode()
    [first, _] = json.loads(render(report(text), "json"))["violations"]
    assert [first[key] for key in ("contract", "column", "expected", "actual")] == [printed] * 4
    assert first["owner"] == {"name": printed, "email": printed}
    [run] = json.loads(render(report(text), "sarif"))["runs"]
    assert run["results"][0]["locations"][0]["logicalLocations"][0]["name"] == texts.sarif_text(text)
    case = ET.fromstring(render(report(text), "junit")).find("testsuite/testcase")
    # What reads XML makes blanks of line feeds in attributes.
    assert case.get("name").split() == texts.lines(text).split()


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_each_workflow_command_is_ours(text):
    lines = render(report(text), "github").split("\n")
    assert len([line for line in lines if line.startswith("::")]) == 5
    assert not [line for line in lines if "::error" in line[2:].partition("::")[0]]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_line_of_a_plan_cannot_be_forged(text, capsys):
    plain = shown(plan._FORMATS["text"]((a_plan("plain"),)), "text", capsys)
    hostile = shown(plan._FORMATS["text"]((a_plan(text),)), "text", capsys)
    assert hostile.count("\n") == plain.count("\n")


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, list[str]]] = []

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append((tag, sorted(name for name, _ in attrs)))


def pages(text: str, folder: Path) -> list[Path]:
    """Write the catalogue of one contract that states a text wherever it can, and return its pages."""
    from alembic_contracts.config import Settings
    from alembic_contracts.running.terms import Terms

    name = Name("public", text)
    described = dataclasses.replace(
        a_contract(text, Fact("column-exists", name, text, None, WHERE), Fact("check", name, None, text, WHERE)),
        version=text,
        descriptions=((name, None, text), (name, text, text)),
        deprecations=(Deprecation(table=name, column=text, location=WHERE),),
        location=replace(WHERE, file=text),
    )
    other = a_contract(text, Fact("column-exists", name, text, None, WHERE), name=f"other {text}")
    waiver = report(text).violations[1].waiver
    column = Column(name=text, type=Type(Name("pg_catalog", "int4")), comment=text)
    table = Table(name=name, comment=text, columns=(column,))
    terms = Terms(
        Settings(contracts=(), today=date(2030, 1, 1)), (described, other), (replace(waiver, contract=described.id),)
    )
    found = report(text)
    plan_ = replace(
        a_plan(text),
        report=replace(found, violations=tuple(replace(v, contract=described.id) for v in found.violations)),
    )
    site.write(folder, plan_, terms, schema=Schema(tables={name: table}), notices=(text,))
    return sorted(folder.rglob("*.html"))


def shape(file: Path) -> list[tuple[str, list[str]]]:
    parser = _Page()
    parser.feed(file.read_text(encoding="utf-8"))
    return parser.tags


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_the_catalogue_has_the_elements_that_it_has_with_any_name(text, tmp_path):
    hostile, plain = pages(text, tmp_path / "hostile"), pages("plain", tmp_path / "plain")
    for file in hostile:
        assert not CONTROL.search(file.read_text(encoding="utf-8"))
    shapes = [sorted(map(str, map(shape, each))) for each in (hostile, plain)]
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_name_leads_out_of_the_folder_or_to_a_place_that_is_not_there(text, tmp_path):
    written = pages(text, tmp_path / "site")
    assert len(written) == 5
    assert {file.parent for file in written} == {tmp_path / "site", tmp_path / "site/contracts"}
    assert [file.name for file in tmp_path.iterdir()] == ["site"]
    assert all(re.fullmatch(r"[a-z0-9_.-]{1,120}", file.name) for file in written)
    script = (tmp_path / "site/search.js").read_text(encoding="utf-8")
    assert not CONTROL.search(script)
    found = json.loads(script.removeprefix("window.CATALOGUE = ").removesuffix(";\n"))
    links = [(tmp_path / "site/index.html", link) for link in addresses(found)]
    links += [
        (file, link) for file in written for link in re.findall(r'href="([^":]*)"', file.read_text(encoding="utf-8"))
    ]
    assert len(links) > 30
    for file, link in links:
        target, _, anchor = link.partition("#")
        there = (file.parent / target).resolve() if target else file
        assert there.is_file(), link
        assert not anchor or f'id="{anchor}"' in there.read_text(encoding="utf-8"), link


def addresses(found) -> list[str]:
    places = [entry[-1] for key in ("contracts", "owners") for entry in found[key]]
    return places + [place for _, address, columns in found["tables"] for place in (address, *(c[1] for c in columns))]


def test_no_two_contracts_share_a_page():
    names = ["a/b", "A/b", "a/B", "a /b", "a.b/c", "a/b.c", "a--b/c", "a/b--c", "a-b/c", "a/..", "../a", "con/nul"]
    names += ["ä/b", "a\u0308/b", "", "x" * 300 + "/y", "x" * 301 + "/y", "./.", "a/b/c", "a\0/b"]
    parts = [each.partition("/")[::2] for each in names]
    contracts = [dataclasses.replace(a_contract("x"), namespace=namespace, name=name) for namespace, name in parts]
    files = [file_of(contract) for contract in contracts]
    assert len({file.casefold() for file in files}) == len(names)
    assert all(re.fullmatch(r"[a-z0-9_-]{1,120}\.html", file) for file in files)
    assert files[0] == "a--b.html"
    anchors = {anchor_of(Name(namespace, name), column) for namespace, name in parts for column in (None, "c", "C", "")}
    assert len(anchors) == 4 * len(names)
    assert all(re.fullmatch(r"[a-z0-9_.-]{1,120}", anchor) for anchor in anchors)
