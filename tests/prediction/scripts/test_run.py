"""Version scripts run without a database: every way of emitting DDL, and nothing of it left behind."""

import logging
import os
import sys
import warnings

import alembic.context
import alembic.op
import pytest
import sqlalchemy as sa

from alembic_contracts.schemas.schema import Name
from tests.support.scripts import TABLE, columns, lines, operations, reasons, the_only

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


def test_labels_are_one_line_of_a_limited_length(scripts):
    scripts.revision(
        "one", 'op.execute("ALTER TABLE t\\n    ADD COLUMN a text,\\n" + ",".join(f"ADD b{n} int" for n in range(90)))'
    )
    (operation,) = operations(the_only(scripts.predict("public.t", setup=TABLE)))
    assert operation.label.startswith("ALTER TABLE t ADD COLUMN a text, ADD b0 int")
    assert "\n" not in operation.label
    assert len(operation.label) <= 500


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
