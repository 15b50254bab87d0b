"""What random scripts are made of: tables to start from, states of a database, what is not known, statements."""

from __future__ import annotations

SETUP = """
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE a (id int PRIMARY KEY, x text, y int);
CREATE TABLE b (id int, x text, a_id int REFERENCES a);
CREATE INDEX b_x ON b (x);
CREATE TABLE c (id int NOT NULL, x text, m mood);
CREATE TABLE r (n int, name text, ok boolean);
CREATE TABLE k (n int PRIMARY KEY, name text);
INSERT INTO k VALUES (1, 'c');
CREATE VIEW v AS SELECT id, x FROM a;
CREATE SCHEMA s;
CREATE TABLE s.b (id int, x text);
CREATE TABLE s.c (id int);
CREATE FUNCTION f() RETURNS boolean LANGUAGE sql AS 'SELECT EXISTS (SELECT FROM r)';
CREATE FUNCTION g(name text) RETURNS boolean LANGUAGE plpgsql AS
    'BEGIN EXECUTE format(''DROP TABLE IF EXISTS %I'', name); RETURN true; END';
CREATE FUNCTION h() RETURNS void LANGUAGE plpgsql AS
    'BEGIN IF f() THEN ALTER TABLE c DROP COLUMN IF EXISTS x; END IF; END';
CREATE FUNCTION partial(n bigint) RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN 1 / (n - 1); END';
"""
"""What an earlier revision makes."""

STATES: dict[str, str] = {
    "empty": "SELECT 1",
    "a row": "INSERT INTO r VALUES (1, 'b', true)",
    "rows": "INSERT INTO r VALUES (2, 'c', false), (3, NULL, NULL), (0, 'x', true)",
    "settings": "SELECT set_config('app.flag', 'on', true), set_config('app.name', 'b', true), "
    "set_config('app.n', '2', true)",
    "both": "INSERT INTO r VALUES (0, 'a', true), (4, 's', false); SELECT set_config('app.name', 'c', true); "
    "SELECT set_config('app.n', '1', true); INSERT INTO a VALUES (1, 'q', NULL); INSERT INTO b VALUES (1, 'q', 1); "
    "INSERT INTO c VALUES (1, NULL, 'ok')",
}
"""In what a database may be when the script comes: rows that an application wrote, settings that an operator made."""


# -- what is not known -------------------------------------------------------------------------------------------------

TRUTHS = (
    "random() < 2",
    "random() > 2",
    "now() > '2020-01-01'",
    "now() < '2020-01-01'",
    "EXISTS (SELECT FROM r)",
    "NOT EXISTS (SELECT FROM r WHERE ok)",
    "(SELECT count(*) FROM r) > 1",
    "(SELECT bool_or(ok) FROM r)",
    "current_setting('app.flag', true) = 'on'",
    "pg_relation_size('r') = 0",
    "current_user = 'postgres'",
    "has_table_privilege('r', 'SELECT')",
    "f()",
    "pg_backend_pid() > 0",
    "(SELECT max(n) FROM r) IS NULL",
    "EXISTS (SELECT FROM pg_roles WHERE rolname = 'pg_monitor')",
    "current_setting('work_mem') = '4MB'",
    "'b' IN (SELECT name FROM r)",
    "extract(year FROM current_date) > 2020",
)
CATALOG = (
    "to_regclass('v') IS NOT NULL",
    "to_regclass('b') IS NULL",
    "EXISTS (SELECT FROM information_schema.columns WHERE table_name = 'c' AND column_name = 'x')",
    "EXISTS (SELECT FROM pg_class WHERE relname = 'c2')",
    "(SELECT count(*) FROM pg_class WHERE relname IN ('b', 'c') AND relkind = 'r') = 3",
    "EXISTS (SELECT FROM pg_type WHERE typname = 'kind')",
    "EXISTS (SELECT FROM pg_indexes WHERE indexname = 'b_x')",
    "(SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public') > 6",
    "current_schema() = 's'",
    "EXISTS (SELECT FROM k WHERE n = 1)",
)
"""What an ordinary script asks, and what follows from the scripts as long as nothing unknown came before."""
NUMBERS = (
    "(SELECT count(*) FROM r)",
    "(random() * 0)::int",
    "(SELECT max(n) FROM r)",
    "coalesce(nullif(current_setting('app.n', true), ''), '0')::int",
    "(SELECT count(*) FROM k)",
    "pg_backend_pid() * 0 + 1",
    "length(current_user)",
)
TEXTS = (
    "(SELECT name FROM r ORDER BY n LIMIT 1)",
    "current_setting('app.name', true)",
    "coalesce(nullif(current_setting('app.name', true), ''), 'b')",
    "left('c' || current_user, 1)",
    "to_char(now(), '\"b\"')",
    "coalesce((SELECT min(name) FROM r), 'c')",
    "CASE WHEN random() < 2 THEN 'b' ELSE 'c' END",
    "(SELECT max(name) FROM k)",
)

PARTIAL = (
    "1 / {number}",
    "10 % {number}::int",
    "{value}::int",
    "(SELECT n FROM r)",
    "chr((1 - {number})::int)",
    "{value}::regclass",
    "{value}::date",
    "{value}::json",
    "'public.'::text || {value}::regclass",
    "to_date({value}, 'YYYY')",
    "sqrt(0 - {number})",
    "ln({number})",
    "substring({value} from 1 for (0 - {number})::int)",
    "2147483647 + {number}::int",
    "set_config({value}, 'a', true)",
    "nextval({value})",
    "current_setting({value})",
    "lpad({value}, {number}::int)::numeric",
    "(CASE WHEN {truth} THEN '1' ELSE 'x' END)::int",
    "ARRAY[[1]] || ARRAY[{number}::int]",
    "lower({value})",
    "{value} || 'x'",
    "length({value})",
    "{truth}",
    "format('%s', {value})",
    "coalesce({value}, 'x')",
)
"""Expressions most of which have no result for some values."""
HANDLED = (
    "OTHERS", "OTHERS", "data_exception", "division_by_zero", "invalid_text_representation", "cardinality_violation",
    "null_value_not_allowed", "undefined_table", "no_data_found", "case_not_found", "numeric_value_out_of_range",
    "undefined_object OR raise_exception", "SQLSTATE '22000'",
)  # fmt: skip
"""Conditions of exception handlers."""

# -- ordinary statements -----------------------------------------------------------------------------------------------

DDL = (
    "DROP TABLE b",
    "DROP TABLE IF EXISTS b",
    "DROP TABLE c",
    "DROP TABLE IF EXISTS c2",
    "DROP TABLE b CASCADE",
    "DROP TABLE a CASCADE",
    "DROP VIEW v",
    "DROP VIEW IF EXISTS v",
    "ALTER TABLE a DROP COLUMN x",
    "ALTER TABLE a DROP COLUMN IF EXISTS x CASCADE",
    "ALTER TABLE c DROP COLUMN x",
    "ALTER TABLE c DROP COLUMN m",
    "ALTER TABLE b DROP COLUMN a_id",
    "ALTER TABLE b RENAME TO b2",
    "ALTER TABLE c RENAME TO c2",
    "ALTER TABLE c2 RENAME TO c",
    "ALTER TABLE a RENAME COLUMN x TO z",
    "ALTER TABLE c RENAME COLUMN x TO z",
    "ALTER TABLE b ADD COLUMN z int",
    "ALTER TABLE c ADD COLUMN IF NOT EXISTS z text",
    "ALTER TABLE c ADD COLUMN kind kind",
    "ALTER TABLE a ALTER COLUMN y TYPE bigint",
    "ALTER TABLE a ALTER COLUMN x TYPE varchar(20)",
    "ALTER TABLE a ALTER COLUMN y SET NOT NULL",
    "ALTER TABLE c ALTER COLUMN id DROP NOT NULL",
    "ALTER TABLE c ADD UNIQUE (x)",
    "ALTER TABLE b SET SCHEMA s",
    "ALTER TABLE s.c SET SCHEMA public",
    "CREATE TABLE c2 (id int)",
    "CREATE TABLE IF NOT EXISTS b (id int)",
    "CREATE TABLE b (id int)",
    "CREATE TABLE d AS SELECT x FROM b",
    "CREATE TABLE d (LIKE c)",
    "CREATE VIEW w AS SELECT x FROM b",
    "CREATE VIEW w AS SELECT * FROM v",
    "CREATE OR REPLACE VIEW v AS SELECT id, x, y FROM a",
    "CREATE TYPE kind AS ENUM ('one')",
    "DROP TYPE IF EXISTS kind",
    "DROP TYPE mood CASCADE",
    "DROP INDEX b_x",
    "CREATE INDEX IF NOT EXISTS b_x ON c (x)",
    "SET search_path = s, public",
    "DROP SCHEMA s CASCADE",
    "TRUNCATE r",
    "DELETE FROM k",
    "INSERT INTO r VALUES (7, 'c', true)",
    "UPDATE k SET name = 'b'",
    "INSERT INTO k VALUES (2, 'q')",
    "COMMENT ON TABLE c IS 'said'",
    "DROP FUNCTION h()",
)
OF_VALUES = (
    "DROP TABLE IF EXISTS {}",
    "DROP TABLE {}",
    "ALTER TABLE {} DROP COLUMN IF EXISTS x",
    "ALTER TABLE {} RENAME TO c2",
    "ALTER TABLE b RENAME TO {}2",
    "ALTER TABLE c ADD COLUMN {} int",
    "CREATE VIEW w AS SELECT * FROM {}",
    "SET search_path = {}, public",
    "DROP INDEX IF EXISTS {}_x",
    "CREATE TYPE kind AS ENUM ('{}')",
    "ALTER TABLE c ALTER COLUMN x SET DEFAULT '{}'",
    "CREATE TABLE {}2 (id int)",
)
"""Statements with a name or text in them that is not known."""


OPERATIONS = (
    'op.drop_table("b")',
    'op.drop_column("c", "x")',
    'op.drop_column("a", "x")',
    'op.rename_table("c", "c2")',
    'op.create_index("b_x", "c", ["x"], if_not_exists=True)',
    'op.alter_column("a", "y", nullable=False)',
    'op.create_table("c2", sa.Column("id", sa.Integer))',
)


PRELUDE = """
def ask(query, **values):
    return op.get_bind().execute(sa.text(query), values).scalar()


def all_of(query):
    return op.get_bind().execute(sa.text(query)).fetchall()


def columns_of(table):
    inspector = sa.inspect(op.get_bind())
    return inspector.get_columns(table) if inspector.has_table(table) else []


def has_index(table, name):
    inspector = sa.inspect(op.get_bind())
    return inspector.has_table(table) and any(each["name"] == name for each in inspector.get_indexes(table))
"""
"""Helpers that the scripts use."""
