"""Files that are no ordinary SQL are named, and what PostgreSQL reads is read, however deep."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from alembic_contracts.inference.asked import Asked
from alembic_contracts.inference.sources import sql
from alembic_contracts.schemas.schema import Column, Name, Schema, Table

if TYPE_CHECKING:
    from pathlib import Path

    from alembic_contracts.inference.uses import Found

ORDERS = Name("public", "orders")


def found(*paths: Path) -> Found:
    columns = tuple(Column(name=each, type=None) for each in ("id", "note", "code"))
    schema = Schema(tables={ORDERS: Table(name=ORDERS, columns=columns)})
    return sql.uses(Asked(inputs=tuple(map(str, paths)), schema=schema, server_version=180000))


def used(what: Found) -> set[str | None]:
    return {use.column for use in what.uses}


@pytest.mark.parametrize(
    "query",
    [
        "SELECT md5(" + " || '-' || ".join(["coalesce(note, '')"] * 60) + ") FROM orders",
        " UNION ALL ".join(["SELECT note FROM orders"] * 300),
        "SELECT " + "CASE WHEN note > 'a' THEN 1 ELSE " * 60 + "1" + " END" * 60 + " FROM orders",
        "SELECT note FROM " + "(SELECT * FROM " * 40 + "orders" + ") x" * 40,
    ],
    ids=["terms", "unions", "cases", "subqueries"],
)
def test_deep_queries_are_read(tmp_path: Path, query: str) -> None:
    (tmp_path / "deep.sql").write_text(query)
    assert (used(found(tmp_path)), found(tmp_path).unread) == ({"note"}, ())


def test_one_text_that_is_too_deep_costs_only_itself(tmp_path: Path) -> None:
    deep = "SELECT * FROM " + "(SELECT * FROM " * 600 + "orders" + ") x" * 600
    (tmp_path / "a.sql").write_text(f"{deep};\nSELECT code FROM orders;")
    (tmp_path / "b.sql").write_text("SELECT note FROM orders")
    what = found(tmp_path)
    assert used(what) == {"code", "note"}
    assert [(each.line, each.reason) for each in what.unread] == [(1, "is not understood: nested too deeply")]


@pytest.mark.parametrize("name", ["report.sql.j2", "report.SQL.jinja"])
def test_a_template_by_its_name_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("SELECT note FROM orders")
    what = found(tmp_path)
    assert used(what) == set()
    assert [each.reason for each in what.unread] == ["a template, which is not read as SQL"]


def test_a_pipe_in_a_folder_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.sql")
    (tmp_path / "x.sql").write_text("SELECT note FROM orders")
    what = found(tmp_path)
    assert used(what) == {"note"}
    assert [each.reason for each in what.unread] == ["is no regular file"]


def test_the_parser_does_not_quote_a_whole_file(tmp_path: Path) -> None:
    (tmp_path / "x.sql").write_text("SELECT note FROM orders;\n/* never ended\n" + "much more\n" * 10_000)
    what = found(tmp_path)
    assert used(what) == {"note"}
    [unread] = what.unread
    assert str(unread).endswith('unterminated /* comment at or near "/* never ended...')
