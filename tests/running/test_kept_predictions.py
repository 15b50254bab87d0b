"""What one process predicted of a run another one does not predict again; it is judged all the same."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.support.cluster import Cluster
from tests.support.database import Databases
from tests.support.keeping import ADD, CREATE, contract
from tests.support.project import ENV, Project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DROP = """
with op.batch_alter_table("t") as batch:
    batch.drop_column("a")
"""
PLAYS = {"alembic_contracts.running.on_a_copy", "alembic_contracts.prediction.scripts.play"}
UPGRADE = f"""
import sys
from alembic.config import main
try:
    main(["upgrade", "head"])
finally:
    print("predicted" if {PLAYS!r} & set(sys.modules) else "known before")
"""


TWICE = """
import os
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic_contracts.running import courses

made, anew = [], courses._predicted_anew
courses._predicted_anew = lambda *arguments: made.append(1) or anew(*arguments)
for _ in range(2):
    with sa.create_engine(os.environ["DATABASE_URL"]).begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    command.upgrade(Config(toml_file="pyproject.toml"), "head")
print(len(made))
"""


@pytest.fixture(scope="module")
def databases() -> Iterator[Databases]:
    """Shadows that of all tests: roles, which others of them make meanwhile on the same server, count as well."""
    with Cluster() as cluster, Databases(cluster.url()) as databases:
        yield databases


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Shadows that of all tests: each of two kinds."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/t.db"
        return
    with request.getfixturevalue("databases").new() as url:
        yield url


@pytest.fixture
def project(database: str, tmp_path: Path) -> Project:
    project = Project.create(tmp_path / "project", database)
    project.environment["PYTHONDONTWRITEBYTECODE"] = ""
    project.revision("r1", CREATE)
    project.revision("r2", ADD)
    project.contract("t", contract(is_nullable=False))
    return project


def make_fresh(project: Project) -> None:
    if project.database.startswith("postgresql"):
        project.sql("DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    for file in project.path.parent.glob("t.db*"):
        file.unlink()


def upgraded(project: Project, **env: str) -> tuple[int, str]:
    """Exit code of an upgrade of a fresh database, and whether the scripts were run on a copy before."""
    make_fresh(project)
    done = project.run("-c", UPGRADE, env=env)
    return done.returncode, done.stdout.splitlines()[-1] if done.stdout else done.stderr


def kept(project: Project) -> list[Path]:
    return sorted((project.path / "migrations" / "__pycache__").glob("alembic_contracts.*"))


def test_another_process_does_not_predict_again(project: Project) -> None:
    assert upgraded(project) == (0, "predicted")
    assert upgraded(project) == upgraded(project) == (0, "known before")
    project.revision("r3", 'op.create_table("u", sa.Column("id", sa.Integer, primary_key=True))')
    assert upgraded(project) == (0, "predicted")
    assert len(kept(project)) == 2
    shutil.rmtree(project.path / "migrations" / "__pycache__")
    assert upgraded(project) == (0, "predicted")


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_the_same_process_does_not_predict_again(project: Project) -> None:
    done = project.run("-c", TWICE, env={"ALEMBIC_CONTRACTS_KEEP_PREDICTIONS": "never"})
    assert done.stdout == "1\n", done


def test_models_in_env_py_are_no_hindrance(project: Project) -> None:
    models = "import sqlalchemy as sa\nmodels = sa.MetaData()\nsa.Table('t', models, sa.Column('id', sa.Integer))\n"
    project.write("migrations/env.py", models + ENV.replace("target_metadata = None", "target_metadata = models"))
    assert [upgraded(project), upgraded(project)] == [(0, "predicted"), (0, "known before")]


def test_a_contract_that_changes_is_judged_anew(project: Project) -> None:
    assert upgraded(project) == (0, "predicted")
    project.contract("t", contract())
    assert upgraded(project) == (0, "known before")
    project.contract("t", contract(is_nullable=True))
    assert upgraded(project) == (255, "predicted")


def test_nothing_is_refused_for_what_other_code_did(project: Project) -> None:
    """What env.py imports is not looked at, and has a say in what scripts do."""
    more = """
from sqlalchemy import Text, event, Column

@event.listens_for(Column, "after_parent_attach")
def forbid_null(column, table):
    if column.name == "b":
        column.nullable = {nullable}
"""
    project.write("migrations/env.py", f"import helper\n{ENV}")
    stated = json.loads(contract(is_nullable=False))
    stated["schema"]["properties"]["b"] = {"constraints": {"is_nullable": False}}
    project.write("helper.py", more.format(nullable=False))
    assert upgraded(project, PYTHONPATH=".") == (0, "predicted")
    project.contract("t", json.dumps(stated))
    assert upgraded(project, PYTHONPATH=".") == (0, "known before")
    project.write("helper.py", more.format(nullable=True))
    stated["schema"]["properties"]["b"] = {"constraints": {"is_nullable": True}}
    project.contract("t", json.dumps(stated))
    assert upgraded(project, PYTHONPATH=".") == (0, "predicted")
    assert upgraded(project, PYTHONPATH=".") == (0, "known before")


def test_what_the_scripts_begin_with_counts(project: Project) -> None:
    assert upgraded(project) == (0, "predicted")
    project.sql("CREATE TABLE other (x integer)", "DROP TABLE t", "DELETE FROM alembic_version")
    assert project.run("-c", UPGRADE).stdout == "predicted\n"


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "CREATE SEQUENCE s",
        "CREATE TYPE kind AS ENUM ('a')",
        "CREATE DOMAIN whole AS integer",
        "CREATE SCHEMA beside",
        'CREATE COLLATION theirs FROM "C"',
    ],
)
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_whatever_is_there_on_postgresql_counts(statement: str, project: Project) -> None:
    assert [upgraded(project), upgraded(project)] == [(0, "predicted"), (0, "known before")]
    make_fresh(project)
    project.sql(statement)
    try:
        assert project.run("-c", UPGRADE).stdout == "predicted\n"
    finally:
        project.sql("DROP SCHEMA IF EXISTS beside")
    assert upgraded(project) == (0, "known before")


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


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_the_name_of_the_database_counts_where_scripts_may_go_by_it(project: Project, databases: Databases) -> None:
    def in_others() -> list[tuple[int, str]]:
        found = []
        for _ in range(2):
            with databases.new() as url:
                done = project.run("-c", UPGRADE, env={"DATABASE_URL": url})
                found.append((done.returncode, done.stdout.splitlines()[-1]))
        return found

    project.revision("r3", 'op.create_table("u", sa.Column("at", sa.DateTime, server_default=sa.func.now()))')
    assert in_others() == [(0, "predicted"), (0, "known before")]
    project.revision("r4", 'op.execute("SELECT current_database()")')
    assert in_others() == [(0, "predicted"), (0, "predicted")]


UNSEEN = {
    "sqlite": [
        'op.get_bind().connection.executescript("ALTER TABLE t ADD c")',
        'op.get_bind().connection.cursor().execute("ALTER TABLE t ADD c")',
    ],
    "postgresql": [
        'op.get_bind().connection.cursor().execute("ALTER TABLE t ADD c integer")',
        """op.execute("CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'ALTER TABLE t ADD c integer; SELECT 1'")
op.execute("SELECT f()")""",
    ],
}


@pytest.mark.parametrize(("database", "line"), [(k, line) for k in UNSEEN for line in UNSEEN[k]], indirect=["database"])
def test_what_would_not_be_seen_again_is_not_kept(line: str, project: Project) -> None:
    project.revision("r3", line)
    for _ in range(2):
        assert upgraded(project) == (0, "predicted")


def test_code_that_is_older_than_its_text_is_nothing_of_it(project: Project) -> None:
    """Python takes a script for unchanged that has been written in the same second, and is as long as before."""
    assert upgraded(project) == (0, "predicted")
    script = project.path / "migrations" / "versions" / "r2.py"
    written = script.stat()
    script.write_text(script.read_text().replace('"b"', '"c"'))
    os.utime(script, ns=(written.st_atime_ns, written.st_mtime_ns))
    assert upgraded(project) == (0, "predicted")
    os.utime(script, (written.st_atime + 9, written.st_mtime + 9))
    assert upgraded(project) == (0, "predicted")


def test_where_python_writes_nothing_a_user_s_folder_has_it(tmp_path: Path, project: Project) -> None:
    env = {"PYTHONDONTWRITEBYTECODE": "1", "XDG_CACHE_HOME": f"{tmp_path}/cache"}
    assert [upgraded(project, **env), upgraded(project, **env)] == [(0, "predicted"), (0, "known before")]
    assert not (project.path / "migrations" / "__pycache__").exists()
    (file,) = (tmp_path / "cache" / "alembic-contracts").iterdir()
    assert (file.parent.stat().st_mode & 0o777, file.suffix) == (0o700, ".foreseen")
    home = {**env, "XDG_CACHE_HOME": "relative", "HOME": f"{tmp_path}/home"}
    assert upgraded(project, **home) == (0, "predicted")
    assert (tmp_path / "home" / ".cache" / "alembic-contracts" / file.name).exists()
    nowhere = {**home, "HOME": "/dev/null"}
    assert upgraded(project, **nowhere) == upgraded(project, **nowhere) == (0, "predicted")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="files are given to others by root alone")
def test_somebody_else_s_file_does_not_count(project: Project) -> None:
    assert [upgraded(project), upgraded(project)] == [(0, "predicted"), (0, "known before")]
    (file,) = kept(project)
    os.chown(file, 12345, 12345)
    assert upgraded(project) == (0, "predicted")


def test_the_setting(project: Project) -> None:
    env = {"ALEMBIC_CONTRACTS_KEEP_PREDICTIONS": "never"}
    assert upgraded(project, **env) == upgraded(project, **env) == (0, "predicted")
    assert kept(project) == []


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\x80\x05]."])
def test_a_file_that_is_something_else_is_left_alone(content: bytes, project: Project) -> None:
    assert upgraded(project) == (0, "predicted")
    (file,) = kept(project)
    file.write_bytes(content)
    assert upgraded(project) == (0, "predicted")


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


def test_old_files_go(project: Project) -> None:
    assert upgraded(project) == (0, "predicted")
    (first,) = kept(project)
    for number in range(40):
        os.utime(project.write(f"{first.parent}/alembic_contracts.{number}.foreseen", ""), (number, number))
    project.write("migrations/env.py", f"{ENV}# another\n")
    assert upgraded(project) == (0, "predicted")
    assert len(kept(project)) == 32
    assert first in kept(project)
    assert upgraded(project) == (0, "known before")
