"""What every report must tell, and the rules of each format."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from msgspec.structs import replace

from alembic_contracts import reporters
from alembic_contracts.documents.document import ContractLocation
from alembic_contracts.judging.aftermath import Aftermath
from alembic_contracts.judging.violations import Checked, Report
from alembic_contracts.reporters import FORMATS, render
from alembic_contracts.running import options
from alembic_contracts.schemas.schema import Name
from alembic_contracts.schemas.steps import Unproven
from alembic_contracts.schemas.uses import Place
from tests.reporters.reports import IMAGES_CONTRACT, KEPT, REPORTS, RICH, ROLLED_BACK, TABLE_ABSENT, UNPROVEN

SARIF_SCHEMA = json.loads((Path(__file__).parent / "sarif-2.1.0-rtm.5.json").read_text())
REPORT_SCHEMA = json.loads((Path(reporters.__file__).parent / "report.schema.json").read_text())


@dataclass(frozen=True)
class Help:
    summary: str
    description: str


def words(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("format_", FORMATS)
def test_every_format_says_what_broke_for_whom_where_and_what_to_do(format_):
    rendered = render(RICH, format_, width=1000)
    for violation in RICH.violations[:2]:
        for telling in (
            violation.rule,
            violation.column,
            violation.contract,
            "Data Engineering Team",
            violation.location.file,
            violation.contract_location.file,
        ):
            assert telling in rendered, telling
    assert "data-eng@museum.org" in rendered
    assert "Expand first, contract later." in rendered
    assert "refresh_labels()" in rendered.replace("\\_", "_")


@pytest.mark.parametrize("format_", [each for each in FORMATS if each != "json"])
def test_every_format_for_people_says_where_it_is_used(format_):
    rendered = words(render(RICH, format_, width=1000)).replace("\u200b", "").replace("`", "")
    assert "sed by models/staging/stg_images.sql:7 and 3 more; exposure Museum guide (guide@example.org)" in rendered
    assert "sed by labels/print.py; exposure Museum guide (guide@example.org) and 2 more" in rendered
    without = replace(RICH, violations=tuple(replace(each, used_by=()) for each in RICH.violations))
    assert "sed by" not in render(without, format_)


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("name", REPORTS)
def test_one_line_feed_ends_every_report(format_, name):
    rendered = render(REPORTS[name], format_)
    assert rendered.endswith("\n")
    assert not rendered.endswith("\n\n")


def test_the_command_line_offers_every_format():
    assert set(options.FORMATS) == set(FORMATS)


def test_advice_names_only_options_that_exist():
    offered = {option.flag for option in options.CHECK}
    assert set(re.findall(r"--[a-z]+", render(UNPROVEN, "text"))) - {"-->"} <= offered


def test_unknown_format_is_refused_by_name():
    with pytest.raises(ValueError, match=r"'yaml'.*sarif"):
        render(KEPT, "yaml")


class TestText:
    def test_kept_is_one_line(self):
        assert render(KEPT, "text") == (
            "All data contracts are kept: 1 contract, 24 facts on 1 table; 6 revisions checked.\n"
        )

    def test_what_happened_to_the_database_comes_first(self):
        assert render(RICH, "text").startswith("Refused: ")
        assert "Nothing was run; the database is unchanged." in render(RICH, "text").split("\n\n")[0]
        assert "The transaction is rolled back" in render(ROLLED_BACK, "text").split("\n\n")[0]

    def test_what_cannot_be_undone_is_not_called_rolled_back(self):
        stays = Aftermath(before=("0008",), now=("0009",), applied=("0009",), rest="committed")
        rendered = words(render(replace(ROLLED_BACK, aftermath=stays), "text"))
        assert "The schema has already changed" in rendered
        assert "`alembic downgrade 0008`" in rendered
        assert "rolled back" not in rendered

    @pytest.mark.parametrize("phase", ["before", "commit"])
    def test_a_run_that_goes_on_is_not_called_refused(self, phase):
        for report in (RICH, UNPROVEN):
            rendered = render(replace(report, phase=phase, refused=False), "text")
            assert "Refused" not in rendered
            assert "rolled back" not in rendered
            assert rendered.startswith("Going on")

    @pytest.mark.parametrize("phase", ["check", "before", "commit"])
    def test_status_words_agree_with_the_status(self, phase):
        word = {"kept": "kept", "broken": "Broken:", "unproven": "Unproven:"}
        for report in REPORTS.values():
            verdict = render(replace(report, phase=phase), "text", width=1000).rstrip().split("\n")[-1]
            assert word[report.status] in verdict
            others = {text for status, text in word.items() if status not in ("kept", report.status)}
            assert not any(text in verdict for text in others)

    def test_only_warnings_are_kept_but_said(self):
        report = Report(phase="before", violations=(TABLE_ABSENT,), checked=Checked(2, 2, 30, 1))
        rendered = render(report, "text")
        assert "Kept, with 1 warning in 1 contract" in rendered
        assert "Refused" not in rendered
        assert "instead:" not in rendered
        assert len(rendered.splitlines()) < 10

    def test_violations_of_one_line_are_one_block(self):
        rendered = render(RICH, "text")
        assert rendered.count("0007_normalise_images.py:13") == 1
        assert rendered.count("Expand first") == 1
        assert "Likewise for public.object_images.additional_images." in rendered

    def test_a_column_that_differs_in_two_ways_for_one_cause_is_one_violation(self):
        rendered = render(RICH, "text")
        assert "error[column-type]: public.object_images.object_id has the type bigint instead of integer." in rendered
        assert " = with it:   numeric-precision 64 instead of 32\n" in rendered
        assert rendered.count("or add a column beside it") == 1
        assert "contracts/object_images.json:24, 25\n" in rendered

    def test_the_places_of_one_event_are_merged(self):
        rendered = words(render(RICH, "text", width=1000))
        assert rendered.count("stg_images.sql:7") == 1
        more = replace(RICH.violations[1], used_by=(Place("models/staging/stg_images.sql", 7), Place("other.sql", 1)))
        rendered = words(render(replace(RICH, violations=(RICH.violations[0], more)), "text", width=1000))
        assert "= evidence: used by models/staging/stg_images.sql:7 and 4 more; exposure Museum guide" in rendered

    def test_what_is_gone_stands_first(self):
        absent = replace(RICH.violations[0], location=RICH.violations[2].location)
        rendered = render(replace(RICH, violations=(RICH.violations[2], absent)), "text")
        assert rendered.index("error[column-exists]") < rendered.index("error[column-type]")

    @pytest.mark.parametrize("message", ["It is wrong. Really.", "public.object_images.object_id is wrong."])
    def test_expected_and_actual_are_said_exactly_once_even_if_the_message_is_silent(self, message):
        [other] = RICH.violations[2].folded
        odd = replace(RICH.violations[2], message=message, folded=())
        rendered = render(replace(RICH, violations=(other, odd), unproven=(), notices=()), "text")
        assert "public.object_images.object_id" in rendered
        assert rendered.count("integer, actual bigint (column-type)") == 1

    def test_a_waiver_is_offered_for_all_that_one_cause_breaks(self):
        rendered = render(replace(RICH, violations=RICH.violations[2:3]), "text")
        assert "fact: column-type public.object_images.object_id\n" in rendered
        assert "fact: numeric-precision public.object_images.object_id\n" in rendered

    def test_two_contracts_on_one_column_are_both_named(self):
        first = ROLLED_BACK.violations[0]
        second = replace(
            first, contract="media/thumbnails", contract_location=ContractLocation("contracts/m.json", (7, 1))
        )
        rendered = render(replace(ROLLED_BACK, violations=(first, second)), "text")
        assert f"Contract {IMAGES_CONTRACT}\n" in rendered
        assert "Contract media/thumbnails\n" in rendered
        assert "contracts/m.json:7" in rendered
        assert rendered.count("Expand first") == 1
        assert "as said above" in rendered

    def test_errors_come_before_standing_warnings(self):
        rendered = render(replace(RICH, violations=(TABLE_ABSENT, *RICH.violations[:1])), "text")
        assert rendered.index("error[") < rendered.index("warning[")

    def test_a_place_is_shown_once_for_all_that_is_unproven_there(self):
        where = UNPROVEN.unproven[0].location
        rendered = render(replace(UNPROVEN, unproven=(*UNPROVEN.unproven, Unproven("It is dynamic.", where))), "text")
        assert rendered.count("0009_labels.py:9") == 1
        assert "unproven: It is dynamic.\n" in rendered
        assert "2 operations could not be worked out" in rendered

    def test_a_violation_without_a_script_says_so(self):
        violation = replace(ROLLED_BACK.violations[0], location=None, introduced=False)
        rendered = render(replace(ROLLED_BACK, phase="check", violations=(violation,)), "text")
        assert "no checked revision caused it" in rendered

    @pytest.mark.parametrize("width", [20, 60, 80, 100, 200])
    def test_prose_fits_the_width_and_code_stays_whole(self, width):
        code = [
            line.strip() for violation in RICH.violations for line in violation.remedy.split("\n") if line[:4] == "    "
        ]
        rendered = render(RICH, "text", width=width)
        for line in rendered.splitlines():
            assert line == line.rstrip()
            whole = line.strip() in code or len(line.split()) == 1 or "-->" in line or line.startswith("      fact: ")
            assert whole or len(line) <= max(width, 60), line

    def test_color_changes_nothing_but_the_color(self):
        colored = render(RICH, "text", color=True)
        assert "\x1b[1;31m" in colored
        assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == render(RICH, "text")
        assert "\x1b[m" not in colored

    def test_plain_is_ascii(self):
        assert render(RICH, "text").isascii()

    def test_control_characters_do_not_reach_the_terminal(self):
        violation = replace(
            ROLLED_BACK.violations[0], column="a\x1b[2Jb", message="a\x1b[2Jb\u202e is gone.\x07", remedy="\x1b]0;x\x07"
        )
        rendered = render(replace(ROLLED_BACK, violations=(violation,)), "text")
        assert not set(rendered) & set("\x1b\x07\u202e")
        assert "\\x1b[2J" in rendered


class TestJson:
    @pytest.mark.parametrize("name", REPORTS)
    def test_the_published_schema_describes_it(self, name):
        jsonschema.Draft202012Validator.check_schema(REPORT_SCHEMA)
        jsonschema.validate(json.loads(render(REPORTS[name], "json")), REPORT_SCHEMA)

    def test_the_public_keys_are_exactly_these(self):
        document = json.loads(render(RICH, "json"))
        assert list(document) == ["version", "status", "phase", "violations", "unproven", "notices", "checked"]
        assert document["version"] == 1
        first = document["violations"][0]
        assert list(first) == [
            "rule", "severity", "contract", "table", "column", "expected", "actual", "introduced", "message", "remedy",
            "owner", "location", "contract_location", "breaks", "transient", "sunset", "waiver", "at", "used_by",
        ]  # fmt: skip
        assert first["owner"] == {"name": "Data Engineering Team", "email": "data-eng@museum.org"}
        assert first["table"] == "public.object_images"
        assert first["location"] == {
            "revision": "0007",
            "file": "migrations/versions/0007_normalise_images.py",
            "line": 13,
        }
        assert first["contract_location"] == {"file": "contracts/object_images.json", "line": 30}
        assert document["unproven"][0]["location"]["line"] == 9
        assert document["checked"] == {"contracts": 3, "tables": 3, "facts": 41, "revisions": 3}

    def test_all_places_of_uses_are_told(self):
        first, _, third, last = json.loads(render(RICH, "json"))["violations"]
        assert first["used_by"][:2] == [
            {"file": "models/staging/stg_images.sql", "line": 7, "what": "model stg_images"},
            {"file": "", "line": None, "what": "exposure Museum guide (guide@example.org)"},
        ]
        assert (len(first["used_by"]), third["used_by"], len(last["used_by"])) == (5, [], 4)

    def test_what_is_unset_is_null(self):
        last = json.loads(render(RICH, "json"))["violations"][-1]
        assert last["location"] is None
        assert last["column"] is None
        assert last["owner"]["email"] is None
        assert last["severity"] == "warning"


class TestGithub:
    def test_percent_line_feeds_and_separators_are_escaped(self):
        violation = replace(
            ROLLED_BACK.violations[0],
            table=Name("public", "a,b:c%d"),
            message="50 % of\r\nit",
            location=replace(ROLLED_BACK.violations[0].location, file="x,y:z%.py"),
        )
        line = render(replace(ROLLED_BACK, violations=(violation,)), "github").split("\n")[0]
        assert line.startswith("::error file=x%2Cy%3Az%25.py,line=13,title=column-exists%3A public.a%2Cb%3Ac%25d.")
        assert "::50 %25 of" in line

    def test_a_violation_without_a_script_points_at_the_contract(self):
        assert "::warning file=contracts/gallery_labels.json,line=14," in render(RICH, "github")

    def test_unproven_is_an_error_only_where_it_refuses(self):
        assert render(UNPROVEN, "github").startswith("::error ")
        assert render(replace(UNPROVEN, refused=False), "github").startswith("::warning ")


class TestSarif:
    @pytest.mark.parametrize("name", REPORTS)
    def test_the_official_schema_accepts_it(self, name):
        jsonschema.Draft4Validator(SARIF_SCHEMA).validate(json.loads(render(REPORTS[name], "sarif")))

    def test_the_official_schema_would_refuse_a_wrong_one(self):
        document = json.loads(render(RICH, "sarif"))
        document["runs"][0]["results"][0]["level"] = "fatal"
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.Draft4Validator(SARIF_SCHEMA).validate(document)

    def test_rules_are_documented_and_results_refer_to_them(self):
        known = {"column-exists": Help("The column is there.", "Because queries name it.")}
        run = json.loads(render(RICH, "sarif", rules=known))["runs"][0]
        described = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
        assert {result["ruleId"] for result in run["results"]} == set(described)
        assert described["column-exists"]["shortDescription"]["text"] == "The column is there."
        assert described["column-exists"]["help"]["text"] == "Because queries name it."

    def test_every_result_has_a_place(self):
        placeless = Unproven("An extension's script.", None)
        run = json.loads(render(replace(RICH, unproven=(*RICH.unproven, placeless)), "sarif"))["runs"][0]
        assert all(result["locations"] for result in run["results"])
        notes = run["invocations"][0]["toolExecutionNotifications"]
        assert {"level": "error", "message": {"text": "An extension's script."}} in notes

    def test_files_of_uses_are_related_locations(self):
        run = json.loads(render(RICH, "sarif"))["runs"][0]
        related = [result.get("relatedLocations", []) for result in run["results"]]
        assert [[each["id"] for each in each_result] for each_result in related] == [
            [0, 1, 2, 3, 4], [0, 1], [0], [0, 1], [],
        ]  # fmt: skip
        assert related[0][1] == {
            "physicalLocation": {
                "artifactLocation": {"uri": "models/staging/stg_images.sql"},
                "region": {"startLine": 7},
            },
            "id": 1,
            "message": {"text": "used by model stg_images"},
        }
        assert "region" not in related[3][1]["physicalLocation"]

    def test_paths_become_uri_references(self):
        location = replace(ROLLED_BACK.violations[0].location, file="ver sions/a:b#é.py")
        violation = replace(ROLLED_BACK.violations[0], location=location)
        run = json.loads(render(replace(ROLLED_BACK, violations=(violation,)), "sarif"))["runs"][0]
        artifact = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
        assert artifact == {"uri": "ver%20sions/a%3Ab%23%C3%A9.py", "uriBaseId": "%SRCROOT%"}


class TestJunit:
    def test_one_case_a_contract_kept_ones_included(self):
        suite = ET.fromstring(render(RICH, "junit")).find("testsuite")
        cases = {case.get("name"): case for case in suite.findall("testcase")}
        assert cases["met-museum-data/object-tags"].find("failure") is None
        assert cases[IMAGES_CONTRACT].find("failure") is not None
        assert cases["curation/gallery-labels"].find("failure") is None
        assert "warning[table-exists]" in cases["curation/gallery-labels"].findtext("system-out")
        assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("4", "1", "1")

    def test_kept_has_no_failure(self):
        suite = ET.fromstring(render(KEPT, "junit")).find("testsuite")
        assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("1", "0", "0")


class TestMarkdown:
    @pytest.mark.parametrize("name", REPORTS)
    def test_first_line_finds_the_comment_again(self, name):
        assert render(REPORTS[name], "markdown").split("\n")[0] == "<!-- alembic-contracts -->"

    def test_nothing_of_the_users_pings_refers_or_marks_up(self):
        violation = replace(
            ROLLED_BACK.violations[0],
            column="a|b`c\\|d",
            message="@maintainers see #12, <img src=x onerror=alert(1)> **now** [x](http://y) $z$ GH-7.",
            expected="@team",
            remedy="Ask @octocat about #3 <script>.\n    op.execute('```')",
        )
        rendered = render(replace(ROLLED_BACK, violations=(violation,)), "markdown")
        prose = re.sub(r"(?s)(`{3,})python\n.*?\n\1(?!`)|`[^`\n]*`|<code>.*?</code>", "", rendered)
        assert not re.search(r"(?<!\w)@\w|(?<!&)#\d|GH-\d", prose)
        assert "<img" not in rendered
        assert "<script" not in rendered
        assert "\\*\\*now\\*\\*" in prose
        assert "````python\nop.execute('```')\n````" in rendered
        row = next(line for line in rendered.split("\n") if line.startswith("| `column-exists`"))
        assert len(re.findall(r"(?<!\\)\|", row)) == 5

    def test_a_comment_is_never_too_long_for_github(self):
        many = tuple(replace(ROLLED_BACK.violations[0], column=f"column_{number}") for number in range(2000))
        rendered = render(replace(ROLLED_BACK, violations=many), "markdown")
        assert len(rendered) < 65_536
        assert re.search(r"and \d+ more", rendered)
        assert "Broken: 2000 violations" in rendered
