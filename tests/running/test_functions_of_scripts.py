# ruff: noqa: E501 - a script a line
"""Functions that scripts on SQLite define themselves, and call in loops over rows or behind a decision by them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from alembic_contracts.schemas.steps import GOES_BY_ROWS
from tests.support.rehearsing import TABLE, History, columns, reasons
from tests.support.scripts_over_rows import DECIDES, IMPORT

if TYPE_CHECKING:
    from pathlib import Path

OWN = {
    "in the loop": """
        for row in op.get_bind().execute(sa.text("SELECT id, a FROM t")).all():
            def turned(entry, end="!"):
                return entry.upper() + end
            new = [turned(each) for each in row.a.split()]
            op.execute(sa.text("UPDATE t SET a = :a WHERE id = :i").bindparams(a=" ".join(new), i=row.id))
    """,
    "in upgrade": """
        suffix = "!"
        def turned(entry):
            if not entry:
                return suffix
            return entry.upper() + suffix
        for row in op.get_bind().execute(sa.text("SELECT id, a FROM t")).all():
            op.execute(sa.text("UPDATE t SET a = :a WHERE id = :i").bindparams(a=turned(row.a), i=row.id))
    """,
    "after the loop": """
        for row in op.get_bind().execute(sa.text("SELECT id, a FROM t")).all():
            op.execute("UPDATE t SET a = 'x'")
        def add():
            op.execute("ALTER TABLE t ADD COLUMN c")
        add()
    """,
    "with names of all kinds": """
        for number, row in enumerate(op.get_bind().execute(sa.text("SELECT id, a FROM t")).all()):
            try:
                found = json.loads(row.a)
            except ValueError as error:
                print(error, number)
                found = str(error)
            match found:
                case {"key": key}:
                    found = key
            with Session(op.get_bind()) as session:
                session.execute(sa.text("UPDATE t SET a = :a"), {"a": found})
    """,
    "a class": """
        class T(declarative_base()):
            __tablename__ = "t"
            id = sa.Column(sa.Integer, primary_key=True)
            a = sa.Column(sa.Text)
        session = Session(bind=op.get_bind())
        for row in op.get_bind().execute(sa.text("SELECT id, a FROM t")).all():
            session.query(T).filter_by(id=row.id).update({"a": row.a.upper()})
        session.flush()
    """,
    "by a lambda": """
        turned = lambda entry: entry.upper()
        for row in op.get_bind().execute(sa.text("SELECT id, a FROM t")).all():
            op.execute(sa.text("UPDATE t SET a = :a").bindparams(a=turned(max([row.a], key=turned))))
    """,
    "in a function that is handed on": """
        def length(entry):
            return len(entry)
        for row in op.get_bind().execute(sa.text("SELECT id, a FROM t")).all():
            op.execute(sa.text("UPDATE t SET a = :a").bindparams(a=max(row.a.split(), key=length)))
    """,
}


@pytest.mark.parametrize("name", OWN)
def test_functions_within_functions_are_followed(name: str, tmp_path: Path) -> None:
    history = History(tmp_path, [TABLE, OWN[name]])
    history.upgrade("r0")
    assert not any(reasons(each) for each in history.predicted())


NOT_FOLLOWED = {
    "drops in the loop": """
        for row in op.get_bind().execute(sa.text("SELECT id, a FROM t")).all():
            def turned(entry):
                op.execute("ALTER TABLE t DROP COLUMN a")
            if row.a == "special":
                turned(row.a)
    """,
    "drops by another name": """
        def turned(entry):
            op.execute("ALTER TABLE t DROP COLUMN a")
        other = turned
        for row in op.get_bind().execute(sa.text("SELECT id, a FROM t")).all():
            if row.a == "special":
                other(row.a)
    """,
    "drops where it is handed on": """
        def turned(entry):
            op.execute("ALTER TABLE t DROP COLUMN a")
        for row in op.get_bind().execute(sa.text("SELECT id, a FROM t")).all():
            if row.a == "special":
                max([row.a], key=turned)
    """,
    "drops where a lambda is handed on": """
        turned = lambda entry: op.execute("ALTER TABLE t DROP COLUMN a")
        for row in op.get_bind().execute(sa.text("SELECT id, a FROM t")).all():
            if row.a == "special":
                max([row.a], key=turned)
    """,
    "a class that drops": """
        class Dropping:
            def __init__(self, text):
                op.execute("ALTER TABLE t DROP COLUMN a")
        for row in op.get_bind().execute(sa.text("SELECT id, a FROM t")).all():
            if row.a == "special":
                max([row.a], key=Dropping)
    """,
    "by what calls itself": """
        turned = lambda entry: entry and turned(entry[1:]) or op.execute("ALTER TABLE t DROP COLUMN a")
        for row in op.get_bind().execute(sa.text("SELECT id, a FROM t")).all():
            if row.a == "special":
                turned(row.a)
    """,
    "one of two": """
        for row in op.get_bind().execute(sa.text("SELECT id, a FROM t")).all():
            if row.a == "special":
                def turned(): op.drop_column("t", "a")
            else:
                def turned(): pass
            turned()
    """,
    "as one of the module": """
        def known(entry):
            op.execute("ALTER TABLE t DROP COLUMN a")
        for row in op.get_bind().execute(sa.text("SELECT id, a FROM t")).all():
            if row.a == "special":
                known(row.a)
    """,
    "by a name around it": """
        list = op.get_bind().exec_driver_sql
        def turned(entry):
            return list("ALTER TABLE t DROP COLUMN a")
        for row in op.get_bind().execute(sa.text("SELECT id, a FROM t")).all():
            if row.a == "special":
                turned(row.a)
    """,
    "by what sets a name around it": """
        found = False
        def turned(entry):
            nonlocal found
            found = entry == "special"
        for row in op.get_bind().execute(sa.text("SELECT id, a FROM t")).all():
            turned(row.a)
        if found:
            op.execute("ALTER TABLE t DROP COLUMN a")
    """,
    "where it is defined": """
        for row in op.get_bind().execute(sa.text("SELECT id, a FROM t")).all():
            def turned(entry, given=row.a == "special" and op.drop_column("t", "a")):
                return entry
    """,
    "as it is decorated": """
        for row in op.get_bind().execute(sa.text("SELECT id, a FROM t")).all():
            @(lambda function: row.a == "special" and op.drop_column("t", "a"))
            def turned(entry):
                return entry
    """,
}


@pytest.mark.parametrize("name", NOT_FOLLOWED)
def test_functions_within_functions_that_change_tables_are_unproven(name: str, tmp_path: Path) -> None:
    history = History(tmp_path, [TABLE])
    history.add(NOT_FOLLOWED[name], extra="def known(entry):\n    return entry")
    history.upgrade("r0")
    assert any(GOES_BY_ROWS in reasons(each) for each in history.predicted())


def test_the_same_name_in_two_functions(tmp_path: Path) -> None:
    """Each has one by the name of `run`; what catches an error is the one that runs."""
    run = """
        def run():
            try:
                op.execute("INSERT INTO t VALUES (1, 'x')")
            except sa.exc.IntegrityError:
                op.execute("ALTER TABLE t DROP COLUMN a")
        run()
    """
    history = History(tmp_path, [TABLE, (run, "def run():\n    pass\nrun()")])
    history.upgrade("r0")
    assert any(reasons(each) for each in history.predicted())


# -- what follows a decision by rows -----------------------------------------------------------------------------------

FIXED = {
    "a text": 'def chosen():\n    """What."""\n    return sa.text("1") if op.get_bind().dialect.name == "sqlite" else sa.func.now()',
    "a branch": 'def chosen():\n    if op.get_bind().dialect.name == "sqlite":\n        return sa.text("1")\n    return sa.func.now()',
    "of a dictionary": 'def chosen():\n    return sa.text(sa.inspect(op.get_bind()).get_columns("t")[0].get("missing", "1"))',
    "by what it is given": 'def given(name):\n    return sa.text(name)\ndef chosen():\n    number = "1"\n    return given(number)',
}


@pytest.mark.parametrize("name", FIXED)
def test_a_function_with_the_same_value_whatever_the_rows_are(name: str, tmp_path: Path) -> None:
    history = History(tmp_path, [TABLE])
    history.add(
        f"{DECIDES}        op.create_table('n', sa.Column('x', sa.Integer, server_default=chosen()))", extra=FIXED[name]
    )
    history.upgrade("r0")
    predictions = history.predicted()
    assert not any(reasons(each) for each in predictions)
    assert [columns(each.after, "n") for each in predictions] == [["x"]] * len(predictions)


@pytest.mark.usefixtures("application")
def test_a_helper_with_the_same_value_whatever_the_rows_are(tmp_path: Path) -> None:
    history = History(tmp_path, [TABLE])
    history.add(f"{DECIDES}        op.add_column('t', sa.Column(slug('b'), sa.Text))", extra=IMPORT)
    history.upgrade("r0")
    assert not any(reasons(each) for each in history.predicted())


NOT_FIXED = {
    "it gets a row": "T = declarative_base()\nclass U(T):\n    __tablename__ = 't'\n    id = sa.Column(sa.Integer, primary_key=True)\n    a = sa.Column(sa.Text)\ndef chosen():\n    return getattr(Session(op.get_bind()).get(U, 1), 'a', 'x')",
    "it gets it by a default": "def chosen():\n    return {}.get('x', op.get_bind().execute(sa.text('SELECT a FROM t')).scalar()) or 'x'",
    "it asks": "def chosen():\n    return op.get_bind().execute(sa.text('SELECT max(a) FROM t')).scalar() or 'x'",
    "a variable": "FOUND = []\ndef chosen():\n    return 'x' if FOUND else 'y'",
    "a loop": "def chosen():\n    for each in op.get_bind().execute(sa.text('SELECT a FROM t')):\n        return 'x'\n    return 'y'",
    "an attribute": "class Found:\n    any = False\nfound = Found()\ndef chosen():\n    return 'x' if found.any else 'y'",
    "the project's own": "from application_of_tests import of_a_table\ndef chosen():\n    return of_a_table('a')",
    "decorated": "import functools\n@functools.lru_cache\ndef chosen():\n    return 'x'",
}


@pytest.mark.parametrize("name", NOT_FIXED)
@pytest.mark.usefixtures("application")
def test_a_function_that_may_go_by_rows_is_unproven(name: str, tmp_path: Path) -> None:
    noted = DECIDES + "            FOUND.append(1)\n" if "FOUND" in NOT_FIXED[name] else DECIDES
    if "found" in NOT_FIXED[name]:
        noted = DECIDES + "            found.any = True\n"
    history = History(tmp_path, [TABLE])
    history.add(f"{noted}        op.add_column('t', sa.Column(chosen(), sa.Text))", extra=NOT_FIXED[name])
    history.upgrade("r0")
    assert any(reasons(each) for each in history.predicted())
