"""Declared types and expressions of SQLite, beside what SQLite itself makes of them."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alembic_contracts.dialects import sqlite
from alembic_contracts.dialects.sqlite.purposes import affinity
from alembic_contracts.dialects.sqlite.types import declared
from alembic_contracts.schemas.schema import Column, Constraint, Name, Table, Type

DECLARED = """\
INT, INTEGER, TINYINT, INT8, CHARACTER(20), NCHAR(5), TEXT, CLOB, BLOB, REAL, DOUBLE, FLOAT, NUMERIC, BOOLEAN, DATE
DATETIME, STRING, FLOATING POINT, CHARINT, xyz"""
READER = {"reader": "warning", "cdc": "warning"}


def _type(name: str, *modifiers: str) -> Type:
    return Type(Name("sqlite", name), modifiers)


@pytest.mark.parametrize(
    ("text", "type_", "spelling"),
    [
        ("VARCHAR(50)", _type("VARCHAR", "50"), "VARCHAR(50)"),
        ("varchar ( 50 )", _type("VARCHAR", "50"), "VARCHAR(50)"),
        ("double   precision", _type("DOUBLE PRECISION"), "DOUBLE PRECISION"),
        ("DECIMAL(10, 2)", _type("DECIMAL", "10", "2"), "DECIMAL(10, 2)"),
        ("DECIMAL(+10,-2)", _type("DECIMAL", "10", "-2"), "DECIMAL(10, -2)"),
        ("", _type(""), '""'),
        ('""', _type(""), '""'),
        ('"my type"', _type("MY TYPE"), "MY TYPE"),
        ('"VARCHAR(3)"', _type("VARCHAR", "3"), "VARCHAR(3)"),
        ("[not null]", _type("NOT NULL"), '"NOT NULL"'),
        ("unsigned big int", _type("UNSIGNED BIG INT"), "UNSIGNED BIG INT"),
        ("timestamp with time zone", _type("TIMESTAMP WITH TIME ZONE"), "TIMESTAMP WITH TIME ZONE"),
        ("Größe", _type("GRößE"), "GRößE"),
        ("double /* of */ precision", _type("DOUBLE PRECISION"), "DOUBLE PRECISION"),
    ],
)
def test_spellings(text: str, type_: Type, spelling: str) -> None:
    assert sqlite.parse_type(text) == type_
    assert sqlite.format_type(type_) == spelling
    assert sqlite.parse_type(spelling) == type_


@pytest.mark.parametrize(
    "text", ["VARCHAR(50", "VARCHAR 50)", "VARCHAR()", "a(1)(2)", "a(1) b", "a((1))", "a(1,)", "(5)("]
)
def test_nonsense(text: str) -> None:
    with pytest.raises(ValueError, match="is not a type"):
        sqlite.parse_type(text)
    assert declared(text).name.schema == "sqlite"  # a database can have it nevertheless


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8))
@example("0[]")
@example("0'0:'")
@example("_(:)")
def test_any_type_of_a_database_has_a_spelling_that_sqlite_takes(text: str) -> None:
    quoted = '"' + text.replace('"', '""') + '"'
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(f"CREATE TABLE t (a {quoted})")
        ((own,),) = connection.execute("SELECT type FROM pragma_table_xinfo('t')").fetchall()
        type_ = declared(own)
        connection.execute(f"CREATE TABLE u (a {sqlite.format_type(type_)})")
        ((again,),) = connection.execute("SELECT type FROM pragma_table_xinfo('u')").fetchall()
    assert declared(again) == type_


@pytest.mark.parametrize(
    "name",
    ["", *DECLARED.replace("\n", ", ").split(", ")],
)
def test_affinity_is_what_sqlite_does(name: str) -> None:
    """By what becomes of a text and a number (https://sqlite.org/datatype3.html, 3.4)."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(f"CREATE TABLE t (a {name})")
        connection.executemany("INSERT INTO t VALUES (?)", [("1",), (1.0,), (1,), (b"1",)])
        kinds = tuple(kind for (kind,) in connection.execute("SELECT typeof(a) FROM t ORDER BY rowid"))
    expected = {
        "INTEGER": ("integer", "integer", "integer", "blob"),
        "NUMERIC": ("integer", "integer", "integer", "blob"),
        "TEXT": ("text", "text", "text", "blob"),
        "REAL": ("real", "real", "real", "blob"),
        "BLOB": ("text", "real", "integer", "blob"),
    }
    assert kinds == expected[affinity(sqlite.parse_type(name))]


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("INTEGER", "whole number"),
        ("INT", "whole number"),
        ("INT8", "whole number"),
        ("BOOLEAN", "boolean"),
        ("VARCHAR(9)", "text"),
        ("CHARACTER VARYING(9)", "text"),
        ("NUMERIC(9, 2)", "decimal"),
        ("DOUBLE PRECISION", "float"),
        ("DATETIME", "timestamp"),
        ("TIMESTAMP WITH TIME ZONE", "timestamp"),
        ("DATE", "date"),
        ("TIME", "time"),
        ("BLOB", "binary"),
        ("JSON", "JSON"),
        ("JSONB", "JSON"),
        ("UUID", "UUID"),
        ("MONEY", "decimal"),
        ("", None),
        ("ANY", None),
        ("STRING", None),
    ],
)
def test_families(text: str, family: str | None) -> None:
    assert sqlite.family(sqlite.parse_type(text), {}) == family


def test_logical_types() -> None:
    assert "boolean" in sqlite.logical(_type("BOOLEAN"), {})
    assert "integer" not in sqlite.logical(_type("TEXT"), {})
    assert "integer" in sqlite.logical(_type(""), {})


@pytest.mark.parametrize(
    ("text", "precision", "scale", "length"),
    [
        ("DECIMAL(10, 2)", 10, 2, None),
        ("NUMERIC(10)", 10, 0, None),
        ("NUMERIC", None, None, None),
        ("VARCHAR(50)", None, None, 50),
        ("CHAR", None, None, None),
        ("TEXT", None, None, None),
        ("INTEGER", None, 0, None),
        ("INTEGER(11)", None, 0, None),
        ("FLOAT(53)", None, None, None),
        ("VARCHAR(MAX)", None, None, None),
        ("DATETIME", None, None, None),
    ],
)
def test_sizes(text: str, precision: int | None, scale: int | None, length: int | None) -> None:
    type_ = sqlite.parse_type(text)
    assert sqlite.numeric_precision(type_, {}) == precision
    assert sqlite.numeric_scale(type_, {}) == scale
    assert sqlite.character_length(type_, {}) == length
    assert sqlite.datetime_precision(type_, {}) is None
    assert sqlite.element(type_, {}) is None
    assert sqlite.enum_labels(type_, {}) is None
    assert sqlite.misspelt_type(type_) is None
    assert not sqlite.forbids_null(type_, {})
    assert sqlite.data_type(type_, {}) == type_.name.name


@pytest.mark.parametrize(
    ("expected", "actual", "is_same", "breaks"),
    [
        ("varchar(50)", "VARCHAR(50)", True, None),
        ("VARCHAR", "VARCHAR(50)", True, None),
        ("VARCHAR(50)", "VARCHAR", False, READER),
        ("VARCHAR(50)", "VARCHAR(20)", False, READER),
        ("VARCHAR(50)", "TEXT", False, READER),
        ("INT", "INTEGER", False, READER),
        ("INTEGER", "TEXT", False, "everybody"),
        ("INTEGER", "BOOLEAN", False, "everybody"),
        ("DATETIME", "NUMERIC", False, "everybody"),
        ("NUMERIC", "REAL", False, "everybody"),
        ("STRING", "THING", False, "everybody"),
        ("STRING(5)", "STRING(6)", False, READER),
        ("", "TEXT", False, "everybody"),
        ("TEXT", "", False, "everybody"),
    ],
)
def test_differences_of_types(expected: str, actual: str, is_same: bool, breaks: object) -> None:
    one, other = sqlite.parse_type(expected), sqlite.parse_type(actual)
    assert sqlite.same_type(one, other, {}) == is_same
    if not is_same:
        everybody = dict.fromkeys(("reader", "writer", "cdc"), "error")
        assert dict(sqlite.breaks(one, other, {})) == (everybody if breaks == "everybody" else breaks)


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("a > 0", "(A>0)", True),
        ("((a > 0))", "a > 0 -- so it is", True),
        ("(a) > (0)", "a > 0", False),
        ("(a > 0) AND (b > 0)", "a > 0) AND (b > 0", False),
        ("a IN ('x')", "a in ('X')", False),
        ("a = 'it''s'", "a = 'it''s'", True),
        ("a <> 1", "a != 1", True),
        ("a == 1", "a = 1", True),
        ('"a" > 0', "a > 0", True),
        ('"A" > 0', "a > 0", False),  # a string, where there is no such column
        ("[A] > 0", "`a` > 0", True),
        ('"null"', "null", False),
        ("abc", "Abc", False),  # DEFAULT abc is a string
        ("CURRENT_TIMESTAMP", "current_timestamp", True),
        ("X'AB'", "x'ab'", True),
        ("1.0", "1", False),
        ("1.0", "1.00", True),
        ("10.0", "1e1", True),
        ("1e99999999999999999999", "1e88888888888888888888", False),
        ("01", "1", True),
        ("1", "TRUE", True),
        ("false", "0", True),
        ("0.0", "FALSE", False),
        ('"true"', "1", False),
        ("1", "2", False),
        ("'1'", "1", False),
        ("", "", True),
        ("a", "", False),
        ("datetime('now')", "DATETIME ( 'now' )", True),
    ],
)
def test_expressions(one: str, other: str, is_same: bool) -> None:
    assert sqlite.same_expression(one, other) == is_same
    assert sqlite.same_expression(other, one) == is_same


# -- what gives a table its columns back -------------------------------------------------------------------------------

BEFORE = """
CREATE TABLE t (
    id INTEGER PRIMARY KEY, a VARCHAR(5) NOT NULL DEFAULT 'x', b INT NOT NULL, "c c" TEXT COLLATE NOCASE,
    d AS (id + 1), e AS (id + 2) STORED, f INT UNIQUE, g TEXT DEFAULT CURRENT_TIMESTAMP, h
)
"""


def test_columns_are_given_back_as_far_as_alter_table_can_say_it(connection) -> None:
    connection.exec_driver_sql(BEFORE)
    t = Name("main", "t")
    before = sqlite.observe(connection, {t}).tables[t]
    connection.exec_driver_sql("DROP TABLE t")
    connection.exec_driver_sql("CREATE TABLE t (id INTEGER PRIMARY KEY)")
    connection.exec_driver_sql("INSERT INTO t VALUES (1)")
    statements = sqlite.restoring(before, sqlite.observe(connection, {t}).tables[t])
    for statement in statements:
        connection.exec_driver_sql(statement)
    now = sqlite.observe(connection, {t}).tables[t]
    assert [column.name for column in now.columns] == ["id", "a", "b", "c c", "d", "g", "h"]
    for name in ("a", "c c", "d", "h"):
        assert now.column(name) == before.column(name)
    assert sqlite.restoring(before, before) == ()


def test_a_column_is_not_renamed_on_a_guess() -> None:
    def table(*names: str) -> Table:
        return Table(name=Name("main", "t"), columns=tuple(Column(name=name, type=_type("INT")) for name in names))

    assert sqlite.restoring(table("a", "b"), table("a", "c")) == ("ALTER TABLE main.t ADD COLUMN b INT;",)
    assert sqlite.restoring(table("A"), table("a")) == ()
    key = Constraint(name="", kind="primary key", columns=("a",))
    keyed = Table(name=Name("main", "t"), columns=table("a", "b").columns, constraints=(key,))
    assert sqlite.restoring(keyed, table("b")) == ()
