# ruff: noqa: E501, ICN001 - one statement a line
"""Queries of version scripts: what can be answered is answered as PostgreSQL would, all else is said to be unknown."""

import datetime
import decimal
import uuid

import pytest
import sqlalchemy as sa

from tests.support.recorded import recorded

SCHEMA = """
CREATE SCHEMA s;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TYPE s.size AS ENUM ('small');
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE SEQUENCE lone;
CREATE TABLE author (id serial PRIMARY KEY, name varchar(50) NOT NULL, email text UNIQUE);
CREATE TABLE book (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    author_id integer REFERENCES author (id) ON DELETE CASCADE,
    title text NOT NULL DEFAULT 'x',
    price numeric(8, 2),
    at timestamp(3) with time zone,
    mood mood,
    tags text[],
    CONSTRAINT book_price CHECK (price > 0)
);
CREATE INDEX ix_title ON book (title);
CREATE UNIQUE INDEX ix_part ON book (title, price) WHERE price > 5;
CREATE TABLE s.note (id integer, body text, CONSTRAINT uq_note UNIQUE (id, body));
CREATE VIEW titles AS SELECT title FROM book;
CREATE MATERIALIZED VIEW stored AS SELECT title FROM book;
COMMENT ON TABLE book IS 'Books';
COMMENT ON COLUMN book.title IS 'Its title';
"""

SAME_AS_POSTGRESQL = """
SELECT 1
SELECT 1 AS one, 'a' || 'b' AS two, NULL AS three, 1 + 2 * 3
SELECT current_schema()
SELECT current_schema
SELECT current_schemas(false)
SHOW search_path
SHOW server_version_num
SELECT current_setting('server_version_num')::int >= 140000
SELECT setting FROM pg_settings WHERE name = 'server_version_num'
SELECT name, unit FROM pg_settings WHERE name IN ('statement_timeout', 'lock_timeout') ORDER BY 1
SELECT to_regclass('author')
SELECT to_regclass('public.author')
SELECT to_regclass('s.note')
SELECT to_regclass('missing')
SELECT to_regclass('public.missing') IS NULL
SELECT to_regclass('ix_title') IS NOT NULL
SELECT to_regclass('author_id_seq') IS NOT NULL
SELECT to_regtype('mood') IS NOT NULL, to_regtype('missing') IS NULL
SELECT 'author'::regclass::text, 's.note'::regclass::text
SELECT EXISTS (SELECT 1 FROM information_schema.tables WHERE table_name = 'book')
SELECT EXISTS (SELECT FROM information_schema.tables WHERE table_schema = 'public' AND table_name = 'missing')
SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY table_name
SELECT table_name, table_type FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1
SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'
SELECT column_name FROM information_schema.columns WHERE table_name = 'book' ORDER BY ordinal_position
SELECT column_name, data_type, is_nullable, udt_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = 'book' ORDER BY ordinal_position
SELECT column_name, character_maximum_length, numeric_precision, numeric_scale, datetime_precision FROM information_schema.columns WHERE table_name IN ('author', 'book') ORDER BY table_name, ordinal_position
SELECT column_name, is_identity, identity_generation FROM information_schema.columns WHERE table_name = 'book' AND is_identity = 'YES'
SELECT 1 FROM information_schema.columns WHERE table_name = 'book' AND column_name = 'missing'
SELECT data_type FROM information_schema.columns WHERE table_name = 'author' AND column_name = 'name'
SELECT column_default FROM information_schema.columns WHERE table_name = 'author' AND column_name = 'name'
SELECT column_name FROM information_schema.columns WHERE table_name = 'author' AND column_name LIKE '%ma%' ORDER BY 1
SELECT column_name FROM information_schema.columns WHERE table_name = 'author' AND column_name ILIKE 'E%'
SELECT c.column_name FROM information_schema.columns c WHERE c.table_name = 'note' AND c.table_schema = 's' ORDER BY 1
SELECT column_name FROM information_schema.columns WHERE table_name = 'note' AND table_schema = current_schema()
SELECT count(*) FROM information_schema.columns WHERE table_name = 'missing'
SELECT column_name FROM information_schema.columns WHERE 'author' = table_name ORDER BY 1
SELECT column_name FROM information_schema.columns WHERE table_name = 'author'::varchar AND column_name = 'id'::text
SELECT column_name FROM information_schema.columns WHERE table_name = 'author' AND table_name = 'book'
SELECT t.table_name, c.column_name FROM information_schema.tables t LEFT JOIN information_schema.columns c ON c.table_name = t.table_name AND c.column_name = 'email' WHERE t.table_schema = 'public' AND t.table_name = 'author'
SELECT t.table_name, c.column_name FROM information_schema.tables t LEFT JOIN information_schema.columns c ON c.table_name = t.table_name AND c.column_name = 'email' WHERE t.table_schema = 'public' AND t.table_name = 'book'
SELECT count(*) FROM pg_index WHERE indexrelid = to_regclass('ix_title')
SELECT count(*) FROM pg_class WHERE oid = to_regclass('missing')
SELECT table_name FROM information_schema.tables WHERE lower(table_name) = 'book' AND 1 = 1
SELECT count(*) FROM book WHERE length(title) = 3
SELECT count(*) FROM book WHERE (price > 1) = true
SELECT constraint_name FROM information_schema.table_constraints WHERE table_name = 'book' AND constraint_type = 'FOREIGN KEY'
SELECT constraint_name, constraint_type FROM information_schema.table_constraints WHERE table_name = 'author' AND constraint_type <> 'CHECK' ORDER BY 1
SELECT kcu.column_name FROM information_schema.table_constraints tc JOIN information_schema.key_column_usage kcu ON tc.constraint_name = kcu.constraint_name AND tc.table_schema = kcu.table_schema WHERE tc.constraint_type = 'PRIMARY KEY' AND tc.table_name = 'author'
SELECT tc.constraint_name, kcu.column_name, ccu.table_name, ccu.column_name AS foreign_column FROM information_schema.table_constraints AS tc JOIN information_schema.key_column_usage AS kcu USING (constraint_schema, constraint_name) JOIN information_schema.constraint_column_usage AS ccu ON ccu.constraint_name = tc.constraint_name WHERE tc.constraint_type = 'FOREIGN KEY' AND tc.table_name = 'book'
SELECT delete_rule, update_rule, unique_constraint_name FROM information_schema.referential_constraints WHERE constraint_name = 'book_author_id_fkey'
SELECT schema_name FROM information_schema.schemata WHERE schema_name = 's'
SELECT schema_name FROM information_schema.schemata WHERE schema_name = 'missing'
SELECT table_name FROM information_schema.views WHERE table_schema = 'public'
SELECT sequence_name FROM information_schema.sequences WHERE sequence_schema = 'public' ORDER BY 1
SELECT domain_name, data_type FROM information_schema.domains WHERE domain_schema = 'public'
SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename
SELECT tablename FROM pg_catalog.pg_tables WHERE schemaname = 'public' AND tablename = ANY(ARRAY['book', 'x'])
SELECT indexname FROM pg_indexes WHERE tablename = 'book' ORDER BY 1
SELECT 1 FROM pg_indexes WHERE schemaname = 'public' AND indexname = 'ix_title'
SELECT indexdef FROM pg_indexes WHERE indexname = 'ix_title'
SELECT viewname FROM pg_views WHERE schemaname = 'public'
SELECT matviewname FROM pg_matviews
SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' ORDER BY 1
SELECT typname FROM pg_type WHERE typname = 'mood'
SELECT 1 FROM pg_type WHERE typname = 'missing'
SELECT 1 FROM pg_type WHERE typname = 'int4'
SELECT EXISTS (SELECT 1 FROM pg_type WHERE typname = 'mood' AND typtype = 'e')
SELECT e.enumlabel FROM pg_enum e JOIN pg_type t ON e.enumtypid = t.oid WHERE t.typname = 'mood' ORDER BY e.enumsortorder
SELECT enumlabel FROM pg_enum WHERE enumtypid = 'mood'::regtype ORDER BY enumsortorder
SELECT enumlabel FROM pg_enum WHERE enumtypid = (SELECT oid FROM pg_type WHERE typname = 'mood') ORDER BY 1
SELECT n.nspname, t.typname FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typtype IN ('e', 'd') AND n.nspname IN ('public', 's') ORDER BY 2
SELECT conname FROM pg_constraint WHERE conrelid = 'book'::regclass AND contype = 'c'
SELECT conname, contype FROM pg_constraint WHERE conrelid = 'book'::regclass AND contype <> 'n' ORDER BY conname
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'book_author_id_fkey'
SELECT pg_get_constraintdef(c.oid) FROM pg_constraint c WHERE c.conname = 'uq_note'
SELECT c.conname FROM pg_constraint c JOIN pg_class t ON c.conrelid = t.oid JOIN pg_namespace n ON n.oid = t.relnamespace WHERE t.relname = 'note' AND n.nspname = 's' AND c.contype = 'u'
SELECT con.conname, array_agg(att.attname ORDER BY att.attnum) FROM pg_constraint con JOIN pg_attribute att ON att.attrelid = con.conrelid AND att.attnum = ANY(con.conkey) WHERE con.conrelid = 's.note'::regclass AND con.contype = 'u' GROUP BY con.conname
SELECT relname FROM pg_class WHERE relname = 'book' AND relkind = 'r'
SELECT relkind FROM pg_class WHERE relname IN ('book', 'titles', 'stored', 'ix_title', 'lone') ORDER BY relname
SELECT c.relname FROM pg_class c LEFT JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 's' AND c.relkind = 'r'
SELECT count(*) FROM pg_class c, pg_namespace n WHERE c.relnamespace = n.oid AND n.nspname = 'public' AND c.relkind = 'r'
SELECT attname FROM pg_attribute WHERE attrelid = 'author'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum
SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull FROM pg_attribute a WHERE a.attrelid = to_regclass('book') AND a.attnum > 0 ORDER BY a.attnum
SELECT i.relname, ix.indisunique, ix.indisprimary FROM pg_index ix JOIN pg_class i ON i.oid = ix.indexrelid WHERE ix.indrelid = 'book'::regclass ORDER BY 1
SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey) WHERE i.indrelid = 'author'::regclass AND i.indisprimary
SELECT nspname FROM pg_namespace WHERE nspname = 's'
SELECT pg_get_serial_sequence('author', 'id')
SELECT pg_get_serial_sequence('author', 'name')
SELECT obj_description('book'::regclass)
SELECT col_description('book'::regclass, 3)
SELECT d.description FROM pg_description d JOIN pg_class c ON c.oid = d.objoid WHERE c.relname = 'book' AND d.objsubid = 0
SELECT datname FROM pg_database WHERE datname = current_database()
SELECT pg_table_is_visible('book'::regclass)
SELECT CASE WHEN EXISTS (SELECT 1 FROM pg_class WHERE relname = 'book') THEN 'yes' ELSE 'no' END
SELECT coalesce(to_regclass('missing')::text, 'none')
SELECT upper('a'), lower('B'), length('abc'), substring('abcdef', 2, 3), replace('aba', 'a', 'c'), split_part('a,b', ',', 2)
SELECT concat('a', NULL, 1), concat_ws('-', 'a', NULL, 'b'), format('%I.%L', 'My', 'x'), quote_ident('My'), md5('a')
SELECT 7 / 2, -7 / 2, 7 % 3, 2.5 * 2, abs(-3), greatest(1, 5, 3), least(2, 1), nullif(1, 1)
SELECT 'abc' LIKE 'a%', 'abc' NOT LIKE '%d', 'ABC' ILIKE 'a_c', 'abc' ~ '^a', 'abc' !~ 'x', 3 BETWEEN 1 AND 5, 1 IN (1, 2), 1 NOT IN (1, 2)
SELECT NULL = 1, NULL IS NULL, (1 = 1) IS TRUE, NOT (1 = 2), NULL OR TRUE, NULL AND FALSE, 1 IS DISTINCT FROM NULL
SELECT '{"a": [1, 2]}'::jsonb -> 'a', '{"a": "x"}'::json ->> 'a', jsonb_array_length('[1, 2]'::jsonb), jsonb_typeof('{}'::jsonb)
SELECT ARRAY[1, 2, 3], (ARRAY[1, 2])[1], array_length(ARRAY[1, 2], 1), array_to_string(ARRAY['a', 'b'], ',')
SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS v (n, t) WHERE n > 1
SELECT n * 2 FROM generate_series(1, 3) AS n
SELECT unnest(ARRAY['a', 'b'])
SELECT x FROM unnest(ARRAY[3, 1, 2]) AS x ORDER BY x DESC LIMIT 2 OFFSET 1
SELECT 1 UNION SELECT 2 UNION SELECT 1 ORDER BY 1
SELECT 1 UNION ALL SELECT 1
SELECT t FROM (SELECT 1 AS t UNION SELECT 2) AS q EXCEPT SELECT 2
WITH a AS (SELECT 1 AS n), b AS (SELECT n + 1 AS m FROM a) SELECT n, m FROM a, b
SELECT DISTINCT table_schema FROM information_schema.tables WHERE table_schema IN ('public', 's') ORDER BY 1
SELECT table_schema, count(*) FROM information_schema.tables WHERE table_schema IN ('public', 's') GROUP BY table_schema ORDER BY 2 DESC
SELECT string_agg(column_name, ', ' ORDER BY ordinal_position) FROM information_schema.columns WHERE table_name = 'author'
SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' GROUP BY table_name HAVING count(*) > 3
SELECT count(*), max(id), min(name), sum(id), bool_and(true) FROM author
SELECT count(*) FROM book WHERE title = 'x'
SELECT pg_advisory_xact_lock(1) IS NULL
SELECT now() IS NOT NULL, gen_random_uuid() IS NULL
INSERT INTO author (name, email) VALUES ('A', 'a@x'), ('B', NULL) RETURNING id, name
INSERT INTO book (author_id, title) SELECT id, name FROM author ORDER BY id RETURNING title, price, mood
SELECT a.name, b.title FROM author a JOIN book b ON b.author_id = a.id WHERE a.email IS NOT NULL
SELECT a.name, b.id IS NULL FROM author a LEFT JOIN book b ON b.author_id = a.id AND b.title = 'A' ORDER BY a.name
UPDATE author SET name = name || '!', email = lower('C@X') WHERE id = 2 RETURNING name, email
SELECT name FROM author WHERE id IN (SELECT author_id FROM book) ORDER BY 1
SELECT (SELECT count(*) FROM book b WHERE b.author_id = a.id) FROM author a ORDER BY a.id
SELECT title FROM titles ORDER BY title
DELETE FROM book WHERE title = 'A' RETURNING *
SELECT count(*) FROM book
INSERT INTO book DEFAULT VALUES RETURNING title
TRUNCATE book
SELECT count(*) FROM titles
"""
"""One statement a line; the later ones build on each other."""


def statements():
    return [line for line in SAME_AS_POSTGRESQL.splitlines() if line.strip()]


def test_answers_are_those_of_postgresql(connection):
    for statement in SCHEMA.split(";\n"):
        if statement.strip():
            connection.exec_driver_sql(statement)
    version = int(connection.scalar(sa.text("SHOW server_version_num")))
    name = connection.scalar(sa.text("SELECT current_database()"))
    ours = recorded(database=name, server_version=version, search_path=("$user", "public"))
    for statement in SCHEMA.split(";\n"):
        if statement.strip():
            ours.rows(statement)
    different = {}
    for statement in statements():
        result = connection.exec_driver_sql(statement.replace("%", "%%"))
        expected = [tuple(row) for row in result] if result.returns_rows else result.rowcount
        got = ours.rows(statement)
        if isinstance(expected, list) and "ORDER BY" not in statement:
            got, expected = sorted(got, key=repr), sorted(expected, key=repr)
        if got != expected or ours.doubts:
            different[statement] = (got, expected, list(ours.doubts))
            ours.doubts.clear()
    assert different == {}


UNKNOWN = [
    "SELECT current_user = session_user",
    "SHOW standard_conforming_strings",
    "SELECT setting FROM pg_settings WHERE name = 'statement_timeout'",
    "SELECT has_table_privilege('t', 'SELECT')",
    "SELECT ARRAY['a'] || 'b'::text",
    "SELECT nextval('lone')",
    "SELECT version() LIKE 'PostgreSQL%'",
    "SELECT now()",
    "SELECT pg_relation_size('t') = 0",
    "SELECT random()",
    "SELECT current_setting('is_superuser')",
    "SELECT unheard_of(1)",
    "SELECT tgname FROM pg_trigger",
    "SELECT setting FROM pg_settings WHERE name = 'some.setting'",
    "SELECT xmlparse(DOCUMENT '<a/>')",
    "SHOW some_setting",
    "EXPLAIN SELECT 1",
    "SELECT 1 FROM pg_available_extensions WHERE name = 'postgis'",
]


@pytest.mark.parametrize("sql", UNKNOWN)
def test_what_is_not_known_is_said_once_somebody_looks(sql):
    recorder = recorded(
        "CREATE FUNCTION unheard_of(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1';"
        "CREATE TABLE t (id integer); CREATE SEQUENCE lone"
    )
    result = recorder.connection.execute(sa.text(sql))
    assert recorder.doubts == []
    for row in result.fetchall():
        assert row[0] != "anything"
    assert set(recorder.doubts)
    assert len(set(recorder.doubts)) == 1


def test_what_is_not_known_can_be_carried_about_and_be_bound_again():
    recorder = recorded("CREATE TABLE t (id integer, at timestamptz)")
    now = recorder.connection.scalar(sa.text("SELECT now()"))
    recorder.rows("INSERT INTO t VALUES (1, :now)", now=now)
    assert recorder.doubts == []
    assert recorder.rows("SELECT id FROM t") == [(1,)]
    assert recorder.doubts == []
    ((at,),) = recorder.rows("SELECT at FROM t")
    assert recorder.doubts == []
    assert bool(at)
    assert len(recorder.doubts) == 1


def test_rows_that_were_inserted_are_of_their_columns_types():
    recorder = recorded(
        "CREATE TABLE g (id bigint, v integer, b boolean DEFAULT 'f', n numeric(8, 2), d date, u uuid, j jsonb, x float8,"
        " s varchar(5), a integer[])"
    )
    recorder.rows(
        "INSERT INTO g (id, v, n, d, u, j, x, s, a) VALUES (1, '1', '1.5', '2020-01-02',"
        " '00000000-0000-0000-0000-000000000001', '{\"k\": 1}', '2', 7, '{1,2}')"
    )
    expected = (
        1, 1, False, decimal.Decimal("1.50"), datetime.date(2020, 1, 2), uuid.UUID(int=1), {"k": 1}, 2.0, "7", [1, 2],
    )  # fmt: skip
    (row,) = recorder.rows("SELECT * FROM g")
    assert row == expected
    assert str(row[3]) == "1.50"
    assert [type(value) for value in row] == [type(value) for value in expected]
    assert recorder.doubts == []


def test_extensions_are_known_only_where_all_of_them_are():
    assert recorded().rows("SELECT extname FROM pg_extension") == [("plpgsql",)]
    recorder = recorded(complete=False)
    assert recorder.rows("SELECT 1 FROM pg_extension WHERE extname = 'pgcrypto'") == []
    assert len(recorder.doubts) == 1


def test_errors_in_values_fail_the_transaction():
    recorder = recorded()
    with pytest.raises(sa.exc.ProgrammingError, match='relation "missing" does not exist'):
        recorder.rows("SELECT 'missing'::regclass")
    with pytest.raises(sa.exc.InternalError, match="current transaction is aborted"):
        recorder.rows("SELECT 1")
