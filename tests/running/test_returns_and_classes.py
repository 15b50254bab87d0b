"""What a script on SQLite may leave out by rows with a return, and classes of its own in loops over rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from alembic_contracts.schemas.steps import GOES_BY_ROWS
from tests.support.rehearsing import TABLE, History, columns, reasons
from tests.support.scripts_over_rows import DECIDES, loop

if TYPE_CHECKING:
    from pathlib import Path

RETURNS = {
    "nothing to do": """
        row = op.get_bind().execute(sa.text("SELECT id, a FROM t WHERE a = 'x'")).first()
        if not row:
            return
        op.execute("UPDATE t SET a = 'y'")
    """,
    "in a loop": """
        op.execute("ALTER TABLE t ADD COLUMN b")
        for row in op.get_bind().execute(sa.text("SELECT id, a FROM t")):
            if row.a == "x":
                return
            op.execute("UPDATE t SET a = 'y'")
        op.execute("DELETE FROM t")
    """,
    "in a with": """
        with Session(op.get_bind()) as session:
            row = session.execute(sa.text("SELECT id, a FROM t WHERE a = 'x'")).first()
            if row is None:
                return
            session.execute(sa.text("UPDATE t SET a = 'y'"))
    """,
    "in a function": """
        fill()
        op.execute("ALTER TABLE t ADD COLUMN b")
    """,
    "by what is no row": """
        for row in op.get_bind().execute(sa.text("SELECT id, a FROM t")):
            op.execute("UPDATE t SET a = 'y'")
        if op.get_bind().dialect.name != "sqlite":
            return
        op.execute("ALTER TABLE t ADD COLUMN b")
    """,
}
FILL = """
def fill():
    row = op.get_bind().execute(sa.text("SELECT id, a FROM t WHERE a = 'x'")).first()
    if not row:
        return
    op.execute("UPDATE t SET a = 'y'")
"""


@pytest.mark.parametrize("name", RETURNS)
def test_a_return_that_leaves_out_rows_alone(name: str, tmp_path: Path) -> None:
    history = History(tmp_path, [TABLE])
    history.add(RETURNS[name], extra=FILL)
    history.upgrade("r0")
    assert not any(reasons(each) for each in history.predicted())


LEAVES_OUT = {
    "a table after it": """
        row = op.get_bind().execute(sa.text("SELECT id, a FROM t WHERE a = 'x'")).first()
        if not row:
            return
        op.execute("ALTER TABLE t ADD COLUMN b")
    """,
    "a table around it": """
        with Session(op.get_bind()) as session:
            row = session.execute(sa.text("SELECT id, a FROM t WHERE a = 'x'")).first()
            if row:
                return
        op.execute("ALTER TABLE t ADD COLUMN b")
    """,
    "a table at last": """
        for row in op.get_bind().execute(sa.text("SELECT id, a FROM t")):
            if row.a == "x":
                return
        try:
            op.execute("UPDATE t SET a = 'y'")
        finally:
            op.execute("ALTER TABLE t ADD COLUMN b")
    """,
    "a table by what it returns": """
        if found():
            op.execute("ALTER TABLE t ADD COLUMN b")
    """,
    "a table in a function": """
        drop()
    """,
}
FOUND = """
def found():
    row = op.get_bind().execute(sa.text("SELECT id, a FROM t WHERE a = 'x'")).first()
    if not row:
        return False
    return row.a == 'y'

def drop():
    if found():
        return
    op.execute("ALTER TABLE t ADD COLUMN b")
"""


@pytest.mark.parametrize("name", LEAVES_OUT)
def test_a_return_that_may_leave_out_more(name: str, tmp_path: Path) -> None:
    history = History(tmp_path, [TABLE])
    history.add(LEAVES_OUT[name], extra=FOUND)
    history.upgrade("r0")
    assert any(GOES_BY_ROWS in reasons(each) for each in history.predicted())


@pytest.mark.parametrize("depth", [400, 900])
def test_a_script_that_is_too_deep_to_be_looked_at_is_unproven(depth: int, tmp_path: Path) -> None:
    text = " + ".join(["'a'"] * depth)
    history = History(tmp_path, [TABLE, f"{DECIDES}        op.add_column('t', sa.Column({text}, sa.Text))"])
    history.upgrade("r0")
    for each in history.predicted():
        assert columns(each.after) == ["id", "a", "a" * depth]
        assert set(reasons(each)) <= {GOES_BY_ROWS}


# -- classes, and names with several meanings --------------------------------------------------------------------------

CLASSES = """
try:
    import nothing_of_this_name as json
except ImportError:
    import json


class Tool:
    def __init__(self, text):
        self.text = text

    def again(self):
        return Tool(self.text.upper())

    def replace(self, old):
        found = [each for each in self.text if each != old]
        return "".join(found)


class Dropping:
    def replace(self):
        op.execute("ALTER TABLE t DROP COLUMN a")

    def other(self):
        return op.drop_column("t", "a")


class Making:
    def __init__(self, text):
        drop()


class Naming:
    def drop(self):
        drop()


def drop():
    op.execute("ALTER TABLE t DROP COLUMN a")


if revision:
    from application_of_tests import loads as chosen
else:
    from application_of_tests import drop as chosen
"""
GOOD = ["Tool(row.a).text", "json.dumps(row.a)", "str(max([row.a], key=Tool))"]
BAD = [
    "Dropping().replace()",
    "dropping.replace()",
    "max([row.a], key=dropping.other)",
    "max([row.a], key=Making)",
    "Naming().drop()",
    "str(Naming())",
    "chosen(row.a)",
    "Session(op.get_bind()).rollback()",
]


def of_classes(folder: Path, value: str) -> bool:
    history = History(folder, [TABLE])
    text = loop(f'{value} if row.a == "special" else row.a')
    history.add(f"        dropping = Dropping()\n{text}", extra=CLASSES)
    history.upgrade("r0")
    return any(GOES_BY_ROWS in reasons(each) for each in history.predicted())


@pytest.mark.parametrize("value", GOOD)
@pytest.mark.usefixtures("application")
def test_a_class_of_the_script_that_only_computes(value: str, tmp_path: Path) -> None:
    (tmp_path / "good").mkdir()
    good = CLASSES.partition("class Dropping")[0]
    history = History(tmp_path / "good", [TABLE])
    history.add(loop(value), extra=good)
    history.upgrade("r0")
    assert not any(reasons(each) for each in history.predicted())


@pytest.mark.parametrize("value", BAD)
@pytest.mark.usefixtures("application")
def test_a_class_of_the_script_that_changes_a_table(value: str, tmp_path: Path) -> None:
    assert of_classes(tmp_path, value)
