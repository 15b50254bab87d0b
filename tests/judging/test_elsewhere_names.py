"""Contracts about one kind of database on another one: which table a name means there, which type stands for which."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from alembic_contracts import dialects
from alembic_contracts.contracts import formats
from alembic_contracts.contracts.contract import Contract
from alembic_contracts.dialects import generic_types
from alembic_contracts.judging import elsewhere, shape
from alembic_contracts.schemas.schema import Column, Name, Schema, Table
from tests.support.project import Project


def contracts(folder: Path, kind: str, *tables: tuple[str, dict[str, Any]]) -> tuple[Contract, ...]:
    """Return a contract for each schema's table ``items`` and its columns."""
    for schema, columns in tables:
        stated = {
            "spec-version": "1.0.0",
            "name": schema or "items",
            "namespace": "test",
            "dataAssetResourceName": f"{kind}://db",
            "owner": {"name": "Team"},
            "schema": {
                "table_name": "items",
                **({"table_schema": schema} if schema else {}),
                "properties": {name: {"constraints": each} for name, each in columns.items()},
            },
        }
        (folder / f"{schema or 'items'}.json").write_text(json.dumps(stated), encoding="utf-8")
    return formats.load([Path(f"{schema or 'items'}.json") for schema, _ in tables], root=folder)


def test_a_table_of_another_schema_is_not_that_of_the_usual_one(tmp_path: Path) -> None:
    """``zed.items`` is made on PostgreSQL alone; the one ``items`` of SQLite's is ``public.items``."""
    project = Project.create(tmp_path / "project", "sqlite:///shop.db")
    project.revision("r1", 'op.create_table("items", sa.Column("id", sa.Integer, primary_key=True))')
    for schema, column in (("public", "id"), ("zed", "total")):
        stated = {"table_schema": schema, "table_name": "items", "properties": {column: {}}}
        project.contract(
            schema,
            {"spec-version": "1.0.0", "name": schema, "namespace": "shop", "owner": {"name": "T"}, "schema": stated},
        )
    done = project.alembic("upgrade", "head")
    assert done.returncode == 0, done.stderr
    assert "warning[table-exists]: zed.items does not exist" in done.stderr
    project.revision("r2", 'op.drop_table("items")')
    done = project.alembic("upgrade", "head")
    assert done.returncode == 255
    assert "error[table-exists]: public.items" in done.stderr


def test_one_that_is_named_alone_can_be_the_usual_one(tmp_path: Path) -> None:
    found = elsewhere.places(contracts(tmp_path, "postgresql", ("zed", {"id": {}})), dialects.load("sqlite"))
    assert found == {Name("zed", "items"), Name("main", "items")}


@pytest.mark.parametrize(
    ("kind", "stated", "here", "there", "fits"),
    [
        ("mariadb", "LONGTEXT", "sqlite", "JSON", True),
        ("mariadb", "LONGTEXT", "sqlite", "TEXT", True),
        ("mariadb", "LONGTEXT", "sqlite", "INTEGER", False),
        ("mariadb", "DATETIME", "sqlite", "DATETIME", True),
        ("mariadb", "TEXT", "sqlite", "JSON", False),
        ("sqlite", "CHAR(32)", "mariadb", "UUID", True),
        ("sqlite", "CHAR(31)", "mariadb", "UUID", False),
        ("sqlite", "CHAR(32)", "postgresql", "uuid", True),
        ("sqlite", "DATETIME", "postgresql", "interval", True),
        ("sqlite", "DATETIME", "postgresql", "date", False),
        ("postgresql", "character(32)", "mariadb", "UUID", False),
    ],
)
def test_what_sqlalchemy_makes_of_a_type_that_a_database_has_not(
    kind: str, stated: str, here: str, there: str, fits: bool, tmp_path: Path
) -> None:
    dialect = dialects.load(here)
    stating = contracts(tmp_path, kind, ("", {"c": {"data_type": stated}}))
    [held] = elsewhere.held(stating, dialect, {}, "shape")
    [fact] = [fact for fact in held.contracts[0].facts if fact.rule == "column-type"]
    column = Column(name="c", type=dialect.parse_type(there))
    table = Table(name=Name(dialect.DEFAULT_SCHEMA, "items"), columns=(column,))
    assert column.type is not None
    assert held.dialect.same_type(fact.expected, column.type, Schema(tables={table.name: table}).types) == fits


@pytest.mark.parametrize(
    ("there", "code"),
    [
        ("integer", "sa.Integer()"),
        ("text", "sa.Text()"),
        ("timestamp with time zone", "sa.DateTime(timezone=True)"),
        ("uuid", "sa.Uuid()"),
        ("jsonb", "sa.JSON()"),
        ("numeric(4,2)", "sa.Numeric(4, 2)"),
    ],
)
def test_advice_names_types_that_both_databases_have(there: str, code: str) -> None:
    seen = shape.view(dialects.load("sqlite"), "postgresql")
    assert generic_types.expression(dialects.load("postgresql").parse_type(there), seen) == code
