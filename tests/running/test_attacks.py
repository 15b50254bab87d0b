"""Migrations that were made to slip through, and harmless ones that were made to look bad: through the public face."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import object_images

if TYPE_CHECKING:
    from tests.support.project import Project


def offline(project: Project, *migrations: str) -> tuple[str, list[tuple[str, str | None, str]]]:
    """Status of ``check-contracts --offline`` and its violations, for the museum's table and further migrations."""
    project.contract("object_images", object_images.CONTRACT)
    project.revision("r1", object_images.CREATE)
    for number, upgrade in enumerate(migrations, start=2):
        project.revision(f"r{number}", upgrade)
    done = project.alembic("check-contracts", "--offline", "--format", "json")
    report: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == {"kept": 0, "broken": 1, "unproven": 3}[report["status"]]
    found = [(violation["rule"], violation["column"], violation["actual"]) for violation in report["violations"]]
    return report["status"], found


def test_elements_of_a_domains_type_are_not_what_it_is_based_on(project: Project) -> None:
    migration = """
    op.execute("CREATE DOMAIN link AS text")
    op.execute("ALTER TABLE object_images ALTER additional_images TYPE link[]")
    """
    assert offline(project, migration) == ("broken", [("array-element-type", "additional_images", "public.link")])


@pytest.mark.parametrize("how", ["commit", "rollback"])
def test_a_script_that_ends_alembics_own_transaction_is_not_kept(project: Project, how: str) -> None:
    assert offline(project, f"op.get_bind().{how}()\nop.create_table('t', sa.Column('a', sa.Integer))")[0] != "kept"


def test_what_scripts_print_is_printed_once_and_never_into_the_report(project: Project) -> None:
    printing = """
    import sys
    context.config.print_stdout("through Alembic")
    sys.__stdout__.write("past all redirections\\n")
    print("plainly")
    """
    assert offline(project, printing) == ("kept", [])
    done = project.alembic("upgrade", "head")
    assert sorted(done.stdout.split("\n")) == ["", "past all redirections", "plainly", "through Alembic"]


def test_each_statement_of_an_autocommit_block_is_a_commit(project: Project) -> None:
    object_images.museum(project)
    project.revision(
        "r2",
        """
        with op.get_context().autocommit_block():
            op.execute("ALTER TABLE object_images DROP primary_image; ALTER TABLE object_images ADD primary_image text")
        """,
    )
    assert project.alembic("upgrade", "head").returncode == 0, "one text is one transaction"
    project.revision(
        "r3",
        """
        with op.get_context().autocommit_block():
            op.drop_column("object_images", "primary_image")
            op.add_column("object_images", sa.Column("primary_image", sa.Text))
        """,
    )
    before = object_images.state(project)
    done = project.alembic("upgrade", "head")
    assert done.returncode != 0
    assert "migrations/versions/r3.py:15" in done.stderr
    assert "Nothing was run" in done.stderr
    assert object_images.state(project) == before


def test_tables_of_a_history_may_hold_rows_by_the_next_revision(project: Project) -> None:
    create = "op.create_table('jobs', sa.Column('id', sa.Integer))"
    depends = """
    if op.get_bind().execute(sa.text("SELECT count(*) FROM {table}")).scalar():
        op.drop_column("object_images", "primary_image")
    """
    fresh = "op.create_table('new', sa.Column('id', sa.Integer))\n" + depends.format(table="new").replace(
        "\n    ", "\n"
    )
    assert offline(project, create, fresh)[0] == "kept", "what this very revision created is empty"
    project.revision("r4", depends.format(table="jobs"))
    done = project.alembic("check-contracts", "--offline")
    assert done.returncode == 1
    assert "migrations/versions/r4.py:15" in done.stdout
