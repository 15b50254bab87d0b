"""Dialects of a project's own: what they write is what is recorded."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.base import PGDDLCompiler, PGTypeCompiler
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg, PGIdentifierPreparer_psycopg

from alembic_contracts.prediction.catalog.catalog import Catalog
from alembic_contracts.prediction.driver.recording_dialect import RecordingDialect


class _OwnDDL(PGDDLCompiler):
    def get_column_specification(self, column: sa.Column, **options: Any) -> str:
        return f"{super().get_column_specification(column, **options)} DEFAULT 1"


class _OwnTypes(PGTypeCompiler):
    def visit_INTEGER(self, _type: sa.Integer, **_options: Any) -> str:  # noqa: N802 - SQLAlchemy's name
        return "BIGINT"


class _OwnNames(PGIdentifierPreparer_psycopg):
    def format_column(self, column: sa.Column, *arguments: Any, **options: Any) -> str:
        return super().format_column(column, *arguments, **options).lower()


class _Own(PGDialect_psycopg):
    supports_statement_cache = True
    ddl_compiler, type_compiler_cls, preparer = _OwnDDL, _OwnTypes, _OwnNames


class _OfOld(_Own):
    supports_statement_cache = True
    type_compiler_cls, type_compiler = PGTypeCompiler, _OwnTypes


@pytest.mark.parametrize("real", [_Own(), _OfOld()])
def test_what_a_projects_own_dialect_writes(real: PGDialect_psycopg) -> None:
    table = sa.Table("T", sa.MetaData(), sa.Column("Code", sa.Integer))
    written = str(sa.schema.CreateTable(table).compile(dialect=real))
    assert '"code" BIGINT DEFAULT 1' in written
    assert str(sa.schema.CreateTable(table).compile(dialect=RecordingDialect(Catalog(), real))) == written
