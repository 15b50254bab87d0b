"""The session's settings, read from a real server."""

from __future__ import annotations

import pytest

from alembic_contracts.dialects import postgresql
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
