"""``alembic-contracts init`` and ``doctor``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from alembic_contracts.running import env_py
from tests.support.object_images import CONTRACT, CREATE, museum

if TYPE_CHECKING:
    from tests.support.project import Project

HEAD = "from alembic import context\nimport x\n\n\n"

EDITS = {
    "with context.begin_transaction():\n    context.run_migrations()\n": (
        "with context.begin_transaction(), alembic_contracts.guard(context):\n    context.run_migrations()\n"
    ),
    "with connect() as c, context.begin_transaction():  # here\n    context.run_migrations(a=1)\n": (
        "with connect() as c, context.begin_transaction(), alembic_contracts.guard(context):  # here\n"
        "    context.run_migrations(a=1)\n"
    ),
    "def f():\n    context.run_migrations(\n        a=1,\n    )\n": (
        "def f():\n    with alembic_contracts.guard(context):\n"
        "        context.run_migrations(\n            a=1,\n        )\n"
    ),
}


@pytest.mark.parametrize("body", EDITS)
def test_the_line_is_added_and_all_else_stays(body: str) -> None:
    edited = env_py.with_guard(HEAD + body)
    assert edited.text == HEAD.replace("import context\n", "import context\nimport alembic_contracts\n") + EDITS[body]
    again = env_py.with_guard(edited.text)
    assert (again.added, again.text) == (0, edited.text)


def test_line_ends_stay() -> None:
    source = (HEAD + next(iter(EDITS))).replace("\n", "\r\n")
    edited = env_py.with_guard(source)
    assert "\n" not in edited.text.replace("\r\n", "")


@pytest.mark.parametrize("source", ["", "context.run_migrations(", "run()\n"])
def test_what_is_not_understood(source: str) -> None:
    with pytest.raises(env_py.NotUnderstoodError):
        env_py.with_guard(source)


def test_an_env_that_cannot_be_edited_is_told_what_to_paste(project: Project) -> None:
    project.write("migrations/env.py", "import elsewhere\nelsewhere.run()\n")
    done = project.cli("init", "--yes")
    assert done.returncode == 2
    assert "with context.begin_transaction(), alembic_contracts.guard(context):" in done.stderr
    assert "Traceback" not in done.stderr


def test_it_asks(project: Project) -> None:
    env = project.path / "migrations/env.py"
    env.write_text(env.read_text().replace(", alembic_contracts.guard(context)", ""))
    before = env.read_text()
    done = project.cli("init")
    assert done.returncode == 1
    assert "+    with context.begin_transaction(), alembic_contracts.guard(context):" in done.stdout
    assert env.read_text() == before


def test_no_project(project: Project) -> None:
    (project.path / "pyproject.toml").unlink()
    for command in ("init", "doctor"):
        done = project.cli(command)
        assert done.returncode == 2
        assert "There is no Alembic project here" in done.stderr


@pytest.mark.parametrize("command", ["init", "lint", "check"])
def test_settings_that_are_no_toml(command: str, project: Project) -> None:
    project.write("pyproject.toml", "[tool.alembic_contracts\n")
    done = project.cli(command)
    assert done.returncode == 2
    assert "pyproject.toml:1:" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_env_that_lacks_a_package_is_no_flask_application(project: Project) -> None:
    project.contract("object_images", CONTRACT)
    project.revision("r1", CREATE)
    env = project.path / "migrations/env.py"
    env.write_text(f"import no_such_package\n{env.read_text()}")
    done = project.cli("check")
    assert done.returncode == 2
    assert "Install what it needs, or leave env.py out with --offline --dialect postgresql." in done.stderr
    assert project.cli("check", "--offline", "--dialect", "postgresql").returncode == 0


def found(project: Project) -> dict[str, tuple[str, str]]:
    done = project.cli("doctor", "--format", "json")
    rows = json.loads(done.stdout)["findings"]
    assert done.returncode == int(any(row["status"] == "problem" for row in rows))
    return {row["check"]: (row["status"], row["message"]) for row in rows}


def test_a_project_in_good_health(project: Project) -> None:
    museum(project)
    rows = found(project)
    assert {status for status, _ in rows.values()} == {"ok"}
    assert "PostgreSQL" in rows["database"][1]


def test_what_the_doctor_finds(project: Project) -> None:
    museum(project)
    env = project.path / "migrations/env.py"
    env.write_text(env.read_text().replace(", alembic_contracts.guard(context)", ""))
    contract = project.path / "contracts/object_images.json"
    contract.write_text(contract.read_text().replace('"object_images"', '"nothing"'))
    with (project.path / "pyproject.toml").open("a") as file:
        file.write('enforce = "report"\nautogenerate = "off"\nrules = { primary-key = "off" }\n')
    rows = found(project)
    assert rows["guard"] == ("problem", "missing in migrations/env.py (2 times): run `alembic-contracts init`")
    assert rows["enforce"][0] == "problem"
    assert rows["autogenerate"][0] == "note"
    assert rows["rules"] == ("note", "switched off: primary-key")
    assert "public.nothing, which is not there" in rows["tables"][1]


@pytest.mark.parametrize(
    ("file", "text", "check", "said"),
    [
        ("contracts/object_images.json", "{", "contracts", "not valid, see `alembic-contracts lint`"),
        (
            "pyproject.toml",
            "[tool.alembic]\nscript_location = 'migrations'\n[tool.alembic_contracts]\nx = 1\n",
            "settings",
            "`x`",
        ),
    ],
)
def test_problems_of_files(project: Project, file: str, text: str, check: str, said: str) -> None:
    museum(project)
    project.write(file, text)
    status, message = found(project)[check]
    assert status == "problem"
    assert said in message


def test_a_database_that_is_not_there_is_a_note(project: Project) -> None:
    museum(project)
    project.database = "postgresql+psycopg://nobody@127.0.0.1:1/none"
    assert found(project)["database"][0] == "note"
