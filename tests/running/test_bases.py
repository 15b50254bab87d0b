"""``check --base``: what a branch does to the contracts does not help it to break them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from alembic_contracts.errors import CannotCheck
from alembic_contracts.support.git import tree_at
from tests.support.object_images import CONTRACT, CREATE
from tests.support.repository import commit, git

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.project import Project

DROP = 'op.drop_column("object_images", "primary_image")'
ID = "met-museum-data/object-images-contract-spec"


@pytest.fixture
def branch(project: Project) -> Project:
    """A repository whose main branch keeps its contract, with a branch checked out that drops a column."""
    project.environment["DATABASE_URL"] = "postgresql+psycopg://nobody@127.0.0.1:1/nowhere"
    project.contract("object_images", CONTRACT)
    project.write("contracts/other.json", json.dumps(changed(name="other", table="other_table")))
    project.revision("r1", CREATE)
    project.revision("r2", 'op.create_table("other_table", sa.Column("primary_image", sa.Text))')
    git(project, "init", "-q", "-b", "main")
    commit(project)
    git(project, "checkout", "-qb", "branch")
    project.revision("r3", DROP)
    return project


def changed(name: str | None = None, table: str | None = None, **changes: Any) -> dict[str, Any]:
    value = {**json.loads(CONTRACT), **changes}
    if name is not None:
        value["name"] = name
    if table is not None:
        value["schema"] = {"table_name": table, "properties": {"primary_image": {}}}
    return value


def without_column() -> dict[str, Any]:
    value = json.loads(CONTRACT)
    del value["schema"]["properties"]["primary_image"]
    return value


def write(value: dict[str, Any], file: str = "contracts/object_images.json") -> Callable[[Project], object]:
    return lambda project: project.write(file, json.dumps(value))


def settings(text: str) -> Callable[[Project], object]:
    def change(project: Project) -> None:
        file = project.path / "pyproject.toml"
        file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")

    return change


def chain(*steps: Callable[[Project], object]) -> Callable[[Project], object]:
    def change(project: Project) -> None:
        for step in steps:
            step(project)

    return change


def delete(project: Project) -> None:
    (project.path / "contracts/object_images.json").unlink()


def delete_all(project: Project) -> None:
    shutil.rmtree(project.path / "contracts")


def move(project: Project) -> None:
    delete(project)
    project.write("elsewhere/object_images.json", json.dumps(without_column()))


def elsewhere(project: Project) -> None:
    move(project)
    file = project.path / "pyproject.toml"
    text = file.read_text(encoding="utf-8").replace('contracts = "contracts"', 'contracts = "elsewhere"')
    file.write_text(text, encoding="utf-8")


def link(project: Project) -> None:
    delete(project)
    (project.path / "contracts/object_images.json").symlink_to("other.json")


def rewrite_history(project: Project) -> None:
    write(without_column())(project)
    (project.path / "migrations/versions/r3.py").unlink()
    project.revision("r1", CREATE.replace('    sa.Column("primary_image", sa.Text),\n', ""), down=None)


def late_helper(project: Project) -> None:
    write(without_column())(project)
    project.write("migrations/helpers.py", "x = 1\n")


def renamed_file(project: Project) -> None:
    git(project, "mv", "contracts/object_images.json", "contracts/renamed.json")


WAIVER = """
waivers:
- contract: met-museum-data/object-images-contract-spec
  fact: column-exists public.object_images.primary_image
  reason: consumers have moved
  approver: Data Engineering Team
  expiry: {expiry}
"""
ATTEMPTS = {
    "nothing": lambda _project: None,
    "the column struck out": write(without_column()),
    "the file deleted": delete,
    "the folder deleted": delete_all,
    "no columns": write(changed(table="object_images")),
    "another name": write({**without_column(), "name": "new"}),
    "another namespace": write({**without_column(), "namespace": "new"}),
    "another table": write(changed(table="other_table")),
    "a draft": write(changed(status="draft")),
    "retired": write(changed(status="retired")),
    "a sunset in the past": write(changed(status="deprecated", sunset="2020-01-01")),
    "a sidecar": lambda project: project.write("contracts/object_images.lifecycle.yaml", "status: retired\n"),
    "a weaker compatibility": chain(write(changed(compatibility="writer")), write(without_column())),
    "the rule switched off": settings('rules = {column-exists = "off"}\n'),
    "the rule a warning": settings('rules = {column-exists = "warning"}\n'),
    "only reporting": settings('enforce = "report"\n'),
    "another folder": elsewhere,
    "moved and struck out": move,
    "a link": link,
    "history rewritten": rewrite_history,
    "a helper beside the scripts": late_helper,
    "renamed by git": chain(
        renamed_file, lambda project: project.write("contracts/renamed.json", json.dumps(without_column()))
    ),
    "an expired waiver": lambda project: project.write("contracts/waivers.yaml", WAIVER.format(expiry="2020-01-01")),
    "hidden from git archive": chain(
        delete, lambda project: project.write(".gitattributes", "contracts/** export-ignore\n*.json text eol=crlf\n")
    ),
}


@pytest.mark.parametrize("how", ATTEMPTS)
def test_it_does_not_help(how: str, branch: Project) -> None:
    ATTEMPTS[how](branch)
    commit(branch)
    done = branch.alembic("check-contracts", "--offline", "--base", "main", "--format", "json")
    assert done.stdout, done.stderr
    report = json.loads(done.stdout)
    assert (done.returncode, report["status"]) == (1, "broken"), report
    errors = [v for v in report["violations"] if v["severity"] == "error"]
    assert ("column-exists", "public.object_images", "primary_image") in {
        (v["rule"], v["table"], v["column"]) for v in errors
    }
    assert len(errors) == len({(v["contract"], v["rule"], v["column"]) for v in errors}), "each is said once"


OTHER_TABLE = 'op.create_table("other_table", sa.Column("primary_image", sa.Text))'


def replace_history(project: Project, create: str) -> None:
    for file in (project.path / "migrations/versions").glob("*.py"):
        file.unlink()
    project.revision("new", create, down=None)
    delete(project)
    commit(project)


def test_a_history_that_never_makes_the_table_does_not_help(branch: Project) -> None:
    replace_history(branch, OTHER_TABLE)
    done = branch.alembic("check-contracts", "--offline", "--base", "main", "--format", "json")
    assert done.returncode == 1, done.stderr
    [violation] = json.loads(done.stdout)["violations"]
    assert (violation["rule"], violation["table"]) == ("table-exists", "public.object_images")
    assert violation["at"] == "main"


def test_a_squashed_history_is_kept(branch: Project) -> None:
    replace_history(branch, f"{CREATE}\n{OTHER_TABLE}")
    done = branch.alembic("check-contracts", "--offline", "--base", "main")
    assert done.returncode == 0, done.stdout


def test_the_place_is_the_bases_own(branch: Project) -> None:
    delete(branch)
    done = branch.alembic("check-contracts", "--offline", "--base", "main", "--format", "json")
    [violation] = json.loads(done.stdout)["violations"]
    assert violation["at"] == "main"
    assert violation["contract_location"]["file"] == "contracts/object_images.json"
    assert violation["location"]["revision"] == "r3"


PERMITTED = {
    "a waiver": lambda project: project.write("contracts/waivers.yaml", WAIVER.format(expiry="2999-01-01")),
    "no break": lambda project: (project.path / "migrations/versions/r3.py").unlink(),
}


@pytest.mark.parametrize("how", PERMITTED)
def test_what_may_be_done(how: str, branch: Project) -> None:
    PERMITTED[how](branch)
    done = branch.alembic("check-contracts", "--offline", "--base", "main")
    assert done.returncode == 0, done.stdout


def test_what_was_past_its_sunset_there_already(branch: Project) -> None:
    git(branch, "stash", "-qu")
    git(branch, "checkout", "-q", "main")
    write(changed(status="deprecated", sunset="2020-01-01"))(branch)
    commit(branch)
    git(branch, "checkout", "-q", "branch")
    git(branch, "merge", "-q", "main")
    git(branch, "stash", "pop", "-q")
    delete(branch)
    assert branch.alembic("check-contracts", "--offline", "--base", "main").returncode == 0


def test_a_contract_that_was_wrong_there_can_be_corrected(branch: Project) -> None:
    (branch.path / "migrations/versions/r3.py").unlink()
    git(branch, "checkout", "-q", "main")
    wrong = json.loads(CONTRACT)
    wrong["schema"]["properties"]["primary_image"]["constraints"]["data_type"] = "integer"
    write(wrong)(branch)
    commit(branch)
    git(branch, "checkout", "-q", "branch")
    git(branch, "merge", "-q", "main")
    write(json.loads(CONTRACT))(branch)
    done = branch.alembic("check-contracts", "--offline", "--base", "main")
    assert done.returncode == 0, done.stdout


def test_an_unknown_ref(branch: Project) -> None:
    done = branch.alembic("check-contracts", "--offline", "--base", "mian")
    assert (done.returncode, done.stdout) == (2, "")
    assert "The git ref `mian` is not known here. Fetch a tag with `git fetch origin tag mian`, " in done.stderr


@pytest.mark.parametrize("depth", [(), ("--depth=1",)])
@pytest.mark.parametrize(("ref", "known"), [("v1", "v1"), ("old", "origin/old"), ("origin/old", "origin/old")])
def test_what_is_said_to_fetch_a_ref_does(
    depth: tuple[str, ...], ref: str, known: str, branch: Project, tmp_path: Path
) -> None:
    git(branch, "branch", "old", "main")
    git(branch, "tag", "-a", "-m", "x", "v1", "main")
    commit(branch)
    clone = tmp_path / "clone"
    options = ("--no-tags", "--single-branch", "-b", "branch", *depth)
    subprocess.run(["git", "clone", "-q", *options, f"file://{branch.path}", clone], check=True)
    with pytest.raises(CannotCheck) as caught:
        tree_at(ref, clone)
    commands = re.findall(r"`(git fetch [^`]+)`", str(caught.value))
    command = commands[-1 if known != ref else 0]
    subprocess.run(command.split(), cwd=clone, check=True, capture_output=True)
    assert tree_at(known, clone).entries
    assert known == ref or f"as `{known}`" in str(caught.value)


def test_a_shallow_clone(branch: Project, tmp_path: Any) -> None:
    commit(branch)
    subprocess.run(
        ["git", "clone", "-q", "--depth=1", "-b", "branch", f"file://{branch.path}", tmp_path / "shallow"], check=True
    )
    branch.path = tmp_path / "shallow"
    done = branch.alembic("check-contracts", "--offline", "--base", "origin/main")
    assert done.returncode == 2
    assert "This is a shallow clone: fetch it with `git fetch --depth=1 origin main" in done.stderr


def test_no_repository(project: Project) -> None:
    project.contract("object_images", CONTRACT)
    project.revision("r1", CREATE)
    done = project.alembic("check-contracts", "--offline", "--base", "main")
    assert done.returncode == 2
    assert "is in no git repository" in done.stderr


def test_no_git(branch: Project) -> None:
    done = branch.alembic("check-contracts", "--offline", "--base", "main", env={"PATH": "/nonexistent"})
    assert done.returncode == 2
    assert "git is not installed" in done.stderr


# -- alembic-contracts diff --------------------------------------------------------------------------------------------


def tighter() -> dict[str, Any]:
    value = json.loads(CONTRACT)
    value["schema"]["properties"]["primary_image"]["constraints"]["collation_name"] = "C"
    value["schema"]["properties"]["additional_images"]["constraints"]["collation_name"] = "default"
    return value


def used() -> dict[str, Any]:
    value = json.loads(CONTRACT)
    value["schema"]["x-used-by"] = [{"what": "exposure Museum guide (guide@example.org)"}]
    value["schema"]["properties"]["primary_image"]["x-used-by"] = [{"file": "models/stg_images.sql", "line": 7}]
    return value


def nullable() -> dict[str, Any]:
    value = json.loads(CONTRACT)
    value["schema"]["properties"]["primary_image"]["constraints"]["is_nullable"] = False
    return value


DIFFERENCES = {
    "nothing": (lambda _project: None, 0, []),
    "renamed by git": (renamed_file, 0, []),
    "an owner": (
        write(changed(owner={"name": "Other"})),
        0,
        ["neutral: owner Other instead of Data Engineering Team <data-eng@museum.org>"],
    ),
    "where it is used": (write(used()), 0, []),
    "the column struck out": (
        write(without_column()),
        1,
        ["loosened: column-exists public.object_images.primary_image is no longer stated"],
    ),
    "the file deleted": (delete, 1, ["loosened: the contract is gone"]),
    "the folder deleted": (delete_all, 1, ["loosened: the contract is gone", "loosened: the contract is gone"]),
    "more stated": (
        write(tighter()),
        0,
        [
            "tightened: collation public.object_images.primary_image is stated; the migrations do not satisfy it",
            "tightened: collation public.object_images.additional_images is stated; the migrations satisfy it",
        ],
    ),
    "another nullability": (
        write(nullable()),
        1,
        [
            "loosened: column-nullable public.object_images.primary_image: NOT NULL instead of nullable",
            (
                "tightened: column-nullable public.object_images.primary_image: NOT NULL instead of nullable; "
                "the migrations do not satisfy it"
            ),
        ],
    ),
    "a sunset": (write(changed(sunset="2030-01-01")), 1, ["loosened: the contract stays until 2030-01-01"]),
    "retired": (write(changed(status="retired")), 1, ["loosened: status retired instead of active"]),
    "a weaker compatibility": (
        write(changed(compatibility="reader")),
        1,
        ["loosened: compatibility reader instead of exact"],
    ),
    "a waiver": (
        lambda project: project.write("contracts/waivers.yaml", WAIVER.format(expiry="2999-01-01")),
        1,
        [
            (
                "loosened: column-exists public.object_images.primary_image is waived until 2999-01-01 "
                "by Data Engineering Team: consumers have moved"
            ),
        ],
    ),
    "the rule switched off": (
        settings('rules = {column-exists = "off"}\n'),
        1,
        ["loosened: the setting rules.column-exists is off instead of error"],
    ),
}


@pytest.mark.parametrize("how", DIFFERENCES)
def test_diff(how: str, branch: Project) -> None:
    change, code, expected = DIFFERENCES[how]
    (branch.path / "migrations/versions/r3.py").unlink()
    change(branch)
    done = branch.cli("diff", "main", "--format", "json")
    assert done.stdout, done.stderr
    found = json.loads(done.stdout)
    assert [f"{each['grade']}: {each['message']}" for each in found["changes"]] == expected
    assert done.returncode == code
    text = branch.cli("diff")
    assert (text.returncode, text.stdout.count("loosened: ")) == (code, sum("loosened" in each for each in expected))


def test_diff_without_a_main_branch(branch: Project) -> None:
    git(branch, "branch", "-D", "main")
    done = branch.cli("diff")
    assert done.returncode == 2
    assert "No main branch is known here" in done.stderr
