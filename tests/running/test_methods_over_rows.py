"""Methods of SQLAlchemy, of Python's values and of libraries that loops over rows call: none changes a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.project import Project

if TYPE_CHECKING:
    from pathlib import Path

MADE = """op.create_table(
    "t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.Integer), sa.Column("b", sa.String(9))
)"""
LOOP = """import sys
u = sa.table("t", sa.column("id"), sa.column("b"))
bind = op.get_bind()
for row in bind.execute(sa.select(u.c.id, u.c.b)).fetchall():
    {}
op.create_index("ix", "t", ["a"])"""
IDS = """bind = op.get_bind()
ids = [row[0] for row in bind.execute(sa.text("SELECT id FROM t WHERE b IS NULL"))]
if ids:
    {}
op.create_index("ix", "t", ["a"])"""
UPDATE = "bind.execute(sa.update(u).where({}).values(b={}))"
ABOUT_ROWS = [
    *(LOOP.format(UPDATE.format(each, "'x'")) for each in (
        "u.c.b.collate('NOCASE') == row.b", "u.c.b.concat('x') == row.b", "u.c.b.not_like(row.b)",
        "u.c.b.icontains('a')",
        "u.c.id.bitwise_and(1) == row.id", "u.c.id.in_(sa.select(u.alias('v').c.id))",
        "u.c.id.in_(sa.select(u.c.id).except_(sa.select(u.c.id)))",
    )),
    *(LOOP.format(UPDATE.format("u.c.id == row.id", each)) for each in (
        "row.b.ljust(5)", "str(row.b.isupper())", "row.b.center(3)", "str(row.b.rfind('a'))", "hex(hash(row.b))",
    )),
    LOOP.format("sys.stdout.write('.')"),
    LOOP.format("bind.execute(sa.text('UPDATE t SET b = :b').params(b=row.b))"),
    IDS.format("bind.execute(sa.text('DELETE FROM t WHERE id IN (' + ','.join(str(each) for each in ids) + ')'))"),
    IDS.format("""bind.execute(sa.text(f"DELETE FROM t WHERE id IN ({','.join(map(str, ids))})"))"""),
    IDS.format("ids.reverse()"),
]  # fmt: skip
OTHERS = [
    IDS.format("list(map(op.drop_column, ['t'], ['b']))"),
    IDS.format("list(filter(bind.exec_driver_sql, ['ALTER TABLE t DROP COLUMN b']))"),
    IDS.format("bind.execute(sa.text('ALTER TABLE ' + 't' + ' DROP COLUMN b'))"),
    IDS.format("bind.execute(sa.text('' + 'DROP TABLE t'))"),
    IDS.format("getattr(op, 'drop_' + 'column')('t', 'b')"),
    IDS.format("list(map(getattr(bind, 'exec_driver_sql'), ['ALTER TABLE t DROP COLUMN b']))"),
    IDS.format("pass").replace("if ids:", "names = []\nlist(map(names.append, ids))\nif names:").replace(
        "pass", "op.drop_column('t', 'b')"
    ),
    IDS.format("pass").replace("if ids:", "names = []\nsorted(ids, key=names.append)\nif names:").replace(
        "pass", "op.drop_column('t', 'b')"
    ),
]  # fmt: skip


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project.create(tmp_path / "project", f"sqlite:///{tmp_path}/shop.db")
    project.revision("r1", MADE)
    assert project.alembic("upgrade", "head").returncode == 0
    assert project.cli("generate", "t", "--minimal").returncode == 0
    return project


@pytest.mark.parametrize("script", ABOUT_ROWS, ids=range(len(ABOUT_ROWS)))
def test_what_changes_rows_alone_leaves_no_doubt(script: str, project: Project) -> None:
    project.revision("r2", script)
    done = project.alembic("check-contracts")
    assert done.returncode == 0, done.stdout
    project.sql("INSERT INTO t VALUES (1, 2, 'a'), (2, 3, 'b')")
    done = project.alembic("upgrade", "head")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("script", OTHERS, ids=range(len(OTHERS)))
def test_what_may_do_more_is_broken_or_unproven(script: str, project: Project) -> None:
    project.revision("r2", script)
    assert project.alembic("check-contracts").returncode in (1, 3)


def test_what_a_library_has_to_clean_up_is_its_own(project: Project) -> None:
    library = project.path / "site-packages" / "cleaning.py"
    library.parent.mkdir()
    library.write_text("import atexit\n\n\ndef clean_up_later():\n    atexit.register(print, end='')\n")
    project.revision(
        "r2", f"import sys\nsys.path.append({str(library.parent)!r})\nimport cleaning\ncleaning.clean_up_later()"
    )
    assert project.alembic("check-contracts").returncode == 0
    project.revision("r3", "import atexit\natexit.register(print)")
    assert project.alembic("check-contracts").returncode == 3
