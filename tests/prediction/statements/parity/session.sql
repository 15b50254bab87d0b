=== search path
CREATE SCHEMA a;
CREATE SCHEMA b;
SET search_path = a, public;
CREATE TABLE t (x int);
SET search_path TO 'b';
CREATE TABLE t (y int);
SELECT x FROM t;
SELECT y FROM t;
RESET search_path;
SELECT y FROM t;
BEGIN;
SET LOCAL search_path = a;
SELECT x FROM t;
COMMIT;
SELECT x FROM t;
BEGIN;
SET search_path = a;
ROLLBACK;
SELECT x FROM t;
SET search_path = nowhere;
CREATE TABLE u (x int);
SELECT set_config('search_path', 'b', false);
CREATE TABLE u (x int);
SELECT pg_catalog.set_config('search_path', '', false);
CREATE TABLE w (x int);
CREATE TABLE public.w (x int);
SET search_path TO DEFAULT;
CREATE TABLE z (x int);
SET SCHEMA 'a';
CREATE TABLE z (x int);
RESET ALL;
SET timezone = 'UTC';
SET TIME ZONE 'UTC';
SET LOCAL lock_timeout = '1s';
SHOW search_path;

=== transactions
CREATE TABLE t (a int);
BEGIN;
CREATE TABLE u (a int);
SAVEPOINT s;
CREATE TABLE u (a int);
SELECT 1;
ROLLBACK TO s;
CREATE TABLE w (a int);
RELEASE s;
ROLLBACK TO s;
COMMIT;
SAVEPOINT s;
BEGIN;
DROP TABLE t;
ROLLBACK;
BEGIN;
CREATE TABLE x (a int);
COMMIT AND CHAIN;
CREATE TABLE y (a int);
ROLLBACK;
START TRANSACTION ISOLATION LEVEL SERIALIZABLE;
CREATE TABLE z (a int);
END;
ABORT;
DISCARD PLANS;
BEGIN;
DISCARD ALL;
ROLLBACK;

=== prepared statements and cursors
CREATE TABLE t (a int, b text);
PREPARE p AS SELECT a FROM t WHERE a = $1;
PREPARE p AS SELECT 1;
PREPARE q (int) AS INSERT INTO t VALUES ($1);
PREPARE r AS SELECT nothing FROM t;
EXECUTE p (1);
EXECUTE q (1);
EXECUTE nothing;
DEALLOCATE p;
EXECUTE p (1);
DEALLOCATE p;
DEALLOCATE ALL;
DECLARE c CURSOR FOR SELECT a FROM t;
BEGIN;
DECLARE c CURSOR FOR SELECT a FROM t;
FETCH 1 FROM c;
MOVE 1 FROM c;
CLOSE c;
CLOSE c;
ROLLBACK;
DISCARD ALL;

=== settings by which nothing is read otherwise
CREATE TABLE t (a text);
SET standard_conforming_strings = on;
SET standard_conforming_strings TO DEFAULT;
SET transform_null_equals = off;
RESET ALL;
ALTER TABLE t ADD COLUMN b text DEFAULT '\';
ALTER TABLE t DROP COLUMN a;

=== literals with backslashes [doubt]
CREATE TABLE t (a text);
SET standard_conforming_strings = off;
ALTER TABLE t ADD COLUMN b text;

=== literals with backslashes, in a block [doubt]
CREATE TABLE t (a text);
DO $$ BEGIN SET LOCAL standard_conforming_strings = 0; END $$;
ALTER TABLE t ADD COLUMN b text;

=== literals with backslashes, by a function [doubt]
CREATE TABLE t (a text);
SELECT set_config('standard_conforming_strings', 'False', false);
ALTER TABLE t ADD COLUMN b text;

=== comparisons with NULL [doubt]
CREATE TABLE t (a text);
SET transform_null_equals TO 'yes';
ALTER TABLE t ADD COLUMN b text;

=== literals with backslashes, by a function of the script's own [doubt]
CREATE TABLE t (a text);
CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT set_config('standard_conforming_strings', 'off', false) $$;
SELECT f();
ALTER TABLE t ADD COLUMN b text;

=== literals with backslashes, by a call in another one [doubt]
CREATE TABLE t (a text);
SELECT length(set_config('Standard_Conforming_Strings', 'off', false));
ALTER TABLE t ADD COLUMN b text;

=== literals with backslashes, by a table that is made [doubt]
CREATE TABLE q AS SELECT set_config('standard_conforming_strings', 'off', false) AS a;
ALTER TABLE q ADD COLUMN b text;
