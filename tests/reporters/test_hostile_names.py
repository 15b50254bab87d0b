"""Names and texts that nobody vouches for, in every format that is written: they are shown, and do nothing."""

from __future__ import annotations

import ast
import dataclasses
import json
import re
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import postgast
import pytest
from google.protobuf.json_format import MessageToDict
from markdown_it import MarkdownIt
from msgspec.structs import replace

from alembic_contracts import dialects, texts
from alembic_contracts.commands import coverage, diff, plan
from alembic_contracts.contracts import waivers
from alembic_contracts.contracts.contract import (
    Contract,
    Deprecation,
    Fact,
    ForeignKey,
    Owner,
    Privileges,
    Publication,
    Waiver,
    WaiverFile,
)
from alembic_contracts.documents.document import ContractLocation
from alembic_contracts.judging import remedies, rules
from alembic_contracts.judging.moments import Moment
from alembic_contracts.judging.violations import Checked, Notice, Report, Violation
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
from alembic_contracts.schemas.uses import Place

HOSTILE = {
    "escape": "\x1b[31mred\x1b]0;title\x07",
    "C1": "a\x9b31mb\x85c\x90d",
    "line feed": "a\n::error::b\n- c\n\n# d\n    op.drop_table('x')",
    "carriage return": "kept\rbroken",
    "tab": "a\tb",
    "HTML": "<script>alert('x')</script><img src=x onerror=y>&amp;</details>",
    "attribute": "\" onmouseover='x' y=\"",
    "comment": "--> <!-- ]]> */ //",
    "Markdown": "**a** `b` [c](javascript:d) ![e](http://f) | g | @h #1 ~~i~~ $j$ https://k",
    "fence": "```\n# a\n```",
    "workflow command": "::error file=a::b",
    "percent": "%0A::error::a%25",
    "double quote": 'a"b""c',
    "single quote": "a'b''c",
    "backslash": "a\\b\\n\\",
    "SQL": 'a"; DROP TABLE b; --',
    "colon": "a :b ::c:d",
    "braces": "{table} {0} %s %(x)s ${y}",
    "YAML": "a: b # c",
    "bidirectional": "a\u202eb\u2066c\u200fd\u061ce",
    "zero width": "a\u200bb\u200cc\u2060d\ufeffe\u00adf",
    "separators": "a\u2028b\u2029c",
    "tags": "a\U000e0041b",
    "surrogate": "a\ud800b",
    "link of SARIF": "[a](1)",
    "reserved word": "select",
    "megabyte": "x" * 1_000_000,
}
CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200c-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff\U000e0000-\U000e007f]"
)
WHERE = ContractLocation("contracts/x.json", (3, 5), "/schema")
MARKDOWN = MarkdownIt("commonmark").enable("table")
TAGS = {"h2", "h3", "p", "strong", "table", "thead", "tbody", "tr", "th", "td", "code", "br", "details", "summary"}
TAGS |= {"pre", "ul", "li", "blockquote", "em", "sub", "!--"}


def uses(text: str) -> tuple[Place, ...]:
    return (Place(text, 7, text), Place(text, None, text), Place("", None, f"exposure {text}"))


def violation(text: str, **changes) -> Violation:
    return replace(
        Violation(
            rule="column-exists",
            severity="error",
            contract=text,
            table=Name("public", text),
            column=text,
            expected=text,
            actual=text,
            introduced=True,
            message=f"{text} is gone. {text} fails.",
            remedy=f"Keep {texts.line(text)}:\n    op.execute({texts.quoted(text)})",
            owner=Owner(text, text),
            location=Location(text, f"migrations/{text}.py", 7, text),
            contract_location=replace(WHERE, file=text),
            used_by=uses(text),
        ),
        **changes,
    )


def a_contract(text: str, *facts: Fact, name: str | None = None) -> Contract:
    return Contract(
        namespace=name or text,
        name=name or text,
        owner=Owner(text, "a@example.org"),
        facts=facts,
        location=WHERE,
        description=text,
        used_by={(Name("public", text), None): uses(text), (Name("public", text), text): uses(text)},
    )


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


# -- code to paste ---------------------------------------------------------------------------------------------------

NAMES = {name: text for name, text in HOSTILE.items() if name not in ("surrogate", "megabyte")}
EXPECTED = {
    "foreign-key": lambda text: ForeignKey((text,), Name("public", text), (text,)),
    "privileges": lambda text: Privileges(text, ("SELECT",)),
    "publication": Publication,
    "unique": lambda text: (text,),
    "primary-key": lambda text: (text,),
    "collation": lambda text: text,
    "column-default": lambda text: "'" + text.replace("'", "''") + "'",
    "check": lambda text: "a <> '" + text.replace("'", "''") + "'",
    "column-identity": lambda _: "always",
}


@pytest.mark.parametrize("text", NAMES.values(), ids=NAMES)
def test_code_of_remedies_is_code_with_the_very_names(text):
    dialect = dialects.load("postgresql")
    name, integer = Name(text, text), Type(Name("pg_catalog", "int4"))
    table = Table(name=name, columns=(Column(name=text, type=integer),))
    for rule in rules.load().values():
        expected = EXPECTED.get(rule.id, lambda _: True)(text)
        fact = Fact(rule.id, name, text, expected, WHERE)
        fields = {
            "table": str(name), "table_name": text, "column": text, "place": fact.place,
            "expected": "7" if rule.id == "character-length" else "integer",
            "actual": text, "is_absent": "does not exist", "owner": text, "contract": text, "contract_place": text,
            "meant": text,
            "schema": f", schema={texts.quoted(text)}",
        }  # fmt: skip
        fields |= remedies.names(fact, [Moment(None, table, Schema(), judged=True, settled=True)], 0, dialect, "public")
        others = [template for each in rule.instead for template in (each.remedy, each.fix)]
        for template in (rule.remedy, rule.fix, *others):
            lines = remedies.rendered(template, fields).split("\n")
            assert len(lines) == len(template.split("\n")), rule.id
            code = "\n".join(line[4:] for line in lines if line.startswith("    "))
            for statement in statements(code):
                found = values_of(MessageToDict(postgast.parse(statement)))
                assert text.encode()[:63].decode(errors="ignore") in found, statement  # PostgreSQL cuts longer names


@pytest.mark.parametrize("text", NAMES.values(), ids=NAMES)
def test_code_for_other_databases_is_code_with_the_very_names(text):
    dialect = dialects.load("sqlite")
    name, column = Name(text, text), Column(name=text, type=Type(Name("sqlite", "VARCHAR")), default=f"'{text}'")
    table = Table(name=name, columns=(column,))
    for rule in rules.load().values():
        fact = Fact(rule.id, name, text, EXPECTED.get(rule.id, lambda _: True)(text), WHERE)
        fields = dict.fromkeys(("table", "table_name", "column", "actual", "expected", "owner", "meant"), text)
        fields |= {"place": fact.place, "contract_place": text, "schema": f", schema={texts.quoted(text)}"}
        moments = [Moment(None, table, Schema(), judged=True, settled=True)]
        fields |= remedies.names(fact, moments, 0, dialect, "main")
        for each in (rule, *rule.instead):
            if each.portable is None:
                continue
            for template in (each.portable.remedy or each.remedy, each.portable.fix or each.fix):
                lines = remedies.rendered(template, fields).split("\n")
                assert len(lines) == len(template.split("\n")), rule.id
                tree = ast.parse("\n".join(line[4:] for line in lines if line.startswith("    ")))
                found = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
                assert not found or any(text in str(value).replace("\\:", ":") for value in found), rule.id


def statements(code: str):
    """Yield the SQL that code would send, as SQLAlchemy sends it; other calls have the names as they are."""
    import sqlalchemy as sa

    for call in ast.walk(ast.parse(code)):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "execute":
            compiled = sa.text(ast.literal_eval(call.args[0])).compile()
            assert not compiled.params
            yield str(compiled)


def values_of(tree) -> list[str]:
    if isinstance(tree, dict):
        return [text for each in tree.values() for text in values_of(each)]
    return [text for each in tree for text in values_of(each)] if isinstance(tree, list) else [str(tree)]


@pytest.mark.parametrize("flow", [False, True])
@pytest.mark.parametrize("text", NAMES.values(), ids=NAMES)
def test_a_waiver_that_is_pasted_waives_just_that(text, flow, tmp_path):
    given = violation(text)
    contract = a_contract(text, Fact("column-exists", given.table, text, None, WHERE), name="x")
    fact = f"column-exists {given.table}.{text}"
    place = WaiverFile(file="waivers.yaml", line=1, column=10) if flow else WaiverFile(file="waivers.yaml")
    pasted = waivers.added(place, [(contract.id, fact, text)]).replace("YYYY-MM-DD", "2999-01-01")
    (tmp_path / "waivers.yaml").write_text(f"waivers: [{pasted}]" if flow else pasted, encoding="utf-8")
    [waiver] = waivers.read([tmp_path], [contract])
    assert (waiver.contract, waiver.fact, waiver.revision) == (contract.id, fact, text)
