"""Every way to run Alembic, each as it is generated, with the line that ``alembic-contracts init`` adds."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from tests.support.project import Project

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

TEMPLATES = ("generic", "async", "pyproject", "pyproject_async")


def contract(table: str, column: str, **more: Any) -> str:
    return json.dumps(
        {
            "spec-version": "1.0.0",
            "name": table,
            "namespace": "shop",
            "owner": {"name": "Shop", "email": "shop@museum.org"},
            "schema": {"table_name": table, "properties": {column: {}}, **more},
        }
    )


def revision(project: Project, name: str, upgrade: str, down: str | None) -> None:
    project.write(
        f"migrations/versions/{name}.py",
        f'"""{name}"""\nfrom alembic import op\n\nrevision = {name!r}\ndown_revision = {down!r}\n'
        f"\n\ndef upgrade():\n    {upgrade}\n\n\ndef downgrade():\n    pass\n",
    )


def version(database: str) -> list[str]:
    engine = sa.create_engine(database, poolclass=sa.NullPool)
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return []
        return sorted(connection.scalars(sa.text("SELECT version_num FROM alembic_version")))


def generated(tmp_path: Path, template: str, database: str) -> Project:
    """A project from one of Alembic's templates, its URL set, with ``init`` run twice."""
    project = Project(tmp_path, database)
    made = project.alembic("init", "-t", template, "migrations")
    assert made.returncode == 0, made.stderr
    ini = tmp_path / "alembic.ini"
    escaped = database.replace("%", "%%")
    text = ini.read_text()
    if template == "multidb":
        urls = iter((escaped, escaped))
        text = re.sub(r"sqlalchemy.url = .*", lambda _match: f"sqlalchemy.url = {next(urls)}", text)
    ini.write_text(re.sub(r"sqlalchemy.url = .*", f"sqlalchemy.url = {escaped}", text))
    before = (tmp_path / "migrations/env.py").read_text()
    done = project.cli("init", "--yes")
    assert done.returncode == 0, done.stderr
    assert "+import alembic_contracts" in done.stdout
    after = (tmp_path / "migrations/env.py").read_text()
    assert [line for line in before.splitlines() if line.strip().rstrip(":") not in after] == []
    again = project.cli("init", "--yes")
    assert (again.returncode, again.stdout) == (0, "Everything is set up already.\n")
    return project


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_as_generated(template: str, tmp_path: Path, database: str) -> None:
    project = generated(tmp_path, template, database)
    settings = tmp_path / ("pyproject.toml" if template.startswith("pyproject") else "alembic.ini")
    assert "alembic_contracts]\n" in settings.read_text()
    assert "Data contracts" in (tmp_path / "contracts/README.md").read_text()
    empty = project.alembic("upgrade", "head")
    assert "alembic-contracts generate" in (tmp_path / "contracts/README.md").read_text()
    revision(project, "r1", 'op.execute("CREATE TABLE orders (id int, total int)")', None)
    empty = project.alembic("upgrade", "head")
    assert empty.returncode == 0, empty.stderr
    assert "note: There are no contracts in `contracts`" in empty.stderr
    assert version(database) == ["r1"]
    project.write("contracts/orders.json", contract("orders", "total"))
    done = project.alembic("upgrade", "head")
    assert done.returncode == 0, done.stderr
    assert version(database) == ["r1"]
    revision(project, "r2", 'op.drop_column("orders", "total")', "r1")
    refused = project.alembic("upgrade", "head")
    assert refused.returncode != 0
    assert "public.orders.total no longer exists" in refused.stderr
    assert version(database) == ["r1"]
    for arguments in ((), ("--offline",)):
        checked = project.alembic("check-contracts", *arguments)
        assert checked.returncode == 1, checked.stderr
    doctor = project.cli("doctor")
    assert doctor.returncode == 0, doctor.stdout
    sql = project.alembic("upgrade", "r1:head", "--sql")
    assert sql.returncode != 0


@pytest.fixture
def two(databases: Any) -> Iterator[tuple[str, str]]:
    with databases.new() as one, databases.new() as other:
        yield one, other


def test_several_databases_each_with_its_own_contracts(tmp_path: Path, two: tuple[str, str]) -> None:
    project = generated(tmp_path, "multidb", two[0])
    ini = tmp_path / "alembic.ini"
    head, _, tail = ini.read_text().rpartition("sqlalchemy.url = ")
    ini.write_text(f"{head}sqlalchemy.url = {two[1].replace('%', '%%')}\n{tail.partition(chr(10))[2]}")
    project.write("contracts/orders.json", contract("orders", "total", table_catalog="engine1"))
    project.write("contracts/notes.json", contract("notes", "text", table_catalog=str(sa.make_url(two[1]).database)))

    def scripts(name: str, one: str, other: str, down: str | None) -> None:
        project.write(
            f"migrations/versions/{name}.py",
            f"from alembic import op\nrevision = {name!r}\ndown_revision = {down!r}\n\n\n"
            "def upgrade(engine_name):\n    globals()[f'upgrade_{engine_name}']()\n\n\n"
            "def downgrade(engine_name):\n    pass\n\n\n"
            f"def upgrade_engine1():\n    {one}\n\n\ndef upgrade_engine2():\n    {other}\n",
        )

    scripts("r1", 'op.execute("CREATE TABLE orders (total int)")', 'op.execute("CREATE TABLE notes (text text)")', None)
    done = project.alembic("upgrade", "head")
    assert done.returncode == 0, done.stderr
    for arguments in ((), ("--offline",)):
        checked = project.alembic("check-contracts", *arguments)
        assert checked.returncode == 0, checked.stdout
        assert "2 contracts, 4 facts on 2 tables" in checked.stdout
        assert "names the database" not in checked.stdout + done.stderr  # the engine's name is the database's
    scripts("r2", "pass", 'op.drop_column("notes", "text")', "r1")
    refused = project.alembic("upgrade", "head")
    assert refused.returncode != 0
    assert "public.notes.text no longer exists" in refused.stderr
    assert [version(url) for url in two] == [["r1"], ["r1"]]
    assert project.alembic("check-contracts").returncode == 1
    project.write("contracts/orders.json", contract("orders", "total", table_catalog="engine3"))
    unknown = project.alembic("check-contracts")
    assert unknown.returncode == 2
    assert "is about the database engine3, which is none of those that env.py migrates: engine1" in unknown.stderr


FLASK = """
import os
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from flask_migrate import Migrate

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DATABASE_URL"]
db = SQLAlchemy(app)
migrate = Migrate(app, db)
"""


def test_flask_migrate(tmp_path: Path, database: str) -> None:
    project = Project(tmp_path, database)
    project.write("app.py", FLASK)

    def flask(*arguments: str) -> subprocess.CompletedProcess[str]:
        return project.run("-W", "ignore", "-m", "flask", "db", *arguments)

    assert flask("init").returncode == 0
    done = project.cli("-c", "migrations/alembic.ini", "init", "--yes", "--contracts", "../contracts")
    assert done.returncode == 0, done.stderr
    project.write("contracts/orders.json", contract("orders", "total"))
    revision(project, "r1", 'op.execute("CREATE TABLE orders (id int, total int)")', None)
    done = flask("upgrade")
    assert done.returncode == 0, done.stderr
    revision(project, "r2", 'op.drop_column("orders", "total")', "r1")
    refused = flask("upgrade")
    assert refused.returncode != 0
    assert "public.orders.total no longer exists" in refused.stderr
    assert version(database) == ["r1"]
    checked = flask("check")
    assert "Traceback" not in checked.stderr


def test_from_code_with_a_connection_of_its_own(project: Project) -> None:
    project.write("contracts/orders.json", contract("orders", "total"))
    project.revision("r1", 'op.execute("CREATE TABLE orders (id int, total int)")')
    project.revision("r2", 'op.drop_column("orders", "total")')
    env = project.path / "migrations/env.py"
    env.write_text(
        env.read_text().replace(
            "    engine = create_engine(url, poolclass=NullPool)\n    with engine.connect() as connection:\n",
            "    connection = context.config.attributes['connection']\n    if True:\n",
        )
    )
    project.write(
        "main.py",
        "import os, sys\nimport sqlalchemy as sa\nfrom alembic import command\nfrom alembic.config import Config\n"
        "from alembic.util import CommandError\n"
        "config = Config(toml_file='pyproject.toml')\n"
        "engine = sa.create_engine(os.environ['DATABASE_URL'])\n"
        "with engine.begin() as connection:\n"
        "    config.attributes['connection'] = connection\n    command.upgrade(config, 'r1')\n"
        "try:\n    with engine.begin() as connection:\n        config.attributes['connection'] = connection\n"
        "        command.upgrade(config, 'head')\n"
        "except CommandError as error:\n    print('refused', error.report.status)\n",
    )
    done = project.run("main.py")
    assert done.stdout.strip() == "refused broken", done.stderr
    assert version(project.database) == ["r1"]


READERS = (
    ("generate", "public.orders", "--stdout"),
    ("plan",),
    ("coverage",),
    ("snapshot", "--output", "-"),
    ("docs", "--output", "site"),
)
"""Commands that look at a schema."""


@pytest.mark.parametrize("arguments", READERS, ids=lambda arguments: str(arguments[0]))
def test_flask_migrate_from_our_command_line(arguments: tuple[str, ...], tmp_path: Path, database: str) -> None:
    project = Project(tmp_path, database)
    project.write("app.py", FLASK)
    assert project.run("-W", "ignore", "-m", "flask", "db", "init").returncode == 0
    ours = ("-W", "ignore", "-c", "from alembic_contracts.cli import main; main()", "-c", "migrations/alembic.ini")
    assert project.run(*ours, "init", "--yes", "--contracts", "../contracts").returncode == 0
    project.write("contracts/orders.json", contract("orders", "total"))
    revision(project, "r1", 'op.execute("CREATE TABLE orders (id int, total int)")', None)
    assert project.run("-W", "ignore", "-m", "flask", "db", "upgrade").returncode == 0
    done = project.run(*ours, *arguments)
    assert done.returncode == 0, done.stderr
    (tmp_path / "app.py").rename(tmp_path / "application.py")
    named = project.run(*ours, *arguments, env={"FLASK_APP": "application"})
    assert (named.returncode, named.stdout) == (0, done.stdout), named.stderr
    lost = project.run(*ours, *arguments)
    assert lost.returncode == 2
    assert "name it in FLASK_APP where it is Flask's, or leave env.py out with --offline --dialect" in lost.stderr
    without = project.run(*ours, *arguments, "--offline", "--dialect", "postgresql")
    assert without.returncode == 0, without.stderr


@pytest.mark.parametrize("arguments", READERS, ids=lambda arguments: str(arguments[0]))
def test_one_of_several_databases(arguments: tuple[str, ...], tmp_path: Path, two: tuple[str, str]) -> None:
    project = generated(tmp_path, "multidb", two[0])
    project.write("contracts/orders.json", contract("orders", "total"))
    revision(project, "r1", "op.execute('CREATE TABLE orders (id int, total int)')", None)
    script = tmp_path / "migrations/versions/r1.py"
    script.write_text(script.read_text().replace("upgrade()", "upgrade(engine_name)"))
    plain = project.cli(*arguments, "--offline")
    if arguments[0] != "plan":  # which shows each
        assert plain.returncode == 2
        assert "name it with --database (engine1, engine2)" in plain.stderr
    for name in ("engine1", "engine2"):
        done = project.cli(*arguments, "--offline", "--database", name)
        assert done.returncode == 0, done.stderr
    wrong = project.cli(*arguments, "--offline", "--database", "engine3")
    assert (wrong.returncode, wrong.stderr.splitlines()[-1]) == (
        2,
        "env.py migrates no database `engine3`; it migrates engine1, engine2.",
    )
