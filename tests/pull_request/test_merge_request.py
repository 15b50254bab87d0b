"""``alembic-contracts merge-request`` in real git repositories, with a server that plays GitLab's REST API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from alembic_contracts.pull_request.owners import OF_GITLAB, code_owners
from alembic_contracts.reporters.markdown import MARKER
from tests.support.forge import PER_PAGE, git, page_of, served
from tests.support.object_images import CONTRACT, CREATE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.project import Project

OURS = 7


class GitLab:
    """What the server holds, and how it behaves."""

    def __init__(self) -> None:
        self.notes: list[dict[str, Any]] = [
            {"id": n, "author": {"id": 1}, "body": f"{MARKER} quoted by a person"} for n in range(PER_PAGE)
        ]
        self.refuses = False
        self.url = ""

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, Any, str]:
        if self.refuses:
            return 403, {"message": "no"}, ""
        address = path.partition("?")[0]
        if address == "/user":
            return 200, {"id": OURS}, ""
        notes = "/projects/12/merge_requests/5/notes"
        if method == "PUT":
            [note] = [each for each in self.notes if address == f"{notes}/{each['id']}"]
            assert note["author"]["id"] == OURS
            note["body"] = body["body"]
            return 200, note, ""
        assert address == notes
        if method == "POST":
            self.notes.append({"id": 100 + len(self.notes), "author": {"id": OURS}, "body": body["body"]})
            return 201, self.notes[-1], ""
        return page_of(self.notes, self.url, path)

    @property
    def ours(self) -> list[str]:
        return [note["body"] for note in self.notes[PER_PAGE:]]


@pytest.fixture
def gitlab() -> Iterator[GitLab]:
    state = GitLab()
    with served(state, "PRIVATE-TOKEN", "secret"):
        yield state


@pytest.fixture
def branch(project: Project, gitlab: GitLab) -> Project:
    """A merge request's checkout: the target branch keeps the contract, which has owners."""
    project.contract("object_images", CONTRACT)
    project.revision("r1", CREATE)
    project.write("CODEOWNERS", "[Data] @nobody\n/contracts/ @museum/data\n")
    git(project, "init", "-b", "main")
    git(project, "add", ".")
    git(project, "commit", "-m", "start")
    base = git(project, "rev-parse", "HEAD")
    project.environment.update(
        CI_API_V4_URL=gitlab.url,
        CI_PROJECT_ID="12",
        CI_MERGE_REQUEST_PROJECT_ID="12",
        CI_MERGE_REQUEST_SOURCE_PROJECT_ID="12",
        CI_MERGE_REQUEST_IID="5",
        CI_MERGE_REQUEST_DIFF_BASE_SHA=base,
        GITLAB_TOKEN="secret",
        DATABASE_URL="postgresql://nobody.invalid/x",
    )
    return project


def test_one_comment_follows_the_merge_request(branch: Project, gitlab: GitLab) -> None:
    assert branch.cli("merge-request").returncode == 0
    assert gitlab.ours == []  # nothing to say yet
    script = branch.revision("r2", 'op.drop_column("object_images", "primary_image")')
    done = branch.cli("merge-request", "--junit", "contracts.xml")
    assert done.returncode == 1
    assert "error[column-exists]" in done.stdout
    assert "<testsuite" in (branch.path / "contracts.xml").read_text(encoding="utf-8")
    [comment] = gitlab.ours
    assert "migrations/versions/r2.py" in comment
    assert "`@museum/data`" in comment
    assert "comment unchanged" in branch.cli("merge-request").stderr
    (branch.path / "contracts/object_images.json").unlink()  # which does not help
    assert branch.cli("merge-request").returncode == 1
    git(branch, "checkout", "--", "contracts")
    script.unlink()
    assert branch.cli("merge-request").returncode == 0
    assert len(gitlab.ours) == 1
    assert "migrations/versions/r2.py" not in gitlab.ours[0]


def test_without_a_verdict_an_old_comment_does_not_stay(branch: Project, gitlab: GitLab) -> None:
    branch.contract("object_images", "{")
    assert branch.cli("merge-request").returncode == 2
    [comment] = gitlab.ours
    assert "Data contracts not checked" in comment


@pytest.mark.parametrize(
    ("environment", "note"),
    [
        ({"GITLAB_TOKEN": ""}, "there is no GITLAB_TOKEN"),
        ({"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "13"}, "merge requests from forks are not commented on"),
        ({"CI_MERGE_REQUEST_IID": ""}, ""),
        ({"CI_API_V4_URL": "http://127.0.0.1:1"}, "GitLab could not be asked"),
    ],
)
def test_where_no_comment_can_be_written(
    branch: Project, gitlab: GitLab, environment: dict[str, str], note: str
) -> None:
    branch.revision("r2", 'op.drop_column("object_images", "primary_image")')
    done = branch.cli("merge-request", env=environment)
    assert done.returncode == 1
    assert note in done.stderr
    assert gitlab.ours == []


def test_gitlab_that_refuses(branch: Project, gitlab: GitLab) -> None:
    gitlab.refuses = True
    branch.revision("r2", 'op.drop_column("object_images", "primary_image")')
    done = branch.cli("merge-request")
    assert done.returncode == 1
    assert "GitLab answered 403" in done.stderr
    assert "scope `api`" in done.stderr


def test_places_of_codeowners(tmp_path: Path) -> None:
    (tmp_path / ".gitlab").mkdir()
    (tmp_path / ".gitlab/CODEOWNERS").write_text("^[Optional][2]\n*.json @data\n", encoding="utf-8")
    assert code_owners(["contracts/x.json"], tmp_path, OF_GITLAB) == {"contracts/x.json": ("@data",)}
    assert code_owners(["contracts/x.json"], tmp_path) == {}
