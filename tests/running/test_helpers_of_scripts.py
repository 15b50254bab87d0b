# ruff: noqa: E501 - a script a line
"""What scripts on SQLite use in loops over rows: functions of the application, of libraries, and of their own."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from alembic_contracts.schemas.steps import GOES_BY_ROWS
from tests.support.rehearsing import TABLE, History, columns, reasons, recipe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

APPLICATION = '''
import datetime
import json as _json
import os
import re
import uuid
from datetime import timezone
from functools import lru_cache
from urllib.parse import quote

import sqlalchemy as sa

PATTERN = re.compile("[^a-z]+")
LIMIT = 20
KINDS = {"a": "b"}
count = 0


def utc_now():
    """The time."""
    return datetime.datetime.now(timezone.utc).replace(tzinfo=None)


def new_id(dashed: bool = True) -> str:
    if dashed:
        return str(uuid.uuid4())
    return uuid.uuid4().hex


def slug(text, *, most=LIMIT):
    words: list[str] = []
    for word in PATTERN.split(text.lower())[:LIMIT]:
        if word and word not in words:
            words.append(word)
    return "-".join(sorted(words, key=len))[:most]


def loads(text, default=None):
    try:
        return _json.loads(text)
    except (ValueError, TypeError) as error:
        if default is None:
            raise ValueError(f"no JSON: {error}")
        return default


def nested(text):
    return {"of": loads(text, {}), "id": new_id(dashed=False), "at": quote(slug(text))}


def factorial(number):
    return 1 if number < 2 else number * factorial(number - 1)


def drop(connection):
    connection.execute(sa.text("ALTER TABLE t DROP COLUMN a"))


def drops_deeper(connection, text):
    return slug(text) and drop(connection)


def called(function, given):
    return function(given)


def counted(text):
    global count
    count += 1
    return text


def at_home(text):
    return os.environ.get("HOME", text)


def through_a_module(text):
    place = os
    return place.environ.get("HOME", text)


def in_a_file(text):
    with open("/tmp/x") as file:
        return file.read()


def kept_in_a_default(text, found=[]):
    found.append(text)
    return found


def kept_in_the_module(text):
    KINDS[text] = text
    return text


def of_a_table(text):
    return KINDS.get(text)


def changes_what_it_is_given(names, text):
    names.append(text)
    return text


def adds_to_what_it_is_given(names, text):
    names += [text]
    return text


def by_name(text, name):
    return getattr(text, name)()


def evaluated(text):
    return eval(text)


@lru_cache
def remembered(text):
    return text


def decorated(function):
    def inner(text):
        function(text)
        return text

    return inner


@decorated
def wrapped(text):
    return text


def closing(text):
    import subprocess

    return subprocess.run(text)


class Turned:
    def __init__(self, text):
        self.text = text


def turned(text):
    return Turned(text).text


def attribute(row):
    row.text = 1
    return row


def dunder(text):
    return text.__class__.__mro__
'''


@pytest.fixture
def application(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    library = tmp_path / "library"
    library.mkdir()
    (library / "application_of_tests.py").write_text(APPLICATION)
    monkeypatch.syspath_prepend(str(library))
    yield library
    sys.modules.pop("application_of_tests", None)


NAMES = [line.partition("(")[0].split()[1] for line in APPLICATION.splitlines() if line.startswith("def ")]
IMPORT = f"""
import application_of_tests as application
from application_of_tests import slug as made_shorter
from application_of_tests import {", ".join(NAMES)}
"""


def loop(value: str) -> str:
    return f"""
        bind, names = op.get_bind(), []
        for row in bind.execute(sa.text("SELECT id, a FROM t")).all():
            bind.execute(sa.text("UPDATE t SET a = :a WHERE id = :i"), {{"a": {value}, "i": row.id}})
        op.execute("ALTER TABLE t ADD COLUMN b")
    """


def of_loop(folder: Path, value: str, extra: str = IMPORT) -> list[list[str]]:
    history = History(folder, [TABLE])
    history.add(loop(value), extra=extra)
    history.upgrade("r0")
    predictions = history.predicted()
    assert all(columns(each.after) == ["id", "a", "b"] for each in predictions if each.cut is None)
    return [reasons(each) for each in predictions]


COMPUTES = [
    "utc_now()",
    "application.utc_now().isoformat()",
    "new_id(dashed=False)",
    "made_shorter(row.a)",
    "application.loads(row.a)['key']",
    "str(nested(row.a))",
    "factorial(row.id)",
    "' '.join(sorted(row.a.split(), key=slug))",
]


@pytest.mark.parametrize("value", COMPUTES)
@pytest.mark.usefixtures("application")
def test_a_helper_that_only_computes_leaves_no_doubt(value: str, tmp_path: Path) -> None:
    assert not any(of_loop(tmp_path, value))


MAY_ACT = [
    "drop(bind)",
    "drops_deeper(bind, row.a)",
    "called(print, row.a)",
    "counted(row.a)",
    "at_home(row.a)",
    "through_a_module(row.a)",
    "in_a_file(row.a)",
    "kept_in_a_default(row.a)",
    "kept_in_the_module(row.a)",
    "of_a_table(row.a)",
    "changes_what_it_is_given(names, row.a)",
    "adds_to_what_it_is_given(names, row.a)",
    "by_name(row.a, 'upper')",
    "evaluated(row.a)",
    "remembered(row.a)",
    "wrapped(row.a)",
    "closing(row.a)",
    "turned(row.a)",
    "attribute(row)",
    "dunder(row.a)",
    "sorted(row.a, key=counted)",
    "max([row.a], key=application.drop)",
    "list(map(drop, [bind]))",
    "max(['DROP TABLE t'], key=bind.exec_driver_sql)",
    "max(['a'], key=batch.drop_column)",
    "application.missing(row.a)",
    "nobody(row.a)",
    "max([row.a], key=nobody)",
]


@pytest.mark.parametrize("value", MAY_ACT)
@pytest.mark.usefixtures("application")
def test_a_helper_that_may_do_more_is_unproven(value: str, tmp_path: Path) -> None:
    history = History(tmp_path, [TABLE])
    text = loop(f'{value} if row.a == "special" else row.a').replace("bind, names", "batch = op\n        bind, names")
    history.add(text, extra=IMPORT)
    history.upgrade("r0")
    assert any(GOES_BY_ROWS in reasons(each) for each in history.predicted())


REPLACED = {
    "in the script": "utc_now = op.get_bind",
    "in its module": "application.utc_now = lambda: op.drop_column('t', 'a')",
    "its code": "application.utc_now.__code__ = application.at_home.__code__.replace(co_name='utc_now')",
    "what it uses": "application.datetime = application.os",
    "by another import": "from application_of_tests import drop as utc_now",
}


@pytest.mark.parametrize("name", REPLACED)
@pytest.mark.usefixtures("application")
def test_a_helper_that_is_another_one_by_now_is_unproven(name: str, tmp_path: Path) -> None:
    value = "application.utc_now()" if name not in {"in the script", "by another import"} else "utc_now()"
    history = History(tmp_path, [TABLE])
    history.add(loop(f'{value} if row.a == "special" else row.a'), extra=f"{IMPORT}\n{REPLACED[name]}")
    history.upgrade("r0")
    assert any(GOES_BY_ROWS in reasons(each) for each in history.predicted())


LIBRARIES = {
    "bisect": ("import bisect", "str(bisect.bisect([1, 2], row.id))"),
    "urllib": ("from urllib.parse import quote_plus", "quote_plus(row.a)"),
    "urllib, whole": ("import urllib.parse", "urllib.parse.urlsplit(row.a).path"),
    "io": ("import io", "io.StringIO(row.a).read()"),
    "yaml": ("import yaml", "str(yaml.safe_load(row.a))"),
    "packaging": ("from packaging.utils import canonicalize_name", "canonicalize_name(row.a)"),
}


@pytest.mark.parametrize("name", LIBRARIES)
def test_libraries_that_work_on_values(name: str, tmp_path: Path) -> None:
    extra, value = LIBRARIES[name]
    assert not any(of_loop(tmp_path, value, extra))


OTHER_LIBRARIES = {
    "urllib": ("import urllib.parse, urllib.request", "urllib.request.urlopen(row.a).read()"),
    "io": ("import io", "io.open(row.a).read()"),
    "yaml": ("import yaml", "str(yaml.unsafe_load(row.a))"),
    "operator": ("import operator", "operator.methodcaller('execute', row.a)(bind)"),
    "itertools": ("import itertools, operator", "list(itertools.starmap(operator.call, names))"),
    "functools": ("import functools", "functools.partial(bind.execute, row.a)()"),
}


@pytest.mark.parametrize("name", OTHER_LIBRARIES)
def test_other_parts_of_libraries_are_unproven(name: str, tmp_path: Path) -> None:
    extra, value = OTHER_LIBRARIES[name]
    history = History(tmp_path, [TABLE])
    history.add(loop(f'{value} if row.a == "special" else row.a'), extra=extra)
    history.upgrade("r0")
    assert any(GOES_BY_ROWS in reasons(each) for each in history.predicted())


def test_a_module_of_the_project_by_the_name_of_a_library_is_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "slugify.py").write_text("def slugify(text):\n    return open(text)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    history = History(tmp_path, [TABLE])
    history.add(loop('slugify(row.a) if row.a == "special" else row.a'), extra="from slugify import slugify")
    history.upgrade("r0")
    assert any(GOES_BY_ROWS in reasons(each) for each in history.predicted())


# -- functions of the script's own -------------------------------------------------------------------------------------

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

DECIDES = """
        if op.get_bind().execute(sa.text("SELECT count(*) FROM t WHERE a = 'x'")).scalar() > 0:
            op.execute("INSERT INTO t (a) VALUES ('y')")
"""
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


# -- the end of a function ---------------------------------------------------------------------------------------------

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


# -- sessions ----------------------------------------------------------------------------------------------------------

COMMITS = {
    "a session": """
        session = Session(bind=op.get_bind())
        op.execute("ALTER TABLE t ADD COLUMN b")
        for row in session.execute(sa.text("SELECT id, a FROM t")).all():
            if row.a == "special":
                session.execute(sa.text("UPDATE t SET a = 'x'"))
                session.commit()
        op.execute("ALTER TABLE t ADD COLUMN c")
    """,
    "in a with": """
        bind = op.get_bind()
        with sa.orm.Session(bind) as session:
            for row in session.execute(sa.text("SELECT id, a FROM t")).all():
                session.execute(sa.text("UPDATE t SET a = :a"), {"a": row.a.upper()})
                session.commit()
        op.execute("ALTER TABLE t ADD COLUMN c")
    """,
}


@pytest.mark.parametrize("name", COMMITS)
@pytest.mark.parametrize("changed", [lambda engine: engine, recipe])
def test_a_session_in_alembics_transaction_commits_nothing(
    name: str, changed: Callable[[sa.Engine], sa.Engine], tmp_path: Path
) -> None:
    history = History(tmp_path, [TABLE, COMMITS[name]])
    history.changed = changed
    history.upgrade("r0")
    history.execute("INSERT INTO t VALUES (1, 'special')")
    predictions = history.predicted()
    assert not any(reasons(each) for each in predictions)
    commits: list[str] = []

    def told(engine: sa.Engine) -> sa.Engine:
        sa.event.listen(changed(engine), "commit", lambda _connection: commits.append("COMMIT"))
        return engine

    history.changed = told
    history.upgrade("head")
    assert commits == ["COMMIT"]  # Alembic's own, of the revision
    assert predictions[0].steps[-1].fingerprint == history.observed()[1]


COMMITS_MORE = {
    "the connection": "session = op.get_bind()",
    "the connection of a name": "session = bind = op.get_bind()",
    "an engine's": "session = Session(op.get_bind().engine)",
    "a connection's of its own": "session = Session(op.get_bind().engine.connect())",
    "one that takes over": "session = Session(op.get_bind(), join_transaction_mode='control_fully')",
    "one of two": "session = Session(op.get_bind())\nif len(dir(op)):\n    session = Session(op.get_bind().engine)",
    "what has more": "session = Session(op.get_bind(), binds={})",
    "a function's": "def made():\n    return Session(op.get_bind().engine)\nsession = made()",
}


@pytest.mark.parametrize("name", COMMITS_MORE)
def test_other_commits_by_rows_are_unproven(name: str, tmp_path: Path) -> None:
    code = """
for row in op.get_bind().execute(sa.text("SELECT id, a FROM t")).all():
    if row.a == "special":
        session.commit()
"""
    history = History(tmp_path, [TABLE, f"{COMMITS_MORE[name]}{code}"])
    history.upgrade("r0")
    assert any(GOES_BY_ROWS in reasons(each) for each in history.predicted())
