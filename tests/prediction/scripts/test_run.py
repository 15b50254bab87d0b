"""Version scripts run without a database: every way of emitting DDL, and nothing of it left behind."""

import logging
import os
import sys
import warnings

import alembic.context
import alembic.op
import pytest
import sqlalchemy as sa

from alembic_contracts.prediction.catalog.catalog import Catalog
from alembic_contracts.prediction.statements import execute
from alembic_contracts.schemas.schema import Name
from tests.support.project import Project
from tests.support.scripts import Scripts, columns, lines, operations, reasons

TABLE = "CREATE TABLE t (id integer PRIMARY KEY, name text NOT NULL)"


@pytest.fixture
def scripts(tmp_path) -> Scripts:
    return Scripts(Project.create(tmp_path / "project", "postgresql://nowhere.invalid/x"))


def the_only(predictions):
    assert len(predictions) == 1
    return predictions[0]


EMITTERS = {
    "op.add_column": 'op.add_column("t", sa.Column("added", sa.Text()))',
    "op.execute text": 'op.execute("ALTER TABLE t ADD COLUMN added text")',
    "op.execute sa.text": 'op.execute(sa.text("ALTER TABLE t ADD COLUMN added text"))',
    "op.execute DDL": 'op.execute(sa.DDL("ALTER TABLE %(table)s ADD COLUMN added text", context={"table": "t"}))',
    "context.execute": 'context.execute("ALTER TABLE t ADD COLUMN added text")',
    "bind.execute": 'op.get_bind().execute(sa.text("ALTER TABLE t ADD COLUMN added text"))',
    "exec_driver_sql": 'op.get_bind().exec_driver_sql("ALTER TABLE t ADD COLUMN added text")',
    "context.get_bind": 'context.get_bind().exec_driver_sql("ALTER TABLE t ADD COLUMN added text")',
    "context connection": 'op.get_context().connection.exec_driver_sql("ALTER TABLE t ADD COLUMN added text")',
    "get_context().execute": 'op.get_context().execute("ALTER TABLE t ADD COLUMN added text")',
    "raw cursor": """
        cursor = op.get_bind().connection.cursor()
        cursor.execute("ALTER TABLE t ADD COLUMN added text")
        cursor.close()
    """,
    "raw cursor as context": """
        with op.get_bind().connection.cursor() as cursor:
            cursor.execute(b"ALTER TABLE t ADD COLUMN added text")
    """,
    "engine.begin": """
        with op.get_bind().engine.begin() as other:
            other.execute(sa.text("ALTER TABLE t ADD COLUMN added text"))
    """,
    "engine.connect": """
        with op.get_bind().engine.connect() as other:
            other.execute(sa.text("ALTER TABLE t ADD COLUMN added text"))
            other.commit()
    """,
    "engine.raw_connection": """
        raw = op.get_bind().engine.raw_connection()
        raw.cursor().execute("ALTER TABLE t ADD COLUMN added text")
        raw.commit()
        raw.close()
    """,
    "session": """
        from sqlalchemy.orm import Session
        session = Session(bind=op.get_bind())
        session.execute(sa.text("ALTER TABLE t ADD COLUMN added text"))
        session.commit()
    """,
    "nested": """
        with op.get_bind().begin_nested():
            op.execute("ALTER TABLE t ADD COLUMN added text")
    """,
    "batch": """
        with op.batch_alter_table("t") as batch:
            batch.add_column(sa.Column("added", sa.Text()))
    """,
    "batch recreate": """
        with op.batch_alter_table("t", recreate="always") as batch:
            batch.add_column(sa.Column("added", sa.Text()))
    """,
    "op.invoke": """
        from alembic.operations import ops
        op.invoke(ops.AddColumnOp("t", sa.Column("added", sa.Text())))
    """,
    "autocommit block": """
        with op.get_context().autocommit_block():
            op.execute("ALTER TABLE t ADD COLUMN added text")
    """,
    "loop": """
        for name in ["added"]:
            op.execute(f"ALTER TABLE t ADD COLUMN {name} text")
    """,
    "executemany": """
        op.get_bind().execute(sa.text("INSERT INTO t VALUES (:id, :name)"), [{"id": n, "name": "x"} for n in range(9)])
        op.add_column("t", sa.Column("added", sa.Text()))
    """,
    "bulk insert": """
        t = sa.table("t", sa.column("id", sa.Integer), sa.column("name", sa.Text))
        op.bulk_insert(t, [{"id": n, "name": "100%"} for n in range(3)])
        op.bulk_insert(t, [{"id": 5, "name": "it's"}], multiinsert=False)
        op.add_column("t", sa.Column("added", sa.Text()))
    """,
    "inspector": """
        if "added" not in {c["name"] for c in sa.inspect(op.get_bind()).get_columns("t")}:
            op.add_column("t", sa.Column("added", sa.Text()))
    """,
    "catalog query": """
        known = op.get_bind().scalar(sa.text(
            "SELECT count(*) FROM information_schema.columns WHERE table_name = :t AND column_name = :c"
        ), {"t": "t", "c": "added"})
        if not known:
            op.add_column("t", sa.Column("added", sa.Text()))
    """,
}


@pytest.mark.parametrize("body", EMITTERS.values(), ids=EMITTERS)
def test_every_way_to_emit_ddl(scripts, body):
    scripts.revision("one", body)
    prediction = the_only(scripts.predict("public.t", setup=f"{TABLE}; TRUNCATE t"))
    assert columns(prediction, "public.t") == ["id", "name", "added"]
    assert reasons(prediction) == []
    assert prediction.before.tables[Name("public", "t")].column("added") is None


TABLES = {
    "op.create_table": 'op.create_table("u", sa.Column("id", sa.Integer(), primary_key=True))',
    "Table.create": """
        sa.Table("u", sa.MetaData(), sa.Column("id", sa.Integer(), primary_key=True)).create(op.get_bind())
    """,
    "create_all": """
        metadata = sa.MetaData()
        sa.Table("u", metadata, sa.Column("id", sa.Integer(), primary_key=True))
        metadata.create_all(op.get_bind())
        metadata.create_all(op.get_bind())
    """,
    "create_all on the engine": """
        metadata = sa.MetaData()
        sa.Table("u", metadata, sa.Column("id", sa.Integer(), primary_key=True))
        metadata.create_all(op.get_bind().engine)
    """,
    "autoload": """
        t = sa.Table("t", sa.MetaData(), autoload_with=op.get_bind())
        op.create_table("u", *[sa.Column(c.name, c.type, primary_key=c.primary_key) for c in t.c if c.name == "id"])
    """,
    "enum column": """
        op.create_table("u", sa.Column("id", sa.Integer(), primary_key=True))
        postgresql.ENUM("a", "b", name="mood").create(op.get_bind(), checkfirst=True)
        postgresql.ENUM("a", "b", name="mood").create(op.get_bind(), checkfirst=True)
        op.add_column("t", sa.Column("mood", postgresql.ENUM(name="mood", create_type=False)))
    """,
}


@pytest.mark.parametrize("body", TABLES.values(), ids=TABLES)
def test_every_way_to_create_a_table(scripts, body):
    scripts.revision("one", body)
    prediction = the_only(scripts.predict("public.t", "public.u", setup=TABLE))
    assert columns(prediction, "public.u") == ["id"]
    assert prediction.after.tables[Name("public", "u")].primary_key == ("id",)
    assert reasons(prediction) == []


def test_operations_registered_by_the_project(scripts):
    scripts.revision(
        "one",
        'op.add_note("t")',
        prelude="""
            from alembic.operations import MigrateOperation, Operations

            if not hasattr(Operations, "add_note"):
                @Operations.register_operation("add_note")
                class AddNote(MigrateOperation):
                    def __init__(self, table):
                        self.table = table

                    @classmethod
                    def add_note(cls, operations, table):
                        return operations.invoke(cls(table))

                @Operations.implementation_for(AddNote)
                def add_note(operations, operation):
                    operations.execute(f"ALTER TABLE {operation.table} ADD COLUMN note text")
        """,
    )
    assert columns(the_only(scripts.predict("public.t", setup=TABLE)), "public.t") == ["id", "name", "note"]


# -- places ------------------------------------------------------------------------------------------------------------


def test_a_statement_has_the_script_line_that_led_to_it(scripts):
    script = scripts.revision(
        "one",
        """
        op.add_column("t", sa.Column("a", sa.Text()))
        for name in ("b", "c"):
            add(name)
        """,
        prelude="""
        def add(name):
            op.add_column("t", sa.Column(name, sa.Text()))  # here
        """,
    )
    prediction = the_only(scripts.predict("public.t", setup=TABLE))
    assert [source.partition("(")[0] for source in lines(prediction)] == ["op.add_column"] * 3
    first, second, third = (operation.location for operation in operations(prediction))
    assert first.file == "migrations/versions/one.py"
    assert script.read_text().splitlines()[first.line - 1].strip() == first.source
    assert second.source.endswith("# here")
    assert second == third
    assert {place.revision for place in (first, second, third)} == {"one"}


def test_a_helper_module_counts_as_the_line_that_called_it(scripts, monkeypatch):
    scripts.project.write(
        "contracts_test_helper.py",
        "from alembic import op\n\ndef add(name):\n    op.execute(f'ALTER TABLE t ADD COLUMN {name} text')\n",
    )
    monkeypatch.syspath_prepend(scripts.project.path)
    scripts.revision("one", 'helper.add("a")', prelude="import contracts_test_helper as helper")
    prediction = the_only(scripts.predict("public.t", setup=TABLE))
    assert lines(prediction) == ['helper.add("a")']


def test_labels_are_one_short_line(scripts):
    scripts.revision(
        "one", 'op.execute("ALTER TABLE t\\n    ADD COLUMN a text,\\n" + ",".join(f"ADD b{n} int" for n in range(50)))'
    )
    (operation,) = operations(the_only(scripts.predict("public.t", setup=TABLE)))
    assert operation.label.startswith("ALTER TABLE t ADD COLUMN a text, ADD b0 int")
    assert len(operation.label) <= 100


def test_schemas_are_the_same_object_while_no_watched_table_changes(scripts):
    scripts.revision("one", 'op.execute("CREATE TABLE other (id int)")\nop.execute("ALTER TABLE t ADD COLUMN a int")')
    prediction = the_only(scripts.predict("public.t", setup=TABLE))
    first, second = operations(prediction)
    assert first.after is prediction.before
    assert second.after is not prediction.before
    assert set(second.after.tables) == {Name("public", "t")}


# -- nothing is left behind --------------------------------------------------------------------------------------------


def test_alembics_proxies_lead_back_to_the_real_run(scripts):
    scripts.revision("one", "assert not op.get_context().as_sql\nassert not context.is_offline_mode()")
    seen = []
    before = vars(alembic.op).get("_proxy")

    def inside(environment):
        seen.append((environment.get_context(), environment.is_offline_mode(), alembic.context.get_context()))

    scripts.predict(inside=inside)
    ((real, offline, through_proxy),) = seen
    assert real is through_proxy
    assert real.as_sql
    assert offline
    assert vars(alembic.op).get("_proxy") is before


def test_an_operations_proxy_of_the_real_run_comes_back(scripts):
    from alembic.migration import MigrationContext
    from alembic.operations import Operations

    scripts.revision("one", 'op.execute("SELECT 1")\nraise ValueError')
    with Operations.context(MigrationContext.configure(dialect_name="postgresql", opts={"as_sql": True})) as real:
        scripts.predict()
        assert alembic.op._proxy is real
        assert alembic.op.get_context() is real.migration_context


def test_scripts_run_from_a_copy_of_their_module(scripts):
    scripts.revision("one", "SEEN.append(1)\nassert SEEN == [1]", prelude="SEEN = []")
    seen = []
    assert reasons(the_only(scripts.predict(inside=lambda e: seen.append(e.script.get_revision("one").module)))) == []
    assert seen[0].SEEN == []
    assert seen[0].__name__ not in sys.modules


def test_terminal_log_warnings_and_process_state_stay_untouched(scripts, capfd, caplog):
    scripts.revision(
        "one",
        """
        print("hello")
        print("there", file=sys.stderr)
        logging.getLogger("x").error("heard?")
        warnings.warn("also quiet", stacklevel=1)
        warnings.simplefilter("ignore")
        os.environ["CONTRACTS_TEST"] = "1"
        os.chdir("/")
        sys.path.append("/nowhere")
        assert not sys.stdin.read()
        """,
        prelude="import logging, os, sys, warnings",
    )
    before = (os.getcwd(), list(sys.path), list(warnings.filters), sys.stdout, sys.stderr, sys.stdin)  # noqa: PTH109
    caplog.set_level(logging.DEBUG)
    with warnings.catch_warnings(record=True):  # standard error, where they would go, is not theirs here
        warnings.simplefilter("default")
        prediction = the_only(scripts.predict())
    assert reasons(prediction) == []
    assert capfd.readouterr() == ("", "")
    assert [
        r.getMessage()
        for r in caplog.records
        if not r.getMessage().startswith(("Context impl", "Will assume", "Generating"))
    ] == []
    assert sum(r.getMessage().startswith("Context impl") for r in caplog.records) == 1  # the real one
    assert (os.getcwd(), list(sys.path), list(warnings.filters), sys.stdout, sys.stderr, sys.stdin) == before  # noqa: PTH109
    assert "CONTRACTS_TEST" not in os.environ
    assert logging.getLogger("x").isEnabledFor(logging.ERROR)


def test_no_real_database_is_reached(scripts, database):
    scripts.revision(
        "one",
        f"""
        engine = sa.create_engine({database!r})
        with engine.connect() as other:
            other.execute(sa.text("CREATE TABLE leaked (id int)"))
        """,
    )
    scripts.revision("two", 'op.execute("ALTER TABLE t ADD COLUMN a int")')
    prediction = the_only(scripts.predict("public.t", setup=TABLE))
    assert reasons(prediction) == ["the script opens a database connection of its own (postgresql+psycopg)"]
    assert prediction.unproven[0].location.source.startswith("with engine.connect()")
    assert columns(prediction, "public.t") == ["id", "name", "a"]
    engine = sa.create_engine(database)
    with engine.connect() as connection:
        assert not sa.inspect(connection).get_table_names()
    engine.dispose()


def test_nor_one_that_waits_in_a_pool(scripts, database, monkeypatch):
    engine = sa.create_engine(database)
    with engine.connect():
        pass
    monkeypatch.setattr(sa, "waiting_engine", engine, raising=False)
    scripts.revision("one", "with sa.waiting_engine.connect() as other:\n    pass")
    assert reasons(the_only(scripts.predict())) == [
        "the script uses a database connection of its own (postgresql+psycopg)"
    ]
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT 1")) == 1
    assert engine.pool.checkedout() == 0
    engine.dispose()


def test_listeners_are_gone_afterwards(scripts):
    from sqlalchemy.engine import Dialect, Engine

    flags = (Engine._has_events, Dialect._has_events)
    scripts.revision("one", "pass")
    scripts.predict()
    assert (Engine._has_events, Dialect._has_events) == flags


# -- what scripts see --------------------------------------------------------------------------------------------------


def test_scripts_see_the_dialect_of_the_real_run(scripts):
    scripts.revision(
        "one",
        """
        bind = op.get_bind()
        assert bind.dialect.name == bind.engine.name == "postgresql"
        assert bind.dialect.driver == "psycopg2"
        assert bind.dialect.server_version_info >= (17, 0)
        assert bind.dialect.default_schema_name == "public"
        assert op.get_context().dialect is bind.dialect
        assert bind.scalar(sa.text("SHOW server_version_num")) == "170000"
        assert op.get_context().opts["target_metadata"] is None
        assert op.f("x") == "x"
        assert op.get_context().get_current_revision() == None
        """,
    )
    scripts.revision("two", 'assert op.get_context().get_current_revision() == "one"')
    assert reasons(the_only(scripts.predict(url="postgresql+psycopg2://"))) == []


def test_naming_conventions_and_options_of_env_py(scripts):
    metadata = sa.MetaData(naming_convention={"uq": "uq_%(table_name)s_%(column_0_name)s"})
    scripts.configure = {"target_metadata": metadata, "version_table": "versions", "own_option": 7}
    scripts.revision(
        "one",
        """
        op.create_unique_constraint(None, "t", ["name"])
        assert op.get_context().opts["own_option"] == 7
        assert sa.inspect(op.get_bind()).has_table("versions")
        """,
    )
    prediction = the_only(scripts.predict("public.t", setup=TABLE))
    assert reasons(prediction) == []
    constraints = {c.name for c in prediction.after.tables[Name("public", "t")].constraints}
    assert "uq_t_name" in constraints


def test_run_arguments_reach_the_scripts(scripts):
    path = scripts.revision("one", "assert tenant == 'a'")
    path.write_text(path.read_text().replace("def upgrade():", "def upgrade(tenant):"))
    assert reasons(the_only(scripts.predict(arguments={"tenant": "a"}))) == []


def test_async_operations(scripts):
    scripts.revision(
        "one",
        "op.run_async(change)",
        prelude="""
        async def change(connection):
            assert (await connection.execute(sa.text("SELECT 1"))).scalar() == 1
            await connection.execute(sa.text("ALTER TABLE t ADD COLUMN a int"))
        """,
    )
    prediction = the_only(scripts.predict("public.t", setup=TABLE, url="postgresql+asyncpg://"))
    assert reasons(prediction) == []
    assert columns(prediction, "public.t") == ["id", "name", "a"]
    assert lines(prediction) == ['await connection.execute(sa.text("ALTER TABLE t ADD COLUMN a int"))']


def test_progress_counts_revisions(scripts):
    scripts.revision("one", "pass")
    scripts.revision("two", "raise ValueError")
    scripts.revision("three", "pass")
    seen = []
    prediction = the_only(scripts.predict(progress=seen.append))
    assert seen == [1, 2, 3]
    assert [step.revision for step in prediction.steps] == ["one", "two", "three"]


# -- errors ------------------------------------------------------------------------------------------------------------


def test_errors_can_be_caught_as_in_the_real_run(scripts):
    scripts.revision(
        "one",
        """
        from sqlalchemy.exc import ProgrammingError
        bind = op.get_bind()
        try:
            with bind.begin_nested():
                op.drop_constraint("uq_missing", "t")
        except ProgrammingError as error:
            assert error.orig.sqlstate == error.orig.pgcode == error.orig.diag.sqlstate == "42704"
            assert type(error.orig).__name__ == "UndefinedObject"
        op.add_column("t", sa.Column("a", sa.Text()))
        """,
    )
    prediction = the_only(scripts.predict("public.t", setup=TABLE))
    assert reasons(prediction) == []
    assert columns(prediction, "public.t") == ["id", "name", "a"]


def test_errors_are_the_drivers_own_classes(scripts):
    scripts.revision(
        "one",
        """
        try:
            with op.get_bind().begin_nested():
                op.get_bind().connection.cursor().execute("ALTER TABLE missing ADD a int")
        except psycopg.errors.UndefinedTable as error:
            assert error.sqlstate == "42P01"
        """,
        prelude="import psycopg",
    )
    assert reasons(the_only(scripts.predict())) == []


def test_an_error_caught_without_a_savepoint_fails_the_transaction(scripts):
    scripts.revision(
        "one",
        """
        try:
            op.drop_table("missing")
        except Exception:
            pass
        op.add_column("t", sa.Column("a", sa.Text()))
        """,
    )
    prediction = the_only(scripts.predict("public.t", setup=TABLE))
    (reason,) = reasons(prediction)
    assert reason.startswith("PostgreSQL would refuse this migration: current transaction is aborted")
    assert columns(prediction, "public.t") == ["id", "name"]


def test_also_where_the_script_ends_right_after(scripts):
    scripts.revision("one", 'try:\n    op.drop_table("missing")\nexcept Exception:\n    pass')
    (reason,) = reasons(the_only(scripts.predict()))
    assert reason.startswith("PostgreSQL would refuse this migration")


REFUSED = {
    "unknown table": ('op.add_column("missing", sa.Column("a", sa.Text()))', 'relation "missing" does not exist'),
    "unknown column": ('op.drop_column("t", "missing")', 'column "missing" of relation "t" does not exist'),
    "known table": ('op.create_table("t", sa.Column("a", sa.Text()))', 'relation "t" already exists'),
    "syntax": ('op.execute("ALTER TABEL t")', 'syntax error at or near "TABEL"'),
    "in a transaction": (
        'op.create_index("ix", "t", ["name"], postgresql_concurrently=True)',
        "CREATE INDEX CONCURRENTLY cannot run inside a transaction block",
    ),
}


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg"])
def test_after_a_commit_in_sql_it_depends_on_the_driver(scripts, database, driver):
    """psycopg 2 opens no transaction any more, so each statement commits by itself."""
    scripts.revision(
        "one",
        """
        op.execute("COMMIT")
        op.create_index("ix", "t", ["name"], postgresql_concurrently=True)
        op.drop_column("t", "name")
        op.drop_table("missing")
        """,
    )
    prediction = the_only(scripts.predict("public.t", setup=TABLE, url=f"postgresql+{driver}://"))
    engine = sa.create_engine(sa.make_url(database).set(drivername=f"postgresql+{driver}"), poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(TABLE)
        connection.commit()
        with pytest.raises(sa.exc.DBAPIError) as raised:
            scripts.run(connection)
    assert reasons(prediction) == [
        f"PostgreSQL would refuse this migration: {str(raised.value.orig).splitlines()[0].replace('ERROR:  ', '')}"
    ]
    with engine.connect() as connection:
        there = [column["name"] for column in sa.inspect(connection).get_columns("t")]
    kept = [operation.after for operation in operations(prediction) if operation.commits]
    assert [column.name for column in kept[-1].tables[Name("public", "t")].columns] == there
    assert there == (["id"] if driver == "psycopg2" else ["id", "name"])


LEADS_AWAY = {
    "a dump's first lines": "SELECT pg_catalog.set_config('search_path', '', false)",
    "SET": "SET search_path TO elsewhere",
    "gone": "DROP TABLE alembic_version",
}


@pytest.mark.parametrize("statement", LEADS_AWAY.values(), ids=LEADS_AWAY)
def test_alembic_does_not_find_its_version_table(scripts, connection, statement):
    scripts.revision("one", f'op.execute("CREATE SCHEMA elsewhere")\nop.execute("{statement}")')
    scripts.revision("two", 'op.create_table("public_t", sa.Column("a", sa.Text()))')
    prediction = the_only(scripts.predict("public.public_t"))
    (reason,) = reasons(prediction)
    assert reason.startswith('PostgreSQL would refuse this migration: relation "alembic_version" does not exist')
    assert prediction.unproven[0].location.revision == "one"
    assert columns(prediction, "public.public_t") == ["a"]
    with pytest.raises(sa.exc.ProgrammingError, match='relation "alembic_version" does not exist'):
        scripts.run(connection)


FINDS_BACK = {
    "SET LOCAL in a savepoint": """
        nested = op.get_bind().begin_nested()
        op.execute("SET LOCAL search_path TO ''")
        nested.rollback()
    """,
    "put back": """
        op.execute("SELECT pg_catalog.set_config('search_path', '', false)")
        op.execute("CREATE TABLE public.x (a int)")
        op.execute("SET search_path TO public")
    """,
    "one of several": 'op.execute("SET search_path TO elsewhere, public")',
}


@pytest.mark.parametrize("script", FINDS_BACK.values(), ids=FINDS_BACK)
def test_alembic_finds_its_version_table(scripts, connection, script):
    scripts.revision("one", script)
    assert reasons(the_only(scripts.predict())) == []
    scripts.run(connection)


def test_a_version_table_in_a_schema_of_its_own_is_found_anywhere(scripts, connection):
    scripts.configure["version_table_schema"] = "public"
    scripts.revision("one", """op.execute("SELECT pg_catalog.set_config('search_path', '', false)")""")
    assert reasons(the_only(scripts.predict())) == []
    scripts.run(connection)


@pytest.mark.parametrize(("statement", "message"), REFUSED.values(), ids=REFUSED)
def test_what_postgresql_would_refuse_is_unproven(scripts, statement, message):
    scripts.revision("one", f"x = 1\n{statement}")
    scripts.revision("two", 'op.add_column("t", sa.Column("later", sa.Text()))')
    prediction = the_only(scripts.predict("public.t", setup=TABLE))
    assert reasons(prediction) == [f"PostgreSQL would refuse this migration: {message}"]
    assert prediction.unproven[0].location.source == statement
    assert columns(prediction, "public.t") == ["id", "name", "later"]


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("raise ValueError('oh\\nno')", "the script raised ValueError under prediction: oh no"),
        ("raise SystemExit(3)", "the script raised SystemExit under prediction: 3"),
        ("1 / 0", "the script raised ZeroDivisionError under prediction: division by zero"),
        ("input('sure? ')", "the script raised EOFError under prediction"),
    ],
)
def test_what_a_script_raises_is_unproven(scripts, statement, reason):
    scripts.revision("one", f'op.execute("ALTER TABLE t ADD COLUMN a int")\n{statement}')
    scripts.revision("two", 'op.add_column("t", sa.Column("later", sa.Text()))')
    prediction = the_only(scripts.predict("public.t", setup=TABLE))
    assert [r.partition(": EOF when")[0] for r in reasons(prediction)] == [reason]
    assert prediction.unproven[0].location.source == statement.replace("\n", "\\n")
    assert columns(prediction, "public.t") == ["id", "name", "a", "later"]


def test_a_script_that_cannot_be_executed_a_second_time(scripts):
    scripts.revision("one", "pass", prelude="import sys\nassert not sys.stdin.closed and sys.stdin.name != '/dev/null'")
    scripts.revision("two", 'op.add_column("t", sa.Column("later", sa.Text()))')
    prediction = the_only(scripts.predict("public.t", setup=TABLE))
    assert reasons(prediction) == ["the script raised AssertionError under prediction"]
    assert prediction.unproven[0].location.source.startswith("assert not sys.stdin.closed")
    assert columns(prediction, "public.t") == ["id", "name", "later"]


def test_an_interrupt_gets_through_and_everything_is_put_back(scripts):
    scripts.revision("one", "raise KeyboardInterrupt")
    stdout = sys.stdout
    with pytest.raises(KeyboardInterrupt):
        scripts.predict()
    assert sys.stdout is stdout
    assert logging.root.manager.disable == logging.NOTSET


def test_a_loop_without_end_is_cut_off(scripts, monkeypatch):
    monkeypatch.setattr("alembic_contracts.prediction.scripts.recording.STATEMENT_LIMIT", 200)
    scripts.revision(
        "one", 'while True:\n    try:\n        op.execute("SELECT 1")\n    except Exception:\n        pass'
    )
    (reason,) = reasons(the_only(scripts.predict()))
    assert reason.startswith("the script did not come to an end within ")


def test_the_same_query_without_end_is_cut_off_early(scripts):
    scripts.revision("one", 'while op.get_bind().execute(sa.text("SELECT 1")).scalar():\n    pass')
    (reason,) = reasons(the_only(scripts.predict()))
    assert reason.startswith("the script did not come to an end within ")


@pytest.mark.parametrize("rows", ["", "INSERT INTO t VALUES (1, 'a')"])
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE t SET name = o.name FROM o WHERE o.id = t.id",
        "WITH c AS (SELECT id FROM t WHERE name IS NULL LIMIT 500) UPDATE t SET name = '' FROM c WHERE t.id = c.id",
        "DELETE FROM t USING o WHERE o.id = t.id",
    ],
)
def test_batches_that_end_when_nothing_is_left_come_to_an_end(scripts, change, rows):
    scripts.revision("one", f"while op.get_bind().execute(sa.text({change!r})).rowcount != 0:\n    pass")
    for prediction in scripts.predict("public.t", setup=f"{TABLE}; CREATE TABLE o (id int, name text); {rows}"):
        assert reasons(prediction) == []


# -- transactions ------------------------------------------------------------------------------------------------------


def committed(prediction):
    return [operation.label for operation in operations(prediction) if operation.commits]


def test_autocommit_blocks_commit_before_and_after(scripts):
    scripts.revision(
        "one",
        """
        op.execute("ALTER TABLE t ADD COLUMN a int")
        with op.get_context().autocommit_block():
            op.create_index("ix", "t", ["name"], postgresql_concurrently=True)
        op.execute("ALTER TABLE t ADD COLUMN b int")
        """,
    )
    prediction = the_only(scripts.predict("public.t", setup=TABLE))
    assert reasons(prediction) == []
    assert [operation.commits for operation in operations(prediction)] == [False, True, True, True, False]
    assert columns(prediction, "public.t") == ["id", "name", "a", "b"]


@pytest.mark.parametrize("options", [{}, {"transaction_per_migration": True}, {"transactional_ddl": False}])
def test_only_what_a_script_commits_itself_is_marked(scripts, options):
    scripts.configure = options
    scripts.revision("one", 'op.execute("ALTER TABLE t ADD COLUMN a int")')
    scripts.revision("two", 'op.execute("COMMIT")\nop.execute("ALTER TABLE t ADD COLUMN b int")')
    prediction = the_only(scripts.predict("public.t", setup=TABLE))
    assert reasons(prediction) == []
    assert committed(prediction) == ["COMMIT"]
    assert columns(prediction, "public.t") == ["id", "name", "a", "b"]


def test_rollback_to_a_savepoint_takes_ddl_back(scripts):
    scripts.revision(
        "one",
        """
        nested = op.get_bind().begin_nested()
        op.drop_column("t", "name")
        nested.rollback()
        op.add_column("t", sa.Column("a", sa.Text()))
        """,
    )
    prediction = the_only(scripts.predict("public.t", setup=TABLE))
    assert reasons(prediction) == []
    assert columns(prediction, "public.t") == ["id", "name", "a"]
    names = [[c.name for c in o.after.tables[Name("public", "t")].columns] for o in operations(prediction)]
    assert ["id", "name"] in names


def test_search_path_lasts_from_one_revision_to_the_next(scripts):
    scripts.revision("one", 'op.execute("CREATE SCHEMA s")\nop.execute("SET search_path = s, public")')
    scripts.revision("two", 'op.execute("CREATE TABLE u (id int)")')
    assert columns(the_only(scripts.predict("s.u")), "s.u") == ["id"]


# -- --sql -------------------------------------------------------------------------------------------------------------


def test_scripts_of_a_sql_run_see_it_and_their_output_is_applied(scripts, capsys):
    scripts.configure = {"literal_binds": True}
    scripts.revision(
        "one",
        """
        assert op.get_context().as_sql and context.is_offline_mode()
        op.add_column("t", sa.Column("a", sa.Text()))
        op.execute(sa.text("ALTER TABLE t ADD COLUMN b text"))
        op.get_bind().execute(sa.text("ALTER TABLE t ADD COLUMN c text"))
        context.static_output("ALTER TABLE t ADD COLUMN d text; -- by hand")
        op.bulk_insert(sa.table("t", sa.column("id", sa.Integer), sa.column("name", sa.Text)), [{"id": 1, "name": "x"}])
        with op.get_context().autocommit_block():
            op.execute("ALTER TABLE t ADD COLUMN e text")
        """,
    )
    prediction = the_only(scripts.predict("public.t", setup=TABLE, as_sql=True))
    assert reasons(prediction) == []
    assert columns(prediction, "public.t") == ["id", "name", "a", "b", "c", "d", "e"]
    assert committed(prediction) == ["COMMIT", "ALTER TABLE t ADD COLUMN e text"]
    assert lines(prediction)[0] == 'op.add_column("t", sa.Column("a", sa.Text()))'
    assert capsys.readouterr().out == ""


def test_a_sql_run_goes_on_after_what_postgresql_would_refuse(scripts):
    scripts.revision("one", 'op.drop_table("missing")\nop.add_column("t", sa.Column("a", sa.Text()))')
    prediction = the_only(scripts.predict("public.t", setup=TABLE, as_sql=True))
    assert reasons(prediction) == ['PostgreSQL would refuse this migration: table "missing" does not exist']
    assert columns(prediction, "public.t") == ["id", "name", "a"]


# -- two worlds --------------------------------------------------------------------------------------------------------


def test_reads_of_unknown_rows_are_played_in_two_worlds(scripts):
    scripts.revision(
        "one",
        """
        rows = op.get_bind().execute(sa.text("SELECT id, name FROM t")).fetchall()
        for id_, name in rows:
            assert isinstance(id_, int) and isinstance(name, str)
            op.add_column("t", sa.Column(f"for_{id_}", sa.Text()))
        """,
    )
    empty, row = scripts.predict("public.t", setup=TABLE)
    assert columns(empty, "public.t") == ["id", "name"]
    assert columns(row, "public.t") == ["id", "name", "for_1"]
    assert reasons(empty) == []
    assert reasons(row) == ["the script may go by what is in the rows that it reads, which only the database knows"]


def test_rows_that_only_rows_depend_on_are_no_doubt(scripts):
    scripts.revision(
        "one",
        """
        rows = op.get_bind().execute(sa.text("SELECT id, name FROM t")).fetchall()
        op.add_column("t", sa.Column("added", sa.Text()))
        for id_, name in rows:
            if name == "x":
                op.get_bind().execute(sa.text(f"UPDATE t SET added = '{name}' WHERE id = :id"), {"id": id_})
        op.drop_column("t", "name")
        """,
    )
    empty, row = scripts.predict("public.t", setup=TABLE)
    assert columns(empty, "public.t") == columns(row, "public.t") == ["id", "added"]
    assert reasons(empty) == reasons(row) == []


def test_one_world_is_enough_where_rows_are_written_only(scripts):
    scripts.revision("one", 'op.execute("UPDATE t SET name = lower(name)")\nop.execute("DELETE FROM t WHERE id = 3")')
    assert len(scripts.predict("public.t", setup=TABLE)) == 1


@pytest.mark.parametrize(
    "script",
    [
        "found = {read}\nif found is None:\n    pass\nif {read}:\n    {drop}",
        "if {read}:\n    pass\nif {read}:\n    {drop}",
        "for number in range(3):\n    if {read} and number == 2:\n        {drop}",
        "for number in range(70):\n    if {similar} and number == 60:\n        {drop}",
    ],
)
@pytest.mark.parametrize(
    ("read", "similar"),
    [
        ("scalar(sa.text('SELECT 1 FROM t'))", "scalar(sa.text(f'SELECT 1 FROM t WHERE id = {number}'))"),
        (
            "execute(sa.text('UPDATE t SET id = 1')).rowcount",
            "execute(sa.text(f'UPDATE t SET id = 1 WHERE id > {number}')).rowcount",
        ),
    ],
)
def test_what_was_read_before_is_there_the_next_time(scripts, script, read, similar):
    drop = 'op.drop_column("t", "name")'
    text = script.replace("{read}", f"op.get_bind().{read}").replace("{similar}", f"op.get_bind().{similar}")
    scripts.revision("one", text.replace("{drop}", drop))
    predictions = scripts.predict("public.t", setup=TABLE)
    assert ["id"] in [columns(prediction, "public.t") for prediction in predictions]


def test_a_second_deletion_of_the_same_finds_what_nobody_knows(scripts):
    deleted = "op.get_bind().execute(sa.text('DELETE FROM t WHERE id = 3')).rowcount"
    scripts.revision("one", f'if {deleted}:\n    pass\nif {deleted}:\n    op.drop_column("t", "name")')
    assert any(map(reasons, scripts.predict("public.t", setup=TABLE)))


def test_a_loop_that_goes_on_when_nothing_is_left_waits_for_something_else(scripts):
    read = "op.get_bind().scalar(sa.text('SELECT 1 FROM t'))"
    scripts.revision(
        "one",
        f"""
        number = 0
        while number < 4:
            number += 1
            if {read} and number == 4:
                op.drop_column("t", "name")
        """,
    )
    assert any(map(reasons, scripts.predict("public.t", setup=TABLE)))


def test_batching_loops_end(scripts):
    scripts.revision(
        "one",
        """
        bind = op.get_bind()
        while True:
            rows = bind.execute(sa.text("SELECT id FROM t WHERE name IS NULL LIMIT 100")).fetchall()
            if not rows:
                break
            bind.execute(sa.text("UPDATE t SET name = '' WHERE id = ANY(:ids)"), {"ids": [r.id for r in rows]})
        offset = 0
        while rows := bind.execute(sa.text("SELECT id FROM t ORDER BY id LIMIT 100 OFFSET :o"), {"o": offset}).all():
            offset += 100
        last = 0
        while ids := bind.scalars(sa.text("SELECT id FROM t WHERE id > :last ORDER BY id"), {"last": last}).all():
            last = ids[-1]
        op.add_column("t", sa.Column("a", sa.Text()))
        """,
    )
    for prediction in scripts.predict("public.t", setup=TABLE):
        assert reasons(prediction) == []
        assert columns(prediction, "public.t") == ["id", "name", "a"]


def test_rows_that_scripts_inserted_are_there_in_every_world(scripts):
    scripts.revision("one", 'op.execute("CREATE TABLE roles (id serial PRIMARY KEY, name text)")')
    scripts.revision(
        "two",
        """
        roles = sa.table("roles", sa.column("id", sa.Integer), sa.column("name", sa.Text))
        op.bulk_insert(roles, [{"name": "admin"}, {"name": "reader"}])
        op.execute("ALTER TABLE roles RENAME COLUMN name TO title")
        op.execute("ALTER TABLE roles RENAME TO jobs")
        """,
    )
    scripts.revision(
        "three",
        """
        bind = op.get_bind()
        assert bind.scalar(sa.text("SELECT id FROM jobs WHERE title = 'reader'")) == 2
        assert bind.execute(sa.text("SELECT title FROM jobs ORDER BY 1 DESC")).scalars().all() == ["reader", "admin"]
        assert bind.scalar(sa.text("SELECT count(*) FROM jobs")) == 2
        """,
    )
    assert reasons(the_only(scripts.predict())) == []


def test_orm_sessions_get_their_generated_keys(scripts):
    scripts.revision("one", 'op.execute("CREATE TABLE thing (id serial PRIMARY KEY, name text, data jsonb)")')
    scripts.revision(
        "two",
        """
        session = Session(bind=op.get_bind())
        session.add_all([Thing(name="a", data={"x": 1}), Thing(name="b"), Thing(name="c")])
        session.flush()
        assert session.query(Thing).count() == 3
        first = session.query(Thing).filter_by(name="a").one()
        assert first.id and first.data == {"x": 1}
        first.name = "z"
        session.commit()
        assert session.scalars(sa.select(Thing.name).order_by(Thing.id)).all() == ["z", "b", "c"]
        """,
        prelude="""
        from sqlalchemy.orm import Session, declarative_base

        Base = declarative_base()

        class Thing(Base):
            __tablename__ = "thing"
            id = sa.Column(sa.Integer, primary_key=True)
            name = sa.Column(sa.Text)
            data = sa.Column(postgresql.JSONB)
        """,
    )
    assert reasons(the_only(scripts.predict())) == []


def test_ten_thousand_rows_are_fast(scripts):
    scripts.revision(
        "one",
        """
        t = sa.table("t", sa.column("id", sa.Integer), sa.column("name", sa.Text))
        op.bulk_insert(t, [{"id": n, "name": f"name {n}"} for n in range(10_000)])
        """,
    )
    from time import perf_counter

    start = perf_counter()
    assert reasons(the_only(scripts.predict("public.t", setup=TABLE))) == []
    assert perf_counter() - start < 2


def test_online_predictions_start_from_the_database(scripts, connection):
    connection.exec_driver_sql(TABLE)
    connection.commit()
    scripts.revision("one", 'op.add_column("t", sa.Column("a", sa.Text()))')
    prediction = the_only(scripts.predict_online(connection, "public.t"))
    assert reasons(prediction) == []
    assert columns(prediction, "public.t") == ["id", "name", "a"]
    assert [c["name"] for c in sa.inspect(connection).get_columns("t")] == ["id", "name"]


def test_the_baseline_is_asked_once_for_each_world(scripts):
    calls = []

    def baseline():
        calls.append(1)
        catalog = Catalog()
        execute(catalog, TABLE)
        return catalog

    scripts.revision("one", 'op.get_bind().execute(sa.text("SELECT * FROM t")).all()')
    assert len(scripts.predict("public.t", baseline=baseline)) == len(calls) == 2


def test_what_is_never_committed_is_no_result(scripts):
    scripts.revision(
        "one",
        """
        op.get_bind().commit()
        op.add_column("t", sa.Column("lost", sa.Text()))
        """,
    )
    (reason,) = reasons(the_only(scripts.predict("public.t", setup=TABLE)))
    assert "never committed" in reason


def test_a_script_that_closes_the_connection(scripts):
    scripts.revision("one", 'op.get_bind().close()\nop.add_column("t", sa.Column("a", sa.Text()))')
    scripts.revision("two", 'op.add_column("t", sa.Column("b", sa.Text()))')
    prediction = the_only(scripts.predict("public.t", setup=TABLE))
    assert "This Connection is closed" in reasons(prediction)[0]
    assert columns(prediction, "public.t") == ["id", "name", "b"]


def test_a_second_connection_that_is_rolled_back(scripts):
    scripts.revision(
        "one",
        """
        with op.get_bind().engine.connect() as other:
            other.execute(sa.text("ALTER TABLE t ADD COLUMN a text"))
        """,
    )
    assert reasons(the_only(scripts.predict("public.t", setup=TABLE))) == [
        "what a second database connection changed is rolled back"
    ]


def test_statements_of_one_text_show_the_schema_after_each(scripts):
    scripts.revision("one", 'op.execute("ALTER TABLE t ADD COLUMN a text; ALTER TABLE t ADD COLUMN b text")')
    prediction = the_only(scripts.predict("public.t", setup=TABLE))
    names = [[c.name for c in o.after.tables[Name("public", "t")].columns] for o in operations(prediction)]
    assert names == [["id", "name", "a"], ["id", "name", "a", "b"]]


def test_values_are_not_shown(scripts):
    scripts.revision("one", "op.get_bind().execute(sa.text(\"SELECT unheard_of('secret')\")).all()")
    prediction = the_only(
        scripts.predict(setup="CREATE FUNCTION unheard_of(text) RETURNS int LANGUAGE sql AS 'SELECT 1'")
    )
    assert len(reasons(prediction)) == 1
    assert "secret" not in reasons(prediction)[0]
