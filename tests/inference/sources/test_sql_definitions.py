"""Statements that define something, and sources with names of their own for columns, use what they name."""

from __future__ import annotations

import pytest

from alembic_contracts.schemas.schema import Column, Name, Schema, Table
from tests.support.uses import looked

ORDERS = Name("public", "orders")
SCHEMA = Schema(
    tables={ORDERS: Table(name=ORDERS, columns=tuple(Column(name=each, type=None) for each in ("code", "note", "id")))}
)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT code FROM orders \\; SELECT note FROM orders \\g out.txt",
        "ALTER TABLE orders ADD CONSTRAINT c CHECK (code > note)",
        "ALTER TABLE orders ADD CONSTRAINT c UNIQUE (code, note)",
        "ALTER TABLE orders ADD FOREIGN KEY (code, note) REFERENCES orders (code, note)",
        "CREATE TRIGGER t BEFORE UPDATE OF code, note ON orders FOR EACH ROW EXECUTE FUNCTION f()",
        "SELECT a, b FROM orders AS o(a, b)",
        "SELECT 1 FROM orders AS o(a, b) WHERE a > 'x'",
        "SELECT a FROM (orders CROSS JOIN (SELECT 1) s) AS o(a, b)",
    ],
)
def test_what_a_statement_names_is_used(statement: str) -> None:
    found = looked(SCHEMA, f"\n{statement};\n")
    assert ({(use.column, use.place.line) for use in found.uses}, found.unread) == ({("code", 2), ("note", 2)}, ())
