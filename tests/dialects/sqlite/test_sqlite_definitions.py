"""Texts of CREATE statements, and tokens of any text, beside what SQLite itself makes of them."""

from __future__ import annotations

import itertools
import sqlite3
from contextlib import closing

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from alembic_contracts.dialects.sqlite.definitions import definition
from alembic_contracts.dialects.sqlite.names import fold, quote
from alembic_contracts.dialects.sqlite.objects import Instead, index_text, instead, view_query
from alembic_contracts.dialects.sqlite.tokens import tokens

SPACES = st.sampled_from([" ", "\n", "\t ", " -- it's (\n", "/* , ) */", " /*\n'*/ ", "\r\n", "\f"])
LETTERS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=5)


# -- tokens ------------------------------------------------------------------------------------------------------------


@given(st.text(st.sampled_from("aZ_ '\"`[]()-/*\n.,;x09eE+$é?:@|<>=!")) | st.text())
def test_tokens_are_the_text(text: str) -> None:
    found = tokens(text)
    assert "".join(token.text for token in found) == text
    assert all(text[token.start : token.end] == token.text for token in found)


@given(LETTERS, st.sampled_from("\"`'["))
def test_a_name_in_quotes_is_what_sqlite_takes_it_for(name: str, mark: str) -> None:
    assume(mark != "[" or "]" not in name)
    text = f"[{name}]" if mark == "[" else mark + name.replace(mark, mark * 2) + mark
    (token,) = tokens(text)
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(f"CREATE TABLE t ({text})")
        ((own,),) = connection.execute("SELECT name FROM pragma_table_xinfo('t')").fetchall()
    assert token.identifier == own == name


@given(LETTERS)
def test_a_name_is_quoted_where_it_has_to_be(name: str) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(f"CREATE TABLE t ({quote(name)})")
        ((own,),) = connection.execute("SELECT name FROM pragma_table_xinfo('t')").fetchall()
    assert own == name


def test_every_keyword_is_quoted() -> None:
    words = [
        "abort",
        "add",
        "all",
        "column",
        "default",
        "exists",
        "group",
        "index",
        "key",
        "order",
        "select",
        "table",
        "without",
        "row",
        "null",
        "true",
    ]
    assert [word for word in words if quote(word) == word] == []
    assert quote("orders") == "orders"
    assert quote("Orders") == "Orders"


# -- random tables -----------------------------------------------------------------------------------------------------

NAMES = st.sampled_from(
    ["a", "B", '"c c"', "[d,d]", "`e)e`", "'f'", '"g""g"', "größe", '"check"', "key", "h$1", '"i--i"']
)
TYPES = st.sampled_from(
    ["", "INT", "INTEGER", "VARCHAR(10)", "decimal ( 10 , -2 )", '"my type"', "double precision", "key"]
)
EXPRESSIONS = st.sampled_from(
    ["1", "'x)'", "(2)", "1 + (2 * 3)", "abs(-1)", "'it''s'", "1 IN (1, 2)", "CASE 1 WHEN 2 THEN 3 END"]
)
CONFLICTS = st.sampled_from(["", " ON CONFLICT IGNORE", " on conflict fail"])
REFERENCES = st.builds(
    "REFERENCES {}{}{}{}".format,
    st.sampled_from(["p", '"p"', "P (id)", "p(id)"]),
    st.sampled_from(["", " ON DELETE CASCADE", " ON UPDATE SET NULL ON DELETE NO ACTION", " MATCH FULL"]),
    st.sampled_from(["", " DEFERRABLE", " NOT DEFERRABLE", " DEFERRABLE INITIALLY DEFERRED"]),
    st.just(""),
)


@st.composite
def clauses(draw: st.DrawFn) -> str:
    """Return a clause of a column."""
    name = draw(st.sampled_from(["", "", "CONSTRAINT c1 ", 'CONSTRAINT "c 2" ']))
    expression = draw(EXPRESSIONS)
    clause = draw(
        st.sampled_from(
            [
                "NOT NULL" + draw(CONFLICTS),
                "NULL",
                "UNIQUE" + draw(CONFLICTS),
                f"CHECK ({expression})",
                f"DEFAULT ({expression})",
                "DEFAULT -1",
                "DEFAULT 'a, b'",
                "DEFAULT word",
                "COLLATE NOCASE",
                draw(REFERENCES),
                f"AS ({expression})",
                f"GENERATED ALWAYS AS ({expression}) STORED",
            ]
        )
    )
    return name + clause


@st.composite
def tables(draw: st.DrawFn) -> str:
    """Return a CREATE TABLE, which SQLite need not take."""
    names = draw(st.lists(NAMES, min_size=1, max_size=5, unique=True))
    space = draw(SPACES)
    columns = [space.join((name, draw(TYPES), *draw(st.lists(clauses(), max_size=3)))) for name in names]
    key = draw(st.sampled_from(names))
    keys = draw(st.sampled_from([key, f"{key} DESC", f"{key} COLLATE NOCASE ASC", ", ".join(names)]))
    further = draw(
        st.lists(
            st.sampled_from(
                [
                    f"PRIMARY KEY ({keys})",
                    f"CONSTRAINT u UNIQUE ({keys})",
                    f"UNIQUE{space}({keys}){draw(CONFLICTS)}",
                    f"CHECK{space}({draw(EXPRESSIONS)})",
                    f"FOREIGN KEY ({key}) {draw(REFERENCES)}",
                    "CONSTRAINT alone",
                ]
            ),
            max_size=3,
        )
    )
    comma = draw(st.sampled_from([", ", space, f"{space},"]))
    end = draw(st.sampled_from(["", "", " WITHOUT ROWID", " STRICT", f" STRICT,{space}WITHOUT ROWID"]))
    body = f"{space}, ".join(columns) + "".join(f"{',' if at == 0 else comma} {c}" for at, c in enumerate(further))
    return f"CREATE{space}TABLE t{space}({space}{body}{space}){end}"


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    tables(),
    st.sampled_from(
        ["", "ADD COLUMN zz INT DEFAULT 3", 'RENAME COLUMN a TO "x(,"', "RENAME TO other", "DROP COLUMN b"]
    ),
)
def test_whatever_sqlite_takes_is_understood(sql: str, change: str) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE p (id INTEGER PRIMARY KEY)")
        try:
            connection.execute(sql)
            if change:
                connection.execute(f"ALTER TABLE t {change}")
        except sqlite3.Error:
            assume(bool(change) and connection.execute("SELECT 1 FROM sqlite_master WHERE name = 't'").fetchone())
        ((name, text),) = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE name IN ('t', 'other')"
        ).fetchall()
        columns = connection.execute("SELECT name, hidden, pk FROM pragma_table_xinfo(?)", (name,)).fetchall()
        keys = connection.execute(
            'SELECT id, "from", on_delete FROM pragma_foreign_key_list(?) ORDER BY id DESC, seq', (name,)
        ).fetchall()
        unique = connection.execute(
            "SELECT l.seq, x.name, x.coll FROM pragma_index_list(?) AS l, pragma_index_xinfo(l.name) AS x "
            "WHERE l.origin = 'u' AND x.key = 1 ORDER BY l.seq, x.seqno",
            (name,),
        ).fetchall()
        listed = (
            connection.execute("SELECT wr, strict FROM pragma_table_list WHERE name = ?", (name,)).fetchall()
            if sqlite3.sqlite_version_info >= (3, 37)
            else None
        )
    found = definition(text, "main")
    assert found is not None, text
    assert list(found.columns) == [column for column, _, _ in columns]
    assert set(found.expressions) == {fold(column) for column, hidden, _ in columns if hidden}
    key = next((c.columns for c in found.constraints if c.kind == "primary key"), ())
    assert {fold(column) for column in key} == {fold(column) for column, _, at in columns if at}
    foreign = [c for c in found.constraints if c.kind == "foreign key"]
    assert [fold(column) for c in foreign for column in c.columns] == [fold(column) for _, column, _ in keys]
    assert [c.on_delete for c in foreign] == [action.replace("NO ACTION", "") for _, _, action in keys]
    stated = {tuple(map(fold, c.columns)) for c in found.constraints if c.kind == "unique"}
    kept = {tuple(fold(column) for seq, column, _ in unique if seq == each) for each in {seq for seq, _, _ in unique}}
    assert kept <= stated
    if listed is not None:
        assert listed == [(found.without_rowid, found.strict)]


@given(tables(), st.integers(0, 200), st.sampled_from(["(", ")", ",", "'", '"', "CHECK", "-- ", ";", "1"]))
def test_what_is_not_understood_is_unknown_and_nothing_else(sql: str, at: int, put: str) -> None:
    at = min(at, len(sql))
    definition(sql[:at] + put + sql[at:], "main")  # raises nothing


MOMENTS = itertools.count()
"""Each of a schema of its own, of which nothing was read before."""


@settings(max_examples=400, deadline=None)
@given(
    tables(),
    st.integers(0, 300),
    st.integers(0, 40),
    st.sampled_from(["", "(", ")", ",", "'", '"', "[", "]", "-- ", "*/", "/*", ", zz INT", ", CHECK (1)", "x", "1"]),
)
def test_what_was_read_before_changes_nothing(sql: str, at: int, length: int, put: str) -> None:
    changed = sql[:at] + put + sql[at + length :]
    for before, after in ((sql, changed), (changed, sql)):
        alone, second = (f"schema{next(MOMENTS)}" for _ in range(2))
        definition(before, second)
        assert repr(definition(after, second)) == repr(definition(after, alone)).replace(alone, second)


def test_what_makes_a_key_before_it_deferrable_is_not_remembered_of_that() -> None:
    table = "CREATE TABLE t (a INTEGER REFERENCES p (id), b INTEGER"
    late, plain = (definition(f"{table}{end})", "main") for end in (" DEFERRABLE INITIALLY DEFERRED", ""))
    assert late is not None
    assert plain is not None
    assert [each.deferrable for each in (*late.constraints, *plain.constraints)] == [True, False]


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "CREATE",
        "CREATE VIEW v AS SELECT 1",
        "CREATE TABLE t (a,)",
        "CREATE TABLE t (a) UNHEARD OF",
        "CREATE TABLE t (a FUTURE CLAUSE (1) (2))",
    ],
)
def test_unknown(text: str | None) -> None:
    assert definition(text, "main") is None


# -- other texts -------------------------------------------------------------------------------------------------------


def test_indexes() -> None:
    text = index_text(
        'CREATE UNIQUE INDEX IF NOT EXISTS "i i" ON t (lower(a) DESC, b COLLATE NOCASE ASC, c) WHERE a > 0'
    )
    assert text is not None
    assert text.keys == ("lower(a)", "b COLLATE NOCASE", "c")
    assert text.predicate == "a > 0"
    assert index_text("CREATE TABLE t (a)") is None


def test_views() -> None:
    assert view_query('CREATE VIEW "v w" (a, b) AS SELECT 1, 2') == "SELECT 1, 2"
    assert view_query("CREATE VIEW v AS -- all\n SELECT * FROM t;") == "SELECT * FROM t"
    assert view_query("CREATE TABLE t (a)") is None


@pytest.mark.parametrize(
    ("trigger", "taken"),
    [
        ("INSTEAD OF UPDATE ON v", Instead("UPDATE")),
        ('INSTEAD OF UPDATE OF A, "b b" ON v', Instead("UPDATE", frozenset({"a", "b b"}))),
        ("INSTEAD OF INSERT ON v", Instead("INSERT")),
        ("INSTEAD OF DELETE ON v", Instead("DELETE")),
        ("AFTER UPDATE ON t", Instead()),
    ],
)
def test_triggers(trigger: str, taken: Instead) -> None:
    assert instead(f"CREATE TRIGGER tr {trigger} BEGIN SELECT 1; END") == taken
