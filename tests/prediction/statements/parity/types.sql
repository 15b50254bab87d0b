=== enums
CREATE TYPE e AS ENUM ('b', 'd');
CREATE TYPE empty AS ENUM ();
---
CREATE TYPE e AS ENUM ('x');
CREATE TYPE twice AS ENUM ('x', 'x');
ALTER TYPE e ADD VALUE 'f';
ALTER TYPE e ADD VALUE 'a' BEFORE 'b';
ALTER TYPE e ADD VALUE 'c' AFTER 'b';
ALTER TYPE e ADD VALUE 'c';
ALTER TYPE e ADD VALUE IF NOT EXISTS 'c';
ALTER TYPE e ADD VALUE 'g' AFTER 'nothing';
ALTER TYPE e RENAME VALUE 'f' TO 'F';
ALTER TYPE e RENAME VALUE 'nothing' TO 'x';
ALTER TYPE e RENAME VALUE 'a' TO 'b';
ALTER TYPE nothing ADD VALUE 'x';
ALTER TYPE public.e ADD VALUE 'z';
CREATE TYPE nowhere.e AS ENUM ('x');
ALTER TYPE int4 ADD VALUE 'x';

=== domains
CREATE DOMAIN d AS varchar(20) DEFAULT 'x' NOT NULL CHECK (VALUE <> '') CONSTRAINT k CHECK (length(VALUE) > 2);
CREATE TABLE t (a d, b d[]);
---
CREATE DOMAIN d AS int;
CREATE DOMAIN e AS d;
CREATE DOMAIN f AS nothing;
ALTER DOMAIN d DROP NOT NULL;
ALTER DOMAIN d SET DEFAULT 'y';
ALTER DOMAIN d DROP DEFAULT;
ALTER DOMAIN d DROP CONSTRAINT k;
ALTER DOMAIN d DROP CONSTRAINT k;
ALTER DOMAIN d DROP CONSTRAINT IF EXISTS k;
ALTER DOMAIN d ADD CONSTRAINT m CHECK (VALUE <> 'm') NOT VALID;
ALTER DOMAIN d ADD CHECK (VALUE <> 'n');
ALTER DOMAIN d ADD CONSTRAINT m CHECK (VALUE <> 'm');
ALTER DOMAIN d VALIDATE CONSTRAINT m;
ALTER DOMAIN d VALIDATE CONSTRAINT nothing;
ALTER DOMAIN d SET NOT NULL;
ALTER DOMAIN nothing SET NOT NULL;
CREATE DOMAIN g AS int[] NOT NULL;
CREATE DOMAIN h AS numeric(10,2);
CREATE DOMAIN i AS int NULL NOT NULL;
CREATE DOMAIN j AS int PRIMARY KEY;

=== composite types
CREATE TYPE c AS (a int, b text COLLATE "C", c numeric(10,2)[]);
---
CREATE TYPE c AS (x int);
CREATE TYPE twice AS (x int, x text);
ALTER TYPE c ADD ATTRIBUTE d date, DROP ATTRIBUTE a, ALTER ATTRIBUTE b TYPE varchar(3);
ALTER TYPE c ADD ATTRIBUTE d date;
ALTER TYPE c DROP ATTRIBUTE nothing;
ALTER TYPE c DROP ATTRIBUTE IF EXISTS nothing;
ALTER TYPE c RENAME ATTRIBUTE d TO e;
CREATE TABLE t (x c);
ALTER TYPE c ADD ATTRIBUTE f int;
ALTER TYPE c ALTER ATTRIBUTE f TYPE bigint;
ALTER TYPE nothing ADD ATTRIBUTE f int;
CREATE TABLE c (a int);

=== no row type is a part of itself
CREATE TABLE statuses (status text DEFAULT 'UP');
CREATE TYPE part AS (a int);
CREATE DOMAIN parts AS part[];
ALTER TABLE statuses ALTER COLUMN status TYPE statuses;
ALTER TABLE statuses ADD COLUMN a statuses;
ALTER TABLE statuses ADD COLUMN a statuses[];
ALTER TYPE part ADD ATTRIBUTE b part;
ALTER TYPE part ADD ATTRIBUTE b parts;
ALTER TYPE part ADD ATTRIBUTE b statuses;
ALTER TABLE statuses ADD COLUMN b parts;
ALTER TABLE statuses ADD COLUMN b part[];
CREATE TABLE others (b part, c statuses);
ALTER TABLE statuses ADD COLUMN c others;

=== ranges and base types
CREATE TYPE r AS RANGE (subtype = float8);
CREATE TYPE floatrange AS RANGE (subtype = float8, subtype_diff = float8mi);
CREATE TABLE t (a r, b r[], c floatrange);
CREATE TYPE shell;
CREATE TYPE broken AS RANGE (subtype = nothing);
DROP TYPE r;
DROP TYPE shell;

=== type names share names with tables
CREATE TABLE t (a int);
CREATE TYPE t AS ENUM ('x');
CREATE TYPE e AS ENUM ('x');
CREATE TABLE e (a int);
CREATE DOMAIN t AS int;
CREATE TYPE c AS (a int);
CREATE SEQUENCE c;
CREATE VIEW c AS SELECT 1 AS a;

=== sequences
CREATE SEQUENCE s AS smallint START 3 INCREMENT 2;
CREATE SEQUENCE s;
CREATE SEQUENCE IF NOT EXISTS s;
CREATE TABLE t (a int, b int GENERATED ALWAYS AS IDENTITY);
CREATE SEQUENCE o OWNED BY t.a;
CREATE SEQUENCE n OWNED BY t.nothing;
CREATE SEQUENCE n OWNED BY nothing.a;
ALTER SEQUENCE s OWNED BY t.a;
ALTER SEQUENCE s RESTART 5;
ALTER SEQUENCE t_b_seq OWNED BY NONE;
ALTER SEQUENCE nothing RESTART;
ALTER SEQUENCE IF EXISTS nothing RESTART;
ALTER SEQUENCE t RESTART;
ALTER SEQUENCE o OWNED BY NONE;
DROP TABLE t;

=== schemas
CREATE SCHEMA s;
CREATE SCHEMA s;
CREATE SCHEMA IF NOT EXISTS s;
CREATE SCHEMA pg_x;
CREATE SCHEMA AUTHORIZATION postgres;
CREATE SCHEMA u CREATE TABLE t (a int PRIMARY KEY) CREATE VIEW v AS SELECT a FROM t CREATE INDEX i ON t (a) CREATE SEQUENCE q;
CREATE TABLE public.t (b int);

=== search path
CREATE SCHEMA s;
CREATE TABLE s.t (a int);
SET search_path TO s, public;
CREATE TABLE u (a int REFERENCES t_missing);
CREATE TABLE u (a int);
ALTER TABLE t ADD COLUMN b int;
SET search_path TO nowhere;
CREATE TABLE x (a int);
ALTER TABLE t ADD COLUMN c int;
SET search_path TO DEFAULT;
CREATE TABLE x (a int);
ALTER TABLE t ADD COLUMN c int;
SET search_path = 's';
CREATE TYPE e AS ENUM ('x');
CREATE TABLE y (e e, f public.x);
RESET search_path;
CREATE TABLE z (e e);
CREATE TABLE z (e s.e);

=== an enum value and its use in one transaction
CREATE TYPE e AS ENUM ('a');
CREATE TABLE t (a e);
---
BEGIN;
ALTER TYPE e ADD VALUE 'b';
ALTER TABLE t ALTER a SET DEFAULT 'b';
ROLLBACK;
BEGIN;
CREATE TYPE f AS ENUM ('a');
ALTER TYPE f ADD VALUE 'b';
ALTER TABLE t ADD COLUMN f f DEFAULT 'b';
COMMIT;
ALTER TYPE e ADD VALUE 'b';
ALTER TABLE t ALTER a SET DEFAULT 'b';

=== literals that do not fit
CREATE TYPE e AS ENUM ('a');
CREATE TABLE t (a e DEFAULT 'nothing');
CREATE TABLE t (a int DEFAULT 'x');
CREATE TABLE t (a boolean DEFAULT 'maybe');
CREATE TABLE t (a boolean DEFAULT 0);
CREATE TABLE t (a int DEFAULT true);
CREATE TABLE t (a uuid DEFAULT 'x');
CREATE TABLE t (a jsonb DEFAULT '{');
CREATE TABLE t (a date DEFAULT 'x');
CREATE TABLE t (a text DEFAULT 3, b varchar DEFAULT false, c numeric DEFAULT '3.5', d boolean DEFAULT 'yes', e float8 DEFAULT 'NaN', f e DEFAULT 'a', g int[] DEFAULT '{1,2}', h boolean DEFAULT '0', i timestamptz DEFAULT 'now', j bigint DEFAULT ' 7 ', k int DEFAULT 1.5, l date DEFAULT 'today', m jsonb DEFAULT '[]', n interval DEFAULT '1 day');
ALTER TABLE t ALTER k SET DEFAULT 'x';

=== a default whose label is called otherwise
CREATE TYPE e AS ENUM ('a', 'b''c');
CREATE TABLE t (id int, x e DEFAULT 'a', y e DEFAULT 'b''c' NOT NULL, z text DEFAULT 'a', w e DEFAULT 'a'::e);
ALTER TYPE e RENAME VALUE 'a' TO 'A''';
ALTER TYPE e RENAME VALUE 'b''c' TO 'd';

=== [doubt] an array of labels, one of which is called otherwise
CREATE TYPE e AS ENUM ('a', 'b');
CREATE TABLE t (id int, x e[] DEFAULT '{a,b}');
ALTER TYPE e RENAME VALUE 'a' TO 'c';
