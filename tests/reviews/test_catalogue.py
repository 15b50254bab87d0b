"""``alembic-contracts docs``: the page by its text, and in a headless Chromium as it is seen."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from tests.support.object_images import museum

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.project import Project

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HOSTILE = '</script><script>document.title = "taken"</script><img src=x onerror="document.title=1">"\'&'


@pytest.fixture
def site(project: Project) -> Project:
    """A project with a deprecated contract, a waiver, hostile texts, a view, and a break that is pending."""
    museum(project)
    contract = json.loads((project.path / "contracts/object_images.json").read_text())
    contract["doc"] = HOSTILE
    contract["schema"]["properties"]["primary_image"]["sunset"] = "2999-12-31"
    project.contract("object_images", contract)
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


def page(project: Project) -> str:
    return (project.path / "site/index.html").read_text(encoding="utf-8")


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


def test_what_it_says(site: Project) -> None:
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page(site)))
    for said in (
        "Owner: Data Engineering Team",
        "21 facts",
        "contracts/object_images.json:",
        "column-exists. public.object_images.primary_image no longer exists",
        "public.object_images .primary_image: until 2999-12-31",
        "until 2999-01-01: agreed (Ann)",
        "of columns under contract",
        "column public.object_images.primary_image dropped",
        "touches met-museum-data/object-images-contract-spec, Data Engineering Team",
    ):
        assert said in text or said.replace(" .", ".") in text, said


def test_it_needs_no_network_and_no_server(site: Project) -> None:
    tags = Tags()
    tags.feed(page(site))
    assert sorted(tags.loads) == ["catalogue.css", "catalogue.js", "viz-global.js"]
    assert all((site.path / "site" / name).is_file() for name in tags.loads)
    assert (tags.scripts, tags.images) == (4, 0), "texts of contracts are text"


def test_nothing_pending_and_offline(project: Project) -> None:
    museum(project)
    assert project.cli("docs", "--output", "site").returncode == 0
    assert "Nothing is pending." in page(project)
    done = project.cli("docs", "--offline", "--output", "site", env={"DATABASE_URL": "postgresql://nobody.invalid/x"})
    assert done.returncode == 0, done.stderr
    assert "table public.object_images added (4 columns)" in page(project)


def test_a_folder_that_cannot_be_written(project: Project) -> None:
    museum(project)
    project.write("file", "")
    done = project.cli("docs", "--output", "file/site")
    assert done.returncode == 2
    assert "cannot be written" in done.stderr


@pytest.fixture
def browser() -> str:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        message = "there is no Chromium here (apt-get install chromium)"
        pytest.fail(message) if os.environ.get("ALEMBIC_CONTRACTS_NEED_CHROMIUM") else pytest.skip(message)
    return found


def run(browser: str, folder: Path, *arguments: str) -> str:
    profile = folder / "profile"
    done = subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}",
         "--virtual-time-budget=20000", *arguments, (folder / "site/index.html").as_uri()],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    return done.stdout


def test_in_a_browser(site: Project, browser: str) -> None:
    dom = run(browser, site.path, "--dump-dom")
    assert 'data-done="true"' in dom, "the picture is drawn"
    assert dom.count('class="node"') == 4
    assert dom.count('class="edge"') == 2
    assert 'Odd "&lt;b&gt;&amp;' in dom
    assert "Ünïcödé" in dom
    assert "<title>Data contracts</title>" in dom, "nobody's script has run"
    assert 'style="fill: var(--covered)' in dom


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_window(site: Project, browser: str, width: int) -> None:
    # Headless Chromium has a least width of 500, so that a frame stands in for the telephone.
    (site.path / "site/page.html").write_text(page(site), encoding="utf-8")
    frame = (
        f"<body><iframe id=f src=page.html width={width} height=2000></iframe><script>addEventListener('load', () => "
        "{ document.body.dataset.inner = f.contentDocument.documentElement.scrollWidth; });</script>"
    )
    (site.path / "site/index.html").write_text(frame, encoding="utf-8")
    dom = run(browser, site.path, "--dump-dom", "--window-size=1600,2200", "--allow-file-access-from-files")
    measured = re.search(r'data-inner="(\d+)"', dom)
    assert measured is not None
    assert int(measured[1]) <= width
