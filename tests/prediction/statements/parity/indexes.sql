=== names
CREATE TABLE t (a int, b text, c jsonb, d timestamptz);
---
CREATE INDEX ON t (a);
CREATE INDEX ON t (a);
CREATE INDEX ON t (a, b DESC NULLS LAST);
CREATE INDEX ON t (lower(b));
CREATE INDEX ON t ((a + 1));
CREATE INDEX ON t ((a + 1), (a + 2), lower(b));
CREATE INDEX ON t ((c ->> 'x'));
CREATE INDEX ON t (coalesce(b, 'x'));
CREATE INDEX ON t ((b::varchar(3)));
CREATE INDEX ON t ((CASE WHEN a > 1 THEN b END));
CREATE INDEX ON t (a, a);
CREATE INDEX ON t USING gin (c);
CREATE INDEX ON t USING hash (b);
CREATE INDEX ON t (b varchar_pattern_ops, b COLLATE "C");
CREATE UNIQUE INDEX u ON t (a) INCLUDE (b) WHERE a > 0;
CREATE INDEX named ON t (a);
CREATE INDEX named ON t (b);
CREATE INDEX IF NOT EXISTS named ON t (b);
CREATE INDEX ON t (nothing);
CREATE INDEX ON t (lower(nothing));
CREATE INDEX ON t (a) WHERE nothing > 1;
CREATE INDEX ON t (a) INCLUDE (nothing);
CREATE INDEX ON nothing (a);
CREATE INDEX x ON nowhere.t (a);
CREATE INDEX ON t (nothing(a));

=== columns in parentheses
CREATE TABLE t (a int, b text, c varchar(10), "D" text);
---
CREATE INDEX ON t ((a));
CREATE INDEX ON t (((a)));
CREATE INDEX ON t ((t.a));
CREATE INDEX ON t ((public.t.a));
CREATE INDEX ON t ((b COLLATE "C"));
CREATE INDEX ON t (((b COLLATE "C") COLLATE "POSIX"));
CREATE INDEX ON t ((b) COLLATE "C");
CREATE INDEX ON t ((a::int));
CREATE INDEX ON t ((b::text));
CREATE INDEX ON t ((CAST(b AS text) COLLATE "C"));
CREATE INDEX ON t ((c::text));
CREATE INDEX ON t ((c::varchar));
CREATE INDEX ON t ((c::varchar(10)));
CREATE INDEX ON t ((c::varchar(11)));
CREATE INDEX ON t ((a::bigint));
CREATE INDEX ON t (("D"));
CREATE INDEX ON t ((b) DESC, (a) NULLS FIRST);
CREATE UNIQUE INDEX u ON t ((a)) INCLUDE (b) WHERE (a) > 0;
CREATE INDEX ON t ((t));
CREATE INDEX ON t ((ctid));
CREATE INDEX ON t (ctid);
CREATE INDEX ON t ((tableoid));
CREATE INDEX ON t ((nothing));
CREATE INDEX ON t ((other.a));
CREATE INDEX ON t ((b) varchar_pattern_ops);
ALTER TABLE t RENAME a TO e;

=== columns in parentheses that go away
CREATE TABLE t (a int, b text, c text);
CREATE INDEX ON t ((a));
CREATE INDEX ON t ((t.b), c);
ALTER TABLE t DROP COLUMN a;
ALTER TABLE t DROP COLUMN b;

=== columns in parentheses as keys
CREATE TABLE t (a int NOT NULL, b text NOT NULL, c int);
CREATE UNIQUE INDEX one ON t ((t.a));
CREATE TABLE r (z int REFERENCES t (a));
ALTER TABLE t ADD CONSTRAINT k UNIQUE USING INDEX one;
CREATE UNIQUE INDEX two ON t ((b) DESC);
ALTER TABLE t ADD CONSTRAINT l UNIQUE USING INDEX two;
CREATE UNIQUE INDEX three ON t (b text_pattern_ops);
ALTER TABLE t ADD CONSTRAINT m UNIQUE USING INDEX three;
CREATE UNIQUE INDEX four ON t ((c));
ALTER TABLE t REPLICA IDENTITY USING INDEX four;

=== casts that forget a length
CREATE TABLE t (a varchar(10), b numeric(5, 2), c char(3), d timestamp(3), e varchar(5)[], f text);
---
CREATE INDEX ON t ((a::varchar), (b::numeric), (c::bpchar), (c::char(3)), (d::timestamp), (e::varchar[]), (f::text));
CREATE INDEX ON t (((a::varchar)::varchar(10)), (a::varchar(10)), (a::text));
ALTER TABLE t ADD CHECK (a::varchar > 'x'), ADD CHECK (b::numeric > 1), ADD CHECK (c::bpchar > 'y');
ALTER TABLE t ADD CHECK (d::timestamp > '2000-01-01'), ADD CHECK (c::char(3) > 'y'), ADD CHECK (f::text > '');
ALTER TABLE t ADD CHECK (coalesce(a, a)::varchar > 'x'), ADD CHECK (greatest(b, b)::numeric > 1);
ALTER TABLE t ADD CHECK ((CASE WHEN b > 1 THEN a::varchar ELSE a END) > 'x'), ADD CHECK (length(a::varchar) > 1);

=== on other kinds
CREATE TABLE t (a int);
CREATE VIEW v AS SELECT a FROM t;
CREATE MATERIALIZED VIEW m AS SELECT a FROM t;
CREATE SEQUENCE s;
---
CREATE INDEX ON v (a);
CREATE UNIQUE INDEX ON m (a);
CREATE INDEX ON s (last_value);
CREATE SCHEMA other;
CREATE TABLE other.t (a int);
CREATE INDEX i ON other.t (a);
CREATE INDEX i ON t (a);
DROP INDEX other.i;

=== reindex, cluster, vacuum
CREATE TABLE t (a int PRIMARY KEY);
REINDEX TABLE t;
REINDEX INDEX t_pkey;
CLUSTER t USING t_pkey;
ANALYZE t;
VACUUM t;
BEGIN;
REINDEX TABLE t;
ANALYZE t;
VACUUM t;
ROLLBACK;
BEGIN;
REINDEX TABLE CONCURRENTLY t;
ROLLBACK;
REINDEX TABLE nothing;
ANALYZE nothing;

=== long names
CREATE TABLE a_table_with_a_name_that_is_as_long_as_it_may_be_in_postgresql (a_column_with_a_long_name int, another_column_with_a_long_name int);
CREATE INDEX ON a_table_with_a_name_that_is_as_long_as_it_may_be_in_postgresql (a_column_with_a_long_name, another_column_with_a_long_name);
CREATE INDEX ON a_table_with_a_name_that_is_as_long_as_it_may_be_in_postgresql (a_column_with_a_long_name, another_column_with_a_long_name);
CREATE INDEX an_index_with_a_name_that_is_longer_than_sixty_three_bytes_which_is_cut ON a_table_with_a_name_that_is_as_long_as_it_may_be_in_postgresql (a_column_with_a_long_name);
