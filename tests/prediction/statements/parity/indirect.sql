=== a table made of a function's result [doubt]
CREATE TABLE t (a int, b int);
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN ALTER TABLE t DROP COLUMN b; RETURN 1; END $$;
CREATE TABLE z AS SELECT * FROM f();

=== defaults [doubt]
CREATE TABLE t (a int, b int);
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN ALTER TABLE t DROP COLUMN b; RETURN 1; END $$;
CREATE TABLE z (a int DEFAULT f(), b int);
INSERT INTO z (b) VALUES (1);

=== checks of domains [doubt]
CREATE TABLE t (a int, b int);
CREATE FUNCTION f(x int) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN ALTER TABLE t DROP COLUMN b; RETURN true; END $$;
CREATE DOMAIN d AS int CHECK (f(VALUE));

=== conversions of a column [doubt]
CREATE TABLE t (a int, b int);
CREATE TABLE z (a int);
CREATE FUNCTION f(x int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN ALTER TABLE t DROP COLUMN b; RETURN x; END $$;
ALTER TABLE z ALTER COLUMN a TYPE bigint USING f(a);

=== operators [doubt]
CREATE TABLE t (a int, b int);
CREATE FUNCTION f(x int, y int) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN ALTER TABLE t DROP COLUMN b; RETURN true; END $$;
CREATE OPERATOR === (FUNCTION = f, LEFTARG = int, RIGHTARG = int);

=== views [doubt]
CREATE TABLE t (a int, b int);
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN ALTER TABLE t DROP COLUMN b; RETURN 1; END $$;
CREATE VIEW v AS SELECT f() AS x;

=== rules [doubt]
CREATE TABLE t (a int, b int);
CREATE TABLE z (a int);
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN ALTER TABLE t DROP COLUMN b; RETURN 1; END $$;
CREATE RULE r AS ON INSERT TO z DO ALSO SELECT f();

=== aggregates [doubt]
CREATE TABLE t (a int, b int);
CREATE FUNCTION f(x int, y int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN ALTER TABLE t DROP COLUMN b; RETURN x; END $$;
CREATE AGGREGATE total (int) (SFUNC = f, STYPE = int, INITCOND = '0');

=== casts [doubt]
CREATE TABLE t (a int, b int);
CREATE TYPE pair AS (x int, y int);
CREATE FUNCTION f(x pair) RETURNS int LANGUAGE plpgsql AS $$ BEGIN ALTER TABLE t DROP COLUMN b; RETURN 1; END $$;
CREATE CAST (pair AS int) WITH FUNCTION f(pair);

=== triggers on TRUNCATE, reached by CASCADE [doubt]
CREATE TABLE t (a int, b int);
CREATE TABLE p (a int PRIMARY KEY);
CREATE TABLE z (a int REFERENCES p);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ALTER TABLE t DROP COLUMN b; RETURN NULL; END $$;
CREATE TRIGGER x BEFORE TRUNCATE ON z EXECUTE FUNCTION f();
TRUNCATE p CASCADE;

=== a function whose body is replaced while it is in use [doubt]
CREATE TABLE t (a int, b int);
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE TABLE z (a int DEFAULT f(), b int);
CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN ALTER TABLE t DROP COLUMN b; RETURN 1; END $$;

=== the system's own tables [doubt]
CREATE TABLE t (a int, b int);
UPDATE pg_attribute SET attname = 'x' WHERE attrelid = 't'::regclass AND attname = 'b';

=== functions that change no table are used as one likes
CREATE TABLE t (a int, b int);
CREATE TABLE log (at timestamptz, what text);
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log VALUES (now(), 'x'); RETURN 1; END $$;
CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('INSERT INTO %I SELECT now(), %L', 'log', TG_OP); RETURN NEW; END $$;
CREATE TABLE z (a int DEFAULT f(), b int, CHECK (f() = 1));
CREATE TRIGGER x BEFORE INSERT ON z FOR EACH ROW EXECUTE FUNCTION audit();
INSERT INTO z (b) VALUES (1);
CREATE VIEW v AS SELECT f() AS x;
SELECT * FROM v;

=== views by rules [>=16]
CREATE TABLE t (a int);
CREATE VIEW v AS SELECT a FROM t;
CREATE RULE "_RETURN" AS ON SELECT TO t DO INSTEAD SELECT 1;
CREATE RULE "_RETURN" AS ON SELECT TO v DO INSTEAD SELECT 1 AS a;
