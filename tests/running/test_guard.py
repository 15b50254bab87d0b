"""``alembic upgrade`` under guard, through real processes: refused before anything runs, or at the commit."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING

import pytest

from tests.support.object_images import CONTRACT, CREATE, UNSEEN, museum, state

if TYPE_CHECKING:
    import subprocess

    from tests.support.project import Project

DROP = 'op.drop_column("object_images", "primary_image")'


DROP_IMAGES = 'op.drop_table("object_images")'


def refused(project: Project, *command: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command that must be refused and leave the database as it was."""
    before = state(project)
    done = project.alembic(*(command or ("upgrade", "head")), env=env)
    assert done.returncode != 0, done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert state(project) == before
    return done


def accepted(project: Project, *command: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    done = project.alembic(*(command or ("upgrade", "head")), env=env)
    assert done.returncode == 0, done.stderr
    return done


def test_a_break_is_refused_before_anything_runs(project: Project) -> None:
    museum(project)
    project.revision("r2", "print('r2 ran')\n" + DROP)
    done = refused(project)
    assert "r2 ran" not in done.stdout
    for word in (
        "column-exists",
        "public.object_images.primary_image",
        "migrations/versions/r2.py:15",
        DROP,
        "contracts/object_images.json:29",
        "met-museum-data/object-images-contract-spec",
        "Data Engineering Team",
        "data-eng@museum.org",
    ):
        assert word in done.stderr
    assert "nothing was run" in done.stdout


def test_the_first_migration_of_all_is_refused_without_a_version_table(project: Project) -> None:
    project.contract("object_images", CONTRACT)
    project.revision("r1", CREATE.replace("primary_image", "image"))
    refused(project)
    assert state(project) == []


def test_what_nobody_names_may_go(project: Project) -> None:
    museum(project)
    project.revision("r2", 'op.add_column("object_images", sa.Column("note", sa.Text))')
    project.revision("r3", 'op.drop_column("object_images", "note")\nop.create_table("other", sa.Column("a", sa.Text))')
    told = accepted(project).stderr
    assert "object_images" not in told
    assert told.count("names the database 'postgres' as table_catalog") == 1  # contracts travel: a warning, once


def test_only_the_net_effect_counts(project: Project) -> None:
    museum(project)
    project.revision("r2", 'op.alter_column("object_images", "primary_image", new_column_name="image")')
    project.revision("r3", 'op.alter_column("object_images", "image", new_column_name="primary_image")')
    accepted(project)


def test_a_commit_in_between_is_judged(project: Project) -> None:
    museum(project)
    _configure(project, "transaction_per_migration=True")
    project.revision("r2", 'op.alter_column("object_images", "primary_image", new_column_name="image")')
    project.revision("r3", 'op.alter_column("object_images", "image", new_column_name="primary_image")')
    assert "r2.py" in refused(project).stderr


@pytest.mark.parametrize("options", ["", "transaction_per_migration=True"])
def test_what_was_unproven_is_refused_at_the_commit(project: Project, options: str) -> None:
    museum(project)
    _configure(project, options)
    project.revision("r2", UNSEEN)
    done = refused(project)
    assert "unproven" in done.stderr
    assert "column-exists" in done.stderr
    assert "rolled back" in done.stdout


def test_unproven_refuse_stops_before_anything_runs(project: Project) -> None:
    museum(project)
    project.revision("r2", "print('r2 ran')\n" + UNSEEN)
    done = refused(project, env={"ALEMBIC_CONTRACTS_UNPROVEN": "refuse"})
    assert "r2 ran" not in done.stdout


def test_an_autocommit_block_is_judged_before_and_after(project: Project) -> None:
    museum(project)
    project.revision(
        "r2",
        f"""
        {DROP}
        with op.get_context().autocommit_block():
            op.execute("CREATE INDEX CONCURRENTLY ON object_images (created_at)")
        op.add_column("object_images", sa.Column("primary_image", sa.Text))
        """,
    )
    assert "column-exists" in refused(project).stderr


def test_a_break_inside_an_autocommit_block_is_said_to_be_permanent(project: Project) -> None:
    museum(project)
    project.revision("r2", "with op.get_context().autocommit_block():\n" + textwrap.indent(UNSEEN.strip(), "    "))
    done = project.alembic("upgrade", "head")
    assert done.returncode != 0
    assert "already changed" in done.stdout


def test_report_is_the_loud_way_past_the_guard(project: Project) -> None:
    museum(project)
    project.revision("r2", DROP)
    done = accepted(project, env={"ALEMBIC_CONTRACTS_ENFORCE": "report"})
    assert "column-exists" in done.stderr
    assert ("r2",) in project.sql("SELECT version_num FROM alembic_version")


def test_standing_is_a_warning_unless_strict(project: Project) -> None:
    museum(project)
    project.contract("missing", CONTRACT.replace("object_images", "missing").replace("object-images", "missing"))
    project.revision("r2", 'op.create_table("other", sa.Column("a", sa.Text))')
    assert "table-exists" in refused(project, env={"ALEMBIC_CONTRACTS_ENFORCE": "strict"}).stderr
    assert "table-exists" in accepted(project).stderr


def test_born_broken_counts_at_a_head_only(project: Project) -> None:
    project.contract("object_images", CONTRACT)
    project.revision("r1", CREATE.replace('"primary_image", sa.Text', '"primary_image", sa.Integer'))
    project.revision("r2", 'op.execute("ALTER TABLE object_images ALTER primary_image TYPE text")')
    accepted(project, "upgrade", "r1")
    accepted(project)


def test_born_broken_at_the_head_is_refused(project: Project) -> None:
    project.contract("object_images", CONTRACT)
    project.revision("r1", CREATE.replace('"primary_image", sa.Text', '"primary_image", sa.Integer'))
    assert "column-type" in refused(project).stderr


def test_a_downgrade_is_reported_or_refused_as_set(project: Project) -> None:
    museum(project)
    done = refused(project, "downgrade", "base", env={"ALEMBIC_CONTRACTS_DOWNGRADE": "refuse"})
    assert "table-exists" in done.stderr
    told = accepted(project, "downgrade", "base").stderr
    assert told.count("error[table-exists]") == 1  # before; the check at the commit has nothing to add


def test_sql_mode_is_refused_too(project: Project) -> None:
    museum(project)
    project.revision("r2", DROP)
    done = refused(project, "upgrade", "r1:r2", "--sql")
    assert "r2.py" in done.stderr
    assert "DROP COLUMN" not in done.stdout
    assert "CREATE TABLE object_images" in accepted(project, "upgrade", "r1", "--sql").stdout


def test_an_outer_transaction_of_the_caller_is_guarded(project: Project) -> None:
    museum(project)
    project.write(
        "migrations/env.py",
        """
import alembic_contracts
from alembic import context

context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction(), alembic_contracts.guard(context):
    context.run_migrations()
""",
    )
    project.write(
        "upgrade.py",
        """
import os, sys
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import create_engine

config = Config(toml_file="pyproject.toml")
try:
    with create_engine(os.environ["DATABASE_URL"]).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
except CommandError as error:
    print(error.report.phase, error.report.violations[0].rule)
    sys.exit(1)
""",
    )
    project.revision("r2", UNSEEN)
    before = state(project)
    done = project.run("upgrade.py")
    assert (done.returncode, done.stdout) == (1, "commit column-exists\n"), done.stderr
    assert state(project) == before


def test_an_async_engine_is_guarded(project: Project) -> None:
    museum(project)
    project.write(
        "migrations/env.py",
        """
import asyncio, os
import alembic_contracts
from alembic import context
from sqlalchemy import NullPool
from sqlalchemy.ext.asyncio import create_async_engine


def migrate(connection):
    context.configure(connection=connection)
    with context.begin_transaction(), alembic_contracts.guard(context):
        context.run_migrations()


async def main():
    engine = create_async_engine(os.environ["DATABASE_URL"], poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()


asyncio.run(main())
""",
    )
    project.revision("r2", UNSEEN)
    assert "rolled back" in refused(project).stdout
    project.revision("r2", DROP, down="r1")
    assert "nothing was run" in refused(project).stdout


def test_without_contracts_the_guard_is_off_and_silent(project: Project) -> None:
    (project.path / "contracts").rmdir()
    project.write("pyproject.toml", (project.path / "pyproject.toml").read_text().split("[tool.alembic_contracts]")[0])
    project.revision("r1", CREATE)
    done = accepted(project)
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.parametrize("spoil", ["missing", "syntax", "unknown setting"])
def test_what_cannot_be_checked_is_never_kept(project: Project, spoil: str) -> None:
    project.revision("r1", CREATE)
    if spoil == "missing":
        (project.path / "contracts").rmdir()
    elif spoil == "syntax":
        project.contract("object_images", CONTRACT[:-10])
    elif spoil == "unknown setting":
        project.contract("object_images", CONTRACT)
        project.write("pyproject.toml", (project.path / "pyproject.toml").read_text() + 'enforcce = "report"\n')
    done = refused(project)
    assert "could not be checked" in done.stdout
    if spoil == "unknown setting":
        assert "enforce" in done.stdout
    loud = accepted(project, env={"ALEMBIC_CONTRACTS_ENFORCE": "report"})
    assert "could not be checked" in loud.stderr


def test_unguarded_commands_look_at_no_contract(project: Project) -> None:
    museum(project)
    project.contract("object_images", "no JSON at all")
    for command in (["current"], ["history"], ["heads"], ["stamp", "head"], ["revision", "-m", "next"]):
        accepted(project, *command)


def test_merges_and_branches(project: Project) -> None:
    museum(project)
    project.revision("a1", 'op.create_table("a", sa.Column("id", sa.Integer))', down="r1")
    project.revision("b1", DROP, down="r1")
    project.revision("m1", "pass", down=("a1", "b1"))
    assert "b1.py" in refused(project).stderr
    accepted(project, "upgrade", "a1")


def test_unqualified_names_lead_where_the_role_says(project: Project) -> None:
    museum(project)
    [(database,)] = project.sql("SELECT current_database()")
    project.sql("CREATE SCHEMA app", f"ALTER DATABASE {database} SET search_path TO app, public")
    project.revision("r2", 'op.create_table("object_images", sa.Column("id", sa.Integer))\n' + DROP_IMAGES)
    assert accepted(project).stderr.count("error") == 0  # it was app.object_images
    project.revision("r3", DROP_IMAGES)
    assert "table-exists" in refused(project).stderr


def test_the_report_reaches_callers_as_json_would_have_it(project: Project) -> None:
    museum(project)
    project.revision("r2", 'op.alter_column("object_images", "created_at", type_=sa.Date())')
    report = json.loads(project.alembic("check-contracts", "--format", "json").stdout)
    assert report["status"] == "broken"
    [violation] = report["violations"]
    assert (violation["rule"], [each["rule"] for each in violation["folded"]]) == (
        "column-type",
        ["datetime-precision"],
    )
    assert all(v["location"]["line"] == 14 for v in report["violations"])
    assert all(v["introduced"] for v in report["violations"])


def _configure(project: Project, options: str) -> None:
    env = (project.path / "migrations/env.py").read_text()
    if options:
        project.write("migrations/env.py", env.replace("target_metadata=target_metadata", options))
