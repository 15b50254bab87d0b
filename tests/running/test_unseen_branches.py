"""What a script does where no run of a prediction came: unproven where it may change tables, and never made up."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.project import Project

from tests.support.backfills import applied, backfill, checked, project_with

HELPERS = """
import sqlalchemy as sa


def drop_if_used(bind):
    if bind.execute(sa.text("SELECT 1 FROM t")).first():
        bind.execute(sa.text("ALTER TABLE t DROP COLUMN keep"))
"""

UNSEEN = {
    "in the loop": """
        for row in bind.execute(sa.select(t.c.id, t.c.b)):
            if key_of(row.b):
                op.drop_column("t", "keep")
    """,
    "in a text": """
        for row in bind.execute(sa.select(t.c.id, t.c.b)):
            statement = key_of(row.b) and "ALTER TABLE t DROP keep"
            bind.execute(sa.text(statement))
    """,
    "in a function": """
        def drop():
            bind.exec_driver_sql("ALTER TABLE t DROP COLUMN keep")

        for row in bind.execute(sa.select(t.c.id, t.c.b)):
            if key_of(row.b):
                drop()
    """,
    "after the loop, by what it found": """
        names = []
        for row in bind.execute(sa.select(t.c.id, t.c.b)):
            names.append(key_of(row.b) and "keep")
        op.execute(f"ALTER TABLE t {', '.join('DROP ' + name for name in names) or 'ADD z int'}")
    """,
    "after the loop, if it found anything": """
        rows = bind.execute(sa.select(t.c.id, t.c.b)).fetchall()
        for row in rows:
            key_of(row.b)
        if rows:
            op.drop_column("t", "keep")
    """,
    "by a query of its own": """
        for row in bind.execute(sa.select(t.c.id, t.c.b)):
            key_of(row.b)
        change = op.get_bind().execute(sa.text("SELECT 'DROP keep' FROM t")).scalar()
        op.execute("ALTER TABLE t " + (change or "ADD z int"))
    """,
    "as an operation in a variable": """
        drop = op.drop_column
        for row in bind.execute(sa.select(t.c.id, t.c.b)):
            key_of(row.b) and drop("t", "keep")
    """,
    "in a batch": """
        with op.batch_alter_table("t") as batch:
            for row in bind.execute(sa.select(t.c.id, t.c.b)):
                if key_of(row.b):
                    batch.drop_column("keep")
    """,
    "in the project's own module, after the loop": """
        import sys
        sys.path.insert(0, "migrations")
        from project_helpers import drop_if_used

        for row in bind.execute(sa.select(t.c.id, t.c.b)):
            key_of(row.b)
        drop_if_used(bind)
    """,
    "in one branch": """
        if bind.dialect.name == "postgresql":
            for row in bind.execute(sa.select(t.c.id, t.c.b)):
                key_of(row.b)
            if bind.execute(sa.text("SELECT 1 FROM t")).first():
                op.drop_column("t", "keep")
    """,
    "by a lambda": """
        drop = lambda: op.drop_column("t", "keep")
        for row in bind.execute(sa.select(t.c.id, t.c.b)):
            key_of(row.b) and drop()
    """,
    "by a function of the database": """
        op.execute("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'ALTER TABLE t DROP COLUMN keep; SELECT 1'")
        for row in bind.execute(sa.select(t.c.id, t.c.b)):
            key_of(row.b)
            bind.execute(sa.text("SELECT f()"))
    """,
}


@pytest.mark.parametrize("loop", UNSEEN.values(), ids=UNSEEN)
def test_what_no_run_came_to_is_unproven_where_it_may_change_tables(project: Project, loop: str) -> None:
    project.write("migrations/project_helpers.py", HELPERS)
    project_with(project, 'op.add_column("t", sa.Column("a", sa.Text))\nbind = op.get_bind()\n' + textwrap.dedent(loop))
    code, _, unproven = checked(project)
    assert code != 0
    assert unproven
    assert "keep" not in applied(project, """(1, '{"key": "v"}')""", enforce="report")


def test_a_return_for_rows_may_leave_out_what_comes_after(project: Project) -> None:
    loop = """
    for row in bind.execute(sa.select(t.c.id, t.c.b)):
        if key_of(row.b):
            return
    """
    code, broken, unproven = checked(project_with(project, backfill(loop)))
    assert (code, broken) == (3, [])
    assert [place for _, place in unproven] == ["r2:43", "r2:32"]
    assert applied(project, """(1, '{"key": "v"}')""", enforce="report") == ["id!", "b", "keep", "a"]


def test_what_broke_before_the_cut_stays_broken(project: Project) -> None:
    loop = """
    for row in bind.execute(sa.select(t.c.id, t.c.b)):
        op.drop_column("t", "keep")
        bind.execute(t.update().where(t.c.id == row.id).values(a=key_of(row.b)))
    """
    code, broken, _ = checked(project_with(project, backfill(loop)))
    assert (code, broken) == (1, [("column-exists", "keep")])
    assert "keep" not in applied(project, """(1, '{"key": "v"}')""", enforce="report")


def test_what_broke_before_the_cut_and_is_mended_after_it_is_not_broken(project: Project) -> None:
    loop = """
    op.drop_column("t", "keep")
    for row in bind.execute(sa.select(t.c.id, t.c.b)):
        bind.execute(t.update().where(t.c.id == row.id).values(a=key_of(row.b)))
    op.add_column("t", sa.Column("keep", sa.Text))
    """
    assert checked(project_with(project, backfill(loop))) == (0, [], [])
    assert applied(project, """(1, '{"key": "v"}')""") == ["id!", "b", "a!", "keep"]


def test_a_session_that_rolls_back_on_its_way_out_breaks_nothing(project: Project) -> None:
    loop = """
    with Session(bind) as session:
        for each in session.query(T):
            each.a = key_of(each.b)
            session.flush()
            op.create_index(f"i_{each.id}", "t", ["b"])
    """
    code, broken, unproven = checked(project_with(project, backfill(loop)))
    assert (code, broken) == (3, [])
    assert [place for _, place in unproven] == ["r2:44", "r2:32"]
    assert applied(project, """(1, '{"key": "v"}')""") == ["id!", "b", "keep", "a!"]


def test_a_script_that_raises_without_rows_as_well_is_unproven_and_breaks_nothing(project: Project) -> None:
    broken_off = """
    with Session(bind) as session:
        first = session.query(T).filter_by(b="settings").first()
        op.add_column("t", sa.Column("made", sa.Text))
        session.execute(sa.text("UPDATE t SET a = :a"), {"a": json.loads(first.b)["key"]})
    """
    project_with(project, backfill(broken_off))
    code, broken, unproven = checked(project)
    assert (code, broken) == (3, [])
    assert {place for _, place in unproven} == {"r2:46"}


def test_what_is_committed_before_a_row_makes_it_raise_is_unproven(project: Project) -> None:
    loop = """
    with op.get_context().autocommit_block():
        op.execute("CREATE INDEX CONCURRENTLY i ON t (b)")
    for row in bind.execute(sa.select(t.c.id, t.c.b)):
        bind.execute(t.update().where(t.c.id == row.id).values(a=key_of(row.b)))
    """
    assert checked(project_with(project, backfill(loop)))[:2] == (3, [])
    assert applied(project, """(1, '{"key": "v"}')""") == ["id!", "b", "keep", "a!"]


@pytest.mark.parametrize(
    "statement",
    [
        "sa.update(t).where(t.c.id == row.id).values(a=row.b)",
        "sa.insert(t).values(id=row.id + 9, b=json.dumps([row.b]))",
        "sa.delete(t).where(t.c.id == row.id)",
    ],
)
def test_a_statement_that_a_function_of_sqlalchemy_makes_is_one_about_rows(project: Project, statement: str) -> None:
    loop = f"""
    op.add_column("t", sa.Column("a", sa.Text, nullable=False, server_default=""))
    bind = op.get_bind()
    t = sa.table("t", sa.column("id"), sa.column("a"), sa.column("b"))
    for row in bind.execute(sa.select(t.c.id, t.c.b)):
        import json

        bind.execute({statement})
    op.add_column("t", sa.Column("more", sa.Text))
    """
    assert checked(project_with(project, textwrap.dedent(loop))) == (0, [], [])
    assert applied(project, "(1, 'x')") == ["id!", "b", "keep", "a!", "more"]


def test_a_table_of_names_that_rows_update_decides_what_comes_after(project: Project) -> None:
    loop = """
    op.add_column("t", sa.Column("a", sa.Text, nullable=False, server_default=""))
    names = {}
    bind = op.get_bind()
    for row in bind.execute(sa.text("SELECT id, b FROM t")):
        names.update({row.b: row.id})
    op.execute(f"ALTER TABLE t {', '.join('DROP ' + name for name in names) or 'ADD z int'}")
    """
    code, _, unproven = checked(project_with(project, textwrap.dedent(loop)))
    assert (code, bool(unproven)) == (3, True)
