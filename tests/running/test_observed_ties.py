"""What ties tables of an observed database to other objects: each verdict beside what PostgreSQL then does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.support.project import Project


@dataclass(frozen=True)
class Tie:
    before: str
    change: str
    table: str
    properties: dict[str, Any]
    """Of the contract, which holds before."""
    code: int
    schema: str = "public"
    constraints: tuple[tuple[str, Any], ...] = ()


DEFAULT = {"id": {"constraints": {"column_default": "nextval('public.sq'::regclass)"}}}
MOOD = {"c": {"constraints": {"column_default": "'x'::public.mood"}}}
TWO_MOODS = """
    CREATE SCHEMA s; CREATE TYPE mood AS ENUM ('x'); CREATE TYPE s.mood AS ENUM ('x');
    CREATE TABLE t (id int, c mood DEFAULT 'x'); CREATE TABLE s.t (id int, c s.mood DEFAULT 'x');
    CREATE VIEW v AS SELECT id FROM t WHERE c = 'x';
"""
TWO_FUNCTIONS = """
    CREATE SCHEMA s;
    CREATE FUNCTION f() RETURNS int LANGUAGE sql RETURN 1; CREATE FUNCTION s.f() RETURNS int LANGUAGE sql RETURN 2;
    CREATE TABLE t (id int DEFAULT f());
"""
INHERITING = "CREATE TABLE par (id int PRIMARY KEY); CREATE TABLE ch (x int) INHERITS (par); CREATE PUBLICATION pub "
PUBLISHED = (("publications", [{"name": "pub"}]),)
TIES = {
    "an attribute of a typed table goes": Tie(
        "CREATE TYPE comp AS (f1 int, f2 text); CREATE TABLE ty OF comp",
        "ALTER TYPE comp DROP ATTRIBUTE f2 CASCADE",
        "ty",
        {"f2": {}},
        1,
    ),
    "an attribute of a typed table changes": Tie(
        "CREATE TYPE comp AS (f1 int, f2 text); CREATE TABLE ty OF comp",
        "ALTER TYPE comp ALTER ATTRIBUTE f1 TYPE bigint CASCADE",
        "ty",
        {"f1": {"constraints": {"data_type": "integer"}}},
        1,
    ),
    "the owner of a sequence goes": Tie(
        "CREATE SEQUENCE sq; CREATE TABLE o (id int); ALTER SEQUENCE sq OWNED BY o.id;"
        "CREATE TABLE t (id int DEFAULT nextval('sq'))",
        "DROP TABLE o CASCADE",
        "t",
        DEFAULT,
        1,
    ),
    "a sequence is called as if it were owned": Tie(
        "CREATE SEQUENCE o_id_seq; CREATE TABLE o (id int DEFAULT nextval('o_id_seq'));"
        "CREATE TABLE t (id int DEFAULT nextval('o_id_seq'))",
        "DROP TABLE o",
        "t",
        {"id": {"constraints": {"column_default": "nextval('public.o_id_seq'::regclass)"}}},
        0,
    ),
    "a sequence is named by a text": Tie(
        "CREATE SEQUENCE sq; CREATE TABLE t (id int DEFAULT nextval('sq'::text))",
        "DROP SEQUENCE sq",
        "t",
        {"id": {}},
        0,
    ),
    "a sequence is named": Tie(
        "CREATE SEQUENCE sq; CREATE TABLE t (id int DEFAULT nextval('sq'))", "DROP SEQUENCE sq CASCADE", "t", DEFAULT, 1
    ),
    "a type of the same name goes with its schema": Tie(TWO_MOODS, "DROP SCHEMA s CASCADE", "t", MOOD, 0),
    "a type of the same name goes": Tie(TWO_MOODS, "DROP TYPE s.mood CASCADE", "t", MOOD, 0),
    "the type itself goes": Tie(TWO_MOODS, "DROP TYPE mood CASCADE", "t", MOOD, 1),
    "a view's type goes": Tie(TWO_MOODS, "DROP TYPE mood CASCADE", "v", {"id": {}}, 1),
    "a type called as a view's goes": Tie(TWO_MOODS, "DROP TYPE s.mood CASCADE", "v", {"id": {}}, 0),
    "a function of the same name goes": Tie(
        TWO_FUNCTIONS, "DROP FUNCTION s.f CASCADE", "t", {"id": {"constraints": {"column_default": "public.f()"}}}, 3
    ),
    "the function itself goes": Tie(
        TWO_FUNCTIONS,
        "DROP FUNCTION public.f CASCADE",
        "t",
        {"id": {"constraints": {"column_default": "public.f()"}}},
        1,
    ),
    "a view uses a function of the type that goes": Tie(
        "CREATE TYPE mood AS ENUM ('x'); CREATE FUNCTION ff() RETURNS mood LANGUAGE sql AS 'SELECT NULL::mood';"
        "CREATE VIEW v AS SELECT ff()::text AS n",
        "DROP TYPE mood CASCADE",
        "v",
        {},
        3,
    ),
    "a default uses a function of the schema that goes": Tie(
        "CREATE SCHEMA s; CREATE FUNCTION s.ff() RETURNS int LANGUAGE sql AS 'SELECT 1';"
        "CREATE TABLE t (a int DEFAULT s.ff())",
        "DROP SCHEMA s CASCADE",
        "t",
        {"a": {"constraints": {"column_default": "s.ff()"}}},
        3,
    ),
    "a column has a collation of the schema that goes": Tie(
        "CREATE SCHEMA s; CREATE COLLATION s.co (locale = 'C'); CREATE TABLE t (a text COLLATE s.co, b int)",
        "DROP SCHEMA s CASCADE",
        "t",
        {"a": {}},
        3,
    ),
    "a view uses an operator whose function goes": Tie(
        "CREATE FUNCTION opf(int, int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';"
        "CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = opf); CREATE VIEW v AS SELECT 1 === 2 AS n",
        "DROP FUNCTION opf(int, int) CASCADE",
        "v",
        {},
        3,
    ),
    "a view uses a function with a body of SQL": Tie(
        "CREATE TABLE a (id int, o text);"
        "CREATE FUNCTION ff() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(o) FROM a; END;"
        "CREATE VIEW v AS SELECT ff() AS n",
        "ALTER TABLE a DROP COLUMN o CASCADE",
        "v",
        {},
        3,
    ),
    "an inherited column is the table's own as well": Tie(
        "CREATE TABLE par (id int, a text); CREATE TABLE ch (a text) INHERITS (par)",
        "ALTER TABLE par DROP COLUMN a",
        "ch",
        {"a": {}},
        0,
    ),
    "a function has another name": Tie(
        TWO_FUNCTIONS,
        "ALTER FUNCTION public.f() RENAME TO g",
        "t",
        {"id": {"constraints": {"column_default": "public.f()"}}},
        3,
    ),
    "a function has another schema": Tie(
        TWO_FUNCTIONS.replace("CREATE FUNCTION s.f() RETURNS int LANGUAGE sql RETURN 2;", ""),
        "ALTER FUNCTION public.f() SET SCHEMA s",
        "t",
        {"id": {"constraints": {"column_default": "public.f()"}}},
        3,
    ),
    "a label has another name": Tie(TWO_MOODS, "ALTER TYPE mood RENAME VALUE 'x' TO 'y'", "t", MOOD, 1),
    "a rule of a view goes": Tie(
        "CREATE TABLE t (id int); CREATE TABLE z (id int); CREATE VIEW v AS SELECT id FROM t;"
        "CREATE RULE r AS ON UPDATE TO v DO INSTEAD UPDATE z SET id = NEW.id",
        "DROP TABLE z CASCADE",
        "v",
        {"id": {}},
        0,
    ),
    "an inheriting table is published with its parent": Tie(
        f"{INHERITING} FOR TABLE par", "ALTER PUBLICATION pub DROP TABLE par", "ch", {}, 1, constraints=PUBLISHED
    ),
    "the parent alone is published no more": Tie(
        f"{INHERITING} FOR TABLE par", "ALTER PUBLICATION pub DROP TABLE ONLY par", "ch", {}, 0, constraints=PUBLISHED
    ),
    "the inheriting table alone is published no more": Tie(
        f"{INHERITING} FOR TABLE par", "ALTER PUBLICATION pub DROP TABLE ONLY ch", "ch", {}, 1, constraints=PUBLISHED
    ),
    "another set is published with what inherits": Tie(
        f"{INHERITING} FOR TABLE ONLY ch", "ALTER PUBLICATION pub SET TABLE par", "ch", {}, 0, constraints=PUBLISHED
    ),
}


@pytest.mark.parametrize("name", TIES)
def test_the_verdict_is_what_happens(project: Project, name: str) -> None:
    tie = TIES[name]
    table = {"table_schema": tie.schema, "table_name": tie.table, "properties": tie.properties, **dict(tie.constraints)}
    project.sql(tie.before)
    project.contract(
        "c", {"spec-version": "1.0.0", "name": "c", "namespace": "n", "owner": {"name": "o"}, "schema": table}
    )
    project.revision("one", "pass")
    assert project.alembic("upgrade", "head").returncode == 0
    project.revision("two", f"op.execute({tie.change!r})", down="one")
    done = project.alembic("check-contracts")
    assert done.returncode == tie.code, done.stdout + done.stderr
    ran = project.alembic("upgrade", "head", env={"ALEMBIC_CONTRACTS_ENFORCE": "report"})
    assert ran.returncode == 0, ran.stderr
    after = project.alembic("check-contracts")
    expected = (0, 1) if tie.code == 3 else (tie.code,)
    assert after.returncode in expected, after.stdout + after.stderr


REFUSED = {
    "a partition that a foreign key holds": (
        (
            "CREATE TABLE p (id int PRIMARY KEY) PARTITION BY LIST (id);"
            "CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); CREATE TABLE r (id int REFERENCES p)"
        ),
        "DROP TABLE p1",
    ),
    "a part of a partition that a foreign key holds": (
        (
            "CREATE TABLE p (id int PRIMARY KEY) PARTITION BY LIST (id);"
            "CREATE TABLE p0 PARTITION OF p FOR VALUES IN (1) PARTITION BY LIST (id);"
            "CREATE TABLE p1 PARTITION OF p0 DEFAULT; CREATE TABLE r (id int REFERENCES p)"
        ),
        "DROP TABLE p1",
    ),
    "a column that a body of SQL uses": (
        "CREATE TABLE p1 (id int); CREATE FUNCTION ff() RETURNS bigint LANGUAGE sql RETURN (SELECT id FROM p1)",
        "ALTER TABLE p1 DROP COLUMN id",
    ),
    "a column that a rule uses": (
        (
            "CREATE TABLE a (id int); CREATE TABLE p1 (id int);"
            "CREATE RULE r AS ON INSERT TO a DO ALSO INSERT INTO p1 (id) VALUES (NEW.id)"
        ),
        "ALTER TABLE p1 DROP COLUMN id",
    ),
    "a function of a trigger": (
        (
            "CREATE TABLE p1 (id int);"
            "CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
            "CREATE TRIGGER x BEFORE UPDATE ON p1 FOR EACH ROW EXECUTE FUNCTION tf()"
        ),
        "DROP FUNCTION tf()",
    ),
    "the row type of a function": (
        "CREATE TABLE p1 (id int); CREATE FUNCTION ff(p1) RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "DROP TABLE p1",
    ),
    "a function that is not there": ("CREATE TABLE p1 (id int)", "DROP FUNCTION nope()"),
    "a function that is not there beside others": (
        "CREATE FUNCTION ff() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "ALTER FUNCTION nope() RENAME TO other",
    ),
    "a function that is called and not there": (
        "CREATE TABLE p1 (id int); CREATE FUNCTION ff() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE VIEW v AS SELECT nope() AS n FROM p1",
    ),
    "a function that is there": (
        "CREATE FUNCTION ff() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE FUNCTION ff() RETURNS int LANGUAGE sql AS 'SELECT 2'",
    ),
    "a trigger that is not there": ("CREATE TABLE p1 (id int)", "DROP TRIGGER nope ON p1"),
    "a policy that is there": (
        "CREATE TABLE p1 (id int); CREATE POLICY one ON p1 USING (true)",
        "CREATE POLICY one ON p1 USING (false)",
    ),
    "statistics that are there": (
        "CREATE TABLE p1 (id int, b int); CREATE STATISTICS st ON id, b FROM p1",
        "CREATE STATISTICS st ON id, b FROM p1",
    ),
    "a collation that is there": (
        "CREATE COLLATION co (locale = 'C')",
        "CREATE COLLATION co (locale = 'C')",
    ),
    "an operator that is not there": ("CREATE TABLE p1 (id int)", "DROP OPERATOR === (int, int)"),
    "a role that is not there": ("CREATE TABLE p1 (id int)", "GRANT SELECT ON p1 TO nobody_of_this_name"),
    "an extension that cannot be had": ("CREATE TABLE p1 (id int)", "CREATE EXTENSION IF NOT EXISTS no_such_extension"),
    "a server that is not there": ("CREATE TABLE p1 (id int)", "DROP SERVER far"),
    "a deferred key": (
        (
            "CREATE TABLE p (id int PRIMARY KEY); INSERT INTO p VALUES (1);"
            "CREATE TABLE p1 (id int REFERENCES p DEFERRABLE INITIALLY DEFERRED); CREATE FUNCTION ff() RETURNS trigger "
            "LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER x BEFORE UPDATE ON p FOR EACH ROW EXECUTE "
            "FUNCTION ff()"
        ),
        "INSERT INTO p1 VALUES (1); ALTER TABLE p1 ADD COLUMN x int",
    ),
    "a published table without a key": (
        "CREATE TABLE p1 (id int); CREATE PUBLICATION pub FOR TABLE p1",
        "UPDATE p1 SET id = 2",
    ),
    "a column beside those that are grouped": (
        "CREATE TABLE p1 (id int, b int)",
        "CREATE VIEW v AS SELECT id FROM p1 GROUP BY b",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_postgresql_refuses_leads_to_handlers(project: Project, name: str) -> None:
    before, change = REFUSED[name]
    project.sql(before, "CREATE TABLE kept (id int)")
    table = {"table_schema": "public", "table_name": "kept", "properties": {"id": {}}}
    project.contract(
        "c", {"spec-version": "1.0.0", "name": "c", "namespace": "n", "owner": {"name": "o"}, "schema": table}
    )
    block = f"DO $$ BEGIN {change}; EXCEPTION WHEN OTHERS THEN DROP TABLE kept; END $$"
    project.revision("one", f"op.execute({block!r})")
    done = project.alembic("check-contracts")
    assert done.returncode in (1, 3), done.stdout
    project.alembic("upgrade", "head", env={"ALEMBIC_CONTRACTS_ENFORCE": "report"})
    assert project.sql("SELECT to_regclass('kept') IS NULL") == [(True,)]
