"""Scripts on SQLite that go by what is another value each time: chance, and the time of day."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from alembic_contracts.schemas.steps import FAILS_BY_ROWS, GOES_BY_CHANCE
from tests.support.rehearsing import TABLE, History, reasons

if TYPE_CHECKING:
    from pathlib import Path

CHANCE = [
    "abs(random()) % 2",
    "hex(randomblob(1)) > '8'",
    "CURRENT_TIMESTAMP > '2030'",
    "CURRENT_DATE > '2030'",
    "date('now') > '2030'",
    "datetime( 'NOW', 'localtime') > '2030'",
    "date() > '2030'",
    "julianday('now') > 2500000",
    "strftime('%f', 'now') > '30'",
    "strftime('%Y') > '2030'",
    "unixepoch() % 2",
    "time(:when) > '12'",
    "date('n' || 'ow') > '2030'",
    "strftime(:form, 'now') > '2030'",
    "date('2020-01-01') < date('now')",
]


@pytest.mark.parametrize("question", CHANCE)
def test_what_is_otherwise_each_time_is_unproven(question: str, tmp_path: Path) -> None:
    given = ', {"when": "now"}' if ":when" in question else ', {"form": "%Y"}' if ":form" in question else ""
    code = f"""
        if op.get_bind().execute(sa.text("SELECT {question}"){given}).scalar():
            op.drop_column("t", "a")
    """
    history = History(tmp_path, [TABLE, code])
    history.upgrade("r0")
    assert reasons(history.predicted()[0]) == [GOES_BY_CHANCE]
    assert reasons(history.predicted(offline=True)[0]) == [GOES_BY_CHANCE]


BY_WAY = {
    "a table": "op.execute('INSERT INTO k SELECT abs(random()) % 2')",
    "a clock": "op.execute(\"INSERT INTO k VALUES (date('now') > '2100')\")",
    "a change": "op.execute('INSERT INTO k VALUES (1)')\nop.execute('UPDATE k SET v = abs(random()) % 2')",
    "a new table": "op.execute('DROP TABLE k')\nop.execute('CREATE TABLE k AS SELECT CURRENT_TIMESTAMP AS v')",
    "a view": "op.execute('DROP TABLE k')\nop.execute(\"CREATE VIEW k AS SELECT strftime('%Y','now') > '2100' AS v\")",
    "made up": "op.execute(\"INSERT INTO k VALUES (date('n' || 'ow') > '2100')\")",
}


@pytest.mark.parametrize("way", BY_WAY)
def test_chance_is_followed_through_tables_and_views(way: str, tmp_path: Path) -> None:
    asks = "if op.get_bind().execute(sa.text('SELECT v FROM k')).scalar():\n    op.drop_column('t', 'a')"
    history = History(tmp_path, [TABLE, f"op.execute('CREATE TABLE k (v)')\n{BY_WAY[way]}\n{asks}"])
    history.upgrade("r0")
    for offline in (False, True):
        assert any(GOES_BY_CHANCE in reasons(each) for each in history.predicted(offline=offline))


NO_CHANCE = [
    """
    if op.get_bind().execute(sa.text("SELECT date('2020-01-31', '+1 month') > '2030'")).scalar():
        op.drop_column("t", "a")
    """,
    """
    given = {"form": "%Y", "when": "2020-01-31"}
    if op.get_bind().execute(sa.text("SELECT strftime(:form, :when) = '2020'"), given).scalar():
        op.add_column("t", sa.Column("b", sa.Integer))
    """,
    "op.execute(\"INSERT INTO t (a) VALUES (hex(randomblob(8))), (CURRENT_TIMESTAMP), (datetime('now'))\")",
    """
    op.execute("CREATE TABLE n (x DEFAULT (random()), y DEFAULT CURRENT_TIMESTAMP)")
    op.execute("INSERT INTO n DEFAULT VALUES")
    """,
    """
    now = op.get_bind().execute(sa.text("SELECT CURRENT_TIMESTAMP")).scalar()
    op.bulk_insert(sa.table("t", sa.column("a", sa.String)), [{"a": now}])
    """,
    """
    op.execute("CREATE TABLE k AS SELECT hex(randomblob(8)) AS v")
    op.create_index("by_chance", "k", ["v"])
    with op.batch_alter_table("k") as batch:
        batch.add_column(sa.Column("w", sa.Integer))
    found = sa.inspect(op.get_bind())
    if "k" in found.get_table_names() and [each["name"] for each in found.get_indexes("k")] == ["by_chance"]:
        op.add_column("t", sa.Column("b", sa.Integer))
    """,
]


@pytest.mark.parametrize("code", NO_CHANCE)
def test_what_nobody_goes_by_is_no_doubt(code: str, tmp_path: Path) -> None:
    history = History(tmp_path, [TABLE, code])
    history.upgrade("r0")
    [prediction] = history.predicted()
    assert prediction.unproven == ()
    history.upgrade("head")
    assert prediction.steps[-1].fingerprint == history.observed()[1]


FAILS = {
    "an index": 'op.create_index("unique_by_chance", "k", ["v"], unique=True)',
    "a row": 'op.execute("CREATE UNIQUE INDEX u ON n (v)")\nop.execute("INSERT INTO n VALUES (abs(random()) % 2)")',
    "rows": 'op.execute("CREATE UNIQUE INDEX u ON n (v)")\nop.execute("INSERT INTO n SELECT v FROM k")',
}


@pytest.mark.parametrize("what", FAILS)
def test_what_fails_by_chance_is_no_way_to_go_on(what: str, tmp_path: Path) -> None:
    code = f"""
op.execute("CREATE TABLE n AS SELECT 1 AS v")
op.execute("CREATE TABLE k AS SELECT abs(random()) % 2 AS v UNION ALL SELECT 1")
try:
{textwrap.indent(FAILS[what], "    ")}
except Exception:
    op.drop_column("t", "a")
"""
    history = History(tmp_path, [TABLE, code])
    history.upgrade("r0")
    for _ in range(4):
        assert any(FAILS_BY_ROWS in reasons(each) for each in history.predicted())


def test_a_schema_that_is_written_by_hand_and_by_chance_is_by_chance(tmp_path: Path) -> None:
    code = """
        op.execute("PRAGMA writable_schema=ON")
        op.execute("UPDATE sqlite_master SET sql = replace(sql, 'z', 'y') WHERE name = 't' AND abs(random()) % 2")
        op.execute("PRAGMA writable_schema=RESET")
        if op.get_bind().execute(sa.text("SELECT sql FROM sqlite_master WHERE name = 't'")).scalar() == "x":
            op.drop_column("t", "a")
    """
    history = History(tmp_path, [TABLE, code])
    history.upgrade("r0")
    assert GOES_BY_CHANCE in reasons(history.predicted()[0])


def test_a_table_with_rows_by_chance_that_is_dropped_is_no_doubt(tmp_path: Path) -> None:
    code = """
        op.execute("CREATE TABLE k AS SELECT abs(random()) % 2 AS v")
        try:
            op.drop_table("k")
        except Exception:
            op.drop_column("t", "a")
    """
    history = History(tmp_path, [TABLE, code])
    history.upgrade("r0")
    assert [reasons(each) for each in history.predicted()] == [[]]
