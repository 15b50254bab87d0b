"""What version scripts see of the database: its shape, and rows that may be there or not."""

import pytest
import sqlalchemy as sa

from alembic_contracts.prediction.catalog.catalog import Catalog
from alembic_contracts.prediction.statements import execute
from alembic_contracts.schemas.schema import Name
from tests.support.scripts import TABLE, columns, lines, operations, reasons, the_only

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


@pytest.mark.parametrize(("end", "is_known"), [("raise", True), ("pass", False)])
def test_an_error_that_goes_on_ends_the_migration(scripts, end, is_known):
    body = f"""
db = op.get_bind()
try:
    for name in db.execute(sa.text("SELECT name FROM t")).scalars().all():
        assert name != "special"
    op.drop_column("t", "name")
except AssertionError:
    {end}
"""
    scripts.revision("one", body)
    predictions = scripts.predict("public.t", setup=TABLE)
    assert [columns(each, "public.t") for each in predictions] == [["id"], ["id"]]
    assert any(map(reasons, predictions)) is not is_known


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
    assert perf_counter() - start < 10  # 0.5 s on an idle machine


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


AGED = {
    "exists": "not op.get_bind().scalar(sa.text('SELECT EXISTS (SELECT 1 FROM s)'))",
    "first": "op.get_bind().execute(sa.text('SELECT 1 FROM s LIMIT 1')).first() is None",
    "how many": "op.get_bind().scalar(sa.text('SELECT count(*) FROM s')) > 1",
    "one of them": "op.get_bind().scalar(sa.text('SELECT x FROM s WHERE x = 2'))",
    "how many are changed": "op.get_bind().execute(sa.text('UPDATE s SET x = 1')).rowcount == 0",
}


@pytest.mark.parametrize("name", AGED)
def test_rows_of_an_earlier_revision_may_have_changed_by_now(scripts, name):
    scripts.revision("one", "op.execute('CREATE TABLE s (x int)')\nop.execute('INSERT INTO s VALUES (1)')")
    scripts.revision("two", f"if {AGED[name]}:\n    op.execute('ALTER TABLE t DROP COLUMN name')")
    in_a_history = scripts.predict("public.t", setup=TABLE, rows_between_revisions=True)
    assert any("what is in the rows" in reason for each in in_a_history for reason in reasons(each))
    assert all(reasons(each) == [] for each in scripts.predict("public.t", setup=TABLE))


def test_where_nothing_but_rows_follows_from_them_there_is_no_doubt(scripts):
    scripts.revision("one", "op.execute('CREATE TABLE s (x int)')\nop.execute('INSERT INTO s VALUES (1)')")
    scripts.revision(
        "two",
        """
        if not op.get_bind().scalar(sa.text('SELECT count(*) FROM s')):
            op.execute('INSERT INTO s VALUES (2)')
        op.execute('ALTER TABLE t ADD COLUMN more int')
        """,
    )
    scripts.revision(
        "three",
        """
        op.execute('DELETE FROM s')
        if op.get_bind().scalar(sa.text('SELECT count(*) FROM s')):
            op.execute('ALTER TABLE t DROP COLUMN name')
        """,
    )
    predictions = scripts.predict("public.t", setup=TABLE, rows_between_revisions=True)
    assert all(reasons(each) == [] for each in predictions)


def test_a_query_that_fails_without_rows_alone(scripts):
    scripts.revision("one", 'op.get_bind().execute(sa.text("SELECT 10 / count(*) FROM t")).scalar()')
    failing = [any("division by zero" in reason for reason in reasons(each)) for each in scripts.predict(setup=TABLE)]
    assert True in failing
    assert False in failing
