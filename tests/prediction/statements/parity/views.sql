=== columns and their types
CREATE TYPE e AS ENUM ('x');
CREATE DOMAIN d AS int;
CREATE TABLE t (id int PRIMARY KEY, a varchar(20), n numeric(10,2), b boolean, ts timestamp(3), j jsonb, arr text[], e e, d d, big bigint, f float8, txt text, c text COLLATE "C");
CREATE TABLE u (t int REFERENCES t, name text, id int);
---
CREATE VIEW plain AS SELECT id, a, n AS amount, t.ts, t.e FROM t;
CREATE VIEW star AS SELECT * FROM t;
CREATE VIEW qualified AS SELECT x.*, u.name FROM t x JOIN u ON u.t = x.id;
CREATE VIEW casts AS SELECT id::text, a::varchar(5) AS five, n::int, '3'::bigint AS lit, CAST(ts AS date) AS day, id::float8 AS "F" FROM t;
CREATE VIEW literals AS SELECT 1 AS i, 'x' AS s, 1.5 AS n, true AS b, NULL AS nothing, 3000000000 AS big, 99999999999999999999 AS huge;
CREATE VIEW aggregates AS SELECT count(*), count(a) AS c, sum(id) AS s, sum(n) AS sn, avg(id) AS av, max(a) AS m, min(ts) AS mi, array_agg(a) AS aa, string_agg(a, ',') AS sa, bool_or(b) AS bo, sum(big) AS sb, max(e) AS me, jsonb_agg(a) AS ja FROM t;
CREATE VIEW functions AS SELECT lower(a) AS l, length(a) AS le, now() AS n, coalesce(a, 'x') AS co, coalesce(txt, a) AS co2, concat(a, id) AS cc, round(n, 1) AS r, abs(id) AS ab, date_trunc('month', ts) AS dt, extract(year FROM ts) AS ex, nullif(id, 3) AS nu, greatest(id, big) AS g, to_char(ts, 'YYYY') AS tc, substring(a, 1, 3) AS su, array_length(arr, 1) AS al, jsonb_array_length(j) AS jl, current_date AS cd, current_user AS cu, row_number() OVER (ORDER BY id) AS rn, gen_random_uuid() AS uu, trim(a) AS tr, position('x' IN a) AS po FROM t;
CREATE VIEW operators AS SELECT id + 1 AS p, id + big AS pb, n * 2 AS m, id / 2 AS di, a || 'x' AS c, id > 3 AS gt, a LIKE 'x%' AS li, b AND true AS an, a IS NULL AS nu, id IN (1, 2) AS i, id BETWEEN 1 AND 2 AS be, -id AS ne, j -> 'a' AS ja, j ->> 'a' AS jt, ts + interval '1 day' AS td, ts - ts AS tt, arr || 'x'::text AS ar, NOT b AS nb, f * id AS fi, d + 1 AS dp, arr[1] AS el, ts::date - current_date AS dd FROM t;
CREATE VIEW cases AS SELECT CASE WHEN b THEN a ELSE 'x' END AS c, CASE id WHEN 1 THEN 1 ELSE 2.5 END AS n, CASE WHEN b THEN e END AS e, CASE WHEN b THEN a END AS a FROM t;
CREATE VIEW subqueries AS SELECT (SELECT max(id) FROM u) AS m, EXISTS (SELECT 1 FROM u) AS ex, ARRAY(SELECT name FROM u) AS ar, ARRAY[id, 2] AS lit, id = ANY (SELECT t FROM u) AS an FROM t;
CREATE VIEW unions AS SELECT id, a FROM t UNION ALL SELECT t, name FROM u UNION SELECT 1, 'x';
CREATE VIEW ctes AS WITH x AS (SELECT id, a FROM t), y (k) AS (SELECT count(*) FROM x) SELECT x.id, y.k FROM x, y;
CREATE RECURSIVE VIEW rec (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM rec WHERE n < 5;
CREATE VIEW vals AS VALUES (1, 'a'), (2, 'b');
CREATE VIEW named (p, q) AS SELECT id, a, n FROM t;
CREATE VIEW joined AS SELECT * FROM t LEFT JOIN u USING (id);
CREATE VIEW derived AS SELECT s.total FROM (SELECT sum(n) AS total FROM t GROUP BY a) s;
CREATE VIEW ser AS SELECT g FROM generate_series(1, 3) g;
CREATE VIEW lat AS SELECT t.id, x.name FROM t, LATERAL (SELECT name FROM u WHERE u.t = t.id LIMIT 1) x;
CREATE VIEW windowed AS SELECT a, sum(n) OVER (PARTITION BY a) AS s, lag(id) OVER w AS la, rank() OVER w AS ra FROM t WINDOW w AS (ORDER BY id);
CREATE VIEW unnamed AS SELECT lower(a), id::text, CASE WHEN b THEN 1 END, a || 'x' FROM t;
CREATE VIEW sorted AS SELECT id AS k, count(*) AS n FROM t GROUP BY id HAVING count(*) > 1 ORDER BY n DESC, k;
CREATE VIEW nested AS SELECT amount, a FROM plain;
CREATE VIEW collated AS SELECT c, c AS d FROM t;

=== views that can be updated
CREATE TABLE t (a int, b int, c int GENERATED ALWAYS AS (a) STORED);
---
CREATE VIEW simple AS SELECT a, b + 1 AS e, c FROM t WHERE a > 0 ORDER BY a;
CREATE VIEW on_view AS SELECT a, e FROM simple;
CREATE VIEW grouped AS SELECT a FROM t GROUP BY a;
CREATE VIEW distinct_ AS SELECT DISTINCT a FROM t;
CREATE VIEW limited AS SELECT a FROM t LIMIT 1;
CREATE VIEW joined AS SELECT x.a FROM t x, t y;
CREATE VIEW unioned AS SELECT a FROM t UNION ALL SELECT a FROM t;
CREATE VIEW aggregated AS SELECT max(a) AS a FROM t;
CREATE VIEW windowed AS SELECT a, row_number() OVER () AS n FROM t;
CREATE VIEW from_sub AS SELECT a FROM (SELECT a FROM t) s;
CREATE VIEW with_cte AS WITH x AS (SELECT 1) SELECT a FROM t;
CREATE VIEW twice AS SELECT a, a AS a2 FROM t;
CREATE VIEW with_sub AS SELECT a, (SELECT max(b) FROM t) AS m FROM t;
CREATE VIEW sets AS SELECT a, generate_series(1, 2) AS g FROM t;
CREATE VIEW sys AS SELECT a, ctid FROM t;
CREATE MATERIALIZED VIEW m AS SELECT a FROM t;
CREATE VIEW on_m AS SELECT a FROM m;

=== errors in queries
CREATE TABLE t (a int, b text);
CREATE TABLE u (a int, c int);
---
CREATE VIEW v AS SELECT a FROM nothing;
CREATE VIEW v AS SELECT nothing FROM t;
CREATE VIEW v AS SELECT t.nothing FROM t;
CREATE VIEW v AS SELECT x.a FROM t;
CREATE VIEW v AS SELECT a FROM t, u;
CREATE VIEW v AS SELECT a FROM t WHERE nothing > 1;
CREATE VIEW v AS SELECT a FROM t ORDER BY nothing;
CREATE VIEW v AS SELECT a FROM t GROUP BY nothing;
CREATE VIEW v AS SELECT a AS x, b AS x FROM t;
CREATE VIEW v AS SELECT a FROM t AS x WHERE t.a > 1;
CREATE VIEW v AS SELECT * FROM t JOIN u USING (b);
CREATE VIEW v AS SELECT a FROM t, t;
CREATE VIEW v AS SELECT 1 AS a UNION SELECT 1, 2;
CREATE VIEW v (p, q) AS SELECT a FROM t;
CREATE VIEW nowhere.v AS SELECT a FROM t;
CREATE VIEW t AS SELECT 1 AS a;
CREATE VIEW v AS SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.a = t.a AND nothing = 1);
CREATE VIEW v AS SELECT *;
CREATE VIEW v AS SELECT a FROM t WHERE a IN (SELECT c FROM u WHERE c = b::int);
CREATE VIEW w AS SELECT t.* , (t).a AS x, t AS whole FROM t;

=== views on the system's own tables [untyped]
CREATE VIEW x AS SELECT oid, relname FROM pg_class;
CREATE VIEW y AS SELECT table_name FROM information_schema.tables t;
CREATE VIEW z AS SELECT * FROM pg_nothing;

=== create or replace
CREATE TABLE t (a int, b text);
CREATE VIEW v AS SELECT a FROM t;
COMMENT ON COLUMN v.a IS 'kept';
CREATE VIEW w AS SELECT a FROM v;
---
CREATE OR REPLACE VIEW v AS SELECT a, b FROM t;
CREATE OR REPLACE VIEW v AS SELECT a FROM t;
CREATE OR REPLACE VIEW v AS SELECT b AS a, b FROM t;
CREATE OR REPLACE VIEW v AS SELECT a AS x, b FROM t;
CREATE OR REPLACE VIEW v AS SELECT a, b, 1 AS c FROM t;
CREATE OR REPLACE VIEW t AS SELECT 1 AS a;
CREATE OR REPLACE VIEW n AS SELECT 1 AS a;
CREATE VIEW v AS SELECT a FROM t;
DROP VIEW v;

=== create table as
CREATE TABLE t (id serial PRIMARY KEY, a varchar(20) NOT NULL, n numeric(10,2) DEFAULT 3);
---
CREATE TABLE c1 AS SELECT * FROM t;
CREATE TABLE c2 (x, y) AS SELECT id, a FROM t WITH NO DATA;
CREATE TABLE c2 AS SELECT 1;
CREATE TABLE IF NOT EXISTS c2 AS SELECT 1;
SELECT id, a AS b INTO c3 FROM t;
CREATE TABLE c4 AS TABLE t;
CREATE TABLE c5 AS VALUES (1, 'x', NULL);
CREATE TABLE c6 (a, b, c) AS SELECT 1, 2;
CREATE TEMP TABLE c7 AS SELECT 1 AS x;
CREATE UNLOGGED TABLE c8 AS SELECT count(*) FROM t;
CREATE TABLE c9 AS SELECT 1 AS x, 2 AS x;
CREATE TABLE c10 AS SELECT a FROM nothing;
CREATE MATERIALIZED VIEW m AS SELECT a, count(*) AS n FROM t GROUP BY a;
CREATE MATERIALIZED VIEW IF NOT EXISTS m AS SELECT 1;
CREATE MATERIALIZED VIEW m2 AS SELECT a FROM t WITH NO DATA;
CREATE UNIQUE INDEX ON m (a);
ALTER TABLE t DROP COLUMN a;
ALTER TABLE t DROP COLUMN a CASCADE;

=== dependencies of views
CREATE TABLE t (a int, b int, c int, d int);
CREATE TABLE u (a int, x int);
CREATE VIEW v AS SELECT count(*) FROM t;
CREATE VIEW w AS SELECT t.a FROM t JOIN u ON u.x = t.b WHERE t.c > 0 ORDER BY t.d;
CREATE VIEW j AS SELECT a FROM t JOIN u USING (a);
CREATE VIEW s AS SELECT 1 AS one FROM t WHERE EXISTS (SELECT FROM u WHERE u.x = t.a);
---
ALTER TABLE u DROP COLUMN x;
ALTER TABLE t DROP COLUMN d;
DROP VIEW w;
ALTER TABLE t DROP COLUMN d;
ALTER TABLE u DROP COLUMN a;
DROP VIEW s;
ALTER TABLE u DROP COLUMN x;
DROP TABLE u;
DROP TABLE t;

=== rules and triggers on views
CREATE TABLE t (a int, b int);
CREATE VIEW v AS SELECT a FROM t;
CREATE RULE r AS ON DELETE TO t DO ALSO DELETE FROM t WHERE b = 1;
DROP RULE nothing ON t;
DROP RULE r ON t;

=== a collation that is written
CREATE TABLE t (a text, b text COLLATE "C");
CREATE VIEW v AS SELECT a COLLATE "C" AS c, b COLLATE "default" AS d, upper(a) AS u, b FROM t;
CREATE TABLE n AS SELECT a COLLATE pg_catalog."C" AS c FROM t;

=== a collation from elsewhere [doubt]
CREATE VIEW v AS SELECT 'x' || current_user AS u;

=== a collation from a column [doubt]
CREATE TABLE t (b text COLLATE "C");
CREATE VIEW v AS SELECT upper(b) AS u FROM t;

=== a whole row uses no column
CREATE TABLE a (id int, o text, z int);
CREATE VIEW counted AS SELECT count(a.*) AS n FROM a;
CREATE VIEW written AS SELECT to_jsonb(a) AS n, to_jsonb(a.*) AS m FROM a;
CREATE VIEW filtered AS SELECT 1 AS n FROM a WHERE a.* IS NOT NULL;
CREATE VIEW by_row AS SELECT count(ROW(a.*)) AS n FROM a;
CREATE VIEW by_list AS SELECT count((a.*, 1)) AS n FROM a;
CREATE VIEW by_member AS SELECT count((a).z) AS n FROM a;
CREATE VIEW by_star AS SELECT count((a.*).z) AS n FROM a;
CREATE VIEW selected AS SELECT (a.*).z AS n FROM a;
CREATE VIEW nested AS SELECT count(s.*) AS n FROM (SELECT z FROM a) s;
CREATE VIEW joined AS SELECT count(j.*) AS n FROM (a CROSS JOIN (SELECT 1 AS one) x) j;
ALTER TABLE a DROP COLUMN z CASCADE;
ALTER TABLE a DROP COLUMN o;
