"""Type names against a real PostgreSQL: every spelling is what the server makes of it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from alembic_contracts.dialects import postgresql
from alembic_contracts.dialects.postgresql.names import BUILT_IN, quote
from alembic_contracts.dialects.postgresql.types import modifiers_of
from alembic_contracts.schemas.schema import Name, Type, TypeDefinition

MOOD = TypeDefinition(name=Name("public", "mood"), kind="enum", labels=("sad", "ok"))
TYPE = TypeDefinition(name=Name("MySchema", "My Type"), kind="composite")
SHORT = TypeDefinition(name=Name("public", "short"), kind="domain", base=Type(Name("pg_catalog", "varchar"), ("20",)))
COUNT = TypeDefinition(name=Name("public", "count"), kind="domain", base=Type(Name("pg_catalog", "int8")))
MONEYS = TypeDefinition(
    name=Name("public", "amounts"), kind="domain", base=Type(Name("pg_catalog", "numeric"), ("12", "2"), 1)
)
AT = TypeDefinition(name=Name("public", "at"), kind="domain", base=Type(Name("pg_catalog", "timestamptz"), ("3",)))
SHORTER = TypeDefinition(name=Name("public", "shorter"), kind="domain", base=Type(SHORT.name))
TYPES = {definition.name: definition for definition in (MOOD, TYPE, SHORT, COUNT, MONEYS, AT, SHORTER)}

SPELLINGS = """
int|int4|integer|INTEGER|  integer |int2|smallint|int8|bigint|serial|serial4|bigserial|serial8|smallserial|serial2
pg_catalog.int4|PG_CATALOG.INT4|"pg_catalog"."int4"|"int4"|_int4|int4[]|integer[3]|int array|int ARRAY[4]|int[][]
decimal|dec|numeric|numeric(10)|numeric(10,2)|NUMERIC ( 10 , 2 )|decimal(5,0)|dec(7)|numeric(10,2)[]|numeric(1000,1000)
pg_catalog.numeric(8,3)|real|float|float4|float8|float(1)|float(24)|float(25)|float(53)|float(24)[]|double precision
Double  Precision[]|varchar|varchar(50)|character varying|character varying(50)|char varying(7)|national char varying(3)
national character varying (3)|nchar varying(3)|nchar(4)|national character(4)|char(3)|character(3)|bpchar|bpchar(5)
pg_catalog.bpchar|pg_catalog.varchar(9)|varchar(10)[]|text|text[]|TEXT|name|"char"|pg_catalog."char"|"char"[]
timestamp|timestamp without time zone|timestamp(3)|timestamp (3) without time zone|timestamptz|timestamptz(0)
timestamp with time zone|timestamp(3) with time zone|TIMESTAMP(6) WITH TIME ZONE[]|timestamp(2)[]|"timestamp"
time|time(3)|time without time zone|time(2) without time zone|timetz|timetz(1)|time with time zone
time(0) with time zone
interval|interval(3)|interval year|interval month|interval day|interval hour|interval minute|interval second
interval second(3)|interval year to month|interval day to hour|interval day to minute|interval day to second
interval day to second(3)|interval hour to minute|interval hour to second(0)|interval minute to second|interval day[]
date|date[]|bool|boolean|BOOLEAN[]|json|jsonb|jsonb[]|jsonpath|uuid|uuid[]|bytea|xml|money|oid|regclass|tsvector|tsquery
inet|cidr|macaddr|macaddr8|point|line|lseg|box|path|polygon|circle|pg_lsn|xid8|tid|int2vector|oidvector
bit(5)|bit varying|bit varying(5)|varbit|varbit(7)|varbit(7)[]|"bit"|bit(1)[]
int4range|int8range|numrange|tsrange|tstzrange|daterange|int4multirange|datemultirange|tstzrange[]
public.mood|public.mood[]|"MySchema"."My Type"|"MySchema"."My Type"[]|Public.Mood|public."mood"
public.short|public.short[]|public.count|public.amounts|public.at
"""


@pytest.fixture(scope="module")
def server(databases):
    with databases.new() as url:
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        with engine.connect() as connection:
            for statement in (
                "CREATE TYPE mood AS ENUM ('sad', 'ok')",
                'CREATE SCHEMA "MySchema"',
                'CREATE TYPE "MySchema"."My Type" AS (a int)',
                "CREATE DOMAIN short AS varchar(20)",
                "CREATE DOMAIN count AS bigint",
                "CREATE DOMAIN amounts AS numeric(12,2)[]",
                "CREATE DOMAIN at AS timestamptz(3)",
                "CREATE DOMAIN shorter AS short",
            ):
                connection.exec_driver_sql(statement)
            # Then format_type qualifies every user type, as our own spelling does.
            connection.exec_driver_sql("SET search_path = ''")
            yield connection


@pytest.mark.parametrize("spelling", SPELLINGS.strip().replace("\n", "|").split("|"))
def test_every_spelling_is_what_the_server_makes_of_it(server: sa.Connection, spelling: str) -> None:
    if spelling == "numeric(1000,1000)" and (server.dialect.server_version_info or ()) < (15,):
        spelling = "numeric(1000,999)"
    server.exec_driver_sql("DROP TABLE IF EXISTS public.t")
    server.exec_driver_sql(f"CREATE TABLE public.t (c {spelling})")
    formatted, data_type, numeric, datetime = server.exec_driver_sql(
        """
        SELECT format_type(a.atttypid, a.atttypmod), i.data_type, i.numeric_precision, i.datetime_precision
        FROM pg_attribute AS a JOIN information_schema.columns AS i ON i.table_name = 't' AND i.column_name = a.attname
        WHERE a.attrelid = 'public.t'::regclass AND a.attname = 'c'
        """
    ).one()
    type_ = postgresql.parse_type(spelling)
    without_length = {"bpchar": "character", '"bit"': "bit"}  # as format_type(oid, NULL) has it, and contracts do
    assert postgresql.format_type(type_) == without_length.get(formatted, formatted)
    assert postgresql.data_type(type_, TYPES) == data_type
    assert postgresql.numeric_precision(type_, TYPES) == numeric
    assert postgresql.datetime_precision(type_, TYPES) == datetime
    assert modifiers_of(formatted) == type_.modifiers
    assert postgresql.parse_type(formatted) == type_, "what the server prints means the same again"
    if data_type not in ("ARRAY", "USER-DEFINED"):
        assert postgresql.same_type(postgresql.parse_type(data_type), type_, TYPES)


@pytest.mark.parametrize(("spelling", "name"), [("char", "bpchar"), ("CHARACTER", "bpchar"), ("bit", "bit")])
def test_without_a_length_any_length_is_meant(spelling: str, name: str) -> None:
    expected = postgresql.parse_type(spelling)
    assert expected == Type(Name("pg_catalog", name))
    assert postgresql.same_type(expected, Type(Name("pg_catalog", name), ("7",)), {})


def test_every_type_of_the_server_is_known(server: sa.Connection) -> None:
    there = server.exec_driver_sql(
        """
        SELECT typname FROM pg_catalog.pg_type AS t
        WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype IN ('b', 'r', 'm')
          AND NOT EXISTS (SELECT FROM pg_catalog.pg_type AS e WHERE e.typarray = t.oid)
        """
    ).scalars()
    assert set(there) - BUILT_IN == set()


def test_identifiers_are_quoted_as_the_server_does(server: sa.Connection) -> None:
    words = [str(word) for word in server.exec_driver_sql("SELECT word FROM pg_get_keywords()").scalars()]
    newest = (server.dialect.server_version_info or ()) >= (18,)
    # Words that became keywords with a later version need no quotes in an earlier one, and bear them.
    for word in [*words, "plain", "With Space", 'qu"ote', "Upper", "1st", "_a$1", "größe", ""]:
        servers = server.scalar(sa.text("SELECT quote_ident(:word)"), {"word": word})
        assert quote(word) == servers or (quote(word) == f'"{word}"' and not newest)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mood", Type(Name("", "mood"))),
        ("Mood[]", Type(Name("", "mood"), (), 1)),
        ('"Mood"', Type(Name("", "Mood"))),
        ('"with ""quotes"""', Type(Name("", 'with "quotes"'))),
        ("vector(3)", Type(Name("", "vector"), ("3",))),
        ("gis.geometry(Point, 4326)", Type(Name("gis", "geometry"), ("Point", "4326"))),
        ('"integer"', Type(Name("", "integer"))),
        ("_mood", Type(Name("", "_mood"))),
        ("ÉTAT", Type(Name("", "État"))),
    ],
)
def test_names_of_user_types(text: str, expected: Type) -> None:
    assert postgresql.parse_type(text) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "missing"),
        ("   ", "missing"),
        ("3", "does not begin with a name"),
        ("ARRAY", "name the type itself"),
        ("user-defined", "name the type itself"),
        ("integer(4)", "integer takes nothing in parentheses"),
        ("text(5)", "text takes nothing in parentheses"),
        ("varchar(0)", "out of range"),
        ("varchar(50", "parenthesis is missing"),
        ("varchar()", "not complete"),
        ("varchar(max)", "has to be numbers"),
        ("numeric(10,2,3)", "too many"),
        ("numeric(0)", "out of range"),
        ("timestamp(7)", "out of range"),
        ("timestamp with zone", "'time zone' has to follow"),
        ("float(54)", "1 to 53"),
        ("interval year to second", "no fields 'year to second'"),
        ("interval day(3)", "out of range or too many"),
        ("text[", "']' is missing"),
        ("text NOT NULL", "'NOT' is not understood"),
        ("a.b.c", "more than a schema and a name"),
        ("public.", "a name is missing"),
        ("setof int", "'int' is not understood"),
        ("t%TYPE", "'%' is not understood"),
        ("int; DROP TABLE t", "';' is not understood"),
    ],
)
def test_what_is_no_type_is_refused_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match="type") as caught:
        postgresql.parse_type(text)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("expected", "actual", "holds"),
    [
        ("int", "serial", True),
        ("int", "bigint", False),
        ("varchar", "varchar(50)", True),
        ("varchar(50)", "varchar", False),
        ("varchar(50)", "varchar(60)", False),
        ("varchar(50)", "character varying(50)", True),
        ("numeric(10)", "numeric(10,0)", True),
        ("timestamp(6)", "timestamp", True),
        ("timestamp", "timestamp(3)", True),
        ("timestamp(3)", "timestamp", False),
        ("timestamp", "timestamptz", False),
        ("interval day", "interval day", True),
        ("text", "text[]", False),
        ("text[]", "text[][]", True),
        ("text[]", "int[]", False),
        ("mood", "public.mood", True),
        ("mood", "other.mood", True),
        ("public.mood", "other.mood", False),
        ("mood[]", "public.mood[]", True),
        ("varchar", "public.short", True),
        ("varchar(20)", "public.short", True),
        ("varchar(21)", "public.short", False),
        ("short", "public.short", True),
        ("short", "public.shorter", True),
        ("varchar(20)", "public.shorter", True),
        ("shorter", "public.short", False),
        ("short", "varchar(20)", False),
        ("varchar[]", "public.short[]", False),
        ("public.short[]", "public.shorter[]", False),
        ("short[]", "public.short[]", True),
        ("varchar", "public.short[]", False),
        ("numeric[]", "public.amounts", True),
        ("numeric(12,2)[]", "public.amounts", True),
        ("numeric(12,3)[]", "public.amounts", False),
        ("numeric[]", "public.amounts[]", False),
        ("geometry(point,4326)", "gis.geometry(Point,4326)", True),
        ("geometry", "gis.geometry(Point,4326)", True),
        ("geometry(Point,4326)", "gis.geometry(Point,3857)", False),
    ],
)
def test_what_a_contract_means_by_a_type(expected: str, actual: str, holds: bool) -> None:
    assert postgresql.same_type(postgresql.parse_type(expected), postgresql.parse_type(actual), TYPES) is holds


def test_a_domain_over_a_domain_has_its_base_types_properties() -> None:
    shorter = Type(SHORTER.name)
    assert postgresql.base_type(shorter, TYPES) == SHORT.base
    assert postgresql.data_type(shorter, TYPES) == "character varying"


def test_elements() -> None:
    assert postgresql.element(postgresql.parse_type("numeric(3,1)[][]"), {}) == postgresql.parse_type("numeric(3,1)")
    assert postgresql.element(Type(MONEYS.name), TYPES) == postgresql.parse_type("numeric(12,2)")
    assert postgresql.element(postgresql.parse_type("int2vector"), {}) == postgresql.parse_type("int2")
    assert postgresql.element(postgresql.parse_type("text"), {}) is None
