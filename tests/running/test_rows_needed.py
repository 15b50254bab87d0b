"""Scripts on SQLite that need rows: how they end where there are none, and go on where there are some."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.rehearsing import TABLE, History, columns, reasons

if TYPE_CHECKING:
    from pathlib import Path

NO_ROWS = 'if not op.get_bind().scalar(sa.text("SELECT count(*) FROM t")):'
FAILS_WITHOUT = {
    "a key of the first row": ('first = op.get_bind().execute(sa.text("SELECT a FROM t")).fetchall()[0]', False),
    "one row and no other": ('first = op.get_bind().execute(sa.text("SELECT a FROM t")).scalar_one()', False),
    "it says so itself": (f'{NO_ROWS}\n    raise RuntimeError("load it first")', False),
    "SQLite refuses a row": (f'{NO_ROWS}\n    op.execute("INSERT INTO t (id) SELECT 1 UNION ALL SELECT 1")', False),
    "it has changed the table by then": (
        f'op.execute("ALTER TABLE t ADD COLUMN half")\n{NO_ROWS}\n    raise RuntimeError("load it first")',
        True,
    ),
}


@pytest.mark.parametrize("name", FAILS_WITHOUT)
def test_a_script_that_needs_rows_ends_where_there_are_none(name: str, tmp_path: Path) -> None:
    body, leaves = FAILS_WITHOUT[name]
    history = History(tmp_path, [TABLE, body, "op.execute('ALTER TABLE t ADD COLUMN more')"])
    history.upgrade("r0")
    predictions = history.predicted()
    assert any(map(reasons, predictions)) == leaves
    going_on = [each for each in predictions if each.cut is None]
    assert going_on
    assert all(columns(each.after)[-1] == "more" for each in going_on)


MISSING = """
if not op.get_bind().scalar(sa.text("SELECT count(*) FROM t")):
    op.get_bind().execute(sa.text("SELECT slug('x')"))
"""


def test_what_fails_for_want_of_what_env_py_gives_is_no_end(tmp_path: Path) -> None:
    history = History(tmp_path, [TABLE, f"{MISSING}op.execute('ALTER TABLE t DROP COLUMN a')"])
    history.upgrade("r0")
    assert any(map(reasons, history.predicted()))
