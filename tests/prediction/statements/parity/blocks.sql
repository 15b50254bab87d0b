=== straight-line blocks
CREATE TABLE t (a int);
---
DO $$ BEGIN ALTER TABLE t ADD COLUMN b text; CREATE TABLE u (x int); END $$;
DO $$ BEGIN ALTER TABLE t ADD COLUMN c text; ALTER TABLE nothing ADD COLUMN c text; END $$;
DO $$ BEGIN ALTER TABLE t ADD COLUMN d text; RAISE EXCEPTION 'no'; END $$;
DO $$ BEGIN RAISE NOTICE 'fine %', 1; RAISE unique_violation; END $$;
DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '42P01'; END $$;
DO LANGUAGE plpgsql 'BEGIN DROP TABLE u; END';
DO $$ BEGIN syntax error; END $$;
DO $$ BEGIN IF false THEN syntax error; END IF; END $$;
DO $$ BEGIN IF true END $$;
DO $$ BEGIN END $$;
DO $$ BEGIN VACUUM; END $$;
DO $$ BEGIN EXECUTE 'COMMIT'; END $$;
DO $$ BEGIN RETURN; DROP TABLE t; END $$;
DO $$ <<outer>> BEGIN LOOP EXIT outer; END LOOP; DROP TABLE t; END $$;
DO $$ BEGIN NULL; END $$ LANGUAGE plpgsql;

=== conditions that the catalog decides
CREATE TABLE t (a int);
CREATE TYPE e AS ENUM ('x');
---
DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_type WHERE typname = 'e') THEN CREATE TYPE e AS ENUM ('y'); END IF; END $$;
DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_type WHERE typname = 'f') THEN CREATE TYPE f AS ENUM ('y'); END IF; END $$;
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM information_schema.columns WHERE table_name = 't' AND column_name = 'b') THEN
    ALTER TABLE t ADD COLUMN b text;
  END IF;
  IF EXISTS (SELECT FROM information_schema.columns WHERE table_name = 't' AND column_name = 'nothing') THEN
    ALTER TABLE t DROP COLUMN a;
  ELSE
    ALTER TABLE t ADD COLUMN c int;
  END IF;
END $$;
DO $$ BEGIN IF to_regclass('public.t') IS NULL THEN DROP TABLE t; ELSIF to_regclass('t') IS NOT NULL THEN ALTER TABLE t ADD d int; END IF; END $$;
DO $$ DECLARE n int; BEGIN SELECT count(*) INTO n FROM pg_constraint WHERE conname = 'nothing'; IF n = 0 THEN ALTER TABLE t ADD CONSTRAINT positive CHECK (a > 0); END IF; END $$;
DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'positive') THEN DROP TABLE t; END IF; END $$;
DO $$ BEGIN IF (SELECT data_type FROM information_schema.columns WHERE table_name = 't' AND column_name = 'a') = 'integer' THEN ALTER TABLE t ALTER a TYPE bigint; END IF; END $$;
DO $$ BEGIN IF count(*) = 0 FROM pg_indexes WHERE indexname = 'nothing' THEN CREATE INDEX i ON t (a); END IF; END $$;
DO $$ BEGIN IF EXISTS (SELECT 1 FROM nothing) THEN NULL; END IF; END $$;
DO $$ BEGIN CASE 2 WHEN 1 THEN DROP TABLE t; WHEN 2, 3 THEN ALTER TABLE t ADD z int; ELSE NULL; END CASE; END $$;
DO $$ BEGIN CASE WHEN 1 = 2 THEN DROP TABLE t; END CASE; END $$;
DO $$ BEGIN ASSERT 1 = 2; END $$;

=== dynamic statements
CREATE TABLE t (a int, b int);
CREATE TABLE u (a int);
CREATE TABLE other (z int);
---
DO $$ BEGIN EXECUTE 'ALTER TABLE t ADD COLUMN c int'; END $$;
DO $$ BEGIN EXECUTE 'ALTER TABLE ' || quote_ident('t') || ' ADD COLUMN d int'; END $$;
DO $$ DECLARE name text := 't'; BEGIN EXECUTE format('ALTER TABLE %I ADD COLUMN %I %s', name, 'Ee', 'text'); END $$;
DO $$ DECLARE r record; BEGIN
  FOR r IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename IN ('t', 'u') ORDER BY 1 LOOP
    EXECUTE 'ALTER TABLE ' || quote_ident(r.tablename) || ' ADD COLUMN tenant int';
  END LOOP;
END $$;
DO $$ DECLARE name text; BEGIN FOREACH name IN ARRAY ARRAY['t', 'u'] LOOP EXECUTE format('ALTER TABLE %I ADD COLUMN each int', name); END LOOP; END $$;
DO $$ BEGIN FOR i IN 1..3 LOOP EXECUTE 'CREATE TABLE part_' || i || ' (a int)'; END LOOP; END $$;
DO $$ DECLARE n int := 0; BEGIN WHILE n < 2 LOOP n := n + 1; EXECUTE format('CREATE TABLE w_%s (a int)', n); END LOOP; END $$;
DO $$ DECLARE n int := 0; BEGIN LOOP n := n + 1; EXIT WHEN n > 2; CONTINUE WHEN n = 1; EXECUTE format('CREATE TABLE l_%s (a int)', n); END LOOP; END $$;
DO $$ DECLARE name text; BEGIN SELECT conname INTO name FROM pg_constraint WHERE conrelid = 't'::regclass; EXECUTE 'ALTER TABLE t DROP CONSTRAINT ' || name; END $$;
DO $$ BEGIN EXECUTE 'syntax error'; END $$;

=== exceptions
CREATE TABLE t (a int);
CREATE TYPE e AS ENUM ('x');
---
DO $$ BEGIN CREATE TYPE e AS ENUM ('x'); EXCEPTION WHEN duplicate_object THEN NULL; END $$;
DO $$ BEGIN CREATE TYPE e AS ENUM ('x'); EXCEPTION WHEN duplicate_table THEN NULL; END $$;
DO $$ BEGIN CREATE TABLE u (a int); CREATE TABLE t (a int); EXCEPTION WHEN duplicate_table THEN CREATE TABLE w (a int); END $$;
DO $$ BEGIN ALTER TABLE t ADD COLUMN a int; EXCEPTION WHEN duplicate_column THEN RAISE NOTICE 'there'; END $$;
DO $$ BEGIN BEGIN DROP TABLE nothing; EXCEPTION WHEN OTHERS THEN RAISE NOTICE '% %', SQLSTATE, SQLERRM; END; ALTER TABLE t ADD COLUMN b int; END $$;
DO $$ BEGIN ALTER TABLE t DROP COLUMN nothing; EXCEPTION WHEN undefined_column THEN RAISE; END $$;
DO $$ BEGIN ALTER TABLE t DROP COLUMN nothing; EXCEPTION WHEN SQLSTATE '42703' THEN ALTER TABLE t ADD COLUMN c int; END $$;
DO $$ BEGIN ALTER TABLE t DROP COLUMN nothing; EXCEPTION WHEN syntax_error_or_access_rule_violation THEN ALTER TABLE t ADD COLUMN d int; END $$;

=== functions that are called
CREATE TABLE t (a int);
CREATE FUNCTION add_column(name text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('ALTER TABLE t ADD COLUMN %I int', name); END $$;
CREATE FUNCTION add_fixed() RETURNS void LANGUAGE sql AS $$ ALTER TABLE t ADD COLUMN fixed int; $$;
CREATE FUNCTION harmless(n int) RETURNS int LANGUAGE sql AS $$ SELECT n + 1 $$;
CREATE PROCEDURE proceed(name text, n int DEFAULT 3) LANGUAGE plpgsql AS $$ BEGIN IF n = 3 THEN PERFORM add_column(name); END IF; END $$;
SELECT add_column('b');
SELECT add_fixed();
SELECT harmless(1), harmless(a) FROM t;
CALL proceed('c');
CALL proceed('d', 4);
CALL harmless(1);
CALL nothing();
SELECT proceed('x');
DO $$ BEGIN PERFORM add_column('e'); CALL proceed('f'); END $$;

=== conditions that rows decide [doubt]
CREATE TABLE t (a int);
DO $$ BEGIN IF EXISTS (SELECT 1 FROM t) THEN ALTER TABLE t DROP COLUMN a; END IF; END $$;

=== rows decide, and nothing depends on it
CREATE TABLE t (a int);
DO $$ BEGIN IF EXISTS (SELECT 1 FROM t) THEN UPDATE t SET a = 1; DELETE FROM t; END IF; END $$;
DO $$ BEGIN IF EXISTS (SELECT 1 FROM t) THEN RAISE EXCEPTION 'not empty'; END IF; END $$;
DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM t LOOP INSERT INTO t VALUES (r.a + 1); END LOOP; END $$;
DO $$ DECLARE n int; r t%ROWTYPE; BEGIN SELECT count(*) INTO n FROM t; IF n > 0 THEN UPDATE t SET a = n WHERE a > n; END IF; END $$;
DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'nobody_of_this_name') THEN RAISE NOTICE 'none'; END IF; END $$;
DO $$ BEGIN EXECUTE 'GRANT SELECT ON t TO ' || current_user; END $$;
DO $$ DECLARE n int; BEGIN DELETE FROM t WHERE a = 1; GET DIAGNOSTICS n = ROW_COUNT; RAISE NOTICE '%', n; IF FOUND THEN RAISE NOTICE 'x'; END IF; END $$;
DO $$ BEGIN INSERT INTO t VALUES (1); EXCEPTION WHEN unique_violation THEN NULL; END $$;
DO $$ BEGIN UPDATE t SET nothing = 1; END $$;
DO $$ DECLARE n int := 1; BEGIN UPDATE t SET a = n; UPDATE t SET a = m; END $$;

=== rows decide whether a failure is let pass [doubt]
CREATE TABLE t (a int);
DO $$ BEGIN ALTER TABLE t ALTER COLUMN a SET NOT NULL; EXCEPTION WHEN OTHERS THEN NULL; END $$;

=== an end that rows decide [doubt]
CREATE TABLE t (a int);
DO $$ BEGIN IF EXISTS (SELECT 1 FROM t) THEN RETURN; END IF; ALTER TABLE t ADD COLUMN b int; END $$;

=== what is executed is in rows [doubt]
CREATE TABLE t (a text);
DO $$ DECLARE r record; BEGIN FOR r IN SELECT a FROM t LOOP EXECUTE 'DROP TABLE ' || r.a; END LOOP; END $$;

=== a failure that is let pass takes all of the block back [doubt]
CREATE TABLE t (a int);
DO $$ BEGIN ALTER TABLE t ADD COLUMN b int; INSERT INTO t (a) VALUES (1); EXCEPTION WHEN unique_violation THEN NULL; END $$;

=== a failure that is raised again
CREATE TABLE t (a int);
DO $$ BEGIN ALTER TABLE t ADD COLUMN b int; INSERT INTO t (a) VALUES (1); EXCEPTION WHEN unique_violation THEN RAISE; END $$;

=== variables of many types
CREATE TYPE pair AS (x int, y text);
CREATE TABLE t (a int, b text);
DO $$
DECLARE
  a CONSTANT varchar(20) NOT NULL := 't';
  b t.b%TYPE = 'u'; c t%ROWTYPE; d pair; e timestamp with time zone DEFAULT now(); f int[] := ARRAY[1, 2];
  g ALIAS FOR a; "Mixed Case" text := 'mixed'; h CURSOR (n int) FOR SELECT * FROM t WHERE t.a = n; i numeric(10, 2);
BEGIN
  EXECUTE format('ALTER TABLE %I ADD COLUMN %I text', a, "Mixed Case");
  c.a := 3; d.x := 4; f[1] := 5;
  SELECT x.a, x.b INTO c FROM t x;
  OPEN h(3); FETCH h INTO c; MOVE h; CLOSE h;
  FOR c IN h(4) LOOP NULL; END LOOP;
  UPDATE t SET b = c.b WHERE t.a = d.x;
  IF b = 'u' THEN EXECUTE 'CREATE TABLE ' || b || ' (a int)'; END IF;
  RAISE DEBUG 'x % %', a, b USING HINT = 'none';
END $$;

=== found
CREATE TABLE t (a int);
DO $$ BEGIN PERFORM 1 FROM pg_class WHERE relname = 't'; IF FOUND THEN ALTER TABLE t ADD COLUMN b int; END IF; END $$;
DO $$ DECLARE x text; BEGIN SELECT relname INTO x FROM pg_class WHERE relname = 'nothing'; IF NOT FOUND THEN ALTER TABLE t ADD COLUMN c int; END IF; END $$;

=== nested blocks and labels
CREATE TABLE t (a int);
DO $$
<<outer>>
DECLARE name text := 'one';
BEGIN
  DECLARE name text := 'two';
  BEGIN
    EXECUTE format('ALTER TABLE t ADD COLUMN %I int', name);
  END;
  EXECUTE format('ALTER TABLE t ADD COLUMN %I int', name);
  <<rows>>
  FOR i IN REVERSE 5..1 BY 2 LOOP
    FOR j IN 1..2 LOOP
      CONTINUE rows WHEN i = 3;
      EXIT outer WHEN i = 1;
      EXECUTE format('ALTER TABLE t ADD COLUMN c_%s_%s int', i, j);
    END LOOP;
  END LOOP rows;
  DROP TABLE t;
END outer $$;

=== columns of many tables
CREATE TABLE a (x int, created timestamp);
CREATE TABLE b (x int, created timestamp);
CREATE TABLE c (x int);
DO $$
DECLARE r record;
BEGIN
  FOR r IN SELECT table_schema, table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'created' LOOP
    EXECUTE format('ALTER TABLE %I.%I ALTER COLUMN created TYPE timestamptz', r.table_schema, r.table_name);
  END LOOP;
END $$;

=== constraints whose names are looked up
CREATE TABLE p (a int PRIMARY KEY);
CREATE TABLE t (a int REFERENCES p, b int CHECK (b > 0));
DO $$
DECLARE name text;
BEGIN
  SELECT c.conname INTO name FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid WHERE t.relname = 't' AND c.contype = 'f';
  EXECUTE 'ALTER TABLE t DROP CONSTRAINT ' || quote_ident(name);
END $$;
DO $$ DECLARE r record; BEGIN FOR r IN SELECT conname FROM pg_constraint WHERE conrelid = 't'::regclass AND contype = 'c' LOOP EXECUTE format('ALTER TABLE t DROP CONSTRAINT %I', r.conname); END LOOP; END $$;

=== extensions on demand
DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'plpgsql') THEN DROP SCHEMA public; END IF; END $$;

=== parts of a statement that rows decide [doubt]
CREATE TABLE t (a text);
DO $$ DECLARE name text; BEGIN SELECT a INTO name FROM t; EXECUTE 'ALTER TABLE t DROP COLUMN IF EXISTS ' || quote_ident(coalesce(name, 'x')); END $$;

=== functions that end a transaction
CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN CREATE TABLE made (a int); COMMIT; CREATE TABLE more (a int); ROLLBACK; END $$;
CALL p();
BEGIN;
CALL p();
ROLLBACK;
DO $$ BEGIN CREATE TABLE first (a int); COMMIT; CREATE TABLE second (a int); END $$;
DO $$ BEGIN BEGIN COMMIT; EXCEPTION WHEN unique_violation THEN NULL; END; END $$;

=== output columns of one name
CREATE TABLE t (a int, b int);
CREATE TABLE u (a int);
CREATE TABLE v (a int);
---
DO $$ DECLARE n int; m int; BEGIN
  SELECT count(*), count(DISTINCT table_name) INTO n, m FROM information_schema.columns WHERE table_name = 't';
  IF n = 2 AND m = 1 THEN ALTER TABLE t ADD COLUMN seen text; END IF;
END $$;
DO $$ DECLARE one text; other text; BEGIN
  FOR one, other IN
    SELECT x.table_name, y.table_name FROM information_schema.tables x, information_schema.tables y
    WHERE x.table_name = 't' AND y.table_name = 'u'
  LOOP
    EXECUTE format('ALTER TABLE %I ADD COLUMN of_one text', one);
    EXECUTE format('ALTER TABLE %I ADD COLUMN of_other text', other);
  END LOOP;
END $$;
DO $$ DECLARE r record; BEGIN
  FOR r IN
    SELECT x.table_name, y.table_name FROM information_schema.tables x, information_schema.tables y
    WHERE x.table_name = 't' AND y.table_name = 'v'
  LOOP
    EXECUTE format('ALTER TABLE %I ADD COLUMN of_record text', r.table_name);
  END LOOP;
END $$;
DO $$ DECLARE r record; n int; BEGIN
  SELECT count(*), count(*) + 1 AS count INTO r FROM information_schema.tables WHERE table_name = 'v';
  IF r.count = 1 THEN DROP TABLE v; END IF;
END $$;

=== a handler of an error in an expression [doubt]
CREATE TABLE t (a int, b int);
DO $$ DECLARE n int; BEGIN n := 1 / (SELECT count(*) FROM t); EXCEPTION WHEN division_by_zero THEN ALTER TABLE t DROP COLUMN b; END $$;

=== a name that two errors have [doubt]
CREATE TABLE t (a int, b int);
DO $$ DECLARE n int; BEGIN FOREACH n IN ARRAY (SELECT array_agg(a) FROM t) LOOP NULL; END LOOP; EXCEPTION WHEN null_value_not_allowed THEN ALTER TABLE t DROP COLUMN b; END $$;
