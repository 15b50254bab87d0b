"""What env.py does with its connection on SQLite, whose driver begins a transaction before some statements alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.maria import contract
from tests.support.project import Project

if TYPE_CHECKING:
    from pathlib import Path

PRAGMA = 'connection.exec_driver_sql("PRAGMA foreign_keys=OFF")'
CONFIGURE = "        context.configure(connection=connection"
CREATE = """
op.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE)")
op.execute("INSERT INTO t (a) VALUES ('x')")
"""
HALF = """
op.execute("ALTER TABLE t RENAME TO tt")
op.execute("INSERT INTO tt (a) VALUES ('x')")
op.execute("ALTER TABLE tt RENAME TO t")
"""


@pytest.fixture
def shop(tmp_path: Path) -> Project:
    project = Project.create(tmp_path / "shop", f"sqlite:///{tmp_path}/shop.db")
    project.contract("t", contract("t", "a", about="sqlite"))
    return project


def change(project: Project, old: str, new: str) -> None:
    file = project.path / "migrations/env.py"
    text = file.read_text()
    assert text.count(old) == 1
    file.write_text(text.replace(old, new))


@pytest.mark.parametrize("env_py", ["connect", "begin", "pragma"])
def test_a_script_that_fails_after_what_it_committed_leaves_no_break_unsaid(shop: Project, env_py: str) -> None:
    if env_py == "begin":
        change(shop, "with engine.connect() as", "with engine.begin() as")
    elif env_py == "pragma":
        change(shop, CONFIGURE, f"        {PRAGMA}\n        connection.commit()\n{CONFIGURE}")
    shop.revision("r1", CREATE)
    assert shop.alembic("upgrade", "head").returncode == 0
    shop.revision("r2", HALF)
    done = shop.alembic("upgrade", "head")
    said = " ".join(done.stderr.split())
    assert "Revision r2 failed by itself: UNIQUE constraint failed: tt.a." in said
    assert "main.t no longer exists" in said
    assert "main.t is not as before; the version table has r1" in said


@pytest.mark.parametrize("has_version_table", [True, False])
def test_what_nobody_committed_is_there_all_the_same(shop: Project, *, has_version_table: bool) -> None:
    shop.revision("r1", CREATE)
    if has_version_table:
        assert shop.alembic("upgrade", "head").returncode == 0
    change(shop, CONFIGURE, f"        {PRAGMA}\n{CONFIGURE}")
    shop.revision("r2", 'op.execute("ALTER TABLE t ADD COLUMN z")')
    done = shop.alembic("upgrade", "head")
    said = " ".join(done.stderr.split())
    assert done.returncode == 0, done.stderr
    assert "the end of this upgrade was not committed" in said
    assert "`alembic stamp` it before the next upgrade" in said
    assert shop.sql("SELECT name FROM pragma_table_info('t')")[:2] == [("id",), ("a",)]
    if has_version_table:
        assert shop.alembic("stamp", "r2").returncode == 0


FIXTURE = """
import os
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text

config = Config(toml_file="pyproject.toml")
with create_engine("sqlite://").connect() as connection:
    config.attributes["connection"] = connection
    transaction = connection.begin()
    command.upgrade(config, "head")
    transaction.rollback()
    if os.environ.get("AND_READ"):
        connection.execute(text("SELECT 1"))
"""


@pytest.mark.parametrize("and_read", ["", "1"])
def test_a_rollback_that_is_meant_is_none_that_was_forgotten(shop: Project, and_read: str) -> None:
    change(shop, "    engine = create_engine(url, poolclass=NullPool)\n", "")
    change(
        shop,
        "    with engine.connect() as connection:",
        "    connection = context.config.attributes['connection']\n    if True:",
    )
    shop.revision("r1", CREATE)
    (shop.path / "fixture.py").write_text(FIXTURE)
    done = shop.run("fixture.py", env={"AND_READ": and_read})
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


# -- scripts that are read and not run ---------------------------------------------------------------------------------

UNREAD = """
op.execute("DROP VIEW v")
op.add_column("t", sa.Column("u", sa.Text))
for number in range(1):
    op.execute("UPDATE t SET u = %d" % number)
with op.batch_alter_table("t") as batch:
    batch.alter_column("u", nullable=False)
op.execute("CREATE VIEW v AS SELECT a FROM t")
"""


def test_what_fails_after_a_statement_that_was_not_read_is_not_certain(shop: Project) -> None:
    shop.contract("v", contract("v", "a", about="sqlite"))
    shop.revision("r1", f'{CREATE}\nop.execute("CREATE VIEW v AS SELECT a FROM t")')
    shop.revision("r2", UNREAD)
    read = shop.alembic("check-contracts", "--offline", "--no-exec")
    assert (read.returncode, "will fail" in read.stdout, "error[" in read.stdout) == (3, False, False), read.stdout
    assert "unproven: the script is not run (--no-exec)" in read.stdout
    assert shop.alembic("check-contracts", "--offline").returncode == 0
