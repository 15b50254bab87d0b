"""Files of SQL: what they use with its line, what is not understood, and a migration that breaks them."""

# ruff: noqa: E501 - a statement a line

from __future__ import annotations

from pathlib import Path

import pytest

from alembic_contracts.errors import CannotCheck
from alembic_contracts.inference.asked import Asked
from alembic_contracts.inference.sources import sql
from alembic_contracts.inference.uses import Found
from alembic_contracts.schemas.schema import Column, Constraint, Name, Schema, Table
from tests.support.uses import looked


def table(name: str, *columns: str, key: tuple[str, ...] = (), schema: str = "public") -> Table:
    keys = (Constraint(name=f"{name}_pkey", kind="primary key", columns=key),) if key else ()
    named = tuple(Column(name=each, type=None) for each in columns)
    return Table(name=Name(schema, name), columns=named, constraints=keys)


TABLES = (
    table("object", "object_id", "title", "year", "artist_id", "data"),
    table("object_images", "image_id", "object_id", "url", "width"),
    table("artist", "artist_id", "name", key=("artist_id",)),
    table("visits", "day", "n", schema="stats"),
)
SCHEMA = Schema(tables={each.name: each for each in TABLES}, namespaces=frozenset({"public", "stats"}))


def lines(*texts: str, **asked: object) -> set[str]:
    found = looked(SCHEMA, *texts, **asked)
    assert found.unread == ()
    return {f"{u.table.name}.{u.column} {u.kind} {u.place}" for u in found.uses}


def unread(*texts: str, **asked: object) -> list[str]:
    return [str(each) for each in looked(SCHEMA, *texts, **asked).unread]


def infer(*inputs: Path | str, **asked: object) -> Found:
    return sql.uses(Asked(inputs=tuple(map(str, inputs)), schema=SCHEMA, server_version=180000, **asked))  # type: ignore[arg-type]


def test_a_column_is_used_at_its_line_in_its_way() -> None:
    text = "SELECT o.title,\n  i.url\nFROM object o\nJOIN object_images i\n  USING (object_id)\nWHERE o.year > 3"
    assert lines(text) == {
        "object.title read 0.sql:1",
        "object_images.url read 0.sql:2",
        "object.object_id filtered 0.sql:5",
        "object_images.object_id filtered 0.sql:5",
        "object.year filtered 0.sql:6",
    }


@pytest.mark.parametrize(
    "placeholder", ["%s", "%(year)s", ":year", "$1", "?", "?1", "@year", "${year}", ":'year'", "sqlc.arg(year)"]
)
def test_placeholders_of_every_driver_stand_for_values(placeholder: str) -> None:
    expected = {"object.title read 0.sql:1", "object.year filtered 0.sql:1", "object.data filtered 0.sql:2"}
    assert (
        lines(f"SELECT title FROM object WHERE year = {placeholder}\n AND data ? 'k' AND data::text <> '?:x %s'")
        == expected
    )


def test_lists_of_values_may_be_placeholders() -> None:
    assert lines("SELECT title FROM object WHERE year IN %s") == lines("SELECT title FROM object WHERE year IN (1)")
    assert lines("INSERT INTO artist VALUES %s") == {
        "artist.artist_id inserted 0.sql:1",
        "artist.name inserted 0.sql:1",
    }


def test_what_psql_reads_itself_is_left_out() -> None:
    text = "\\set x 1\n\\i other.sql\nSELECT title FROM object \\gset\n\\copy artist (name) FROM 'x.csv'\n"
    assert lines(text) == {"object.title read 0.sql:3", "artist.name inserted 0.sql:4"}
    rows = "COPY artist FROM stdin;\n1\tselect ;\n\\.\nSELECT title FROM object;"
    assert "object.title read 0.sql:4" in lines(rows)


def test_a_mistake_costs_its_own_statement_and_is_named_with_its_place() -> None:
    text = "SELECT titel FROM object;\nSELEC 1;\nSELECT o.title\nFROM objct o, artist;\nSELECT name FROM artist"
    assert unread(text) == [
        "0.sql:1:8: reads object.titel, which does not exist; title?",
        '0.sql:2:1: is not understood: syntax error at or near "SELEC"',
        "0.sql:4:6: there is no relation objct; object?",
    ]
    assert ("artist", "name") in {(use.table.name, use.column) for use in looked(SCHEMA, text).uses}


def test_ambiguous_names_are_named() -> None:
    assert unread("SELECT object_id FROM object, object_images") == [
        "0.sql:1:8: reads object_id, which is ambiguous: object and object_images have it"
    ]


def test_a_template_is_named_and_not_read() -> None:
    assert unread("SELECT 1;\nSELECT {{ column }} FROM object") == ["0.sql:2: a template, which is not read as SQL"]
    assert unread("SELECT '{{1,2},{3,4}}'::int[] -- {{ no template }}") == []


def test_what_the_consumer_defines_is_followed_through_in_any_order() -> None:
    reading = "SELECT t FROM titles JOIN fresh USING (t)"
    defining = (
        "CREATE VIEW titles AS\n SELECT title AS t, upper(url) AS u FROM object JOIN object_images USING (object_id);"
    )
    found = looked(SCHEMA, reading, defining, "CREATE TEMP TABLE fresh AS SELECT name AS t FROM artist")
    assert found.unread == ()
    assert {str(each.place) for each in found.uses if each.column == "title"} == {"0.sql:1", "1.sql:2"}
    origins = found.own[Name("public", "titles")]
    assert origins == {
        "t": frozenset({(Name("public", "object"), "title")}),
        "u": frozenset({(Name("public", "object_images"), "url")}),
    }


def test_an_inner_star_uses_what_is_asked_of_it() -> None:
    query = "WITH s AS (SELECT * FROM object), r AS (SELECT object_id AS id FROM s)\nSELECT * FROM r"
    assert lines(query) == {"object.object_id read 0.sql:1"}
    assert {line.split()[0] for line in lines("SELECT * FROM artist")} == {"artist.artist_id", "artist.name"}


def test_writes_have_their_kinds() -> None:
    text = (
        "INSERT INTO artist (artist_id, name) VALUES (1, 'x') ON CONFLICT (artist_id) DO UPDATE SET name = excluded.name;\n"
        "DELETE FROM object WHERE year < 3;\nTRUNCATE object_images;\nSELECT count(*) FROM stats.visits"
    )
    assert lines(text) == {
        "artist.artist_id inserted 0.sql:1", "artist.name inserted 0.sql:1", "artist.artist_id filtered 0.sql:1",
        "artist.name updated 0.sql:1", "artist.name read 0.sql:1", "object.None deleted 0.sql:2",
        "object.year filtered 0.sql:2", "object_images.None deleted 0.sql:3", "visits.None read 0.sql:4",
    }  # fmt: skip
    [key] = looked(SCHEMA, text).guarantees
    assert (key.table.name, key.key, key.value) == ("artist", "unique", ["artist_id"])


def test_names_are_looked_up_on_the_search_path() -> None:
    assert lines("SELECT n FROM visits", search_path=("stats", "public")) == {"visits.n read 0.sql:1"}
    assert lines("SET search_path = stats; SELECT n FROM visits") == {"visits.n read 0.sql:1"}
    assert unread("SELECT n FROM visits") == ["0.sql:1:15: there is no relation visits; stats.visits?"]


def test_bodies_of_functions_and_blocks_are_read_at_their_lines() -> None:
    body = (
        "CREATE FUNCTION f(a int) RETURNS SETOF text LANGUAGE sql AS $$\n  SELECT title FROM object WHERE year = a\n$$;\n"
        "DO $$\nDECLARE r record;\nBEGIN\n  FOR r IN SELECT url FROM object_images LOOP\n"
        "    UPDATE artist SET name = r.url;\n  END LOOP;\nEND $$;"
    )
    assert lines(body) == {
        "object.title read 0.sql:2", "object.year filtered 0.sql:2", "object_images.url read 0.sql:7",
        "artist.name updated 0.sql:8",
    }  # fmt: skip
    [said] = unread("DO $$ BEGIN EXECUTE 'DELETE FROM ' || 'object'; END $$")
    assert said.endswith("a DO block runs EXECUTE of a text that is put together, which is not read")
    assert lines("DO $$ BEGIN EXECUTE 'TRUNCATE object'; END $$") == {"object.None deleted 0.sql:1"}


def test_copies_of_the_schema_and_catalogs_are_no_uses() -> None:
    assert lines("CREATE TABLE object (object_id int); CREATE INDEX ON object (object_id)") == set()
    assert lines("SELECT relname FROM pg_class; SELECT table_name FROM information_schema.tables") == set()


def test_names_fold_as_the_server_folds_them() -> None:
    assert lines('SELECT TITLE, "title" FROM Object') == {"object.title read 0.sql:1"}
    assert unread('SELECT "Title" FROM object') == ["0.sql:1:8: reads object.Title, which does not exist; title?"]


WAREHOUSE = {"sql_dialect": "snowflake", "mapping": (("RAW.MUSEUM", "public"),)}


def test_a_warehouse_s_queries_lead_back_here() -> None:
    query = "SELECT * EXCLUDE (url)\nFROM RAW.MUSEUM.OBJECT_IMAGES\nWHERE WIDTH > ?\nQUALIFY row_number() OVER (ORDER BY URL) = 1"
    assert lines(query, **WAREHOUSE) == {
        "object_images.image_id read 0.sql:1", "object_images.object_id read 0.sql:1", "object_images.url read 0.sql:1",
        "object_images.width filtered 0.sql:3", "object_images.width read 0.sql:1", "object_images.url filtered 0.sql:4",
    }  # fmt: skip
    found = looked(SCHEMA, "SELECT a FROM other.data.sales", **WAREHOUSE)
    assert found.unread == ()
    assert found.notes == ("other.data.sales is not of this database (no --map leads here)",)
    assert unread("SELECT titel FROM raw.museum.object", **WAREHOUSE) == [
        "0.sql:1:8: reads object.titel, which does not exist; title?"
    ]


@pytest.mark.parametrize("dialect", ["snowflake", "bigquery", "duckdb", "redshift", "databricks", "trino"])
def test_inner_stars_and_lineage_in_other_grammars(dialect: str) -> None:
    query = "WITH s AS (SELECT * FROM object), r AS (SELECT object_id AS id, year + 1 AS y FROM s)\nSELECT id FROM r WHERE y > 1"
    used = {line.split()[0] for line in lines(query, sql_dialect=dialect)}
    assert used == {"object.object_id", "object.year"}


def test_a_grammar_that_does_not_exist() -> None:
    with pytest.raises(CannotCheck, match="did you mean `snowflake`"):
        looked(SCHEMA, "SELECT 1", sql_dialect="snowflak")


def test_folders_are_gone_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "reports"
    for name in ("a/b/deep.sql", ".git/x.sql", "node_modules/y.sql", "target/z.sql", "first.SQL", "readme.md"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("SELECT title FROM object", encoding="utf-8")
    (folder / "a" / "loop").symlink_to(folder)
    (folder / "latin.sql").write_bytes(b"SELECT 1;\n-- caf\xe9")
    (folder / "bom.sql").write_bytes("\ufeffSELECT name\r\nFROM artist\r\nWHERE nam = 1".encode())
    (folder / "nul.sql").write_bytes(b"SELECT 1;\n\0")
    monkeypatch.chdir(tmp_path)
    found = infer("reports")
    assert found.consumer == "reports"
    assert {use.place.file for use in found.uses} == {"reports/a/b/deep.sql", "reports/first.SQL", "reports/bom.sql"}
    assert [str(each) for each in found.unread] == [
        "reports/latin.sql:2: is not UTF-8: the byte 0xE9",
        "reports/nul.sql:2: holds a NUL byte, and is no text",
        "reports/bom.sql:3:7: reads artist.nam, which does not exist; name?",
    ]
    assert infer(folder / "first.SQL").consumer == "first"


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(CannotCheck, match="there is no such file or folder"):
        infer(tmp_path / "nowhere")
    with pytest.raises(CannotCheck, match=r"there is no \*\.sql file"):
        infer(tmp_path)
