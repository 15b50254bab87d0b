"""The session's settings, read from a real server."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from alembic_contracts.dialects import postgresql
from alembic_contracts.dialects.postgresql import traceless
from alembic_contracts.schemas.schema import Name, Type
from alembic_contracts.schemas.surroundings import OtherObjects


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ('"$user", public', ("$user", "public")),
        ("app, Shared", ("app", "shared")),
        ('"My ""odd"", Schema" , b', ('My "odd", Schema', "b")),
        ("''", ()),
    ],
)
def test_search_path(connection, setting: str, expected: tuple[str, ...]) -> None:
    connection.exec_driver_sql(f"SET search_path TO {setting}")
    connection.commit()
    session = postgresql.session(connection)
    assert session.search_path == expected
    assert session.database == connection.engine.url.database
    assert session.server_version >= 140000
    assert not connection.in_transaction()
    assert postgresql.surroundings(connection).session == session


def test_casts_operators_and_operator_classes_of_ones_own(connection) -> None:
    for statement in (
        "CREATE TYPE one AS ENUM ('a')",
        "CREATE TYPE two AS ENUM ('a')",
        "CREATE CAST (one AS two) WITH INOUT AS ASSIGNMENT",
        "CREATE CAST (varchar[] AS json) WITH INOUT",
        "CREATE FUNCTION same(json, json) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN $1::text = $2::text",
        "CREATE OPERATOR === (LEFTARG = json, RIGHTARG = json, FUNCTION = same)",
        "CREATE OPERATOR CLASS json_ops DEFAULT FOR TYPE json USING hash AS OPERATOR 1 ===",
    ):
        connection.exec_driver_sql(statement)
    connection.commit()
    found = postgresql.surroundings(connection).others
    one, two = Type(Name("public", "one")), Type(Name("public", "two"))
    json = Type(Name("pg_catalog", "json"))
    assert set(found.casts) == {(one, two, "a"), (Type(Name("pg_catalog", "varchar"), (), 1), json, "e")}
    assert found.names == {"==="}
    assert found.classes == {("hash", json)}


def test_a_database_without_any(connection) -> None:
    assert postgresql.surroundings(connection).others == OtherObjects()


def test_types_of_which_no_more_than_the_name_is_read(connection) -> None:
    for statement in (
        "CREATE TYPE span AS RANGE (subtype = text, multirange_type_name = spans)",
        "CREATE TYPE shell",
        "CREATE TYPE mood AS ENUM ('a')",
        "CREATE TABLE rows_of_it (mood mood)",
    ):
        connection.exec_driver_sql(statement)
    connection.commit()
    assert postgresql.surroundings(connection).others.types == {Name("public", "shell"), Name("public", "spans")}


@pytest.mark.parametrize("is_open", [True, False])
def test_what_reads_the_catalog_is_not_compiled(is_open: bool, connection: sa.Connection) -> None:
    connection.exec_driver_sql("SET jit = on")
    connection.commit()
    if is_open:
        connection.exec_driver_sql("CREATE TABLE t (a integer)")
    with traceless.passing(connection):
        assert connection.exec_driver_sql("SHOW jit").scalar_one() == "off"
    assert connection.in_transaction() is is_open
    assert connection.exec_driver_sql("SHOW jit").scalar_one() == "on"
    assert sa.inspect(connection).has_table("t") is is_open


def test_nothing_is_set_where_nothing_can_be_set_for_a_look_alone(connection: sa.Connection) -> None:
    connection = connection.execution_options(isolation_level="AUTOCOMMIT")
    connection.exec_driver_sql("SET jit = on")
    for _ in range(2):  # SQLAlchemy in a transaction of its own, and in none
        with traceless.passing(connection):
            assert connection.exec_driver_sql("SHOW jit").scalar_one() == "on"
        connection.rollback()
    connection.exec_driver_sql("BEGIN")
    with traceless.passing(connection):
        assert connection.exec_driver_sql("SHOW jit").scalar_one() == "off"
    assert connection.exec_driver_sql("SHOW jit").scalar_one() == "on"
    connection.exec_driver_sql("COMMIT")
