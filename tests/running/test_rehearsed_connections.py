"""Scripts on SQLite that connect once more, through the engine of ``op.get_bind()``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from tests.support.rehearsing import TABLE, History, columns, reasons

if TYPE_CHECKING:
    from pathlib import Path

    from alembic_contracts.schemas.steps import Prediction

ALIKE = {
    "reflects": """
        if "a" in [each["name"] for each in sa.inspect(op.get_bind().engine).get_columns("t")]:
            op.execute("ALTER TABLE t ADD COLUMN b")
    """,
    "reflects a table": """
        table = sa.Table("t", sa.MetaData(), autoload_with=op.get_bind().engine)
        op.execute(f"ALTER TABLE t ADD COLUMN of_{len(table.columns)}")
    """,
    "sees what was done": """
        op.execute("ALTER TABLE t ADD COLUMN b")
        if "b" in [each["name"] for each in sa.inspect(op.get_bind().engine).get_columns("t")]:
            op.execute("ALTER TABLE t DROP COLUMN a")
    """,
    "makes tables": """
        metadata = sa.MetaData()
        sa.Table("t", metadata, sa.Column("id", sa.Integer))
        sa.Table("n", metadata, sa.Column("id", sa.Integer))
        metadata.create_all(op.get_bind().engine)
    """,
    "changes a table": """
        with op.get_bind().engine.begin() as other:
            other.execute(sa.text("ALTER TABLE t DROP COLUMN a"))
        op.execute("ALTER TABLE t ADD COLUMN b")
    """,
    "changes rows": """
        with Session(op.get_bind().engine) as session:
            session.execute(sa.text("INSERT INTO t (a) VALUES ('x')"))
            session.commit()
        op.execute("ALTER TABLE t ADD COLUMN b")
    """,
    "has its own settings": """
        op.execute("PRAGMA foreign_keys = ON")
        with op.get_bind().engine.connect() as other:
            theirs = other.exec_driver_sql("PRAGMA foreign_keys").scalar()
        ours = op.get_bind().exec_driver_sql("PRAGMA foreign_keys").scalar()
        op.execute(f"ALTER TABLE t ADD COLUMN b_{theirs}_{ours}")
    """,
    "rolls back": """
        with op.get_bind().engine.connect() as other:
            other.execute(sa.text("INSERT INTO t (a) VALUES ('x')"))
            other.execute(sa.text("ALTER TABLE t ADD COLUMN b"))
        op.execute("ALTER TABLE t ADD COLUMN c")
    """,
}


def predicted(history: History) -> Prediction:
    history.upgrade("r0")
    return history.predicted()[0]


@pytest.mark.parametrize("name", ALIKE)
def test_a_connection_beside_the_first_one_does_what_it_will_do(name: str, tmp_path: Path) -> None:
    history = History(tmp_path, [TABLE, ALIKE[name]])
    prediction = predicted(history)
    assert prediction.unproven == ()
    history.upgrade("head")
    assert prediction.steps[-1].fingerprint == history.observed()[1]


NOT_ALIKE = {
    "in a transaction": """
        op.execute("INSERT INTO t (a) VALUES ('x')")
        sa.inspect(op.get_bind().engine).get_columns("t")
    """,
    "where one has tables of its own": """
        op.execute("CREATE TEMP TABLE t (x)")
        sa.inspect(op.get_bind().engine).get_columns("t")
    """,
    "both at once": """
        with op.get_bind().engine.connect() as other:
            other.execute(sa.text("INSERT INTO t (a) VALUES ('x')"))
            op.get_bind().execute(sa.text("SELECT a FROM t")).all()
    """,
    "changed while it is there": """
        with op.get_bind().engine.connect() as other:
            other.execute(sa.text("SELECT a FROM t")).all()
            op.execute("UPDATE t SET a = 'x'")
    """,
    "and one more": """
        with op.get_bind().engine.connect(), op.get_bind().engine.connect() as other:
            other.execute(sa.text("SELECT a FROM t")).all()
    """,
}


@pytest.mark.parametrize("name", NOT_ALIKE)
def test_where_both_are_in_the_way_of_each_other_nothing_is_known(name: str, tmp_path: Path) -> None:
    history = History(tmp_path, [TABLE, f"{NOT_ALIKE[name]}\n"])
    found = reasons(predicted(history))
    assert "the script uses a second connection to the database beside the first one" in found
    assert not any("would refuse" in each for each in found)


def test_listeners_are_told_of_it(tmp_path: Path) -> None:
    def changed(engine: sa.Engine) -> sa.Engine:
        sa.event.listen(engine, "connect", lambda driver, _record: driver.execute("PRAGMA foreign_keys = ON"))
        return engine

    history = History(tmp_path, [TABLE, ALIKE["has its own settings"]])
    history.changed = changed
    assert columns(predicted(history).after) == ["id", "a", "b_1_1"]


@pytest.mark.parametrize("options", [{"retval": True}, {"retval": True, "named": True}])
def test_who_listens_to_the_connection_alone_has_a_say(options: dict[str, bool], tmp_path: Path) -> None:
    """What env.py would do between ``connect()`` and ``configure()``."""

    def rename(*given: str, **named: str) -> tuple[str, str]:
        statement, parameters = (named["statement"], named["parameters"]) if named else given[2:4]
        return statement.replace("COLUMN b", "COLUMN of_the_connection"), parameters

    history = History(tmp_path, [TABLE, 'op.execute("ALTER TABLE t ADD COLUMN b")'])
    env = tmp_path / "env.py"
    env.write_text(
        env.read_text().replace(
            "        context.configure(connection=connection,",
            '        sa.event.listen(connection, "before_cursor_execute", given["rename"], **given["how"])\n'
            "        context.configure(connection=connection,",
        )
    )
    history.config.attributes |= {"rename": rename, "how": options}
    prediction = predicted(history)
    assert columns(prediction.after) == ["id", "a", "of_the_connection"]
    history.upgrade("head")
    assert prediction.steps[-1].fingerprint == history.observed()[1]
