"""Observation of a real PostgreSQL's catalog."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import sqlalchemy as sa
from msgspec.structs import replace
from sqlalchemy.ext.asyncio import create_async_engine

from alembic_contracts.dialects.postgresql import format_type, parse_type
from alembic_contracts.dialects.postgresql import observe as observe_all
from alembic_contracts.errors import CannotCheck
from alembic_contracts.schemas.schema import Column, Constraint, Index, Name, Schema, Table, Type, TypeDefinition

SCHEMA = (Path(__file__).parents[1] / "fixtures/rich_schema.sql").read_text()

SHOP = Name("stock", "shop")
MY_TABLE = Name("My Schema", 'My "Table"')


def observe(connection: sa.Connection, tables: list[Name] | None) -> Schema:
    """Observe without the roles: they are the server's, on which other tests make some at the same time."""
    schema = observe_all(connection, tables)
    of_the_server = dict.fromkeys(("roles", "superusers", "without_inheritance", "memberships"), frozenset())
    return replace(schema, access=replace(schema.access, **of_the_server))


def _typed(name: str, spelling: str, **facts) -> Column:
    return Column(name=name, type=parse_type(spelling), **facts)


def _keys(table: Table) -> list[Constraint]:
    """Constraints without those for NOT NULL, which PostgreSQL has since 18."""
    return [constraint for constraint in table.constraints if constraint.kind != "not null"]


@pytest.fixture(scope="module")
def rich(databases):
    with databases.new() as url:
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.exec_driver_sql(SCHEMA)
            connection.commit()
            yield connection


@pytest.fixture(scope="module")
def everything(rich: sa.Connection) -> Schema:
    return observe(rich, None)


def test_columns(everything: Schema) -> None:
    assert everything.tables[SHOP].columns == (
        _typed("id", "bigint", not_null=True, identity="always"),
        _typed("other_id", "int", not_null=True, identity="by default"),
        _typed("name", "varchar(50)", not_null=True, collation="C", comment="What people call it"),
        _typed("Größe", '"char"', default="'x'::\"char\""),
        _typed("seen", "date", default="'2020-02-01'::date"),
        _typed("raw", "bytea", default="'\\x00ff'::bytea"),
        _typed("feeling", "public.mood", default="'sad'::public.mood"),
        _typed("feelings", "public.mood[]", not_null=True),
        _typed("price", "stock.price"),
        _typed("prices", "stock.price[]"),
        _typed("point", '"My Schema"."Point"'),
        _typed("mail", "stock.label"),
        _typed("mails", "stock.label[]"),
        _typed("length", "interval day to second(3)"),
        _typed("upper_name", "text", generated="stored", expression="upper((name)::text)"),
    )


def test_a_table(everything: Schema, rich: sa.Connection) -> None:
    shop = everything.tables[SHOP]
    assert (shop.kind, shop.persistence, shop.comment) == ("table", "permanent", 'A shop\'s "row": 100%')
    assert shop.owner == rich.scalar(sa.text("SELECT current_user"))
    assert shop.primary_key == ("other_id", "id")
    assert _keys(shop) == [
        Constraint(
            name="named",
            kind="check",
            columns=("name",),
            expression="((name)::text <> ''::text)",
            no_inherit=True,
            comment="No anonymous shops",
        ),
        Constraint(
            name="shop_name",
            kind="unique",
            columns=("name",),
            deferrable=True,
            initially_deferred=True,
            no_inherit=True,
        ),
        Constraint(name="shop_pkey", kind="primary key", columns=("other_id", "id"), no_inherit=True),
    ]
    assert shop.indexes == (
        Index(name="shop_name", columns=("name",), unique=True, constraint="shop_name"),
        Index(name="shop_pkey", columns=("other_id", "id"), unique=True, constraint="shop_pkey"),
        Index(
            name="shop_seen",
            columns=("seen", None),
            include=("raw",),
            predicate="(seen > '2020-03-01'::date)",
            expressions=("lower((name)::text)",),
            comment="For the report",
        ),
    )


def test_constraints_of_a_table_with_an_odd_name(everything: Schema) -> None:
    table = everything.tables[MY_TABLE]
    assert [column.name for column in table.columns] == ["Id", "shop_id", "shop_other", "during"]
    exclude, key, foreign = _keys(table)
    assert exclude.kind == "exclude"
    assert exclude.columns == ("during",)
    assert exclude.expression == "EXCLUDE USING gist (during WITH &&)"
    assert key.columns == ("Id",)
    assert foreign == Constraint(
        name="to_shop",
        kind="foreign key",
        columns=("shop_other", "shop_id"),
        references=SHOP,
        referenced_columns=("other_id", "id"),
        on_update="SET NULL",
        on_delete="CASCADE",
        valid=False,
        no_inherit=True,
    )


def test_views(everything: Schema) -> None:
    view = everything.tables[Name("stock", "names")]
    assert view.kind == "view"
    assert [(column.name, column.updatable) for column in view.columns] == [
        ("name", True),
        ("upper_name", True),
        ("loud", False),
        ("seen", True),
    ]
    assert view.depends_on == ((SHOP, "name"), (SHOP, "seen"), (SHOP, "upper_name"))
    assert view.definition is not None
    assert "FROM stock.shop" in view.definition
    counted = everything.tables[Name("stock", "counted")]
    assert counted.kind == "materialized view"
    assert counted.columns == (_typed("shops", "bigint", updatable=False),)
    assert counted.depends_on == ((SHOP, ""),)


def test_partitions_and_children(everything: Schema) -> None:
    event, part = everything.tables[Name("stock", "event")], everything.tables[Name("stock", "event_2020")]
    assert (event.kind, event.partition_key, event.partition) == ("partitioned table", "RANGE (at)", False)
    assert (part.kind, part.partition, part.parents) == ("table", True, (event.name,))
    assert event.primary_key == part.primary_key == ("at",)
    assert [constraint.inherited for constraint in _keys(event) + _keys(part)] == [False, True]
    visit = everything.tables[Name("stock", "visit")]
    assert [(c.name, c.references) for c in visit.constraints if c.kind == "foreign key"] == [
        ("visit_at_fkey", event.name)
    ]
    child = everything.tables[Name("stock", "child")]
    assert (child.partition, child.parents) == (False, (Name("stock", "parent"),))
    assert [column.name for column in child.columns] == ["id", "own"]
    assert [(c.name, c.inherited) for c in _keys(child)] == [("positive", True)]


def test_other_kinds(everything: Schema) -> None:
    far = everything.tables[Name("stock", "far")]
    assert far.kind == "foreign table"
    assert far.columns == (
        _typed("id", "int", not_null=True, updatable=False),
        _typed("label", "varchar(3)", updatable=False),
    )
    assert everything.tables[Name("stock", "scribble")].persistence == "unlogged"
    assert everything.tables[Name("stock", "empty")] == Table(name=Name("stock", "empty"), owner=far.owner)
    assert not [name for name in everything.tables if name.name == "passing"]


def test_types(everything: Schema) -> None:
    positive = Constraint(name="positive", kind="check", expression="(VALUE >= (0)::numeric)")
    assert dict(everything.types) == {
        definition.name: definition
        for definition in (
            TypeDefinition(name=Name("public", "mood"), kind="enum", labels=("sad", "so so", "happy")),
            TypeDefinition(
                name=Name("My Schema", "Point"),
                kind="composite",
                fields=(("x", parse_type("int")), ("y", parse_type("numeric(4,1)[]"))),
            ),
            TypeDefinition(name=Name("stock", "span"), kind="range"),
            TypeDefinition(
                name=Name("stock", "price"),
                kind="domain",
                base=parse_type("numeric(10,2)"),
                not_null=True,
                default="0",
                checks=(positive,),
            ),
            TypeDefinition(name=Name("stock", "prices"), kind="domain", base=parse_type("stock.price[]")),
            TypeDefinition(name=Name("stock", "net"), kind="domain", base=parse_type("stock.price"), default="0"),
            TypeDefinition(name=Name("stock", "label"), kind="base"),
        )
    }


def test_what_else_there_is(everything: Schema, rich: sa.Connection) -> None:
    assert everything.namespaces == {"public", "stock", "My Schema"}
    assert everything.sequences == {
        Name("stock", "numbers"),
        Name("stock", "shop_id_seq"),
        Name("stock", "shop_other_id_seq"),
    }
    assert everything.catalog == rich.engine.url.database


def test_only_the_named_tables(rich: sa.Connection, everything: Schema) -> None:
    named = [SHOP, MY_TABLE, Name("stock", "names"), Name("public", "absent"), Name("absent", "shop"), SHOP]
    schema = observe(rich, named)
    assert dict(schema.tables) == {name: everything.tables[name] for name in named[:3]}
    assert schema.types == everything.types
    assert dict(observe(rich, []).tables) == {}
    assert Name("stock", "label") not in observe(rich, []).types


def test_names_are_data_and_never_sql(rich: sa.Connection) -> None:
    odd = [Name("x'); DROP TABLE stock.shop; --", 'a"b'), Name("stock", ":tables"), Name("stock", "%s"), Name("", "")]
    assert dict(observe(rich, odd).tables) == {}
    assert SHOP in observe(rich, [SHOP]).tables


@pytest.mark.parametrize("isolation", ["READ COMMITTED", "SERIALIZABLE", "AUTOCOMMIT"])
def test_settings_make_no_difference_and_stay(rich: sa.Connection, everything: Schema, isolation: str) -> None:
    settings = {
        "search_path": 'stock, "My Schema", pg_catalog, public',
        "DateStyle": "SQL, DMY",
        "IntervalStyle": "sql_standard",
        "TimeZone": "Asia/Kathmandu",
        "bytea_output": "escape",
        "quote_all_identifiers": "on",
    }
    engine = rich.engine.execution_options(isolation_level=isolation)
    with engine.connect() as connection:
        for name, value in settings.items():
            connection.execute(sa.text("SELECT set_config(:name, :value, false)"), {"name": name, "value": value})
        assert observe(connection, None) == everything
        assert {name: connection.scalar(sa.text(f"SHOW {name}")) for name in settings} == settings
        connection.commit()
        assert {name: connection.scalar(sa.text(f"SHOW {name}")) for name in settings} == settings


def test_a_local_setting_is_still_local_afterwards(rich: sa.Connection) -> None:
    with rich.engine.connect() as connection:
        connection.exec_driver_sql("SET search_path = stock")
        connection.exec_driver_sql("SET LOCAL search_path = 'My Schema'")
        observe(connection, [SHOP])
        assert connection.scalar(sa.text("SHOW search_path")) == '"My Schema"'
        connection.commit()
        assert connection.scalar(sa.text("SHOW search_path")) == "stock"


def test_the_transaction_is_as_it_was(rich: sa.Connection) -> None:
    with rich.engine.connect() as connection:
        observe(connection, [SHOP])
        assert not connection.in_transaction(), "none was begun"
        connection.exec_driver_sql("CREATE TABLE stock.fresh (id int)")
        before = connection.scalar(sa.text("SELECT txid_current()"))
        assert Name("stock", "fresh") in observe(connection, [Name("stock", "fresh")]).tables, "it sees its own changes"
        assert connection.in_transaction()
        assert connection.scalar(sa.text("SELECT txid_current()")) == before, "none was ended"
        with connection.begin_nested():
            observe(connection, [SHOP])
        connection.rollback()
        assert Name("stock", "fresh") not in observe(connection, None).tables


def test_a_read_only_transaction_suffices(rich: sa.Connection, everything: Schema) -> None:
    with rich.engine.connect() as connection:
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        assert observe(connection, None) == everything


def test_one_query(rich: sa.Connection) -> None:
    statements = []
    with rich.engine.connect() as connection:
        sa.event.listen(connection, "before_cursor_execute", lambda *args: statements.append(args[2]))
        observe(connection, [SHOP, MY_TABLE])
        observe(connection, None)
    assert len([statement for statement in statements if statement != "SET LOCAL jit = off"]) == 2


def test_a_role_without_any_privilege_sees_the_same(rich: sa.Connection, databases) -> None:
    with databases.role() as role:
        everything = observe(rich, None)
        url = rich.engine.url.set(username=role, password="secret")
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        with engine.connect() as connection:
            with pytest.raises(sa.exc.ProgrammingError, match="permission denied"), connection.begin():
                connection.exec_driver_sql("SELECT FROM stock.shop")
            visible = "SELECT count(*) FROM information_schema.columns WHERE table_schema = 'stock'"
            assert connection.scalar(sa.text(visible)) == 0
            assert observe(connection, None) == everything
            assert observe(connection, [SHOP]).tables == {SHOP: everything.tables[SHOP]}


def test_a_locked_table_is_not_waited_for(database: str) -> None:
    """Unless it has generated columns, checks or partial indexes: PostgreSQL prints those under a lock."""
    engine = sa.create_engine(database, poolclass=sa.NullPool)
    table = Name("public", "t")
    with engine.connect() as other, engine.connect() as connection:
        other.exec_driver_sql("CREATE TABLE t (id serial PRIMARY KEY, seen timestamptz NOT NULL DEFAULT now())")
        other.commit()
        other.exec_driver_sql("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
        connection.exec_driver_sql("SET statement_timeout = '5s'")
        assert observe(connection, [table]).tables[table].columns[1].default == "now()"


def test_a_database_that_refuses_is_said(rich: sa.Connection) -> None:
    with rich.engine.connect() as connection:
        connection.exec_driver_sql("SAVEPOINT before")
        with pytest.raises(sa.exc.ProgrammingError):
            connection.exec_driver_sql("nonsense")
        with pytest.raises(CannotCheck, match="current transaction is aborted"):
            observe(connection, [SHOP])
        assert connection.in_transaction()


def test_through_an_async_engine(rich: sa.Connection, everything: Schema) -> None:
    async def run() -> Schema:
        engine = create_async_engine(rich.engine.url, poolclass=sa.NullPool)
        async with engine.connect() as connection:
            return await connection.run_sync(observe, None)

    assert asyncio.run(run()) == everything


def test_virtual_columns_and_nulls_not_distinct(connection: sa.Connection) -> None:
    version = connection.dialect.server_version_info or ()
    virtual, distinct = version >= (18,), version >= (15,)
    connection.exec_driver_sql(
        f"CREATE TABLE t (a int {'UNIQUE NULLS NOT DISTINCT' if distinct else 'UNIQUE'}, "
        f"b int GENERATED ALWAYS AS (a + 1) {'VIRTUAL' if virtual else 'STORED'})"
    )
    table = observe(connection, [Name("public", "t")]).tables[Name("public", "t")]
    assert table.columns[1] == _typed("b", "int", generated="virtual" if virtual else "stored", expression="(a + 1)")
    assert table.constraints[0].nulls_not_distinct is distinct
    assert table.indexes[0].nulls_not_distinct is distinct


def test_not_null_constraints_are_there_where_postgresql_has_them(connection: sa.Connection) -> None:
    connection.exec_driver_sql("CREATE TABLE t (a int NOT NULL, b int)")
    table = observe(connection, [Name("public", "t")]).tables[Name("public", "t")]
    assert [column.not_null for column in table.columns] == [True, False]
    newest = (connection.dialect.server_version_info or ()) >= (18,)
    assert [(c.name, c.kind, c.columns) for c in table.constraints] == (
        [("t_a_not_null", "not null", ("a",))] if newest else []
    )


def test_every_type_survives_the_way_through_the_catalog(connection: sa.Connection) -> None:
    from tests.dialects.test_postgresql_types import SPELLINGS

    spellings = [each for each in SPELLINGS.strip().replace("\n", "|").split("|") if "public" not in each.lower()]
    spellings = [each for each in spellings if "MySchema" not in each and each != "numeric(1000,1000)"]
    columns = ", ".join(f"c{number} {spelling}" for number, spelling in enumerate(spellings))
    connection.exec_driver_sql(f"CREATE TABLE t ({columns})")
    observed = observe(connection, [Name("public", "t")]).tables[Name("public", "t")].columns
    assert [column.type for column in observed] == [parse_type(spelling) for spelling in spellings]
    assert all(isinstance(column.type, Type) and format_type(column.type) for column in observed)


def test_a_table_may_be_replaced_by_one_of_the_same_name(connection: sa.Connection) -> None:
    connection.exec_driver_sql("CREATE TABLE t (a int)")
    before = observe(connection, None)
    connection.exec_driver_sql("DROP TABLE t; CREATE TABLE t (a int)")
    assert observe(connection, None) == before
    connection.exec_driver_sql("ALTER TABLE t ALTER a TYPE bigint")
    table = before.tables[Name("public", "t")]
    expected = replace(table, columns=(replace(table.columns[0], type=parse_type("bigint")),))
    assert observe(connection, None).tables == {table.name: expected}
