"""``alembic-contracts docs``: the pages by their texts, and in a headless Chromium as they are seen."""

from __future__ import annotations

import json
import re
import time
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from alembic_contracts import dialects
from alembic_contracts.config import Settings
from alembic_contracts.contracts.contract import Contract, Fact, Owner
from alembic_contracts.documents.document import ContractLocation
from alembic_contracts.judging.violations import Checked, Report
from alembic_contracts.reviews.plans import Plan
from alembic_contracts.reviews.site import write
from alembic_contracts.running.terms import Terms
from alembic_contracts.schemas.schema import Column, Name, Schema, Table, Type
from tests.support.browser import Browser, started
from tests.support.object_images import UNSEEN, museum
from tests.support.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.database import Databases

CONTRACT = "contracts/met-museum-data--object-images-contract-spec.html"
REPORTS = {
    "spec-version": "1.0.0",
    "namespace": "Analytics",
    "name": "Weekly Reports.v2",
    "version": "2.1",
    "compatibility": "reader",
    "dataAssetResourceName": "postgresql://postgres:5432/postgres.object_images",
    "doc": "Pictures a department, for the weekly report.",
    "owner": {"name": "Reports", "email": "reports@example.org"},
    "schema": {
        "table_catalog": "postgres",
        "table_schema": "public",
        "table_name": "object_images",
        "properties": {"object_id": {"constraints": {"data_type": "integer"}}, "gone": {"constraints": {}}},
    },
}
HOSTILE = '</script><script>document.title = "taken"</script><img src=x onerror="document.title=1">"\'&'


@pytest.fixture(scope="module")
def site(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project with a deprecated contract, a waiver, hostile texts, a view, and a break that is pending."""
    with databases.new() as url:
        yield _written(Project.create(tmp_path_factory.mktemp("site"), url))


def _written(project: Project) -> Project:
    museum(project)
    contract = json.loads((project.path / "contracts/object_images.json").read_text())
    contract["doc"] = HOSTILE
    contract["schema"]["properties"]["primary_image"]["sunset"] = "2999-12-31"
    project.contract("object_images", contract)
    project.contract("reports", REPORTS)
    project.write(
        "contracts/waivers.yaml",
        "waivers:\n- contract: met-museum-data/object-images-contract-spec\n"
        "  fact: column-type public.object_images.created_at\n"
        "  reason: agreed\n  approver: Ann\n  expiry: 2999-01-01\n",
    )
    project.sql(
        'CREATE TABLE "Odd ""<b>&" (id int PRIMARY KEY, "Ünïcödé" text)',
        "CREATE TABLE refers (id int REFERENCES object_images)",
        "CREATE VIEW sees AS SELECT id FROM refers",
    )
    project.revision("r2", 'op.drop_column("object_images", "primary_image")')
    done = project.cli("docs", "--output", "site")
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    return project


def page(project: Project, name: str = "index.html") -> str:
    return (project.path / "site" / name).read_text(encoding="utf-8")


def words(project: Project, name: str = "index.html") -> str:
    """Return what is read on a page, on one line."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page(project, name)))


def row(project: Project, name: str, anchor: str) -> list[str]:
    """Return the cells of a table's row."""
    [found] = re.findall(rf'<tr id="{re.escape(anchor)}".*?</tr>', page(project, name), re.DOTALL)
    cells = re.findall(r"<t[hd].*?</t[hd]>", found, re.DOTALL)
    return [re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", cell)).strip() for cell in cells]


class Tags(HTMLParser):
    """Collects what the page loads, and how many scripts it has."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.scripts = 0
        self.images = 0

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        self.images += tag == "img"
        self.loads += [value or "" for name, value in attributes if name == "src" or (tag == "link" and name == "href")]


def test_the_page_of_a_contract(site: Project) -> None:
    text = words(site, CONTRACT)
    for said in (
        "Data Engineering Team ( data-eng@museum.org )",
        "everybody, from any difference",
        "column-exists. public.object_images.primary_image no longer exists",
        "migrations/versions/r2.py:",
        "Also relied on by Analytics/Weekly Reports.v2",
        "column public.object_images.primary_image dropped",
        "public.object_images.primary_image : until 2999-12-31",
        "until 2999-01-01: agreed (Ann)",
        "21 facts, with where each is stated",
        "contracts/object_images.json:",
    ):
        assert said in text, said


def test_a_row_is_a_column(site: Project) -> None:
    rows = {
        name: row(site, CONTRACT, f"public.object_images.{name}")
        for name in ("object_id", "primary_image", "additional_images", "created_at")
    }
    assert rows["object_id"] == [
        "object_id", "integer", "no", "key",
        "Identifying number for each artwork (unique, can be used as key field)",
        "PRIMARY KEY (object_id) integer numeric precision: 32 NOT NULL updatable",
        "this contract, Analytics/Weekly Reports.v2",
    ]  # fmt: skip
    assert rows["primary_image"][0] == "primary_image column-exists until 2999-12-31"
    assert rows["additional_images"][1:4] == ["text[]", "yes", ""]
    assert rows["created_at"][-1] == "this contract"


def test_a_row_for_what_is_not_there_and_for_what_others_rely_on(site: Project) -> None:
    [reports] = (site.path / "site/contracts").glob("analytics-weekly-reports-v2-*.html")
    name = f"contracts/{reports.name}"
    assert "readers" in words(site, name)
    assert row(site, name, "public.object_images.gone") == [
        "gone not there column-exists", "not known", "", "", "", "that it is there", "this contract",
    ]  # fmt: skip
    other = row(site, name, "public.object_images.created_at")
    assert other[-2:] == ["", "met-museum-data/object-images-contract-spec"]


def test_who_names_a_column_in_a_key_or_a_reference_relies_on_it(project: Project) -> None:
    museum(project)
    project.sql("CREATE TABLE refers (a int, b int REFERENCES object_images, c int, UNIQUE (a, b))")
    schema = {"table_catalog": "postgres", "table_schema": "public", "table_name": "refers", "unique": [["a", "b"]]}
    schema["foreign_keys"] = [
        {"columns": ["b"], "references": {"table_name": "object_images", "columns": ["object_id"]}}
    ]
    project.contract("refers", {**REPORTS, "name": "refers", "schema": {**schema, "properties": {}}})
    assert project.cli("docs", "--output", "site").returncode == 0
    [refers] = (project.path / "site/contracts").glob("analytics-refers-*.html")
    rows = [row(project, f"contracts/{refers.name}", f"public.refers.{column}") for column in "abc"]
    assert [each[-1] for each in rows] == ["this contract", "this contract", "nobody"]
    assert rows[0][-2] == "UNIQUE (a, b)"
    assert "FOREIGN KEY" in rows[1][-2]
    # It leads to the other table, of which its page has nothing, so that the link leads to the page alone.
    assert row(project, CONTRACT, "public.object_images.object_id")[-1] == "this contract, Analytics/refers"
    assert row(project, CONTRACT, "public.object_images.created_at")[-1] == "this contract"
    assert f'href="{refers.name}"' in page(project, CONTRACT)


def test_what_is_folded_into_a_break_is_said_with_it(project: Project) -> None:
    museum(project)
    project.revision("r2", 'op.alter_column("object_images", "object_id", type_=sa.SmallInteger)')
    assert project.cli("docs", "--output", "site").returncode == 0
    assert "With it: numeric-precision 16 (smallint) instead of 32." in words(project, CONTRACT)


def test_the_first_page_lists_contracts_and_owners(site: Project) -> None:
    text = words(site)
    for said in (
        "object-images-contract-spec met-museum-data broken public.object_images Data Engineering Team active,",
        "active, some of it until 2999-12-31, 1 waiver 1 revision",
        "Weekly Reports.v2 Analytics, version 2.1 differs public.object_images Reports active nothing",
        "Contracts that point at nothing: Analytics/Weekly Reports.v2: public.object_images.gone",
        "Reports ( reports@example.org ) Weekly Reports.v2",
        "of columns under contract",
    ):
        assert said in text, said


def test_all_tables_and_what_is_pending(site: Project) -> None:
    assert row(site, "tables.html", "public.refers")[1:3] == ["0 0 of 1", "no contract"]
    covered = row(site, "tables.html", "public.object_images")
    assert covered[1] == "4 4 of 4"
    assert covered[2] == "met-museum-data/object-images-contract-spec , Analytics/Weekly Reports.v2"
    text = words(site, "pending.html")
    assert "column public.object_images.primary_image dropped" in text
    assert "touches met-museum-data/object-images-contract-spec, Data Engineering Team" in text


def test_it_needs_no_network_and_no_server(site: Project) -> None:
    for name in ("index.html", "tables.html", "pending.html", CONTRACT):
        tags = Tags()
        tags.feed(page(site, name))
        folder = (site.path / "site" / name).parent
        drawn = ["viz-global.js"] if name in ("index.html", CONTRACT) else []
        assert sorted(load.removeprefix("../") for load in tags.loads) == ["catalogue.css", "catalogue.js", *drawn]
        assert all((folder / load).is_file() for load in tags.loads)
        assert (tags.scripts, tags.images) == (4 if drawn else 2, 0), "texts of contracts are text"


def test_nothing_pending_and_offline(project: Project) -> None:
    museum(project)
    assert project.cli("docs", "--output", "site").returncode == 0
    assert "Nothing is pending." in page(project, "pending.html")
    assert "Nothing that is pending touches it." in page(project, CONTRACT)
    assert "No end is set, and nothing of it is waived." in page(project, CONTRACT)
    done = project.cli("docs", "--offline", "--output", "site", env={"DATABASE_URL": "postgresql://nobody.invalid/x"})
    assert done.returncode == 0, done.stderr
    assert "table public.object_images added (4 columns)" in page(project, "pending.html")


def test_what_is_unproven_or_retired_or_not_so_is_not_called_kept(project: Project) -> None:
    museum(project)
    project.contract("reports", REPORTS)
    assert project.cli("docs", "--output", "site").returncode == 0
    text = words(project)
    assert "Pending differs with all that is pending" in text.replace("Theme Data contracts", "Pending")
    assert "object-images-contract-spec met-museum-data kept" in text
    assert "Weekly Reports.v2 Analytics, version 2.1 differs" in text
    project.contract("reports", {**REPORTS, "status": "retired"})
    project.revision("r2", UNSEEN)
    assert project.cli("docs", "--output", "site").returncode == 0
    text = words(project)
    assert "object-images-contract-spec met-museum-data unproven" in text
    assert "Weekly Reports.v2 Analytics, version 2.1 not checked" in text
    assert "kept" not in text


def test_pages_of_contracts_that_are_gone_go_and_files_of_others_stay(project: Project) -> None:
    museum(project)
    reports = project.contract("reports", REPORTS)
    project.write("site/contracts/mine.html", "<p>mine</p>")
    assert project.cli("docs", "--output", "site").returncode == 0
    folder = project.path / "site/contracts"
    assert len(list(folder.iterdir())) == 3
    reports.unlink()
    assert project.cli("docs", "--output", "site").returncode == 0
    assert sorted(file.name for file in folder.iterdir()) == [CONTRACT.removeprefix("contracts/"), "mine.html"]


def test_two_hundred_contracts_on_a_thousand_tables(tmp_path: Path) -> None:
    int4 = Type(Name("pg_catalog", "int4"))
    names = [Name("public", f"t{number}") for number in range(1000)]
    columns = tuple(Column(name=f"c{number}", type=int4) for number in range(12))
    tables = {name: Table(name=name, columns=columns) for name in names}
    where = ContractLocation("contracts/x.json", (1, 1))
    contracts = tuple(
        Contract(
            namespace="many",
            name=f"contract{number}",
            owner=Owner(f"Team {number % 30}"),
            location=where,
            facts=tuple(
                Fact(rule, name, column.name, int4 if rule == "column-type" else None, where)
                for name in names[5 * number : 5 * number + 5]
                for column in columns
                for rule in ("column-exists", "column-type")
            ),
        )
        for number in range(200)
    )
    checked = Checked(contracts=200, tables=1000, facts=24_000, revisions=0)
    plan = Plan(
        revisions=(),
        report=Report(phase="check", checked=checked),
        dialect=dialects.load("postgresql"),
        contracts=contracts,
        before=Schema(),
        after=Schema(),
    )
    terms = Terms(Settings(contracts=()), contracts)
    started = time.process_time()
    files = write(tmp_path / "site", plan, terms, schema=Schema(tables=tables))
    assert time.process_time() - started < 20, "it takes about two seconds"
    assert len(files) == 208
    sizes = {file.name: file.stat().st_size for file in files}
    assert max(size for name, size in sizes.items() if name != "viz-global.js") < 1_500_000
    assert sizes["many--contract0.html"] < 100_000
    assert sizes["index.html"] < 300_000
    assert "1000 tables are too many for one picture" in (tmp_path / "site/index.html").read_text(encoding="utf-8")


def test_a_folder_that_cannot_be_written(project: Project) -> None:
    museum(project)
    project.write("file", "")
    done = project.cli("docs", "--output", "file/site")
    assert done.returncode == 2
    assert "cannot be written" in done.stderr


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with started() as browser:
        yield browser


DRAWN = "document.getElementById('picture').dataset.done === 'true'"


def address(project: Project, name: str) -> str:
    return (project.path / "site" / name).as_uri()


def test_in_a_browser(site: Project, browser: Browser) -> None:
    browser.open(address(site, "index.html"), until=DRAWN)
    picture = browser.value("document.getElementById('picture').innerHTML")
    assert picture.count('class="node"') == 4
    assert picture.count('class="edge"') == 2
    assert 'Odd "&lt;b&gt;&amp;' in picture
    assert "Ünïcödé" in picture
    assert 'style="fill: var(--covered)' in picture
    assert browser.value("document.title") == "Catalogue - data contracts", "nobody's script has run"
    browser.open(address(site, CONTRACT), until=DRAWN)
    picture = browser.value("document.getElementById('picture').innerHTML")
    assert picture.count('class="node"') == 2, "the table, and the one that refers to it"
    assert browser.value("document.title") == "object-images-contract-spec - data contracts"


def test_letters_of_a_picture_stay_in_their_boxes(site: Project, browser: Browser) -> None:
    browser.open(address(site, "index.html"), until=DRAWN)
    right = "Math.max(...[...node.querySelectorAll('NAME')].map((each) => each.getBBox().x + each.getBBox().width))"
    text, box = (right.replace("NAME", name) for name in ("text", "polygon"))
    sizes = browser.value(f"[...document.querySelectorAll('.node')].map((node) => {text} - {box})")
    assert len(sizes) == 4
    assert max(sizes) <= 0


FOUND = {
    "primary": ["public.object_images.primary_image", f"{CONTRACT}#public.object_images.primary_image", "column"],
    "reports@": ["Reports <reports@example.org>", "index.html#owner-2", "owner"],
    "refers": ["public.refers", "tables.html#public.refers", "table"],
    "team spec": [
        "met-museum-data/object-images-contract-spec",
        CONTRACT,
        "contract of Data Engineering Team <data-eng@museum.org>",
    ],
    "nowhere": None,
}
"""What is typed into the search, and the first place that it finds."""


@pytest.mark.parametrize(("name", "home"), [("index.html", ""), (CONTRACT, "../")])
def test_the_search_of_every_page(site: Project, browser: Browser, name: str, home: str) -> None:
    browser.open(address(site, name))
    browser.value("document.getElementById('search').focus()")
    browser.wait("entries && entries.length")
    for typed, place in FOUND.items():
        browser.value(f"search.value = {json.dumps(typed)}; search.dispatchEvent(new Event('input'))")
        found = browser.value(
            "[...document.querySelectorAll('#results li')].map((item) => [item.querySelector('a').textContent, "
            "item.querySelector('a').getAttribute('href'), item.querySelector('span').textContent])"
        )
        assert found[:1] == ([] if place is None else [[place[0], home + place[1], place[2]]])
        assert browser.value("document.getElementById('count').textContent") == (
            f"{len(found)} found" if found else "nothing found"
        )


def test_an_address_opens_what_it_names(site: Project, browser: Browser) -> None:
    opened = "document.querySelector('tr:target details')?.open"
    browser.open(address(site, "tables.html") + "#public.refers", until=opened)
    assert browser.value("document.querySelectorAll('details[open]').length") == 1


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_window(site: Project, browser: Browser, width: int) -> None:
    for name in ("index.html", "tables.html", "pending.html", CONTRACT):
        browser.open(address(site, name), width=width)
        assert browser.value("document.documentElement.scrollWidth") <= width, name
