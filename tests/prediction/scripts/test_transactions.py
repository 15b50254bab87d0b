"""Transactions of version scripts, and what --sql would write."""

import pytest

from alembic_contracts.schemas.schema import Name
from tests.support.scripts import TABLE, columns, lines, operations, reasons, the_only

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


ENDS = """
op.get_bind().commit()
with op.get_context().autocommit_block():
    op.create_index("ix", "t", ["name"], postgresql_concurrently=True)
op.execute("ALTER TABLE t ADD COLUMN a int")
"""


@pytest.mark.parametrize(
    ("options", "after", "is_lost"),
    [
        ({"transaction_per_migration": True}, ["pass"], False),
        (
            {"transaction_per_migration": True},
            [ENDS.replace("ix", "ix2").replace("COLUMN a", "COLUMN b"), "pass"],
            False,
        ),
        ({"transaction_per_migration": True}, [], True),
        ({"transaction_per_migration": True}, ['op.execute("ALTER TABLE missing ADD COLUMN a int")'], True),
        ({}, ["pass"], True),
    ],
)
def test_what_a_script_leaves_is_committed_with_the_next_one(scripts, options, after, is_lost):
    scripts.configure = options
    for number, code in enumerate([ENDS, *after]):
        scripts.revision(f"r{number}", code)
    prediction = the_only(scripts.predict("public.t", setup=TABLE))
    assert any("never committed" in reason for reason in reasons(prediction)) == is_lost


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
