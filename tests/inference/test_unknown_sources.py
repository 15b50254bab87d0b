"""Relations of a consumer's own of which nobody knows the columns."""

from __future__ import annotations

import pytest

from alembic_contracts.inference.asked import Asked
from alembic_contracts.inference.queries import Query, look
from alembic_contracts.schemas.schema import Column, Name, Schema, Table, Type

TEXT = Type(Name("pg_catalog", "text"))


def _table(name: str) -> Table:
    columns = tuple(Column(name=each, type=TEXT) for each in ("seen_at", "id"))
    return Table(name=Name("public", name), kind="table", columns=columns)


@pytest.mark.parametrize("dialect", [None, "snowflake"])
def test_a_column_that_an_unknown_relation_may_have_is_not_ambiguous_further_out(dialect: str | None) -> None:
    schema = Schema(tables={table.name: table for table in (_table("a"), _table("b"))})
    asked = Asked(inputs=(), schema=schema, server_version=180000, sql_dialect=dialect)
    text = "select a.id from a join b on a.id = b.id where a.id > (select max(seen_at) from own.x)"
    unknown = Query(text="", file="x.sql", defines=Name("own", "x"))
    assert look([Query(text=text, file="q.sql"), unknown], asked).unread == ()
    known = Query(text="select 1 as seen_at, 2 as other", file="x.sql", defines=Name("own", "x"))
    assert look([Query(text=text, file="q.sql"), known], asked).unread == ()
    ambiguous = Query(text="select seen_at from a, b, own.x", file="q.sql")
    assert [each.reason for each in look([ambiguous, unknown], asked).unread] == [
        "reads seen_at, which is ambiguous: a and b have it"
    ]
