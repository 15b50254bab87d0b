"""Functions that change tables, and all the ways in which they come to run: nothing that they did goes unsaid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from alembic_contracts.dialects.postgresql import observe, surroundings
from alembic_contracts.prediction.catalog.catalog import Catalog
from alembic_contracts.prediction.scripts.baseline import observed
from alembic_contracts.prediction.statements import execute
from alembic_contracts.schemas.schema import Name

if TYPE_CHECKING:
    from collections.abc import Iterable

    import sqlalchemy as sa

    from alembic_contracts.prediction.catalog.execution import Effect

RELIED_ON = Name("public", "o")
BODY = "LANGUAGE plpgsql AS $$BEGIN ALTER TABLE public.o DROP COLUMN IF EXISTS c; RETURN {}; END$$"
MADE = [
    "CREATE TABLE o (c int, d int)",
    "CREATE TABLE q (a int, b int)",
    "INSERT INTO q VALUES (1, 1)",
    f"CREATE FUNCTION f() RETURNS int {BODY.format(1)}",
    f"CREATE FUNCTION holds(a int) RETURNS bool {BODY.format('true')}",
    f"CREATE FUNCTION fires() RETURNS trigger {BODY.format('NEW')}",
]
TRIGGER = "CREATE TRIGGER t {} {} FOR EACH ROW EXECUTE FUNCTION fires()"
ON_INSERT = TRIGGER.format("BEFORE INSERT ON", "q")
PARTITIONED = "CREATE TABLE m (a int) PARTITION BY LIST (a)"
PARTITION = "CREATE TABLE m1 PARTITION OF m FOR VALUES IN (1)"
ON_PARTITIONED = TRIGGER.format("AFTER INSERT ON", "m")
INSERT = "INSERT INTO q VALUES (2, 2)"
DEFERRED = "CREATE CONSTRAINT TRIGGER t AFTER INSERT ON q DEFERRABLE INITIALLY {} FOR EACH ROW EXECUTE FUNCTION fires()"
WRITER = """
    CREATE FUNCTION writes() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN INSERT INTO q VALUES (3, 3); RETURN NEW; END$$
"""
ON_OTHER = [
    "CREATE TABLE w (a int)",
    WRITER,
    "CREATE TRIGGER w AFTER INSERT ON w FOR EACH ROW EXECUTE FUNCTION writes()",
]
HELPER = "CREATE {} FUNCTION g() RETURNS int LANGUAGE plpgsql AS $$BEGIN {} RETURN 1; END$$"
BY_HELPER = [
    HELPER.format("", ""),
    "CREATE FUNCTION helped() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM g(); RETURN NEW; END$$",
    "CREATE TRIGGER t BEFORE INSERT ON q FOR EACH ROW EXECUTE FUNCTION helped()",
]

RUN = {
    "a new default": ([], ["ALTER TABLE q ADD z int DEFAULT f()"]),
    "a default and a row": ([], ["ALTER TABLE q ALTER b SET DEFAULT f()", "INSERT INTO q (a) VALUES (2)"]),
    "the default of a new table": ([], ["CREATE TABLE n (a int DEFAULT f(), b int)", "INSERT INTO n (b) VALUES (1)"]),
    "a new check": ([], ["ALTER TABLE q ADD CHECK (f() = 1)"]),
    "a new check, later": ([], ["ALTER TABLE q ADD CHECK (f() = 1) NOT VALID", INSERT]),
    "USING": ([], ["ALTER TABLE q ALTER a TYPE bigint USING f()"]),
    "a domain": ([], ["CREATE DOMAIN dm AS int CHECK (holds(VALUE))", "ALTER TABLE q ALTER a TYPE dm"]),
    "a domain's new check": (
        ["CREATE DOMAIN dm AS int"],
        ["ALTER DOMAIN dm ADD CHECK (holds(VALUE))", "CREATE TABLE n (a dm)", "INSERT INTO n VALUES (4)"],
    ),
    "a domain's old check": (
        [
            "CREATE DOMAIN dm AS int",
            "CREATE TABLE n (a dm)",
            "INSERT INTO n VALUES (1)",
            "ALTER DOMAIN dm ADD CONSTRAINT z CHECK (holds(VALUE)) NOT VALID",
        ],
        ["ALTER DOMAIN dm VALIDATE CONSTRAINT z"],
    ),
    "a view": ([], ["CREATE VIEW v AS SELECT f() AS x", "SELECT * FROM v"]),
    "a rule": ([], ["CREATE RULE r AS ON INSERT TO q DO ALSO SELECT f()", INSERT]),
    "LIKE and its defaults": (
        ["CREATE TABLE p (a int DEFAULT f(), b int)"],
        ["CREATE TABLE n (LIKE p INCLUDING DEFAULTS)", "INSERT INTO n (b) VALUES (1)"],
    ),
    "LIKE and its checks": (
        ["CREATE TABLE p (a int, b int, CHECK (holds(a)))"],
        ["CREATE TABLE n (LIKE p INCLUDING CONSTRAINTS)", "INSERT INTO n VALUES (1, 1)"],
    ),
    "INHERITS": (
        ["CREATE TABLE p (a int DEFAULT f(), b int)"],
        ["CREATE TABLE n () INHERITS (p)", "INSERT INTO n (b) VALUES (1)"],
    ),
    "a table of a query": ([], ["CREATE TABLE z AS SELECT holds(a) FROM q"]),
    "a bound": ([PARTITIONED], ["CREATE TABLE m1 PARTITION OF m FOR VALUES IN (f())"]),
    "a function of the server's, hidden": (
        [f"CREATE FUNCTION public.lower(text) RETURNS text {BODY.format('$1')}"],
        ["SET search_path = public, pg_catalog", "SELECT lower('A')"],
    ),
    "a trigger": ([ON_INSERT], [INSERT]),
    "a new trigger": ([], [ON_INSERT, INSERT]),
    "WITH": ([ON_INSERT], ["WITH x AS (INSERT INTO q VALUES (5, 5) RETURNING a) SELECT * FROM x"]),
    "rows that are moved": (
        ["CREATE TABLE z (a int, b int)", TRIGGER.format("BEFORE DELETE ON", "q")],
        ["WITH x AS (DELETE FROM q RETURNING *) INSERT INTO z SELECT * FROM x"],
    ),
    "rows of a view": ([ON_INSERT, "CREATE VIEW v AS SELECT * FROM q"], ["INSERT INTO v VALUES (1, 1)"]),
    "a partition that is attached": (
        [PARTITIONED, ON_PARTITIONED],
        ["CREATE TABLE m1 (a int)", "ALTER TABLE m ATTACH PARTITION m1 FOR VALUES IN (1)", "INSERT INTO m1 VALUES (1)"],
    ),
    "a new partition": ([PARTITIONED, ON_PARTITIONED], [PARTITION, "INSERT INTO m1 VALUES (1)"]),
    "a partition's new trigger": ([PARTITIONED, PARTITION], [ON_PARTITIONED, "INSERT INTO m1 VALUES (1)"]),
    "a partition's trigger": ([PARTITIONED, PARTITION, ON_PARTITIONED], ["INSERT INTO m1 VALUES (1)"]),
    "a trigger at the end": ([DEFERRED.format("DEFERRED")], [INSERT]),
    "a trigger that is put off": ([DEFERRED.format("IMMEDIATE")], ["SET CONSTRAINTS ALL DEFERRED", INSERT]),
    "a key that cascades": (
        [
            "CREATE TABLE p (id int PRIMARY KEY)",
            "CREATE TABLE n (p int REFERENCES p ON DELETE SET NULL)",
            "INSERT INTO p VALUES (1)",
            "INSERT INTO n VALUES (1)",
            TRIGGER.format("BEFORE UPDATE ON", "n"),
        ],
        ["DELETE FROM p"],
    ),
    "another trigger's rows": ([*ON_OTHER, ON_INSERT], ["INSERT INTO w VALUES (1)"]),
    "another trigger's rows, a new trigger": (ON_OTHER, [ON_INSERT, "INSERT INTO w VALUES (1)"]),
    "a function that is replaced": (BY_HELPER, [HELPER.format("OR REPLACE", "ALTER TABLE o DROP c;"), INSERT]),
    "a function that inserts": (
        [ON_INSERT, "CREATE FUNCTION g() RETURNS int LANGUAGE sql AS $$INSERT INTO q VALUES (7, 7); SELECT 1$$"],
        ["SELECT g()"],
    ),
    "a function that returns what it inserts": (
        [
            ON_INSERT,
            (
                "CREATE FUNCTION g() RETURNS SETOF int LANGUAGE plpgsql AS "
                "$$BEGIN RETURN QUERY INSERT INTO q VALUES (7, 7) RETURNING a; END$$"
            ),
        ],
        ["SELECT g()"],
    ),
    "EXECUTE ... USING": ([], ["DO $$BEGIN EXECUTE 'SELECT $1' USING f(); END$$"]),
    "a cursor": ([], ["DO $$DECLARE r record; k CURSOR FOR SELECT f(); BEGIN OPEN k; FETCH k INTO r; END$$"]),
    "a cursor that is opened for a query": (
        [],
        ["DO $$DECLARE r record; k refcursor; BEGIN OPEN k FOR SELECT f(); FETCH k INTO r; END$$"],
    ),
    "the rows of an INSERT": (
        [ON_INSERT],
        ["DO $$DECLARE r record; BEGIN FOR r IN INSERT INTO q VALUES (3, 3) RETURNING a LOOP NULL; END LOOP; END$$"],
    ),
    "a call that looks like a column": (
        [f"CREATE FUNCTION as_column(q) RETURNS int {BODY.format(1)}"],
        ["SELECT q.as_column FROM q"],
    ),
    "a call that looks like a field": (
        [f"CREATE FUNCTION as_column(q) RETURNS int {BODY.format(1)}"],
        ["CREATE TABLE z AS SELECT (q).as_column FROM q"],
    ),
    "a rule's rows": (
        [ON_INSERT, "CREATE TABLE n (a int)", "CREATE RULE r AS ON INSERT TO n DO INSTEAD INSERT INTO q VALUES (1, 1)"],
        ["INSERT INTO n VALUES (1)"],
    ),
    "a new rule's rows": (
        [ON_INSERT, "CREATE TABLE n (a int)"],
        ["CREATE RULE r AS ON INSERT TO n DO INSTEAD INSERT INTO q VALUES (1, 1)", "INSERT INTO n VALUES (1)"],
    ),
    "RAISE": ([], ["DO $$BEGIN RAISE NOTICE 'x' USING HINT = f()::text; END$$"]),
    "a prepared statement": ([], ["PREPARE p AS SELECT f()", "CREATE TABLE z AS EXECUTE p", "DEALLOCATE p"]),
}

HARMLESS = {
    "what calls nothing": (
        [ON_INSERT],
        ["CREATE TABLE n (a int DEFAULT 3)", "INSERT INTO n VALUES (3)", "SELECT lower('A')", "DELETE FROM o"],
    ),
    "an audit": (
        ON_OTHER,
        ["INSERT INTO w VALUES (1)", "ALTER TABLE q ADD z int DEFAULT 5"],
    ),
    "a replacement that changes nothing": (BY_HELPER, [HELPER.format("OR REPLACE", "PERFORM 2;"), INSERT]),
}


def effects(catalog: Catalog, statements: Iterable[str]) -> list[Effect]:
    return [effect for statement in statements for effect in execute(catalog, statement)]


def doubted(catalog: Catalog, found: Iterable[Effect]) -> bool:
    """Whether it is known or doubted that the column is gone."""
    table = catalog.state.tables.get(RELIED_ON)
    doubts = [doubt for effect in found for doubt in effect.doubts]
    is_gone = table is None or table.column("c") is None
    return is_gone or any(doubt.tables is None or RELIED_ON in doubt.tables for doubt in doubts)


def both(connection: sa.Connection, before: list[str], pending: list[str]) -> tuple[bool, bool, bool]:
    """Whether the column is gone from the real table; whether that is said from nothing, and of what was observed."""
    for statement in (*MADE, *before):
        connection.exec_driver_sql(statement)
    assert len(connection.exec_driver_sql("SELECT c FROM o").keys()) == 1
    alone, seen = Catalog(), observed(observe(connection, None), surroundings(connection))
    earlier = effects(alone, (*MADE, *before))
    for catalog in (alone, seen):
        catalog.begin()
    from_nothing, from_there = effects(alone, pending), effects(seen, pending)
    for statement in (*pending, "SET CONSTRAINTS ALL IMMEDIATE"):
        connection.exec_driver_sql(statement)
    there = connection.exec_driver_sql(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'public.o'::regclass"
    ).scalars()
    return "c" not in there.all(), doubted(alone, (*earlier, *from_nothing)), doubted(seen, from_there)


@pytest.mark.parametrize(("before", "pending"), RUN.values(), ids=RUN)
def test_what_a_function_changes_is_not_taken_for_unchanged(
    connection: sa.Connection, before: list[str], pending: list[str]
) -> None:
    assert both(connection, before, pending) == (True, True, True)


@pytest.mark.parametrize(("before", "pending"), HARMLESS.values(), ids=HARMLESS)
def test_nothing_is_doubted_where_no_such_function_runs(
    connection: sa.Connection, before: list[str], pending: list[str]
) -> None:
    assert both(connection, before, pending) == (False, False, False)
