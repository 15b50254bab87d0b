"""Warehouses' grammars: what they have alone is read, and what is not is named."""

from __future__ import annotations

import pytest

from alembic_contracts.schemas.schema import Column, Name, Schema, Table
from tests.support.uses import Used, columns, looked

ORDERS = Name("public", "orders")
SCHEMA = Schema(
    namespaces=frozenset({"public"}),
    tables={ORDERS: Table(name=ORDERS, columns=tuple(Column(name=each, type=None) for each in ("id", "note", "code")))},
)
EVERYTHING = {("orders", "id"), ("orders", "note"), ("orders", "code")}


@pytest.mark.parametrize(
    ("query", "used"),
    [
        ("SELECT COLUMNS('i.*') FROM orders", EVERYTHING),
        ("SELECT max(COLUMNS(*)) FROM orders", EVERYTHING),
        ("PIVOT orders ON code USING count(id)", EVERYTHING),
        ("PIVOT orders ON code USING count(id) GROUP BY code", {("orders", "id"), ("orders", "code")}),
        ("UNPIVOT orders ON id, code", EVERYTHING),
        ("PIVOT (SELECT id, code FROM orders) ON code", {("orders", "id"), ("orders", "code")}),
        ("SUMMARIZE orders", EVERYTHING),
    ],
)
def test_what_duckdb_has_alone_is_read(query: str, used: Used) -> None:
    found = looked(SCHEMA, query, sql_dialect="duckdb")
    assert (columns(found), found.unread) == (used, ())


def test_a_statement_that_is_not_read_is_named() -> None:
    found = looked(SCHEMA, "SELECT id FROM orders;\nCACHE TABLE kept AS SELECT note FROM orders", sql_dialect="spark")
    assert [(each.line, each.reason) for each in found.unread] == [(2, "is not read: CACHE")]


@pytest.mark.parametrize(
    ("mapping", "used"),
    [
        ("RAW.SHOP=public", set()),
        ("RAW.SHOP.ORDERS=public.orders", set()),
        ("ANALYTICS.SHOP=public", {("orders", "note")}),
        ("SHOP=public", {("orders", "note")}),
        ("SHOP.ORDERS=public.orders", {("orders", "note")}),
    ],
)
def test_another_database_of_the_warehouse_is_not_this_one(mapping: str, used: Used) -> None:
    """Snowflake calls the first schema of every database PUBLIC."""
    source, _, target = mapping.partition("=")
    query = "SELECT note FROM ANALYTICS.PUBLIC.ORDERS"
    found = looked(SCHEMA, query, sql_dialect="snowflake", mapping=((source, target),))
    assert columns(found) == used
    assert bool(found.notes) != bool(used)
