"""``alembic check-contracts`` and ``alembic-contracts check``: one implementation, stable exit codes."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from alembic_contracts.reporters import FORMATS
from tests.support.object_images import CONTRACT, CREATE, museum
from tests.support.project import Project

DROP = 'op.drop_column("object_images", "primary_image")'
DYNAMIC = "op.execute(\"DO $$ BEGIN EXECUTE current_setting('my.statement'); END $$\")"


def report_of(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """Parse a JSON report; nothing else may be on standard output."""
    report = json.loads(done.stdout)
    assert report["version"] == 1
    return report


def test_kept_broken_unproven_and_no_check_have_their_exit_codes(project: Project) -> None:
    museum(project)
    kept = project.alembic("check-contracts", "--format", "json")
    assert (kept.returncode, report_of(kept)["status"]) == (0, "kept")
    project.revision("r2", DYNAMIC)
    unproven = project.alembic("check-contracts", "--format", "json")
    assert (unproven.returncode, report_of(unproven)["status"]) == (3, "unproven")
    assert report_of(unproven)["unproven"][0]["location"]["line"] == 14
    project.revision("r3", DROP)
    broken = project.alembic("check-contracts", "--format", "json")
    assert (broken.returncode, report_of(broken)["status"]) == (1, "broken")
    project.contract("object_images", "[]")
    assert project.alembic("check-contracts").returncode == 2


def test_unproven_warn_lets_it_pass(project: Project) -> None:
    museum(project)
    project.revision("r2", DYNAMIC)
    done = project.alembic("check-contracts", "--format", "json", env={"ALEMBIC_CONTRACTS_UNPROVEN": "warn"})
    assert (done.returncode, report_of(done)["status"]) == (0, "unproven")


@pytest.mark.parametrize("arguments", [(), ("--offline",), ("--format", "json"), ("--offline", "--format", "json")])
def test_both_command_lines_say_the_same(project: Project, arguments: tuple[str, ...]) -> None:
    museum(project)
    project.revision("r2", DROP)
    stock = project.alembic("check-contracts", *arguments)
    own = project.cli("check", *arguments)
    assert (stock.returncode, stock.stdout) == (own.returncode, own.stdout)
    assert stock.returncode == 1


def test_the_json_report_is_the_published_one(project: Project) -> None:
    museum(project)
    project.revision("r2", DROP)
    report = report_of(project.alembic("check-contracts", "--format", "json"))
    assert report["phase"] == "check"
    assert report["unproven"] == []
    assert report["checked"] == {"contracts": 1, "tables": 1, "facts": 21, "revisions": 1}
    [violation] = report["violations"]
    assert violation["message"]
    assert violation["remedy"]
    assert {key: value for key, value in violation.items() if key not in ("message", "remedy")} == {
        "rule": "column-exists",
        "severity": "error",
        "contract": "met-museum-data/object-images-contract-spec",
        "table": "public.object_images",
        "column": "primary_image",
        "expected": "present",
        "actual": "absent",
        "introduced": True,
        "owner": {"name": "Data Engineering Team", "email": "data-eng@museum.org"},
        "location": {"revision": "r2", "file": "migrations/versions/r2.py", "line": 14},
        "contract_location": {"file": "contracts/object_images.json", "line": 29},
        "breaks": ["reader", "writer", "cdc"],
        "transient": False,
        "sunset": None,
        "waiver": None,
        "at": None,
        "used_by": [],
    }


def test_nothing_is_changed(project: Project) -> None:
    project.contract("object_images", CONTRACT)
    project.revision("r1", CREATE)
    assert project.alembic("check-contracts").returncode == 0
    assert project.sql("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace") == [(0,)]


def test_offline_needs_neither_database_nor_driver(project: Project) -> None:
    project.contract("object_images", CONTRACT)
    project.revision("r1", CREATE)
    project.revision("r2", "bind = op.get_bind()\nassert sa.inspect(bind).has_table('object_images')\n" + DROP)
    code = (
        "import sys\nfor name in ('psycopg', 'psycopg2', 'asyncpg'): sys.modules[name] = None\n"
        "from alembic.config import main; main(['check-contracts', '--offline', '--format', 'json'])"
    )
    done = project.run("-c", code, env={"DATABASE_URL": "postgresql+psycopg://nobody@192.0.2.1/nowhere"})
    assert done.returncode == 1, done.stderr
    assert report_of(done)["violations"][0]["location"]["line"] == 16


def test_check_judges_what_did_not_hold_before_either(project: Project) -> None:
    museum(project)
    project.sql("ALTER TABLE object_images ALTER primary_image SET NOT NULL")
    report = report_of(project.alembic("check-contracts", "--format", "json"))
    [violation] = report["violations"]
    assert (violation["rule"], violation["severity"]) == ("column-nullable", "error")
    assert (violation["introduced"], violation["location"]) == (False, None)


def test_from_and_to(project: Project) -> None:
    museum(project)
    project.revision("r2", 'op.create_table("other", sa.Column("id", sa.Integer))')
    project.revision("r3", DROP)
    for mode in ((), ("--offline",)):
        assert project.alembic("check-contracts", *mode, "--to", "r2").returncode == 0
        from_r2 = project.alembic("check-contracts", *mode, "--from", "r2", "--format", "json")
        assert from_r2.returncode == 1
        assert report_of(from_r2)["checked"]["revisions"] == 1
        assert report_of(from_r2)["violations"][0]["introduced"]
        past = project.alembic("check-contracts", *mode, "--from", "r3", "--format", "json")
        assert past.returncode == 1
        assert not report_of(past)["violations"][0]["introduced"]
        unknown = project.alembic("check-contracts", *mode, "--to", "nonsense")
        assert unknown.returncode == 2
        assert "nonsense" in unknown.stderr
    project.alembic("upgrade", "r2")
    behind = project.alembic("check-contracts", "--to", "r1")
    assert behind.returncode == 2
    assert "--offline" in behind.stderr


def test_output_goes_to_a_file(project: Project) -> None:
    museum(project)
    done = project.alembic("check-contracts", "--format", "json", "--output", "report.json")
    assert (done.returncode, done.stdout) == (0, "")
    assert json.loads((project.path / "report.json").read_text())["status"] == "kept"
    assert project.alembic("check-contracts", "--output", "no/such/folder/report.txt").returncode == 2


@pytest.mark.parametrize("format_", FORMATS)
def test_every_format_is_offered(project: Project, format_: str) -> None:
    museum(project)
    project.revision("r2", DROP)
    done = project.alembic("check-contracts", "--format", format_)
    assert done.returncode == 1
    assert "primary_image" in done.stdout
    assert "Traceback" not in done.stderr


def test_a_fault_of_the_prediction_is_never_kept_and_never_broken(project: Project) -> None:
    museum(project)
    project.revision("r2", "pass")
    code = (
        "import sys, alembic_contracts.prediction.scripts.predict as run\n"
        "def predict(**_): raise RuntimeError('at fault')\n"
        "run.predict = predict\n"
        "from alembic.config import main; main(['check-contracts', *sys.argv[1:]])"
    )
    for arguments, exit_code in (((), 3), (("--offline",), 2)):
        done = project.run("-c", code, *arguments)
        assert done.returncode == exit_code
        assert "the prediction itself failed with RuntimeError: at fault" in " ".join(
            (done.stdout + done.stderr).split()
        )


def _no_contracts(project: Project) -> None:
    (project.path / "contracts" / "object_images.json").unlink()


def _no_server(project: Project) -> None:
    project.environment["DATABASE_URL"] = "postgresql+psycopg://nobody@127.0.0.1:1/nowhere"


def _broken_env(project: Project) -> None:
    project.write("migrations/env.py", "import no_such_module")


def _silent_env(project: Project) -> None:
    project.write("migrations/env.py", "pass")


def _unknown_revision(project: Project) -> None:
    project.sql("UPDATE alembic_version SET version_num = 'gone'")


def _both_settings(project: Project) -> None:
    project.write("alembic.ini", "[alembic]\n[alembic_contracts]\nenforce = strict\n")


def _wrong_setting(project: Project) -> None:
    project.environment["ALEMBIC_CONTRACTS_ENFORCE"] = "reprot"


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (_no_contracts, "contracts"),
        (_no_server, "refused"),
        (_broken_env, "no_such_module"),
        (_silent_env, "run_migrations"),
        (_unknown_revision, "gone"),
        (_both_settings, "alembic.ini"),
        (_wrong_setting, "report"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_cannot_be_checked_exits_with_2_and_no_traceback(project: Project, spoil: Any, word: str) -> None:
    museum(project)
    spoil(project)
    done = project.alembic("check-contracts", "--format", "json")
    assert done.returncode == 2
    assert done.stdout == ""
    assert word in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [("--format", "yaml"), ("--nonsense",), ("--from",)])
def test_wrong_usage_exits_with_2(project: Project, arguments: tuple[str, ...]) -> None:
    assert project.alembic("check-contracts", *arguments).returncode == 2
    assert project.cli("check", *arguments).returncode == 2


def test_no_contracts_at_all_is_not_kept(tmp_path: Path, database: str) -> None:
    project = Project.create(tmp_path / "bare", database)
    (project.path / "contracts").rmdir()
    project.write("pyproject.toml", (project.path / "pyproject.toml").read_text().split("[tool.alembic_contracts]")[0])
    assert project.alembic("check-contracts").returncode == 2


def test_quiet_is_for_what_is_kept_alone(project: Project) -> None:
    museum(project)
    done = project.alembic("check-contracts", "--quiet")
    assert (done.returncode, done.stdout) == (0, "")
    project.revision("r2", 'op.drop_column("object_images", "primary_image")')
    done = project.alembic("check-contracts", "--quiet")
    assert done.returncode == 1
    assert "primary_image no longer exists" in done.stdout


def test_verbose_says_what_was_read(project: Project) -> None:
    museum(project)
    project.write(
        "contracts/more.odcs.yaml",
        "kind: DataContract\napiVersion: v3.1.0\nid: more\nslaProperties: [{property: latency}]\ncolour: x\nschema:\n"
        "- name: object_images\n  properties: [{name: object_id, quality: [{type: text}]}]\n",
    )
    done = project.alembic("check-contracts", "--verbose", "--format", "json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["status"] == "kept"
    said = [line.removeprefix("verbose: ") for line in done.stderr.splitlines() if line.startswith("verbose: ")]
    assert said[0] == "settings: pyproject.toml"
    assert sorted(said[1:3]) == [
        "contract met-museum-data/object-images-contract-spec: contracts/object_images.json, 21 facts",
        "contract odcs/more: contracts/more.odcs.yaml, 2 facts",
    ]
    assert said[3] == "not read, as they are for other tools: quality, slaProperties"
    assert said[4] == "not known, so not read: the key `colour` (contracts/more.odcs.yaml:5)"
    assert said[5].startswith("database test_")
    assert said[5].endswith(": 0 pending revisions")
    assert said[6].startswith("kept, after ")
    assert "verbose" not in project.alembic("check-contracts").stderr


def test_a_type_that_the_database_has_not_is_refused_beforehand(project: Project) -> None:
    project.sql(
        "CREATE TYPE span AS RANGE (subtype = text, multirange_type_name = spans)",
        "CREATE TYPE mood AS ENUM ('a')",
        "CREATE DOMAIN email AS text",
        "CREATE TABLE people (id integer)",
    )
    museum(project)
    types = ("span", "spans", "spans[]", "mood", "_mood", "email", "people", "information_schema.sql_identifier", "xml")
    columns = ", ".join(f"ADD COLUMN c{number} {name}" for number, name in enumerate(types))
    project.revision("r2", f'op.execute("ALTER TABLE object_images {columns}")')
    done = project.alembic("check-contracts")
    assert done.returncode == 0, done.stdout
    assert project.alembic("upgrade", "head").returncode == 0
    for number, name in enumerate(("datetime", "double", "_moods", "public.text"), 3):
        project.revision(f"r{number}", f'op.execute("ALTER TABLE object_images ADD COLUMN x {name}")', down="r2")
        done = project.alembic("check-contracts", "--to", f"r{number}")
        assert done.returncode == 3
        assert f'This migration will fail: type "{name}" does not exist' in done.stdout
        assert f'type "{name}" does not exist' in project.alembic("upgrade", f"r{number}").stderr
