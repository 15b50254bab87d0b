"""Operators of users' own: the catalog in memory has one of a name for as long as PostgreSQL has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from alembic_contracts.prediction.catalog.catalog import Catalog
from alembic_contracts.prediction.sql.sqlstate import PostgresError
from alembic_contracts.prediction.statements import execute

if TYPE_CHECKING:
    from collections.abc import Iterator

SETUP = """
CREATE SCHEMA s;
CREATE TYPE mood AS ENUM ('a', 'b');
CREATE TYPE mood_old AS ENUM ('a');
CREATE TYPE s.size AS ENUM ('a');
CREATE FUNCTION same(mood, mood_old) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1::text = $2::text';
CREATE FUNCTION same(mood_old, mood) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1::text = $2::text';
CREATE FUNCTION alone(mood, mood) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1::text = $2::text';
CREATE FUNCTION of_int(mood, int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE FUNCTION plain(json, json) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
"""
MAKE = "CREATE OPERATOR public.= (LEFTARG = mood, RIGHTARG = mood_old, FUNCTION = same)"
ALONE = "CREATE OPERATOR = (LEFTARG = mood, RIGHTARG = mood, PROCEDURE = public.alone)"

KNOWN = {
    "nothing": [],
    "made": [MAKE],
    "dropped": [MAKE, "DROP OPERATOR public.= (mood, mood_old)"],
    "dropped, by a path": [ALONE, "DROP OPERATOR IF EXISTS = (public.mood, mood)"],
    "one of two": [MAKE, ALONE, "DROP OPERATOR = (mood, mood)"],
    "both": [MAKE, ALONE, "DROP OPERATOR = (mood, mood), = (mood, mood_old)"],
    "with an int": [
        "CREATE OPERATOR = (LEFTARG = mood, RIGHTARG = int, FUNCTION = of_int)",
        "DROP OPERATOR = (mood, integer)",
    ],
    "another one": [MAKE, "DROP OPERATOR IF EXISTS public.= (mood_old, mood)"],
    "of another schema": [MAKE, "DROP OPERATOR IF EXISTS s.= (mood, mood_old)"],
    "with its type": [MAKE, "DROP TYPE mood_old CASCADE"],
    "with another type": [MAKE, "DROP TYPE s.size CASCADE"],
    "with its function": [ALONE, "DROP FUNCTION alone CASCADE"],
    "with another function": [ALONE, "DROP FUNCTION of_int CASCADE"],
    "taken back": ["BEGIN", MAKE, "ROLLBACK"],
    "a drop that is taken back": [MAKE, "BEGIN", "DROP OPERATOR public.= (mood, mood_old)", "ROLLBACK"],
    "its type is another one by now": [
        MAKE,
        "ALTER TYPE mood_old RENAME TO older",
        "CREATE TYPE mood_old AS ENUM ('a')",
        "DROP OPERATOR IF EXISTS public.= (mood, mood_old)",
    ],
    "its type is another one by now, and goes": [
        MAKE,
        "ALTER TYPE mood_old RENAME TO older",
        "CREATE TYPE mood_old AS ENUM ('a')",
        "DROP TYPE mood_old CASCADE",
    ],
    "its schema is another one by now": [
        "CREATE FUNCTION s.same(s.size, s.size) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
        "CREATE OPERATOR s.= (LEFTARG = s.size, RIGHTARG = s.size, FUNCTION = s.same)",
        "ALTER SCHEMA s RENAME TO z",
        "CREATE SCHEMA s",
        "CREATE TYPE s.size AS ENUM ('a')",
        "DROP OPERATOR IF EXISTS s.= (s.size, s.size)",
    ],
    "the other way round": [
        "CREATE OPERATOR = (LEFTARG = mood, RIGHTARG = mood_old, FUNCTION = same, COMMUTATOR = =)",
        "DROP OPERATOR = (mood, mood_old)",
    ],
    "moved": [
        MAKE,
        "ALTER OPERATOR public.= (mood, mood_old) SET SCHEMA s",
        "DROP OPERATOR IF EXISTS public.= (mood, mood_old)",
    ],
}
"""What is known for certain."""
NOT_FOLLOWED = {
    "its type was renamed": [MAKE, "ALTER TYPE mood_old RENAME TO older", "DROP OPERATOR public.= (mood, older)"],
    "of the server's own types": [
        "CREATE OPERATOR = (LEFTARG = json, RIGHTARG = json, FUNCTION = plain)",
        "DROP OPERATOR = (json, json)",
    ],
    "with one of several functions": [MAKE, "DROP FUNCTION same(mood, mood_old) CASCADE"],
}
"""What the catalog in memory goes on to think there is; never the other way round."""


@pytest.fixture
def server(database: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database.replace("+psycopg", ""), autocommit=True) as connection:
        yield connection


def both(server: psycopg.Connection, statements: list[str]) -> tuple[bool, bool]:
    """Whether there is an operator ``=`` of users' own: on the server, and in memory."""
    catalog = Catalog()
    for statement in [*filter(None, SETUP.strip().splitlines()), *statements]:
        server.execute(statement.encode())
        try:
            list(execute(catalog, statement))
        except PostgresError as error:
            raise AssertionError(statement) from error
    [there] = server.execute("SELECT count(*) > 0 FROM pg_operator WHERE oprname = '=' AND oid >= 16384").fetchall()
    return there[0], catalog.has_operator("=")


@pytest.mark.parametrize("name", KNOWN)
def test_an_operator_is_there_for_as_long_as_it_is(server: psycopg.Connection, name: str) -> None:
    there, known = both(server, KNOWN[name])
    assert known == there


@pytest.mark.parametrize("name", NOT_FOLLOWED)
def test_of_others_the_name_stays(server: psycopg.Connection, name: str) -> None:
    assert both(server, NOT_FOLLOWED[name]) == (False, True)
