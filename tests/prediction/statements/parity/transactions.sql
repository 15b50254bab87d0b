=== commit and rollback
CREATE TABLE t (a int);
BEGIN;
ALTER TABLE t ADD COLUMN b int;
DROP TABLE t;
CREATE TABLE u (a int);
ROLLBACK;
BEGIN;
ALTER TABLE t ADD COLUMN c int;
COMMIT;

=== a failure aborts
BEGIN;
CREATE TABLE t (a int);
SELECT 1 FROM nothing;
CREATE TABLE u (a int);
SAVEPOINT s;
COMMIT;
CREATE TABLE v (a int);

=== savepoints
BEGIN;
CREATE TABLE a (a int);
SAVEPOINT s;
CREATE TABLE b (a int);
CREATE TABLE a (a int);
ROLLBACK TO SAVEPOINT s;
CREATE TABLE c (a int);
SAVEPOINT t;
CREATE TABLE d (a int);
RELEASE SAVEPOINT s;
ROLLBACK TO t;
ROLLBACK TO s;
ROLLBACK;
BEGIN;
CREATE TABLE e (a int);
SAVEPOINT s;
SAVEPOINT s;
DROP TABLE e;
ROLLBACK TO s;
RELEASE s;
COMMIT;

=== outside of a block
SAVEPOINT s;
RELEASE s;
ROLLBACK TO s;
ROLLBACK;
COMMIT;
CREATE TABLE t (a int);

=== settings follow transactions
CREATE SCHEMA s;
BEGIN;
SET search_path TO s;
CREATE TABLE a (x int);
ROLLBACK;
CREATE TABLE b (x int);
BEGIN;
SET LOCAL search_path TO s;
CREATE TABLE c (x int);
COMMIT;
CREATE TABLE d (x int);
BEGIN;
SET search_path TO s;
COMMIT;
CREATE TABLE e (x int);

=== temporary objects hide others
CREATE TABLE t (a int);
CREATE TEMP TABLE t (b int);
ALTER TABLE t ADD COLUMN c int;
ALTER TABLE public.t ADD COLUMN d int;
CREATE VIEW v AS SELECT b FROM t;
DROP TABLE t;
DROP TABLE t CASCADE;
ALTER TABLE t ADD COLUMN e int;
SELECT * FROM v;
