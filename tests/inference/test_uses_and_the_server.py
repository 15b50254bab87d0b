"""What queries are said to use is what PostgreSQL cannot do without: each column is dropped, each query looked at."""

# ruff: noqa: E501 - a query a line

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from alembic_contracts.schemas.schema import Name
from tests.support.uses import GENERATED, Queries, Truth, columns, looked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.database import Databases

MUSEUM = """
CREATE TYPE size AS (w int, h int);
CREATE SCHEMA stats;
CREATE TABLE artist (artist_id int PRIMARY KEY, name text NOT NULL UNIQUE, born date, "Full Name" text);
CREATE TABLE object (object_id int PRIMARY KEY, title text, year int, artist_id int REFERENCES artist, tags text[],
    data jsonb, size size, note text);
CREATE TABLE object_images (image_id int PRIMARY KEY, object_id int REFERENCES object, url text, width int, height int);
CREATE TABLE stats.visits (day date, object_id int, n bigint, PRIMARY KEY (day, object_id));
CREATE VIEW recent AS SELECT object_id, title, year FROM object WHERE year > 1990;
"""
WRITTEN = r"""
SELECT title FROM object WHERE year > $1::int
SELECT o.title, i.url FROM object o LEFT JOIN object_images i ON i.object_id = o.object_id ORDER BY i.width DESC NULLS LAST
SELECT (o.size).w FROM object o
SELECT (o.size).* FROM object o
SELECT (size).w, (o).title FROM object o
SELECT tags[1], data->>'x', data ? 'k' FROM object
SELECT t FROM object, unnest(tags) AS t
SELECT t.v, t.o FROM object, unnest(tags) WITH ORDINALITY AS t(v, o)
SELECT e.key, e.value FROM object o, jsonb_each_text(o.data) e WHERE e.key = o.note
SELECT x.a FROM object o, jsonb_to_record(o.data) AS x(a int, b text)
SELECT r.* FROM object o CROSS JOIN LATERAL (SELECT i.url, o.title AS t FROM object_images i WHERE i.object_id = o.object_id LIMIT 1) r
WITH RECURSIVE r(id, n) AS (SELECT object_id, 1 FROM object UNION ALL SELECT o.artist_id, r.n + 1 FROM r JOIN object o ON o.object_id = r.id) SELECT id FROM r
WITH RECURSIVE a AS (SELECT * FROM b), b AS (SELECT object_id, title FROM object) SELECT title FROM a
WITH s AS (SELECT * FROM object), t AS (SELECT object_id AS id, upper(title) AS title FROM s) SELECT * FROM t
WITH s AS (SELECT * FROM object) SELECT count(*) FROM s
WITH d AS (DELETE FROM object_images WHERE width < 10 RETURNING *) SELECT url FROM d
WITH u AS (UPDATE object SET title = 'x' RETURNING object_id), i AS (INSERT INTO artist (artist_id, name) SELECT object_id, 'x' FROM u RETURNING artist_id) SELECT * FROM i
SELECT * FROM object_images
SELECT i.*, o.title FROM object o JOIN object_images i USING (object_id)
SELECT object_id, title FROM object JOIN object_images USING (object_id)
SELECT o.object_id FROM object o JOIN object_images i USING (object_id)
SELECT * FROM (SELECT object_id, title FROM object) o JOIN (SELECT object_id FROM object_images) i USING (object_id)
SELECT j.url FROM (object o JOIN object_images i USING (object_id)) AS j
SELECT title, count(*) FROM object GROUP BY title HAVING max(year) > 3
SELECT title AS year, count(*) FROM object GROUP BY 1
SELECT year % 10 AS decade, count(*) FROM object GROUP BY decade ORDER BY decade
SELECT title, year, count(*) FROM object GROUP BY GROUPING SETS ((title), (year), ROLLUP (artist_id))
SELECT DISTINCT ON (artist_id) title FROM object ORDER BY artist_id, year DESC
SELECT DISTINCT * FROM (SELECT * FROM object_images) s
SELECT count(DISTINCT artist_id) FILTER (WHERE year > 0), string_agg(title, ',' ORDER BY note) FROM object
SELECT rank() OVER w, sum(year) OVER (PARTITION BY note) FROM object WINDOW w AS (PARTITION BY artist_id ORDER BY year)
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY year) FROM object
SELECT CASE title WHEN note THEN year ELSE (SELECT max(width) FROM object_images i WHERE i.object_id = object.object_id) END FROM object
SELECT object_id FROM object WHERE (title, year) IN (SELECT url, width FROM object_images)
SELECT object_id FROM object WHERE year > ALL (SELECT width FROM object_images) AND EXISTS (SELECT * FROM artist a WHERE a.artist_id = object.artist_id)
SELECT ARRAY(SELECT url FROM object_images i WHERE i.object_id = o.object_id ORDER BY width) FROM object o
SELECT object_id FROM object UNION SELECT image_id FROM object_images ORDER BY object_id
SELECT object_id, title FROM object UNION ALL (SELECT image_id, url FROM object_images ORDER BY width LIMIT 3) ORDER BY 2
SELECT * FROM (SELECT object_id AS a, title AS b FROM object EXCEPT SELECT image_id, url FROM object_images) s
SELECT s.c FROM (VALUES (1, 2)) AS s(b, c), object WHERE object.object_id = s.b
SELECT v.n FROM stats.visits v JOIN object USING (object_id)
SELECT stats.visits.n FROM stats.visits WHERE visits.day > now()
SELECT "Full Name", a."born" FROM artist a
SELECT Title, OBJECT.Year FROM Object
SELECT public.object.title FROM public.object
SELECT o.title FROM object o TABLESAMPLE system (10) WHERE o.note IS NOT NULL
SELECT o.title FROM ONLY object o FOR UPDATE OF o
SELECT title FROM object FETCH FIRST 3 ROWS ONLY
SELECT coalesce(title, note), nullif(year, 3), greatest(year, artist_id), title IS DISTINCT FROM note, title COLLATE "C", year::text, title LIKE note, year BETWEEN artist_id AND 5 FROM object
SELECT extract(year FROM born), name || 'x', position('a' in name), substring(name from 2), trim(both ' ' from name), overlay(name placing "Full Name" from 1) FROM artist
SELECT row(title, year), (title, year) < ('a', artist_id) FROM object
SELECT x.* FROM object, xmltable('/a' PASSING (note::xml) COLUMNS b int) x
SELECT j.a FROM object, json_table(data, '$[*]' COLUMNS (a int PATH '$.a')) j
SELECT json_build_object('a', title), jsonb_agg(year) FROM object GROUP BY title
SELECT title FROM object WHERE year = ANY($1) AND note = $2
TABLE object_images
VALUES ((SELECT max(year) FROM object))
INSERT INTO artist (artist_id, name) VALUES (1, (SELECT title FROM object LIMIT 1)) ON CONFLICT (artist_id) DO UPDATE SET name = excluded.name || artist.name WHERE artist.born IS NULL RETURNING "Full Name"
INSERT INTO artist (artist_id, name) VALUES (1, 'x') ON CONFLICT (name) DO NOTHING
UPDATE object SET (title, year) = (SELECT name, 1 FROM artist a WHERE a.artist_id = object.artist_id)
UPDATE object o SET title = i.url FROM object_images i WHERE i.object_id = o.object_id RETURNING o.note, i.width
UPDATE object SET tags[1] = 'x', size.w = 3 WHERE object_id = 1
DELETE FROM object o USING artist a WHERE a.artist_id = o.artist_id AND a.name = 'x' RETURNING o.title
MERGE INTO object_images i USING object o ON i.object_id = o.object_id WHEN MATCHED AND o.year > 3 THEN UPDATE SET url = o.title WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (image_id, width) VALUES (o.object_id, 3)
SELECT title FROM object WHERE object_id IN (SELECT artist_id FROM object_images)
SELECT o.object_id, o.title, count(i.image_id) FROM object o LEFT JOIN object_images i USING (object_id) GROUP BY o.object_id
SELECT * FROM generate_series(1, (SELECT max(year) FROM object)) AS g(x)
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
SELECT column_name FROM information_schema.columns WHERE table_name = 'object'
SELECT nextval('pg_catalog.pg_class'::regclass) WHERE false
SELECT a.title FROM object a, object b WHERE a.year = b.year AND a.ctid <> b.ctid
SELECT (SELECT o.title) FROM object o
SELECT s.title FROM (SELECT o.* FROM object o JOIN artist a ON a.artist_id = o.artist_id) s
SELECT x.title FROM (SELECT s.* FROM (SELECT * FROM object) s) x WHERE x.year > 1
SELECT max(s.m) FROM (SELECT max(year) AS m, artist_id FROM object GROUP BY artist_id) s
""".strip().splitlines()
"""Each is taken by the server as it stands."""


@pytest.fixture(scope="module")
def museum(databases: Databases) -> Iterator[Truth]:
    with databases.new() as url, sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        yield Truth.of(connection, MUSEUM)


@pytest.fixture(scope="module")
def generated(databases: Databases) -> Iterator[Truth]:
    with databases.new() as url, sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        yield Truth.of(connection, GENERATED)


@pytest.mark.parametrize("query", WRITTEN)
def test_a_query_uses_what_it_fails_without(museum: Truth, query: str) -> None:
    if (refused := museum.fails(query)) and museum.raw.info.server_version < 170000:
        pytest.skip(refused)  # JSON_TABLE, MERGE ... are younger
    found = looked(museum.schema, query)
    assert found.unread == ()
    assert columns(found) == museum.used(query)


@pytest.mark.parametrize("first", range(0, 200, 20))
def test_made_up_statements_use_what_they_fail_without(generated: Truth, first: int) -> None:
    for seed in range(first, first + 20):
        query = Queries(seed).statement()
        assert generated.fails(query) is None, query
        found = looked(generated.schema, query)
        assert found.unread == (), query
        assert columns(found) == generated.used(query), (seed, query)


@pytest.mark.parametrize("first", range(0, 200, 20))
def test_a_view_of_a_query_depends_on_what_is_used(generated: Truth, first: int) -> None:
    """Of a star inside, a view notes columns that nobody asks for further out, and may lose without a word."""
    looks = 0
    for seed in range(first, first + 20):
        query = Queries(seed).statement()
        if not query.startswith(("(SELECT", "SELECT", "WITH")):
            continue
        looks += 1
        used, depends = columns(looked(generated.schema, query)), generated.of_view(query)
        assert used <= depends, (seed, query)
        assert used == depends or "*" in query, (seed, query)
    assert looks > 5


@pytest.mark.parametrize(
    ("query", "more"),
    [
        # By position: another column would take the place of one that goes.
        ("SELECT a FROM (SELECT * FROM object_images) AS s(a)", {("object_images", "image_id")}),
        ("INSERT INTO artist VALUES (1, 'x')", {("artist", "artist_id"), ("artist", "name")}),
        # The name would be found in the query around it.
        (
            "SELECT title FROM object o WHERE o.object_id IN (SELECT object_id FROM object_images)",
            {("object_images", "object_id")},
        ),
        # Rows would be joined by less.
        (
            "SELECT title FROM object NATURAL JOIN object_images",
            {("object", "object_id"), ("object_images", "object_id")},
        ),
        # The value would be another.
        ("SELECT a FROM artist a", {("artist", name) for name in ("artist_id", "name", "born", "Full Name")}),
        ("SELECT to_json(a) FROM artist a", {("artist", name) for name in ("artist_id", "name", "born", "Full Name")}),
        (
            "SELECT to_json(a.*) FROM artist a",
            {("artist", name) for name in ("artist_id", "name", "born", "Full Name")},
        ),
    ],
)
def test_what_would_go_on_and_mean_something_else_is_used_too(
    museum: Truth, query: str, more: set[tuple[str, str]]
) -> None:
    used = columns(looked(museum.schema, query))
    truth = museum.used(query)
    assert truth <= used
    assert used - truth == more - truth
    assert more <= used


def test_a_view_of_the_database_is_used_itself(museum: Truth) -> None:
    query = "SELECT title FROM recent WHERE year > 2000"
    found = looked(museum.schema, query)
    assert columns(found) == {("recent", "title"), ("recent", "year")}
    stands_on = {column for table, column in museum.schema.tables[Name("public", "recent")].depends_on if column}
    assert {column for _, column in museum.used(query)} == stands_on
