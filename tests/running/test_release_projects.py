"""``check --release`` on projects of each shape: templates, styles of models, ways to install, a database."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.project import ENV, Project
from tests.support.repository import commit, git
from tests.support.shop import ENV_PY, MODELS, NOWHERE, REF, release, shop, tag

if TYPE_CHECKING:
    from pathlib import Path

TABLES = """\
import sqlalchemy as sa

metadata = sa.MetaData()
orders = sa.Table(
    "orders",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("note", sa.String(50)),
)
"""
SQLMODEL = """\
from sqlmodel import Field, SQLModel


class Order(SQLModel, table=True):
    __tablename__ = "orders"

    id: int | None = Field(default=None, primary_key=True)
    note: str | None = Field(default=None, max_length=50)
"""
CREATE = """
op.create_table(
    "orders",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("note", sa.String(50)),
    sa.Column("unmapped", sa.Text),
)
"""
DROPS = 'op.drop_column("orders", "unmapped")\nop.drop_column("orders", "note")'


def broken(project: Project, *arguments: str) -> list[tuple[str, str, str]]:
    """Return what is broken, and where that is written; no model may have been passed over."""
    done = project.cli("check", "--release", REF, "--format", "json", *arguments)
    assert done.stdout, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    assert (report["notices"], report["unproven"]) == ([], [])
    assert done.returncode == (1 if report["violations"] else 0)
    return [
        (each["table"], each["column"], f"{each['contract_location']['file']}:{each['contract_location']['line']}")
        for each in report["violations"]
        if each["severity"] == "error"
    ]


@pytest.mark.parametrize(
    ("models", "metadata", "line"),
    [
        (TABLES, "from shop.models import metadata\n\ntarget_metadata = metadata", 8),
        (SQLMODEL, "import shop.models\nfrom sqlmodel import SQLModel\n\ntarget_metadata = SQLModel.metadata", 8),
        (TABLES, "from shop.models import metadata\n\ntarget_metadata = [sa.MetaData(), metadata]", 8),
    ],
    ids=["tables", "SQLModel", "a list"],
)
def test_models_of_other_styles(models: str, metadata: str, line: int, tmp_path: Path) -> None:
    project = shop(tmp_path, models=models, create=CREATE)
    project.write("migrations/env.py", "import sqlalchemy as sa\n" + ENV.replace("target_metadata = None", metadata))
    tag(project)
    project.revision("r2", DROPS)
    assert broken(project, "--offline") == [("public.orders", "note", f"shop/models.py:{line}")]


def generated(path: Path, template: str, url: str = NOWHERE) -> Project:
    """Return a project as Alembic's template makes it, whose env.py knows the models."""
    project = Project(path, url)
    project.write("shop/__init__.py", "")
    project.write("shop/models.py", TABLES)
    assert project.alembic("init", "-t", template, "migrations").returncode == 0
    ini = path / "alembic.ini"
    ini.write_text(re.sub(r"sqlalchemy.url = .*", f"sqlalchemy.url = {url}", ini.read_text()))
    return project


@pytest.mark.parametrize("template", ["generic", "async", "pyproject", "pyproject_async"])
def test_a_template_as_generated(template: str, tmp_path: Path) -> None:
    project = generated(tmp_path, template, NOWHERE.replace("psycopg", "asyncpg") if "async" in template else NOWHERE)
    env = tmp_path / "migrations/env.py"
    text = env.read_text().replace("target_metadata = None", "from shop.models import metadata as target_metadata")
    env.write_text(text)
    project.revision("r1", CREATE)
    git(project, "init", "-q", "-b", "main")
    tag(project)
    project.revision("r2", DROPS)
    assert broken(project, "--offline") == [("public.orders", "note", "shop/models.py:8")]


def test_several_databases(tmp_path: Path) -> None:
    project = generated(tmp_path, "multidb")
    project.write("shop/others.py", TABLES.replace("orders", "invoices"))
    env = tmp_path / "migrations/env.py"
    known = "{'engine1': models.metadata, 'engine2': others.metadata}"
    text = env.read_text().replace(
        "target_metadata = {}", f"from shop import models, others\n\ntarget_metadata = {known}"
    )
    env.write_text(text)
    invoices = CREATE.replace("orders", "invoices")
    project.write("migrations/versions/r1.py", several("r1", None, CREATE, invoices))
    git(project, "init", "-q", "-b", "main")
    tag(project)
    project.write("migrations/versions/r2.py", several("r2", "r1", "pass", DROPS.replace("orders", "invoices")))
    assert broken(project, "--offline") == [("public.invoices", "note", "shop/others.py:8")]
    (tmp_path / "migrations/versions/r2.py").unlink()
    rewritten = invoices.replace('    sa.Column("note", sa.String(50)),\n', "")
    project.write("migrations/versions/r1.py", several("r1", None, CREATE, rewritten))
    assert broken(project, "--offline") == [("public.invoices", "note", "shop/others.py:8")]
    ini = tmp_path / "alembic.ini"
    ini.write_text(ini.read_text().replace("engine2", "engine3"))
    text = (tmp_path / "migrations/versions/r1.py").read_text().replace("engine2", "engine3")
    project.write("migrations/versions/r1.py", text)
    env.write_text(env.read_text().replace("engine2", "engine3"))
    done = project.cli("check", "--release", REF, "--offline")
    assert done.returncode == 0, done.stderr
    assert f"release {REF} has no models for the database" in " ".join(done.stdout.split())


def several(name: str, down: str | None, one: str, other: str) -> str:
    """Return a version script for two databases."""
    text = f"revision = {name!r}\ndown_revision = {down!r}\nfrom alembic import op\nimport sqlalchemy as sa\n\n"
    text += "def upgrade(engine_name):\n    globals()['upgrade_' + engine_name]()\n\n"
    text += "def downgrade(engine_name):\n    pass\n\n"
    for engine, script in (("engine1", one), ("engine2", other)):
        lines = "".join(f"    {line}\n" for line in script.strip("\n").splitlines())
        text += f"def upgrade_{engine}():\n{lines}\n"
    return text


def test_an_env_py_that_always_connects(tmp_path: Path) -> None:
    project = shop(tmp_path)
    project.write("migrations/env.py", ENV_PY.replace("if context.is_offline_mode():", "if False:"))
    tag(project)
    project.revision("r2", 'op.drop_column("orders", "note")')
    assert broken(project, "--offline", "--dialect", "postgresql") == [("public.orders", "note", "shop/models.py:22")]


@pytest.mark.parametrize("how", ["installed", "to be edited"])
def test_an_application_that_is_installed(how: str, tmp_path: Path) -> None:
    """What is imported is the application as it is at the ref, not as it is installed."""
    project = shop(tmp_path / "project", create=CREATE, models=TABLES)
    project.write(
        "migrations/env.py", ENV_PY.replace("import Base", "import metadata").replace("Base.metadata", "metadata")
    )
    text = (project.path / "pyproject.toml").read_text()
    project.write("pyproject.toml", text.replace('prepend_sys_path = ["%(here)s"]\n', ""))
    (project.path / "src").mkdir()
    shutil.move(project.path / "shop", project.path / "src/shop")
    tag(project)
    project.write("src/shop/models.py", TABLES.replace('    sa.Column("note", sa.String(50)),\n', ""))
    project.revision("r2", DROPS)
    commit(project)
    site = tmp_path / "site-packages"
    shutil.copytree(project.path / "src", site)
    project.environment["PYTHONPATH"] = str(site if how == "installed" else project.path / "src")
    assert broken(project, "--offline") == [("public.orders", "note", "src/shop/models.py:8")]


def test_in_a_folder_of_the_repository(tmp_path: Path) -> None:
    project = shop(tmp_path / "backend", create=CREATE, models=MODELS)
    shutil.move(tmp_path / "backend/.git", tmp_path / ".git")
    tag(project)
    project.revision("r2", 'op.drop_column("orders", "note")')
    assert broken(project, "--offline") == [("public.orders", "note", "shop/models.py:22")]


def test_a_database_that_has_it_done_already_cannot_take_the_release_back(tmp_path: Path, database: str) -> None:
    """What to ask before a rollback: nothing is pending, and yet the release cannot run there."""
    project = release(tmp_path)
    project.database = database
    assert project.alembic("upgrade", "r1").returncode == 0
    assert broken(project) == []
    project.revision("r2", 'op.add_column("orders", sa.Column("n", sa.Integer, nullable=False))')
    project.revision("r3", 'op.drop_column("orders", "note")\nop.drop_column("orders", "unmapped")')
    expected = [("public.orders", "note", "shop/models.py:22"), ("public.orders", None, "shop/models.py:16")]
    assert sorted(broken(project), key=str) == sorted(expected, key=str), "pending"
    assert project.alembic("upgrade", "r2").returncode == 0
    assert sorted(broken(project), key=str) == sorted(expected, key=str), "in part"
    assert project.alembic("upgrade", "head").returncode == 0
    assert sorted(broken(project), key=str) == sorted(expected, key=str), "done"
    said = project.cli("check", "--release", REF).stdout
    assert said.count("already so: no checked revision caused it") == 2, said
