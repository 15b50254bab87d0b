"""Scripts that raise on a row that was made up: a correct migration is never called broken, beside PostgreSQL's answer.

Each is checked without a database, as a pull request is, and then applied to one that holds rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.project import Project

from tests.support.backfills import applied, backfill, checked, project_with

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


def test_revisions_after_one_that_raised_are_followed(project: Project) -> None:
    """Also by the world with a row, in which the one that raised finds none."""
    project_with(project, backfill(LOOPS["json, a key"][0]))
    project.revision(
        "r3", 'if op.get_bind().execute(sa.text("SELECT 1 FROM t")).first():\n    op.drop_column("t", "keep")'
    )
    assert checked(project)[:2] == (1, [("column-exists", "keep")])
    assert "keep" not in applied(project, """(1, '{"key": "v"}')""", enforce="report")
