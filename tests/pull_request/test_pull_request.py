"""``alembic-contracts pull-request`` in real git repositories, with a server that plays GitHub's REST API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from alembic_contracts.pull_request.owners import code_owners
from alembic_contracts.reporters.markdown import MARKER
from tests.support.forge import PER_PAGE, git, page_of, served
from tests.support.object_images import CONTRACT, CREATE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.project import Project


class GitHub:
    """What the server holds, and how it behaves."""

    def __init__(self) -> None:
        self.comments: list[dict[str, Any]] = [
            {"id": n, "user": {"type": "User"}, "body": f"{MARKER} quoted by a person"} for n in range(PER_PAGE)
        ]
        self.failures: list[int] = []
        """Status codes that the next answers have."""
        self.calls: list[str] = []
        self.url = ""

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, Any, str]:
        self.calls.append(method)
        if self.failures:
            return self.failures.pop(0), {"message": "no"}, ""
        address = path.partition("?")[0]
        if method == "PATCH":
            [comment] = [each for each in self.comments if address == f"/repos/o/r/issues/comments/{each['id']}"]
            comment["body"] = body["body"]
            return 200, comment, ""
        assert address == "/repos/o/r/issues/5/comments"
        if method == "POST":
            self.comments.append({"id": 100 + len(self.comments), "user": {"type": "Bot"}, "body": body["body"]})
            return 201, self.comments[-1], ""
        return page_of(self.comments, self.url, path)

    @property
    def ours(self) -> list[str]:
        return [comment["body"] for comment in self.comments[PER_PAGE:]]


@pytest.fixture
def github() -> Iterator[GitHub]:
    state = GitHub()
    with served(state, "Authorization", "Bearer secret"):
        yield state


@pytest.fixture
def branch(project: Project, github: GitHub) -> Project:
    """A pull request's checkout: ``origin/main`` keeps the contract, which has owners."""
    project.contract("object_images", CONTRACT)
    project.revision("r1", CREATE)
    project.write(".github/CODEOWNERS", "* @everybody\n/contracts/ @museum/data data-eng@museum.org\n")
    git(project, "init", "-b", "main")
    git(project, "add", ".")
    git(project, "commit", "-m", "start")
    git(project, "update-ref", "refs/remotes/origin/main", "HEAD")
    event = {"pull_request": {"number": 5, "base": {"ref": "main"}, "head": {"repo": {"full_name": "o/r"}}}}
    project.write("event.json", json.dumps(event))
    project.environment.update(
        GITHUB_EVENT_PATH=str(project.path / "event.json"),
        GITHUB_REPOSITORY="o/r",
        GITHUB_BASE_REF="main",
        GITHUB_API_URL=github.url,
        GITHUB_TOKEN="secret",
        GITHUB_STEP_SUMMARY=str(project.path / "summary.md"),
        DATABASE_URL="postgresql://nobody.invalid/x",
    )
    return project


DROP = 'op.drop_column("object_images", "primary_image")'


def test_one_comment_follows_the_pull_request(branch: Project, github: GitHub) -> None:
    kept = branch.cli("pull-request")
    assert (kept.returncode, github.ours) == (0, []), "kept from the start says nothing"
    script = branch.revision("r2", DROP)
    done = branch.cli("pull-request", "--sarif", "out.sarif")
    assert done.returncode == 1, done.stderr
    assert "::error file=migrations/versions/r2.py" in done.stdout
    [comment] = github.ours
    assert comment.startswith(f"{MARKER}\n\n### Data contract broken")
    assert "public.object_images.primary_image" in comment
    assert "`@museum/data`, `data-eng@museum.org`" in comment
    assert "A data contract states what another team relies on" in comment
    assert (branch.path / "summary.md").read_text().endswith(comment)
    assert json.loads((branch.path / "out.sarif").read_text())["version"] == "2.1.0"
    calls = len(github.calls)
    assert branch.cli("pull-request").returncode == 1
    assert github.calls[calls:] == ["GET", "GET"], "the same text is not written again"
    script.unlink()
    assert branch.cli("pull-request").returncode == 0
    [comment] = github.ours
    assert "### Data contracts kept" in comment


def test_taking_the_contract_away_in_the_branch_does_not_help(branch: Project, github: GitHub) -> None:
    branch.revision("r2", DROP)
    (branch.path / "contracts/object_images.json").unlink()
    done = branch.cli("pull-request")
    assert done.returncode == 1
    assert "primary_image" in github.ours[0]


def test_what_cannot_be_checked_replaces_an_old_comment(branch: Project, github: GitHub) -> None:
    branch.revision("r2", DROP)
    branch.cli("pull-request")
    branch.contract("object_images", "{")
    done = branch.cli("pull-request")
    assert done.returncode == 2
    assert done.stdout.startswith("::error title=Data contracts could not be checked::")
    [comment] = github.ours
    assert "### Data contracts not checked" in comment
    assert "contracts/object\\_images.json:1:2" in comment


def test_from_a_fork_the_summary_has_it(branch: Project, github: GitHub) -> None:
    branch.revision("r2", DROP)
    event = branch.path / "event.json"
    event.write_text(event.read_text().replace('"full_name": "o/r"', '"full_name": "someone/r"'))
    done = branch.cli("pull-request")
    assert done.returncode == 1
    assert github.calls == []
    assert "### Data contract broken" in (branch.path / "summary.md").read_text()


@pytest.mark.parametrize(("failures", "written"), [([503], True), ([403], False), ([500, 500, 500], False)])
def test_github_that_fails(branch: Project, github: GitHub, failures: list[int], written: bool) -> None:
    branch.revision("r2", DROP)
    github.failures = failures
    done = branch.cli("pull-request")
    assert done.returncode == 1, "the verdict is the same"
    assert bool(github.ours) is written
    assert ("no comment was written" in done.stderr) is not written
    assert "secret" not in done.stderr + done.stdout


@pytest.mark.parametrize("variable", ["GITHUB_TOKEN", "GITHUB_EVENT_PATH", "GITHUB_STEP_SUMMARY"])
def test_outside_of_a_workflow(branch: Project, github: GitHub, variable: str) -> None:
    branch.revision("r2", DROP)
    branch.environment[variable] = ""
    assert branch.cli("pull-request").returncode == 1
    assert len(github.ours) == (1 if variable == "GITHUB_STEP_SUMMARY" else 0)


def test_no_comment_when_told_so(branch: Project, github: GitHub) -> None:
    branch.revision("r2", DROP)
    assert branch.cli("pull-request", "--no-comment").returncode == 1
    assert github.calls == []


def test_without_codeowners(tmp_path: Path) -> None:
    assert code_owners(["a"], tmp_path) == {}
    (tmp_path / "CODEOWNERS").write_text("*.md @docs\n")
    assert code_owners(["a.md", "b"], tmp_path) == {"a.md": ("@docs",)}
