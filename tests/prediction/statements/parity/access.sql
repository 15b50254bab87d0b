=== grants on tables and columns
CREATE TABLE t (a int PRIMARY KEY, b int, c int);
CREATE VIEW v AS SELECT a FROM t;
GRANT SELECT, INSERT ON t, v TO parity_reader;
GRANT UPDATE (b, c) ON t TO parity_writer;
GRANT SELECT ON t TO PUBLIC;
---
GRANT ALL ON t TO parity_writer;
REVOKE UPDATE ON t FROM parity_writer;
REVOKE INSERT ON TABLE t, v FROM parity_reader;
GRANT SELECT (a), REFERENCES (a) ON t TO parity_owner WITH GRANT OPTION;
REVOKE GRANT OPTION FOR SELECT (a) ON t FROM parity_owner;
GRANT ALL (b) ON t TO parity_reader;
REVOKE SELECT (b) ON t FROM parity_reader;
REVOKE ALL ON v FROM PUBLIC;
GRANT SELECT ON nothing TO parity_reader;
GRANT SELECT (nothing) ON t TO parity_reader;
GRANT SELECT ON t TO CURRENT_USER;

=== a revoked table privilege takes those on columns along, the other way it does not
CREATE TABLE t (a int, b int);
GRANT SELECT ON t TO parity_reader;
GRANT SELECT (a) ON t TO parity_reader;
GRANT SELECT (b) ON t TO parity_writer;
---
REVOKE SELECT (a) ON t FROM parity_reader;
GRANT SELECT (b) ON t TO parity_reader;
REVOKE SELECT ON t FROM parity_reader;

=== columns with grants that are renamed or dropped
CREATE TABLE t (a int, b int, c int);
GRANT SELECT (a, b, c) ON t TO parity_reader;
---
ALTER TABLE t RENAME a TO d;
ALTER TABLE t DROP COLUMN b;
ALTER TABLE t RENAME TO u;
ALTER TABLE u ALTER c TYPE bigint;

=== all tables of a schema
CREATE SCHEMA s;
CREATE SCHEMA other;
CREATE TABLE s.t (a int);
CREATE TABLE s.u (a int);
CREATE VIEW s.v AS SELECT * FROM s.t;
CREATE TABLE other.t (a int);
---
GRANT SELECT ON ALL TABLES IN SCHEMA s TO parity_reader;
CREATE TABLE s.later (a int);
REVOKE SELECT ON ALL TABLES IN SCHEMA s, other FROM parity_reader;
GRANT DELETE ON ALL TABLES IN SCHEMA s TO parity_reader, parity_writer;
GRANT SELECT ON ALL TABLES IN SCHEMA nothing TO parity_reader;

=== a table that is made anew has lost its grants
CREATE TABLE t (a int);
CREATE VIEW v AS SELECT 1 AS a;
GRANT SELECT ON t, v TO parity_reader;
---
CREATE TABLE t_new (a int, b int);
DROP TABLE t;
ALTER TABLE t_new RENAME TO t;
CREATE OR REPLACE VIEW v AS SELECT 2 AS a;

=== default privileges
CREATE SCHEMA s;
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO parity_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT INSERT, UPDATE ON TABLES TO parity_writer, PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE parity_owner GRANT DELETE ON TABLES TO parity_writer;
ALTER DEFAULT PRIVILEGES GRANT USAGE ON SEQUENCES TO parity_reader;
CREATE TABLE one (a int);
---
CREATE TABLE two (a int);
CREATE TABLE s.three (a int);
CREATE VIEW s.four AS SELECT 1 AS a;
CREATE MATERIALIZED VIEW s.five AS SELECT 1 AS a;
CREATE TABLE s.six AS SELECT 1 AS a;
ALTER DEFAULT PRIVILEGES REVOKE SELECT ON TABLES FROM parity_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA s REVOKE INSERT ON TABLES FROM PUBLIC;
CREATE TABLE s.seven (a int);
CREATE TABLE eight (a int);
ALTER SCHEMA s RENAME TO r;
CREATE TABLE r.nine (a int);

=== owners
CREATE TABLE t (a int);
GRANT SELECT ON t TO parity_reader, parity_owner;
CREATE SCHEMA s AUTHORIZATION parity_owner;
ALTER DEFAULT PRIVILEGES FOR ROLE parity_owner IN SCHEMA s GRANT SELECT ON TABLES TO parity_reader;
---
ALTER TABLE t OWNER TO parity_owner;
SET ROLE parity_owner;
CREATE TABLE s.t (a int);
CREATE VIEW s.v AS SELECT 1 AS a;
RESET ROLE;
CREATE TABLE s.u (a int);

=== reassigned
CREATE TABLE t (a int);
CREATE TABLE u (a int);
ALTER TABLE t OWNER TO parity_owner;
GRANT SELECT ON t, u TO parity_reader, parity_writer;
---
REASSIGN OWNED BY parity_owner TO parity_writer;

=== schemas
CREATE SCHEMA s;
GRANT USAGE, CREATE ON SCHEMA s TO parity_reader, PUBLIC;
---
REVOKE USAGE ON SCHEMA s FROM PUBLIC;
GRANT ALL ON SCHEMA s TO parity_writer;
GRANT CREATE ON SCHEMA s TO parity_owner;
ALTER SCHEMA s RENAME TO r;
CREATE SCHEMA empty AUTHORIZATION parity_writer;
ALTER SCHEMA empty OWNER TO parity_owner;

=== publications of tables
CREATE TABLE t (a int PRIMARY KEY, b int);
CREATE TABLE u (a int PRIMARY KEY);
CREATE PUBLICATION one FOR TABLE t;
CREATE PUBLICATION nobody;
---
ALTER PUBLICATION one ADD TABLE u;
ALTER PUBLICATION one ADD TABLE t;
ALTER PUBLICATION one DROP TABLE t;
ALTER PUBLICATION one DROP TABLE t;
ALTER PUBLICATION one SET TABLE t, u;
ALTER PUBLICATION one SET (publish = 'insert');
ALTER PUBLICATION nobody ADD TABLE nothing;
ALTER PUBLICATION missing ADD TABLE t;
CREATE PUBLICATION one;
ALTER TABLE t RENAME TO w;
ALTER PUBLICATION one RENAME TO uno;
CREATE TABLE x (a int PRIMARY KEY);
ALTER PUBLICATION nobody ADD TABLE w, x;
DROP PUBLICATION uno;

=== publications of all tables
CREATE TABLE t (a int PRIMARY KEY);
CREATE UNLOGGED TABLE fleeting (a int);
CREATE PUBLICATION everything FOR ALL TABLES;
---
CREATE TABLE u (a int PRIMARY KEY);
CREATE VIEW v AS SELECT 1 AS a;
CREATE TABLE x AS SELECT 1 AS a;
CREATE TEMP TABLE y (a int);
ALTER TABLE fleeting SET LOGGED;
DROP TABLE t;
CREATE TABLE t (a int);

=== publications of all tables, dropped
CREATE TABLE t (a int PRIMARY KEY);
CREATE PUBLICATION everything FOR ALL TABLES;
---
DROP PUBLICATION everything;
CREATE TABLE u (a int);

=== columns and row filters of publications [>=15]
CREATE TABLE t (a int PRIMARY KEY, b int, c int, d int);
CREATE PUBLICATION narrow FOR TABLE t (a, b) WHERE (a > 3);
CREATE PUBLICATION filtered FOR TABLE t WHERE (a > 1 AND d < 3) WITH (publish = 'insert');
---
ALTER TABLE t DROP COLUMN c;
ALTER TABLE t DROP COLUMN b;
ALTER TABLE t RENAME COLUMN b TO e;
ALTER TABLE t RENAME COLUMN d TO f;
ALTER TABLE t DROP COLUMN e CASCADE;
ALTER TABLE t DROP COLUMN f CASCADE;
ALTER PUBLICATION narrow ADD TABLE t (nothing);
ALTER PUBLICATION narrow ADD TABLE t (a);

=== publications of schemas [>=15]
CREATE SCHEMA s;
CREATE SCHEMA r;
CREATE TABLE s.t (a int PRIMARY KEY);
CREATE TABLE r.t (a int PRIMARY KEY);
CREATE PUBLICATION whole FOR TABLES IN SCHEMA s;
---
CREATE TABLE s.u (a int PRIMARY KEY);
ALTER TABLE r.t SET SCHEMA public;
ALTER TABLE s.t SET SCHEMA r;
ALTER PUBLICATION whole ADD TABLES IN SCHEMA r;
ALTER PUBLICATION whole DROP TABLES IN SCHEMA s;
ALTER SCHEMA r RENAME TO q;
CREATE TABLE q.v (a int PRIMARY KEY);
ALTER PUBLICATION whole ADD TABLES IN SCHEMA nothing;

=== replica identity by an index
CREATE TABLE t (a int PRIMARY KEY, b int NOT NULL UNIQUE, c int UNIQUE NOT NULL);
ALTER TABLE t REPLICA IDENTITY USING INDEX t_b_key;
---
ALTER INDEX t_b_key RENAME TO t_b_unique;
ALTER TABLE t ADD COLUMN d int;
ALTER TABLE t DROP CONSTRAINT t_b_unique;
ALTER TABLE t REPLICA IDENTITY USING INDEX t_c_key;
ALTER TABLE t RENAME CONSTRAINT t_c_key TO t_c_unique;

