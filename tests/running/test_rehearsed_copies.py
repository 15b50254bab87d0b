"""The empty copy on which runs on SQLite are predicted: what it has of the database, and what cannot be copied."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from alembic_contracts.dialects import sqlite
from alembic_contracts.dialects.sqlite.copies import copied, engine_of, made
from alembic_contracts.dialects.sqlite.fingerprints import fingerprint
from alembic_contracts.errors import CannotCheck
from alembic_contracts.running.copy_looks import Looks
from alembic_contracts.schemas.schema import Name, Schema
from alembic_contracts.schemas.snapshots import Snapshot
from tests.support.rehearsing import TABLE, History, columns, reasons

if TYPE_CHECKING:
    from pathlib import Path


# -- the copy ----------------------------------------------------------------------------------------------------------

DATABASE = '''
PRAGMA user_version = 7; PRAGMA application_id = 12;
CREATE TABLE "of ""quotes""" (id INTEGER PRIMARY KEY AUTOINCREMENT, "x y" TEXT DEFAULT 'a''b');
CREATE TABLE strict_one (a INT PRIMARY KEY, b ANY) STRICT, WITHOUT ROWID;
CREATE TABLE generated (a, b AS (a + 1) STORED, c AS (a || 'x'), CHECK (a > 0));
CREATE UNIQUE INDEX ix ON generated (lower(a)) WHERE a > 5;
CREATE VIEW v AS SELECT * FROM w; CREATE VIEW w AS SELECT a FROM generated;
CREATE TRIGGER g AFTER INSERT ON generated BEGIN DELETE FROM strict_one; SELECT 1; END;
CREATE TRIGGER h INSTEAD OF INSERT ON w BEGIN SELECT 1; END;
CREATE VIRTUAL TABLE f USING fts5(x, y);
INSERT INTO generated (a) VALUES (1); INSERT INTO f VALUES ('x', 'y');
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL); INSERT INTO alembic_version VALUES ('r0');
ALTER TABLE strict_one RENAME TO "Renamed"; ANALYZE;
'''


def test_a_copy_has_the_schema_and_no_rows(tmp_path: Path) -> None:
    for name in ("main.db", "other.db"):
        with sqlite3.connect(tmp_path / name) as raw:
            raw.executescript(DATABASE)
    engine = sa.create_engine(f"sqlite:///{tmp_path}/main.db")
    with engine.connect() as real:
        real.exec_driver_sql("PRAGMA foreign_keys=ON")
        real.exec_driver_sql(f"ATTACH '{tmp_path}/other.db' AS 'an other'")
        real.exec_driver_sql("CREATE TEMP TABLE passing (x)")
        real.commit()
        copy = copied(real, "alembic_version", None)
        assert not real.connection.dbapi_connection.in_transaction
        told: list[str] = []
        with engine_of(copy, engine, engine.dialect, told.append).engine.connect() as there:
            assert made(there.connection.dbapi_connection, copy, "alembic_version") == []
            assert fingerprint(there) == fingerprint(real)
            assert copied(there, "alembic_version", None) == copy
            assert there.exec_driver_sql("SELECT count(*) FROM generated").scalar() == 0
            assert there.exec_driver_sql("SELECT * FROM alembic_version").scalars().all() == ["r0"]
            there.exec_driver_sql("CREATE TABLE more (x)")
            assert fingerprint(there) != fingerprint(real)
    assert told == []
    engine.dispose()


CHANGES = '''
CREATE TABLE "a ""b""" (id INTEGER PRIMARY KEY, "x-y" TEXT);
CREATE TABLE change (id INTEGER PRIMARY KEY, change_key INT UNIQUE, parent INT REFERENCES "a ""b""");
CREATE TABLE "c]d" (id INTEGER PRIMARY KEY, change INT REFERENCES CHANGE(change_key));
CREATE TABLE changes (id INTEGER PRIMARY KEY, c INT REFERENCES "c]d"(id), "change" INT);
CREATE TABLE été (id INTEGER PRIMARY KEY, a INT REFERENCES'change');
CREATE VIEW seen AS SELECT change.id, "x-y" FROM change, "a ""b""";
CREATE UNIQUE INDEX by_key ON changes (c, "change");
ALTER TABLE "a ""b""" RENAME TO `e``f`;
ALTER TABLE change RENAME COLUMN change_key TO "key";
ALTER TABLE changes RENAME TO "change s";
DROP VIEW seen;
ALTER TABLE change RENAME TO "the changes";
DROP INDEX by_key;
DROP TABLE été;
DROP TABLE `e``f`
'''


def test_what_is_looked_at_again_is_all_that_a_change_is_about() -> None:
    nothing = sa.create_engine("sqlite://")
    with nothing.connect() as empty:
        copy = copied(empty, "alembic_version", None)
    with engine_of(copy, None, nothing.dialect, pytest.fail).engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        names = ('a "b"', "change", "c]d", "changes", "été", "seen", "e`f", "change s", "the changes")
        watched = [Name("main", name) for name in names]
        looks = Looks(connection, raw, sqlite, watched)
        shown = set()
        for change in CHANGES.split(";"):
            raw.execute(change)
            assert looks.again() == Looks(connection, raw, sqlite, watched).seen, change
            shown |= set(looks.seen.tables)
        assert shown == set(watched)


def test_what_cannot_be_copied_is_said(tmp_path: Path) -> None:
    history = History(tmp_path, ["op.execute('CREATE TABLE n (x)')", "op.execute('DROP TABLE strange')"])
    engine = sa.create_engine(history.url)
    with engine.begin() as connection:
        connection.connection.dbapi_connection.create_function("own", 1, str, deterministic=True)
        connection.exec_driver_sql("CREATE TABLE strange (x, y AS (own(x)))")
    engine.dispose()
    [prediction] = history.predicted()
    assert any("the database cannot be copied as it is: CREATE TABLE strange" in each for each in reasons(prediction))
    assert not any("would refuse" in each for each in reasons(prediction))


def test_the_users_listeners_count(tmp_path: Path) -> None:
    def changed(engine: sa.Engine) -> sa.Engine:
        @sa.event.listens_for(engine, "connect")
        def connects(connection: Any, _record: Any) -> None:
            connection.create_function("own", 1, lambda x: x * 2, deterministic=True)
            connection.execute("PRAGMA foreign_keys=ON")

        return engine

    history = History(
        tmp_path,
        [
            TABLE + "op.execute('CREATE INDEX ix ON t (own(id))')",
            """
            if op.get_bind().exec_driver_sql("PRAGMA foreign_keys").scalar():
                op.execute("CREATE TABLE n AS SELECT own(2) AS four")
            """,
        ],
    )
    history.changed = changed
    [prediction] = history.predicted()
    assert prediction.unproven == ()
    assert columns(prediction.after, "n") == ["four"]


def test_a_listener_that_fails_is_said(tmp_path: Path) -> None:
    def changed(engine: sa.Engine) -> sa.Engine:
        @sa.event.listens_for(engine, "connect")
        def greets(connection: Any, _record: Any) -> None:
            if not connection.execute("PRAGMA database_list").fetchone()[2]:
                raise RuntimeError("not a file")

        return engine

    history = History(tmp_path, [TABLE])
    history.changed = changed
    [prediction] = history.predicted()
    assert reasons(prediction) == [
        "the engine's listener greets does not work on an empty copy: RuntimeError: not a file"
    ]


def test_nothing_is_written(tmp_path: Path) -> None:
    history = History(tmp_path, [TABLE, "op.execute('INSERT INTO t VALUES (1, 2)')"])
    history.upgrade("r0")
    before = (tmp_path / "database.db").read_bytes()
    history.predicted()
    assert (tmp_path / "database.db").read_bytes() == before
    assert not [each.name for each in tmp_path.iterdir() if each.name.startswith("database.db-")]


def test_a_snapshot_is_not_enough(tmp_path: Path) -> None:
    history = History(tmp_path, [TABLE])
    snapshot = Snapshot(revisions=("r0",), server_version=0, schema=Schema())
    with pytest.raises(CannotCheck, match="does not hold what makes a SQLite database"):
        history.predicted(offline=True, snapshot=snapshot)
