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
    "a foreign key updates what another one deletes with": (
        [
            P,
            TWO,
            "CREATE TABLE q (id int UNIQUE DEFAULT 7 references p on delete set default)",
            "CREATE TABLE r (id int references q (id) on update cascade)",
            "INSERT INTO p VALUES (7, 'c')",
            Q,
            "INSERT INTO r VALUES (1)",
            "DELETE FROM p WHERE id = 1",
        ],
        "SELECT id = 7 FROM r",
    ),
    "a foreign key updates": (
        [P, TWO, "CREATE TABLE q (id int references p on update cascade)", Q, "UPDATE p SET id = 9 WHERE id = 1"],
        "SELECT id = 9 FROM q",
    ),
    "a trigger inserts": (
        [P, "CREATE TABLE l (x int)", INTO_L, TRIGGER.format(when="AFTER"), TWO],
        "SELECT count(*) = 2 FROM l",
    ),
    "a trigger of a block": (
        [P, "CREATE TABLE l (x int)", INTO_L, f"DO $$ BEGIN {TRIGGER.format(when='AFTER')}; END $$", TWO],
        "SELECT count(*) = 2 FROM l",
    ),
    "a trigger of a block's text": (
        [P, "CREATE TABLE l (x int)", INTO_L, f"DO $$ BEGIN EXECUTE '{TRIGGER.format(when='AFTER')}'; END $$", TWO],
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
    "WITH": (
        [P, "WITH x AS (INSERT INTO p VALUES (1, 'a') RETURNING id) SELECT * FROM x"],
        "SELECT count(*) = 1 FROM p",
    ),
    "WITH before another change": (
        [P, "CREATE TABLE q (id int)", "WITH y AS (INSERT INTO p VALUES (1, 'a')) INSERT INTO q VALUES (1)"],
        "SELECT count(*) = 1 FROM p",
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


PR = "CREATE PROCEDURE pr(INOUT b text) LANGUAGE plpgsql AS $$ BEGIN b := 'c'; END $$"
FO = "CREATE FUNCTION fo(a int, OUT x int, OUT y text) LANGUAGE plpgsql AS $$ BEGIN x := a * 2; y := 'o' || a; END $$"
BLOCKS = {
    "an argument that a procedure sets": (
        [PR],
        "DECLARE i text := 'zzz'; BEGIN CALL pr(i); EXECUTE format('DROP TABLE IF EXISTS %I', i); END",
    ),
    "what a handler sets": (
        [],
        (
            "DECLARE i int; s text; BEGIN BEGIN SELECT 1 INTO STRICT i WHERE false;"
            "EXCEPTION WHEN no_data_found THEN s := 'hit'; END; IF s = 'hit' THEN DROP TABLE c; END IF; END"
        ),
    ),
    "columns of a function": (
        [FO],
        "DECLARE i int; s text; BEGIN SELECT * INTO i, s FROM fo(7); IF s = 'o7' THEN DROP TABLE c; END IF; END",
    ),
    "the order of labels": (
        ["CREATE TYPE m AS ENUM ('z', 'a')"],
        "BEGIN IF 'z'::m < 'a'::m THEN DROP TABLE c; END IF; END",
    ),
    "a cursor": (
        [],
        (
            "DECLARE s text; cu refcursor; BEGIN OPEN cu FOR SELECT 'hit'; FETCH cu INTO s; CLOSE cu;"
            "IF s = 'hit' THEN DROP TABLE c; END IF; END"
        ),
    ),
}


@pytest.mark.parametrize("name", BLOCKS)
def test_what_blocks_do_is_unproven_or_seen(scripts, connection, name: str) -> None:
    before, body = BLOCKS[name]
    statements = ("CREATE TABLE c (id int)", *before, f"DO $block$ {body} $block$")
    scripts.revision("one", "\n".join(f"op.execute({statement!r})" for statement in statements))
    predictions = scripts.predict()
    for statement in statements:
        connection.exec_driver_sql(statement.replace("%", "%%"))
    assert connection.scalar(text("SELECT to_regclass('c') IS NULL")) is True, "that is how it is"
    reasons = [each.reason for prediction in predictions for each in prediction.unproven]
    assert not any("refuse" in reason for reason in reasons), reasons
    assert reasons or any(Name("public", "c") not in each.after.tables for each in predictions)


@pytest.mark.parametrize(
    "statement",
    ["INSERT INTO o VALUES (1, 'y')", "UPDATE o SET n = NULL", "INSERT INTO o VALUES (2, NULL)"],
)
@pytest.mark.parametrize("how", ["flag", "list", "break", "did"])
def test_who_goes_by_an_error_is_unproven_or_seen(scripts, statement: str, how: str) -> None:
    caught = {"flag": "hit = True", "list": "hit.append(1)", "break": "hit = 1\n        break", "did": "pass"}[how]
    first = {"list": "hit = []", "did": "hit = True"}.get(how, "hit = False")
    then = "\n            hit = False" if how == "did" else ""
    scripts.revision(
        "one",
        f"""
        {first}
        for _ in range(1):
            try:
                with op.get_bind().begin_nested():
                    op.execute("{statement}"){then.replace(chr(10), chr(10) + "        ")}
            except sa.exc.IntegrityError:
                {caught.replace(chr(10), chr(10) + "        ")}
        if hit:
            op.drop_table("c")
        """,
    )
    setup = "CREATE TABLE o (id int PRIMARY KEY, n text NOT NULL); CREATE TABLE c (id int)"
    predictions = scripts.predict("public.c", setup=setup)
    assert any(each.unproven or Name("public", "c") not in each.after.tables for each in predictions)


@pytest.mark.parametrize(
    "made", ["sa.text('INSERT INTO p (id) VALUES (:id)')", "sa.table('p', sa.column('id')).insert()"]
)
def test_many_rows_at_once_set_off_triggers_as_well(scripts, made: str) -> None:
    lines = "\n".join(
        f"op.execute({each!r})" for each in (P, NOTHING, TRIGGER.format(when="BEFORE"), "CREATE TABLE c ()")
    )
    scripts.revision(
        "one",
        f"{lines}\nbind = op.get_bind()\nbind.execute({made}, [{{'id': 1}}, {{'id': 2}}])\n"
        "if bind.scalar(sa.text('SELECT count(*) = 0 FROM p')):\n    op.drop_table('c')",
    )
    assert any(each.unproven or Name("public", "c") not in each.after.tables for each in scripts.predict())
