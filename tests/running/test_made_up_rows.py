"""Scripts that raise on a row that was made up: a correct migration is never called broken, beside PostgreSQL's answer.

Each is checked without a database, as a pull request is, and then applied to one that holds rows.
"""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.support.project import Project

CREATE = """
op.create_table(
    "t",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("b", sa.Text),
    sa.Column("keep", sa.Text),
)
"""


def column(data_type: str, *, nullable: bool = True, key: bool = False) -> dict[str, Any]:
    return {"constraints": {"primaryKey": key, "data_type": data_type, "is_nullable": nullable}}


CONTRACT = {
    "spec-version": "1.0.0",
    "name": "t",
    "namespace": "team",
    "owner": {"name": "Team", "email": "team@example.org"},
    "schema": {
        "table_schema": "public",
        "table_name": "t",
        "properties": {
            "id": column("integer", nullable=False, key=True),
            "a": column("text", nullable=False),
            "b": column("text"),
            "keep": column("text"),
        },
    },
}
IMPORTS = """
import json
import re
from datetime import datetime
from sqlalchemy.orm import Session, declarative_base

t = sa.table("t", sa.column("id", sa.Integer), sa.column("a", sa.Text), sa.column("b", sa.Text))
Base = declarative_base()


class T(Base):
    __tablename__ = "t"
    id = sa.Column(sa.Integer, primary_key=True)
    a = sa.Column(sa.Text)
    b = sa.Column(sa.Text)


KINDS = {"new": "N", "old": "O"}


def key_of(text):
    return json.loads(text)["key"]


def fill(bind):
    for row in bind.execute(sa.select(t.c.id, t.c.b)):
        bind.execute(t.update().where(t.c.id == row.id).values(a=key_of(row.b)))
"""


def project_with(project: Project, upgrade: str) -> Project:
    project.contract("t", CONTRACT)
    project.revision("r1", CREATE)
    project.revision("r2", upgrade, prelude=IMPORTS)
    return project


def backfill(loop: str) -> str:
    body = textwrap.dedent(loop).strip("\n")
    add = 'op.add_column("t", sa.Column("a", sa.Text))\nbind = op.get_bind()\n'
    return f'{add}{body}\nop.alter_column("t", "a", nullable=False)\n'


def checked(project: Project) -> tuple[int, list[tuple[str, str | None]], list[tuple[str, str]]]:
    """The exit code of a check without a database, what is broken, and what is unproven with its place."""
    done = project.alembic("check-contracts", "--offline", "--format", "json")
    assert done.stdout, done.stderr
    report = json.loads(done.stdout)
    places = [(each["reason"], _place(each["location"])) for each in report["unproven"]]
    return done.returncode, [(v["rule"], v["column"]) for v in report["violations"]], places


def _place(location: dict[str, Any] | None) -> str:
    return "" if location is None else f"{location['revision']}:{location['line']}"


def applied(project: Project, *rows: str, enforce: str = "introduced") -> list[str]:
    """Names of the columns, NOT NULL marked, after the second revision was applied to a table with rows."""
    assert project.alembic("upgrade", "r1").returncode == 0
    for row in rows:
        project.sql(f"INSERT INTO t (id, b) VALUES {row}")
    done = project.alembic("upgrade", "head", env={"ALEMBIC_CONTRACTS_ENFORCE": enforce})
    assert done.returncode == 0, done.stderr
    columns = project.sql(
        "SELECT attname || CASE WHEN attnotnull THEN '!' ELSE '' END FROM pg_attribute "
        "WHERE attrelid = 't'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
    )
    return [name for (name,) in columns]


LOOPS = {
    "json, a key": (
        """
        for row in bind.execute(sa.text("SELECT id, b FROM t")):
            bind.execute(
                sa.text("UPDATE t SET a = :a WHERE id = :id"), {"a": json.loads(row.b)["key"], "id": row.id}
            )
        """,
        """(1, '{"key": "v"}')""",
    ),
    "json, a comprehension before": (
        """
        found = {row.id: json.loads(row.b) for row in bind.execute(sa.select(t.c.id, t.c.b)).fetchall()}
        for number, value in found.items():
            op.execute(t.update().where(t.c.id == number).values(a=value["key"]))
        """,
        """(1, '{"key": "v"}')""",
    ),
    "split": (
        """
        for row in bind.execute(sa.select(t.c.id, t.c.b)).fetchall():
            first, last = row.b.split(",")
            statement = sa.update(t).where(t.c.id == row.id).values(a=f"{last.strip()} {first}")
            bind.execute(statement)
        """,
        "(1, 'Doe, Jane')",
    ),
    "a session with a model": (
        """
        session = Session(bind=bind)
        for each in session.query(T).filter(T.b.isnot(None)):
            each.a = json.loads(each.b)["key"]
        session.flush()
        session.commit()
        """,
        """(1, '{"key": "v"}')""",
    ),
    "a session as context": (
        """
        with Session(bind) as session:
            for each in session.scalars(sa.select(T)).all():
                each.a = KINDS[each.b]
                session.add(each)
            session.flush()
        """,
        "(1, 'new')",
    ),
    "int": (
        """
        for row in bind.execute(sa.text("SELECT id, b FROM t")).mappings():
            width = int(row["b"].removesuffix("px"))
            low, high = divmod(width, width - 1)
            bind.execute(sa.text(f"UPDATE t SET a = '{low}-{high}' WHERE id = {row['id']}"))
        """,
        "(1, '20px')",
    ),
    "datetime": (
        """
        for id_, b in bind.execute(sa.text("SELECT id, b FROM t WHERE b IS NOT NULL")):
            moment = datetime.strptime(b, "%d.%m.%Y")
            bind.execute(sa.text("UPDATE t SET a=:a WHERE id=:id").bindparams(a=moment.isoformat(), id=id_))
        """,
        "(1, '24.12.2020')",
    ),
    "a look-up by text": (
        """
        for row in bind.execute(sa.select(t.c.id, t.c.b)):
            bind.execute(t.update().where(t.c.id == row.id).values(a=KINDS[row.b]))
        """,
        "(1, 'old')",
    ),
    "a row that looks wrong": (
        """
        for row in bind.execute(sa.select(t.c.id, t.c.b)):
            if not re.match(r"[a-z]+$", row.b):
                raise ValueError(f"row {row.id} has no name: {row.b!r}")
            bind.execute(t.update().where(t.c.id == row.id).values(a=row.b.upper()))
        """,
        "(1, 'jane')",
    ),
    "selects inside of a select": (
        """
        for row in bind.execute(sa.text("SELECT id, b FROM t ORDER BY id")).fetchall():
            other = bind.execute(sa.text("SELECT b FROM t WHERE id = :id"), {"id": row.id}).first()
            kinds = [KINDS[part] for part in other.b.split("-")]
            count = bind.execute(sa.text("SELECT count(*) FROM t WHERE b = :b"), {"b": row.b}).scalar()
            bind.execute(sa.text("UPDATE t SET a = :a WHERE id = :id"), {"a": f"{kinds}{count}", "id": row.id})
        """,
        "(1, 'new-old')",
    ),
    "a raw cursor": (
        """
        cursor = bind.connection.cursor()
        cursor.execute("SELECT id, b FROM t")
        for row in cursor.fetchall():
            cursor.execute("UPDATE t SET a = %s WHERE id = %s", (json.loads(row[1])["key"], row[0]))
        """,
        """(1, '{"key": "v"}')""",
    ),
    "for one dialect": (
        """
        if bind.dialect.name == "postgresql":
            for row in bind.execute(sa.text("SELECT id, b FROM t")):
                bind.execute(sa.text("UPDATE t SET a = :a WHERE id = :i"), {"a": KINDS[row.b], "i": row.id})
            op.create_index("i", "t", ["a"])
        """,
        "(1, 'old')",
    ),
    "helpers": ("fill(bind)", """(1, '{"key": "v"}')"""),
    "a savepoint": (
        """
        with bind.begin_nested():
            for row in bind.execute(sa.select(t.c.id, t.c.b)):
                bind.execute(t.update().where(t.c.id == row.id).values(a=key_of(row.b)))
        """,
        """(1, '{"key": "v"}')""",
    ),
    "many at once": (
        """
        values = []
        for row in bind.execute(sa.select(t.c.id, t.c.b)):
            values.append({"id_": row.id, "a": key_of(row.b)})
        if values:
            bind.execute(t.update().where(t.c.id == sa.bindparam("id_")), values)
        """,
        """(1, '{"key": "v"}')""",
    ),
}


@pytest.mark.parametrize(("loop", "row"), LOOPS.values(), ids=LOOPS)
def test_a_backfill_in_python_is_kept(project: Project, loop: str, row: str) -> None:
    project_with(project, backfill(loop))
    assert checked(project) == (0, [], [])
    assert applied(project, row) == ["id!", "b", "keep", "a!"]


GENERATED = {
    "a session that finds what it made": (
        """
        session = Session(bind=bind)
        session.add(T(b="w"))
        session.flush()
        for each in session.query(T):
            each.a = each.b.upper()
        session.commit()
        """,
        "(7, 'x')",
    ),
    "a session that makes the row that was made up": (
        """
        with Session(bind) as session:
            rows = session.query(T).all()
            session.add(T(b="w"))
            session.flush()
            for each in session.query(T):
                each.a = each.b.upper()
            session.commit()
        """,
        "(7, 'x')",
    ),
}


@pytest.mark.parametrize(("loop", "row"), GENERATED.values(), ids=GENERATED)
def test_a_session_with_keys_that_the_server_generates_breaks_nothing(project: Project, loop: str, row: str) -> None:
    """What the number is that it goes on with, only the server knows."""
    project_with(project, backfill(loop))
    code, broken, unproven = checked(project)
    assert (code, broken) == (3, [])
    assert {reason for reason, _ in unproven} == {
        "the script goes by the next number of a sequence, which only the server knows"
    }
    assert applied(project, row) == ["id!", "b", "keep", "a!"]


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


def test_revisions_after_one_that_raised_are_followed(project: Project) -> None:
    """Also by the world with a row, in which the one that raised finds none."""
    project_with(project, backfill(LOOPS["json, a key"][0]))
    project.revision(
        "r3", 'if op.get_bind().execute(sa.text("SELECT 1 FROM t")).first():\n    op.drop_column("t", "keep")'
    )
    assert checked(project)[:2] == (1, [("column-exists", "keep")])
    assert "keep" not in applied(project, """(1, '{"key": "v"}')""", enforce="report")


def test_what_is_committed_before_a_row_makes_it_raise_is_unproven(project: Project) -> None:
    loop = """
    with op.get_context().autocommit_block():
        op.execute("CREATE INDEX CONCURRENTLY i ON t (b)")
    for row in bind.execute(sa.select(t.c.id, t.c.b)):
        bind.execute(t.update().where(t.c.id == row.id).values(a=key_of(row.b)))
    """
    assert checked(project_with(project, backfill(loop)))[:2] == (3, [])
    assert applied(project, """(1, '{"key": "v"}')""") == ["id!", "b", "keep", "a!"]
