"""Rows that are changed in ways that nobody follows: a script that goes by them is never predicted to do nothing."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from alembic_contracts.schemas.schema import Name

P = "CREATE TABLE p (id int primary key, n text)"
TWO = "INSERT INTO p VALUES (1, 'a'), (2, 'b')"
Q = "INSERT INTO q VALUES (1)"
PARTS = ["CREATE TABLE p (id int, n text) PARTITION BY LIST (id)", "CREATE TABLE q PARTITION OF p DEFAULT"]
TRIGGER = "CREATE TRIGGER t {when} INSERT ON p FOR EACH ROW EXECUTE FUNCTION tf()"
INTO_L = "CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO l VALUES (1); RETURN NEW; END'"
NOTHING = "CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
FI = "CREATE FUNCTION fi() RETURNS int LANGUAGE sql AS 'INSERT INTO p VALUES (1) RETURNING id'"
BLOCK = "DO $$ DECLARE i int; r record; BEGIN {} END $$"
WRITES = {
    "a foreign key deletes": (
        [P, TWO, "CREATE TABLE q (id int references p on delete cascade)", Q, "DELETE FROM p"],
        "SELECT count(*) = 0 FROM q",
    ),
    "a foreign key sets null": (
        [P, TWO, "CREATE TABLE q (id int references p on delete set null)", Q, "DELETE FROM p"],
        "SELECT id IS NULL FROM q",
    ),
    "a foreign key updates": (
        [P, TWO, "CREATE TABLE q (id int references p on update cascade)", Q, "UPDATE p SET id = 9 WHERE id = 1"],
        "SELECT id = 9 FROM q",
    ),
    "a trigger inserts": (
        [P, "CREATE TABLE l (x int)", INTO_L, TRIGGER.format(when="AFTER"), TWO],
        "SELECT count(*) = 2 FROM l",
    ),
    "a trigger prevents": ([P, NOTHING, TRIGGER.format(when="BEFORE"), TWO], "SELECT count(*) = 0 FROM p"),
    "a rule inserts": (
        [P, "CREATE TABLE l (x int)", "CREATE RULE r AS ON INSERT TO p DO ALSO INSERT INTO l VALUES (NEW.id)", TWO],
        "SELECT count(*) = 2 FROM l",
    ),
    "a rule prevents": (
        [P, "CREATE RULE r AS ON INSERT TO p DO INSTEAD NOTHING", TWO],
        "SELECT count(*) = 0 FROM p",
    ),
    "what inherits is emptied": (
        [P, "CREATE TABLE q () INHERITS (p)", "INSERT INTO q VALUES (3, 'c')", "TRUNCATE p"],
        "SELECT count(*) = 0 FROM q",
    ),
    "a partition is filled": ([*PARTS, "INSERT INTO p VALUES (3, 'c')"], "SELECT count(*) = 1 FROM q"),
    "a partition goes": (
        [*PARTS, "INSERT INTO p VALUES (3, 'c')", "ALTER TABLE p DETACH PARTITION q"],
        "SELECT count(*) = 0 FROM p",
    ),
    "MERGE": (
        [
            P,
            "CREATE TABLE q (id int, n text)",
            "INSERT INTO q VALUES (1, 'z')",
            "MERGE INTO p USING q ON p.id = q.id WHEN NOT MATCHED THEN INSERT VALUES (q.id, q.n)",
        ],
        "SELECT count(*) = 1 FROM p",
    ),
    "EXECUTE": ([P, "PREPARE s1 AS INSERT INTO p VALUES (1, 'a')", "EXECUTE s1"], "SELECT count(*) = 1 FROM p"),
    "EXPLAIN ANALYZE": ([P, "EXPLAIN ANALYZE INSERT INTO p VALUES (1, 'a')"], "SELECT count(*) = 1 FROM p"),
    "a savepoint": ([P, "SAVEPOINT a", TWO, "ROLLBACK TO SAVEPOINT a"], "SELECT count(*) = 0 FROM p"),
    "a materialized view": (
        [P, "CREATE MATERIALIZED VIEW mv AS SELECT * FROM p", TWO],
        "SELECT count(*) = 0 FROM mv",
    ),
    "a default": (
        [P, FI, "CREATE TABLE z (a int DEFAULT fi())", "INSERT INTO z DEFAULT VALUES"],
        "SELECT count(*) = 1 FROM p",
    ),
    "a function": ([P, FI, "SELECT fi()"], "SELECT count(*) = 1 FROM p"),
    "a block returns": (
        [P, BLOCK.format("INSERT INTO p VALUES (1, 'x') RETURNING id INTO i;")],
        "SELECT count(*) = 1 FROM p",
    ),
    "a block loops": (
        [P, BLOCK.format("FOR r IN INSERT INTO p VALUES (1, 'x') RETURNING id LOOP NULL; END LOOP;")],
        "SELECT count(*) = 1 FROM p",
    ),
    "a block with a handler": (
        [P, BLOCK.format("INSERT INTO p VALUES (1, 'x'); EXCEPTION WHEN OTHERS THEN NULL;")],
        "SELECT count(*) = 1 FROM p",
    ),
    "a block whose handler takes it back": (
        [P, BLOCK.format("BEGIN INSERT INTO p VALUES (1, 'x'); RAISE 'no'; EXCEPTION WHEN OTHERS THEN NULL; END;")],
        "SELECT count(*) = 0 FROM p",
    ),
    "a view": (
        [
            P,
            "CREATE VIEW v AS SELECT id, n FROM p",
            "CREATE VIEW w AS SELECT * FROM v",
            "INSERT INTO w VALUES (1, 'a')",
        ],
        "SELECT count(*) = 1 FROM p",
    ),
}


@pytest.mark.parametrize("name", WRITES)
def test_who_goes_by_them_is_unproven_or_seen(scripts, connection, name: str) -> None:
    statements, query = WRITES[name]
    lines = "\n".join(f"op.execute({statement!r})" for statement in ("CREATE TABLE c (id int)", *statements))
    scripts.revision("one", f"{lines}\nif op.get_bind().scalar(sa.text({query!r})):\n    op.drop_table('c')")
    predictions = scripts.predict()
    for statement in statements:
        connection.exec_driver_sql(statement)
    assert connection.scalar(text(query)) is True, "that is how it is"
    assert any(each.unproven or Name("public", "c") not in each.after.tables for each in predictions)
