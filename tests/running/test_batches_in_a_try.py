"""Batch mode in a ``try``, on SQLite: no doubt where no row can make the copying fail, and then none does."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from tests.support.project import ENV, Project

if TYPE_CHECKING:
    from pathlib import Path

TABLE = """op.create_table(
    "t",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("a", sa.Integer, nullable=False),
    sa.Column("b", sa.String(9)),
    sa.Column("c", sa.String(9, collation="NOCASE")),
    sa.Column("other", sa.Integer),
    sa.Column("e f", sa.Integer),
    sa.UniqueConstraint("a", name="ua"),
    sa.UniqueConstraint("c", name="uc"),
    sa.CheckConstraint("a < 100", name="ca"),
    sa.CheckConstraint('"e f" < 100', name="cf"),
)"""
ROWS = (
    "INSERT INTO t (id, a, b, c, other) "
    "VALUES (1, 1, 'x', 'X', 7), (2, 2, 'x', 'Y', 8), (3, 3, NULL, '', 9), (4, -4, '', NULL, NULL)"
)

CANNOT_FAIL = {
    "a unique constraint goes": "b.drop_constraint('ua', type_='unique')",
    "a check goes": "b.drop_constraint('ca', type_='check')",
    "a column goes": "b.drop_column('b')",
    "a column comes": "b.add_column(sa.Column('z', sa.Integer))",
    "a type is another": "b.alter_column('b', type_=sa.Integer())",
    "it may be NULL": "b.alter_column('a', existing_type=sa.Integer(), nullable=True)",
    "a name is another": "b.alter_column('b', new_column_name='d', existing_type=sa.String(9))",
    "a default": "b.alter_column('b', server_default='y')",
    "a foreign key that nobody holds to": "b.create_foreign_key('f', 't', ['other'], ['id'])",
    "unique is more than what is unique": "b.create_unique_constraint('n', ['a', 'b'])",
    "the key is what was unique": "b.drop_constraint('ua', type_='unique')\nb.create_unique_constraint('n', ['a'])",
}
MAY_FAIL = {
    "unique": "b.create_unique_constraint('n', ['b'])",
    "unique by a coarser comparison": "b.alter_column('a', type_=sa.Numeric(5, 0, asdecimal=False))",
    "not null": "b.alter_column('b', existing_type=sa.String(9), nullable=False)",
    "a check": "b.create_check_constraint('n', 'a > 0')",
    "a check of a column that becomes a text": "b.alter_column('a', type_=sa.Text())",
    "a check of a column whose name is two words": "b.alter_column('e f', type_=sa.Text())",
    "a column comes that is not null": "b.add_column(sa.Column('z', sa.Integer, nullable=False))",
    "unique under another name": "b.alter_column('b', new_column_name='d', existing_type=sa.String(9))\n"
    "b.create_unique_constraint('n', ['b'])",
}


def in_a_try(body: str, handler: str = "except Exception:\n    op.drop_column('t', 'other')") -> str:
    batch = textwrap.indent(
        f"with op.batch_alter_table('t', recreate='always') as b:\n{textwrap.indent(body, '    ')}", "    "
    )
    return f"try:\n{batch}\n{handler}"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project.create(tmp_path / "project", f"sqlite:///{tmp_path}/shop.db")
    project.revision("r1", TABLE)
    assert project.alembic("upgrade", "head").returncode == 0
    assert project.cli("generate", "t", "--minimal", "--columns", "id,other").returncode == 0
    return project


@pytest.mark.parametrize("body", CANNOT_FAIL.values(), ids=list(CANNOT_FAIL))
def test_what_no_row_can_hinder_is_exact(body: str, project: Project) -> None:
    project.revision("r2", in_a_try(body))
    done = project.alembic("check-contracts")
    assert done.returncode == 0, done.stdout
    project.sql(ROWS)
    done = project.alembic("upgrade", "head")
    assert done.returncode == 0, done.stderr
    assert len(project.sql("SELECT other FROM t")) == 4
    assert project.alembic("check-contracts").returncode == 0


@pytest.mark.parametrize("body", MAY_FAIL.values(), ids=list(MAY_FAIL))
def test_what_a_row_can_hinder_is_unproven(body: str, project: Project) -> None:
    project.revision("r2", in_a_try(body))
    assert project.alembic("check-contracts").returncode == 3


def test_foreign_keys_that_are_held_to_can_hinder_it(project: Project) -> None:
    configured = "context.configure(connection"
    pragma = f'connection.exec_driver_sql("PRAGMA foreign_keys = ON")\n        {configured}'
    project.write("migrations/env.py", ENV.replace(configured, pragma))
    assert "PRAGMA" in (project.path / "migrations/env.py").read_text()
    project.revision("r2", in_a_try(CANNOT_FAIL["a foreign key that nobody holds to"]))
    assert project.alembic("check-contracts").returncode == 3


OTHERS = ("AttributeError", "(ImportError, KeyError)", "NotImplementedError as error")


@pytest.mark.parametrize("error", OTHERS)
def test_errors_that_are_none_of_a_database_let_none_pass(error: str, project: Project) -> None:
    project.revision("r2", in_a_try(MAY_FAIL["unique"], f"except {error}:\n    op.drop_table('t')"))
    assert project.alembic("check-contracts").returncode == 0
    project.sql(ROWS)
    done = project.alembic("upgrade", "head")
    assert "UNIQUE constraint failed" in done.stderr
    assert len(project.sql("SELECT other FROM t")) == 4


@pytest.mark.parametrize("error", ["Exception", "(KeyError, sa.exc.IntegrityError)", "sa.exc.DBAPIError"])
def test_errors_of_a_database_let_it_pass(error: str, project: Project) -> None:
    project.revision("r2", in_a_try(MAY_FAIL["unique"], f"except {error}:\n    op.drop_table('t')"))
    assert project.alembic("check-contracts").returncode == 3


def test_a_name_that_is_given_to_another_error_is_not_pythons(project: Project) -> None:
    body = in_a_try(MAY_FAIL["unique"], "except KeyError:\n    op.drop_table('t')")
    project.revision("r2", f"from sqlalchemy.exc import IntegrityError as KeyError\n{body}")
    assert project.alembic("check-contracts").returncode == 3
