"""What would have the guard see nothing: it says so, and lets nothing through in silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.prediction.driver.test_drivers import url_for
from tests.support.aftermath import at_r1, holds, refusal, versions
from tests.support.object_images import CONTRACT, CREATE, UNSEEN, state

if TYPE_CHECKING:
    from tests.support.project import Project

ENV = """
import os
import alembic_contracts
from alembic import context
from sqlalchemy import NullPool, create_engine, text

engine = create_engine(os.environ["DATABASE_URL"], poolclass=NullPool)
{body}
"""
DROP = 'op.drop_column("object_images", "primary_image")'
GUARDED = """
with engine.connect() as connection:
    context.configure(connection=connection)
    {before}
    with context.begin_transaction(), alembic_contracts.guard(context):
        {inside}
        context.run_migrations()
"""


def env(project: Project, body: str) -> None:
    project.write("migrations/env.py", ENV.format(body=body))


@pytest.mark.parametrize("upgrade", [DROP, UNSEEN])
def test_a_context_that_is_configured_inside_is_guarded(project: Project, upgrade: str) -> None:
    before = at_r1(project)
    env(
        project,
        """
with engine.connect() as connection:
    context.configure(connection=connection)
    with alembic_contracts.guard(context):
        for schema in ("public", None):
            context.configure(connection=connection, version_table_schema=schema)
            with context.begin_transaction():
                context.run_migrations()
""",
    )
    project.revision("r2", upgrade)
    holds(project, before, project.alembic("upgrade", "head"))
    assert state(project) == before
    project.revision("r2", "pass", down="r1")
    assert project.alembic("upgrade", "head").returncode == 0
    assert versions(project) == ["r2"]


def test_a_refusal_that_env_py_swallows_is_raised_again(project: Project) -> None:
    before = at_r1(project)
    run = "context.run_migrations()"
    env(project, GUARDED.format(before="", inside="").replace(run, f"try: {run}\n        except Exception: pass"))
    for upgrade in (DROP, UNSEEN + "op.get_bind().commit()"):
        project.revision("r2", upgrade, down="r1")
        holds(project, before, project.alembic("upgrade", "head"))
        assert state(project) == before


def test_what_a_script_executes_as_it_is_loaded_is_not_let_through(project: Project) -> None:
    before = at_r1(project)
    project.revision("r2", "pass", prelude=DROP)
    done = project.alembic("upgrade", "head")
    holds(project, before, done)
    assert "write it in upgrade()" in done.stderr
    assert state(project) == before


HOOKS = "from alembic_contracts.running import hooks; hooks"
OTHERS = """
    class Other:
        def __init__(self, step): self.step = step
        def __getattr__(self, name): return getattr(self.step, name)
    steps = context.get_context()._migrations_fn
    context.get_context()._migrations_fn = lambda heads, context: map(Other, steps(heads, context))
"""


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (f"{HOOKS}._EVENTS += ('after_commit',)", "ConnectionEvents.after_commit"),
        (f"{HOOKS}._OF_CONTEXT += ('steps_fn',)", "MigrationContext.steps_fn"),
        (OTHERS.strip(), "guard() does not know (Other)"),
    ],
)
def test_what_the_guard_relies_on_and_is_not_there(project: Project, spoil: str, told: str) -> None:
    before = at_r1(project)
    env(project, GUARDED.format(before=spoil, inside=""))
    project.revision("r2", DROP)
    done = project.alembic("upgrade", "head")
    assert done.returncode != 0
    assert "could not be checked" in done.stdout
    assert told in done.stdout
    assert "Traceback" not in done.stderr
    assert state(project) == before
    assert project.alembic("current").returncode == 0
    loud = project.alembic("upgrade", "head", env={"ALEMBIC_CONTRACTS_ENFORCE": "report"})
    assert loud.returncode == 0, loud.stderr
    assert told in loud.stderr


PAST_CONFIGURE = """
        from alembic.runtime.environment import EnvironmentContext
        EnvironmentContext.configure(context._proxy, connection=connection)
"""
ASIDE = """
        from alembic.runtime.migration import MigrationContext
        from alembic.operations import Operations
        old = context.get_context()
        aside = MigrationContext(old.dialect, connection, old.opts, old.environment_context)
        with Operations.context(aside): aside.run_migrations()
"""
BY_HAND = """
        from alembic.runtime.migration import MigrationContext
        fn = context.get_context().opts["fn"]
        MigrationContext.configure(connection=connection, opts={"fn": fn}).run_migrations()
"""


@pytest.mark.parametrize("upgrade", [DROP, UNSEEN])
@pytest.mark.parametrize("hidden", [PAST_CONFIGURE, ASIDE])
def test_a_context_that_env_py_makes_past_configure_is_guarded(project: Project, hidden: str, upgrade: str) -> None:
    before = at_r1(project)
    env(project, GUARDED.format(before="", inside=hidden.strip()))
    project.revision("r2", upgrade)
    said = holds(project, before, project.alembic("upgrade", "head"))
    assert "none of its changes stay" in said or "Nothing was run" in said
    assert state(project) == before
    project.revision("r2", "pass", down="r1")
    done = project.alembic("upgrade", "head")
    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stderr
    assert versions(project) == ["r2"]


def test_one_without_an_environment_does_not_run(project: Project) -> None:
    before = at_r1(project)
    env(project, GUARDED.format(before="", inside=BY_HAND.strip()))
    project.revision("r2", "pass")
    done = project.alembic("upgrade", "head")
    assert done.returncode != 0
    assert "a context that it has made by hand. So this run is not guarded" in done.stdout
    assert state(project) == before
    loud = project.alembic("upgrade", "head", env={"ALEMBIC_CONTRACTS_ENFORCE": "report"})
    assert loud.returncode == 0, loud.stderr
    assert "made by hand" in loud.stderr


def test_the_refusal_of_a_second_run_says_what_the_first_one_did(project: Project) -> None:
    assert '"table_schema": "public"' in CONTRACT
    project.contract("object_images", CONTRACT.replace('"table_schema": "public"', '"table_schema": "t2"'))
    for schema in ("t1", "t2"):
        project.sql(f"CREATE SCHEMA {schema}")
    env(
        project,
        """
for tenant in ("t1", "t2"):
    with engine.connect() as connection:
        connection.execute(text(f"SET search_path TO {tenant}"))
        connection.commit()
        context.configure(connection=connection, version_table_schema=tenant)
        with context.begin_transaction(), alembic_contracts.guard(context):
            context.run_migrations()
""",
    )
    project.revision("r1", CREATE)
    done = project.alembic("upgrade", "head")
    assert done.returncode == 0, done.stderr
    project.revision("r2", DROP)
    said = refusal(project.alembic("upgrade", "head"))
    [(database,)] = project.sql("SELECT current_database()::text")
    assert (
        f"Before this, database {database}, schema t1 was brought from r1 to r2, which is committed and stays." in said
    )
    assert "Here nothing was run; this database is unchanged." in said
    assert project.sql("SELECT t1.version_num, t2.version_num FROM t1.alembic_version t1, t2.alembic_version t2") == [
        ("r2", "r1")
    ]


@pytest.mark.parametrize("commits", ["", "connection.commit()", "connection.connection.commit()"])
def test_an_upgrade_that_env_py_never_commits_is_warned_of(project: Project, commits: str) -> None:
    at_r1(project)
    body = GUARDED.format(before="", inside="") + f"    {commits}"
    configure = "    context.configure"
    env(project, body.replace(configure, f"    connection.execute(text('SELECT 1'))\n{configure}"))
    project.revision("r2", 'op.create_table("extra", sa.Column("a", sa.Integer))')
    done = project.alembic("upgrade", "head")
    assert done.returncode == 0, done.stderr
    assert versions(project) == (["r2"] if commits else ["r1"])
    assert ("nothing of this upgrade was committed" in done.stderr) == (not commits), done.stderr


@pytest.mark.parametrize("mode", ["", "transaction_per_migration=True, "])
def test_no_such_warning_where_alembic_commits(project: Project, mode: str) -> None:
    at_r1(project)
    env(project, GUARDED.format(before="", inside="").replace("connection=connection", f"{mode}connection=connection"))
    project.revision("r2", 'op.create_table("extra", sa.Column("a", sa.Integer))')
    done = project.alembic("upgrade", "head")
    assert versions(project) == ["r2"]
    assert "warning" not in done.stderr


CALLED_BACK = "context.get_context().on_version_apply_callbacks += (lambda **_: connection.execute(text(move)),)"
ANOTHER_SESSION = """
        with engine.begin() as other:
            other.execute(text("INSERT INTO alembic_version VALUES ('elsewhere')"))
"""


@pytest.mark.parametrize(
    ("mode", "refused"), [("", True), ("transaction_per_migration=True, ", False), ("auto", False)]
)
def test_a_version_table_that_was_moved_unseen(project: Project, mode: str, refused: bool) -> None:
    before = at_r1(project)
    project.revision("r2", "pass")
    move = "move = \"UPDATE alembic_version SET version_num = 'elsewhere'\""
    body = GUARDED.format(before=move, inside=CALLED_BACK)
    if mode == "auto":
        body = 'engine = engine.execution_options(isolation_level="AUTOCOMMIT")\n' + body
    else:
        body = body.replace("connection=connection", f"{mode}connection=connection")
    env(project, body)
    done = project.alembic("upgrade", "head")
    assert (done.returncode != 0) == refused, done.stderr
    told = "the version table has elsewhere, but the revisions that guard() saw lead to r2"
    assert told in (done.stdout if refused else done.stderr)
    assert (versions(project), state(project) == before) == ((["r1"], True) if refused else (["elsewhere"], False))


def test_what_others_write_there_is_no_reason_to_fail(project: Project) -> None:
    at_r1(project)
    project.revision("r2", "pass")
    env(project, GUARDED.format(before="", inside="") + ANOTHER_SESSION)
    done = project.alembic("upgrade", "head")
    assert done.returncode == 0, done.stderr
    assert "the version table has elsewhere and r2, but the revisions that guard() saw lead to r2" in done.stderr
    assert versions(project) == ["elsewhere", "r2"]


TABLES = """
with engine.connect() as connection:
    context.configure(connection=connection)
    with alembic_contracts.guard(context):
        for table in ("one", "two"):
            context.configure(connection=connection, version_table=table)
            with context.begin_transaction():
                context.run_migrations()
"""
TENANTS = """
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction(), alembic_contracts.guard(context):
        for schema in ("t1", "t2"):
            connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
            connection.execute(text(f"SET search_path TO {schema}"))
            connection.dialect.default_schema_name = schema
            context.configure(connection=connection)
            context.run_migrations()
            connection.execute(text("SET search_path TO public"))
"""
SCHEMAS = """
with engine.connect() as connection:
    for schema in ("t1", "t2"):
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
        connection.commit()
        context.configure(connection=connection, version_table_schema=schema, transaction_per_migration=True)
        with context.begin_transaction(), alembic_contracts.guard(context):
            context.run_migrations(schema=schema)
"""
CLOSED = """
with engine.connect() as connection:
    context.configure(connection=connection)
    with alembic_contracts.guard(context):
        for table in ("one", "two"):
            with engine.connect() as other:
                context.configure(connection=other, version_table=table)
                with context.begin_transaction():
                    context.run_migrations()
"""
TWICE = """
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction(), alembic_contracts.guard(context):
        context.run_migrations()
        context.run_migrations()
"""


@pytest.mark.parametrize("body", [TABLES, TENANTS, SCHEMAS, CLOSED, TWICE], ids=lambda body: body.split()[-1])
@pytest.mark.parametrize("mode", ["one", "AUTOCOMMIT"])
def test_no_alarm_where_there_are_several_version_tables(project: Project, body: str, mode: str) -> None:
    project.contract("object_images", CONTRACT)
    env(project, f"engine = engine.execution_options(isolation_level='{mode}')\n{body}" if mode != "one" else body)
    for name in ("r1", "r2"):
        file = project.revision(name, 'op.execute("CREATE TABLE IF NOT EXISTS extra (a int)")')
        file.write_text(file.read_text().replace("grade():", "grade(schema=None):"))
    for command in (("stamp", "r1"), ("upgrade", "head")):
        done = project.alembic(*command)
        assert done.returncode == 0, done.stderr
        assert "warning: " not in done.stderr, done.stderr
        assert "could not" not in done.stderr, done.stderr


def test_what_a_script_committed_before_the_end_that_nobody_does_is_said(project: Project) -> None:
    project.contract("object_images", CONTRACT)
    project.revision("r1", f"{CREATE}\nop.get_bind().commit()\nop.create_table('u', sa.Column('id', sa.Integer))")
    done = project.alembic("upgrade", "head", env={"ALEMBIC_CONTRACTS_ENFORCE": "report"})
    assert project.sql("SELECT to_regclass('object_images') IS NULL, to_regclass('u') IS NULL") == [(False, True)], done
    said = " ".join(done.stderr.split())
    assert "the end of this upgrade was not committed" in said
    assert "nothing of this upgrade was committed" not in said


@pytest.mark.parametrize("mode", ["", ", transaction_per_migration=True"])
@pytest.mark.parametrize("commits", ["pass", "connection.commit()"])
def test_what_env_py_does_after_the_run_is_judged(project: Project, mode: str, commits: str) -> None:
    at_r1(project)
    body = GUARDED.replace("connection=connection)", f"connection=connection{mode})").format(before="", inside="pass")
    own = f'connection.execute(text("ALTER TABLE object_images DROP COLUMN primary_image"))\n        {commits}'
    env(project, f"{body.rstrip()}\n        {own}\n")
    project.revision("r2", 'op.create_table("more", sa.Column("a", sa.Integer))')
    done = project.alembic("upgrade", "head")
    assert done.returncode != 0
    assert "primary_image no longer exists" in done.stderr


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_env_py_finds_its_connection_as_it_left_it(project: Project, driver: str) -> None:
    at_r1(project)
    body = """
with engine.connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True)
    with alembic_contracts.guard(context):
        with context.begin_transaction():
            context.run_migrations()
        connection.execute(text("CREATE TABLE own (a int)"))
        connection.commit()
    assert not connection.in_transaction()
    with connection.begin():
        connection.execute(text("CREATE TABLE further (a int)"))
"""
    env(project, body)
    project.environment["DATABASE_URL"] = url_for(project.database, driver).render_as_string(hide_password=False)
    project.revision("r2", 'op.create_table("more", sa.Column("a", sa.Integer))')
    done = project.alembic("upgrade", "head")
    assert done.returncode == 0, done.stderr
    assert project.sql("SELECT to_regclass('own') IS NOT NULL, to_regclass('further') IS NOT NULL") == [(True, True)]


OTHERS_FUNCTIONS = {
    "downgrade": 'context.script.get_revision("r1").module.downgrade()',
    "of its own": 'context.script.get_revision("r1").module.away()',
    "by a map of its own": "ScriptDirectory.from_config(context.config).get_revision('r1').module.downgrade()",
    "what its namespace has": f'if "GONE" in vars(context.script.get_revision("r1").module): {DROP}',
    "what it lists": f'if "GONE" in dir(context.script.get_revision("r1").module): {DROP}',
    "what it has": 'op.drop_column("object_images", *context.script.get_revision("r1").module.GONE)',
}
PRELUDE = f"""
from alembic.script import ScriptDirectory
GONE = ["primary_image"]
def away():
    {DROP}
"""


@pytest.mark.parametrize("upgrade", OTHERS_FUNCTIONS.values(), ids=OTHERS_FUNCTIONS)
def test_a_script_that_calls_another_ones_functions(project: Project, upgrade: str) -> None:
    before = at_r1(project)
    project.revision("r1", CREATE, DROP, down=None, prelude=PRELUDE)
    project.revision("r2", upgrade, prelude=PRELUDE)
    checked = project.alembic("check-contracts")
    assert checked.returncode == 1, checked.stdout
    assert "r2.py" in checked.stdout
    assert project.alembic("check-contracts", "--no-exec").returncode == 3
    assert "Nothing was run" in holds(project, before, project.alembic("upgrade", "head"))
    assert state(project) == before


def test_a_script_that_sets_what_another_one_goes_by(project: Project) -> None:
    before = at_r1(project)
    project.revision("r2", 'context.script.get_revision("r3").module.AWAY = True')
    project.revision("r3", f"if AWAY:\n    {DROP}", prelude="AWAY = False")
    checked = project.alembic("check-contracts")
    assert checked.returncode == 1, checked.stdout
    holds(project, before, project.alembic("upgrade", "head"))
