"""``alembic revision --autogenerate`` and ``alembic check`` held to the contracts, through real processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.object_images import museum
from tests.support.project import Project

if TYPE_CHECKING:
    from pathlib import Path

MODELS = """
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    {base}


class Image(Base):
    __tablename__ = "object_images"
    object_id = sa.Column(sa.Integer, primary_key=True, autoincrement=False)
    primary_image = sa.Column({type})
    additional_images = sa.Column(sa.ARRAY(sa.Text))
    created_at = sa.Column(sa.DateTime, nullable=False, server_default=sa.text("CURRENT_TIMESTAMP"))
    {more}
"""


def models(project: Project, *, type_: str = "sa.Text", more: str = "pass", base: str = "pass", **options: str) -> None:
    """Write models.py, and have env.py compare it, with more arguments for ``context.configure``."""
    text = MODELS.format(type=type_, more=more, base=base)
    if not type_:
        text = text.replace("    primary_image = sa.Column()\n", "")
    project.write("models.py", text)
    env = project.path / "migrations/env.py"
    source = env.read_text()
    if "models" not in source:
        source = source.replace("target_metadata = None", "import models\ntarget_metadata = models.Base.metadata")
    arguments = "".join(f", {name}={value}" for name, value in options.items())
    source = source.replace("connection=connection, target_metadata=target_metadata)",
                            f"connection=connection, target_metadata=target_metadata{arguments})")  # fmt: skip
    env.write_text(source)


def scripts(project: Project) -> list[str]:
    return sorted(path.name for path in (project.path / "migrations/versions").glob("*.py"))


@pytest.fixture
def imaged(project: Project) -> Project:
    museum(project)
    project.environment["PYTHONPATH"] = str(project.path)
    return project


def autogenerate(project: Project):
    return project.alembic("revision", "--autogenerate", "-m", "change")


@pytest.mark.parametrize(
    ("type_", "said", "do"),
    [
        ("", "public.object_images.primary_image no longer exists", "no longer have"),
        (
            "sa.String(50)",
            "public.object_images.primary_image has the type character varying(50) instead of text",
            "change",
        ),
    ],
)
def test_models_that_break_a_contract_give_no_revision(imaged: Project, type_: str, said: str, do: str) -> None:
    models(imaged, type_=type_)
    before = scripts(imaged)
    done = autogenerate(imaged)
    assert done.returncode != 0
    assert said in " ".join(done.stderr.split())
    told = " ".join(done.stderr.split())
    assert (
        f"No revision was written: your models {do} public.object_images.primary_image, on which the contract "
        "met-museum-data/object-images-contract-spec relies (contracts/object_images.json:"
    ) in told
    assert f"--> your models would {'drop' if not type_ else 'change'} public.object_images.primary_image" in told
    assert 'set autogenerate = "warn" (ALEMBIC_CONTRACTS_AUTOGENERATE=warn)' in told
    assert "Nothing was run" not in told
    assert "outside the version scripts" not in told
    assert "Your models would break data contracts; no revision was written." in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert scripts(imaged) == before
    checked = imaged.alembic("check")
    assert checked.returncode != 0
    assert said in " ".join(checked.stderr.split())


def test_models_that_keep_it_give_the_same_file_as_without_us(imaged: Project) -> None:
    models(
        imaged,
        more="kind = sa.Column(sa.Text); n = sa.Column(sa.Numeric(3, 1), unique=True)\n"
        '    parent = sa.Column(sa.ForeignKey("object_images.object_id"))',
        base='metadata = sa.MetaData(naming_convention={"uq": "uq_%(column_0_name)s", "fk": "fk_%(column_0_name)s"})',
    )
    done = autogenerate(imaged)
    assert done.returncode == 0, done.stderr
    [ours] = set(scripts(imaged)) - {"r1.py"}
    text = (imaged.path / "migrations/versions" / ours).read_text()
    (imaged.path / "migrations/versions" / ours).unlink()
    imaged.environment["ALEMBIC_CONTRACTS_AUTOGENERATE"] = "off"
    assert autogenerate(imaged).returncode == 0
    [theirs] = set(scripts(imaged)) - {"r1.py"}
    plain = (imaged.path / "migrations/versions" / theirs).read_text()
    assert text.replace(ours.partition("_")[0], "") == plain.replace(theirs.partition("_")[0], "")
    assert "op.create_foreign_key" in text
    assert imaged.alembic("upgrade", "head").returncode == 0, "what was judged can be run"


def test_nothing_to_do_says_nothing(imaged: Project) -> None:
    models(imaged)
    assert imaged.alembic("check").returncode == 0


@pytest.mark.parametrize(("setting", "shown"), [("warn", True), ("off", False)])
def test_settings(imaged: Project, setting: str, shown: bool) -> None:
    models(imaged, type_="")
    pyproject = imaged.path / "pyproject.toml"
    pyproject.write_text(f'{pyproject.read_text()}autogenerate = "{setting}"\n')
    done = autogenerate(imaged)
    assert done.returncode == 0, done.stdout
    assert ("no longer exists" in done.stderr) is shown
    assert ('Going on, because autogenerate = "warn" is set' in done.stderr) is shown
    assert len(scripts(imaged)) == 2
    assert imaged.alembic("upgrade", "head").returncode != 0, "the upgrade is refused all the same"


def test_an_unknown_setting(imaged: Project) -> None:
    models(imaged, type_="")
    imaged.environment["ALEMBIC_CONTRACTS_AUTOGENERATE"] = "warm"
    done = autogenerate(imaged)
    assert done.returncode != 0
    assert "warn" in done.stdout


def test_the_emergency_exit(imaged: Project) -> None:
    models(imaged, type_="")
    imaged.environment["ALEMBIC_CONTRACTS_ENFORCE"] = "report"
    done = autogenerate(imaged)
    assert done.returncode == 0
    assert "no longer exists" in done.stderr


def test_a_list_of_plugins_that_leaves_us_out_makes_no_difference(imaged: Project) -> None:
    models(imaged, type_="", autogenerate_plugins='["alembic.autogenerate.*", "~alembic_contracts"]')
    assert autogenerate(imaged).returncode != 0
    assert scripts(imaged) == ["r1.py"]


def test_without_guard_the_plugin_can_be_listed(imaged: Project) -> None:
    models(imaged, type_="", autogenerate_plugins='["alembic.autogenerate.*", "alembic_contracts"]')
    env = imaged.path / "migrations/env.py"
    env.write_text(env.read_text().replace(", alembic_contracts.guard(context)", ""))
    done = autogenerate(imaged)
    assert done.returncode != 0
    assert "no longer exists" in done.stderr
    assert scripts(imaged) == ["r1.py"]


def test_what_the_users_own_function_makes_of_it_counts(imaged: Project) -> None:
    """It takes the break out of the operations, or puts one in."""
    models(imaged, type_="", process_revision_directives="models.nothing")
    with (imaged.path / "models.py").open("a") as file:
        file.write("\n\ndef nothing(context, revision, directives):\n    directives[0].upgrade_ops.ops[:] = []\n")
    assert autogenerate(imaged).returncode == 0
    assert len(scripts(imaged)) == 2
    imaged.alembic("upgrade", "head")
    models(imaged)
    with (imaged.path / "models.py").open("a") as file:
        file.write(
            "\n\ndef nothing(context, revision, directives):\n    from alembic.operations import ops\n"
            "    directives[0].upgrade_ops.ops.append(ops.DropTableOp('object_images'))\n"
        )
    done = autogenerate(imaged)
    assert done.returncode != 0
    assert "public.object_images no longer exists" in done.stderr


def test_a_table_that_nobody_contracted_may_go(imaged: Project) -> None:
    imaged.sql("CREATE TABLE notes (id int)")
    models(imaged)
    done = autogenerate(imaged)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("notes") <= 2


def test_revisions_without_autogenerate_cost_nothing(imaged: Project) -> None:
    models(imaged, type_="")
    assert imaged.alembic("revision", "-m", "empty").returncode == 0


IN_BATCHES = """
import sqlalchemy as sa

metadata = sa.MetaData()
t = sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True), {columns})
"""
AS_BATCHES = {
    "kept": (
        'sa.Column("a", sa.Integer, nullable=False), sa.Column("b", sa.Text), sa.UniqueConstraint("b", name="uq_b")',
        "",
    ),
    "nullable": ('sa.Column("a", sa.Integer), sa.Column("b", sa.Text)', "main.t.a is nullable instead of NOT NULL"),
    "another type": (
        'sa.Column("a", sa.Integer, nullable=False), sa.Column("b", sa.Integer)',
        "main.t.b has the type INTEGER instead of TEXT",
    ),
    "gone": ('sa.Column("a", sa.Integer, nullable=False)', "main.t.b no longer exists"),
}


@pytest.mark.parametrize("what", AS_BATCHES)
def test_what_is_written_in_batch_mode_is_judged_in_batch_mode(what: str, tmp_path: Path) -> None:
    columns, said = AS_BATCHES[what]
    project = Project.create(tmp_path / "project", f"sqlite:///{tmp_path / 'database.db'}")
    stated = {"a": {"constraints": {"is_nullable": False}}, "b": {"constraints": {"data_type": "TEXT"}}}
    project.contract(
        "t",
        {
            "spec-version": "1.0.0",
            "name": "t",
            "namespace": "n",
            "owner": {"name": "o"},
            "dataAssetResourceName": "sqlite:///t",
            "schema": {"table_name": "t", "properties": stated},
        },
    )
    more = 'sa.Column("a", sa.Integer, nullable=False), sa.Column("b", sa.Text)'
    project.revision("r1", f'op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), {more})')
    assert project.alembic("upgrade", "head").returncode == 0
    project.write("models.py", IN_BATCHES.format(columns=columns))
    env = (project.path / "migrations/env.py").read_text()
    env = env.replace("target_metadata = None", "import models\ntarget_metadata = models.metadata")
    env = env.replace("target_metadata=target_metadata)", "target_metadata=target_metadata, render_as_batch=True)")
    project.write("migrations/env.py", env)
    project.environment["PYTHONPATH"] = str(project.path)
    done = autogenerate(project)
    told = " ".join(done.stderr.split())
    assert (done.returncode == 0, said in told) == (not said, True), done.stderr
    assert "will fail" not in told
    assert scripts(project) == ["r1.py"] or not said
    if not said:
        assert done.stderr == ""
        assert project.alembic("upgrade", "head").returncode == 0
