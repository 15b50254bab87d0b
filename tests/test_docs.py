"""The pages of ``docs``: those that follow from the code do, the site builds, the tutorial is what programs print."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from contextlib import contextmanager
from functools import partial
from html import unescape
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from alembic_contracts.commands import Commands, explain
from alembic_contracts.config import sources
from alembic_contracts.judging import rules
from alembic_contracts.running import options
from tests.support.browser import started
from tests.support.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"

sys.path.insert(0, str(DOCS))
import generate  # noqa: E402 - scripts beside the pages
import messages  # noqa: E402

sys.path.remove(str(DOCS))


def read(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", generate.pages())
def test_pages_follow_from_the_code(name: str) -> None:
    assert read(name) == generate.pages()[name], "run `python docs/generate.py`"


def test_no_page_is_of_a_rule_that_is_gone() -> None:
    pages = {file.stem for file in (DOCS / "reference/rules").glob("*.md")}
    assert pages == {*rules.load(), "index"}


def test_settings_commands_and_options_are_documented() -> None:
    settings = read("reference/settings.md")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for key in sources.KEYS:
        assert f"| `{key}` |" in settings
        assert f"| `{key}` |" in readme
    commands = read("reference/commands.md")
    for name in Commands().list_commands(None):  # type: ignore[arg-type]
        assert f"\n## {name}\n" in commands
        assert f"`alembic-contracts {name}" in readme
    for option in options.CHECK:
        assert option.flag in commands


def test_every_command_has_examples() -> None:
    for name in Commands().list_commands(None):  # type: ignore[arg-type]
        section = read("reference/commands.md").split(f"\n## {name}\n")[1].split("\n## ")[0]
        assert re.search(rf"Examples:\n +alembic-contracts {name}\b", section), name


# -- the site ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as it is published; any warning is an error."""
    folder = tmp_path_factory.mktemp("docs") / "site"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "mkdocs", "build", "--strict", "-f", ".mkdocs.yml", "-d", folder],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def searched(site: Path) -> list[str]:
    """The texts that the site's search looks through."""
    found = json.loads((site / "search/search_index.json").read_text(encoding="utf-8"))["docs"]
    return [plain(entry["text"]) for entry in found]


def plain(text: str) -> str:
    return " ".join(unescape(text).split())


def test_the_site_builds(site: Path) -> None:
    assert (site / "reference/rules/column-exists/index.html").is_file()
    assert not [*site.rglob("*.py")]
    # Pasted messages have colons, which are a language to the search of mkdocs.
    scripts = re.findall(r'<script src="[./]*(search[\w/]*\.js)"', (site / "index.html").read_text(encoding="utf-8"))
    assert scripts == ["search.js", "search/main.js"]


def test_every_page_is_found_from_the_first_one() -> None:
    linked = set(re.findall(r"\(([\w/-]+\.md)", read("index.md")))
    pages = {file.relative_to(DOCS).as_posix() for file in DOCS.rglob("*.md")}
    assert {page for page in pages - linked if "/rules/" not in page} <= {"index.md", "ARCHITECTURE.md"}


@pytest.mark.parametrize("message", messages.messages(), ids=lambda message: f"{message.module}: {message.text[:40]}")
def test_the_first_line_of_each_message_is_found(searched: list[str], message: messages.Message) -> None:
    assert any(plain(message.first_line) in text for text in searched)


def test_what_rules_say_is_found(searched: list[str]) -> None:
    for rule in rules.load().values():
        assert any(plain(rule.cause.format(**explain._PLACEHOLDERS)) in text for text in searched), rule.id


def test_messages_are_read_from_the_code() -> None:
    found = messages.messages()
    assert len(found) > 300
    assert {"There are no contracts at `…`: no such file or folder."} <= {message.text for message in found}
    assert messages.unread() == {"embedded/lifecycle.py"}, "what its keeper said"


def said(output: str) -> list[str]:
    """Return what stands in the first paragraph of an output, its lines joined where they were broken."""
    uncoloured = re.sub(r"\x1b\[[\d;]*m", "", output).strip()
    first, _, reason = uncoloured.partition("\n")
    if first == "Data contracts could not be checked.":
        return [first, reason.partition("\n")[0]]
    paragraph = re.split(r"\n *(?:\n|-->)", uncoloured)[0]
    return [re.sub(r"^(unproven|Error|FAILED): ", "", " ".join(paragraph.split()))]


def test_what_programs_print_is_on_the_page_of_messages(tmp_path: Path, database: str) -> None:
    """Whatever the code looks like: first lines of real runs, and of the reports that are kept as golden files."""
    on_the_page = re.findall(r"^\| (.*?) \|", read("reference/messages.md"), re.MULTILINE)
    on_the_page += [message.first_line for message in messages.messages()]
    known = [re.escape(text).replace(messages.LEFT_OUT, ".*") for text in on_the_page]
    assert not [text for text in known if re.match(text, "Nobody says this of 1 contract: `x`, 2.")]
    project = Project.create(tmp_path / "project", database)
    project.revision("r1", "pass")
    runs = [
        Project(tmp_path, "").cli("check"),
        project.cli("check"),
        project.cli("check", "--offline", "--shadow"),
        project.cli("check", "--offline", "--base", "nowhere"),
        project.cli("explain", "nothing"),
        project.cli("check", env={"ALEMBIC_CONTRACTS_ENFORCED": "report"}),
        project.cli("check", env={"ALEMBIC_CONTRACTS_ENFORCE": "never"}),
        project.cli("check", "--offline", env={"ALEMBIC_CONTRACTS_CONTRACTS": "elsewhere"}),
    ]
    assert [done.returncode for done in runs] == [2] * len(runs)
    # Reasons in golden files are made up; headlines and verdicts are not.
    golden = [file.read_text(encoding="utf-8") for file in (ROOT / "tests/reporters/golden").glob("*.txt")]
    ends = [output.strip().split("\n\n")[-1] for output in golden]
    lines = [line for output in (*(done.stderr for done in runs), *golden, *ends) for line in said(output)]
    lines = [line for line in lines if "refresh_labels" not in line]
    assert len(lines) > 25
    unknown = [line for line in lines if not any(re.match(text, line, re.IGNORECASE) for text in known)]
    assert unknown == [], "name them in docs/reference/messages.md"


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve files on this machine: a browser lets no page that it has from a file search."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


QUERIES = {
    "Refused: a data contract would be broken. Nothing was run; the database is unchanged.": "reference/messages/",
    "public.orders.total no longer exists": "reference/rules/column-exists/",
    "env.py ran no migrations": "reference/messages/",
    "my history starts with create_all": "questions/",
    "waivers.yaml": "lifecycle/",
    "lock_timeout": "locks/",
}


def test_the_search_of_the_site(site: Path) -> None:
    links = "document.querySelectorAll('#mkdocs-search-results a')"
    found = f"[...{links}].map((link) => link.getAttribute('href'))"
    with served(site) as root, started() as browser:
        for query, page in QUERIES.items():
            browser.open(
                f"{root}/search.html?q={quote(query)}", until="document.querySelector('#mkdocs-search-results a')"
            )
            assert any(page in address for address in browser.value(found)[:5]), query


# -- pages that are walked through -------------------------------------------------------------------------------------


def blocks(page: str) -> Iterator[tuple[str, str]]:
    yield from re.findall(r"^```(\w+)\n(.*?)^```", page, re.DOTALL | re.MULTILINE)


class Walk:
    """Somebody who does what a page says, block by block: commands are run, ``upgrade()`` goes into the last script."""

    def __init__(self, folder: Path, database: str) -> None:
        self.project = Project(folder, database, {"COLUMNS": "96"})
        self.script: Path | None = None

    def follow(self, page: str) -> None:
        for language, text in blocks(page):
            if language == "python":
                assert self.script is not None
                empty = re.sub(r"def upgrade\(\).*?(?=\n\n\ndef|\Z)", "", self.script.read_text(), flags=re.DOTALL)
                self.script.write_text(f"{empty.rstrip()}\n\n\n{text}")
                continue
            for run in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
                command, _, shown = run.partition("\n")
                self.run(command, shown)

    def run(self, command: str, shown: str) -> None:
        """Run a command, whose output has to have what is shown of it in this order."""
        program, *arguments = shlex.split(command)
        if program == "pip":
            return
        folder = self.project.path
        before = set(folder.glob("migrations/versions/*.py"))
        done = self.project.alembic(*arguments) if program == "alembic" else self.project.cli(*arguments)
        output = done.stdout + done.stderr
        position = 0
        for part in shown.split("[...]"):
            found = output.find(part.strip("\n"), position)
            assert found >= 0, f"{command}\n{part}\nis not in\n{output}"
            position = found
        if arguments[0] == "init" and program == "alembic":
            ini = folder / "alembic.ini"
            url = f"sqlalchemy.url = {self.project.database.replace('%', '%%')}"
            ini.write_text(re.sub(r"sqlalchemy.url = .*", lambda _match: url, ini.read_text()))
        new = set(folder.glob("migrations/versions/*.py")) - before
        self.script = new.pop() if new else self.script


def test_the_tutorial_is_real(tmp_path: Path, database: str) -> None:
    Walk(tmp_path, database).follow(read("tutorial.md"))


def test_the_page_about_inference_is_real(tmp_path: Path, database: str) -> None:
    for name in ("migrations", "contracts", "seed/consumers"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    walk = Walk(tmp_path, database)
    walk.follow(read("howto/infer.md"))
    [shown] = [text for language, text in blocks(read("howto/infer.md")) if language == "yaml"]
    assert shown in (tmp_path / "contracts/data_science.odcs.yaml").read_text()
    assert walk.script is not None
    walk.script.write_text(walk.script.read_text().replace("    op.alter_column", "    # op.alter_column"))
    assert walk.project.alembic("upgrade", "head").returncode == 0


def test_the_first_page_is_real(tmp_path: Path, database: str) -> None:
    project, set_up = read("tutorial.md").split("\n## Set it up\n")
    refusal, minute = read("index.md").split("\n## The first minute\n")
    breaking = set_up.split("\n## Break it\n")[1].split("```console\n$ alembic upgrade head")[0]
    walk = Walk(tmp_path, database)
    for page in (project, minute, breaking, refusal):
        walk.follow(page)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shell_completion(shell: str, tmp_path: Path) -> None:
    project = Project(tmp_path, "")
    done = project.run(
        "-c", "from alembic_contracts.cli import main; main(prog_name='alembic-contracts')",
        env={"_ALEMBIC_CONTRACTS_COMPLETE": f"{shell}_source"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "_ALEMBIC_CONTRACTS_COMPLETE" in done.stdout
    words = {"COMP_WORDS": "alembic-contracts ex", "COMP_CWORD": "ex" if shell == "fish" else "1"}
    done = project.run(
        "-c", "from alembic_contracts.cli import main; main(prog_name='alembic-contracts')",
        env={"_ALEMBIC_CONTRACTS_COMPLETE": f"{shell}_complete", **words},
    )  # fmt: skip
    assert "explain" in done.stdout
