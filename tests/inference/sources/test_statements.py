"""What ``infer statements`` finds in pg_stat_statements, whose server counts what the tests run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from alembic_contracts.dialects.postgresql import observe
from alembic_contracts.errors import CannotCheck
from alembic_contracts.inference import sources
from alembic_contracts.inference.sources import Asked, statements
from alembic_contracts.inference.uses import Found
from alembic_contracts.schemas.uses import Place
from tests.support.cluster import Cluster

MUSEUM = """
CREATE TABLE object (
    id int PRIMARY KEY, title text, year int, price numeric(10, 2), at timestamptz, tags text[], doc jsonb, note text
);
CREATE TABLE artist (id int PRIMARY KEY, name text);
CREATE SCHEMA shop;
CREATE TABLE shop.item (id int PRIMARY KEY, price numeric(10, 2));
CREATE TABLE shop.artist (id int, label text);
CREATE FUNCTION titled(wanted int) RETURNS text LANGUAGE plpgsql AS
    $$ DECLARE found text; BEGIN SELECT o.title INTO found FROM object AS o WHERE o.id = wanted; RETURN found; END $$;
CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
GRANT USAGE ON SCHEMA shop TO PUBLIC;
GRANT ALL ON ALL TABLES IN SCHEMA public, shop TO PUBLIC;
"""


@pytest.fixture(scope="module")
def counting() -> Iterator[Cluster]:
    """A server that counts statements, those inside of functions as well, with roles."""
    settings = {"shared_preload_libraries": "pg_stat_statements", "pg_stat_statements.track": "all"}
    with Cluster(**settings) as cluster:
        with connected(cluster) as connection:
            for role in ("app", "report", "shopkeeper", "nosy"):
                connection.exec_driver_sql(f"CREATE ROLE {role} LOGIN")
            connection.exec_driver_sql("CREATE ROLE root SUPERUSER LOGIN")
            connection.exec_driver_sql("ALTER ROLE shopkeeper SET search_path = shop, public")
        yield cluster


@contextmanager
def connected(cluster: Cluster, database: str = "postgres", role: str = "postgres") -> Iterator[sa.Connection]:
    url = sa.make_url(cluster.url(database)).set(username=role)
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        yield connection


@pytest.fixture
def museum(counting: Cluster, request: pytest.FixtureRequest) -> None:
    """A new database of this name in which statements are counted anew."""
    version = getattr(request, "param", None)
    with connected(counting) as server:
        server.exec_driver_sql("DROP DATABASE IF EXISTS museum WITH (FORCE)")
        server.exec_driver_sql("CREATE DATABASE museum")
    with connected(counting, "museum") as connection:
        connection.exec_driver_sql(MUSEUM)
        connection.exec_driver_sql('CREATE SCHEMA "Statistics"; GRANT USAGE ON SCHEMA "Statistics" TO PUBLIC')
        with_version = f" VERSION '{version}'" if version else ""
        connection.exec_driver_sql(f'CREATE EXTENSION pg_stat_statements SCHEMA "Statistics"{with_version}')
        connection.exec_driver_sql('SELECT "Statistics".pg_stat_statements_reset()')


def run(cluster: Cluster, role: str, *texts: str, database: str = "museum", times: int = 1) -> None:
    """Run statements as somebody, as they are written."""
    with connected(cluster, database, role) as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        for text in texts * times:
            driver.execute(text.encode(), prepare=False)


def found(
    cluster: Cluster, *, reader: str = "postgres", search_path: tuple[str, ...] | None = None, **given: str
) -> Found:
    """What ``reader`` finds, with options."""
    options = {f"--{name.replace('_', '-')}": tuple(value.split(",")) for name, value in given.items()}
    with connected(cluster, "museum") as connection:
        schema = observe(connection, None)
    with connected(cluster, "museum", reader) as connection:
        path = search_path or (reader, "public")
        asked = Asked(
            inputs=(), schema=schema, server_version=180000, connection=connection, search_path=path, options=options
        )
        return statements.uses(asked)


def used(found: Found) -> set[tuple[str, str | None, str]]:
    return {(str(use.table), use.column, use.kind) for use in found.uses}


def test_it_is_a_source() -> None:
    source = sources.load("statements")
    assert source.INPUTS == ""
    assert [option.flag for option in source.OPTIONS] == ["--role", "--min-calls", "--file", "--query-column"]


@pytest.mark.usefixtures("museum")
@pytest.mark.parametrize("museum", ["1.8", "1.9", "1.10", "1.11", "1.12"], indirect=True)
def test_what_a_role_has_run(counting: Cluster) -> None:
    run(counting, "app", "SELECT title FROM object WHERE id = 7", "SELECT title  FROM object WHERE id = 8", times=3)
    run(counting, "app", "UPDATE object SET note = 'x' WHERE year > 1500", "BEGIN", "COMMIT", "SET work_mem = '5MB'")
    run(counting, "report", "SELECT name FROM artist")
    with connected(counting) as elsewhere:
        elsewhere.exec_driver_sql("CREATE TABLE IF NOT EXISTS object (hidden int); GRANT ALL ON object TO PUBLIC")
    run(counting, "app", "SELECT hidden FROM object", database="postgres")
    result = found(counting, reader="root", role="app")
    assert result.consumer == "app"
    assert result.unread == ()
    assert used(result) == {
        ("public.object", "title", "read"),
        ("public.object", "id", "filtered"),
        ("public.object", "note", "updated"),
        ("public.object", "year", "filtered"),
    }
    assert {use.place for use in result.uses} == {Place("pg_stat_statements", None, "role app")}


@pytest.mark.usefixtures("museum")
def test_calls_are_added_up(counting: Cluster) -> None:
    run(
        counting,
        "app",
        "SELECT title FROM object WHERE id = 7",
        "SELECT title  FROM object -- again\nWHERE id=8",
        times=3,
    )
    run(counting, "app", "SELECT name FROM artist")
    assert used(found(counting, min_calls="6")) == {
        ("public.object", "title", "read"),
        ("public.object", "id", "filtered"),
    }
    with pytest.raises(CannotCheck, match="--min-calls often"):
        found(counting, min_calls="often")


@pytest.mark.usefixtures("museum")
def test_all_roles_but_superusers(counting: Cluster) -> None:
    run(counting, "root", "SELECT id, note FROM object")
    alone = found(counting)
    assert used(alone) == {("public.object", "id", "read"), ("public.object", "note", "read")}
    run(counting, "app", "SELECT title FROM object")
    run(counting, "report", "SELECT name FROM artist")
    result = found(counting)
    assert result.consumer == "museum"
    assert used(result) == {("public.object", "title", "read"), ("public.artist", "name", "read")}
    assert {str(use.place) for use in result.uses} == {"role app", "role report"}
    said = " ".join(result.notes)
    assert "All roles in one contract, --role tells them apart: app (1), report (1)." in said
    assert "Statements of superusers are left out, --role takes them in: root." in said
    assert used(found(counting, role="root,report")) == {
        ("public.object", "id", "read"),
        ("public.object", "note", "read"),
        ("public.artist", "name", "read"),
    }


@pytest.mark.usefixtures("museum")
def test_names_are_looked_up_where_the_role_does(counting: Cluster) -> None:
    run(counting, "shopkeeper", "SELECT label FROM artist", "SELECT title FROM object")
    run(counting, "app", "SELECT name FROM artist")
    expected = {
        ("shop.artist", "label", "read"),
        ("public.object", "title", "read"),
        ("public.artist", "name", "read"),
    }
    assert used(found(counting)) == expected
    given = found(counting, search_path=("public",))  # as --search-path says
    assert ("shop.artist", "label", "read") not in used(given)
    assert "reads artist.label" in str(given.unread[0])


@pytest.mark.usefixtures("museum")
def test_what_is_left_out(counting: Cluster) -> None:
    run(
        counting,
        "app",
        "SELECT titled(3)",
        "SELECT version_num FROM alembic_version",
        "UPDATE alembic_version SET version_num = 'a'",
        'SELECT query FROM "Statistics".pg_stat_statements AS s INNER JOIN pg_roles AS r ON r.oid = s.userid',
        "SELECT relname FROM pg_class",
        "SELECT table_name FROM information_schema.tables",
        "CREATE TEMP TABLE mine AS SELECT id AS number FROM object",
        "SELECT number FROM mine",
        "EXPLAIN SELECT note FROM object",
    )
    result = found(counting, role="app")
    assert used(result) == {("public.object", "id", "read")}
    assert result.unread == ()
    assert "inside of functions left out" in " ".join(result.notes)


QUIRKS = (
    "SELECT id FROM object LIMIT 5 OFFSET 3",
    "SELECT at + interval '1 day', at - INTERVAL '1-2' YEAR TO MONTH FROM object",
    "SELECT interval '1' second(2), interval(3) '1', at + 3 * interval '1 day' FROM object",
    "SELECT date '2020-01-01', timestamp with time zone '2020-01-01', time '1:00' FROM object",
    "SELECT timestamp(3) '2020-01-01', pg_catalog.date '2020-01-01' FROM object",
    "SELECT price::numeric(10,2), title::varchar(20), cast(year AS bit(3)), numeric(10,2) '3.1' FROM object",
    "SELECT char(3) 'abc', character varying(5) 'x', national character varying(5) 'x' FROM object",
    "SELECT float8 '1', boolean 't', double precision '1' FROM object",
    "SELECT point '(1,2)', pg_catalog.date '2020-01-01', bit '101', b'101', x'1F', e'a\\n', 0x1F, 1_000 FROM object",
    "SELECT id FROM object WHERE id IN (1, 2, 3, 4, 5) AND (id, year) IN ((1, 2), (3, 4))",
    "SELECT id FROM object WHERE id = ANY (ARRAY[1, 2, 3]) AND id = ANY ('{1,2}'::int[])",
    "SELECT id FROM object WHERE title LIKE 'a%' ESCAPE '!' OR title SIMILAR TO 'a' ESCAPE 'b' FOR UPDATE SKIP LOCKED",
    "SELECT doc -> 'a' ->> 'b', doc['x'], tags[1], tags[1:2] FROM object WHERE doc ? 'a' AND doc @> '{}'",
    "SELECT year, count(*) FROM object GROUP BY 1 ORDER BY 2",
    "SELECT id FROM object ORDER BY id FETCH FIRST 3 ROWS WITH TIES",
    "SELECT extract(year FROM at), extract('month' FROM at), at AT TIME ZONE 'UTC' FROM object",
    "SELECT id FROM object TABLESAMPLE bernoulli (10) REPEATABLE (3)",
    "SELECT substring(title FROM 1 FOR 2), trim(both 'x' FROM title), overlay(title PLACING 'x' FROM 1) FROM object",
    "SELECT sum(id) OVER (ORDER BY at RANGE '1 day' PRECEDING) FROM object",
    "SELECT sum(id) OVER (ORDER BY at ROWS 3 PRECEDING) FROM object",
    "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY year) FROM object",
    "SELECT json_value(doc, '$.a' RETURNING int DEFAULT 3 ON EMPTY) FROM object",
    "SELECT a FROM object, json_table(doc, '$[*]' COLUMNS (a int PATH '$')) AS j",
    "SELECT a FROM object, json_table(doc, '$[*]' PASSING 3 AS x COLUMNS (a int PATH '$' DEFAULT 3 ON EMPTY)) AS j",
    "INSERT INTO object (id, title) VALUES (1, 'a'), (2, 'b')",
    "INSERT INTO object (id) VALUES (2) ON CONFLICT (id) DO UPDATE SET title = 'x' WHERE object.year > 3",
    "UPDATE object SET tags[1] = 'x' WHERE id = 1",
    "MERGE INTO object USING (VALUES (1, 'x')) AS v (i, t) ON id = v.i WHEN MATCHED AND v.t = 'y' THEN DELETE",
    "MERGE INTO object USING artist AS a ON a.id = object.id WHEN NOT MATCHED THEN INSERT (id) VALUES (a.id + 1)",
    "DECLARE c CURSOR WITH HOLD FOR SELECT id FROM object WHERE id > 4",
    "FETCH 3 FROM c",
    "PREPARE p (int) AS SELECT title FROM object WHERE id = $1 AND year > 3",
    "EXECUTE p (5)",
    "WITH RECURSIVE t (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT n, o.id FROM t, object AS o",
    "SELECT id FROM object /* web */ WHERE id = 3 -- the tail",
    "SELECT id FROM object WHERE id = 1; SELECT year FROM object WHERE id = 2",
    "TABLE object",
    "DO $$ BEGIN PERFORM id FROM object WHERE id = 5; END $$",
    "SELECT set_config('a.b', 'c', false)",
)
SINCE = {"json_value": 17, "json_table": 17, "0x1F": 16}


@pytest.mark.usefixtures("museum")
def test_whatever_the_server_makes_of_constants_is_understood(counting: Cluster) -> None:
    with connected(counting, "museum") as connection:
        (version,) = connection.dialect.server_version_info[:1]  # type: ignore[index]
    for text in QUIRKS:
        if all(word not in text or version >= first for word, first in SINCE.items()):
            run(counting, "app", text) if "FETCH" not in text[:5] and "EXECUTE" not in text[:7] else None
    result = found(counting, role="app")
    assert [str(each) for each in result.unread] == []
    assert {column for _, column, _ in used(result)} >= {"id", "title", "year", "price", "at", "tags", "doc"}
    with connected(counting, "museum") as connection:
        texts = connection.exec_driver_sql('SELECT query FROM "Statistics".pg_stat_statements').scalars().all()
    assert any("/*, ... */" in text for text in texts) == (version >= 18)
    assert any("interval $" in text for text in texts)


@pytest.mark.usefixtures("museum")
def test_a_column_that_is_gone_is_named_with_the_statement(counting: Cluster) -> None:
    run(counting, "app", "SELECT note FROM object WHERE id = 1")
    with connected(counting, "museum") as connection:
        connection.exec_driver_sql("ALTER TABLE object RENAME COLUMN note TO notes")
    result = found(counting)
    (unread,) = result.unread
    assert str(unread) == (
        "pg_stat_statements: reads object.note, which does not exist; notes?, in "
        "'SELECT note FROM object WHERE id = $1' of role app"
    )


@pytest.mark.usefixtures("museum")
def test_texts_that_may_not_be_seen(counting: Cluster) -> None:
    run(counting, "app", "SELECT title FROM object", "SELECT year FROM object")
    run(counting, "nosy", "SELECT id FROM object")
    result = found(counting, reader="nosy")
    assert ("public.object", "id", "read") in used(result)
    assert ("public.object", "title", "read") not in used(result)
    said = re.sub(r"\d+", "N", "\n".join(map(str, result.unread)))
    assert said == (
        "pg_stat_statements: the texts of N statements of role app are hidden: `GRANT pg_read_all_stats TO nosy`"
    )
    with connected(counting) as connection:
        connection.exec_driver_sql("GRANT pg_read_all_stats TO nosy")
    try:
        assert ("public.object", "title", "read") in used(found(counting, reader="nosy"))
    finally:
        with connected(counting) as connection:
            connection.exec_driver_sql("REVOKE pg_read_all_stats FROM nosy")


@pytest.mark.usefixtures("museum")
def test_the_view_may_not_be_read(counting: Cluster) -> None:
    with connected(counting, "museum") as connection:
        connection.exec_driver_sql('REVOKE ALL ON "Statistics".pg_stat_statements FROM PUBLIC')
    with pytest.raises(CannotCheck, match=r"nosy may not read pg_stat_statements.*GRANT pg_read_all_stats TO nosy"):
        found(counting, reader="nosy")


@pytest.mark.usefixtures("museum")
def test_roles_that_are_not_there_or_did_nothing(counting: Cluster) -> None:
    with pytest.raises(CannotCheck, match="There is no role `reprot`; did you mean `report`"):
        found(counting, role="reprot")
    result = found(counting, role="report")
    assert result.uses == ()
    assert "pg_stat_statements has no statement of report that can be read." in result.notes


@pytest.mark.usefixtures("museum")
def test_seldom_statements_that_were_dropped_are_said(counting: Cluster) -> None:
    (since,) = [note for note in found(counting).notes if "counted since" in note]
    assert "left out to make room" not in since


def test_without_the_extension_or_its_library(connection: sa.Connection) -> None:
    asked = Asked(inputs=(), schema=observe(connection, None), server_version=180000, connection=connection)
    with pytest.raises(CannotCheck, match=r"does not have the extension.*CREATE EXTENSION pg_stat_statements.*--file"):
        statements.uses(asked)
    connection.exec_driver_sql("CREATE EXTENSION pg_stat_statements")
    with pytest.raises(CannotCheck, match=r"library is not loaded.*shared_preload_libraries.*restart.*--file"):
        statements.uses(asked)
    assert connection.exec_driver_sql("SELECT 1").scalar() == 1  # its transaction goes on


def test_without_a_database() -> None:
    asked = Asked(inputs=(), schema=observe_nothing(), server_version=180000)
    with pytest.raises(CannotCheck, match=r"is in the database: leave out --offline.*--file"):
        statements.uses(asked)


def observe_nothing():
    from alembic_contracts.schemas.schema import Schema

    return Schema()
