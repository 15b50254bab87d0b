"""Predictions are kept of scripts that go by other code, files and chance: where these are other ones it is seen."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.keeping import UPGRADE, contract, kept, make_fresh, upgraded
from tests.support.project import ENV

if TYPE_CHECKING:
    from tests.support.project import Project

HELPERS = {
    "a module": ("import helper", "helper.change(op)"),
    "one of a package": ("from package.inner import change", "change(op)"),
    "one in a function": ("def change():\n    import helper\n    helper.change(op)", "change()"),
    "one that another imports": ("import helper_of_helper", "helper_of_helper.change(op)"),
    "one that env.py imports": ("from sqlalchemy import info", "info.change(op)"),
}
CHANGE = """
import sqlalchemy

def change(op):
    op.execute("ALTER TABLE t ADD {column} integer")
"""


def helpers(project: Project, content: str) -> None:
    """Write the same in each place that scripts may have it of."""
    project.write("helper.py", content)
    project.write("package/__init__.py", "")
    project.write("package/inner.py", content)
    project.write("helper_of_helper.py", "from helper import change")
    project.write("migrations/env.py", f"import helper, sqlalchemy\nsqlalchemy.info = helper\n{ENV}")


@pytest.mark.parametrize("where", HELPERS)
def test_what_scripts_import_counts(where: str, project: Project) -> None:
    prelude, line = HELPERS[where]
    helpers(project, CHANGE.format(column="c"))
    project.revision("r3", line, prelude=prelude)
    assert upgraded(project, PYTHONPATH=".") == (0, "predicted")
    assert upgraded(project, PYTHONPATH=".") == (0, "known before")
    helpers(project, CHANGE.format(column="another"))
    assert upgraded(project, PYTHONPATH=".") == (0, "predicted")
    assert upgraded(project, PYTHONPATH=".") == (0, "known before")
    helpers(project, CHANGE.format(column="c") + "    op.execute('ALTER TABLE t RENAME a TO b2')\n")
    make_fresh(project)
    done = project.alembic("upgrade", "head", env={"PYTHONPATH": "."})
    assert (done.returncode, "Committed and staying" in done.stderr) == (255, False), done.stderr


def test_what_else_a_package_has_does_not_count(project: Project) -> None:
    """A test suite imports its tests, which change all the time."""
    project.write("migrations/env.py", f"import helper\n{ENV}")
    project.write("helper.py", "")
    for number in range(3):
        project.write("conftest.py", f"{number}")
        make_fresh(project)
        done = project.run("-c", f"import conftest\n{UPGRADE}", env={"PYTHONPATH": "."})
        assert done.stdout.splitlines()[-1:] == ["predicted" if number == 0 else "known before"], done.stderr


TOLD = "import pathlib\nop.execute(pathlib.Path('told.sql').read_text())"
MADE = "ALTER TABLE t ADD c integer"
REQUIRED = f"{MADE} NOT NULL"


@pytest.mark.parametrize("told", ["ALTER TABLE t RENAME a TO c", "ALTER TABLE t ADD c integer; ALTER TABLE t DROP a"])
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@pytest.mark.parametrize("mode", ["True", "False"])
def test_what_is_seen_of_nothing_that_scripts_import_is_seen_before_it_is_done(
    mode: str, told: str, project: Project
) -> None:
    each = f"target_metadata=target_metadata, transaction_per_migration={mode})"
    project.write("migrations/env.py", ENV.replace("target_metadata=target_metadata)", each))
    project.revision("r3", TOLD)
    project.write("told.sql", MADE)
    assert [upgraded(project), upgraded(project)] == [(0, "predicted"), (0, "known before")]
    project.write("told.sql", told)
    assert upgraded(project) == (255, "predicted")
    assert project.sql("SELECT a FROM t" if mode == "True" else "SELECT 1 WHERE false") == []
    project.write("told.sql", MADE)
    assert [upgraded(project), upgraded(project)] == [(0, "predicted"), (0, "known before")]


PAST_WORDS = {
    "it is not followed to its end": (
        "import inspect\nif any('play' in f.filename for f in inspect.stack()):\n    raise RuntimeError('here')",
        f"op.execute('{REQUIRED}')",
    ),
    "a function of its own": ('op.execute("SELECT g()")', 'op.execute("SELECT f()")'),
    "a trigger": ("pass", 'op.execute("INSERT INTO written VALUES (1)")'),
}
FUNCTIONS = f"""
op.execute("CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS '{REQUIRED}; SELECT 1'")
op.execute("CREATE FUNCTION g() RETURNS integer LANGUAGE sql AS 'SELECT 1'")
op.execute("CREATE TABLE written (x integer)")
op.execute("CREATE FUNCTION h() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {REQUIRED}; RETURN NEW; END $$")
op.execute("CREATE TRIGGER h BEFORE INSERT ON written FOR EACH ROW EXECUTE FUNCTION h()")
"""


@pytest.mark.parametrize("how", PAST_WORDS)
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_what_the_words_of_statements_do_not_show_counts_where_scripts_go_by_more(how: str, project: Project) -> None:
    before, after = PAST_WORDS[how]
    project.contract("t", json.dumps({**json.loads(contract(is_nullable=False)), "compatibility": "writer"}))
    project.revision("r3", f"{FUNCTIONS}exec(pathlib.Path('told.py').read_text())", prelude="import pathlib")
    project.write("told.py", before)
    assert [upgraded(project)[0], upgraded(project)[0]] == [0, 0]
    project.write("told.py", after)
    never = {"ALEMBIC_CONTRACTS_KEEP_PREDICTIONS": "never"}
    assert upgraded(project) == upgraded(project, **never) == (0 if how == "a trigger" else 255, "predicted")


@pytest.mark.parametrize("unproven", ["warn", "refuse"])
def test_what_is_done_once_in_a_process_is_not_held_against_scripts(unproven: str, project: Project) -> None:
    """Scripts that do otherwise are predicted anew in a process that has run some of them."""
    project.write(
        "helper.py", "import functools\n@functools.cache\ndef once(op):\n    op.execute('CREATE TABLE u (x integer)')\n"
    )
    project.revision("r3", "helper.once(op)", prelude="import helper")
    project.revision("r4", 'op.execute("DROP TABLE u")\n' + TOLD)
    for told, code in [(MADE, 0), (MADE.replace("c", "another"), 255 if unproven == "refuse" else 0)]:
        project.write("told.sql", told)
        env = {"PYTHONPATH": ".", "ALEMBIC_CONTRACTS_UNPROVEN": unproven}
        make_fresh(project)
        done = project.alembic("upgrade", "head", env=env)
        assert (done.returncode, "will fail" in done.stderr) == (code, False), done.stderr
        assert told == MADE or "is done once in a process" in " ".join(done.stderr.split())
    assert upgraded(project, **env) == (0, "predicted")


@pytest.mark.parametrize(
    "asked", ["get_unique_constraints('t')", "get_table_names()", "has_table('t')", "get_columns('t')"]
)
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_what_is_executed_after_an_inspector_is_in_the_transaction_of_its_queries(asked: str, project: Project) -> None:
    """Alembic commits what it executes outside of any; then the run does what was foreseen."""
    add = 'with op.batch_alter_table("t") as batch:\n    batch.add_column(sa.Column("c", sa.Integer))'
    project.revision("r3", f"bind = op.get_bind()\nbind.commit()\nsa.inspect(bind).{asked}\n{add}")
    assert [upgraded(project), upgraded(project)] == [(0, "predicted"), (0, "known before")]


def test_an_inspector_of_the_engine_is_no_hindrance(project: Project) -> None:
    """It has a connection of its own, whose transactions are none of the upgrade's."""
    project.revision("r3", "sa.inspect(op.get_bind().engine).get_table_names()")
    assert [upgraded(project), upgraded(project)] == [(0, "predicted"), (0, "known before")]


ONCE = """
import functools

@functools.cache
def once(op):
    op.execute("CREATE TABLE made (id integer PRIMARY KEY, k text)")
"""


@pytest.mark.parametrize("is_one", [True, False])
@pytest.mark.parametrize(("is_nullable", "code"), [(True, 0), (False, 255)])
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_was_committed_counts_where_nothing_is_known_of_the_rest(
    is_nullable: bool, code: int, is_one: bool, project: Project
) -> None:
    """What is done once in a process is not done when it is found out anew where scripts lead."""
    project.write("helper.py", ONCE)
    told = "exec(pathlib.Path('told.py').read_text())"
    if is_one:
        code = 0  # a table is held to what it is once the revision is through that has made it
        project.revision("r3", f"helper.once(op)\n{told}", prelude="import helper, pathlib")
    else:
        project.revision("r3", "helper.once(op)", prelude="import helper")
        project.revision("r4", told, prelude="import pathlib")
    stated = json.loads(contract(is_nullable=False)) | {"name": "made", "compatibility": "writer"}
    stated["schema"] = {"table_name": "made", "properties": {"k": {}}}
    project.contract("made", json.dumps(stated))
    env = {"PYTHONPATH": ".", "ALEMBIC_CONTRACTS_UNPROVEN": "warn"}
    project.write("told.py", "op.execute('CREATE TABLE beside (x integer)')")
    assert [upgraded(project, **env), upgraded(project, **env)] == [(0, "predicted"), (0, "known before")]
    add = f"batch.add_column(sa.Column('more', sa.Integer, nullable={is_nullable}))"
    project.write("told.py", f"with op.batch_alter_table('made') as batch:\n    {add}")
    make_fresh(project)
    done = project.alembic("upgrade", "head", env=env)
    assert (done.returncode, "will fail" in done.stderr) == (code, False), done.stderr


LAZY = """
import importlib.util, sys
spec = importlib.util.find_spec("heavy")
spec.loader = importlib.util.LazyLoader(spec.loader)
heavy = sys.modules["heavy"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(heavy)
"""
ODD = {
    "one that is loaded when it is needed": LAZY,
    "what is no module": "import sys\nclass Odd:\n    def __getattr__(self, name): raise RuntimeError(name)\n"
    "sys.modules['heavy'] = Odd()",
    "what has another name": "import sys\nsys.modules[1] = sys.modules['heavy'] = None",
    "what has no class": "class Odd:\n    @property\n    def __class__(self): raise RuntimeError\nodd = Odd()",
    "no path": "__file__ = '\\0'",
}


@pytest.mark.parametrize("odd", ODD)
def test_nothing_is_run_of_modules_that_are_looked_at(odd: str, project: Project) -> None:
    project.write("migrations/env.py", f"import helper\n{ENV}")
    project.write("helper.py", ODD[odd])
    project.write("heavy.py", "raise SystemExit('it was loaded')")
    for what in ("predicted", "known before"):
        assert upgraded(project, PYTHONPATH=".") == (0, what)


WORDS = "string_agg(word, ' ') FROM regexp_split_to_table(current_setting('app.told'), '_') AS word"


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_what_is_unproven_is_said_again_and_what_comes_of_it_is_looked_at(project: Project) -> None:
    project.revision("r3", f'op.execute("""DO $$ BEGIN EXECUTE (SELECT {WORDS}); END $$""")')
    said = []
    for told, code, what in [
        ("SELECT_1", 0, "predicted"),
        ("SELECT_1", 0, "known before"),
        ("ALTER_TABLE_t_ADD_c_integer", 0, "known before"),
        ("ALTER_TABLE_t_DROP_a", 255, "known before"),
        ("SELECT_1", 0, "known before"),
    ]:
        make_fresh(project)
        done = project.run("-c", UPGRADE, env={"PGOPTIONS": f"-c app.told={told}"})
        assert (done.returncode, done.stdout.splitlines()[-1]) == (code, what), done.stderr
        said.append(done.stderr)
    assert said[0] == said[1] == said[2] == said[4]
    assert "unproven: " in said[0]
    for _ in range(2):
        env = {"PGOPTIONS": "-c app.told=SELECT_1", "ALEMBIC_CONTRACTS_UNPROVEN": "refuse"}
        assert upgraded(project, **env) == (255, "predicted")


@pytest.mark.parametrize(("is_nullable", "code"), [(True, 0), (False, 255)])
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_nobody_had_to_look_at_is_what_a_table_is_held_to(is_nullable: bool, code: int, project: Project) -> None:
    """It is confirmed at commits by what was known before, until a script does otherwise, which nobody can predict."""
    project.contract("t", json.dumps({**json.loads(contract(is_nullable=False)), "compatibility": "writer"}))
    project.revision("r3", "exec(pathlib.Path('told.py').read_text())", prelude="import inspect, pathlib")
    project.write("told.py", "pass")
    assert [upgraded(project), upgraded(project)] == [(0, "predicted"), (0, "known before")]
    unforeseen = "if not any('on_a_copy' in each.filename for each in inspect.stack()):\n    "
    add = f"batch.add_column(sa.Column('c', sa.Integer, nullable={is_nullable}))"
    project.write("told.py", f"{unforeseen}with op.batch_alter_table('t') as batch:\n        {add}")
    assert upgraded(project) == (code, "predicted")


@pytest.mark.parametrize(
    "line",
    [
        'op.add_column("t", sa.Column("at", sa.Text, server_default=datetime.datetime.now().isoformat()))',
        'op.add_column("t", sa.Column("x", sa.Text, server_default=uuid.uuid4().hex))',
        'op.add_column("t", sa.Column("x", sa.Text, server_default=str(os.getpid())))',
    ],
)
def test_scripts_that_go_by_the_time_or_by_chance_are_predicted_each_time(line: str, project: Project) -> None:
    project.revision("r3", line, prelude="import datetime, os, uuid")
    for _ in range(3):
        assert upgraded(project) == (0, "predicted")
    assert kept(project) == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_a_script_does_otherwise_than_before_is_refused_before_it_does_it(project: Project) -> None:
    project.revision("r3", TOLD)
    project.write("told.sql", MADE)
    assert upgraded(project) == (0, "predicted")
    project.write("told.sql", "ALTER TABLE t DROP a")
    make_fresh(project)
    done = project.run("-m", "alembic", "upgrade", "head")
    assert done.returncode == 255
    assert (
        "a data contract would be broken. Committed and staying: r1, r2." in done.stderr
    )  # by pysqlite, with each one
    assert project.sql("SELECT a FROM t") == []
    assert upgraded(project) == (255, "predicted")
