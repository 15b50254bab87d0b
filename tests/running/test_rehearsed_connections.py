"""Scripts on SQLite that connect once more, through the engine of ``op.get_bind()``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from alembic_contracts.schemas.steps import FAILS_BY_ROWS
from tests.support.rehearsing import TABLE, History, columns, reasons, recipe

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from alembic_contracts.schemas.steps import Prediction

ALIKE = {
    "an engine of the script's own": """
        engine = sa.create_engine(op.get_bind().engine.url)
        if not sa.inspect(engine).has_table("n"):
            op.execute("CREATE TABLE n (x)")
        if sa.inspect(engine).has_table("n"):
            op.execute("ALTER TABLE t ADD COLUMN b")
        engine.dispose()
    """,
    "an engine of the script's own beside changes of rows": """
        op.execute("INSERT INTO t (a) VALUES ('x')")
        engine = sa.create_engine(op.get_bind().engine.url)
        names = [each["name"] for each in sa.inspect(engine).get_columns("t")]
        op.execute(f"ALTER TABLE t ADD COLUMN of_{len(names)}")
    """,
    "an engine of the script's own has settings of its own": """
        engine = sa.create_engine(op.get_bind().engine.url, isolation_level="AUTOCOMMIT")
        with engine.connect() as other:
            other.exec_driver_sql("PRAGMA query_only = ON")
        op.execute("ALTER TABLE t ADD COLUMN c")
        with engine.connect() as other:
            only = other.exec_driver_sql("PRAGMA query_only").scalar()
        op.execute(f"ALTER TABLE t ADD COLUMN b_{only}")
    """,
    "an engine of the script's own changes a table": """
        engine = sa.create_engine(op.get_bind().engine.url)
        with engine.begin() as other:
            other.execute(sa.text("PRAGMA foreign_keys = ON"))
            other.execute(sa.text("ALTER TABLE t DROP COLUMN a"))
        ours = op.get_bind().exec_driver_sql("PRAGMA foreign_keys").scalar()
        with engine.connect() as other:
            theirs = other.exec_driver_sql("PRAGMA foreign_keys").scalar()
        op.execute(f"ALTER TABLE t ADD COLUMN b_{ours}_{theirs}")
    """,
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
    "reflects beside changes of rows": """
        op.execute("INSERT INTO t (a) VALUES ('x')")
        if "t" in sa.inspect(op.get_bind().engine).get_table_names():
            op.execute("UPDATE t SET a = 'y'")
        found = [each["name"] for each in sa.inspect(op.get_bind().engine).get_columns("t")]
        op.execute(f"ALTER TABLE t ADD COLUMN b_{'a' in found}")
        assert op.get_bind().execute(sa.text("SELECT count(*) FROM t WHERE a = 'y'")).scalar()
    """,
    "reflects all beside changes of rows": """
        op.execute("UPDATE t SET a = 'y'")
        metadata = sa.MetaData()
        metadata.reflect(op.get_bind().engine)
        op.execute(f"ALTER TABLE t ADD COLUMN of_{len(metadata.tables)}")
    """,
    "sees what was done and committed": """
        op.execute("ALTER TABLE t ADD COLUMN b")
        op.execute("UPDATE t SET a = 'y'")
        if "b" in [each["name"] for each in sa.inspect(op.get_bind().engine).get_columns("t")]:
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
    "the schema was changed in the transaction": """
        op.execute("INSERT INTO t (a) VALUES ('x')")
        op.execute("ALTER TABLE t ADD COLUMN b")
        sa.inspect(op.get_bind().engine).get_columns("t")
    """,
    "rows that are not committed": """
        op.execute("INSERT INTO t (a) VALUES ('x')")
        with op.get_bind().engine.connect() as other:
            other.execute(sa.text("SELECT a FROM t")).first()
    """,
    "rows beside the schema": """
        op.execute("INSERT INTO t (a) VALUES ('x')")
        with op.get_bind().engine.connect() as other:
            other.execute(sa.text("SELECT 1 FROM sqlite_master, t")).first()
    """,
    "writes while the first one does": """
        op.execute("INSERT INTO t (a) VALUES ('x')")
        with op.get_bind().engine.connect() as other:
            other.execute(sa.text("UPDATE t SET a = 'y'"))
    """,
    "makes tables while the first one writes": """
        op.execute("INSERT INTO t (a) VALUES ('x')")
        sa.Table("n", sa.MetaData(), sa.Column("id", sa.Integer)).create(op.get_bind().engine)
    """,
    "settings while the first one writes": """
        op.execute("INSERT INTO t (a) VALUES ('x')")
        with op.get_bind().engine.connect() as other:
            other.exec_driver_sql("PRAGMA foreign_keys").scalar()
    """,
    "commits while the other one looks": """
        op.execute("INSERT INTO t (a) VALUES ('x')")
        with op.get_bind().engine.connect() as other:
            sa.inspect(other).get_columns("t")
            op.get_bind().commit()
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
    "again, by an engine of its own": """
        engine = sa.create_engine(op.get_bind().engine.url)
        with engine.connect() as other:
            other.execute(sa.text("SELECT a FROM t")).all()
        op.execute("INSERT INTO t (a) VALUES ('x')")
        try:
            with engine.begin() as other:
                other.execute(sa.text("SELECT a FROM t")).all()
        except sa.exc.OperationalError:
            pass
    """,
    "where one has attached a file": """
        op.execute("ATTACH ':memory:' AS more")
        sa.inspect(sa.create_engine(op.get_bind().engine.url)).get_schema_names()
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


@pytest.mark.parametrize("name", [each for each in ALIKE if "beside" in each])
def test_engines_that_begin_by_hand_are_no_different(name: str, tmp_path: Path) -> None:
    history = History(tmp_path, [TABLE, ALIKE[name]])
    history.changed = recipe
    prediction = predicted(history)
    assert prediction.unproven == ()
    history.upgrade("head")
    assert prediction.steps[-1].fingerprint == history.observed()[1]


def exclusive(engine: sa.Engine) -> sa.Engine:
    sa.event.listen(engine, "connect", lambda driver, _record: setattr(driver, "isolation_level", None))
    sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN EXCLUSIVE"))
    return engine


def of_one_connection(engine: sa.Engine) -> sa.Engine:
    return sa.create_engine(engine.url, poolclass=sa.StaticPool)


@pytest.mark.parametrize("changed", [exclusive, of_one_connection])
def test_engines_whose_connections_are_in_the_way_of_each_other(
    changed: Callable[[sa.Engine], sa.Engine], tmp_path: Path
) -> None:
    """The real run of the first fails after a while; that of the second takes the rows back."""
    history = History(tmp_path, [TABLE, ALIKE["reflects beside changes of rows"]])
    history.upgrade("r0")
    history.changed = changed
    found = reasons(history.predicted()[0])
    assert "the script uses a second connection to the database beside the first one" in found


def test_a_large_change_may_lock_others_out(tmp_path: Path) -> None:
    """SQLite writes what has no room in memory before the end, for which nobody else may read."""
    code = """
        op.execute("UPDATE t SET a = 'y'")
        try:
            found = sa.inspect(op.get_bind().engine).get_table_names()
        except sa.exc.OperationalError:
            op.execute("ALTER TABLE t ADD COLUMN b")
    """
    assert reasons(predicted(History(tmp_path, [TABLE, code]))) == [FAILS_BY_ROWS]


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


@pytest.mark.parametrize("arguments", ['{"isolation_level": None}', '{"detect_types": 1}'])
def test_an_engine_that_connects_otherwise_is_not_known(arguments: str, tmp_path: Path) -> None:
    script = f"sa.create_engine(op.get_bind().engine.url, connect_args={arguments}).connect()"
    history = History(tmp_path, [TABLE, script])
    assert "the script opens a database connection of its own (sqlite+pysqlite)" in reasons(predicted(history))
