"""``ALEMBIC_CONTRACTS_REPORT``: the file by which a program tells a refusal from other failures of Alembic."""

from __future__ import annotations

import dataclasses
import json
import os
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from tests.support.object_images import UNSEEN, museum
from tests.test_scenario import REPOSITORY

if TYPE_CHECKING:
    from subprocess import CompletedProcess

    from tests.support.database import Databases
    from tests.support.project import Project

SCHEMA = json.loads((REPOSITORY / "alembic_contracts/reporters/report.schema.json").read_text(encoding="utf-8"))
DROP = 'op.drop_column("object_images", "primary_image")'
NAME = "report.json"


def upgraded(project: Project, *arguments: str, **env: str) -> tuple[CompletedProcess[str], dict[str, Any] | None]:
    """Upgrade, and return what the file holds; None where there is none."""
    done = project.alembic(*(arguments or ("upgrade", "head")), env={"ALEMBIC_CONTRACTS_REPORT": NAME, **env})
    file = project.path / NAME
    if not file.exists():
        return done, None
    report = json.loads(file.read_text(encoding="utf-8"))
    jsonschema.validate(report, {**SCHEMA, "required": [*SCHEMA["required"], "refused"]})
    assert [each.name for each in project.path.iterdir() if "report" in each.name] == [NAME]
    return done, report


def outcome(report: dict[str, Any] | None) -> tuple[str, bool, str]:
    assert report is not None
    return report["status"], report["refused"], report["phase"]


def test_kept(project: Project) -> None:
    museum(project)
    project.revision("r2", 'op.add_column("object_images", sa.Column("note", sa.Text))')
    done, report = upgraded(project)
    assert done.returncode == 0
    assert outcome(report) == ("kept", False, "commit")
    assert report is not None
    assert report["checked"]["contracts"] == 1


def test_refused_before_anything_ran(project: Project) -> None:
    museum(project)
    project.revision("r2", DROP)
    done, report = upgraded(project)
    assert done.returncode == 255
    assert outcome(report) == ("broken", True, "before")
    assert report is not None
    [violation] = report["violations"]
    assert violation["location"]["revision"] == "r2"
    checked = json.loads(project.alembic("check-contracts", "--format", "json").stdout)
    assert checked["violations"] == report["violations"]


def test_refused_at_the_commit(project: Project) -> None:
    museum(project)
    project.revision("r2", UNSEEN)
    done, report = upgraded(project)
    assert done.returncode == 255
    assert outcome(report) == ("broken", True, "commit")


def test_broken_and_not_refused(project: Project) -> None:
    museum(project)
    project.revision("r2", DROP)
    done, report = upgraded(project, ALEMBIC_CONTRACTS_ENFORCE="report")
    assert done.returncode == 0
    assert outcome(report) == ("broken", False, "commit")


def test_another_failure_is_no_refusal(project: Project) -> None:
    museum(project)
    project.revision("r2", 'op.execute("SELECT 1 / 0")')
    done, report = upgraded(project)
    assert done.returncode not in (0, 255)
    assert report is not None
    assert report["refused"] is False


def test_what_could_not_be_judged(project: Project) -> None:
    museum(project)
    project.revision("r2", DROP)
    project.contract("object_images", "{")
    done, report = upgraded(project)
    assert done.returncode == 255
    assert outcome(report) == ("failed", True, "before")
    assert report is not None
    assert "contracts/object_images.json:1" in report["message"]
    done, report = upgraded(project, ALEMBIC_CONTRACTS_ENFORCE="report")
    assert done.returncode == 0
    assert outcome(report) == ("failed", False, "before")


def test_an_old_report_is_not_taken_for_one_of_this_run(project: Project) -> None:
    museum(project)
    (project.path / NAME).write_text("{}", encoding="utf-8")
    for command in (["current"], ["history"], ["check-contracts"]):
        done = project.alembic(*command, env={"ALEMBIC_CONTRACTS_REPORT": NAME})
        assert (done.returncode, (project.path / NAME).read_text(encoding="utf-8")) == (0, "{}"), command
    done, report = upgraded(project)  # nothing is pending
    assert (done.returncode, report) == (0, None)


def test_autogenerate(project: Project) -> None:
    museum(project)
    project.write(
        "migrations/env.py",
        (project.path / "migrations/env.py").read_text(encoding="utf-8").replace(
            "target_metadata = None", "from sqlalchemy import MetaData\ntarget_metadata = MetaData()"
        ),
    )  # fmt: skip
    done, report = upgraded(project, "revision", "--autogenerate", "-m", "all gone")
    assert done.returncode == 255
    assert outcome(report) == ("broken", True, "before")


def test_several_databases_are_one_report(project: Project, databases: Databases) -> None:
    with databases.new() as other:
        museum(project)
        museum(dataclasses.replace(project, database=other, last_revision=None))
        project.last_revision = "r1"
        project.revision("r2", DROP)
        assert project.alembic("upgrade", "head", env={"ALEMBIC_CONTRACTS_ENFORCE": "report"}).returncode == 0
        project.revision("r3", 'op.add_column("object_images", sa.Column("note", sa.Text))')
        env = (project.path / "migrations/env.py").read_text(encoding="utf-8")
        loop = f"for url in (url, {other!r}):\n        run_migrations_online()"
        project.write("migrations/env.py", env.replace("else:\n    run_migrations_online()", f"else:\n    {loop}"))
        done, report = upgraded(project)
    assert done.returncode == 255
    assert outcome(report) == ("broken", True, "before")
    assert report is not None
    assert sorted(each["introduced"] for each in report["violations"]) == [False, True]
    assert report["checked"]["contracts"] == 1


@pytest.mark.parametrize("name", ["no/such/folder/report.json", "contracts", "x" * 300, "\x1b[31m/x"])
def test_a_file_that_cannot_be_written_is_a_warning(project: Project, name: str) -> None:
    museum(project)
    project.revision("r2", 'op.add_column("object_images", sa.Column("note", sa.Text))')
    done = project.alembic("upgrade", "head", env={"ALEMBIC_CONTRACTS_REPORT": name})
    assert done.returncode == 0
    assert "warning: ALEMBIC_CONTRACTS_REPORT: " in done.stderr
    assert "\x1b" not in done.stderr
    assert project.alembic("current").stdout.startswith("r2")


def test_links_and_pipes_are_written_to(project: Project) -> None:
    museum(project)
    project.revision("r2", 'op.add_column("object_images", sa.Column("note", sa.Text))')
    (project.path / "there.json").write_text("", encoding="utf-8")
    (project.path / "link.json").symlink_to("there.json")
    done = project.alembic("upgrade", "head", env={"ALEMBIC_CONTRACTS_REPORT": "link.json"})
    assert done.returncode == 0
    assert (project.path / "link.json").is_symlink()
    assert json.loads((project.path / "there.json").read_text(encoding="utf-8"))["status"] == "kept"
    project.revision("r3", 'op.add_column("object_images", sa.Column("note2", sa.Text))')
    done = project.alembic("upgrade", "head", env={"ALEMBIC_CONTRACTS_REPORT": "/dev/stdout"})
    assert '"status": "kept"' in done.stdout
    assert os.path.lexists("/dev/stdout")
