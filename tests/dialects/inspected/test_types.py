"""Types of databases that are not here: how they are spelled, and what they are for."""

from __future__ import annotations

import pytest

from alembic_contracts.dialects.inspected import Inspected
from alembic_contracts.schemas.schema import Name, Type, TypeDefinition

SPELLINGS = {
    "varchar(50)": ("VARCHAR", ("50",), "VARCHAR(50)"),
    "  Decimal ( 10 , 2 )  unsigned ": ("DECIMAL UNSIGNED", ("10", "2"), "DECIMAL(10,2) UNSIGNED"),
    "timestamp(6) with local time zone": (
        "TIMESTAMP WITH LOCAL TIME ZONE",
        ("6",),
        "TIMESTAMP(6) WITH LOCAL TIME ZONE",
    ),
    "double  precision": ("DOUBLE PRECISION", (), "DOUBLE PRECISION"),
    "enum('a', 'b, c', 'it''s (d)', 'x\\'y')": (
        "ENUM",
        ("'a'", "'b, c'", "'it''s (d)'", "'x\\'y'"),
        "ENUM('a','b, c','it''s (d)','x\\'y')",
    ),
    "NVARCHAR(max)": ("NVARCHAR", ("max",), "NVARCHAR(max)"),
    "INTERVAL DAY(2) TO SECOND(6)": ("INTERVAL DAY TO SECOND", ("2", "6"), "INTERVAL DAY TO SECOND(2,6)"),
    "Nullable(DateTime64(3))": ("NULLABLE", ("DateTime64(3)",), "NULLABLE(DateTime64(3))"),
}
FOR = {
    "mysql": {
        "int": "whole number",
        "int(11) unsigned": "whole number",
        "BIGINT UNSIGNED ZEROFILL": "whole number",
        "bool": "boolean",
        "tinyint(1)": "boolean",
        "tinyint": "boolean or whole number",
        "tinyint(4)": "whole number",
        "bit(1)": "boolean",
        "bit(8)": "binary",
        "double precision": "float",
        "dec(5,2)": "decimal",
        "longblob": "binary",
        "char(36)": "text",
        "enum('a')": "text",
        "datetime(6)": "timestamp",
        "json": "JSON",
        "year": "whole number",
        "point": "geometry",
    },
    "mssql": {
        "bit": "boolean",
        "datetime2(7)": "timestamp",
        "datetimeoffset": "timestamp",
        "smalldatetime": "timestamp",
        "uniqueidentifier": "UUID",
        "nvarchar(max)": "text",
        "varbinary(max)": "binary",
        "image": "binary",
        "money": None,
        "timestamp": None,  # a row's version
        "float(53)": "float",
        "tinyint": "whole number",
    },
    "oracle": {
        "number": "decimal",
        "number(10)": "whole number",
        "number(10,0)": "whole number",
        "NUMBER(10, 2)": "decimal",
        "integer": "whole number",
        "date": "date and time",
        "timestamp(6) with time zone": "timestamp",
        "varchar2(50 char)": "text",
        "clob": "text",
        "raw(16)": "binary",
        "binary_double": "float",
        "interval day to second": "interval",
    },
    "cockroachdb": {
        "string": "text",
        "int8": "whole number",
        "bytes": "binary",
        "timestamptz": "timestamp",
        "jsonb": "JSON",
        "int8[]": "array",
        "uuid": "UUID",
        "interval": "interval",
        "inet": None,
        "bit": None,
    },
    "exotic": {"varchar(20)": "text", "integer": "whole number", "boolean": "boolean", "geography": None},
}


@pytest.mark.parametrize(("text", "expected"), SPELLINGS.items(), ids=list(SPELLINGS))
def test_a_spelling_is_a_value_and_comes_back(text: str, expected: tuple[str, tuple[str, ...], str]) -> None:
    name, modifiers, spelled = expected
    dialect = Inspected("exotic")
    found = dialect.parse_type(text)
    assert found == Type(Name("exotic", name), modifiers)
    assert dialect.format_type(found) == spelled
    assert dialect.parse_type(spelled) == found


@pytest.mark.parametrize("text", ["", "  ", "(50)", "'a'", "varchar(50", "char)", "int; x", "a.b", "int[3] x", "[]"])
def test_what_is_no_type_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a type|is missing"):
        Inspected("mysql").parse_type(text)


@pytest.mark.parametrize(
    ("kind", "text", "expected"), [(kind, *item) for kind, types in FOR.items() for item in types.items()]
)
def test_what_a_type_is_for(kind: str, text: str, expected: str | None) -> None:
    dialect = Inspected(kind)
    assert dialect.family(dialect.parse_type(text), {}) == expected


def test_types_are_the_same_by_name_or_by_what_they_are_for() -> None:
    dialect = Inspected("mssql")

    def same(one: str, other: str) -> bool:
        return dialect.same_type(dialect.parse_type(one), dialect.parse_type(other), {})

    assert same("int", "INTEGER")
    assert same("varchar(50)", "nvarchar(max)")
    assert same("geography", "GEOGRAPHY")
    assert not same("int", "varchar(50)")
    assert not same("geography", "int")
    assert not same("date", "datetime")


OF_MYSQL = {
    "same": [
        ("int", "INTEGER(11)"),
        ("int(11)", "int(10)"),
        ("tinyint", "tinyint(1)"),
        ("bool", "tinyint(1)"),
        ("point", "POINT"),
        ("bit", "BIT(1)"),
        ("varchar", "varchar(20)"),
        ("national varchar(20)", "varchar(20)"),
        ("long varchar", "mediumtext"),
        ("middleint", "mediumint(9)"),
        ("serial", "bigint(20) unsigned"),
        ("int zerofill", "int(10) unsigned zerofill"),
        ("numeric(5)", "decimal(5,0)"),
        ("float(30)", "double"),
        ("text(100)", "tinytext"),
        ("datetime(0)", "datetime"),
        ("datetime", "datetime(6)"),
        ("double precision", "double"),
    ],
    "wider": [
        ("int", "bigint(20)"),
        ("int unsigned", "bigint(20)"),
        ("bool", "smallint"),
        ("varchar(50)", "varchar(51)"),
        ("varchar(50)", "longtext"),
        ("char(5)", "varchar(5)"),
        ("varbinary(9)", "blob"),
        ("enum('a')", "enum('a','b')"),
        ("decimal(10,2)", "decimal(11,2)"),
        ("datetime(0)", "datetime(6)"),
        ("float", "double"),
    ],
    "other": [
        ("int", "varchar(50)"),
        ("int", "int(10) unsigned"),
        ("int unsigned", "int(11)"),
        ("bigint", "int(11)"),
        ("point", "int"),
        ("point", "geometry"),
        ("inet6", "varchar(45)"),
        ("smallint", "bool"),
        ("date", "datetime"),
        ("datetime", "timestamp"),
        ("timestamp", "datetime"),
        ("datetime(6)", "datetime"),
        ("varchar(50)", "varchar(20)"),
        ("char(5)", "varchar(4)"),
        ("longtext", "varchar(50)"),
        ("enum('a','b')", "enum('a')"),
        ("enum('a','b')", "enum('b','a')"),
        ("enum('a','b')", "set('a','b')"),
        ("enum('a')", "varchar(9)"),
        ("decimal(10,2)", "decimal(10,0)"),
        ("decimal(10,2)", "decimal(12,3)"),
        ("decimal(10,2)", "float"),
        ("double", "float"),
        ("tinyint(1)", "bit(1)"),
        ("bit(1)", "tinyint(1)"),
        ("bit(8)", "bit(4)"),
    ],
}
"""What a contract states and what is there; whether that is the same, or takes all values that the other did."""


@pytest.mark.parametrize(
    ("verdict", "stated", "there"), [(verdict, *pair) for verdict, pairs in OF_MYSQL.items() for pair in pairs]
)
def test_types_of_mariadbs_own_are_held_as_they_are_stated(verdict: str, stated: str, there: str) -> None:
    dialect = Inspected("mariadb")
    one, other = dialect.parse_type(stated), dialect.parse_type(there)
    assert dialect.same_type(one, other, {}) == (verdict == "same")
    if verdict != "same":
        assert (dialect.breaks(one, other, {}).get("writer") == "error") == (verdict == "other")
        assert dialect.breaks(one, other, {}).get("cdc") == "error"


def test_where_there_is_no_uuid_a_text_stands_for_it() -> None:
    dialect = Inspected("mysql")
    assert dialect.same_type(dialect.parse_type("uuid"), dialect.parse_type("char(32)"), {})


def test_a_type_of_ones_own_has_no_stand_ins() -> None:
    dialect = Inspected("mariadb")
    given, bytes_, text = map(dialect.parse_type, ("uuid", "binary(16)", "char(32)"))
    assert dialect.same_type(given, given, {})
    assert not dialect.same_type(given, bytes_, {})
    assert not dialect.same_type(given, text, {})


def test_dates_of_oracle_stand_for_both() -> None:
    dialect = Inspected("oracle")
    date = dialect.parse_type("date")
    assert dialect.same_type(dialect.parse_type("timestamp(6)"), date, {})
    assert not dialect.same_type(dialect.parse_type("number"), date, {})


def test_types_that_users_made_are_for_what_they_are_made_of() -> None:
    dialect = Inspected("cockroachdb")
    mood, size = Name("public", "mood"), Name("public", "size")
    types = {
        mood: TypeDefinition(name=mood, kind="enum", labels=("a", "b")),
        size: TypeDefinition(name=size, kind="domain", base=dialect.parse_type("int8"), not_null=True),
    }
    assert dialect.family(Type(mood), types) == "text"
    assert dialect.family(Type(size), types) == "whole number"
    assert dialect.enum_labels(Type(mood), types) == ("a", "b")
    assert dialect.forbids_null(Type(size), types)
    assert dialect.format_type(Type(mood)) == "public.mood"
    assert dialect.family(Type(Name("public", "unknown")), types) is None


def test_sizes_are_what_is_in_parentheses() -> None:
    dialect = Inspected("mariadb")
    price, name, when = (dialect.parse_type(text) for text in ("decimal(10,2)", "varchar(50)", "datetime(6)"))
    assert (dialect.numeric_precision(price, {}), dialect.numeric_scale(price, {})) == (10, 2)
    assert dialect.character_length(name, {}) == 50
    assert dialect.datetime_precision(when, {}) == 6
    assert dialect.numeric_precision(name, {}) is None
    assert dialect.character_length(dialect.parse_type("int(11)"), {}) is None


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("mysql", "`order`"), ("mssql", "[order]"), ("oracle", '"order"'), ("cockroachdb", '"order"'), ("x", '"order"')],
)
def test_identifiers_are_in_the_quotes_of_the_database(kind: str, expected: str) -> None:
    assert (Inspected(kind).quote("order"), Inspected(kind).quote("orders")) == (expected, "orders")
