"""What is found in a shorter way is what a walk through the whole tree finds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from alembic_contracts.dialects.postgresql.library import pg_query_pb2
from alembic_contracts.prediction.sql import parser
from alembic_contracts.prediction.sql.mentions import functions_of, sequences_in
from alembic_contracts.prediction.sql.sqlstate import PostgresError
from alembic_contracts.schemas.schema import Name

SCRIPTS = Path(__file__).parents[1] / "statements" / "parity"
CALLS = (
    "CALL p(1)",
    "CALL s.p()",
    "EXPLAIN ANALYZE SELECT f(1)",
    "PREPARE q AS SELECT f($1)",
    "CREATE TABLE t (a int DEFAULT f(), b int CHECK (s.g(b) > 0))",
    "ALTER TABLE t ALTER a SET DEFAULT nextval('x')",
    "CREATE INDEX i ON t (lower(a)) WHERE f(b)",
    "CREATE RULE r AS ON INSERT TO t DO ALSO SELECT f()",
    "CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW WHEN (f(NEW.a)) EXECUTE FUNCTION h()",
    "CREATE POLICY p ON t USING (f())",
    "CREATE VIEW v AS SELECT * FROM f() AS x",
    "INSERT INTO t SELECT 1 ON CONFLICT DO UPDATE SET a = f()",
    "CREATE FUNCTION a() RETURNS int BEGIN ATOMIC SELECT f(); END",
    "SELECT 1",
    "CREATE TABLE t (a numeric(10, 2), b varchar(50) DEFAULT 'f()')",
)


def statements() -> Iterator[parser.Statement]:
    texts = [part for file in sorted(SCRIPTS.glob("*.sql")) for part in re.split(r"(?m)^===.*$", file.read_text())]
    for text in (*CALLS, *(line for part in texts for line in part.splitlines())):
        try:
            yield from parser.parse(text)
        except PostgresError:
            continue


def walked(statement: parser.Statement) -> set[str]:
    calls = (m for m in parser.walk(statement.node) if m.DESCRIPTOR.name == "FuncCall")
    return {parser.strings(call.funcname)[-1] for call in calls}


def test_no_function_that_a_statement_calls_is_missed() -> None:
    compared = calling = 0
    for statement in statements():
        expected = walked(statement)
        assert {name.name for name in functions_of(statement.node)} == expected, statement.sql
        compared, calling = compared + 1, calling + bool(expected)
    assert compared > 1000
    assert calling > 100


def test_nothing_else_holds_a_call_that_is_in_no_wrapper() -> None:
    holders = {
        (name, field.name)
        for name, message in pg_query_pb2.DESCRIPTOR.message_types_by_name.items()
        for field in message.fields
        if field.message_type is not None and field.message_type.name in {"FuncCall", "CallStmt"}
    }
    assert holders == {("Node", "func_call"), ("Node", "call_stmt"), ("CallStmt", "funccall")}


@pytest.mark.parametrize(
    ("default", "names"),
    [
        ("nextval('t_id_seq'::regclass)", {Name("", "t_id_seq")}),
        ("nextval('s.t_id_seq'::regclass)", {Name("s", "t_id_seq")}),
        ("nextval('\"T_id_seq\"'::regclass)", {Name("", "T_id_seq")}),
        ('nextval(\'"a.b"."c d"\'::regclass)', {Name("a.b", "c d")}),
        ("nextval('it''s'::regclass)", {Name("", "it's")}),
        ("nextval('a'::regclass) + nextval('b'::regclass)", {Name("", "a"), Name("", "b")}),
        ("nextval(('a'::text)::regclass)", set()),
        ("pg_catalog.nextval('a'::regclass)", {Name("", "a")}),
        ("currval('a'::regclass)", set()),
        ("'nextval(''a''::regclass)'::text", set()),
    ],
)
def test_sequences_of_a_default(default: str, names: set[Name]) -> None:
    assert sequences_in(default) == names
