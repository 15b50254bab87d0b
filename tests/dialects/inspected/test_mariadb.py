"""What is seen of a real MariaDB through SQLAlchemy's Inspector."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from alembic_contracts import dialects
from alembic_contracts.errors import CannotCheck
from alembic_contracts.schemas.schema import Name
from tests.dialects.inspected.shapes import SHAPES, Shape
from tests.support.described import described

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.mariadb import MariaDB


@pytest.fixture
def connection(mariadb: str) -> Iterator[sa.Connection]:
    engine = sa.create_engine(mariadb, poolclass=sa.NullPool)
    with engine.connect() as connection:
        yield connection


def make(connection: sa.Connection, ddl: str) -> None:
    for statement in filter(None, map(str.strip, ddl.splitlines())):
        connection.exec_driver_sql(statement)
    connection.rollback()


def seen(connection: sa.Connection, *names: Name) -> list[str]:
    dialect = dialects.of("mysql", connection)
    return described(dialect.observe(connection, names or None), dialect)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_a_shape_is_seen_as_it_is(shape: Shape, connection: sa.Connection) -> None:
    make(connection, shape.ddl)
    assert seen(connection) == [line.strip() for line in shape.seen.strip().splitlines()]


def test_it_is_mariadb_whatever_the_url_says(connection: sa.Connection, mariadb: str) -> None:
    found = dialects.of("mysql", connection)
    assert (found.KIND, found.NAME, found.DEFAULT_SCHEMA, found.FORESIGHT) == ("mariadb", "MariaDB", "", "none")
    engine = sa.create_engine(mariadb.replace("mysql+", "mariadb+"), poolclass=sa.NullPool)
    with engine.connect() as other:
        assert dialects.of("mariadb", other).KIND == "mariadb"


def test_only_what_is_asked_for_is_looked_at(connection: sa.Connection) -> None:
    make(connection, "CREATE TABLE a (x INT)\nCREATE TABLE b (x INT)\nCREATE VIEW v AS SELECT x FROM b")
    statements: list[str] = []
    sa.event.listen(connection, "before_cursor_execute", lambda *given: statements.append(given[2]))
    assert seen(connection, Name("", "v"), Name("", "absent")) == [
        "view v",
        "x INT(11), whole number",
    ]
    assert seen(connection, Name("", "absent")) == []
    assert not any("`a`" in statement or "`b`" in statement for statement in statements)


SESSIONS = [
    "SET sql_mode = 'ANSI_QUOTES'",
    "SET sql_mode = 'ORACLE'",
    "SET sql_mode = 'NO_BACKSLASH_ESCAPES'",
    "SET sql_quote_show_create = 0",
    "SET sql_select_limit = 1",
    "SET sql_select_limit = 0",
    "SET max_join_size = 1",
    "SET max_statement_time = 0.000001",
    "SET NAMES binary",
    "SET NAMES latin1",
    "SET NAMES ascii",
    "SET CHARACTER SET cp850",
    "SET character_set_results = NULL",
    "SET autocommit = 1",
    "SET TRANSACTION READ ONLY",
    "LOCK TABLES other WRITE",
    "CREATE TEMPORARY TABLE `tag` (x INT)",
]
"""What scripts can have done to the session in which it is looked."""


@pytest.mark.parametrize("statement", SESSIONS)
def test_it_is_seen_alike_in_each_session(statement: str, connection: sa.Connection) -> None:
    make(
        connection,
        "CREATE TABLE other (id INT PRIMARY KEY)\n"
        "CREATE TABLE `tag` (id INT PRIMARY KEY, a VARCHAR(9) NOT NULL UNIQUE, `b c` INT REFERENCES other (id))\n"
        "CREATE VIEW v AS SELECT id FROM `tag`\n"
        "CREATE TABLE `größen` (`größe` ENUM('männlich') NOT NULL DEFAULT 'männlich' COMMENT 'Größe')",
    )
    names = Name("", "tag"), Name("", "v"), Name("", "größen")
    before = seen(connection, *names)
    assert len(before) == 12
    connection.exec_driver_sql(statement)
    letters = "@@character_set_client, @@character_set_results, @@collation_connection"
    settings = f"SELECT {letters}, @@max_statement_time, @@sql_big_selects, @@max_join_size LIMIT 1"
    session = connection.exec_driver_sql(settings).one()
    assert seen(connection, *names) == before
    assert connection.exec_driver_sql(settings).one() == session


def test_unqualified_names_lead_where_use_has_them_lead(mariadbs: MariaDB, connection: sa.Connection) -> None:
    make(connection, "CREATE TABLE t (x INT)")
    dialect = dialects.of("mysql", connection)
    first = dialect.lookup(connection)
    assert first == connection.engine.url.database
    with mariadbs.new() as url:
        other = str(sa.make_url(url).database)
        make(connection, f"USE {other}\nCREATE TABLE t (y INT)")
        assert (dialect.lookup(connection), seen(connection)) == (other, ["table t", "y INT(11), whole number"])
        dialect.look_up_as(connection, first)
        assert (dialect.lookup(connection), seen(connection)) == (first, ["table t", "x INT(11), whole number"])


def test_without_a_database_nothing_is_named_without_one(mariadbs: MariaDB, connection: sa.Connection) -> None:
    make(connection, "CREATE TABLE t (x INT)")
    here = str(connection.engine.url.database)
    with sa.create_engine(mariadbs.url, poolclass=sa.NullPool).connect() as other:
        assert seen(other) == []
        assert seen(other, Name("", "t")) == []
        assert seen(other, Name(here, "t"))[0] == f"table {here}.t"


def test_nothing_at_all_is_asked_of_no_tables(connection: sa.Connection) -> None:
    make(connection, "CREATE TABLE a (x INT)")
    assert dialects.of("mysql", connection).observe(connection, []).tables == {}


def test_statements_grow_with_the_tables_alone(connection: sa.Connection) -> None:
    def cost(*names: str) -> int:
        statements: list[str] = []
        listener = lambda *given: statements.append(given[2])  # noqa: E731
        sa.event.listen(connection, "before_cursor_execute", listener)
        dialects.of("mysql", connection).observe(connection, [Name("", name) for name in names])
        sa.event.remove(connection, "before_cursor_execute", listener)
        return len(statements)

    for name in "abcdef":
        make(connection, f"CREATE TABLE {name} (x INT PRIMARY KEY, y INT UNIQUE, z INT REFERENCES {name} (x))")
    first, second = cost("a", "b"), cost("a", "b", "c", "d")
    assert second - first == 2
    assert first <= 1 + 1 + 5 + 2 + 2  # bytes in place of letters, and back


def test_other_databases_go_by_their_names(mariadbs: MariaDB, connection: sa.Connection) -> None:
    with mariadbs.new() as url:
        other = str(sa.make_url(url).database)
        here = f"{connection.engine.url.database}.here"
        make(connection, f"CREATE TABLE {here} (id INT PRIMARY KEY)")
        make(connection, f"CREATE TABLE {other}.there (id INT, FOREIGN KEY f (id) REFERENCES {here} (id))")
        found = seen(connection, Name(other, "there"), Name("", "here"), Name("nowhere", "t"))
        assert [line for line in found if line.startswith("table")] == ["table here", f"table {other}.there"]
        assert any(line.endswith("(id) -> here (id)") for line in found), found
        assert not any("there" in line for line in seen(connection))


def test_tables_have_the_names_that_they_are_asked_for_by(mariadb_in_lower_case: str) -> None:
    with sa.create_engine(mariadb_in_lower_case, poolclass=sa.NullPool).connect() as connection:
        make(connection, "CREATE TABLE Orders (id INT PRIMARY KEY)\nCREATE TABLE items (id INT REFERENCES Orders (id))")
        found = dialects.of("mysql", connection).observe(connection, [Name("", "Orders"), Name("", "Items")])
        assert sorted(found.tables) == [Name("", "Items"), Name("", "Orders")]
        (key,) = [each for each in found.tables[Name("", "Items")].constraints if each.kind == "foreign key"]
        assert key.references == Name("", "Orders")
        assert sorted(dialects.of("mysql", connection).observe(connection, None).tables) == [
            ("", "items"),
            ("", "orders"),
        ]


@pytest.mark.parametrize(("granted", "sees"), [("SELECT", True), ("ALTER, DROP, CREATE", True), ("SELECT (id)", False)])
@pytest.mark.parametrize("by", ["itself", "a role"])
def test_what_a_role_sees_is_all_or_is_said_not_to_be(
    granted: str, sees: bool, by: str, connection: sa.Connection
) -> None:
    database = connection.engine.url.database
    make(
        connection,
        "CREATE TABLE p (id INT PRIMARY KEY)\n"
        "CREATE TABLE t (id INT PRIMARY KEY, a INT UNIQUE, CONSTRAINT f FOREIGN KEY (a) REFERENCES p (id))\n"
        "CREATE USER reader@localhost\nCREATE ROLE readers",
    )
    try:
        reader = "reader@localhost" if by == "itself" else "readers"
        make(connection, f"GRANT {granted} ON {database}.t TO {reader}\nGRANT readers TO reader@localhost")
        make(connection, "SET DEFAULT ROLE readers FOR reader@localhost")
        url = connection.engine.url.set(username="reader")
        with sa.create_engine(url, poolclass=sa.NullPool).connect() as other:
            if sees:
                spelt = [line.replace("INTEGER", "INT") for line in seen(other, Name("", "t"))]
                assert spelt == seen(connection, Name("", "t"))
            else:
                with pytest.raises(CannotCheck, match="denied"):
                    seen(other, Name("", "t"))
    finally:
        make(connection, "DROP USER reader@localhost\nDROP ROLE readers")


def test_a_transaction_is_left_as_it_was(connection: sa.Connection) -> None:
    make(connection, "CREATE TABLE a (x INT)")
    seen(connection)
    assert not connection.in_transaction()
    with connection.begin():
        connection.exec_driver_sql("INSERT INTO a VALUES (1)")
        seen(connection)
        assert connection.in_transaction()
        connection.get_transaction().rollback()
    assert connection.exec_driver_sql("SELECT count(*) FROM a").scalar_one() == 0


def test_ddl_is_in_no_transaction(connection: sa.Connection) -> None:
    dialect = dialects.of("mysql", connection)
    with connection.begin():
        assert dialect.transaction(connection) is None


def test_a_connection_that_is_lost_is_said(mariadbs: MariaDB, connection: sa.Connection) -> None:
    dialect = dialects.of("mysql", connection)
    number = connection.exec_driver_sql("SELECT CONNECTION_ID()").scalar_one()
    mariadbs.run(f"KILL {number}")
    with pytest.raises(CannotCheck, match=r"^What MariaDB has of the tables cannot be read: "):
        dialect.observe(connection, None)


def test_what_would_be_foreseen_is_said_not_to_be(connection: sa.Connection) -> None:
    with pytest.raises(CannotCheck, match=r"^What version scripts will do on MariaDB is not foreseen"):
        dialects.replayable(dialects.of("mysql", connection))


def test_where_beginnings_are_unique_so_are_values(connection: sa.Connection) -> None:
    make(
        connection,
        """
        CREATE TABLE whole (a VARCHAR(20), b VARCHAR(20), PRIMARY KEY (a), UNIQUE u (b), UNIQUE w (b(20), a))
        CREATE TABLE part (a VARCHAR(20), b VARCHAR(20), PRIMARY KEY (a(5)), UNIQUE u (b(5)), UNIQUE w (b(5), a))
        """,
    )
    tables = dialects.of("mysql", connection).observe(connection, None).tables
    assert [(c.kind, c.columns) for c in tables[Name("", "whole")].constraints] == [
        ("primary key", ("a",)),
        ("unique", ("b",)),
        ("unique", ("b", "a")),
    ]
    assert [(c.kind, c.columns) for c in tables[Name("", "part")].constraints] == [
        ("primary key", ("a",)),
        ("unique", ("b",)),
        ("unique", ("b", "a")),
    ]
    with pytest.raises(sa.exc.IntegrityError):
        make(connection, "INSERT INTO part VALUES ('a', 'same')\nINSERT INTO part VALUES ('b', 'same')")
    assert {(i.name, i.columns, i.expressions) for i in tables[Name("", "part")].indexes} == {
        ("u", (None,), ("b(5)",)),
        ("w", (None, "a"), ("b(5)",)),
    }


def test_an_enum_without_a_default_has_its_first_label(connection: sa.Connection) -> None:
    make(connection, "CREATE TABLE a (x INT, e ENUM('it''s', 'b') NOT NULL, f ENUM('a') NULL, g SET('a') NOT NULL)")
    connection.exec_driver_sql("INSERT INTO a (x, g) VALUES (1, 'a')")
    assert connection.scalar(sa.text("SELECT e FROM a")) == "it's"
    [table] = dialects.of("mysql", connection).observe(connection, None).tables.values()
    assert [(column.name, column.default) for column in table.columns if column.default] == [("e", "'it''s'")]


GONE = [
    ("DROP TABLE p", True),
    ("ALTER TABLE p DROP PRIMARY KEY", True),
    ("ALTER TABLE p DROP PRIMARY KEY, ADD INDEX i (a, b)", False),
    ("ALTER TABLE p ADD INDEX i (b)", False),
]


@pytest.mark.parametrize(("change", "is_gone"), GONE, ids=[change for change, _ in GONE])
def test_a_foreign_key_without_a_key_is_not_valid(change: str, is_gone: bool, connection: sa.Connection) -> None:
    make(
        connection,
        "CREATE TABLE p (a INT PRIMARY KEY, b INT)\nINSERT INTO p VALUES (1, 1)\n"
        "CREATE TABLE t (c INT, FOREIGN KEY (c) REFERENCES p (a))\nSET foreign_key_checks = 0",
    )
    connection.exec_driver_sql(change)
    connection.exec_driver_sql("SET foreign_key_checks = 1")
    insert = sa.text("INSERT INTO t VALUES (1)")
    if is_gone:
        with pytest.raises(sa.exc.DBAPIError, match="1452"):
            connection.execute(insert)
    else:
        connection.execute(insert)
    tables = dialects.of("mysql", connection).observe(connection, [Name("", "t")]).tables
    [key] = (each for each in tables[Name("", "t")].constraints if each.kind == "foreign key")
    assert key.valid is not is_gone


def test_a_key_is_found_in_any_spelling(mariadb_in_lower_case: str) -> None:
    engine = sa.create_engine(mariadb_in_lower_case, poolclass=sa.NullPool)
    with engine.connect() as connection:
        make(connection, "CREATE TABLE Parent (Id INT PRIMARY KEY)\nCREATE TABLE Child (c INT REFERENCES PARENT (ID))")
        tables = dialects.of("mysql", connection).observe(connection, [Name("", "child")]).tables
    [key] = (each for each in tables[Name("", "child")].constraints if each.kind == "foreign key")
    assert key.valid
